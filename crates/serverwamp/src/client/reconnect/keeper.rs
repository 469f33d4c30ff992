//! The task of a client that comes back: it notices the end of a session, makes the next one, and has everything made again there.

use super::back_off::BackOff;
use super::link::{Advanced, Link};
use super::missed::tell_all;
use super::policy::{AttemptFailure, Reconnect};
use super::restore::{Restored, restore};
use super::standing::StandingParts;
use super::state::{ConnectionState, Interruption};
use super::taken::try_again;
use crate::base::log::line;
use crate::client::connect::ConnectPlan;
use crate::client::end::SessionEnd;
use crate::client::error::ClientError;
use crate::client::handle::GOODBYE_TIMEOUT;
use crate::client::join::Unheld;
use crate::client::session::ClientSession;
use crate::rt::after;
use futures_util::future::{Either, join, select};
use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;

/// Makes the first session, in several attempts if the settings say so.
///
/// # Errors
/// The failure of the last attempt.
pub(in crate::client) async fn first_session(
    plan: &ConnectPlan,
    settings: &Reconnect,
    standing: &Arc<StandingParts>,
) -> Result<Unheld, ClientError> {
    let mut back_off = BackOff::new(settings.first, settings.most);
    loop {
        let error = match plan.session(Some(Arc::clone(standing))).await {
            Ok(session) => return Ok(session),
            Err(error) => error,
        };
        let wait = back_off.next();
        let is_last = settings.attempts.is_some_and(|most| back_off.attempts() >= most);
        if !settings.from_the_start || is_last || AttemptFailure::of(&error) != AttemptFailure::Passing {
            return Err(error);
        }
        line!(WARN, "client", "the client has not connected, and tries again", why = error);
        plan.runtime.sleep_until(after(plan.runtime.now(), wait)).await;
    }
}

/// Keeps a client connected, until it is stopped, or no other session follows.
pub(in crate::client) async fn keep(link: Arc<Link>, plan: ConnectPlan) {
    let back_off = BackOff::new(link.settings.first, link.settings.most);
    let keeper = Keeper { link: &link, plan, back_off, refusals: 0, number: 1 };
    let end = match select(pin!(keeper.renew()), pin!(link.stopping.wait())).await {
        Either::Left((end, _)) => end,
        Either::Right(_) => {
            // Whoever stopped it has said GOODBYE. The task does not outlive a router that never answers.
            let session = link.session();
            let late = session.runtime.sleep_until(after(session.runtime.now(), GOODBYE_TIMEOUT));
            select(pin!(session.end.wait()), late).await;
            SessionEnd::Left
        }
    };
    link.finish(&end);
}

struct Keeper<'a> {
    link: &'a Link,
    plan: ConnectPlan,
    back_off: BackOff,
    /// How many attempts in a row were refused.
    refusals: u32,
    /// The number of the present session.
    number: u64,
}

impl Keeper<'_> {
    /// Makes one session after the other; returns how the last one ended.
    async fn renew(mut self) -> SessionEnd {
        let mut restored = Restored::default();
        loop {
            let session = self.link.session();
            let begun = session.runtime.now();
            let end = self.until_end(&session, restored).await;
            self.back_off.had_session(session.runtime.now().saturating_duration_since(begun));
            drop(session);
            if !Reconnect::follows(&end) {
                return end;
            }
            self.link.close();
            line!(WARN, "client", "the session has ended, and the client reconnects", why = end);
            restored = match self.next_session(end).await {
                Ok(restored) => restored,
                Err(end) => return end,
            };
        }
    }

    /// Makes the next session, in as many attempts as it takes. Returns what was made again.
    async fn next_session(&mut self, end: SessionEnd) -> Result<Restored, SessionEnd> {
        let mut cause = Interruption::Ended(end);
        loop {
            let settings = &self.link.settings;
            if settings.attempts.is_some_and(|most| self.back_off.attempts() >= most) {
                return Err(given_up(cause));
            }
            let runtime = Arc::clone(&self.plan.runtime);
            let until = after(runtime.now(), self.back_off.next());
            let attempt = self.back_off.attempts();
            self.link.states.set(ConnectionState::Waiting { attempt, until, cause: cause.clone() });
            runtime.sleep_until(until).await;
            self.link.states.set(ConnectionState::Connecting { attempt, cause });
            let error = match self.join().await {
                Ok(session) => match self.take_up(session).await {
                    Ok(restored) => return Ok(restored),
                    Err(end) if !Reconnect::follows(&end) => return Err(end),
                    Err(end) => {
                        cause = Interruption::Ended(end);
                        continue;
                    }
                },
                Err(error) => error,
            };
            cause = Interruption::Failed(error);
            if self.refusals >= self.link.settings.refusals {
                return Err(given_up(cause));
            }
        }
    }

    /// Joins once, and counts refusals.
    async fn join(&mut self) -> Result<Unheld, ClientError> {
        let joined = self.plan.session(Some(Arc::clone(&self.link.standing))).await;
        let failure = joined.as_ref().err().map(AttemptFailure::of);
        self.refusals = match failure {
            Some(AttemptFailure::Final) => u32::MAX,
            Some(AttemptFailure::Refusal) => self.refusals.saturating_add(1),
            // A connection that fails in between says nothing about what the router thinks.
            Some(AttemptFailure::Passing) => self.refusals,
            None => 0,
        };
        if let Err(error) = &joined {
            line!(WARN, "client", "the client has not reconnected", why = error);
        }
        joined
    }

    /// Makes a session the present one. Returns what was made again, or how the session ended before that was done.
    async fn take_up(&mut self, unheld: Unheld) -> Result<Restored, SessionEnd> {
        let session = Arc::clone(unheld.session());
        self.link.enter(Arc::clone(&session));
        let restored = restore(&session, &self.link.standing, self.plan.welcome_timeout).await;
        let Ok(restored) = restored else { return Err(session.end.wait().await) };
        loop {
            session.outbox.room().await;
            match self.link.advance() {
                Advanced::One => {}
                Advanced::Open => break,
                Advanced::Over => return Err(session.end.wait().await),
            }
        }
        unheld.keep();
        self.number += 1;
        if let Some((welcome, _)) = session.welcome.get() {
            let (session, number) = (welcome.session, self.number);
            self.link.states.set(ConnectionState::Connected { session, number });
            line!(INFO, "client", "the client has reconnected", session = session);
        }
        Ok(restored)
    }

    /// Waits for the end of a session. Meanwhile its subscriptions are told what they have missed, and registrations that somebody
    /// else has are tried again.
    async fn until_end(&self, session: &Arc<ClientSession>, restored: Restored) -> SessionEnd {
        let Restored { subscriptions, taken } = restored;
        let told = tell_all(session, &subscriptions);
        let registered = try_again(session, &self.link.standing, taken, self.plan.welcome_timeout);
        let meanwhile = pin!(async {
            // The session's end is what ends the wait for it as well.
            let (_, _over) = join(told, registered).await;
            pending::<Infallible>().await
        });
        match select(pin!(session.end.wait()), meanwhile).await {
            Either::Left((end, _)) => end,
            Either::Right((never, _)) => match never {},
        }
    }
}

fn given_up(cause: Interruption) -> SessionEnd {
    match cause {
        Interruption::Ended(end) => end,
        Interruption::Failed(error) => SessionEnd::GaveUp(error),
    }
}
