//! Who decides what no permission names: a handler of the application, or a procedure of a client.
//!
//! Invariants: a handler that fails, panics or takes too long denies; it is dropped with the question, and nothing of it
//! outlives the session that asked.

use super::authorizer_procedure;
use super::decisions::Asker;
use crate::base::log::line;
use crate::base::statistics::Refusal;
use crate::peering::ErasedHandler;
use crate::router::request::{AuthorizerRequest, Question, Verdict};
use crate::router::session::RouterSession;
use crate::router::supervise;
use crate::rt::{BoxFuture, after};
use crate::{Session, WampError};
use futures_util::FutureExt;
use futures_util::future::{Either, select};
use hashbrown::HashMap;
use serverwamp_proto::permissions::{Action, Allowance};
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// One that decides.
#[derive(Clone)]
pub(crate) enum Authorizer {
    Handler(Arc<dyn ErasedHandler<AuthorizerRequest>>),
    Procedure(Arc<str>),
}

/// The authorizers of a realm.
#[derive(Clone, Debug, Default)]
pub(crate) struct Authorizers {
    /// Decides for every role that has none of its own.
    pub(crate) realm: Option<Authorizer>,
    pub(crate) roles: HashMap<Box<str>, Authorizer>,
    /// Events of this topic make the realm forget decisions.
    pub(crate) forget_on: Option<Arc<str>>,
}

/// A question on its way to its authorizer.
#[derive(Clone, Debug)]
pub(crate) struct AskedQuestion {
    pub(super) authorizer: Authorizer,
    pub(super) asker: Asker,
    /// How often decisions were forgotten before.
    pub(super) forgotten: u64,
}

/// A question that has been asked, and what became of it.
#[derive(Debug)]
pub(crate) struct GivenAnswer {
    pub(super) question: Question,
    pub(super) answer: AuthorizerAnswer,
    /// How often decisions had been forgotten when it was asked.
    pub(super) asked: u64,
}

/// What became of a question.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AuthorizerAnswer {
    Verdict(Verdict),
    /// There is no answer, which is a denial.
    Failed,
}

impl GivenAnswer {
    /// What is allowed, if anything is.
    pub(super) fn allowance(&self) -> Option<Allowance> {
        match self.answer {
            AuthorizerAnswer::Verdict(verdict) => verdict.allowance,
            AuthorizerAnswer::Failed => None,
        }
    }
}

impl Authorizers {
    pub(crate) fn is_empty(&self) -> bool {
        self.realm.is_none() && self.roles.is_empty()
    }

    /// The one that decides for a role what its permissions do not name.
    pub(super) fn of(&self, role: &str) -> Option<&Authorizer> {
        self.roles.get(role).or(self.realm.as_ref())
    }

    /// Returns whether this gives power over an authorizer: registering its procedure, and making the realm forget its
    /// decisions. That is for permissions of a role alone.
    pub(super) fn reserve(&self, action: Action, uri: &str) -> bool {
        match action {
            Action::Register => self.all().any(|one| one.procedure() == Some(uri)),
            Action::Publish => self.forget_on.as_deref() == Some(uri),
            Action::Call | Action::Subscribe => false,
        }
    }

    fn all(&self) -> impl Iterator<Item = &Authorizer> {
        self.realm.iter().chain(self.roles.values())
    }
}

impl Authorizer {
    fn procedure(&self) -> Option<&str> {
        match self {
            Self::Procedure(uri) => Some(uri),
            Self::Handler(_) => None,
        }
    }

    async fn decide(self, session: Arc<RouterSession>, question: Question) -> Result<Verdict, WampError> {
        match self {
            Self::Handler(handler) => {
                handler.call(AuthorizerRequest { session: Session::new(session), question }).await
            }
            Self::Procedure(uri) => authorizer_procedure::ask(&uri, &session, &question).await,
        }
    }
}

impl AskedQuestion {
    /// Asks, and keeps the decision if it says so. Dropped, the question is taken back.
    pub(crate) fn ask(self, session: &Arc<RouterSession>) -> BoxFuture<'static, GivenAnswer> {
        let session = Arc::clone(session);
        Box::pin(async move {
            let context = &session.running_realm().context;
            let Self { authorizer, asker, forgotten } = self;
            context.counters.authorizer_asked();
            let named = authorizer.clone();
            let deciding = authorizer.decide(Arc::clone(&session), asker.question.clone());
            let time = session.limits().decision_timeout;
            let time_up = session.runtime().sleep_until(after(context.now(), time));
            let deciding = AssertUnwindSafe(deciding).catch_unwind();
            let failure = match select(Box::pin(deciding), time_up).await {
                Either::Left((Ok(Ok(verdict)), _)) => {
                    let question = asker.question.clone();
                    context.decisions.keep(asker, verdict, forgotten, context.now());
                    let answer = AuthorizerAnswer::Verdict(verdict);
                    return GivenAnswer { question, answer, asked: forgotten };
                }
                Either::Left((Ok(Err(error)), _)) => error.to_string(),
                Either::Left((Err(panic), _)) => {
                    let id = supervise::report_panic("authorizer", &session, panic.as_ref());
                    format!("it panicked, see {id}")
                }
                Either::Right(_) => format!("no answer within {time:?}"),
            };
            let Question { action, .. } = asker.question;
            let why = format_args!("{named}, {action} of {}: {failure}", asker.question.pattern());
            context.counters.refused(Refusal::AuthorizationFailed, &*session, why);
            // The warning above is left out after the first one of a minute.
            line!(
                DEBUG,
                "denied",
                "a request is denied, because its authorizer failed",
                realm = context.name,
                authid = session.authid(),
                authrole = session.authrole(),
                session = session.id(),
                action = action,
                uri = asker.question.pattern(),
                why = why
            );
            GivenAnswer { question: asker.question, answer: AuthorizerAnswer::Failed, asked: forgotten }
        })
    }
}

impl fmt::Display for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handler(_) => f.write_str("an authorizer of the application"),
            Self::Procedure(uri) => write!(f, "the authorizer {uri:?}"),
        }
    }
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorizer({self})")
    }
}
