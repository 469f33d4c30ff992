//! The parts of a realm: its configuration, which may be replaced while it serves, and the application's procedures, which may
//! not.

use super::{Access, Handlers, Offers, ProcedureSettings, RealmLimits, SettingsTable, TopicSettings};
use crate::Session;
use crate::peering::ProcedureService;
use crate::router::auth::RunningAuthenticator;
use crate::router::request::{ConnectRequest, JoinRequest};
use crate::router::routes::{RouteTable, TopicTable};
use serverwamp_proto::uri::UriRules;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The permissions of a realm, its entrance, and its settings of topics and procedures. A value never changes: a realm gets another
/// one as a whole.
#[derive(Debug)]
pub(crate) struct RealmConfig {
    /// The number of configurations that the realm had before.
    pub(crate) number: u64,
    pub(crate) rules: UriRules,
    pub(crate) entrance: Entrance,
    pub(crate) offers: Offers,
    pub(crate) limits: RealmLimits,
    /// Who may do what.
    pub(crate) access: Access,
    /// The topics that somebody named, with their handlers.
    pub(crate) topics: TopicTable,
    pub(crate) topic_settings: SettingsTable<TopicSettings>,
    pub(crate) procedure_settings: SettingsTable<ProcedureSettings>,
}

/// Who is let into a realm, and what accompanies its sessions.
#[derive(Default)]
pub(crate) struct Entrance {
    /// Peers that prove nothing are let in.
    pub(crate) anonymous: Option<Anonymous>,
    pub(crate) authenticators: Arc<[RunningAuthenticator]>,
    /// The order of the realm's methods decides, and not the client's.
    pub(crate) prefers_own_order: bool,
    /// Sessions stay when what let them in expires.
    pub(crate) keeps_expired: bool,
    /// Clients may bring a new ticket before that.
    pub(crate) renews: bool,
    pub(crate) on_connect: Handlers<ConnectRequest>,
    pub(crate) on_join: Handlers<JoinRequest>,
    /// Whether a session that was let in before may stay.
    pub(crate) keep: Option<KeepSession>,
}

impl RealmConfig {
    /// The configuration of a realm in which nobody does anything but authenticate; `number` says how often its template was replaced.
    pub(super) fn of_anteroom(number: u64, rules: UriRules, entrance: Entrance) -> Self {
        Self {
            number,
            rules,
            entrance,
            offers: Offers::default(),
            limits: RealmLimits::default(),
            access: Access::default(),
            topics: TopicTable::default(),
            topic_settings: SettingsTable::default(),
            procedure_settings: SettingsTable::default(),
        }
    }
}

impl RealmCode {
    /// No procedures.
    pub(super) fn none() -> Self {
        Self { routes: Arc::default(), service: None, serial_calls: false }
    }
}

/// The ways into the realms of a template.
#[derive(Clone)]
pub(crate) struct WaysIn {
    pub(crate) authenticators: Arc<[RunningAuthenticator]>,
    pub(crate) prefers_own_order: bool,
}

/// The application's answer whether a session may stay in a realm whose configuration was replaced.
pub(crate) type KeepSession = Arc<dyn Fn(&Session) -> bool + Send + Sync>;

impl Entrance {
    /// Returns whether a session of this role that came in without a proof could still do so.
    pub(crate) fn admits_anonymous(&self, method: &str, role: &str) -> bool {
        let anonymous = |anonymous: &Anonymous| method == "anonymous" && anonymous.authrole == role;
        self.anonymous.as_ref().is_some_and(anonymous)
    }
}

/// The procedures of the application that a realm serves, bound once and for all.
pub(crate) struct RealmCode {
    pub(crate) routes: Arc<RouteTable>,
    /// Takes every call in place of the routes.
    pub(crate) service: Option<ProcedureService>,
    /// Its handlers run one at a time for each session.
    pub(crate) serial_calls: bool,
}

/// A realm before it serves.
pub(crate) struct Blueprint {
    pub(crate) name: Arc<str>,
    pub(crate) config: RealmConfig,
    pub(crate) code: RealmCode,
}

/// The role of peers that prove nothing.
#[derive(Clone, Debug)]
pub(crate) struct Anonymous {
    pub(crate) authrole: Cow<'static, str>,
}

impl fmt::Debug for Entrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entrance").field("anonymous", &self.anonymous).finish_non_exhaustive()
    }
}

impl fmt::Debug for RealmCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealmCode").field("routes", &self.routes).finish_non_exhaustive()
    }
}
