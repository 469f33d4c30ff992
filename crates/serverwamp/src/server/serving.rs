//! What a server is to the connections that it accepts: its settings, and the services made of them.
//!
//! Settings may be replaced while it serves. Invariant: a connection keeps those that it was accepted with. One that carries HTTP
//! requests ends behind its next answer when they are replaced, so that its client comes back to the new ones.

use super::ServerOptions;
use super::http::{HttpConnections, Services};
use super::long_poll::LongPollTransports;
use crate::Application;
use crate::transport::{CarrierSettings, CurrentSettings};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// A server that serves.
#[derive(Debug)]
pub(super) struct Serving {
    pub(super) app: Application,
    options: Arc<ServerOptions>,
    /// Those of clients that poll, whose requests come over many connections.
    transports: Arc<LongPollTransports>,
    pub(super) http: HttpConnections,
    latest: ArcSwap<Listening>,
}

/// Its settings and services at one time.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) options: Arc<ServerOptions>,
    /// The settings of the application that these were made of.
    application: Arc<CurrentSettings>,
    pub(super) carriers: Arc<CarrierSettings>,
    pub(super) services: Services,
}

impl Serving {
    pub(super) fn new(app: Application, options: ServerOptions) -> Self {
        let (options, transports) = (Arc::new(options), Arc::default());
        let application = Arc::clone(&app.inner().settings.now());
        let listening = Listening::new(&app, Arc::clone(&options), application, &transports);
        let latest = ArcSwap::from_pointee(listening);
        Self { app, options, transports, http: HttpConnections::default(), latest }
    }

    /// What holds for a connection that is accepted now.
    pub(super) fn now(&self) -> Arc<Listening> {
        let latest = self.latest.load_full();
        let (application, options) = (self.app.inner().settings.now(), &self.options);
        if Arc::ptr_eq(&latest.application, &application) && Arc::ptr_eq(&latest.options, options) {
            return latest;
        }
        let (application, options) = (Arc::clone(&application), Arc::clone(options));
        let listening = Arc::new(Listening::new(&self.app, options, application, &self.transports));
        self.latest.store(Arc::clone(&listening));
        listening
    }
}

impl Listening {
    fn new(
        app: &Application,
        options: Arc<ServerOptions>,
        application: Arc<CurrentSettings>,
        transports: &Arc<LongPollTransports>,
    ) -> Self {
        let carriers = Arc::clone(&application.carriers);
        let services = Services::new(app, &options, &carriers, transports);
        Self { options, application, carriers, services }
    }
}
