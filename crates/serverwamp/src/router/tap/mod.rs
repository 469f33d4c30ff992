//! Taps: copies of the messages of a realm's sessions, for whoever looks; and watches, which count what single URIs do.
//!
//! In: every message that an open session sends, and every one that is queued for it. Out: as many of them as a tap keeps in each interval,
//! and the number of all others. Rooms: `reader` takes what was kept; `shown` says what a message is; `watch` counts for single URIs, in
//! `latency` how long calls take.
//!
//! Invariants: while no tap and no watch is open, a message costs one look at a flag; a tap keeps no more messages and bytes than its bounds
//! say, whatever comes; the messages of an authentication are never copied.

mod latency;
mod reader;
mod shown;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use reader::TapReader;
pub(crate) use shown::{ShownMessage, ShownPayload, TapDisplay};
pub(crate) use watch::{MOST_WATCHES, ProcedureFigures, TopicFigures, UriWatcher, WatchFigures, WatchedUris};

use crate::base::locks::Mutex;
use crate::base::message_kind::MessageDirection;
use crate::base::threads::{CacheLine, number_of_this_thread};
use crate::rt::since_1970;
use arc_swap::ArcSwap;
use bytes::Bytes;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{RequestId, SessionId};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use watch::UriWatch;

/// The counters of threads; further threads share them.
const PLACES: usize = 8;

/// The longest message that is copied. Of a longer one its length is told.
const LONGEST_COPY: usize = 64 * 1024;

/// The most taps of a realm at a time, each of which sees every message.
pub(crate) const MOST_TAPS: usize = 8;

/// The taps of a realm.
#[derive(Debug, Default)]
pub(crate) struct Taps {
    /// Whether there is a tap or a watch; costs no more than a look.
    is_open: AtomicBool,
    taps: ArcSwap<Vec<Arc<Tap>>>,
    watches: ArcSwap<Vec<Arc<UriWatch>>>,
    /// Whether there is a watch.
    are_watched: AtomicBool,
    /// The messages that came by while something was open, by thread; since there was a first tap.
    seen: OnceLock<Box<[CacheLine<AtomicU64>; PLACES]>>,
    /// The number of taps that have to be asked about a message: those of one session, and those that are not full. While it is 0, a message
    /// is counted and nothing else.
    asked: AtomicUsize,
    /// Held by who opens or closes one.
    changes: Mutex<()>,
    /// The number of the next message that is kept.
    next: AtomicU64,
}

thread_local! {
    /// The number of the message that this thread is handling, if it was kept: what is sent meanwhile comes of it.
    static HANDLED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// One tap.
#[derive(Debug)]
struct Tap {
    /// The one session it is about.
    session: Option<SessionId>,
    /// The most messages that are kept until they are taken.
    most: usize,
    /// No more is kept until what is there was taken.
    is_full: AtomicBool,
    /// The messages of its session that came by, if it is about one.
    seen: AtomicU64,
    kept: Mutex<Vec<TappedMessage>>,
}

/// A message that was copied.
#[derive(Debug)]
pub(crate) struct TappedMessage {
    /// Since the beginning of 1970.
    pub(crate) at: Duration,
    /// Messages of a realm are numbered as they are kept.
    pub(crate) number: u64,
    /// The number of the message that it comes of, if it was sent while that one was handled.
    pub(crate) cause: Option<u64>,
    pub(crate) session: SessionId,
    pub(crate) direction: MessageDirection,
    pub(crate) serializer: Serializer,
    /// Its bytes on the wire.
    pub(crate) length: usize,
    /// The message, unless it is longer than is copied.
    pub(crate) bytes: Option<Bytes>,
}

impl Taps {
    /// Whether messages are looked at.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }

    /// Opens a tap that keeps `most` messages until they are taken; of one session, or of all. `None` if there are too many.
    fn open(&self, session: Option<SessionId>, most: usize) -> Option<Arc<Tap>> {
        let _changing = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taps = Vec::clone(&self.taps.load());
        if taps.len() >= MOST_TAPS {
            return None;
        }
        let (is_full, seen) = (AtomicBool::new(false), AtomicU64::new(0));
        let tap = Arc::new(Tap { session, most, is_full, seen, kept: Mutex::default() });
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.seen.get_or_init(Box::default);
        taps.push(Arc::clone(&tap));
        self.taps.store(Arc::new(taps));
        self.changed();
        Some(tap)
    }

    fn close(&self, tap: &Arc<Tap>) {
        let _changing = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taps = Vec::clone(&self.taps.load());
        taps.retain(|other| !Arc::ptr_eq(other, tap));
        self.taps.store(Arc::new(taps));
        self.changed();
        // Who is about to keep something for it finds it full.
        if !tap.is_full.swap(true, Ordering::Relaxed) || tap.session.is_some() {
            self.asked.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Opens a watch of these URIs, which tells `most` of them on their own. `None` if there are too many.
    fn watch(&self, uris: WatchedUris, most: usize) -> Option<Arc<UriWatch>> {
        let _changing = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut watches = Vec::clone(&self.watches.load());
        if watches.len() >= MOST_WATCHES {
            return None;
        }
        let watch = Arc::new(UriWatch::new(uris, most));
        watches.push(Arc::clone(&watch));
        self.watches.store(Arc::new(watches));
        self.changed();
        Some(watch)
    }

    fn unwatch(&self, watch: &Arc<UriWatch>) {
        let _changing = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut watches = Vec::clone(&self.watches.load());
        watches.retain(|other| !Arc::ptr_eq(other, watch));
        self.watches.store(Arc::new(watches));
        self.changed();
    }

    /// A tap or a watch was opened or closed, by who holds `changes`.
    fn changed(&self) {
        let are_watched = !self.watches.load().is_empty();
        self.are_watched.store(are_watched, Ordering::Relaxed);
        self.is_open.store(are_watched || !self.taps.load().is_empty(), Ordering::Relaxed);
    }

    /// Whether somebody watches URIs.
    pub(crate) fn are_watched(&self) -> bool {
        self.are_watched.load(Ordering::Relaxed)
    }

    /// A session calls.
    pub(crate) fn called(&self, session: SessionId, request: RequestId, procedure: &str, now: Instant) {
        self.watches.load().iter().for_each(|watch| watch.called(session, request, procedure, now));
    }

    /// A call of a session has its final answer.
    pub(crate) fn answered(&self, session: SessionId, request: RequestId, with_result: bool, now: Instant) {
        self.watches.load().iter().for_each(|watch| watch.answered(session, request, with_result, now));
    }

    /// Somebody has published to this topic, and so many events were queued.
    #[cold]
    pub(crate) fn published(&self, topic: &str, events: usize) {
        self.watches.load().iter().for_each(|watch| watch.published(topic, events));
    }

    /// A session has left, and no call of it is answered any more.
    pub(crate) fn left(&self, session: SessionId) {
        self.watches.load().iter().for_each(|watch| watch.left(session));
    }

    /// A message comes by. Returns whether a tap wants to keep it.
    #[cold]
    pub(crate) fn notice(&self, session: SessionId) -> bool {
        let Some(seen) = self.seen.get() else { return false };
        seen[number_of_this_thread() % PLACES].0.fetch_add(1, Ordering::Relaxed);
        self.asked.load(Ordering::Relaxed) > 0 && self.ask(session)
    }

    fn ask(&self, session: SessionId) -> bool {
        let mut is_wanted = false;
        for tap in self.taps.load().iter().filter(|tap| tap.is_about(session)) {
            if tap.session.is_some() {
                tap.seen.fetch_add(1, Ordering::Relaxed);
            }
            is_wanted |= !tap.is_full.load(Ordering::Relaxed);
        }
        is_wanted
    }

    /// The messages that came by this tap: of its session, or of all since something is open.
    fn seen_by(&self, tap: &Tap) -> u64 {
        match tap.session {
            Some(_) => tap.seen.load(Ordering::Relaxed),
            None => self
                .seen
                .get()
                .into_iter()
                .flat_map(|seen| &**seen)
                .map(|place| place.0.load(Ordering::Relaxed))
                .sum(),
        }
    }

    /// What a tap kept was taken: it has room again.
    fn emptied(&self, tap: &Tap) {
        if tap.is_full.swap(false, Ordering::Relaxed) && tap.session.is_none() {
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A tap has as much as it keeps.
    fn filled(&self, tap: &Tap) {
        if !tap.is_full.swap(true, Ordering::Relaxed) && tap.session.is_none() {
            self.asked.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Keeps a message that came by; returns its number.
    #[cold]
    pub(crate) fn keep(
        &self,
        session: SessionId,
        direction: MessageDirection,
        serializer: Serializer,
        bytes: &[u8],
    ) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let cause = HANDLED.get();
        let copy = (bytes.len() <= LONGEST_COPY).then(|| Bytes::copy_from_slice(bytes));
        let at = since_1970();
        for tap in self.taps.load().iter().filter(|tap| tap.is_about(session)) {
            let has_all = tap.keep(TappedMessage {
                at,
                number,
                cause,
                session,
                direction,
                serializer,
                length: bytes.len(),
                bytes: copy.clone(),
            });
            if has_all {
                self.filled(tap);
            }
        }
        number
    }

    /// Has this thread handle the message of this number: what it sends meanwhile comes of it.
    pub(crate) fn handling<T>(number: u64, handle: impl FnOnce() -> T) -> T {
        let before = HANDLED.replace(Some(number));
        let handled = handle();
        HANDLED.set(before);
        handled
    }
}

impl Tap {
    fn is_about(&self, session: SessionId) -> bool {
        self.session.is_none_or(|one| one == session)
    }

    /// Keeps a message if there is room. Returns whether there is none any more.
    fn keep(&self, message: TappedMessage) -> bool {
        if self.is_full.load(Ordering::Relaxed) {
            return false;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < self.most {
            kept.push(message);
        }
        kept.len() >= self.most
    }
}
