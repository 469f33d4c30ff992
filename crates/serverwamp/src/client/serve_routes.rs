//! The procedures of a route set, served by a client that has a session, or that is yet to connect.
//!
//! Invariant: routes that no client can serve are refused before anything is sent.

use super::connect::ClientBuilder;
use super::error::ClientError;
use super::handle::Client;
use super::register::{Invoke, Registering};
use crate::api::handler::{NoState, SharedState, StateFor};
use crate::api::routes::{ClientProcedure, RouteSet};
use crate::base::error::{ConfigError, WampError};
use crate::peering::{Ended, Registration};
use crate::rt::BoxFuture;
use futures_util::future::{join_all, select_all};
use serverwamp_proto::message::RegisterOptions;
use std::fmt;
use std::future::IntoFuture;
use std::panic::Location;

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
        ServeRoutes::new(ServedBy::Joined(self.clone()), routes)
    }
}

impl ClientBuilder {
    /// Connects, and serves all procedures of a route set; await it for the [`ServedRoutes`], which hold the client as well.
    ///
    /// ```no_run
    /// # #[cfg(feature = "tokio")]
    /// # async fn example() -> Result<(), serverwamp::client::ServeRoutesError> {
    /// use serverwamp::RouteSet;
    /// use serverwamp::client::Client;
    /// use serverwamp::extract::{Args, State};
    ///
    /// async fn scale(State(factor): State<i64>, Args((n,)): Args<(i64,)>) -> i64 {
    ///     factor * n
    /// }
    ///
    /// let routes = RouteSet::new().procedure("math.scale", scale);
    /// let served = Client::connect("ws://localhost:8080/ws").realm("realm1").serve(routes).with_state(3).await?;
    /// served.ended().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`Client::serve`], and [`ServeRoutesError::Client`] when there is no session. Routes that a client cannot serve are
    /// refused before it connects.
    pub fn serve<S>(self, routes: RouteSet<S>) -> ServeRoutes<S> {
        ServeRoutes::new(ServedBy::Connecting(Box::new(self)), routes)
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
    /// The client got no session.
    #[error(transparent)]
    Client(#[from] ClientError),
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

/// Who serves the routes.
enum ServedBy {
    Joined(Client),
    Connecting(Box<ClientBuilder>),
}

/// Routes that a client is about to serve; made by [`Client::serve`] and [`ClientBuilder::serve`].
#[must_use = "nothing is served until this is awaited"]
pub struct ServeRoutes<S = ()> {
    server: ServedBy,
    routes: RouteSet<S>,
    options: RegisterOptions,
}

impl<S> ServeRoutes<S> {
    fn new(server: ServedBy, routes: RouteSet<S>) -> Self {
        Self { server, routes, options: RegisterOptions::default() }
    }

    /// Shares all procedures with other callees that register them with the same policy, which says who gets a call.
    pub fn invoke(mut self, policy: Invoke) -> Self {
        self.options.invoke = policy;
        self
    }

    /// Asks the router to disclose all callers to this client.
    pub fn disclose_caller(mut self) -> Self {
        self.options.disclose_caller = true;
        self
    }

    /// Keeps the timeouts of calls here, and asks the router to leave them to this client, as
    /// [`Registering::forward_timeout`] does.
    pub fn forward_timeout(mut self) -> Self {
        self.options.forward_timeout = true;
        self
    }
}

impl<S: Send + Sync + 'static> ServeRoutes<S> {
    /// Gives the handlers their state.
    pub fn with_state(self, state: S) -> ServeRoutes<()> {
        let Self { server, routes, options } = self;
        ServeRoutes { server, routes: routes.with_state(&SharedState::new(state)), options }
    }
}

impl<S: Send + Sync + 'static> IntoFuture for ServeRoutes<S>
where
    NoState: StateFor<S>,
{
    type Output = Result<ServedRoutes, ServeRoutesError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { server, routes, options } = self;
        let state = SharedState::new(<NoState as StateFor<S>>::state());
        Box::pin(serve(server, routes.for_client(&state).map_err(ConfigError::of_client), options))
    }
}

/// All REGISTERs go out at once. If one is refused, the registrations of the others are dropped and so given up.
async fn serve(
    server: ServedBy,
    procedures: Result<Vec<ClientProcedure>, ConfigError>,
    options: RegisterOptions,
) -> Result<ServedRoutes, ServeRoutesError> {
    let procedures = procedures.map_err(ServeRoutesError::Routes)?;
    let client = match server {
        ServedBy::Joined(client) => client,
        ServedBy::Connecting(builder) => (*builder).await?,
    };
    let requests = procedures.into_iter().map(|route| {
        let ClientProcedure { pattern, place, served, takes } = route;
        let procedure = format!("{pattern:?}");
        let registering =
            Registering::new(client.held(), pattern, served, takes).with_options(options.clone());
        async move {
            let refused = |error| ServeRoutesError::Refused { procedure, place, error };
            registering.await.map_err(refused)
        }
    });
    let registrations: Result<Vec<Registration>, ServeRoutesError> =
        join_all(requests).await.into_iter().collect();
    Ok(ServedRoutes { client, registrations: registrations? })
}

/// Routes that a client serves, and the client; dropped, it serves them no more.
#[derive(Debug)]
#[must_use = "routes are served until this is dropped"]
pub struct ServedRoutes {
    client: Client,
    registrations: Vec<Registration>,
}

impl ServedRoutes {
    /// The client that serves them.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The registrations, in the order of the routes.
    pub fn registrations(&self) -> &[Registration] {
        &self.registrations
    }

    /// Waits until the first of them has ended, and says why, as [`Registration::ended`] does.
    pub async fn ended(&self) -> Ended {
        if self.registrations.is_empty() {
            self.client.closed().await;
            return Ended::SessionOver;
        }
        select_all(self.registrations.iter().map(|one| Box::pin(one.ended()))).await.0
    }
}

impl<S> fmt::Debug for ServeRoutes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeRoutes").field("routes", &self.routes).finish_non_exhaustive()
    }
}
