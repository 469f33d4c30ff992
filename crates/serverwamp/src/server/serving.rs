//! What a server is to the connections that it accepts: its settings, and the services made of them.
//!
//! Settings may be replaced while it serves. Invariant: a connection keeps those that it was accepted with. One that carries HTTP
//! requests ends behind its next answer when they are replaced, so that its client comes back to the new ones.

use super::ServerOptions;
use super::http::{HttpConnections, Services};
use super::long_poll::LongPollTransports;
use super::settings::Replaced;
use crate::Application;
use crate::base::admission::Admissions;
use crate::transport::{CarrierSettings, CurrentSettings};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// A server that serves.
#[derive(Debug)]
pub(super) struct OpenServer {
    pub(super) app: Application,
    options: Arc<ServerOptions>,
    /// Other ones in their place.
    replaced: Replaced,
    /// Counts the connections of a listener that speaks no WAMP.
    apart: Admissions,
    /// Those of clients that poll, whose requests come over many connections.
    transports: Arc<LongPollTransports>,
    pub(super) http: HttpConnections,
    latest: ArcSwap<ServerTerms>,
}

/// The terms for connections that are accepted at one time: settings, and the services made of them.
#[derive(Debug)]
pub(super) struct ServerTerms {
    pub(super) options: Arc<ServerOptions>,
    /// The settings of the application that these were made of.
    application: Arc<CurrentSettings>,
    pub(super) carriers: Arc<CarrierSettings>,
    pub(super) admissions: Admissions,
    pub(super) services: Services,
}

impl OpenServer {
    pub(super) fn new(app: Application, options: ServerOptions, replaced: Replaced) -> Self {
        let options = Arc::new(options);
        let transports = Arc::default();
        let application = Arc::clone(&app.inner().settings.now());
        let apart = Admissions::apart(&options.limits_apart(), Arc::clone(&app.inner().counters));
        let here = replaced.load_full().unwrap_or_else(|| Arc::clone(&options));
        let listening = ServerTerms::new(&app, here, application, (&transports, &apart));
        let latest = ArcSwap::from_pointee(listening);
        Self { app, options, replaced, apart, transports, http: HttpConnections::default(), latest }
    }

    /// What holds for a connection that is accepted now.
    pub(super) fn now(&self) -> Arc<ServerTerms> {
        let latest = self.latest.load_full();
        let (application, replaced) = (self.app.inner().settings.now(), self.replaced.load());
        let options = replaced.as_ref().unwrap_or(&self.options);
        if Arc::ptr_eq(&latest.application, &application) && Arc::ptr_eq(&latest.options, options) {
            return latest;
        }
        let (application, options) = (Arc::clone(&application), Arc::clone(options));
        let shared = (&self.transports, &self.apart);
        let listening = Arc::new(ServerTerms::new(&self.app, options, application, shared));
        self.latest.store(Arc::clone(&listening));
        listening
    }
}

impl ServerTerms {
    fn new(
        app: &Application,
        options: Arc<ServerOptions>,
        application: Arc<CurrentSettings>,
        (transports, apart): (&Arc<LongPollTransports>, &Admissions),
    ) -> Self {
        let carriers = options.carriers(&application.carriers);
        let services = Services::new(app, &options, &carriers, transports);
        let admissions = if options.wamp { &app.inner().admissions } else { apart }.clone();
        apart.limit(&options.limits_apart());
        Self { options, application, carriers, admissions, services }
    }
}
