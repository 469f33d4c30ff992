//! The settings of an application that may be replaced while it serves: its limits, and those of its carriers.
//!
//! Whoever begins something takes them once and keeps them: a connection when it is accepted, a session at its HELLO. Invariant: limits
//! and carriers are replaced together, by whoever holds the table of realms.

use super::long_poll::LongPollConfig;
use super::rawsocket::RawSocketConfig;
use super::websocket::WebSocketConfig;
use crate::base::limits::Limits;
use crate::base::proxies::TrustedProxies;
use arc_swap::{ArcSwap, Guard};
use serverwamp_proto::pattern::UriPattern;
use std::sync::Arc;

/// How connections are accepted.
#[derive(Clone, Debug)]
pub(crate) struct CarrierSettings {
    pub(crate) websocket: WebSocketConfig,
    pub(crate) long_poll: LongPollConfig,
    pub(crate) rawsocket: RawSocketConfig,
    pub(crate) proxies: TrustedProxies,
    pub(crate) realms: AllowedRealms,
}

/// The realms that can be joined over a carrier; for the others it is as if they did not exist.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllowedRealms(Option<Arc<[UriPattern]>>);

impl AllowedRealms {
    /// Those whose names match one of these.
    pub(crate) fn only(patterns: Vec<UriPattern>) -> Self {
        Self(Some(patterns.into()))
    }

    pub(crate) fn allows(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(name)))
    }
}

/// The settings of an application at one time.
#[derive(Clone, Debug)]
pub(crate) struct CurrentSettings {
    pub(crate) limits: Arc<Limits>,
    pub(crate) carriers: Arc<CarrierSettings>,
}

/// The place where they are looked up. Its clones are the same place.
#[derive(Clone, Debug)]
pub(crate) struct SettingsCell(Arc<ArcSwap<CurrentSettings>>);

impl SettingsCell {
    pub(crate) fn new(settings: CurrentSettings) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(settings)))
    }

    /// The settings as they are now.
    pub(crate) fn now(&self) -> Guard<Arc<CurrentSettings>> {
        self.0.load()
    }

    /// The limits as they are now.
    pub(crate) fn limits(&self) -> Arc<Limits> {
        Arc::clone(&self.now().limits)
    }

    /// The settings of carriers as they are now.
    pub(crate) fn carriers(&self) -> Arc<CarrierSettings> {
        Arc::clone(&self.now().carriers)
    }

    /// Replaces them. The caller holds the table of realms.
    pub(crate) fn replace(&self, settings: CurrentSettings) {
        self.0.store(Arc::new(settings));
    }
}
