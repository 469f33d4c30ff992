//! The servers of the listeners, and their replacement by a reload.

use super::pages::Pages;
use crate::configuration::ConfigurationFile;
use crate::failure::Failure;
use crate::metrics::MonitoringService;
use crate::stop::StopSettings;
use serverwamp::server::ServerControl;
use serverwamp::{Application, Server};
use serverwamp_config::Mistakes;
use serverwamp_config::build::{Building, Fingerprint};
use serverwamp_config::model::{Config, Listener};

/// A listener that is served, by its address as it is written.
#[derive(Debug)]
pub(super) struct Listening {
    name: String,
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
) -> Result<Vec<NextListener>, Failure> {
    let mut mistakes = Mistakes::default();
    let mut next = Vec::new();
    for settings in config.listeners() {
        let pages = Pages::of(&settings, &source.folder, monitoring, &mut mistakes);
        let with_pages = |server: Server| match pages {
            Some(pages) => server.fallback_service(pages),
            None => server,
        };
        let built = Building::new(&source.folder, &mut mistakes).listener(app, &settings, with_pages);
        next.extend(built.map(|built| NextListener { settings, server: built.server, files: built.files }));
    }
    if mistakes.errors() > 0 { Err(source.failure(&mistakes)) } else { Ok(next) }
}

impl NextListener {
    /// The server, and what a reload replaces it by.
    pub(super) fn listening(self) -> (Server, Listening) {
        let (server, control) = self.server.controlled();
        let name = self.settings.address.to_string();
        (server, Listening { name, control, settings: self.settings, files: self.files })
    }
}

/// Replaces the settings of those that have others now; returns how many have new certificates or other files.
pub(super) fn replace(listening: &mut [Listening], next: Vec<NextListener>, stop: StopSettings) -> usize {
    let mut renewed = 0;
    for NextListener { settings, server, files } in next {
        let name = settings.address.to_string();
        // One that is new needs a restart.
        let Some(known) = listening.iter_mut().find(|known| known.name == name) else { continue };
        if known.settings == settings && known.files == files {
            continue;
        }
        renewed += usize::from(known.files != files);
        match known.control.replace(stop.of(server)) {
            Ok(()) => {
                known.settings = settings;
                known.files = files;
            }
            // It was checked when it was built.
            Err(error) => {
                tracing::error!(target: "serverwamp::program", %error, listener = name, "a listener stays as it is");
            }
        }
    }
    renewed
}
