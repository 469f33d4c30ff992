//! This node in its cluster: its view of the others, and the task that carries batches away.
//!
//! The view is behind one lock, which is taken last of all: under it nothing else is locked, sent or awaited. One task alone takes
//! batches out, so that those of a link leave in their order.

use super::calls::Crossings;
use super::{Cluster, Inbound};
use crate::WampError;
use crate::base::ids::RandomIds;
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::log::line;
use crate::router::realm::{Neighbours, RealmContext};
use crate::router::session::RouterSession;
use crate::rt::Runtime;
use event_listener::Event;
use futures_util::future::{Either, select};
use serverwamp_proto::cluster::{Life, Mesh, NodeName, Noticed, Outbound};
use serverwamp_proto::id::{PublicationId, RequestId};
use serverwamp_proto::message::Publish;
use serverwamp_proto::pattern::UriPattern;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

/// A node shows that it is there as often as this.
const TICK: Duration = Duration::from_millis(500);

/// A publication that other nodes get, and whose publisher waits for PUBLISHED.
struct UnansweredPublication {
    publisher: Arc<RouterSession>,
    request: RequestId,
    publication: PublicationId,
}

/// This node among others.
pub(crate) struct ClusterNode {
    name: NodeName,
    carrier: Arc<dyn Cluster>,
    mesh: Mutex<Mesh>,
    /// Publications that are acknowledged once they have left this process for good.
    unanswered: Mutex<Vec<UnansweredPublication>>,
    /// Something waits to be carried away.
    waiting: Event,
    /// Set with it, so that only the first of many notifies.
    is_waiting: AtomicBool,
    over: AtomicBool,
    started: Instant,
    /// For how long the node itself did not run, in milliseconds: meanwhile nobody else was silent.
    stood_still: AtomicU64,
    runtime: Arc<dyn Runtime>,
    /// The realms of this node.
    pub(super) realms: Arc<Neighbours>,
    pub(super) calls: Crossings,
    /// For those who belong to the node and do not keep it.
    this: Weak<Self>,
}

impl ClusterNode {
    /// A node that nobody knows yet; [`start`](Self::start) makes it known.
    pub(crate) fn new(
        name: NodeName,
        carrier: Arc<dyn Cluster>,
        runtime: &Arc<dyn Runtime>,
        realms: &Arc<Neighbours>,
    ) -> Arc<Self> {
        let life = Life::random(RandomIds.bits());
        Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            calls: Crossings::default(),
            mesh: Mutex::new(Mesh::new(name.clone(), life)),
            name,
            carrier,
            unanswered: Mutex::default(),
            waiting: Event::new(),
            is_waiting: AtomicBool::new(false),
            over: AtomicBool::new(false),
            started: runtime.now(),
            stood_still: AtomicU64::new(0),
            runtime: Arc::clone(runtime),
            realms: Arc::clone(realms),
        })
    }

    pub(crate) fn name(&self) -> &NodeName {
        &self.name
    }

    /// Begins to take and to carry. The tasks end when the node leaves, or when nobody holds it.
    pub(crate) fn start(self: &Arc<Self>) {
        self.carrier.start(&self.name, Inbound::new(self));
        self.runtime.spawn(Box::pin(carry_away(Arc::downgrade(self), Arc::clone(&self.runtime))));
    }

    /// The node leaves as planned, and nothing that it has queued is lost.
    pub(crate) fn leave(&self) {
        self.over.store(true, Ordering::Release);
        self.waiting.notify(usize::MAX);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// The time since the start in which the node ran, as the view counts it.
    pub(super) fn time(&self) -> Duration {
        let stood_still = Duration::from_millis(self.stood_still.load(Ordering::Relaxed));
        self.runtime.now().saturating_duration_since(self.started).saturating_sub(stood_still)
    }

    /// It is so much later than it should be.
    fn note_late(&self, late: Duration) {
        if late >= TICK {
            // What has come meanwhile is looked at before anybody is taken for silent.
            self.stood_still.fetch_add(late.as_millis() as u64, Ordering::Relaxed);
        }
    }

    pub(super) fn mesh(&self) -> MutexGuard<'_, Mesh> {
        self.mesh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change_interest(&self, realm: &RealmContext, pattern: &UriPattern, wanted: bool) {
        let holder = realm.own_session.get();
        let waits = self.mesh().change_interest(&realm.name, pattern, holder, wanted);
        if waits {
            self.something_waits();
        }
    }

    /// The task that carries batches away has something to do.
    pub(super) fn something_waits(&self) {
        if !self.is_waiting.swap(true, Ordering::AcqRel) {
            self.waiting.notify(1);
        }
    }

    /// Answers a PUBLISH whose publication has been queued for other nodes, once it has left this process for good.
    pub(crate) fn answer_later(
        &self,
        publisher: &Arc<RouterSession>,
        request: RequestId,
        publication: PublicationId,
    ) {
        self.unanswered().push(UnansweredPublication {
            publisher: Arc::clone(publisher),
            request,
            publication,
        });
        self.something_waits();
    }

    fn unanswered(&self) -> MutexGuard<'_, Vec<UnansweredPublication>> {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over what waits, and with `is_time` what is said every so often. Only one task does this.
    fn carry(&self, is_time: bool) {
        // Before the look: what comes later notifies again.
        self.is_waiting.store(false, Ordering::Release);
        let (mut out, mut noticed) = (Vec::new(), Vec::new());
        let now = self.time();
        // Before the batches: whatever these publishers wait for is in them, or has been carried.
        let unanswered = std::mem::take(&mut *self.unanswered());
        let mut mesh = self.mesh();
        if self.is_over() {
            mesh.leave(&mut out);
        } else if is_time {
            mesh.tick(now, &mut noticed, &mut out);
        } else {
            mesh.flush(&mut out);
        }
        mesh.notice_unsent(&mut noticed);
        drop(mesh);
        let mut all_carried = true;
        for one in out {
            all_carried &= self.hand_over(one);
        }
        if !unanswered.is_empty() {
            let taken = self.carrier.taken();
            self.runtime.spawn(Box::pin(async move {
                let is_taken = taken.await.is_ok() && all_carried;
                unanswered.iter().for_each(|one| one.answer(is_taken));
            }));
        }
        self.notice(noticed);
    }

    /// Returns whether it is carried.
    fn hand_over(&self, one: Outbound) -> bool {
        match one {
            Outbound::Batch(receiver, batch) => {
                let is_carried = self.carrier.send(&receiver, batch).is_ok();
                if !is_carried {
                    self.mesh().not_carried(&receiver);
                }
                is_carried
            }
            Outbound::Announcement(announcement) => {
                // The next one comes soon.
                let _carried = self.carrier.announce(announcement);
                true
            }
        }
    }

    /// Does what follows from what has come. The view is not locked.
    pub(super) fn notice(&self, noticed: Vec<Noticed>) {
        for one in noticed {
            match one {
                Noticed::Event(event) => self.deliver(&event),
                Noticed::Call(node, life, item) => self.take_call_item(&self.this, node, life, *item),
                Noticed::Unsent(name, life) => {
                    self.end_calls(&name, life);
                    self.something_waits();
                }
                Noticed::Met(name, life) => {
                    line!(INFO, "session", "another node of the cluster is there", node = name, life = life);
                    self.something_waits();
                }
                Noticed::Lost(name, life) => {
                    line!(
                        WARN,
                        "session",
                        "messages of another node may be missing",
                        node = name,
                        life = life
                    );
                    self.note_gap();
                    self.end_calls(&name, life);
                    self.something_waits();
                }
                Noticed::Gone(name, life) => {
                    line!(INFO, "session", "another node of the cluster is gone", node = name, life = life);
                    self.end_calls(&name, life);
                }
            }
        }
    }
}

impl UnansweredPublication {
    fn answer(&self, is_taken: bool) {
        if is_taken {
            return self.publisher.send_published(self.request, self.publication);
        }
        let text = "other nodes may not have got the event: they cannot be reached";
        self.publisher.send_error(Publish::CODE, self.request, &WampError::unavailable(text));
    }
}

impl fmt::Debug for ClusterNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterNode").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Carries batches away as soon as there are some, and shows every so often that the node is there.
async fn carry_away(node: Weak<ClusterNode>, runtime: Arc<dyn Runtime>) {
    let mut next_tick = runtime.now();
    loop {
        let Some(this) = node.upgrade() else { return };
        let is_time = runtime.now() >= next_tick;
        if is_time {
            this.note_late(runtime.now().saturating_duration_since(next_tick));
            next_tick = runtime.now() + TICK;
        }
        let listener = this.waiting.listen();
        this.carry(is_time);
        if this.is_over() {
            return;
        }
        if this.is_waiting.load(Ordering::Acquire) {
            continue;
        }
        drop(this);
        match select(listener, runtime.sleep_until(next_tick)).await {
            Either::Left(((), _)) | Either::Right(((), _)) => {}
        }
    }
}
