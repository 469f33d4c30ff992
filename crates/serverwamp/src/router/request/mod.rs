//! The requests that only an application is asked: a subscription, a session, a proof of identity, a question to an
//! authorizer. `api/request.rs` has their public names.

mod auth;
mod authorization;
mod invocation;
mod join;
mod subscription;

pub use crate::router::session::pending::SessionReply;
pub use crate::router::subscription::SubscriptionReply;
#[cfg(feature = "cryptosign")]
pub use auth::CryptosignMethod;
#[cfg(feature = "scram")]
pub use auth::ScramMethod;
pub use auth::{AuthRequest, CraMethod, CustomMethod, Method, TicketMethod, TransportMethod};
pub use authorization::{AuthorizerRequest, Purpose, Question, QuestionOptions, Verdict};
pub use join::{ConnectRequest, JoinRequest, SessionRequest};
pub use subscription::SubscriptionRequest;

use crate::Session;
use crate::peering::Request;

/// A request in the application's own realm, where a session of a peer asks.
///
/// You meet this trait as a bound when you write an extractor that looks at the session, whatever it asks for; see
/// [`FromRequest`](crate::extract::FromRequest).
pub trait PeerRequest: Request {
    /// The session that asks. While it is being authenticated it has an id and a transport, but no identity yet.
    ///
    /// `None` for a call that a client serves: the caller's session is then one of another router.
    fn session(&self) -> Option<&Session>;
}
