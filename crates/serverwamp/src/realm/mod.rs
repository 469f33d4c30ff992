//! A realm: its routes, its way to authenticate, its lifecycles.

mod handle;
mod publish;
mod running;

pub use handle::RealmHandle;
pub use publish::Publication;
pub(crate) use running::{Anonymous, RunningAuthenticator, RunningRealm, no_such_procedure};

use crate::auth::Authenticator;
use crate::error::Problem;
use crate::handler::{ErasedHandler, Handler, Unbound};
use crate::layer::{CallLayer, ProcedureService};
use crate::limits::Limits;
use crate::request::{ConnectRequest, JoinRequest};
use crate::routes::{RouteSet, RouteTable};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::uri::UriRules;
use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use tower_layer::Layer;

/// A realm: a name space of procedures and topics with its own way to authenticate.
///
/// ```
/// use serverwamp::auth::{self, AuthId, Principal, Ticket};
/// use serverwamp::extract::Args;
/// use serverwamp::{Realm, RouteSet};
/// # async fn add(Args((a, b)): Args<(i64, i64)>) -> i64 { a + b }
/// # async fn check(AuthId(id): AuthId, Ticket(_): Ticket) -> Option<Principal> { Some(Principal::new(id)) }
///
/// let customers: Realm = Realm::new("com.example.customers")
///     .authenticator(auth::ticket(check))
///     .routes(RouteSet::new().procedure("math.add", add));
/// ```
///
/// A realm with no authenticator and no [`allow_anonymous`](Self::allow_anonymous) lets nobody in.
#[must_use]
pub struct Realm<S = ()> {
    name: String,
    place: &'static Location<'static>,
    routes: RouteSet<S>,
    authenticators: Vec<Authenticator<S>>,
    anonymous: Option<Cow<'static, str>>,
    on_connect: Vec<Unbound<ConnectRequest, S>>,
    on_join: Vec<Unbound<JoinRequest, S>>,
    service: Option<ProcedureService>,
    layers: Vec<Box<dyn FnOnce(ProcedureService) -> ProcedureService + Send>>,
    serial_calls: bool,
    strict_uris: bool,
}

impl<S: Send + Sync + 'static> Realm<S> {
    /// A realm of this name that serves nothing yet and lets nobody in.
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            place: Location::caller(),
            routes: RouteSet::new(),
            authenticators: Vec::new(),
            anonymous: None,
            on_connect: Vec::new(),
            on_join: Vec::new(),
            service: None,
            layers: Vec::new(),
            serial_calls: false,
            strict_uris: false,
        }
    }

    /// Adds routes; may be called several times.
    pub fn routes(mut self, routes: RouteSet<S>) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Lets in peers that prove nothing, with this role and a random authid.
    ///
    /// Only for a peer that asks for `anonymous`, or for no method at all.
    pub fn allow_anonymous(mut self, authrole: impl Into<Cow<'static, str>>) -> Self {
        self.anonymous = Some(authrole.into());
        self
    }

    /// Adds a way to authenticate; see [`auth`](crate::auth).
    ///
    /// Transport authenticators run first. Of the others the first that the peer offers is taken, in the peer's order.
    pub fn authenticator(mut self, authenticator: Authenticator<S>) -> Self {
        self.authenticators.push(authenticator);
        self
    }

    /// Runs `handler` around every session, from before its authentication to its end.
    ///
    /// The session has no identity yet when it starts. Handlers start in the order they were added, each when the one
    /// before has accepted.
    pub fn on_connect<H, T>(mut self, handler: H) -> Self
    where
        H: Handler<ConnectRequest, T, S>,
        T: 'static,
    {
        self.on_connect.push(Unbound::new(handler));
        self
    }

    /// Runs `handler` around every authenticated session, from before its WELCOME to its end.
    pub fn on_join<H, T>(mut self, handler: H) -> Self
    where
        H: Handler<JoinRequest, T, S>,
        T: 'static,
    {
        self.on_join.push(Unbound::new(handler));
        self
    }

    /// Replaces the realm's procedure routes: every call goes to `service`.
    pub fn service<Svc: CallLayer>(mut self, service: Svc) -> Self {
        self.service = Some(ProcedureService::new(service));
        self
    }

    /// Wraps the realm's whole call handling, known procedures and unknown ones, in a [`tower::Layer`](Layer).
    ///
    /// The layer added last is the outermost.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<ProcedureService> + Send + 'static,
        L::Service: CallLayer,
    {
        self.layers.push(Box::new(move |inner| ProcedureService::new(layer.layer(inner))));
        self
    }

    /// Serves the calls of one session one at a time, in the order they came; by default they run side by side.
    pub fn serial_calls(mut self) -> Self {
        self.serial_calls = true;
        self
    }

    /// Accepts only strict URIs (`[0-9a-z_]` in every component) from peers.
    pub fn strict_uris(mut self) -> Self {
        self.strict_uris = true;
        self
    }

    /// Gives every handler its state and checks what can be checked.
    pub(crate) fn bind(
        self,
        state: &Arc<S>,
        limits: &Arc<Limits>,
        problems: &mut Vec<Problem>,
    ) -> RunningRealm {
        let mut rules = if self.strict_uris { UriRules::strict() } else { UriRules::loose() };
        rules.max_length = limits.uri_bytes;
        rules.max_components = limits.uri_components;
        if let Err(error) = rules.check(&self.name, Match::Exact) {
            problems
                .push(Problem::new(self.place, format!("{:?} cannot be a realm's name: {error}", self.name)));
        }
        problems.extend(self.routes.problems);
        let mut table = RouteTable::default();
        for route in self.routes.procedures {
            problems.extend(table.add_procedure(route, state, &rules).err());
        }
        for route in self.routes.topics {
            problems.extend(table.add_topic(route, state, &rules).err());
        }
        let routes = Arc::new(table);
        let service = service(self.service, self.layers, &routes);
        RunningRealm::new(
            running::Blueprint {
                name: self.name.into(),
                rules,
                routes,
                service,
                authenticators: self
                    .authenticators
                    .into_iter()
                    .map(|one| bind_authenticator(one, state))
                    .collect(),
                anonymous: self.anonymous.map(|authrole| Anonymous { authrole }),
                on_connect: self.on_connect.into_iter().map(|handler| handler.bind(state)).collect(),
                on_join: self.on_join.into_iter().map(|handler| handler.bind(state)).collect(),
                serial_calls: self.serial_calls,
            },
            Arc::clone(limits),
        )
    }
}

fn bind_authenticator<S>(authenticator: Authenticator<S>, state: &Arc<S>) -> RunningAuthenticator {
    RunningAuthenticator {
        method: authenticator.method,
        first: authenticator.first,
        dialogue: (authenticator.bind)(state),
    }
}

/// The service every call goes through, when there is one: a replacement of the routes, or layers around them.
fn service(
    replacement: Option<ProcedureService>,
    layers: Vec<Box<dyn FnOnce(ProcedureService) -> ProcedureService + Send>>,
    routes: &Arc<RouteTable>,
) -> Option<ProcedureService> {
    if replacement.is_none() && layers.is_empty() {
        return None;
    }
    let innermost = replacement.unwrap_or_else(|| ProcedureService::new(running::Routed(Arc::clone(routes))));
    Some(layers.into_iter().fold(innermost, |inner, layer| layer(inner)))
}

pub(crate) type Handlers<R> = Vec<Arc<dyn ErasedHandler<R>>>;

impl<S> fmt::Debug for Realm<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realm")
            .field("name", &self.name)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
