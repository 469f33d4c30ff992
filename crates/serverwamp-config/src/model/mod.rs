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
use crate::values::{Secret, UriPattern};

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
    /// Its listeners: the one at the default address, if it names none, and that of the admin interface.
    pub fn listeners(&self) -> Vec<Listener> {
        let listeners = self.placed_listeners();
        if listeners.is_empty() {
            return vec![defaults()];
        }
        listeners.iter().map(|listener| listener.value().clone()).collect()
    }

    /// This configuration in a program that was started with `started`, until it is started again: the admin interface is reached where it
    /// was. Otherwise the other listeners would leave it out as soon as it is given an address at which nobody listens yet, or serve it to
    /// their clients as soon as it loses its address.
    #[must_use]
    pub fn until_restart(&self, started: &Self) -> Self {
        let mut config = self.clone();
        if let (Some(now), Some(then)) = (self.admin.value(), started.admin.value()) {
            let admin = Admin { listen: then.listen.clone(), mode: then.mode.clone(), ..now.clone() };
            config.admin = At::new(Some(admin), self.admin.place().cloned());
        }
        config
    }

    /// Those that are written, with their places; none where that is the one at the default address alone. Where the admin interface has
    /// an address of its own, the others serve it only if they name it.
    pub(crate) fn placed_listeners(&self) -> Vec<At<Listener>> {
        let mut listeners = self.listen.value().clone();
        let Some(admin) = self.admin.value().as_ref().filter(|admin| admin.listen.is_some()) else {
            return listeners;
        };
        if listeners.is_empty() {
            listeners.push(At::default_of(defaults()));
        }
        let realms = self.realm.iter().map(|realm| realm.name.as_str());
        let templates = self.template.iter().map(|template| template.names.as_str());
        // Wrong names are told of where they stand.
        let all: Vec<At<UriPattern>> = realms
            .chain(templates)
            .map(UriPattern::new)
            .filter(|pattern| pattern.pattern().is_ok())
            .map(At::default_of)
            .collect();
        for listener in listeners.iter_mut().filter(|one| one.realms.is_none() && !all.is_empty()) {
            let place = listener.place().cloned();
            let mut others = listener.value().clone();
            others.realms = At::default_of(Some(all.clone()));
            *listener = At::new(others, place);
        }
        listeners.extend(admin.listener());
        listeners
    }
}
