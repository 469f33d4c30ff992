//! The context of every part of a realm: its name, its configuration, its limits, and the values that the application's realms share.

use super::decisions::KeptDecisions;
use super::permits::{CallPermits, RealmPermits};
use super::{Neighbours, NodeLink, RealmConfig};
use crate::base::counters::Counters;
use crate::base::ids::RandomIds;
use crate::base::limits::Limits;
use crate::router::auth::{RecentDenials, Secret, Slowdown};
use crate::router::cluster::ClusterLink;
use crate::router::measures::{MeasuresBook, RealmMeasures};
use crate::router::tap::Taps;
use crate::rt::Runtime;
use crate::transport::shutdown::Connections;
use crate::transport::{SettingsCell, WakeQueue};
use arc_swap::{ArcSwap, Cache, Guard};
use serverwamp_proto::id::SessionId;
use std::sync::Arc;
use std::time::Instant;

/// The values that all realms of an application share.
#[derive(Clone, Debug)]
pub(crate) struct RouterContext {
    pub(crate) settings: SettingsCell,
    pub(crate) counters: Arc<Counters>,
    pub(crate) connections: Connections,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) wake_queue: Arc<WakeQueue>,
    pub(crate) permits: Arc<CallPermits>,
    /// The secret that made-up salts derive from.
    pub(crate) auth_secret: Secret,
    pub(crate) neighbours: Arc<Neighbours>,
    pub(crate) node: Arc<NodeLink>,
    pub(crate) cluster: Arc<ClusterLink>,
    pub(crate) slowdown: Arc<Slowdown>,
    pub(crate) measures: Arc<MeasuresBook>,
    pub(crate) recent_denials: Arc<RecentDenials>,
}

/// The configuration, looked at once and kept until it is replaced.
pub(crate) type CachedConfig = Cache<Arc<ArcSwap<RealmConfig>>, Arc<RealmConfig>>;

/// The values that realm, broker and dealer share.
#[derive(Debug)]
pub(crate) struct RealmContext {
    pub(crate) name: Arc<str>,
    config: Arc<ArcSwap<RealmConfig>>,
    settings: SettingsCell,
    /// The limits that hold in this realm.
    limits: ArcSwap<Limits>,
    pub(crate) counters: Arc<Counters>,
    /// What is counted for this realm.
    pub(crate) measures: Arc<RealmMeasures>,
    pub(crate) connections: Connections,
    pub(crate) runtime: Arc<dyn Runtime>,
    /// The realms of the application, this one among them.
    pub(crate) neighbours: Arc<Neighbours>,
    /// The application that the realm is in.
    pub(crate) node: Arc<NodeLink>,
    /// The other nodes that serve the realm.
    pub(crate) cluster: Arc<ClusterLink>,
    /// The order in which many receivers are woken.
    pub(crate) wake_queue: Arc<WakeQueue>,
    pub(crate) ids: RandomIds,
    /// The permits of its sessions' calls.
    pub(crate) permits: RealmPermits,
    /// The realm's share of the server's secret, from which made-up salts derive.
    pub(crate) auth_secret: Secret,
    /// The decisions of authorizers that are kept.
    pub(super) decisions: KeptDecisions,
    /// Attempts to authenticate, which are slowed down after failures.
    pub(crate) slowdown: Arc<Slowdown>,
    /// Whoever looks at the messages of its sessions.
    pub(crate) taps: Taps,
    /// The session the application has in its own realm: a callee in the meta API, and nobody who can be killed.
    pub(crate) own_session: SessionId,
}

impl RealmContext {
    pub(super) fn new(
        name: Arc<str>,
        config: RealmConfig,
        shared: &RouterContext,
        measures: Arc<RealmMeasures>,
    ) -> Self {
        let RouterContext {
            settings,
            counters,
            connections,
            runtime,
            wake_queue,
            permits,
            auth_secret,
            neighbours,
            node,
            cluster,
            slowdown,
            measures: _,
            recent_denials: _,
        } = shared.clone();
        let auth_secret = auth_secret.derive(&name);
        let ids = RandomIds;
        let own_session = ids.session();
        let limits = config.limits.over(&settings.limits());
        let permits = RealmPermits::new(&permits, &name, &limits);
        let config = Arc::new(ArcSwap::from_pointee(config));
        let decisions = KeptDecisions::new(limits.cached_decisions, limits.cached_decision_time);
        Self {
            name,
            config,
            settings,
            limits: ArcSwap::new(limits),
            counters,
            measures,
            connections,
            runtime,
            neighbours,
            node,
            cluster,
            wake_queue,
            ids,
            permits,
            auth_secret,
            slowdown,
            decisions,
            taps: Taps::default(),
            own_session,
        }
    }

    /// The configuration as it is now. Who asks it more than one thing about one message asks it once.
    #[inline]
    pub(crate) fn config(&self) -> Guard<Arc<RealmConfig>> {
        self.config.load()
    }

    /// The configuration for one who waits meanwhile, and goes on with the same.
    pub(crate) fn kept_config(&self) -> Arc<RealmConfig> {
        self.config.load_full()
    }

    /// The configuration for one who asks for it again and again, and sees at next to no cost whether it is another one.
    pub(crate) fn cached_config(&self) -> CachedConfig {
        Cache::new(Arc::clone(&self.config))
    }

    /// The limits that hold in the realm now, for what is counted for the realm as a whole.
    pub(crate) fn limits(&self) -> Guard<Arc<Limits>> {
        self.limits.load()
    }

    /// Takes the limits anew, because those of the application or of the realm have changed. Returns them if they are others.
    pub(super) fn take_limits(&self) -> Option<Arc<Limits>> {
        let limits = self.config().limits.over(&self.settings.limits());
        let former = self.limits.swap(Arc::clone(&limits));
        if Arc::ptr_eq(&former, &limits) {
            return None;
        }
        self.permits.limit(&limits);
        self.decisions.limit(limits.cached_decisions, limits.cached_decision_time);
        Some(limits)
    }

    /// The same for a session that begins, and keeps them.
    pub(crate) fn kept_limits(&self) -> Arc<Limits> {
        self.limits.load_full()
    }

    /// Replaces the configuration: what comes from now on is treated by this one, and no decision of former authorizers holds.
    /// Returns the former one.
    pub(super) fn configure(&self, config: RealmConfig) -> Arc<RealmConfig> {
        let former = self.config.swap(Arc::new(config));
        self.decisions.forget(&super::decisions::Forgotten::default());
        former
    }

    /// How often something was replaced or forgotten that decisions depend on: one that was taken at another age is to be looked at
    /// again. To be asked for before the configuration.
    pub(crate) fn age(&self) -> u64 {
        self.decisions.forgotten()
    }

    pub(crate) fn now(&self) -> Instant {
        self.runtime.now()
    }
}
