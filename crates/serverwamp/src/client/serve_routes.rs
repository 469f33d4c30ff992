//! The procedures of a route set, served by a client.

use super::handle::{Client, Held};
use super::register::Registering;
use crate::api::handler::{NoState, SharedState, StateFor};
use crate::api::routes::{ClientProcedure, RouteSet};
use crate::base::error::{ConfigError, WampError};
use crate::peering::{Ended, Registration};
use crate::rt::BoxFuture;
use futures_util::future::{join_all, select_all};
use std::fmt;
use std::future::IntoFuture;
use std::panic::Location;
use std::sync::Arc;

impl Client {
    /// Serves all procedures of a route set, as an application does: the same handlers, layers and state. Await it for the
    /// [`ServedRoutes`], which last until they are dropped.
    ///
    /// ```
    /// use serverwamp::RouteSet;
    /// use serverwamp::extract::{Args, State};
    ///
    /// async fn scale(State(factor): State<i64>, Args((n,)): Args<(i64,)>) -> i64 {
    ///     factor * n
    /// }
    ///
    /// # async fn example(client: serverwamp::client::Client) -> Result<(), serverwamp::client::ServeRoutesError> {
    /// let routes = RouteSet::new().procedure("math.scale", scale);
    /// let served = client.serve(routes).with_state(3).await?;
    /// served.ended().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A caller cannot tell where a procedure is served. A client does not serve topics, which are the router's; regular
    /// expressions, which routers do not know; routes for some roles alone; nor handlers that need a session of the router.
    ///
    /// # Errors
    /// [`ServeRoutesError::Routes`] names all of these, with their lines, before anything is registered; [`ServeRoutesError::Refused`] is the
    /// router's.
    pub fn serve<S>(&self, routes: RouteSet<S>) -> ServeRoutes<S> {
        ServeRoutes { held: self.held(), routes }
    }
}

/// Why routes are not served.
///
/// `Debug` says the same as `Display`: it is what Rust prints of an error that `main` returns.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ServeRoutesError {
    /// A client cannot serve some of the routes; nothing was registered.
    #[error(transparent)]
    Routes(ConfigError),
    /// The router refused a registration; the others were given up.
    #[error("{}:{}: the router refused {procedure}: {error}", place.file(), place.line())]
    Refused {
        /// The procedure, prefix or wildcard.
        procedure: String,
        /// The line of the route.
        place: &'static Location<'static>,
        /// The router's error.
        error: WampError,
    },
}

impl fmt::Debug for ServeRoutesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Routes that a client is about to serve; made by [`Client::serve`].
#[must_use = "nothing is served until this is awaited"]
pub struct ServeRoutes<S = ()> {
    held: Arc<Held>,
    routes: RouteSet<S>,
}

impl<S: Send + Sync + 'static> ServeRoutes<S> {
    /// Gives the handlers their state.
    pub fn with_state(self, state: S) -> ServeRoutes<()> {
        ServeRoutes { held: self.held, routes: self.routes.with_state(&SharedState::new(state)) }
    }
}

impl<S: Send + Sync + 'static> IntoFuture for ServeRoutes<S>
where
    NoState: StateFor<S>,
{
    type Output = Result<ServedRoutes, ServeRoutesError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let state = SharedState::new(<NoState as StateFor<S>>::state());
        Box::pin(serve(self.held, self.routes.for_client(&state).map_err(ConfigError::of_client)))
    }
}

/// All REGISTERs go out at once. If one is refused, the registrations of the others are dropped and so given up.
async fn serve(
    held: Arc<Held>,
    procedures: Result<Vec<ClientProcedure>, ConfigError>,
) -> Result<ServedRoutes, ServeRoutesError> {
    let requests = procedures.map_err(ServeRoutesError::Routes)?.into_iter().map(|route| {
        let ClientProcedure { pattern, place, served, takes_input } = route;
        let procedure = format!("{pattern:?}");
        let registering = Registering::new(Arc::clone(&held), pattern, served, takes_input);
        async move {
            let refused = |error| ServeRoutesError::Refused { procedure, place, error };
            registering.await.map_err(refused)
        }
    });
    let registrations: Result<Vec<Registration>, ServeRoutesError> =
        join_all(requests).await.into_iter().collect();
    Ok(ServedRoutes { registrations: registrations? })
}

/// Routes that a client serves; dropped, it does not any more.
#[derive(Debug)]
#[must_use = "routes are served until this is dropped"]
pub struct ServedRoutes {
    registrations: Vec<Registration>,
}

impl ServedRoutes {
    /// The registrations, in the order of the routes.
    pub fn registrations(&self) -> &[Registration] {
        &self.registrations
    }

    /// Waits until the first of them has ended, and says why, as [`Registration::ended`] does.
    pub async fn ended(&self) -> Ended {
        if self.registrations.is_empty() {
            return std::future::pending().await;
        }
        select_all(self.registrations.iter().map(|one| Box::pin(one.ended()))).await.0
    }
}

impl<S> fmt::Debug for ServeRoutes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeRoutes").field("routes", &self.routes).finish_non_exhaustive()
    }
}
