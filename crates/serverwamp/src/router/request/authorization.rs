//! A request of a session that no permission names, and that an authorizer decides.

use super::PeerRequest;
use crate::peering::Request;
use crate::{Session, WampError};
use serverwamp_proto::message::Invoke;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::permissions::{Action, Allowance};
use std::sync::Arc;
use std::time::Duration;

/// What an authorizer is asked: whether a session may do this.
///
/// It is the argument of a [`Realm::authorizer`](crate::Realm::authorizer); who asks is the [`Session`] beside it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Question {
    pub(crate) action: Action,
    pub(crate) form: Match,
    pub(crate) uri: Arc<str>,
    pub(crate) options: QuestionOptions,
}

impl Question {
    /// What the session wants to do.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The procedure or topic; a pattern where [`match_policy`](Self::match_policy) says so.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// How the URI is matched: SUBSCRIBE and REGISTER may be by prefix or wildcard, and then everything that the pattern
    /// can reach is asked for.
    pub fn match_policy(&self) -> Match {
        self.form
    }

    /// The options of the request that matter to the answer.
    pub fn options(&self) -> &QuestionOptions {
        &self.options
    }

    pub(crate) fn pattern(&self) -> UriPattern {
        UriPattern::new(self.form, &*self.uri)
    }
}

/// The options of a request, as an authorizer sees them. What the action does not have is off.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct QuestionOptions {
    /// `disclose_me` of CALL and PUBLISH, `disclose_caller` of REGISTER.
    pub disclose: bool,
    /// `retain` of PUBLISH, `get_retained` of SUBSCRIBE.
    pub retain: bool,
    /// `acknowledge` of PUBLISH.
    pub acknowledge: bool,
    /// `invoke` of REGISTER.
    pub invoke: Option<Invoke>,
    /// What the request is for, if it is not itself what is asked about.
    pub purpose: Purpose,
}

/// What a request is for that an authorizer is asked about.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Purpose {
    /// The request itself.
    #[default]
    Request,
    /// PUBLISH at the end of the session: `wamp.session.add_testament`.
    Testament,
    /// Reading what subscribers have received: `wamp.subscription.get_events`.
    History,
}

/// An authorizer's answer.
///
/// ```
/// use serverwamp::request::{Question, Verdict};
/// use serverwamp::{Action, Allowance, Session};
/// use std::time::Duration;
///
/// async fn authorize(question: Question, session: Session) -> Verdict {
///     let own = format!("users.{}.", session.authid());
///     match question.action() {
///         Action::Publish if question.uri().starts_with(&own) => {
///             Verdict::allow().with(Allowance { retain: false, ..Allowance::FULL })
///         }
///         Action::Call => Verdict::allow().cache_for(Duration::from_secs(30)),
///         _ => Verdict::deny(),
///     }
/// }
/// # serverwamp::Realm::<()>::new("site").allow_anonymous("guest").authorizer(authorize);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Verdict {
    /// `None` is a denial.
    pub(crate) allowance: Option<Allowance>,
    pub(crate) disclosed: bool,
    pub(crate) lasts: Duration,
}

impl Verdict {
    /// Allows the request, with everything that the realm allows besides.
    pub const fn allow() -> Self {
        Self { allowance: Some(Allowance::FULL), disclosed: false, lasts: Duration::ZERO }
    }

    /// Denies the request: `wamp.error.not_authorized`.
    pub const fn deny() -> Self {
        Self { allowance: None, disclosed: false, lasts: Duration::ZERO }
    }

    /// What an allowed request may do besides.
    pub const fn with(mut self, allowance: Allowance) -> Self {
        if self.allowance.is_some() {
            self.allowance = Some(allowance);
        }
        self
    }

    /// Makes the caller or publisher known to those it reaches, whether it asks for that or not; not in a realm with
    /// [`Disclosure::Refused`](crate::Disclosure::Refused).
    pub const fn disclosed(mut self) -> Self {
        self.disclosed = true;
        self
    }

    /// Gives the same answer for `time` to the sessions of the same authid and role that ask the same [`Question`], without
    /// asking again. At the most for [`Limits::cached_decision_time`](crate::Limits::cached_decision_time).
    ///
    /// Do not cache what depends on anything else: the session's number, its transport, the time of day.
    pub const fn cache_for(mut self, time: Duration) -> Self {
        self.lasts = time;
        self
    }

    /// Whether the request is allowed.
    pub const fn is_allowed(&self) -> bool {
        self.allowance.is_some()
    }
}

/// `true` allows, `false` denies; neither is cached.
impl From<bool> for Verdict {
    fn from(allowed: bool) -> Self {
        if allowed { Self::allow() } else { Self::deny() }
    }
}

/// The request to an authorizer's handler.
#[derive(Debug)]
pub struct AuthorizerRequest {
    pub(crate) session: Session,
    pub(crate) question: Question,
}

impl PeerRequest for AuthorizerRequest {
    fn session(&self) -> Option<&Session> {
        Some(&self.session)
    }
}

impl Request for AuthorizerRequest {
    type Reply = Result<Verdict, WampError>;

    fn refuse(error: WampError) -> Self::Reply {
        Err(error)
    }
}
