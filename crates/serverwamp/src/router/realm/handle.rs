//! A running realm, as application code holds it.

use super::Ruling;
use super::decisions::Forgotten;
use super::publication::Publication;
use super::running::RunningRealm;
use crate::peering::payload::ToArguments;
use crate::peering::{
    Calling, Compiled, FromResults, Matched, PatternShape, Registration, RegistrationKeeper, RoutePattern,
    Served, Subscriber, Takes, WAITING_EVENTS,
};
use crate::router::dealer::RegistrationEntry;
use crate::router::routes::{ProcedureRoute, RequiredRoles};
use crate::{Session, WampError};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{PublicationId, SessionId};
use serverwamp_proto::message::Receivers;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::permissions::Action;
use serverwamp_proto::{uri, uris};
use std::fmt;
use std::sync::Arc;

/// A running realm, of which the application is a peer: publish to its topics, call its clients, serve and subscribe at
/// run time, look at its sessions.
///
/// Every kind of handler can take it as an argument; elsewhere it comes from
/// [`Application::realm`](crate::Application::realm).
///
/// ```
/// use serverwamp::extract::Arg;
/// use serverwamp::{RealmHandle, WampError};
///
/// async fn put(Arg(title): Arg<String>, realm: RealmHandle) -> Result<(), WampError> {
///     realm.publish("docs.changes", ("put", title))?;
///     Ok(())
/// }
/// # serverwamp::RouteSet::<()>::new().procedure("docs.put", put);
/// ```
#[derive(Clone)]
pub struct RealmHandle(Arc<RunningRealm>);

impl RealmHandle {
    pub(crate) fn new(realm: Arc<RunningRealm>) -> Self {
        Self(realm)
    }

    pub(super) fn into_inner(self) -> Arc<RunningRealm> {
        self.0
    }

    /// The realm's name.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Publishes an event to all subscribers of `topic`, exact, prefix and wildcard, and returns its id.
    ///
    /// A tuple is the positional arguments, any other `Serialize` is one of them, [`Kwargs`](crate::extract::Kwargs) are
    /// keywords: [`ToArguments`] has the whole table. The events of one task reach a subscriber in the order they were
    /// published in.
    ///
    /// # Errors
    /// When the topic is not a URI, or the payload cannot be encoded for any receiver. Receivers for whose serializer
    /// it cannot, such as a NaN in JSON, are passed over.
    pub fn publish<M>(
        &self,
        topic: &str,
        arguments: impl ToArguments<M>,
    ) -> Result<PublicationId, WampError> {
        self.publication(topic).send(arguments)
    }

    /// As [`publish`](Self::publish), and then waits until subscribers that have much waiting have room for more.
    ///
    /// This is for who publishes more than a burst: everybody who reads at the rate of
    /// [`Limits::drain_bytes`](crate::Limits::drain_bytes) gets every event, however many there are, and one who does not
    /// holds this up for [`Limits::drain_time`](crate::Limits::drain_time), once. Nothing is waited for while all subscribers
    /// keep up.
    ///
    /// ```
    /// use serverwamp::extract::Arg;
    /// use serverwamp::{RealmHandle, WampError};
    ///
    /// async fn replay(Arg(lines): Arg<Vec<String>>, realm: RealmHandle) -> Result<(), WampError> {
    ///     for line in lines {
    ///         realm.publish_and_wait("log.lines", line).await?;
    ///     }
    ///     Ok(())
    /// }
    /// # serverwamp::RouteSet::<()>::new().procedure("log.replay", replay);
    /// ```
    ///
    /// # Errors
    /// As for [`publish`](Self::publish), without waiting.
    pub async fn publish_and_wait<M>(
        &self,
        topic: &str,
        arguments: impl ToArguments<M>,
    ) -> Result<PublicationId, WampError> {
        self.publication(topic).send_and_wait(arguments).await
    }

    /// A publication to `topic` that only some sessions are to get, or that is kept for later ones.
    pub fn publication(&self, topic: impl Into<String>) -> Publication {
        Publication {
            realm: Arc::clone(&self.0),
            topic: topic.into(),
            receivers: Receivers::default(),
            retain: false,
            forward_for: None,
        }
    }

    /// Calls a procedure that a client has registered; await it for the results.
    ///
    /// A tuple is the positional arguments: [`ToArguments`]. The results are what they are read as: any
    /// `serde::Deserialize`, or a [`CallResult`](crate::CallResult).
    ///
    /// ```
    /// use serverwamp::{RealmHandle, WampError};
    ///
    /// async fn average(realm: RealmHandle) -> Result<f64, WampError> {
    ///     let sum: f64 = realm.call("sensors.sum", ("kitchen",)).await?;
    ///     let count: f64 = realm.call("sensors.count", ("kitchen",)).await?;
    ///     Ok(sum / count)
    /// }
    /// # serverwamp::RouteSet::<()>::new().procedure("sensors.average", average);
    /// ```
    ///
    /// # Errors
    /// The callee's error, `wamp.error.no_such_procedure` when there is no callee, `wamp.error.canceled` when the
    /// callee left. Procedures that the application serves itself are plain functions: call those.
    pub fn call<T: FromResults, M>(
        &self,
        procedure: impl Into<String>,
        arguments: impl ToArguments<M>,
    ) -> Calling<T> {
        // It can represent everything that any serializer can; the payload is transcoded for the callee.
        let payload = arguments.to_arguments(Serializer::MessagePack);
        let realm: Arc<RunningRealm> = Arc::clone(&self.0);
        Calling::new(realm, procedure.into(), payload)
    }

    /// Registers a bound handler; see `register` in `api::realm`.
    pub(crate) fn register_served(
        &self,
        pattern: &RoutePattern,
        served: Served,
        takes: Takes,
    ) -> Result<Registration, WampError> {
        let pattern = self.compile(pattern)?;
        let matched = match pattern.kind() {
            Match::Exact => Matched::Exact,
            _ => Matched::Pattern(Arc::new(pattern.clone())),
        };
        let route = ProcedureRoute {
            uri: pattern.as_str().into(),
            matched,
            served,
            takes,
            required: RequiredRoles::default(),
        };
        let entry = self.0.dealer.register_local(self.0.changes(), &pattern, route)?;
        let id = entry.id;
        Ok(Registration::new(id, Box::new(OwnRegistration { realm: Arc::clone(&self.0), entry })))
    }

    /// Subscribes the application to a topic or a pattern of topics: a stream of events until it is dropped.
    ///
    /// Up to 1024 events wait, or 4 MiB; beyond, the oldest are dropped and counted.
    ///
    /// ```no_run
    /// # async fn example(realm: serverwamp::RealmHandle) -> Result<(), serverwamp::WampError> {
    /// let mut readings = realm.subscribe(serverwamp::prefix("sensors."))?;
    /// while let Some(event) = readings.recv().await {
    ///     println!("{}: {:?}", event.topic(), event.bind::<(f64,)>()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `wamp.error.invalid_uri`, also for regular expressions.
    pub fn subscribe(&self, pattern: impl Into<RoutePattern>) -> Result<Subscriber, WampError> {
        let pattern = self.compile_topic(&pattern.into())?;
        let (id, local) = self.0.broker.subscribe_local(self.0.changes(), &pattern, WAITING_EVENTS);
        let realm: Arc<RunningRealm> = Arc::clone(&self.0);
        Ok(Subscriber::new(realm, id, local))
    }

    /// Removes what is retained of a topic, or of all topics that match a pattern, and says how many events that were.
    ///
    /// ```
    /// use serverwamp::{RealmHandle, WampError, prefix};
    ///
    /// async fn forget(realm: RealmHandle) -> Result<usize, WampError> {
    ///     realm.remove_retained(prefix("sensors.cellar."))
    /// }
    /// # serverwamp::RouteSet::<()>::new().procedure("sensors.forget", forget);
    /// ```
    ///
    /// # Errors
    /// `wamp.error.invalid_uri`, also for regular expressions.
    pub fn remove_retained(&self, pattern: impl Into<RoutePattern>) -> Result<usize, WampError> {
        Ok(self.0.broker.remove_retained(&self.compile(&pattern.into())?))
    }

    /// The number of retained events, and the bytes of memory they take:
    /// [`Limits::retained_events`](crate::Limits::retained_events) and
    /// [`Limits::retained_bytes`](crate::Limits::retained_bytes) are their limits.
    pub fn retained(&self) -> (usize, usize) {
        self.0.broker.count_retained()
    }

    fn compile(&self, pattern: &RoutePattern) -> Result<UriPattern, WampError> {
        let invalid = |text: String| WampError::new(uris::error::INVALID_URI).arg(text);
        match pattern.compile(&self.0.context.config().rules).map_err(invalid)? {
            Compiled::Uri(pattern) => Ok(pattern),
            Compiled::Regex(_) => {
                Err(invalid("peers know URIs, prefixes and wildcards, not regular expressions".to_owned()))
            }
        }
    }

    /// The realm's own topics may be subscribed to as well.
    fn compile_topic(&self, pattern: &RoutePattern) -> Result<UriPattern, WampError> {
        match &pattern.0 {
            PatternShape::Uri(kind, uri) if uri::is_reserved(uri) => {
                self.0.context.check_uri(uri, *kind, None)?;
                Ok(UriPattern::new(*kind, uri.as_str()))
            }
            _ => self.compile(pattern),
        }
    }

    /// Whether the sessions of a role may do this, and which rule says so.
    ///
    /// For CALL and PUBLISH the URI is exact; SUBSCRIBE and REGISTER may be by [`prefix`](crate::prefix) or
    /// [`wildcard`](crate::wildcard) as well. It says nothing of whether there is such a procedure or topic, or of what a
    /// topic's handler says.
    /// [`why_session`](Self::why_session) answers the same for a session.
    ///
    /// ```
    /// use serverwamp::{Action, Actions, Application, Realm, prefix};
    ///
    /// let shop = Realm::new("shop")
    ///     .allow_anonymous("customer")
    ///     .role("customer", |role| role.allow(Actions::CALL, prefix("shop.")));
    /// let app = Application::builder().realm(shop).build()?;
    /// let shop = app.realm("shop").expect("it was added above");
    /// let why = shop.why("customer", Action::Call, "shop.order")?;
    /// assert!(why.is_allowed());
    /// assert_eq!(why.to_string(), "role \"customer\": allow call of prefix \"shop.\"");
    /// let why = shop.why("customer", Action::Call, "admin.restart")?;
    /// assert_eq!(why.to_string(), "role \"customer\": no rule names it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `wamp.error.invalid_uri`, also for a pattern that is called or published to, and for regular expressions.
    pub fn why(
        &self,
        authrole: &str,
        action: Action,
        pattern: impl Into<RoutePattern>,
    ) -> Result<Ruling, WampError> {
        self.0.why(authrole, action, &pattern.into())
    }

    /// Whether the session with this id may do this, and which rule says so: as [`why`](Self::why) for the session's role.
    ///
    /// # Errors
    /// `wamp.error.no_such_session` when it is not in the realm, and what [`why`](Self::why) reports.
    pub fn why_session(
        &self,
        id: SessionId,
        action: Action,
        pattern: impl Into<RoutePattern>,
    ) -> Result<Ruling, WampError> {
        self.0.why_session(id, action, &pattern.into())
    }

    /// Whether the session with this id may do this now: as [`why_session`](Self::why_session), and where an
    /// [authorizer](crate::Realm::authorizer) decides, it is asked, or its decision is taken that is kept.
    ///
    /// # Errors
    /// What [`why_session`](Self::why_session) reports, and `wamp.error.authorization_failed` if the authorizer fails.
    pub async fn ask_session(
        &self,
        id: SessionId,
        action: Action,
        pattern: impl Into<RoutePattern>,
    ) -> Result<Ruling, WampError> {
        self.0.ask_session(id, action, &pattern.into()).await
    }

    /// Forgets all decisions of [authorizers](crate::Realm::authorizer) that are kept, and says how many.
    ///
    /// The authorizers are asked again about every subscription and registration that they decide, some at a time, and what they do
    /// not allow any more is revoked, as after [`Realms::reconfigure`](crate::Realms::reconfigure).
    pub fn forget_decisions(&self) -> usize {
        self.0.forget_decisions(Forgotten::default())
    }

    /// The same for what is about sessions of this authid.
    pub fn forget_decisions_of_authid(&self, authid: impl Into<String>) -> usize {
        self.0.forget_decisions(Forgotten { authid: Some(authid.into()), authrole: None })
    }

    /// The same for what is about sessions of this role.
    pub fn forget_decisions_of_authrole(&self, authrole: impl Into<String>) -> usize {
        self.0.forget_decisions(Forgotten { authid: None, authrole: Some(authrole.into()) })
    }

    /// The sessions that are in the realm now.
    pub fn sessions(&self) -> Vec<Session> {
        self.0.sessions_by_id().values().cloned().map(Session::new).collect()
    }

    /// The session with this id, if it is in the realm.
    pub fn session(&self, id: SessionId) -> Option<Session> {
        self.0.sessions_by_id().get(&id).cloned().map(Session::new)
    }
}

impl fmt::Debug for RealmHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RealmHandle").field(&self.0.name()).finish()
    }
}

/// A registration of the application.
struct OwnRegistration {
    realm: Arc<RunningRealm>,
    entry: Arc<RegistrationEntry>,
}

impl RegistrationKeeper for OwnRegistration {
    fn unregister(&self) {
        self.realm.dealer.unregister_local(self.realm.changes(), &self.entry);
    }
}
