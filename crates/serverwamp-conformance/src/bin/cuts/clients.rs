//! The clients: one serves, one hears, one calls, one publishes.

use super::record::{CallEnd, Heard, Record};
use super::{Failure, pause};
use serverwamp::client::{Client, ConnectionState, Reconnect};
use serverwamp::extract::Arg;
use serverwamp::rt::Runtime;
use serverwamp::{Delivery, Registration, Subscriber, WhileDisconnected};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The time in which everybody is back.
const BACK: Duration = Duration::from_secs(30);

/// The calls that are out at once.
const CALLERS: u64 = 8;

pub(crate) struct Clients<R> {
    runtime: R,
    all: Vec<Client>,
    _served: Registration,
    busy: Arc<Busy>,
}

/// The tasks that call and publish.
#[derive(Debug, Default)]
struct Busy {
    stopped: AtomicBool,
    running: AtomicU64,
}

impl<R: Runtime + Copy> Clients<R> {
    pub(crate) async fn start(runtime: R, address: &str, record: &Arc<Record>) -> Result<Self, Failure> {
        let reconnect = Reconnect::new().most(Duration::from_millis(500));
        let websocket = format!("ws://{address}/ws");
        let connect =
            || Client::connect(&*websocket).realm("realm1").runtime(runtime).reconnect(reconnect.clone());
        let (worker, listener, caller, publisher) =
            (connect().await?, connect().await?, connect().await?, connect().await?);
        let runs = Arc::clone(record);
        let served = worker
            .register("work.double", move |Arg(number): Arg<u64>| {
                let runs = Arc::clone(&runs);
                async move {
                    runs.ran(number);
                    // Some calls are being served whenever the router goes.
                    pause(&runtime, number % 20).await;
                    2 * number
                }
            })
            .await?;
        let events = listener.subscribe("news").await?;
        runtime.spawn(Box::pin(hear(events, Arc::clone(record))));
        let busy = Arc::new(Busy::default());
        for first in 0..CALLERS {
            let call = call(caller.clone(), first, runtime, Arc::clone(record), Arc::clone(&busy));
            busy.running.fetch_add(1, Ordering::Relaxed);
            runtime.spawn(Box::pin(call));
        }
        let publish = publish(publisher.clone(), runtime, Arc::clone(record), Arc::clone(&busy));
        busy.running.fetch_add(1, Ordering::Relaxed);
        runtime.spawn(Box::pin(publish));
        Ok(Self { runtime, all: vec![worker, listener, caller, publisher], _served: served, busy })
    }

    /// Waits until all are in this session, calls are served and events are heard.
    pub(crate) async fn meet(&self, session: u64, record: &Record) -> Result<(), Failure> {
        let deadline = self.runtime.now() + BACK;
        let mut since = None;
        loop {
            let is_back = |client: &Client| matches!(client.state(), ConnectionState::Connected { number, .. } if number == session);
            let (calls, events) = record.progress();
            let (calls_before, events_before) = match since {
                Some(since) => since,
                None if self.all.iter().all(is_back) => *since.insert((calls, events)),
                None => (calls, events),
            };
            if calls >= calls_before + 16 && events >= events_before + 4 {
                return Ok(());
            }
            if self.runtime.now() > deadline {
                let states: Vec<_> = self.all.iter().map(|client| client.state().to_string()).collect();
                return Err(
                    format!("session {session} is not there within {BACK:?}: {states:?}; {record}").into()
                );
            }
            pause(&self.runtime, 5).await;
        }
    }

    /// Lets what is out come in, and ends.
    pub(crate) async fn finish(&self) {
        self.busy.stopped.store(true, Ordering::Release);
        while self.busy.running.load(Ordering::Acquire) > 0 {
            pause(&self.runtime, 5).await;
        }
        // The last event may be on its way.
        pause(&self.runtime, 200).await;
        for client in &self.all {
            client.clone().leave().await;
        }
    }
}

async fn hear(mut events: Subscriber, record: Arc<Record>) {
    while let Some(next) = events.next_delivery().await {
        match next {
            Delivery::Event(event) => match event.bind::<u64>() {
                Ok(number) => record.heard(Heard::Event(number)),
                Err(error) => record.problem(format!("an event cannot be read: {error}")),
            },
            Delivery::Cut(cut) => record.heard(Heard::Cut(cut.sessions())),
            other => record.problem(format!("the subscription yields {other:?}")),
        }
    }
    if events.lost() > 0 {
        record.problem(format!("{} events were dropped", events.lost()));
    }
}

async fn call(client: Client, first: u64, runtime: impl Runtime, record: Arc<Record>, busy: Arc<Busy>) {
    let mut number = first;
    while !busy.stopped.load(Ordering::Acquire) {
        // Half of the callers wait for the router.
        let choice = if first.is_multiple_of(2) { WhileDisconnected::Wait } else { WhileDisconnected::Fail };
        let end = match client.call::<u64, _>("work.double", number).while_disconnected(choice).await {
            Ok(double) if double == 2 * number => CallEnd::Result,
            Ok(double) => {
                record.problem(format!("call {number} gave {double}"));
                CallEnd::Result
            }
            Err(error) => CallEnd::of_error(&error),
        };
        record.called(number, end);
        if end != CallEnd::Result {
            pause(&runtime, 5).await;
        }
        number += CALLERS;
    }
    busy.running.fetch_sub(1, Ordering::Release);
}

async fn publish(client: Client, runtime: impl Runtime, record: Arc<Record>, busy: Arc<Busy>) {
    let mut number = 1_u64;
    while !busy.stopped.load(Ordering::Acquire) {
        let published = client.publish("news", number).await;
        record.published(number, published.err().map(|error| CallEnd::of_error(&error)));
        pause(&runtime, 2).await;
        number += 1;
    }
    busy.running.fetch_sub(1, Ordering::Release);
}
