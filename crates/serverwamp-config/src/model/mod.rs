//! The tables of keys: everything that a configuration can say.

mod admin;
mod auth;
mod limits;
mod listen;
mod program;
mod realm;
mod role;

pub use admin::*;
pub use auth::*;
pub use limits::*;
pub use listen::*;
pub use program::*;
pub use realm::*;
pub use role::*;

use crate::reading::At;
use crate::section::{defaults, section};
use crate::values::Secret;

section! {
    /// The whole file.
    ///
    /// Relative paths are relative to it. Every key can come from the environment: `SERVERWAMP_` and its path, with two underscores
    /// between the parts.
    pub struct Config: "config" {
        /// Where the server listens, and what it speaks there. Without any, it listens at `127.0.0.1:8080`.
        restart listen: Vec<At<Listener>> = Vec::new();
        /// The realms. A client names the one that it wants to join.
        live realm: Vec<At<Realm>> = Vec::new();
        /// Realms that are made when the first client joins one of that name: for tenants, rooms, tests.
        live template: Vec<At<Template>> = Vec::new();
        /// The admin interface.
        live admin: Option<Admin> = None;
        /// The bounds of everything.
        live limits: Limits = defaults();
        /// The metrics for Prometheus.
        live metrics: Metrics = defaults();
        /// What is logged, to the standard error.
        live log: Log = defaults();
        /// The socket through which `serverwamp reload` reaches the running program.
        restart control: Option<Control> = None;
        /// When the file is read again without being asked.
        live reload: ReloadSettings = defaults();
        /// How the program ends.
        live shutdown: Shutdown = defaults();
        /// The secret from which the challenges of unknown users are derived, so that these look like those of known ones, also after a
        /// restart and on every machine. By default one is made up at each start; `openssl rand -hex 32` makes one to keep.
        restart auth_secret: Option<Secret> = None;
    }
}

impl Config {
    /// Its listeners: the one at the default address, if it names none.
    pub fn listeners(&self) -> Vec<Listener> {
        if self.listen.is_empty() {
            return vec![defaults()];
        }
        self.listen.iter().map(|listener| listener.value().clone()).collect()
    }
}
