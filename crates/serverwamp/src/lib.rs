#![doc = include_str!("docs/crate.md")]
#![forbid(unsafe_code)]
// Whole rooms of the router and of the client are left out where they are declared. Of what both have in common each uses a part.
#![cfg_attr(
    not(all(feature = "client", feature = "server")),
    allow(dead_code, unreachable_pub, unused_imports, reason = "the other half of the framework uses it")
)]

pub mod rt;

#[cfg(feature = "server")]
mod admin;
mod api;
#[cfg(feature = "server")]
mod application;
mod base;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "server")]
mod peer;
mod peering;
#[cfg(feature = "server")]
mod router;
#[cfg(feature = "server")]
pub mod server;
mod transport;

#[cfg(feature = "server")]
pub use admin::{Admin, AdminPermission, NodeControl};
#[cfg(feature = "server")]
pub use api::auth;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use api::debug_handler as __debug_handler;
#[cfg(feature = "server")]
pub use api::realm::{Realm, RealmTemplate, RoleRules};
#[cfg(feature = "server")]
#[doc(inline)]
pub use api::reply::{Events, Hold};
#[doc(inline)]
pub use api::reply::{Progress, Progressive};
#[cfg(feature = "server")]
pub use api::routes::regex;
pub use api::routes::{RoutePattern, RouteSet, prefix, wildcard};
pub use api::{extract, handler, layer, reply, request};
#[cfg(feature = "server")]
pub use application::{
    Application, ApplicationBuilder, ApplicationSettings, AppliedChanges, RealmChanges, Realms,
};
pub use base::error::{ConfigError, Unanswered, WampError};
pub use base::io;
#[cfg(feature = "server")]
pub use base::limits::Limits;
#[cfg(all(feature = "measure", unix))]
pub use base::measure;
#[cfg(feature = "server")]
pub use base::message_kind::MessageDirection;
pub use base::overflow::Overflow;
#[cfg(feature = "server")]
pub use base::proxies::TrustedProxies;
#[cfg(feature = "server")]
pub use base::statistics::{Refusal, Statistics};
#[cfg(feature = "server")]
pub use base::unix_peer::UnixPeer;
pub use peering::{
    CallFuture, CallInputs, CallResult, Calling, Delivery, Ended, FromResults, Gap, GapReason,
    HandledSubscription, HistoryPosition, InvalidPosition, PassthruPayload, ProgressResults, RealmPeer,
    ReceivedEvent, Registration, Subscriber, SubscriptionCut, WhileDisconnected,
};
/// Several nodes that serve the same realms. Not complete, and so not documented: `docs/cluster.md` says what works.
#[cfg(feature = "server")]
#[doc(hidden)]
pub use router::cluster;
#[cfg(feature = "server")]
pub use router::measures::{CallDurations, Metrics, RealmStatistics, SAMPLED_CALLS, UriStatistics};
#[cfg(feature = "server")]
pub use router::realm::{
    Disclosure, ProcedureSettings, Publication, RealmHandle, RealmLimits, Ruling, TopicSettings,
};
#[cfg(feature = "server")]
pub use router::session::{CloseReason, PendingSession, Session};
#[cfg(feature = "server")]
pub use router::subscription::{PendingSubscription, Subscription};
#[cfg(feature = "server")]
#[doc(inline)]
pub use server::Server;
#[cfg(feature = "console")]
pub use server::console;
#[cfg(feature = "server")]
pub use server::service::{PeerCertificates, WebSocketService};
#[cfg(all(feature = "server", feature = "tls"))]
pub use server::tls;
#[cfg(feature = "server")]
pub use server::{long_poll, memory, rawsocket};
#[cfg(feature = "server")]
pub use transport::{OpeningRequest, PeerAddress, TlsInfo, TransportInfo, TransportKind, websocket};

#[cfg(feature = "macros")]
#[doc(inline)]
pub use serverwamp_macros::debug_handler;

#[cfg(feature = "serde_json")]
#[doc(no_inline)]
pub use serverwamp_proto::codec::ConversionError;
#[doc(no_inline)]
pub use serverwamp_proto::codec::{Dict, Serializer, Value};
#[doc(no_inline)]
pub use serverwamp_proto::id::{EpochId, PublicationId, SessionId, SubscriptionId};
#[doc(no_inline)]
pub use serverwamp_proto::message::{CancelMode, Forwarder};
#[doc(no_inline)]
pub use serverwamp_proto::pattern::Match;
#[doc(no_inline)]
pub use serverwamp_proto::payload::Payload;
#[doc(no_inline)]
pub use serverwamp_proto::permissions::{Action, Actions, Allowance};
#[doc(no_inline)]
pub use serverwamp_proto::uris;
