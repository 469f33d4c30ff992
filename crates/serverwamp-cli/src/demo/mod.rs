//! The demo: a router's realm that everybody may join, with four procedures and one topic of its own.

mod clock;
mod procedures;

use serverwamp::websocket::{Hosts, Origins};
use serverwamp::{Application, ConfigError, Realm};
use tokio::task::JoinHandle;

/// The demo's realm.
pub(crate) const REALM: &str = "realm1";

/// The demo's application, for pages of these origins and requests for these hosts.
pub(crate) fn application(origins: Origins, hosts: Hosts) -> Result<Application, ConfigError> {
    Application::builder()
        .websocket(|config| (config.origins, config.hosts) = (origins, hosts))
        .realm(Realm::router(REALM).allow_anonymous("guest").routes(procedures::routes()))
        .build()
}

/// Publishes the time to the demo's subscribers until the task is aborted.
pub(crate) fn start_clock(app: &Application) -> JoinHandle<()> {
    let realm = app.realm(REALM);
    tokio::spawn(async move {
        if let Some(realm) = realm {
            clock::run(&realm).await;
        }
    })
}
