//! The sweep of a realm whose configuration was replaced, or that was stopped: whatever its sessions hold and may not hold any more is
//! taken away from them, some in each turn.
//!
//! Invariant: nobody keeps what the newest configuration does not allow. A session, a subscription or a registration is entered in
//! a table under its lock, and checked once more if the configuration was replaced since the request was decided: after the entry
//! for a session, under the lock for the others. The sweep looks into the tables after the configuration was replaced. So either it finds the
//! entry, or whoever enters finds the new configuration.

use super::RunningRealm;
use super::access::Standing;
use super::decisions::Forgotten;
use super::held::{HeldEntry, Losses};
use super::review::Doubted;
use crate::CloseReason;
use crate::base::locks::MutexGuard;
use crate::base::log::line;
use crate::base::measure;
use crate::base::signal::Signal;
use crate::router::session::{CloseRequest, RouterSession, Session};
use crate::router::supervise;
use serverwamp_proto::id::SessionId;
use serverwamp_proto::uris;
use std::collections::VecDeque;
use std::future::Future;
use std::ops::Bound::{Excluded, Unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// The time that a sweep takes in one step: half a turn.
const AT_ONCE: Duration = Duration::from_micros(250);

/// The number of sessions that are taken from the list at a time.
const SESSIONS: usize = 64;

/// The number of names by which a sweep compares each session; beyond it, looking at all sessions is less work.
const MOST_NAMED: usize = 64;

/// The bytes of an authid or a role that are kept to wait for a sweep.
const LONGEST_NAME: usize = 1024;

/// Why sessions of a realm end: the URI and the text of their GOODBYE.
#[derive(Clone, Debug)]
pub(crate) struct RealmEnd {
    pub(crate) reason: String,
    pub(crate) text: String,
}

/// What the next sweep is about.
#[derive(Debug, Default)]
pub(super) struct Sweeps {
    wanted: SweepRequest,
    /// Somebody sweeps.
    attended: bool,
}

/// A request for a sweep, or several that were put together. It is bounded, because clients can ask for sweeps by events.
#[derive(Debug, Default)]
struct SweepRequest {
    /// The signals to set when it is done. Only the application waits.
    waiting: Vec<Arc<Signal<()>>>,
    sessions: SweptSessions,
}

/// The sessions that a sweep looks at.
#[derive(Debug, Eq, PartialEq)]
enum SweptSessions {
    /// Those whose decisions were forgotten; at most [`MOST_NAMED`].
    Named(Vec<Forgotten>),
    /// All of the realm: its configuration was replaced, or too many were named.
    All,
}

/// One look at everybody in a realm.
#[derive(Debug, Default)]
struct Sweep {
    wanted: SweepRequest,
    last: Option<SessionId>,
    sessions: VecDeque<Arc<RouterSession>>,
    held: VecDeque<Doubted>,
    /// What authorizers decide.
    doubted: Vec<Doubted>,
    losses: Losses,
}

/// Goes on with the sweeps of a realm.
struct Sweeper {
    realm: Arc<RunningRealm>,
    sweep: Option<Sweep>,
    over: bool,
    /// It was asked for where locks may be held.
    later: bool,
}

impl RunningRealm {
    fn sweeps(&self) -> MutexGuard<'_, Sweeps> {
        self.sweeps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at everybody who is in the realm now; the signal is set when that is done, and what authorizers decide has been asked
    /// about again.
    pub(crate) fn sweep(self: &Arc<Self>) -> Arc<Signal<()>> {
        let done = Arc::<Signal<()>>::default();
        let waiting = vec![Arc::clone(&done)];
        let sweeper = self.want_sweep(SweepRequest { waiting, sessions: SweptSessions::All });
        if let Some(mut sweeper) = sweeper {
            if sweeper.go_on() {
                self.spawn_sweeper(sweeper);
            } else {
                sweeper.over = true;
            }
        }
        done
    }

    /// Looks at the sessions whose decisions were forgotten. Locks may be held.
    pub(super) fn sweep_later(self: &Arc<Self>, about: Forgotten) {
        let mut wanted = SweepRequest::default();
        wanted.sessions.add(about);
        if let Some(mut sweeper) = self.want_sweep(wanted) {
            sweeper.later = true;
            self.spawn_sweeper(sweeper);
        }
    }

    /// The caller is to see that the sweeper, if there is one, goes on.
    fn want_sweep(self: &Arc<Self>, wanted: SweepRequest) -> Option<Sweeper> {
        let mut sweeps = self.sweeps();
        sweeps.wanted.join(wanted);
        let attended = std::mem::replace(&mut sweeps.attended, true);
        drop(sweeps);
        (!attended).then(|| Sweeper { realm: Arc::clone(self), sweep: None, over: false, later: false })
    }

    fn spawn_sweeper(&self, sweeper: Sweeper) {
        // If nothing can be spawned, the work is done at once, see `drop`.
        let runtime = &self.context.runtime;
        if runtime.try_spawn(Box::pin(sweeper)).is_err() {
            line!(DEBUG, "session", "a realm was swept in one step, without a runtime", realm = self.name());
        }
    }

    /// Why the session may not be in the realm any more, if that is so. It asks the application, so no lock is held.
    pub(crate) fn objection(&self, session: &Arc<RouterSession>) -> Option<RealmEnd> {
        if let Some(end) = self.ended() {
            return Some(end.clone());
        }
        let config = self.context.kept_config();
        let killed = |text: String| RealmEnd { reason: uris::close::KILLED.to_owned(), text };
        let (role, method) = (session.authrole(), session.authmethod());
        let proves = || {
            let authenticators = self.authenticators();
            authenticators.iter().flat_map(|one| &one.methods).any(|one| one.names.has(method))
        };
        if !config.entrance.admits_anonymous(method, role) && !proves() {
            return Some(killed(match method {
                "anonymous" => "anonymous sessions with this role are not let in any more".to_owned(),
                method => format!("sessions that authenticate by {method:?} are not let in any more"),
            }));
        }
        let expired = || session.expires().is_some_and(|at| at <= self.context.now());
        if !config.entrance.keeps_expired && expired() {
            return Some(killed("what let this session in has expired".to_owned()));
        }
        if session.lost_its_rules(&config.access) {
            let text = format!("the permissions of the role {role:?}, or its authorizer, were taken away");
            return Some(killed(text));
        }
        let keep = config.entrance.keep.as_ref()?;
        let handle = Session::new(Arc::clone(session));
        let kept = catch_unwind(AssertUnwindSafe(|| keep(&handle))).unwrap_or_else(|panic| {
            supervise::report_panic("keep_sessions", session, panic.as_ref());
            false
        });
        (!kept).then(|| killed("this user is not let in any more".to_owned()))
    }

    /// The same of a session that has just been let in, or is about to be: nothing, unless the realm has changed since.
    pub(crate) fn objection_to_newcomer(&self, session: &Arc<RouterSession>) -> Option<RealmEnd> {
        if self.ended().is_none() && session.let_in_by() == self.entrance_age() {
            return None;
        }
        self.objection(session)
    }

    /// Ends a session and lets its connection say why.
    pub(crate) fn end_session(&self, session: &Arc<RouterSession>, end: &RealmEnd) -> bool {
        if !session.end(CloseReason::Closed(end.reason.clone())) {
            return false;
        }
        let (reason, message) = (end.reason.clone(), Some(end.text.clone()));
        session.request_close(CloseRequest::Goodbye { reason, message });
        true
    }
}

impl SweepRequest {
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.sessions == SweptSessions::default()
    }

    fn join(&mut self, other: Self) {
        self.waiting.extend(other.waiting);
        match other.sessions {
            SweptSessions::Named(names) => names.into_iter().for_each(|name| self.sessions.add(name)),
            SweptSessions::All => self.sessions = SweptSessions::All,
        }
    }
}

impl SweptSessions {
    fn add(&mut self, forgotten: Forgotten) {
        let Self::Named(names) = self else { return };
        if names.contains(&forgotten) {
            return;
        }
        let is_long = |name: &Option<String>| name.as_ref().is_some_and(|name| name.len() > LONGEST_NAME);
        if names.len() == MOST_NAMED || is_long(&forgotten.authid) || is_long(&forgotten.authrole) {
            *self = Self::All;
        } else {
            names.push(forgotten);
        }
    }

    fn has(&self, session: &RouterSession) -> bool {
        match self {
            Self::Named(names) => {
                names.iter().any(|name| name.is_about(session.authid(), session.authrole()))
            }
            Self::All => true,
        }
    }
}

impl Default for SweptSessions {
    fn default() -> Self {
        Self::Named(Vec::new())
    }
}

impl Sweep {
    /// Does the next step; returns `false` if there is none.
    fn step(&mut self, realm: &RunningRealm) -> bool {
        if let Some((session, held)) = self.held.pop_front() {
            self.check(realm, session, held);
        } else if let Some(session) = self.sessions.pop_front() {
            self.look_at(realm, session);
        } else {
            let next = (self.last.map_or(Unbounded, Excluded), Unbounded);
            self.sessions
                .extend(realm.sessions_by_id().range(next).take(SESSIONS).map(|(_, one)| one).cloned());
            let Some(last) = self.sessions.back() else { return false };
            self.last = Some(last.id());
        }
        true
    }

    /// Ends a session that may not stay; of another one, what it holds is looked at next.
    fn look_at(&mut self, realm: &RunningRealm, session: Arc<RouterSession>) {
        if !self.wanted.sessions.has(&session) {
            return;
        }
        if let Some(end) = realm.objection(&session) {
            self.losses.sessions += usize::from(realm.end_session(&session, &end));
            return;
        }
        let tables = session.tables();
        let subscriptions =
            tables.subscriptions.values().map(|held| HeldEntry::Subscription(Arc::clone(&held.entry)));
        let registrations =
            tables.registrations.values().map(|entry| HeldEntry::Registration(Arc::clone(entry)));
        self.held.extend(subscriptions.chain(registrations).map(|held| (Arc::clone(&session), held)));
    }

    /// Takes away what a session may not hold; what an authorizer decides is asked about afterwards.
    fn check(&mut self, realm: &RunningRealm, session: Arc<RouterSession>, held: HeldEntry) {
        match held.standing(&realm.context.config(), &session) {
            Standing::Allowed(_) => {}
            Standing::Denied => held.take_away(realm, &session, &mut self.losses),
            Standing::Undecided => self.doubted.push((session, held)),
        }
    }

    fn finish(self, realm: &Arc<RunningRealm>) {
        if realm.ended().is_some() {
            realm.broker.forget_past();
        }
        self.losses.log(realm);
        realm.review(self.doubted, self.wanted.waiting);
    }
}

impl Sweeper {
    /// Works for one step; returns `false` if nothing is left to do, and nobody sweeps any more.
    fn go_on(&mut self) -> bool {
        let runtime = &self.realm.context.runtime;
        let began = runtime.now();
        loop {
            let sweep = match &mut self.sweep {
                Some(sweep) => sweep,
                none => {
                    let mut sweeps = self.realm.sweeps();
                    let wanted = std::mem::take(&mut sweeps.wanted);
                    sweeps.attended = !wanted.is_empty();
                    if !sweeps.attended {
                        return false;
                    }
                    drop(sweeps);
                    none.insert(Sweep { wanted, ..Sweep::default() })
                }
            };
            while sweep.step(&self.realm) {
                if runtime.now().saturating_duration_since(began) >= AT_ONCE {
                    return true;
                }
            }
            if let Some(sweep) = self.sweep.take() {
                sweep.finish(&self.realm);
            }
        }
    }
}

impl Future for Sweeper {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.over = !measure::turn(|| this.go_on());
        if this.over {
            return Poll::Ready(());
        }
        this.realm.context.runtime.wake_later(cx);
        Poll::Pending
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        if self.later && self.sweep.is_none() && !self.over {
            // Nothing can be spawned any more, and whoever holds locks must not wait for them here.
            self.over = true;
            let mut sweeps = self.realm.sweeps();
            sweeps.attended = false;
            let wanted = std::mem::take(&mut sweeps.wanted);
            drop(sweeps);
            wanted.waiting.iter().for_each(|waiting| _ = waiting.set(()));
        }
        // Nobody else sweeps until it is over.
        while !self.over {
            self.over = !self.go_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(authid: &str) -> Forgotten {
        Forgotten { authid: Some(authid.to_owned()), authrole: None }
    }

    #[test]
    fn requests_that_wait_for_a_sweep_take_bounded_memory() {
        let mut wanted = SweepRequest::default();
        for _ in 0..2 {
            for user in 0..MOST_NAMED {
                let mut more = SweepRequest::default();
                more.sessions.add(of(&format!("user{user}")));
                wanted.join(more);
            }
        }
        let SweptSessions::Named(names) = &wanted.sessions else { panic!("{wanted:?}") };
        assert_eq!(names.len(), MOST_NAMED);
        wanted.sessions.add(of("one more"));
        assert_eq!(wanted.sessions, SweptSessions::All);
        wanted.sessions.add(of("another"));
        assert_eq!(wanted.sessions, SweptSessions::All);
    }

    #[test]
    fn a_name_that_no_session_should_have_is_not_kept() {
        let mut sessions = SweptSessions::default();
        sessions.add(of(&"x".repeat(LONGEST_NAME)));
        assert_ne!(sessions, SweptSessions::All);
        sessions.add(of(&"x".repeat(LONGEST_NAME + 1)));
        assert_eq!(sessions, SweptSessions::All);
    }
}
