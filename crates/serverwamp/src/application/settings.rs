//! The settings of an application that may be replaced while it serves.

use super::Application;
use super::realms::changed_meanwhile;
use crate::base::error::{ConfigError, Problem};
use crate::base::limits::Limits;
use crate::base::proxies::TrustedProxies;
use crate::transport::long_poll::LongPollConfig;
use crate::transport::rawsocket::RawSocketConfig;
use crate::transport::websocket::WebSocketConfig;
use crate::transport::{AllowedRealms, CarrierSettings, CurrentSettings, impossible};
use std::panic::Location;
use std::sync::Arc;

/// The settings of an application that may be replaced while it serves, by [`Application::reconfigure`] or together with realms by
/// [`RealmChanges::settings`](crate::RealmChanges::settings).
///
/// # When they take effect
///
/// Nobody who is there is sent away. Which limits a connection or a session has is decided once:
///
/// | settings | apply to |
/// |---|---|
/// | `connections`, `connections_per_address`, `unauthenticated`, `unauthenticated_per_address`, `transports_per_connection` | the next connection. Those that were accepted while addresses had no limit do not count for their address |
/// | `hello_timeout`, `authenticate_timeout`, `goodbye_timeout`, `idle_timeout`, `hello_bytes`, `requests_per_second`, `requests_burst`, `outgoing_bytes`, `outgoing_messages`, `outgoing_message_bytes`, `drain_bytes`, `drain_time`, `discarded_bytes`, `overflow`, `nesting`, `strict_request_ids`, and the lengths of what is read (`receivers`, `receivers_bytes`, `meta_arguments`) | connections that begin from then on: a WebSocket when it is upgraded, RawSocket behind its handshake, a long-polling transport when it is opened |
/// | `grace`, `calls_in_flight`, `subscriptions`, `pattern_subscriptions`, `registrations`, `pattern_registrations`, `invocations_in_flight`, `invocations_in_flight_of_caller`, `testaments`, `undecided_requests`, `decision_timeout`, `longest_call_timeout`, `strict_progressive_results`, and the arguments that are held for a session (`outgoing_bytes`) | sessions whose HELLO comes from then on |
/// | `calls_in_flight_in_all`, `calls_in_flight_of_realm`, `borrowed_bytes`, `login_delay` | the next call, queue or attempt of anybody. Calls that wait go on waiting, and what is lent stays lent |
/// | `retained_events`, `retained_bytes`, `retained_events_of_session`, `retained_bytes_of_session`, `retained_age` | the next event. What is retained stays retained, and an event may replace one that takes as much |
/// | `cached_decisions`, `cached_decision_time` | the next decision. If what is kept may be beyond a lower limit, it is forgotten, and authorizers are asked again |
/// | `uri_bytes`, `uri_components` | realms that are added, made or reconfigured from then on, and templates that are added or replaced |
/// | `websocket`, `rawsocket`, `long_poll`, `trusted_proxies` | connections that are accepted from then on. One that was accepted before and carries HTTP requests ends behind its next answer, and what it opens until then has the former settings |
///
/// ```
/// use serverwamp::{Application, Realm};
///
/// let app = Application::builder().realm(Realm::new("realm1").allow_anonymous("guest")).build()?;
/// app.reconfigure(|settings| settings.limits.calls_in_flight = 64)?;
/// assert_eq!(app.settings().limits.calls_in_flight, 64);
/// # Ok::<(), serverwamp::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ApplicationSettings {
    /// What a peer may use.
    pub limits: Limits,
    /// How WebSockets are accepted.
    pub websocket: WebSocketConfig,
    /// How RawSocket connections are accepted.
    pub rawsocket: RawSocketConfig,
    /// How clients are served that poll over HTTP.
    pub long_poll: LongPollConfig,
    /// The reverse proxies whose headers name a peer's address.
    pub trusted_proxies: TrustedProxies,
}

impl Application {
    /// A copy of the settings as they are now.
    pub fn settings(&self) -> ApplicationSettings {
        ApplicationSettings::from(&**self.inner().settings.now())
    }

    /// Changes the settings while the application serves. [`ApplicationSettings`] says when each takes effect; nobody is sent away.
    ///
    /// # Errors
    /// Everything that can never work, as [`build`](crate::ApplicationBuilder::build) reports it, and that somebody else has changed
    /// them at the same time; then nothing has changed.
    #[track_caller]
    pub fn reconfigure(&self, change: impl FnOnce(&mut ApplicationSettings)) -> Result<(), ConfigError> {
        let place = Location::caller();
        let former = Arc::clone(&self.inner().settings.now());
        let mut settings = ApplicationSettings::from(&*former);
        change(&mut settings);
        let problems = settings.problems(place);
        if !problems.is_empty() {
            return Err(ConfigError::of_settings(problems));
        }
        let applied = self.inner().apply(Vec::new(), Some((former, settings.into())));
        applied.map(drop).map_err(|name| changed_meanwhile(place, &name))
    }
}

impl ApplicationSettings {
    /// What can never work.
    pub(super) fn problems(&self, place: &'static Location<'static>) -> Vec<Problem> {
        let proxies = self.trusted_proxies.impossible().iter().cloned();
        let texts = impossible::in_limits(&self.limits)
            .into_iter()
            .chain(impossible::in_websocket(&self.websocket))
            .chain(impossible::in_rawsocket(&self.rawsocket))
            .chain(impossible::in_long_poll(&self.long_poll))
            .chain(proxies);
        texts.map(|text| Problem::new(place, text)).collect()
    }
}

impl From<&CurrentSettings> for ApplicationSettings {
    fn from(current: &CurrentSettings) -> Self {
        let CarrierSettings { websocket, long_poll, rawsocket, proxies, realms: _ } =
            (*current.carriers).clone();
        let limits = (*current.limits).clone();
        Self { limits, websocket, rawsocket, long_poll, trusted_proxies: proxies }
    }
}

impl From<ApplicationSettings> for CurrentSettings {
    fn from(settings: ApplicationSettings) -> Self {
        let ApplicationSettings { limits, websocket, rawsocket, long_poll, trusted_proxies } = settings;
        let (proxies, realms) = (trusted_proxies, AllowedRealms::default());
        let carriers = CarrierSettings { websocket, long_poll, rawsocket, proxies, realms };
        Self { limits: Arc::new(limits), carriers: Arc::new(carriers) }
    }
}
