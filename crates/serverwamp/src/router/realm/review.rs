//! What an authorizer decides and sessions hold already, asked about again: after the configuration was replaced, and after decisions
//! were forgotten.
//!
//! Invariant: what the authorizer does not allow now is taken away, whoever allowed it before. Whatever would deny a request denies here
//! too: a no, an error, no answer in time.

use super::access::Standing;
use super::sweep::{HeldEntry, Losses};
use super::{AccessRequest, AskedQuestion, GivenAnswer, RealmContext, RunningRealm};
use crate::base::log::line;
use crate::base::signal::Signal;
use crate::router::request::QuestionOptions;
use crate::router::session::RouterSession;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serverwamp_proto::permissions::Action;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// How many questions of a review wait for their answers at once: an authorizer that is a client has requests to decide beside them.
const QUESTIONS: usize = 16;

/// The time after which a review lets others have their turns.
const AT_ONCE: Duration = Duration::from_micros(250);

/// What a session holds and nobody but an authorizer can decide about.
pub(super) type Doubted = (Arc<RouterSession>, HeldEntry);

/// Those who wait for a review. They are told as well when it is given up, with the runtime that it was on.
struct Waiting(Vec<Arc<Signal<()>>>);

impl Drop for Waiting {
    fn drop(&mut self) {
        for waiting in &self.0 {
            waiting.set(());
        }
    }
}

impl RunningRealm {
    /// Asks about all of it, some at once, and takes away what is not allowed; then those who wait are told.
    pub(crate) fn review(self: &Arc<Self>, doubted: Vec<Doubted>, waiting: Vec<Arc<Signal<()>>>) {
        let waiting = Waiting(waiting);
        if doubted.is_empty() {
            return;
        }
        let review = review(Arc::clone(self), doubted, waiting);
        let runtime = &self.context.runtime;
        // Where nothing can be spawned no session is served either.
        if catch_unwind(AssertUnwindSafe(|| runtime.spawn(Box::pin(review)))).is_err() {
            line!(DEBUG, "session", "nobody was asked again, without a runtime", realm = self.name());
        }
    }

    /// Whether what a session holds is to be taken away; what it is about comes back.
    async fn ask_again(self: Arc<Self>, (session, held): Doubted) -> Option<Doubted> {
        let mut answer = None;
        loop {
            if !session.is_open() {
                return None;
            }
            match self.context.still_allows(&session, &held, answer.as_ref()) {
                Ok(true) => return None,
                Ok(false) => return Some((session, held)),
                Err((asked, number)) => answer = Some((asked.ask(&session).await, number)),
            }
        }
    }
}

async fn review(realm: Arc<RunningRealm>, doubted: Vec<Doubted>, waiting: Waiting) {
    let runtime = &realm.context.runtime;
    let mut doubted = doubted.into_iter();
    let mut asked = FuturesUnordered::new();
    let mut losses = Losses::default();
    let mut began = runtime.now();
    loop {
        let free = QUESTIONS - asked.len();
        asked.extend(doubted.by_ref().take(free).map(|one| Arc::clone(&realm).ask_again(one)));
        let Some(answered) = asked.next().await else { break };
        if let Some((session, held)) = answered {
            held.take_away(&realm, &session, &mut losses);
        }
        if runtime.now().saturating_duration_since(began) >= AT_ONCE {
            pause(&realm.context).await;
            began = runtime.now();
        }
    }
    losses.log(&realm);
    drop(waiting);
}

/// Lets others have their turns.
async fn pause(context: &RealmContext) {
    let mut paused = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.runtime.wake_later(cx);
        Poll::Pending
    })
    .await;
}

impl HeldEntry {
    /// The request that a session would make to get it now.
    fn request<'a>(&'a self, session: &'a RouterSession) -> AccessRequest<'a> {
        let (action, pattern, options) = match self {
            Self::Subscription(entry) => (Action::Subscribe, &entry.pattern, QuestionOptions::default()),
            Self::Registration(entry) => {
                let disclose = entry.is_disclosed_to(session.id());
                let invoke = Some(entry.invoke);
                (
                    Action::Register,
                    &entry.pattern,
                    QuestionOptions { disclose, invoke, ..QuestionOptions::default() },
                )
            }
        };
        AccessRequest {
            form: pattern.kind(),
            options,
            ..AccessRequest::exact(session, action, pattern.as_str())
        }
    }
}

impl RealmContext {
    /// Whether a session may go on holding this, with the authorizer's answer if it has one, and the number of the configuration
    /// whose authorizer that was.
    ///
    /// # Errors
    /// The question, when it has to be asked, and that number.
    fn still_allows(
        &self,
        session: &RouterSession,
        held: &HeldEntry,
        answer: Option<&(GivenAnswer, u64)>,
    ) -> Result<bool, (AskedQuestion, u64)> {
        let config = self.config();
        let standing = held.standing(&config, session);
        let authorizer = config.access.authorizers().and_then(|all| all.of(session.authrole()));
        let (Standing::Undecided, Some(authorizer)) = (standing, authorizer) else {
            return Ok(matches!(standing, Standing::Allowed(_)));
        };
        let allowance = match answer {
            // Whoever replaced the configuration has this asked about as well.
            Some((_, number)) if *number != config.number => return Ok(true),
            Some((given, _)) => given.allowance(),
            None => {
                let asker = held.request(session).asker();
                let kept = self.decisions.find(&asker, self.now());
                let ask = |forgotten| AskedQuestion { authorizer: authorizer.clone(), asker, forgotten };
                kept.map_err(|forgotten| (ask(forgotten), config.number))?.allowance
            }
        };
        let left = |allowance| Standing::Allowed(config.access.left_of(allowance, held.request(session)));
        let allowed = allowance.map_or(Standing::Denied, left);
        Ok(matches!(held.besides(&config, session, allowed), Standing::Allowed(_)))
    }
}
