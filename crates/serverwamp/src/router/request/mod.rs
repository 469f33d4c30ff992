//! The requests of peers to application code: a call, a subscription, a session, a proof of identity, a question to an
//! authorizer.
//!
//! Handlers and extractors are generic in the request, so one extractor serves every kind of handler it makes sense in.

mod auth;
mod authorization;
mod invocation;
mod join;
mod subscription;

pub use crate::peering::{Invocation, Request};
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
