//! A running realm: who is in it, what it is asked, and its handle in the application.

mod access;
mod authenticating;
mod authorize;
mod authorizer;
mod authorizer_procedure;
mod changes;
mod checks;
mod config;
mod context;
mod decisions;
mod handle;
mod held;
mod leaving;
mod neighbours;
mod node_link;
mod permits;
mod publication;
mod realm_limits;
mod realm_peer;
mod registry;
mod replaced_template;
mod review;
mod running;
mod seats;
mod settings;
mod spare_permits;
mod sweep;
mod template;
#[cfg(test)]
mod tests;

pub use access::Ruling;
pub(crate) use access::{Access, RoleLimits};
pub(crate) use authenticating::Unasked;
pub(crate) use authorize::{AccessRequest, GivenAnswers, Granted, Withheld};
pub(crate) use authorizer::{AskedQuestion, Authorizer, AuthorizerAnswer, Authorizers, GivenAnswer};
pub(crate) use changes::Changes;
pub(crate) use checks::{disclosure_refused, forwarded, no_such_procedure, not_offered};
pub(crate) use config::{Anonymous, Blueprint, Entrance, KeepSession, RealmCode, RealmConfig, WaysIn};
pub(crate) use context::{CachedConfig, RealmContext, RouterContext};
pub use handle::RealmHandle;
pub(crate) use held::HeldEntry;
pub(crate) use neighbours::Neighbours;
pub(crate) use node_link::NodeLink;
pub(crate) use permits::CallPermits;
pub use publication::Publication;
pub use realm_limits::RealmLimits;
pub(crate) use registry::{Destination, RealmChange, RealmRegistry, SettingsChange};
pub(crate) use running::{Routed, RunningRealm};
pub(crate) use seats::{RealmPlace, Seat};
pub use settings::{Disclosure, ProcedureSettings, TopicSettings};
pub(crate) use settings::{Offers, SettingsEntry, SettingsTable};
pub(crate) use sweep::RealmEnd;
pub(crate) use template::{Entering, MadeAnew, Making, NoEntry, NotMade, RunningTemplate, TemplateParts};

use crate::peering::ErasedHandler;
use std::sync::Arc;

/// The realm of the admin interface. No template makes it and no default realm stands in for it: whoever looks for the admin interface
/// must not talk to a realm of other people, and give it the secrets of an administrator.
pub(crate) const ADMIN_REALM: &str = "serverwamp.admin";

pub(crate) type Handlers<R> = Vec<Arc<dyn ErasedHandler<R>>>;
