#![doc = include_str!("../../../README.md")]
#![forbid(unsafe_code)]

pub mod auth;
pub mod extract;
pub mod handler;
pub mod io;
pub mod layer;
pub mod reply;
pub mod request;
pub mod rt;
#[cfg(feature = "tls")]
pub mod tls;
pub mod websocket;

mod admission;
mod application;
mod broker;
mod call;
mod connection;
mod dealer;
mod error;
mod ids;
mod limits;
mod locks;
pub mod long_poll;
pub mod memory;
mod meta;
mod payload;
pub mod rawsocket;
mod realm;
mod routes;
pub mod server;
mod service;
mod session;
mod shutdown;
mod signal;
mod statistics;
mod subscription;
mod transport;
mod wire;

pub use application::{Application, ApplicationBuilder};
pub use broker::{ReceivedEvent, Subscriber};
pub use dealer::{CallResult, Calling, ProgressResults};
pub use error::{ConfigError, WampError};
pub use limits::{Limits, Overflow};
pub use realm::{
    Disclosure, ProcedureSettings, Publication, Realm, RealmHandle, Registration, TopicSettings,
};
pub use reply::{Hold, Progress, Progressive};
pub use routes::{RoutePattern, RouteSet, prefix, regex, wildcard};
pub use server::Server;
pub use service::{PeerAddress, PeerCertificates, WebSocketService};
pub use session::{CloseReason, PendingSession, Session};
pub use statistics::{Refusal, Statistics};
pub use subscription::{Events, PendingSubscription, Subscription};
pub use transport::{TlsInfo, TransportInfo, TransportKind};

#[doc(no_inline)]
pub use serverwamp_proto::codec::{Dict, Serializer, Value};
#[doc(no_inline)]
pub use serverwamp_proto::id::{PublicationId, SessionId, SubscriptionId};
#[doc(no_inline)]
pub use serverwamp_proto::pattern::Match;
#[doc(no_inline)]
pub use serverwamp_proto::payload::Payload;
#[doc(no_inline)]
pub use serverwamp_proto::uris;
