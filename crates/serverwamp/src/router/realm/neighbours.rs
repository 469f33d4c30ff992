//! The realms of one application, for one that needs another: a procedure that authenticates lives in a realm of its own.

use super::{RealmRegistry, RunningRealm};
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

/// The realms by their names, once the application is built. They do not keep each other alive.
#[derive(Default)]
pub(crate) struct Neighbours(OnceLock<Weak<RealmRegistry>>);

impl Neighbours {
    /// The realms are there, and those that are added later.
    pub(crate) fn meet(&self, realms: &Arc<RealmRegistry>) {
        // An application is built once.
        let _first = self.0.set(Arc::downgrade(realms));
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<RunningRealm>> {
        self.0
            .get()
            .and_then(Weak::upgrade)
            .map_or_else(Vec::new, |realms| realms.some_after(None, usize::MAX))
    }

    /// The realm of this name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<RunningRealm>> {
        self.0.get()?.upgrade()?.get(name)
    }
}

impl fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Neighbours")
    }
}
