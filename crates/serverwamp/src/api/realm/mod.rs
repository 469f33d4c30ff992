//! A realm: its routes, its way to authenticate, its lifecycles.

mod authentication;
mod authorizers;
mod permissions;
mod register;
mod role_limits;
mod roles;
#[cfg(test)]
mod tests;

pub use self::roles::RoleRules;

use crate::api::auth::Authenticator;
use crate::api::handler::{ConnectHandler, JoinHandler, SharedState, Unbound};
use crate::api::routes::RouteSet;
use crate::base::error::Problem;
use crate::base::limits::Limits;
use crate::router::realm::{
    Anonymous, Blueprint, Offers, ProcedureSettings, RealmCode, RealmConfig, Routed, SettingsEntry,
    SettingsTable, TopicSettings,
};
use crate::router::request::{ConnectRequest, JoinRequest};
use crate::router::routes::{CallLayer, ProcedureService, RoutePattern, RouteTable};
use authorizers::AuthorizerSources;
use permissions::AccessRules;
use roles::ReservedUris;
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
/// A realm with no authenticator and no [`allow_anonymous`](Self::allow_anonymous) lets nobody in, and
/// [`build`](crate::ApplicationBuilder::build) refuses it unless it is meant to be so:
/// [`application_only`](Self::application_only).
#[must_use]
pub struct Realm<S = ()> {
    name: String,
    place: &'static Location<'static>,
    routes: RouteSet<S>,
    authenticators: Vec<Authenticator<S>>,
    anonymous: Option<Cow<'static, str>>,
    prefers_own_order: bool,
    application_only: bool,
    problems: Vec<Problem>,
    on_connect: Vec<Unbound<ConnectRequest, S>>,
    on_join: Vec<Unbound<JoinRequest, S>>,
    service: Option<ProcedureService>,
    layers: Vec<Box<dyn FnOnce(ProcedureService) -> ProcedureService + Send>>,
    serial_calls: bool,
    strict_uris: bool,
    offers: Offers,
    access: AccessRules,
    authorizers: AuthorizerSources<S>,
    topic_settings: Vec<SettingsEntry<TopicSettings>>,
    procedure_settings: Vec<SettingsEntry<ProcedureSettings>>,
}

impl<S: Send + Sync + 'static> Realm<S> {
    /// A realm of this name that serves nothing yet and lets nobody in.
    ///
    /// Its clients call what its [routes](Self::routes) serve and subscribe to the topics that they name, and do nothing
    /// else unless it is allowed: [`allow_register`](Self::allow_register), [`allow_publish`](Self::allow_publish),
    /// [`role`](Self::role).
    #[track_caller]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            place: Location::caller(),
            routes: RouteSet::new(),
            authenticators: Vec::new(),
            anonymous: None,
            prefers_own_order: false,
            application_only: false,
            problems: Vec::new(),
            on_connect: Vec::new(),
            on_join: Vec::new(),
            service: None,
            layers: Vec::new(),
            serial_calls: false,
            strict_uris: false,
            offers: Offers::default(),
            access: AccessRules::default(),
            authorizers: AuthorizerSources::default(),
            topic_settings: Vec::new(),
            procedure_settings: Vec::new(),
        }
    }

    /// A router's realm of this name: clients may register, publish, call and subscribe, and ask the meta API.
    ///
    /// What the application serves in it by [`routes`](Self::routes) stands beside what clients register. It lets
    /// nobody in either until that is [allowed](Self::allow_anonymous).
    ///
    /// ```
    /// use serverwamp::{Application, Realm};
    ///
    /// let router = Application::builder().realm(Realm::router("realm1").allow_anonymous("guest")).build();
    /// # router.unwrap();
    /// ```
    #[track_caller]
    pub fn router(name: impl Into<String>) -> Self {
        Self::new(name).allow_register().allow_publish().meta_api()
    }

    /// Treats the events of some topics in a special way. Of several settings for a topic the best match counts: the
    /// exact one, then the longest prefix, then the most specific wildcard.
    #[track_caller]
    pub fn topic_settings(mut self, topics: impl Into<RoutePattern>, settings: TopicSettings) -> Self {
        self.topic_settings.push((topics.into(), settings, Location::caller()));
        self
    }

    /// Treats the calls of some procedures in a special way; as [`topic_settings`](Self::topic_settings).
    #[track_caller]
    pub fn procedure_settings(
        mut self,
        procedures: impl Into<RoutePattern>,
        settings: ProcedureSettings,
    ) -> Self {
        self.procedure_settings.push((procedures.into(), settings, Location::caller()));
        self
    }

    /// Adds routes; may be called several times.
    pub fn routes(mut self, routes: RouteSet<S>) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Runs `handler` around every session, from before its authentication to its end.
    ///
    /// The session has no identity yet when it starts. Handlers start in the order they were added, each when the one
    /// before has accepted.
    pub fn on_connect<H, T>(mut self, handler: H) -> Self
    where
        H: ConnectHandler<T, S>,
        T: 'static,
    {
        self.on_connect.push(Unbound::new(handler));
        self
    }

    /// Runs `handler` around every authenticated session, from before its WELCOME to its end.
    pub fn on_join<H, T>(mut self, handler: H) -> Self
    where
        H: JoinHandler<T, S>,
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

    /// The same realm, whose handlers have their state.
    pub(crate) fn with_state(self, state: &SharedState<S>) -> Realm<()> {
        Realm {
            name: self.name,
            place: self.place,
            routes: self.routes.with_state(state),
            authenticators: self.authenticators.into_iter().map(|one| one.with_state(state)).collect(),
            anonymous: self.anonymous,
            prefers_own_order: self.prefers_own_order,
            application_only: self.application_only,
            problems: self.problems,
            on_connect: self.on_connect.into_iter().map(|handler| handler.with_state(state)).collect(),
            on_join: self.on_join.into_iter().map(|handler| handler.with_state(state)).collect(),
            service: self.service,
            layers: self.layers,
            serial_calls: self.serial_calls,
            strict_uris: self.strict_uris,
            offers: self.offers,
            access: self.access,
            authorizers: self.authorizers.with_state(state),
            topic_settings: self.topic_settings,
            procedure_settings: self.procedure_settings,
        }
    }
}

impl Realm<()> {
    /// The blueprint of the running realm; its faults go to `problems`.
    pub(crate) fn compile(self, limits: &Limits, problems: &mut Vec<Problem>) -> Blueprint {
        let state = SharedState::none();
        let mut rules = if self.strict_uris { UriRules::strict() } else { UriRules::loose() };
        rules.max_length = limits.uri_bytes;
        rules.max_components = limits.uri_components;
        if let Err(error) = rules.check(&self.name, Match::Exact) {
            problems.push(Problem::new(
                self.place,
                format!("{:?} is not a valid realm name: {error}", self.name),
            ));
        }
        problems.extend(self.admission_problem());
        if self.authenticators.is_empty() {
            let required = self.routes.required_roles();
            problems.extend(self.access.problems_of_only_role(
                &self.name,
                self.anonymous.as_deref(),
                &required,
            ));
        }
        problems.extend(self.problems);
        problems.extend(self.routes.problems);
        let mut table = RouteTable::default();
        for route in self.routes.procedures {
            problems.extend(route.enter(&mut table, &rules).err());
        }
        for route in self.routes.topics {
            problems.extend(route.enter(&mut table, &rules).err());
        }
        let routes = Arc::new(table);
        let events = self.offers.meta_api;
        let reserved = ReservedUris { calls: events || self.service.is_some(), events };
        let access = self.access.compile(routes.open_topics(), reserved, &rules, limits, problems);
        let access = self.authorizers.compile(access, &rules, problems);
        let service = service(self.service, self.layers, &routes);
        let topic_settings = SettingsTable::compile(self.topic_settings, &rules, problems);
        let procedure_settings = SettingsTable::compile(self.procedure_settings, &rules, problems);
        let config = RealmConfig {
            rules,
            anonymous: self.anonymous.map(|authrole| Anonymous { authrole }),
            prefers_own_order: self.prefers_own_order,
            offers: self.offers,
            access,
            topic_settings,
            procedure_settings,
        };
        let code = RealmCode {
            routes,
            service,
            authenticators: self.authenticators.into_iter().map(Authenticator::run).collect(),
            on_connect: self.on_connect.into_iter().map(|handler| handler.bind(state)).collect(),
            on_join: self.on_join.into_iter().map(|handler| handler.bind(state)).collect(),
            serial_calls: self.serial_calls,
        };
        Blueprint { name: self.name.into(), config, code }
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
    let innermost = replacement.unwrap_or_else(|| ProcedureService::new(Routed(Arc::clone(routes))));
    Some(layers.into_iter().fold(innermost, |inner, layer| layer(inner)))
}

impl<S> fmt::Debug for Realm<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realm")
            .field("name", &self.name)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
