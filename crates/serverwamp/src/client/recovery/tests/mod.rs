//! Reading what was missed, from a router that is a history and nothing else; and from routers that are worse.

mod gaps;
mod pages;

use super::page::PageRequest;
use super::read::{PageSource, begin, recover};
use crate::base::error::WampError;
use crate::base::locks::{Mutex, MutexGuard};
use crate::client::topics::TopicKey;
use crate::peering::{GapReason, HistoryPosition, Missed};
use crate::rt::BoxFuture;
use futures_util::FutureExt;
use serverwamp_proto::broker::{History, HistoryBeginning, HistoryQuery};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{EpochId, PublicationId};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::{Part, Payload};
use serverwamp_proto::timestamp::Timestamp;
use serverwamp_proto::uris;
use std::fmt::Write as _;
use std::sync::PoisonError;

const EPOCH: u64 = 4711;

fn id(number: u64) -> PublicationId {
    PublicationId::new(number).unwrap()
}

fn position(recent: &[u64]) -> HistoryPosition {
    let mut position = HistoryPosition::beginning(EpochId::new(EPOCH).unwrap());
    recent.iter().rev().for_each(|number| position.advance(id(*number)));
    position
}

/// A router, as far as a subscriber's recovery sees it.
struct FakeRouter {
    history: Mutex<History<u64>>,
    requests: Mutex<Vec<PageRequest>>,
    /// The longest answer, in events.
    most: usize,
    /// Publications that come right before each request.
    coming: Mutex<Vec<Vec<u64>>>,
    /// The events of these publications do not reach the subscriber, because too many wait.
    drops: Vec<u64>,
    dropped: Mutex<u64>,
    /// How long the text of each event is.
    text: usize,
}

impl FakeRouter {
    /// With these events, of which it keeps so many.
    fn with(events: impl IntoIterator<Item = u64>, capacity: usize) -> Self {
        let beginning = HistoryBeginning { epoch: EpochId::new(EPOCH).unwrap(), at: Timestamp::MIN };
        let mut history = History::new(capacity, beginning);
        events.into_iter().for_each(|number| push(&mut history, number));
        Self {
            history: Mutex::new(history),
            requests: Mutex::default(),
            most: usize::MAX,
            coming: Mutex::default(),
            drops: Vec::new(),
            dropped: Mutex::default(),
            text: 1,
        }
    }

    fn answer(&self, request: PageRequest) -> Result<Payload, WampError> {
        locked(&self.requests).push(request);
        let mut history = locked(&self.history);
        let mut coming = locked(&self.coming);
        if !coming.is_empty() {
            for number in coming.remove(0) {
                push(&mut history, number);
                *locked(&self.dropped) += u64::from(self.drops.contains(&number));
            }
        }
        let mut cursor = history.cursor(HistoryQuery {
            reverse: request.reverse,
            limit: usize::try_from(request.limit).ok(),
            after_publication: request.after,
            ..HistoryQuery::default()
        });
        let mut events = Vec::new();
        while !history.advance(&mut cursor, 100, |_| true, |entry| events.push(entry.event)) {}
        if events.len() > self.most {
            return Err(WampError::payload_size_exceeded("too long"));
        }
        let text = "x".repeat(self.text);
        let events: Vec<_> = events
            .iter()
            .map(|number| format!(r#"{{"timestamp":"","subscription":1,"publication":{number},"details":{{"topic":"com.t"}},"args":[{number},"{text}"]}}"#))
            .collect();
        let mut kwargs = String::new();
        write!(
            kwargs,
            r#"{{"complete":{},"more":{},"epoch":{EPOCH}}}"#,
            cursor.is_complete(),
            cursor.has_more()
        )
        .unwrap();
        Ok(results(&format!("[{}]", events.join(",")), &kwargs))
    }

    fn requests(&self) -> Vec<PageRequest> {
        locked(&self.requests).clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn push(history: &mut History<u64>, number: u64) {
    history.push(id(number), Timestamp::MIN, "com.t".into(), number);
}

fn results(args: &str, kwargs: &str) -> Payload {
    let [args, kwargs] = [args, kwargs].map(|part| Part::copied(part.as_bytes()));
    Payload::of_parts(Serializer::Json, args, kwargs)
}

impl PageSource for FakeRouter {
    fn page(&self, request: PageRequest) -> BoxFuture<'_, Result<Payload, WampError>> {
        Box::pin(std::future::ready(self.answer(request)))
    }

    fn dropped(&self) -> u64 {
        *locked(&self.dropped)
    }
}

/// A router that always answers the same.
struct SameAnswer(Result<Payload, WampError>);

impl PageSource for SameAnswer {
    fn page(&self, _: PageRequest) -> BoxFuture<'_, Result<Payload, WampError>> {
        Box::pin(std::future::ready(self.0.clone()))
    }

    fn dropped(&self) -> u64 {
        0
    }
}

fn exact() -> TopicKey {
    TopicKey { kind: Match::Exact, topic: "com.t".into() }
}

/// Recovers; nothing has to be waited for.
fn recovered(source: &impl PageSource, position: &HistoryPosition) -> Missed {
    recover(source, &exact(), position).now_or_never().expect("the answers are there")
}

#[track_caller]
fn numbers(outcome: &Missed) -> Vec<u64> {
    let Missed::Known { events, .. } = outcome else { panic!("{outcome:?}") };
    events.iter().map(|event| event.publication().get()).collect()
}

#[track_caller]
fn gap(outcome: Missed) -> (GapReason, Option<String>) {
    let Missed::Unknown { reason, position } = outcome else { panic!("{outcome:?}") };
    (reason, position.map(|position| position.to_string()))
}
