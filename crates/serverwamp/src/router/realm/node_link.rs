//! What a realm asks about its node as a whole: the way to the application, of which the router knows nothing.

use crate::rt::wall_clock;
use serverwamp_proto::timestamp::Timestamp;
use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

/// The application behind the realms, once it is built, and since when it runs. The realms do not keep it alive.
#[derive(Default)]
pub(crate) struct NodeLink(OnceLock<(Weak<dyn Any + Send + Sync>, Timestamp)>);

impl NodeLink {
    /// The application is built.
    pub(crate) fn connect<T: Any + Send + Sync>(&self, node: &Arc<T>) {
        let node: Arc<dyn Any + Send + Sync> = Arc::<T>::clone(node);
        // An application is built once.
        let _first = self.0.set((Arc::downgrade(&node), wall_clock()));
    }

    /// The application, unless it is not built yet or gone already.
    pub(crate) fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.get()?.0.upgrade()?.downcast().ok()
    }

    /// When the application was built.
    pub(crate) fn started(&self) -> Option<Timestamp> {
        Some(self.0.get()?.1)
    }
}

impl fmt::Debug for NodeLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeLink")
    }
}
