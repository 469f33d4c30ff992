//! The realms of one application, for one that needs another: a procedure that authenticates lives in a realm of its own.

use super::RunningRealm;
use hashbrown::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

/// The realms by their names, once all are there. They do not keep each other alive.
#[derive(Default)]
pub(crate) struct Neighbours(OnceLock<HashMap<Arc<str>, Weak<RunningRealm>>>);

impl Neighbours {
    /// All realms are there.
    pub(crate) fn meet<'a>(&self, realms: impl Iterator<Item = &'a Arc<RunningRealm>>) {
        let realms = realms.map(|realm| (Arc::clone(realm.name()), Arc::downgrade(realm))).collect();
        // An application is built once.
        let _first = self.0.set(realms);
    }

    /// The realm of this name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<RunningRealm>> {
        self.0.get()?.get(name)?.upgrade()
    }
}

impl fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.get().into_iter().flat_map(HashMap::keys)).finish()
    }
}
