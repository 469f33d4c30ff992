//! From text to a configuration, in one pass.

use crate::changes::Change;
use crate::environment::Environment;
use crate::mistake::Mistakes;
use crate::model::Config;
use crate::node::{Node, parse};
use crate::reading::{NodeRef, Reading, Setting};

/// What was read.
#[derive(Debug)]
pub struct ReadConfig {
    /// The configuration. What has a mistake is at its default, or left out of its list, so that everything else can be checked; it is to
    /// be used only if there is no error. `None` if the file as a whole is none.
    pub config: Option<Config>,
    /// Everything that is wrong.
    pub mistakes: Mistakes,
}

/// Reads a configuration, and finds every mistake in what is written.
pub fn read(text: &str, environment: &Environment) -> ReadConfig {
    let (mut read, _) = read_tree(text, environment);
    read.mistakes.sort();
    read
}

/// The same, with the tree that it was read from; the mistakes are in the order in which they were found.
pub(crate) fn read_tree(text: &str, environment: &Environment) -> (ReadConfig, Node) {
    let mut mistakes = Mistakes::default();
    let mut root = parse(text, &mut mistakes);
    environment.put_into(&mut root, &mut mistakes);
    let config = Config::read(&NodeRef(&root), &mut Reading { mistakes: &mut mistakes });
    mistakes.leave_out_consequences(text);
    (ReadConfig { config, mistakes }, root)
}

/// What differs between two configurations, in the order of the table of keys.
pub fn changes(before: &Config, after: &Config) -> Vec<Change> {
    let mut changes = Vec::new();
    before.compare(after, &Change::root(), &mut changes);
    changes
}
