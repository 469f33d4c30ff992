//! A procedure that application code serves, as it holds it.

use super::ended::Ended;
use crate::base::signal::Signal;
use serverwamp_proto::id::RegistrationId;
use std::fmt;
use std::sync::Arc;

/// The end of a registration, where it was made.
pub(crate) trait RegistrationKeeper: Send + Sync {
    /// The procedure is not served any more.
    fn unregister(&self);

    /// The registration's id where it may change, because it is made again in another session.
    fn current_id(&self) -> Option<RegistrationId> {
        None
    }
}

/// A procedure that is served since [`RealmHandle::register`](crate::RealmHandle::register) or
/// [`Client::register`](crate::client::Client::register); dropped, it is not any more.
///
/// Calls that run when it is dropped go on to their end.
#[must_use = "a registration that is dropped is over"]
pub struct Registration {
    id: RegistrationId,
    ended: Arc<Signal<Ended>>,
    keeper: Box<dyn RegistrationKeeper>,
}

impl Registration {
    /// A registration that does not end by itself.
    pub(crate) fn new(id: RegistrationId, keeper: Box<dyn RegistrationKeeper>) -> Self {
        Self::until(Arc::default(), id, keeper)
    }

    /// A registration that others may end.
    pub(crate) fn until(
        ended: Arc<Signal<Ended>>,
        id: RegistrationId,
        keeper: Box<dyn RegistrationKeeper>,
    ) -> Self {
        Self { id, ended, keeper }
    }

    /// The registration's id, as the meta API tells it. It is another one when the client has reconnected.
    pub fn id(&self) -> RegistrationId {
        self.keeper.current_id().unwrap_or(self.id)
    }

    /// Waits until the procedure is not served any more, and says why: the router took the registration away, refused it when
    /// the client had reconnected, or the client is over. A cut after which the client reconnects does not end it. The
    /// application's own registrations do not end by themselves.
    pub async fn ended(&self) -> Ended {
        self.ended.wait().await
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.keeper.unregister();
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("id", &self.id).finish_non_exhaustive()
    }
}
