//! A running realm: who is in it, what it is asked, and its handle in the application.

mod config;
mod context;
mod handle;
mod leaving;
mod publish;
mod registering;
mod retaining;
mod running;
mod settings;
mod subscribing;
#[cfg(test)]
mod tests;

pub(crate) use config::{Anonymous, Blueprint, RealmCode, RealmConfig, RunningAuthenticator};
pub(crate) use context::{RealmContext, Shared};
pub use handle::{RealmHandle, Registration};
pub use publish::Publication;
pub(crate) use publish::{disclosure_refused, forwarded, to_payload};
pub(crate) use running::{Routed, RunningRealm, no_such_procedure};
pub use settings::{Disclosure, ProcedureSettings, TopicSettings};
pub(crate) use settings::{Entry as SettingsEntry, Permissions, SettingsTable};
pub(crate) use subscribing::HeldSubscription;

use crate::router::routes::ErasedHandler;
use std::sync::Arc;

pub(crate) type Handlers<R> = Vec<Arc<dyn ErasedHandler<R>>>;
