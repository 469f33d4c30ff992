//! What a configuration means, checked: everything that is wrong although each value is right by itself, and everything that it needs of
//! this machine and does not find.
//!
//! In: the text of a file, the environment, the folder of the file. Out: the configuration and its mistakes, in the order of the file.
//! Invariants: files are read in `files.rs` alone; nothing is opened for good, bound or written; and where a part could not be read, no
//! mistake is made up of its absence ([`Doubt`]).

mod auth;
mod certificate;
mod doubt;
mod effects;
mod files;
mod limits;
mod listeners;
mod named_files;
mod paths;
mod permissions;
mod program;
mod realms;
mod roles;
mod sites;
mod space;

use crate::codes;
use crate::codes::Code;
use crate::environment::Environment;
use crate::mistake::{Mistake, Mistakes};
use crate::model::{Config, Listener, Service};
use crate::read::{ReadConfig, read_tree};
use crate::reading::At;
use crate::values::Address;
use doubt::Doubt;
use files::Files;
use std::path::Path;
use std::time::SystemTime;

/// Reads a configuration and checks what it means, with the files beside it in `folder`: every mistake of both kinds.
#[expect(clippy::disallowed_methods, reason = "certificates expire by the time of day")]
pub fn check(text: &str, environment: &Environment, folder: &Path) -> ReadConfig {
    check_at(text, environment, folder, SystemTime::now())
}

/// As [`check`], at another time: certificates expire.
pub fn check_at(text: &str, environment: &Environment, folder: &Path, now: SystemTime) -> ReadConfig {
    let (mut read, root) = read_tree(text, environment);
    if let Some(config) = &read.config {
        let doubt = Doubt::new(&root, &read.mistakes);
        let mut checking =
            Checking { config, doubt, files: Files::new(folder), now, mistakes: &mut read.mistakes };
        checking.all();
    }
    read.mistakes.sort();
    read
}

/// One pass over a configuration that has been read.
struct Checking<'a> {
    config: &'a Config,
    doubt: Doubt,
    files: Files<'a>,
    now: SystemTime,
    mistakes: &'a mut Mistakes,
}

impl Checking<'_> {
    fn all(&mut self) {
        self.listeners();
        self.realms();
        self.limits();
        self.program();
    }

    /// Notes a mistake, unless it is that something is missing which may only have been unreadable.
    fn add(&mut self, mistake: Mistake) {
        let of_absence = [
            &codes::EMPTY,
            &codes::TOGETHER,
            &codes::JWT_KEYS,
            &codes::NO_EFFECT,
            &codes::WITHHELD_OF_NOTHING,
        ];
        if !of_absence.contains(&mistake.code()) || self.doubt.knows(mistake.place()) {
            self.mistakes.add(mistake);
        }
    }

    /// Notes a setting that does nothing.
    fn no_effect(&mut self, place: Option<&crate::node::Place>, title: impl Into<String>, help: &str) {
        if place.is_some() {
            self.add(Mistake::new(&codes::NO_EFFECT, title).at_if(place).help(help));
        }
    }
}

/// A mistake of a kind, at the place of a value or, if that is a default, of what it belongs to.
fn mistake_at<T, U>(code: &'static Code, title: impl Into<String>, value: &At<T>, within: &At<U>) -> Mistake {
    Mistake::new(code, title).at_if(value.place().or_else(|| within.place()))
}

impl Listener {
    /// Whether requests of HTTP, with their headers, open sessions here.
    pub(crate) fn has_requests(&self) -> bool {
        [Service::WebSocket, Service::LongPoll, Service::Console].into_iter().any(|one| self.serves(one))
    }

    /// Whether there are WebSockets, of clients or of the console.
    fn has_websockets(&self) -> bool {
        self.serves(Service::WebSocket) || self.serves(Service::Console)
    }

    /// Whether other machines can connect. Of a socket of systemd nobody knows here.
    fn is_public(&self) -> bool {
        !self.address.is_local() && !matches!(*self.address, Address::Systemd(_))
    }

    fn is_unix(&self) -> bool {
        matches!(*self.address, Address::Unix(_))
    }
}
