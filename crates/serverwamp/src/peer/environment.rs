//! The environment that all peers of an application share: realms, limits, counters, settings of the transports.

use crate::base::admission::Admissions;
use crate::base::counters::Counters;
use crate::base::limits::Limits;
use crate::base::proxies::TrustedProxies;
use crate::router::realm::{CallPermits, RealmRegistry};
use crate::rt::Runtime;
use crate::transport::RunQueue;
use crate::transport::long_poll::LongPollConfig;
use crate::transport::rawsocket::RawSocketConfig;
use crate::transport::shutdown::Connections;
use crate::transport::websocket::WebSocketConfig;
use serverwamp_proto::codec::Nesting;
use serverwamp_proto::message::Bounds;
use std::sync::Arc;

/// How many bytes of options or details are read, beside lists of receivers: several times what any client sends, and passed
/// in a fraction of a turn whatever they are.
const LONGEST_OPTIONS: usize = 128 << 10;

#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) realms: Arc<RealmRegistry>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) run_queue: Arc<RunQueue>,
    pub(crate) nesting: Nesting,
    pub(crate) connections: Connections,
    pub(crate) admissions: Admissions,
    pub(crate) proxies: TrustedProxies,
    pub(crate) counters: Arc<Counters>,
    pub(crate) permits: Arc<CallPermits>,
    pub(crate) websocket: WebSocketConfig,
    pub(crate) long_poll: LongPollConfig,
    pub(crate) rawsocket: RawSocketConfig,
}

impl Environment {
    /// The bounds of a peer's messages.
    pub(crate) fn reading(&self) -> Bounds {
        let Limits { receivers, receivers_bytes, meta_arguments, .. } = *self.limits;
        let testament = self.limits.testament_bytes();
        Bounds {
            nesting: self.nesting,
            entries: receivers,
            entry_bytes: receivers_bytes,
            options: LONGEST_OPTIONS,
            meta_arguments,
            testament,
        }
    }
}
