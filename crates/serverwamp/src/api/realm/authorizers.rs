//! The authorizers of a realm: its own, those of single roles, and what makes the realm forget their decisions.

use super::Realm;
use crate::api::handler::{AuthorizerHandler, SharedState, Unbound};
use crate::base::error::Problem;
use crate::router::realm::{Access, Authorizer, Authorizers};
use crate::router::request::AuthorizerRequest;
use hashbrown::HashMap;
use serverwamp_proto::pattern::Match;
use serverwamp_proto::permissions::Action;
use serverwamp_proto::uri::{self, UriRules};
use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;

type SourcePlace = &'static Location<'static>;

/// One that decides, which may still wait for its state.
pub(super) enum AuthorizerSource<S> {
    Handler(Unbound<AuthorizerRequest, S>),
    Procedure(String),
}

/// The authorizers of a realm as they are put together; `None` for the realm itself.
pub(super) struct AuthorizerSources<S> {
    sources: Vec<(Option<Cow<'static, str>>, AuthorizerSource<S>, SourcePlace)>,
    forget_on: Option<(String, SourcePlace)>,
}

impl<S> Default for AuthorizerSources<S> {
    fn default() -> Self {
        Self { sources: Vec::new(), forget_on: None }
    }
}

impl<S: Send + Sync + 'static> Realm<S> {
    /// Lets `handler` decide what no permission names, for every role without an [authorizer of its
    /// own](Self::role_authorizer). It is an async function with extractors: the
    /// [`Question`](crate::request::Question), the [`Session`](crate::Session) that asks, the state. It returns a
    /// [`Verdict`](crate::request::Verdict), a `bool`, or a `Result` of these.
    ///
    /// **Permissions come first.** What a permission of the [role](Self::role) names is allowed or denied by it at once. Of a
    /// role without permissions every request is asked about: what [`allow_register`](Self::allow_register),
    /// [`allow_publish`](Self::allow_publish) and open topics allow is not for it, and a subscription that the authorizer
    /// allows needs no open topic. Meta procedures and meta events are asked about as well; the realm has to offer the
    /// [meta API](Self::meta_api), and ending sessions is for [`administrators`](Self::administrators) besides.
    ///
    /// An `Err`, a panic, and no answer within [`Limits::decision_timeout`](crate::Limits::decision_timeout) deny with
    /// `wamp.error.authorization_failed`, and the log has the reason. While a request waits, later requests of its kind
    /// from its session wait behind it, CALL behind CALL and PUBLISH behind PUBLISH, so that their order is kept; all of them
    /// are asked about at once. At most [`Limits::undecided_requests`](crate::Limits::undecided_requests) of a session wait.
    ///
    /// ```
    /// use serverwamp::request::{Question, Verdict};
    /// use serverwamp::{Action, Realm, Session};
    ///
    /// async fn authorize(question: Question, session: Session) -> Verdict {
    ///     let own = question.uri().strip_prefix("users.").and_then(|rest| rest.split('.').next());
    ///     Verdict::from(question.action() != Action::Register && own == Some(session.authid()))
    /// }
    ///
    /// let site: Realm = Realm::router("site").allow_anonymous("guest").authorizer(authorize);
    /// ```
    #[track_caller]
    pub fn authorizer<H, T>(mut self, handler: H) -> Self
    where
        H: AuthorizerHandler<T, S>,
        T: 'static,
    {
        let source = AuthorizerSource::Handler(Unbound::new(handler));
        self.authorizers.sources.push((None, source, Location::caller()));
        self
    }

    /// As [`authorizer`](Self::authorizer) for the sessions of one role.
    #[track_caller]
    pub fn role_authorizer<H, T>(mut self, authrole: impl Into<Cow<'static, str>>, handler: H) -> Self
    where
        H: AuthorizerHandler<T, S>,
        T: 'static,
    {
        let (authrole, place) = (authrole.into(), Location::caller());
        self.speak_of(authrole.clone(), place);
        let source = AuthorizerSource::Handler(Unbound::new(handler));
        self.authorizers.sources.push((Some(authrole), source, place));
        self
    }

    /// As [`authorizer`](Self::authorizer), by a procedure that a client registers: Crossbar.io's dynamic authorizers.
    ///
    /// It is called with the session's details, the URI, the action and the options, and answers with a boolean or a
    /// dictionary: `allow`, and if need be `disclose`, `cache`, `retain`, `history`, all booleans. `cache` keeps the decision
    /// for [`Limits::cached_decision_time`](crate::Limits::cached_decision_time). The call is not itself authorized. As long as
    /// nobody has registered exactly this URI, what no permission names is denied with `wamp.error.authorization_failed`.
    ///
    /// **Registering it needs a permission** that names it, because nobody could be asked; so the role of the session that
    /// registers it has permissions. [`RoleRules::authorizer_procedure`](crate::RoleRules::authorizer_procedure) is the same
    /// for one role.
    ///
    /// ```
    /// use serverwamp::{Actions, Realm, auth};
    /// # use serverwamp::auth::{AuthId, Principal, Ticket};
    /// # async fn check(AuthId(id): AuthId, Ticket(_): Ticket) -> Option<Principal> { Some(Principal::new(id)) }
    ///
    /// let realm: Realm = Realm::router("realm1")
    ///     .authenticator(auth::ticket(check))
    ///     .role("authorizer", |role| role.allow(Actions::REGISTER, "com.acme.authorize"))
    ///     .authorizer_procedure("com.acme.authorize");
    /// ```
    #[track_caller]
    pub fn authorizer_procedure(mut self, procedure: impl Into<String>) -> Self {
        let source = AuthorizerSource::Procedure(procedure.into());
        self.authorizers.sources.push((None, source, Location::caller()));
        self
    }

    /// Forgets the decisions of authorizers that are kept at each event of this topic: those of the `authid`, the `authrole`
    /// or both that are among its arguments, first and second or by name, and all where there are none. What these sessions hold is
    /// asked about again: publish it when a right was taken away, and it is gone.
    ///
    /// The application may publish it, and roles with a permission that names the topic; no authorizer is asked about that.
    /// [`RealmHandle::forget_decisions`](crate::RealmHandle::forget_decisions) does the same without an event.
    #[track_caller]
    pub fn forget_decisions_on(mut self, topic: impl Into<String>) -> Self {
        self.authorizers.forget_on = Some((topic.into(), Location::caller()));
        self
    }
}

impl<S: Send + Sync + 'static> AuthorizerSources<S> {
    /// The procedure that is the authorizer of a role.
    pub(super) fn procedure_of_role(
        &mut self,
        authrole: Cow<'static, str>,
        procedure: String,
        place: SourcePlace,
    ) {
        self.sources.push((Some(authrole), AuthorizerSource::Procedure(procedure), place));
    }

    /// The same, whose handlers have their state.
    pub(super) fn with_state(self, state: &SharedState<S>) -> AuthorizerSources<()> {
        let bound = |source| match source {
            AuthorizerSource::Handler(handler) => AuthorizerSource::Handler(handler.with_state(state)),
            AuthorizerSource::Procedure(uri) => AuthorizerSource::Procedure(uri),
        };
        let sources = self.sources.into_iter();
        let sources = sources.map(|(role, source, place)| (role, bound(source), place)).collect();
        AuthorizerSources { sources, forget_on: self.forget_on }
    }
}

impl AuthorizerSources<()> {
    /// What a realm with these permissions runs with; what is wrong goes to `problems`.
    pub(super) fn compile(self, access: Access, rules: &UriRules, problems: &mut Vec<Problem>) -> Access {
        let check = |uri: &str, what: &str| {
            let fault = match rules.check(uri, Match::Exact) {
                Err(error) => error.to_string(),
                Ok(()) if uri::is_reserved(uri) => {
                    "URIs that start with `wamp.` are the router's own".to_owned()
                }
                Ok(()) => return None,
            };
            Some(format!("{what} {uri:?}: {fault}"))
        };
        let mut compiled = Authorizers::default();
        let mut roles = HashMap::new();
        for (role, source, place) in self.sources {
            let authorizer = match source {
                AuthorizerSource::Handler(handler) => Authorizer::Handler(handler.bind(SharedState::none())),
                AuthorizerSource::Procedure(uri) => {
                    let nobodys = || {
                        let text = format!(
                            "no role may register the authorizer {uri:?}, so everything would be denied: allow one, \
                             `role.allow(Actions::REGISTER, {uri:?})`"
                        );
                        (!access.some_role_may(Action::Register, &uri)).then_some(text)
                    };
                    let fault = check(&uri, "the authorizer").or_else(nobodys);
                    problems.extend(fault.map(|text| Problem::new(place, text)));
                    Authorizer::Procedure(uri.into())
                }
            };
            let (whose, former) = match role {
                None => ("the realm".to_owned(), compiled.realm.replace(authorizer)),
                Some(role) => (format!("role {role:?}"), roles.insert(Box::from(&*role), authorizer)),
            };
            if let Some(former) = former {
                let text = format!("{whose} already has {former}, which would never be asked");
                problems.push(Problem::new(place, text));
            }
        }
        compiled.roles = roles;
        if let Some((topic, place)) = self.forget_on {
            problems.extend(check(&topic, "the topic").map(|text| Problem::new(place, text)));
            if compiled.is_empty() {
                let text = "there is no authorizer whose decisions could be forgotten".to_owned();
                problems.push(Problem::new(place, text));
            }
            compiled.forget_on = Some(Arc::from(topic));
        }
        access.with_authorizers(compiled)
    }
}
