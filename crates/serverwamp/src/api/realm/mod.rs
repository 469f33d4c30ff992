//! A realm: its routes, its way to authenticate, its lifecycles.

mod authentication;
mod authorizers;
mod compile;
mod permissions;
mod register;
mod renewal;
mod role_limits;
mod roles;
mod subscribe;
mod template;
#[cfg(test)]
mod tests;

pub(crate) use self::compile::CompilePurpose;
pub use self::roles::RoleRules;
pub use self::template::RealmTemplate;

use crate::Session;
use crate::api::auth::Authenticator;
use crate::api::handler::{ConnectHandler, JoinHandler, SharedState, Unbound};
use crate::api::routes::RouteSet;
use crate::base::error::Problem;
use crate::peering::{CallLayer, ProcedureService, RoutePattern};
use crate::router::realm::{
    KeepSession, Offers, ProcedureSettings, RealmLimits, SettingsEntry, TopicSettings,
};
use crate::router::request::{ConnectRequest, JoinRequest};
use authorizers::AuthorizerSources;
use permissions::AccessRules;
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
    keeps_expired: bool,
    renews: bool,
    application_only: bool,
    problems: Vec<Problem>,
    on_connect: Vec<Unbound<ConnectRequest, S>>,
    on_join: Vec<Unbound<JoinRequest, S>>,
    keep: Option<KeepSession>,
    service: Option<ProcedureService>,
    layers: Vec<WrapCalls>,
    serial_calls: bool,
    strict_uris: bool,
    offers: Offers,
    limits: RealmLimits,
    access: AccessRules,
    authorizers: AuthorizerSources<S>,
    topic_settings: Vec<SettingsEntry<TopicSettings>>,
    procedure_settings: Vec<SettingsEntry<ProcedureSettings>>,
}

/// Wraps all call handling of a realm.
type WrapCalls = Box<dyn FnOnce(ProcedureService) -> ProcedureService + Send>;

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
            keeps_expired: false,
            renews: false,
            application_only: false,
            problems: Vec::new(),
            on_connect: Vec::new(),
            on_join: Vec::new(),
            keep: None,
            service: None,
            layers: Vec::new(),
            serial_calls: false,
            strict_uris: false,
            offers: Offers::default(),
            limits: RealmLimits::default(),
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

    /// Says which sessions stay when this configuration [replaces another one](crate::Realms::reconfigure): those for which `keep`
    /// returns true; the others end with GOODBYE `wamp.close.killed`. By default all stay that could still come in.
    ///
    /// It is asked once for each session that was let in before, also for one whose authentication was under way, and is the place to
    /// look for users who have been removed or have another role now. It must not block.
    ///
    /// ```
    /// use serverwamp::{Realm, Session};
    /// use std::collections::HashSet;
    ///
    /// fn shop(users: HashSet<String>) -> Realm {
    ///     Realm::router("shop").keep_sessions(move |session| users.contains(session.authid()))
    /// }
    /// # shop(HashSet::new());
    /// ```
    pub fn keep_sessions(mut self, keep: impl Fn(&Session) -> bool + Send + Sync + 'static) -> Self {
        self.keep = Some(Arc::new(keep));
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

    /// Changes the limits of this realm; see [`RealmLimits`].
    ///
    /// ```
    /// use serverwamp::{Realm, RealmTemplate, prefix};
    ///
    /// let shop: Realm = Realm::router("shop").allow_anonymous("guest").limits(|limits| limits.sessions = Some(500));
    /// // Those of a template are what its realms are made with.
    /// let tenants: RealmTemplate = RealmTemplate::new(prefix("tenant."), |name| {
    ///     Realm::router(name).limits(|limits| (limits.sessions, limits.retained_events) = (Some(100), Some(1000)))
    /// });
    /// # drop((shop, tenants));
    /// ```
    pub fn limits(mut self, change: impl FnOnce(&mut RealmLimits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Accepts only strict URIs (`[0-9a-z_]` in every component) from peers.
    pub fn strict_uris(mut self) -> Self {
        self.strict_uris = true;
        self
    }

    /// Gives the realm's handlers their state, for a realm that is [added](crate::Realms::add) while the application runs. Others get it
    /// from [`ApplicationBuilder::with_state`](crate::ApplicationBuilder::with_state).
    pub fn with_state(self, state: S) -> Realm<()> {
        self.bind(&SharedState::new(state))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The same realm, whose handlers have their state.
    pub(crate) fn bind(self, state: &SharedState<S>) -> Realm<()> {
        Realm {
            name: self.name,
            place: self.place,
            routes: self.routes.with_state(state),
            authenticators: self.authenticators.into_iter().map(|one| one.with_state(state)).collect(),
            anonymous: self.anonymous,
            prefers_own_order: self.prefers_own_order,
            keeps_expired: self.keeps_expired,
            renews: self.renews,
            application_only: self.application_only,
            problems: self.problems,
            on_connect: self.on_connect.into_iter().map(|handler| handler.with_state(state)).collect(),
            on_join: self.on_join.into_iter().map(|handler| handler.with_state(state)).collect(),
            keep: self.keep,
            service: self.service,
            layers: self.layers,
            serial_calls: self.serial_calls,
            strict_uris: self.strict_uris,
            offers: self.offers,
            limits: self.limits,
            access: self.access,
            authorizers: self.authorizers.with_state(state),
            topic_settings: self.topic_settings,
            procedure_settings: self.procedure_settings,
        }
    }
}

impl<S> fmt::Debug for Realm<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realm")
            .field("name", &self.name)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
