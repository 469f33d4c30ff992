//! What an authorizer decides and sessions hold already, asked about again: after the configuration was replaced, and after decisions
//! were forgotten.
//!
//! Invariant: what the authorizer does not allow now is taken away, whoever allowed it before. Whatever would deny a request denies here
//! too: a no, an error, no answer in time.

use super::access::Standing;
use super::held::{EntryKey, HeldEntry, Losses};
use super::{AskedQuestion, GivenAnswer, RealmContext, RunningRealm};
use crate::base::locks::MutexGuard;
use crate::base::log::line;
use crate::base::signal::Signal;
use crate::router::session::RouterSession;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serverwamp_proto::id::SessionId;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use std::time::Duration;

/// How many questions of a review wait for their answers at once: an authorizer that is a client has requests to decide beside them.
const QUESTIONS: usize = 16;

/// The time after which a review lets others have their turns.
const AT_ONCE: Duration = Duration::from_micros(250);

/// What a session holds and nobody but an authorizer can decide about.
pub(super) type Doubted = (Arc<RouterSession>, HeldEntry);

/// The entries of a realm that are still to be asked about. However often it is doubted, each entry of a session is in here once.
#[derive(Debug, Default)]
pub(super) struct Reviews {
    doubted: BTreeMap<(SessionId, EntryKey), Doubted>,
    /// The signals to set when nothing is left.
    waiting: Vec<Arc<Signal<()>>>,
    /// A reviewer is at work.
    attended: bool,
}

/// Asks about what is doubted in a realm, until nothing is left.
struct Reviewer {
    realm: Arc<RunningRealm>,
    over: bool,
}

impl Reviewer {
    /// The entry to ask about next. If there is none, and no answer is `awaited`, the review is over.
    fn next(&mut self, awaited: bool) -> Option<Doubted> {
        let next = self.realm.reviews().doubted.pop_first();
        if next.is_none() && !awaited {
            self.end(false);
        }
        next.map(|(_, doubted)| doubted)
    }

    /// Sets the signals of those who wait, unless something else is doubted meanwhile.
    fn end(&mut self, given_up: bool) {
        let mut reviews = self.realm.reviews();
        // Dropped without the lock: a session may have values of the application.
        let left = given_up.then(|| std::mem::take(&mut reviews.doubted));
        if self.over || !reviews.doubted.is_empty() {
            return;
        }
        reviews.attended = false;
        let waiting = std::mem::take(&mut reviews.waiting);
        drop(reviews);
        drop(left);
        self.over = true;
        waiting.iter().for_each(|waiting| _ = waiting.set(()));
    }
}

impl Drop for Reviewer {
    /// It is given up with the runtime that it was on.
    fn drop(&mut self) {
        if !self.over {
            self.end(true);
        }
    }
}

impl RunningRealm {
    fn reviews(&self) -> MutexGuard<'_, Reviews> {
        self.reviews.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks about all of it, some at once, and takes away what is not allowed; then those who wait are told.
    pub(crate) fn review(
        self: &Arc<Self>,
        doubted: impl IntoIterator<Item = Doubted>,
        waiting: impl IntoIterator<Item = Arc<Signal<()>>>,
    ) {
        let mut reviews = self.reviews();
        reviews.doubted.extend(doubted.into_iter().map(|one| ((one.0.id(), one.1.key()), one)));
        reviews.waiting.extend(waiting);
        if std::mem::replace(&mut reviews.attended, true) {
            return;
        }
        let nothing = reviews.doubted.is_empty();
        drop(reviews);
        let mut reviewer = Reviewer { realm: Arc::clone(self), over: false };
        if nothing {
            reviewer.end(false);
        }
        if reviewer.over {
            return;
        }
        let review = review(reviewer);
        let runtime = &self.context.runtime;
        // Where nothing can be spawned no session is served either: a thread that is not the runtime's uses its anchor.
        if runtime.try_spawn(Box::pin(review)).is_err() {
            line!(DEBUG, "session", "nobody was asked again, without a runtime", realm = self.name());
        }
    }

    /// Returns the entry if it is to be taken away from its session.
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

async fn review(mut reviewer: Reviewer) {
    let realm = Arc::clone(&reviewer.realm);
    let runtime = &realm.context.runtime;
    let mut asked = FuturesUnordered::new();
    let mut losses = Losses::default();
    let mut began = runtime.now();
    loop {
        while asked.len() < QUESTIONS
            && let Some(doubted) = reviewer.next(!asked.is_empty())
        {
            asked.push(Arc::clone(&realm).ask_again(doubted));
        }
        let answered = match asked.next().await {
            Some(answered) => answered,
            None if reviewer.over => break,
            // Somebody has doubted something at the last moment.
            None => continue,
        };
        if let Some((session, held)) = answered {
            held.take_away(&realm, &session, &mut losses);
        }
        if runtime.now().saturating_duration_since(began) >= AT_ONCE {
            pause(&realm.context).await;
            began = runtime.now();
        }
    }
    losses.log(&realm);
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
