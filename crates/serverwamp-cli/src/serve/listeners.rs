//! The servers of the listeners, and their replacement by a reload.

use super::pages::Pages;
use crate::configuration::ConfigurationFile;
use crate::failure::Failure;
use crate::metrics::MonitoringService;
use crate::stop::StopSettings;
use serverwamp::console::Console;
use serverwamp::server::ServerControl;
use serverwamp::{Application, Server};
use serverwamp_config::Mistakes;
use serverwamp_config::build::{Building, Fingerprint};
use serverwamp_config::model::{Config, Listener, Service};

/// A listener that is served, by its address as it is written.
#[derive(Debug)]
pub(super) struct Listening {
    name: String,
    /// Where it is, once it listens.
    addresses: Vec<String>,
    control: ServerControl,
    settings: Listener,
    files: Fingerprint,
}

/// A listener of a configuration, built.
#[derive(Debug)]
pub(super) struct NextListener {
    settings: Listener,
    server: Server,
    files: Fingerprint,
}

/// Builds all listeners of a configuration.
///
/// # Errors
/// Everything that is wrong with them, as it is printed.
pub(super) fn build(
    app: &Application,
    config: &Config,
    source: &ConfigurationFile,
    monitoring: &MonitoringService,
    console: &Console,
) -> Result<Vec<NextListener>, Failure> {
    let mut mistakes = Mistakes::default();
    let mut next = Vec::new();
    for settings in config.listeners() {
        let pages = Pages::of(&settings, &source.folder, monitoring, &mut mistakes);
        let console = console_of(&settings, console);
        let with_pages = |server: Server| {
            let server = console.as_ref().into_iter().fold(server, Server::console);
            match pages {
                Some(pages) => server.fallback_service(pages),
                None => server,
            }
        };
        let built = Building::new(&source.folder, &mut mistakes).listener(app, &settings, with_pages);
        next.extend(built.map(|built| NextListener { settings, server: built.server, files: built.files }));
    }
    if mistakes.errors() > 0 { Err(source.failure(&mistakes)) } else { Ok(next) }
}

/// The console as a listener has it, if it serves it: with the logins of all.
pub(super) fn console_of(listener: &Listener, console: &Console) -> Option<Console> {
    let settings = &listener.console;
    listener.serves(Service::Console).then(|| {
        let routers = settings.routers.iter().map(|router| router.as_str());
        console.clone().path(settings.path.as_str()).routers(routers)
    })
}

impl NextListener {
    /// The server, and what a reload replaces it by.
    pub(super) fn listening(self, addresses: Vec<String>) -> (Server, Listening) {
        let (server, control) = self.server.controlled();
        let name = self.settings.address.to_string();
        (server, Listening { name, addresses, control, settings: self.settings, files: self.files })
    }
}

impl Listening {
    /// Its settings, and where it is.
    pub(super) fn place(&self) -> (&Listener, &[String]) {
        (&self.settings, &self.addresses)
    }
}

/// What became of listeners by a reload, beside their keys.
#[derive(Debug, Default)]
pub(super) struct RenewedListeners {
    /// Those that have TLS now, by their addresses.
    pub(super) encrypted: Vec<String>,
    /// Those that had it and have none any more.
    pub(super) plain: Vec<String>,
    /// The number of those whose certificates and keys are others than before.
    pub(super) other_files: usize,
}

impl RenewedListeners {
    fn note(&mut self, before: &Listening, settings: &Listener, files: Fingerprint) {
        let name = &before.name;
        match (before.settings.tls.is_some(), settings.tls.is_some()) {
            (false, true) => {
                tracing::info!(target: "serverwamp::program", listener = name, "new connections are encrypted from now on");
                self.encrypted.push(name.clone());
            }
            (true, false) => {
                tracing::warn!(target: "serverwamp::program", listener = name, "new connections are not encrypted any more");
                self.plain.push(name.clone());
            }
            _ => self.other_files += usize::from(before.files != files),
        }
    }
}

/// Replaces the settings of those that have others now.
pub(super) fn replace(
    listening: &mut [Listening],
    next: Vec<NextListener>,
    stop: StopSettings,
) -> RenewedListeners {
    let mut renewed = RenewedListeners::default();
    for next in next {
        let name = next.settings.address.to_string();
        // One that is new needs a restart.
        let Some(known) = listening.iter_mut().find(|known| known.name == name) else { continue };
        if known.settings == next.settings && known.files == next.files {
            continue;
        }
        match known.control.replace(stop.of(next.server)) {
            Ok(()) => {
                renewed.note(known, &next.settings, next.files);
                known.settings = next.settings;
                known.files = next.files;
            }
            // It was checked when it was built.
            Err(error) => {
                tracing::error!(target: "serverwamp::program", %error, listener = name, "a listener stays as it is");
            }
        }
    }
    renewed
}
