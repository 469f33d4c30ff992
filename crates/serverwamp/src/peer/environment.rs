//! The environment that all peers of an application share: realms, limits, counters, settings of the transports.

use crate::base::admission::Admissions;
use crate::base::counters::Counters;
use crate::base::limits::Limits;
use crate::base::signal::Signal;
use crate::router::realm::{CallPermits, RealmChange, RealmRegistry, SettingsChange};
use crate::rt::Runtime;
use crate::transport::shutdown::Connections;
use crate::transport::{CurrentSettings, RunQueue, SettingsCell};
use serverwamp_proto::codec::Nesting;
use serverwamp_proto::message::Bounds;
use std::sync::Arc;

/// How many bytes of options or details are read, beside lists of receivers: several times what any client sends, and passed
/// in a fraction of a turn whatever they are.
const LONGEST_OPTIONS: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) realms: Arc<RealmRegistry>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) run_queue: Arc<RunQueue>,
    pub(crate) connections: Connections,
    pub(crate) admissions: Admissions,
    pub(crate) counters: Arc<Counters>,
    pub(crate) permits: Arc<CallPermits>,
    pub(crate) settings: SettingsCell,
}

impl Environment {
    /// Applies changes of realms, and other settings in place of those that they were made of: all of it, or nothing.
    ///
    /// # Errors
    /// The name of what somebody else has changed meanwhile.
    pub(crate) fn apply(
        &self,
        changes: Vec<RealmChange>,
        settings: Option<(Arc<CurrentSettings>, CurrentSettings)>,
    ) -> Result<Vec<Arc<Signal<()>>>, Arc<str>> {
        let limit_all = |limits: &Limits| {
            self.admissions.limit(limits);
            self.run_queue.pool().resize(limits.pool());
            self.permits.limit(limits);
            self.realms.shared.slowdown.limit(limits.longest_login_delay());
        };
        let settings =
            settings.map(|(former, settings)| SettingsChange { former, settings, limit_all: &limit_all });
        self.realms.apply(changes, settings)
    }
}

/// The bounds of a peer's messages.
pub(super) fn reading(limits: &Limits) -> Bounds {
    let Limits { receivers, receivers_bytes, meta_arguments, .. } = *limits;
    Bounds {
        // Others are refused where limits are set.
        nesting: Nesting::new(limits.nesting).unwrap_or(Nesting::MOST),
        entries: receivers,
        entry_bytes: receivers_bytes,
        options: LONGEST_OPTIONS,
        meta_arguments,
        testament: limits.testament_bytes(),
    }
}
