//! The removal of an ended session: its subscriptions and registrations, its testaments, the meta events.
//!
//! It may be much, where many listen to the meta API: so it is done step by step, and what is not done within a part of a
//! turn is done by a task of its own, some in each of its turns. Sessions that leave much leave one after the other.
//!
//! Invariant: everything that was begun is done, by the task, or by whoever drops it.

use super::running::RunningRealm;
use crate::base::log::line;
use crate::base::measure;
use crate::router::broker::SubscriptionEntry;
use crate::router::dealer::RegistrationEntry;
use crate::router::meta::Testament;
use crate::router::session::{RouterSession, SessionTables};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// The time that leaving takes in one step: half a turn.
const AT_ONCE: Duration = Duration::from_micros(250);

/// One session that leaves.
#[derive(Debug)]
pub(super) struct Leaving {
    session: Arc<RouterSession>,
    subscriptions: VecDeque<Arc<SubscriptionEntry>>,
    registrations: VecDeque<Arc<RegistrationEntry>>,
    testaments: VecDeque<Testament>,
    left_subscriptions: VecDeque<(Arc<SubscriptionEntry>, bool)>,
    left_registrations: VecDeque<(Arc<RegistrationEntry>, bool)>,
    tells: bool,
}

/// Those that have not left everything yet.
#[derive(Debug, Default)]
pub(super) struct LeavingQueue {
    leaving: VecDeque<Leaving>,
    /// Somebody goes on with them.
    attended: bool,
}

/// Goes on with those who leave.
struct Attendant {
    realm: Arc<RunningRealm>,
    over: bool,
}

impl Leaving {
    /// Of a session whose tables are taken away; `tells` whether testaments are published and its leaving is told.
    pub(super) fn new(session: &Arc<RouterSession>, tables: &mut SessionTables, tells: bool) -> Self {
        let mut subscriptions: Vec<_> =
            tables.subscriptions.values().map(|held| Arc::clone(&held.entry)).collect();
        subscriptions.sort_unstable_by_key(|entry| entry.id);
        let mut registrations: Vec<_> = tables.registrations.drain().map(|(_, entry)| entry).collect();
        registrations.sort_unstable_by_key(|entry| entry.id);
        let testaments = if tells { tables.testaments.take_all().into() } else { VecDeque::new() };
        Self {
            session: Arc::clone(session),
            subscriptions: subscriptions.into(),
            registrations: registrations.into(),
            testaments,
            left_subscriptions: VecDeque::new(),
            left_registrations: VecDeque::new(),
            tells,
        }
    }

    /// Does the next step; returns `false` if there is none.
    ///
    /// It leaves everything before its testaments are published, and those come before the news (checklist TEST-14).
    fn step(&mut self, realm: &RunningRealm) -> bool {
        let id = self.session.id();
        let mut changes = realm.changes();
        if let Some(entry) = self.subscriptions.pop_front() {
            entry.members().remove(id);
            let deleted = realm.broker.remove_if_empty(&mut changes.subscriptions, &entry);
            self.left_subscriptions.push_back((entry, deleted));
        } else if let Some(entry) = self.registrations.pop_front() {
            // Another session of its authid may have taken it over.
            if entry.leave(id) {
                let deleted = realm.dealer.remove_if_empty(&mut changes.registrations, &entry);
                self.left_registrations.push_back((entry, deleted));
            }
        } else if let Some(testament) = self.testaments.pop_front() {
            testament.publish(&realm.broker, &self.session);
        } else if let Some((entry, deleted)) = self.left_subscriptions.pop_front() {
            changes.events.left_subscription(id, &entry, deleted);
        } else if let Some((entry, deleted)) = self.left_registrations.pop_front() {
            changes.events.left_registration(id, &entry, deleted);
        } else {
            // Nothing more reaches it.
            self.session.wants_nothing_retained();
            if std::mem::take(&mut self.tells) {
                changes.events.session_left(&self.session);
            }
            return false;
        }
        true
    }
}

impl RunningRealm {
    /// Lets a session leave, behind those that are at it.
    pub(super) fn let_leave(&self, leaving: Leaving) {
        let realm = Arc::clone(leaving.session.running_realm());
        let mut queue = self.leaving();
        queue.leaving.push_back(leaving);
        if std::mem::replace(&mut queue.attended, true) {
            return;
        }
        drop(queue);
        if !self.go_on_leaving() {
            return;
        }
        let attendant = Attendant { realm, over: false };
        if std::thread::panicking() {
            return drop(attendant);
        }
        // If nothing can be spawned any more, the work is done at once, see `drop`.
        let runtime = &self.context.runtime;
        if runtime.try_spawn(Box::pin(attendant)).is_err() {
            line!(
                DEBUG,
                "session",
                "a session was removed in one step, because its runtime is gone",
                realm = self.name()
            );
        }
    }

    /// Works for one step; returns `false` if nothing is left to do, and no attendant runs any more.
    fn go_on_leaving(&self) -> bool {
        let runtime = &self.context.runtime;
        let began = runtime.now();
        loop {
            // Nobody else takes one out: only one attends.
            let Some(mut leaving) = self.leaving().leaving.pop_front() else {
                let mut queue = self.leaving();
                queue.attended = !queue.leaving.is_empty();
                match queue.attended {
                    true => continue,
                    false => return false,
                }
            };
            while leaving.step(self) {
                if runtime.now().saturating_duration_since(began) >= AT_ONCE {
                    self.leaving().leaving.push_front(leaving);
                    return true;
                }
            }
        }
    }
}

impl Future for Attendant {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.over = !measure::turn(|| self.realm.go_on_leaving());
        if self.over {
            return Poll::Ready(());
        }
        self.realm.context.runtime.wake_later(cx);
        Poll::Pending
    }
}

impl Drop for Attendant {
    fn drop(&mut self) {
        // Nobody else attends until it is over.
        while !self.over {
            self.over = !self.realm.go_on_leaving();
        }
    }
}
