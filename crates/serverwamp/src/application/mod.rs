//! The application: its realms, its limits, and what peers connect to.

mod changes;
mod cluster;
mod metrics;
mod realms;
mod settings;
mod shutdown;

pub use changes::{AppliedChanges, RealmChanges};
pub use realms::Realms;
pub use settings::ApplicationSettings;

use crate::api::auth::{Secret, random_secret};
use crate::api::handler::{NoState, SharedState, StateFor};
use crate::api::realm::{CompilePurpose, Realm, RealmTemplate};
use crate::base::admission::Admissions;
use crate::base::counters::Counters;
use crate::base::error::{ConfigError, Problem};
use crate::base::limits::Limits;
use crate::base::proxies::TrustedProxies;
use crate::peer::Environment;
use crate::router::auth::Slowdown;
use crate::router::measures::Metrics;
use crate::router::realm::{CallPermits, RealmChange, RealmHandle, RealmRegistry, RouterContext};
use crate::rt::guard::guard;
use crate::rt::{Runtime, default_runtime};
use crate::transport::long_poll::LongPollConfig;
use crate::transport::rawsocket::RawSocketConfig;
use crate::transport::shutdown::Connections;
use crate::transport::websocket::WebSocketConfig;
use crate::transport::{
    AllowedRealms, CarrierSettings, CurrentSettings, Pool, RunQueue, SettingsCell, impossible,
};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// A WAMP application that serves: realms, and the transports that lead to them. Cheap to clone.
///
#[doc = include_str!("../docs/first_program.md")]
pub struct Application(Arc<Environment>);

/// The least bytes of a secret that nobody guesses.
const LEAST_SECRET: usize = 16;

/// Puts an application together; `S` is the state that the realms added so far still miss.
#[must_use]
pub struct ApplicationBuilder<S = ()> {
    place: &'static Location<'static>,
    changed: Changed,
    waiting: Vec<(Realm<S>, Placed)>,
    bound: Vec<(Realm<()>, Placed)>,
    waiting_templates: Vec<RealmTemplate<S>>,
    bound_templates: Vec<RealmTemplate<()>>,
    problems: Vec<Problem>,
    limits: Limits,
    websocket: WebSocketConfig,
    long_poll: LongPollConfig,
    rawsocket: RawSocketConfig,
    proxies: TrustedProxies,
    runtime: Option<Arc<dyn Runtime>>,
    default_realm_allowed: bool,
    auth_secret: Option<Secret>,
    metrics: Metrics,
}

/// The place of the last change of settings.
#[derive(Clone, Copy)]
struct Changed {
    limits: &'static Location<'static>,
    websocket: &'static Location<'static>,
    long_poll: &'static Location<'static>,
    rawsocket: &'static Location<'static>,
}

#[derive(Clone, Copy)]
struct Placed {
    place: &'static Location<'static>,
    default: bool,
}

impl Application {
    /// Starts to put an application together.
    #[track_caller]
    pub fn builder<S: Send + Sync + 'static>() -> ApplicationBuilder<S> {
        let place = Location::caller();
        ApplicationBuilder {
            place,
            changed: Changed { limits: place, websocket: place, long_poll: place, rawsocket: place },
            waiting: Vec::new(),
            bound: Vec::new(),
            waiting_templates: Vec::new(),
            bound_templates: Vec::new(),
            problems: Vec::new(),
            limits: Limits::default(),
            websocket: WebSocketConfig::default(),
            long_poll: LongPollConfig::default(),
            rawsocket: RawSocketConfig::default(),
            proxies: TrustedProxies::none(),
            runtime: None,
            default_realm_allowed: true,
            auth_secret: None,
            metrics: Metrics::default(),
        }
    }

    /// The running realm of this name.
    pub fn realm(&self, name: &str) -> Option<RealmHandle> {
        self.0.realms.get(name).map(RealmHandle::new)
    }

    /// The application that has this environment.
    pub(crate) fn of(environment: Arc<Environment>) -> Self {
        Self(environment)
    }

    pub(crate) fn inner(&self) -> &Arc<Environment> {
        &self.0
    }
}

impl Clone for Application {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application").field("realms", &self.0.realms.names()).finish_non_exhaustive()
    }
}

impl<S: Send + Sync + 'static> ApplicationBuilder<S> {
    /// Adds a realm.
    #[track_caller]
    pub fn realm(mut self, realm: Realm<S>) -> Self {
        self.waiting.push((realm, Placed { place: Location::caller(), default: false }));
        self
    }

    /// Adds a realm that also takes the sessions that ask for an unknown realm, but for that of the admin interface ([`Admin::REALM`](crate::Admin::REALM)).
    #[track_caller]
    pub fn default_realm(mut self, realm: Realm<S>) -> Self {
        self.waiting.push((realm, Placed { place: Location::caller(), default: true }));
        self
    }

    /// Adds a template, of which a realm is made for each name that fits when somebody comes; see [`RealmTemplate`].
    pub fn realm_template(mut self, template: RealmTemplate<S>) -> Self {
        self.waiting_templates.push(template);
        self
    }

    /// Sets whether a session that asks for an unknown realm joins the default realm. Default `true`; `false` answers it with
    /// `wamp.error.no_such_realm`, and the default realm is reached by its own name only.
    pub fn allow_default_realm(mut self, allowed: bool) -> Self {
        self.default_realm_allowed = allowed;
        self
    }

    /// Changes limits; see [`Limits`].
    #[track_caller]
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        self.changed.limits = Location::caller();
        change(&mut self.limits);
        self
    }

    /// Changes how WebSockets are accepted; see [`WebSocketConfig`].
    #[track_caller]
    pub fn websocket(mut self, change: impl FnOnce(&mut WebSocketConfig)) -> Self {
        self.changed.websocket = Location::caller();
        change(&mut self.websocket);
        self
    }

    /// Changes how clients are served that poll over HTTP; see [`LongPollConfig`].
    #[track_caller]
    pub fn long_poll(mut self, change: impl FnOnce(&mut LongPollConfig)) -> Self {
        self.changed.long_poll = Location::caller();
        change(&mut self.long_poll);
        self
    }

    /// Changes how RawSocket connections are accepted; see [`RawSocketConfig`].
    #[track_caller]
    pub fn rawsocket(mut self, change: impl FnOnce(&mut RawSocketConfig)) -> Self {
        self.changed.rawsocket = Location::caller();
        change(&mut self.rawsocket);
        self
    }

    /// The reverse proxies in front of the server whose headers name a peer's address. Default: none.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// The secret from which made-up salts derive: an authid that nobody has is challenged with one, like any other, and has to get
    /// the same one each time. At least 16 bytes; [`secret_from_file`](crate::auth::secret_from_file) and
    /// [`secret_from_env`](crate::auth::secret_from_env) read it. Servers that serve the same users share it.
    ///
    /// By default it is random, so that made-up salts change when the program is started again, and salts of users do not:
    /// whoever compares them finds out which names exist.
    #[track_caller]
    pub fn auth_secret(mut self, secret: Secret) -> Self {
        if secret.expose().len() < LEAST_SECRET {
            let text = format!("the secret of `auth_secret` has to have {LEAST_SECRET} bytes at least");
            self.problems.push(Problem::new(Location::caller(), text));
        }
        self.auth_secret = Some(secret);
        self
    }

    /// Runs on this async runtime. Default: tokio; where only the feature `smol` is on, smol.
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// Gives the handlers of all realms added so far their state.
    pub fn with_state(mut self, state: S) -> ApplicationBuilder<()> {
        let state = SharedState::new(state);
        let waiting = self.waiting.into_iter();
        self.bound.extend(waiting.map(|(realm, placed)| (realm.bind(&state), placed)));
        let waiting = self.waiting_templates.into_iter();
        self.bound_templates.extend(waiting.map(|template| template.bind(&state)));
        ApplicationBuilder {
            place: self.place,
            changed: self.changed,
            waiting: Vec::new(),
            bound: self.bound,
            waiting_templates: Vec::new(),
            bound_templates: self.bound_templates,
            problems: self.problems,
            limits: self.limits,
            websocket: self.websocket,
            long_poll: self.long_poll,
            rawsocket: self.rawsocket,
            proxies: self.proxies,
            runtime: self.runtime,
            default_realm_allowed: self.default_realm_allowed,
            auth_secret: self.auth_secret,
            metrics: self.metrics,
        }
    }
}

impl<S: Send + Sync + 'static> ApplicationBuilder<S> {
    /// Builds the application, once its handlers have all their state: call [`with_state`](Self::with_state) first.
    ///
    /// # Errors
    /// Everything that is wrong with realms, routes and settings at once, each with the line it comes from.
    pub fn build(self) -> Result<Application, ConfigError>
    where
        NoState: StateFor<S>,
    {
        let mut this = self.with_state(NoState::state());
        let limits = Arc::new(std::mem::take(&mut this.limits));
        let mut blueprints = Vec::with_capacity(this.bound.len());
        for (realm, placed) in std::mem::take(&mut this.bound) {
            blueprints.push((realm.compile(&limits, &CompilePurpose::Running, &mut this.problems), placed));
        }
        this.problems.extend(realms::rivals(&blueprints));
        let nobody_comes = blueprints.is_empty() && this.bound_templates.is_empty();
        let templates =
            realms::templates(std::mem::take(&mut this.bound_templates), &limits, &mut this.problems);
        if nobody_comes {
            let text = "an application without a realm serves nobody: add one with `.realm(Realm::new(..))`";
            this.problems.push(Problem::new(this.place, text.into()));
        }
        this.note_impossible(&limits);
        let measures = metrics::book(&this.metrics, this.place, &mut this.problems);
        let counters = Arc::<Counters>::default();
        let runtime = this.runtime.or_else(default_runtime);
        if runtime.is_none() {
            let text =
                "no async runtime: enable the feature `tokio` or `smol`, or pass one with `.runtime(..)`";
            this.problems.push(Problem::new(this.place, text.into()));
        }
        let (Some(runtime), true) = (runtime, this.problems.is_empty()) else {
            return Err(ConfigError::of_application(this.problems));
        };
        let runtime = guard(runtime, Arc::clone(&counters));
        let carriers = CarrierSettings {
            websocket: this.websocket,
            long_poll: this.long_poll,
            rawsocket: this.rawsocket,
            proxies: this.proxies,
            realms: AllowedRealms::default(),
        };
        let run_queue = RunQueue::new(Arc::clone(&runtime), Pool::new(limits.pool()));
        let settings =
            SettingsCell::new(CurrentSettings { limits: Arc::clone(&limits), carriers: Arc::new(carriers) });
        let shared = RouterContext {
            settings: settings.clone(),
            counters: Arc::clone(&counters),
            connections: Connections::default(),
            runtime: Arc::clone(&runtime),
            wake_queue: Arc::clone(run_queue.wake_queue()),
            permits: Arc::new(CallPermits::new(&limits)),
            auth_secret: this.auth_secret.unwrap_or_else(random_secret),
            neighbours: Arc::default(),
            node: Arc::default(),
            cluster: Arc::default(),
            slowdown: Arc::new(Slowdown::new(limits.longest_login_delay())),
            measures,
            recent_denials: Arc::default(),
        };
        let (connections, permits) = (shared.connections.clone(), Arc::clone(&shared.permits));
        let realms = Arc::new(RealmRegistry::new(shared, templates));
        for (blueprint, placed) in blueprints {
            let realm = realms.prepare(blueprint);
            if placed.default && this.default_realm_allowed {
                realms.set_default(&realm);
            }
            // Nobody else has the registry yet, and the names are known to differ.
            let _added = realms.apply(vec![RealmChange::Add(realm)], None);
        }
        realms.shared.neighbours.meet(&realms);
        let environment = Arc::new(Environment {
            realms,
            admissions: Admissions::new(&limits, Arc::clone(&counters)),
            settings,
            run_queue,
            runtime,
            connections,
            counters,
            permits,
        });
        environment.realms.shared.node.connect(&environment);
        Ok(Application(environment))
    }

    /// Notes the settings that nobody could be served with.
    fn note_impossible(&mut self, limits: &Limits) {
        for (place, texts) in [
            (self.changed.limits, impossible::in_limits(limits)),
            (self.changed.websocket, impossible::in_websocket(&self.websocket)),
            (self.changed.rawsocket, impossible::in_rawsocket(&self.rawsocket)),
            (self.changed.long_poll, impossible::in_long_poll(&self.long_poll)),
        ] {
            self.problems.extend(texts.into_iter().map(|text| Problem::new(place, text)));
        }
        let texts = self.proxies.impossible().iter().cloned();
        self.problems.extend(texts.map(|text| Problem::new(self.place, text)));
    }
}

impl<S> fmt::Debug for ApplicationBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplicationBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}
