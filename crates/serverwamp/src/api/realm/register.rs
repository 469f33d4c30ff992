//! Handlers that are registered while the application runs.

use crate::api::extract::ClientArguments;
use crate::api::handler::{ProcedureHandler, SharedState, Unbound};
use crate::base::error::WampError;
use crate::peering::{RealmPeer, Registration, RoutePattern, Served, Takes};
use crate::router::realm::RealmHandle;

impl RealmHandle {
    /// Serves a procedure, or a pattern of procedures, from now on and until the guard is dropped.
    ///
    /// The handler takes what route handlers take, with `()` for the state; closures bring their own.
    ///
    /// ```
    /// use serverwamp::extract::Args;
    /// use serverwamp::{RealmHandle, WampError};
    ///
    /// async fn enable(realm: RealmHandle) -> Result<(), WampError> {
    ///     let factor = 3;
    ///     let guard = realm.register("math.triple", move |Args((n,)): Args<(i64,)>| async move { n * factor })?;
    ///     realm.sessions().first().map(|session| session.insert(std::sync::Arc::new(guard)));
    ///     Ok(())
    /// }
    /// # serverwamp::RouteSet::<()>::new().procedure("math.enable", enable);
    /// ```
    ///
    /// # Errors
    /// `wamp.error.invalid_uri`, also for regular expressions, and `wamp.error.procedure_already_exists` when another callee
    /// serves it already.
    pub fn register<H, T>(
        &self,
        pattern: impl Into<RoutePattern>,
        handler: H,
    ) -> Result<Registration, WampError>
    where
        H: ProcedureHandler<T, ()>,
        T: 'static,
    {
        let served = Served::Handler(Unbound::new(handler).bind(SharedState::none()));
        self.register_served(
            &pattern.into(),
            served,
            Takes { input: H::takes_input(), passthru: H::takes_passthru() },
        )
    }
}

impl RealmPeer {
    /// Serves a procedure, or a pattern of procedures, from now on and until the registration is dropped, with a handler that
    /// can be served by applications and clients alike.
    ///
    /// # Errors
    /// As for [`RealmHandle::register`] and [`Client::register`](crate::client::Client::register).
    pub async fn register<H, T>(
        &self,
        pattern: impl Into<RoutePattern>,
        handler: H,
    ) -> Result<Registration, WampError>
    where
        H: ProcedureHandler<T, ()>,
        T: ClientArguments + 'static,
    {
        let served = Served::Handler(Unbound::new(handler).bind(SharedState::none()));
        self.access()
            .register(
                pattern.into(),
                served,
                Takes { input: H::takes_input(), passthru: H::takes_passthru() },
            )
            .await
    }
}
