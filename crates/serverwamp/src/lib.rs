#![doc = include_str!("docs/crate.md")]
#![forbid(unsafe_code)]

pub mod rt;

mod api;
mod application;
mod base;
pub mod client;
mod peer;
mod peering;
mod router;
pub mod server;
mod transport;

#[cfg(feature = "macros")]
#[doc(hidden)]
pub use api::debug_handler as __debug_handler;
pub use api::realm::{Realm, RealmTemplate, RoleRules};
#[doc(inline)]
pub use api::reply::{Events, Hold, Progress, Progressive};
pub use api::routes::{RoutePattern, RouteSet, prefix, regex, wildcard};
pub use api::{auth, extract, handler, layer, reply, request};
pub use application::{Application, ApplicationBuilder, AppliedChanges, RealmChanges, Realms};
pub use base::error::{ConfigError, WampError};
pub use base::io;
pub use base::limits::Limits;
#[cfg(all(feature = "measure", unix))]
pub use base::measure;
pub use base::overflow::Overflow;
pub use base::proxies::TrustedProxies;
pub use base::statistics::{Refusal, Statistics};
pub use base::unix_peer::UnixPeer;
pub use peering::{
    CallInputs, CallResult, Calling, FromResults, ProgressResults, RealmPeer, ReceivedEvent, Registration,
    Subscriber,
};
pub use router::realm::{Disclosure, ProcedureSettings, Publication, RealmHandle, Ruling, TopicSettings};
pub use router::session::{CloseReason, PendingSession, Session};
pub use router::subscription::{PendingSubscription, Subscription};
#[doc(inline)]
pub use server::Server;
pub use server::service::{PeerAddress, PeerCertificates, WebSocketService};
#[cfg(feature = "tls")]
pub use server::tls;
pub use server::{long_poll, memory, rawsocket};
pub use transport::{TlsInfo, TransportInfo, TransportKind, websocket};

#[cfg(feature = "macros")]
#[doc(inline)]
pub use serverwamp_macros::debug_handler;

#[cfg(feature = "serde_json")]
#[doc(no_inline)]
pub use serverwamp_proto::codec::ConversionError;
#[doc(no_inline)]
pub use serverwamp_proto::codec::{Dict, Serializer, Value};
#[doc(no_inline)]
pub use serverwamp_proto::id::{PublicationId, SessionId, SubscriptionId};
#[doc(no_inline)]
pub use serverwamp_proto::message::CancelMode;
#[doc(no_inline)]
pub use serverwamp_proto::pattern::Match;
#[doc(no_inline)]
pub use serverwamp_proto::payload::Payload;
#[doc(no_inline)]
pub use serverwamp_proto::permissions::{Action, Actions, Allowance};
#[doc(no_inline)]
pub use serverwamp_proto::uris;
