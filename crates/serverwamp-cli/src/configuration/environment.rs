//! `serverwamp config env`: the variables that stand for keys, and which of them are set.
//!
//! Invariant: names alone are printed; a value may be a secret.

use super::{FileOption, print};
use crate::failure::Failure;
use clap::Args;
use serverwamp_config::{Environment, Mistake, Source, reference};
use std::path::PathBuf;

/// The options of `config env`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp config env
  serverwamp config env | grep LIMITS
  serverwamp config env -c serverwamp.toml")]
pub(crate) struct EnvironmentOptions {
    /// List those that are set, and what is wrong with them beside this file
    #[arg(short, long = "config", value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn run(options: &EnvironmentOptions) -> Result<(), Failure> {
    let Some(path) = &options.config else {
        let mut listed = "# N is the number of one in a list, from 0, or its name.\n".to_owned();
        for variable in reference::variables() {
            listed.push_str(&variable);
            listed.push('\n');
        }
        return print(&listed);
    };
    let file = FileOption { config: Some(path.clone()) }.read()?;
    let read = serverwamp_config::read(&file.text, &file.environment);
    let wrong: Vec<&Mistake> = read.mistakes.iter().collect();
    print(&set(&file.environment, &wrong))
}

fn set(environment: &Environment, mistakes: &[&Mistake]) -> String {
    let mut listed = String::new();
    for name in environment.names() {
        let is_its = |mistake: &&&Mistake| {
            mistake.place().is_some_and(|place| place.source == Source::Variable(name.to_owned()))
        };
        listed.push_str(name);
        if let Some(mistake) = mistakes.iter().find(is_its) {
            // The title may repeat the value.
            listed.push_str(&format!("  {}: {}", mistake.code().id(), mistake.code().name()));
        }
        listed.push('\n');
    }
    if listed.is_empty() { "# No variable of a key is set.\n".to_owned() } else { listed }
}
