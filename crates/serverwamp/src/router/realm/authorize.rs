//! Whether a session may do what it asks for, before anything is looked up for it.
//!
//! Static permissions decide at once. Invariant: a denial says nothing of what exists, and nothing of the rules; what decided
//! is in the log at DEBUG.

use super::{Access, RealmConfig, RealmContext, Ruling, RunningRealm};
use crate::WampError;
use crate::base::log::line_later;
use crate::base::statistics::Refusal;
use crate::router::routes::{Compiled, RequiredRoles, RoutePattern};
use crate::router::session::RouterSession;
use crate::transport::websocket::excerpt;
use serverwamp_proto::id::SessionId;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::permissions::{Action, Allowance};
use serverwamp_proto::uris;

/// What a session asks for: one of the four actions, for a URI or a pattern.
#[derive(Clone, Copy)]
pub(crate) struct AccessRequest<'a> {
    pub(crate) session: &'a RouterSession,
    pub(crate) action: Action,
    pub(crate) form: Match,
    pub(crate) uri: &'a str,
}

impl RealmContext {
    /// What a session may do besides, if it may do this. Locks may be held.
    ///
    /// # Errors
    /// `wamp.error.not_authorized` when it may not; a topic that nobody has opened, and that no permission is about, is
    /// `wamp.error.invalid_uri`.
    #[inline]
    pub(crate) fn authorize(
        &self,
        config: &RealmConfig,
        request: AccessRequest<'_>,
    ) -> Result<Allowance, WampError> {
        let AccessRequest { session, action, form, uri } = request;
        match config.access.decide(session.authrole(), action, form, uri).allowance() {
            Some(allowance) => Ok(allowance),
            None => Err(self.denied(&config.access, request)),
        }
    }

    /// The error for a request that no rule allows. Roles without permissions read what the realm would have to allow.
    #[cold]
    fn denied(&self, access: &Access, request: AccessRequest<'_>) -> WampError {
        let AccessRequest { session, action, form, uri } = request;
        let role = session.authrole();
        match action {
            _ if access.has_permissions(role) => {}
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
    fn refuse(&self, request: AccessRequest<'_>, why: &Ruling) -> WampError {
        let AccessRequest { session, action, form, uri } = request;
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
        let to = if matches!(action, Action::Publish | Action::Subscribe) { " to" } else { "" };
        WampError::not_authorized(format!("not authorized to {action}{to} {:?}", excerpt(uri)))
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
        if !why.is_allowed() {
            return Ok(why);
        }
        let refuses = |required: &RequiredRoles| {
            required.roles().filter(|_| !required.admits(role)).map(Ruling::role_required)
        };
        let by_route = match action {
            Action::Call => {
                self.code.routes.procedure(pattern.as_str()).and_then(|route| refuses(&route.required))
            }
            Action::Subscribe => {
                self.code.routes.topics(&pattern).iter().find_map(|route| refuses(&route.required))
            }
            Action::Register | Action::Publish => None,
        };
        Ok(by_route.unwrap_or(why))
    }
}
