//! The parts of a realm: its configuration, which may be replaced while it serves, and the application's code, which
//! may not.

use super::{Access, Handlers, Offers, ProcedureSettings, SettingsTable, TopicSettings};
use crate::router::auth::RunningAuthenticator;
use crate::router::request::{ConnectRequest, JoinRequest};
use crate::router::routes::{ProcedureService, RouteTable};
use serverwamp_proto::uri::UriRules;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The permissions of a realm, and its settings of topics and procedures. A value never changes: a realm gets another one as a whole.
#[derive(Debug)]
pub(crate) struct RealmConfig {
    pub(crate) rules: UriRules,
    /// Peers that prove nothing are let in.
    pub(crate) anonymous: Option<Anonymous>,
    /// The order of the realm's methods decides, and not the client's.
    pub(crate) prefers_own_order: bool,
    pub(crate) offers: Offers,
    /// Who may do what.
    pub(crate) access: Access,
    pub(crate) topic_settings: SettingsTable<TopicSettings>,
    pub(crate) procedure_settings: SettingsTable<ProcedureSettings>,
}

/// The code of the application that a realm runs, bound once and for all.
pub(crate) struct RealmCode {
    pub(crate) routes: Arc<RouteTable>,
    /// Takes every call in place of the routes.
    pub(crate) service: Option<ProcedureService>,
    pub(crate) authenticators: Vec<RunningAuthenticator>,
    pub(crate) on_connect: Handlers<ConnectRequest>,
    pub(crate) on_join: Handlers<JoinRequest>,
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

impl fmt::Debug for RealmCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealmCode").field("routes", &self.routes).finish_non_exhaustive()
    }
}
