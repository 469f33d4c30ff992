//! A client of any WAMP router: calls, publications and subscriptions, with the words and types that
//! [`RealmHandle`](crate::RealmHandle) has.
//!
//! [`Application::join`](crate::Application::join) makes one in memory, which is how applications are tested.

mod auth;
mod call;
mod driver;
mod end;
mod handle;
mod join;
mod publication;
mod session;
mod subscribe;
#[cfg(all(test, feature = "tokio"))]
mod tests;
mod topics;

pub use end::{ClientError, SessionEnd};
pub use handle::Client;
pub(crate) use join::{JoinSettings, join};
pub use publication::ClientPublication;
pub use subscribe::Subscribing;
