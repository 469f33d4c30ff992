//! The lock behind which subscriptions, registrations and sessions come and go.

use crate::base::locks::MutexGuard;
use crate::router::broker::{Broker, SubscriptionIndex};
use crate::router::dealer::RegistrationIndex;
use crate::router::meta::MetaEvents;
use std::ops::{Deref, DerefMut};

/// The indexes that change when a session subscribes, registers or leaves.
#[derive(Debug, Default)]
pub(crate) struct Indexes {
    pub(crate) subscriptions: SubscriptionIndex,
    pub(crate) registrations: RegistrationIndex,
}

/// Its holder alone changes subscriptions and registrations, and publishes the meta events of the changes: so
/// those come in the order of what happened.
pub(crate) struct Changes<'r> {
    indexes: MutexGuard<'r, Indexes>,
    pub(crate) events: MetaEvents<'r>,
}

impl<'r> Changes<'r> {
    pub(super) fn new(indexes: MutexGuard<'r, Indexes>, broker: &'r Broker) -> Self {
        Self { indexes, events: MetaEvents::new(broker) }
    }
}

impl Deref for Changes<'_> {
    type Target = Indexes;

    fn deref(&self) -> &Indexes {
        &self.indexes
    }
}

impl DerefMut for Changes<'_> {
    fn deref_mut(&mut self) -> &mut Indexes {
        &mut self.indexes
    }
}
