//! A client of any WAMP router: calls, publications and subscriptions, with the words and types that
//! [`RealmHandle`](crate::RealmHandle) has, and procedures, with the handlers of an application.
//!
//! [`Client::connect`] makes one of an address. [`Application::join`](crate::Application::join) makes one in memory, which is how
//! applications are tested.

mod auth;
mod call;
mod connect;
mod driver;
mod end;
mod error;
mod handle;
mod join;
mod publication;
mod realm_peer;
mod reconnect;
mod recovery;
mod register;
mod serve_routes;
mod served;
mod session;
mod subscribe;
mod subscribe_with;
#[cfg(all(test, feature = "server", feature = "tokio"))]
mod tests;
mod topics;
mod unwanted;
mod waiting;

pub use auth::Login;
#[cfg(feature = "tls")]
pub use connect::ClientTls;
pub use connect::{ClientBuilder, ConnectProgress};
pub use end::SessionEnd;
pub use error::{ClientError, ConnectStep};
pub use handle::Client;
pub(crate) use join::{JoinSettings, OpenedTransport, TransportFault, join};
pub use publication::ClientPublication;
pub use reconnect::{ConnectionState, ConnectionStates, Interruption, Reconnect};
pub use register::{Invoke, Registering};
pub use serve_routes::{ServeRoutes, ServeRoutesError, ServedRoutes};
pub use subscribe::Subscribing;
pub use subscribe_with::SubscribingWith;
