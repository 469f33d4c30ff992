//! The demo: a router's realm that everybody may join, with four procedures and one topic of its own.

mod clock;
mod procedures;

use serverwamp::console::Console;
use serverwamp::websocket::{Hosts, Origins};
use serverwamp::{Admin, AdminPermission, Application, ConfigError, Realm, auth};
use tokio::task::JoinHandle;

/// The demo's realm.
pub(crate) const REALM: &str = "realm1";

/// The role of administrators.
pub(crate) const OPERATOR: &str = "operator";

/// The demo's application, for pages of these origins and requests for these hosts. `admin` is whether everybody who connects is an
/// administrator, which is for a demo that only this machine can reach; who came by the link of the console is told apart from
/// others.
pub(crate) fn application(
    origins: Origins,
    hosts: Hosts,
    admin: bool,
    console: &Console,
) -> Result<Application, ConfigError> {
    let demo = Application::builder()
        .websocket(|config| (config.origins, config.hosts) = (origins, hosts))
        .realm(Realm::router(REALM).allow_anonymous("guest").routes(procedures::routes()));
    if !admin {
        return demo.build();
    }
    let everybody =
        Admin::new().realm(|realm| realm.authenticator(auth::console(console)).allow_anonymous(OPERATOR));
    demo.admin(everybody.role(OPERATOR, AdminPermission::ALL)).build()
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
