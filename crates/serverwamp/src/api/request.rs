//! The requests of peers to application code: a call, a subscription, a session, a proof of identity, a question to an
//! authorizer.
//!
//! Handlers and extractors are generic in the request, so one extractor serves every kind of handler it makes sense in.

pub use crate::peering::{EventDelivery, EventReply, Invocation, Request};
#[cfg(all(feature = "server", feature = "cryptosign"))]
pub use crate::router::request::CryptosignMethod;
#[cfg(all(feature = "server", feature = "scram"))]
pub use crate::router::request::ScramMethod;
#[cfg(feature = "server")]
pub use crate::router::request::{
    AuthRequest, AuthorizerRequest, ConnectRequest, CraMethod, CustomMethod, JoinRequest, Method,
    PeerRequest, Purpose, Question, QuestionOptions, SessionReply, SessionRequest, SubscriptionReply,
    SubscriptionRequest, TicketMethod, TransportMethod, Verdict,
};
