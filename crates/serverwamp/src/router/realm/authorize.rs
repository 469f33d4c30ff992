//! Whether a session may do what it asks for, before anything is looked up for it.
//!
//! Static permissions decide at once. What an authorizer has to be asked is undecided: the connection keeps the request, asks,
//! and handles it again from the beginning with the answer. Invariants: nothing is done for a request before it is decided, so
//! that handling it again does it once; a denial says nothing of what exists, and nothing of the rules; what decided
//! is in the log at DEBUG.

use super::decisions::{Asker, Forgotten};
use super::{
    Access, AskedQuestion, Authorizer, AuthorizerAnswer, Authorizers, GivenAnswer, RealmConfig, RealmContext,
    Ruling, RunningRealm,
};
use crate::WampError;
use crate::base::log::line_later;
use crate::base::statistics::Refusal;
use crate::peering::{Compiled, RoutePattern};
use crate::router::dealer::Found;
use crate::router::meta::is_for_administrators;
use crate::router::request::{Purpose, Question, QuestionOptions, Verdict};
use crate::router::routes::RequiredRoles;
use crate::router::session::RouterSession;
use crate::transport::websocket::excerpt;
use serde::Deserialize;
use serverwamp_proto::id::SessionId;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::permissions::{Action, Actions, Allowance, Decision};
use serverwamp_proto::uris;
use std::sync::Arc;

/// What a session asks for: one of the four actions, for a URI or a pattern.
#[derive(Clone, Copy)]
pub(crate) struct AccessRequest<'a> {
    pub(crate) session: &'a RouterSession,
    pub(crate) action: Action,
    pub(crate) form: Match,
    pub(crate) uri: &'a str,
    pub(crate) options: QuestionOptions,
}

/// What an allowed request may do besides, and what is done to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Granted {
    pub(crate) allowance: Allowance,
    /// It is disclosed whether it asks for that or not.
    pub(crate) disclosed: bool,
    /// How often decisions had been forgotten when its authorizer was asked, if one was.
    pub(crate) asked: Option<u64>,
}

/// A request that does not go on.
#[derive(Debug)]
pub(crate) enum Withheld {
    Denied(WampError),
    /// It waits: for this answer, or only for the requests before it.
    Undecided(Option<Box<AskedQuestion>>),
}

/// What a connection knows of the decisions about its requests.
#[derive(Debug, Default)]
pub(crate) struct GivenAnswers {
    /// Of these kinds a request waits already: those that come after it wait behind it.
    pub(crate) waiting: Actions,
    /// What authorizers have said about the request that is being handled.
    pub(crate) given: Vec<GivenAnswer>,
}

impl From<WampError> for Withheld {
    fn from(error: WampError) -> Self {
        Self::Denied(error)
    }
}

impl<'a> AccessRequest<'a> {
    /// A request for one URI, without options.
    pub(crate) fn exact(session: &'a RouterSession, action: Action, uri: &'a str) -> Self {
        Self { session, action, form: Match::Exact, uri, options: QuestionOptions::default() }
    }

    pub(super) fn asker(self) -> Asker {
        let Self { session, action, form, uri, options } = self;
        Asker {
            authid: session.authid().into(),
            authrole: session.authrole().into(),
            question: Question { action, form, uri: uri.into(), options },
        }
    }
}

impl RealmContext {
    /// What a session may do besides, if it may do this. Locks may be held.
    ///
    /// # Errors
    /// `wamp.error.not_authorized` when it may not; a topic that nobody has opened, and that no permission is about, is
    /// `wamp.error.invalid_uri`. What an authorizer decides, and what waits behind such a request, is undecided until
    /// `answers` has the answer.
    #[inline]
    pub(crate) fn authorize(
        &self,
        config: &RealmConfig,
        request: AccessRequest<'_>,
        answers: &GivenAnswers,
    ) -> Result<Granted, Withheld> {
        let AccessRequest { session, action, form, uri, .. } = request;
        let decision = config.access.decide(session.authrole(), action, form, uri);
        if let Some(authorizers) = config.access.authorizers()
            && let Some(decided) = self.consult((&config.access, authorizers), &decision, request, answers)
        {
            return decided;
        }
        match decision.allowance() {
            Some(allowance) => Ok(Granted { allowance, disclosed: false, asked: None }),
            None => Err(self.denied(&config.access, request).into()),
        }
    }

    /// What an authorizer has decided, if one decides this; otherwise whether the request waits for those before it.
    #[cold]
    fn consult(
        &self,
        (access, authorizers): (&Access, &Authorizers),
        decision: &Decision<'_>,
        request: AccessRequest<'_>,
        answers: &GivenAnswers,
    ) -> Option<Result<Granted, Withheld>> {
        let AccessRequest { session, action, uri, options, .. } = request;
        let role = session.authrole();
        let reserved = authorizers.reserve(action, uri);
        if reserved && !access.has_permissions(role) {
            let why = access.why(role, action, request.form, uri);
            return Some(Err(self.refuse(request, &why).into()));
        }
        let behind = options.purpose == Purpose::Request && answers.waiting.contains(action);
        let wait = |asked: Option<AskedQuestion>| Some(Err(Withheld::Undecided(asked.map(Box::new))));
        let authorizer = match decision {
            Decision::NotNamed if !reserved => authorizers.of(role),
            Decision::NotNamed | Decision::Allowed { .. } | Decision::Denied { .. } => None,
        };
        let Some(authorizer) = authorizer else {
            return if behind { wait(None) } else { None };
        };
        let asker = request.asker();
        if let Some(given) = answers.given.iter().find(|given| given.question == asker.question) {
            let answer = (given.answer, given.asked);
            return Some(self.conclude((access, authorizer), answer, request).map_err(Withheld::Denied));
        }
        let asked = self.decisions.forgotten();
        match self.decisions.find(&asker, self.now()) {
            Ok(_) if behind => wait(None),
            Ok(verdict) => {
                self.counters.decision_reused();
                let answer = (AuthorizerAnswer::Verdict(verdict), asked);
                let decided = self.conclude((access, authorizer), answer, request);
                Some(decided.map_err(Withheld::Denied))
            }
            Err(forgotten) => wait(Some(AskedQuestion { authorizer: authorizer.clone(), asker, forgotten })),
        }
    }

    fn conclude(
        &self,
        (access, authorizer): (&Access, &Authorizer),
        (answer, asked): (AuthorizerAnswer, u64),
        request: AccessRequest<'_>,
    ) -> Result<Granted, WampError> {
        let AccessRequest { session, action, uri, .. } = request;
        match answer {
            AuthorizerAnswer::Verdict(Verdict { allowance: Some(allowance), disclosed, .. }) => {
                let allowance = access.left_of(allowance, request);
                Ok(Granted { allowance, disclosed, asked: Some(asked) })
            }
            AuthorizerAnswer::Verdict(_) => {
                Err(self.refuse(request, &Ruling::denied_by(authorizer, session.authrole())))
            }
            AuthorizerAnswer::Failed => {
                let text = format!("no decision whether to {}", wish(action, uri));
                Err(WampError::new(uris::error::AUTHORIZATION_FAILED).arg(text))
            }
        }
    }

    /// The error for a request that no rule allows. Roles without permissions read what the realm would have to allow.
    #[cold]
    fn denied(&self, access: &Access, request: AccessRequest<'_>) -> WampError {
        let AccessRequest { session, action, form, uri, .. } = request;
        let role = session.authrole();
        match action {
            _ if access.has_permissions(role) || access.authorizers().is_some() => {}
            Action::Subscribe => return self.closed_topic(session, form, uri),
            Action::Register if !access.registers() => {
                return WampError::not_authorized(
                    "only the application registers in this realm; `Realm::allow_register` lets clients",
                );
            }
            Action::Publish if !access.publishes() => {
                return WampError::not_authorized(
                    "only the application publishes in this realm; `Realm::allow_publish` lets clients",
                );
            }
            _ => {}
        }
        self.refuse(request, &access.why(role, action, form, uri))
    }

    /// Counts and logs a denial. The peer reads what it has asked for, and nothing else.
    pub(crate) fn refuse(&self, request: AccessRequest<'_>, why: &Ruling) -> WampError {
        let AccessRequest { session, action, form, uri, .. } = request;
        self.counters.count(Refusal::NotAuthorized, 1);
        line_later!(
            DEBUG,
            "denied",
            "a request is denied",
            realm = self.name,
            authid = session.authid(),
            authrole = session.authrole(),
            session = session.id(),
            action = action,
            uri = UriPattern::new(form, uri),
            why = why
        );
        WampError::not_authorized(format!("not authorized to {}", wish(action, uri)))
    }

    /// Nobody has opened the topic, or all topics that the pattern can reach.
    fn closed_topic(&self, session: &RouterSession, form: Match, uri: &str) -> WampError {
        let pattern = UriPattern::new(form, uri);
        let why = format_args!(
            "nobody opened {pattern}: a realm made by `Realm::new` has the topics of its routes, see `RouteSet::open_topic`"
        );
        self.counters.refused_under_lock(Refusal::ClosedTopic, session, why);
        let text = match form {
            Match::Exact => format!("there is no topic {:?} in this realm", excerpt(uri)),
            form => format!("not all that {form} {:?} matches are topics of this realm", excerpt(uri)),
        };
        WampError::new(uris::error::INVALID_URI).arg(text)
    }

    /// Whether a route is for sessions of this role.
    ///
    /// # Errors
    /// `wamp.error.not_authorized` when it is for others.
    #[inline]
    pub(crate) fn check_role(
        &self,
        required: &RequiredRoles,
        request: AccessRequest<'_>,
    ) -> Result<(), WampError> {
        match required.roles() {
            Some(roles) if !required.admits(request.session.authrole()) => {
                Err(self.refuse(request, &Ruling::role_required(roles)))
            }
            _ => Ok(()),
        }
    }
}

impl RunningRealm {
    /// An event says that decisions are to be forgotten: those of the authid and the authrole among its arguments, or all. Locks
    /// may be held.
    pub(crate) fn forget_on_event(self: &Arc<Self>, event: &Payload) {
        #[derive(Deserialize)]
        struct About {
            #[serde(default)]
            authid: Option<String>,
            #[serde(default)]
            authrole: Option<String>,
        }
        // An event that says it in another way is about everybody.
        let about = event.bind().unwrap_or(About { authid: None, authrole: None });
        self.forget_decisions(Forgotten { authid: about.authid, authrole: about.authrole });
    }

    /// Forgets decisions, and says how many. What the sessions that they are about hold is asked about again.
    pub(super) fn forget_decisions(self: &Arc<Self>, which: Forgotten) -> usize {
        let count = self.context.decisions.forget(&which);
        if self.context.config().access.authorizers().is_some() {
            self.sweep_later(which);
        }
        count
    }
}

/// What a request is for, in words.
fn wish(action: Action, uri: &str) -> String {
    let to = if matches!(action, Action::Publish | Action::Subscribe) { " to" } else { "" };
    format!("{action}{to} {:?}", excerpt(uri))
}

impl RunningRealm {
    /// What is decided for a session, in words.
    pub(super) fn why_session(
        &self,
        id: SessionId,
        action: Action,
        pattern: &RoutePattern,
    ) -> Result<Ruling, WampError> {
        let session = self.sessions_by_id().get(&id).cloned().ok_or_else(|| {
            WampError::new(uris::error::NO_SUCH_SESSION).arg(format!("no session {id} in this realm"))
        })?;
        self.why(session.authrole(), action, pattern)
    }

    /// The same, for which an authorizer is asked if one decides.
    pub(super) async fn ask_session(
        &self,
        id: SessionId,
        action: Action,
        pattern: &RoutePattern,
    ) -> Result<Ruling, WampError> {
        let why = self.why_session(id, action, pattern)?;
        let session = self.sessions_by_id().get(&id).cloned();
        let (Some(session), true) = (session, why.asks_authorizer()) else { return Ok(why) };
        let rules = self.context.config().rules;
        let Compiled::Uri(pattern) = pattern.compile_any(&rules).map_err(WampError::internal)? else {
            return Ok(why);
        };
        let decide = |answers: &GivenAnswers| {
            let exact = AccessRequest::exact(&session, action, pattern.as_str());
            let request = AccessRequest { form: pattern.kind(), ..exact };
            self.context.authorize(&self.context.config(), request, answers)
        };
        let mut answers = GivenAnswers::default();
        let asked = match decide(&answers) {
            Err(Withheld::Undecided(Some(asked))) => asked,
            decided => return why.decided(decided),
        };
        answers.given.push(asked.ask(&session).await);
        why.decided(decide(&answers))
    }

    /// What is decided for a role, in words.
    pub(super) fn why(
        &self,
        role: &str,
        action: Action,
        pattern: &RoutePattern,
    ) -> Result<Ruling, WampError> {
        let invalid = |text: String| WampError::new(uris::error::INVALID_URI).arg(text);
        let config = self.context.config();
        let pattern = match pattern.compile_any(&config.rules).map_err(invalid)? {
            Compiled::Uri(pattern) => pattern,
            Compiled::Regex(_) => {
                return Err(invalid(
                    "peers know URIs, prefixes and wildcards, not regular expressions".to_owned(),
                ));
            }
        };
        if pattern.kind() != Match::Exact && matches!(action, Action::Call | Action::Publish) {
            return Err(invalid(format!("{pattern} is a pattern, and {action} takes one URI")));
        }
        let why = config.access.why(role, action, pattern.kind(), pattern.as_str());
        if !why.is_allowed() && !why.asks_authorizer() {
            return Ok(why);
        }
        let refuses = |required: &RequiredRoles| {
            required.roles().filter(|_| !required.admits(role)).map(Ruling::role_required)
        };
        let besides = match action {
            Action::Call if is_for_administrators(pattern.as_str()) && !config.offers.administrates(role) => {
                config.offers.meta_api.then(|| Ruling::no_administrator(role))
            }
            Action::Call => match self.dealer.find(pattern.as_str()) {
                Some(Found::Route(route)) => refuses(&route.required),
                Some(Found::Local(route)) => refuses(&route.required),
                Some(Found::Registered(_)) | None => None,
            },
            Action::Subscribe => config.topics.of(&pattern).iter().find_map(|route| refuses(&route.required)),
            Action::Register | Action::Publish => None,
        };
        Ok(besides.unwrap_or(why))
    }
}
