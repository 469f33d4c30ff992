//! Messages and bodies of one transport, poll by poll.

use super::*;
use crate::base::admission::Admissions;
use crate::base::limits::Limits;
use crate::server::memory::{CAPACITY, pipe};
use futures_util::task::{ArcWake, waker_ref};
use serverwamp_proto::codec::Serializer;
use std::sync::Barrier;
use std::thread;

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl ArcWake for Count {
    fn wake_by_ref(count: &Arc<Self>) {
        count.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Longer than what waits in the pipe.
const LONGEST: usize = 4 * CAPACITY;

#[expect(clippy::disallowed_methods, reason = "no runtime, and no time passes")]
fn now() -> Instant {
    Instant::now()
}

/// A transport, and the server's side of it.
fn transport() -> (LongPollTransport, MessageSender, MessageReceiver) {
    let (client, server) = pipe(CAPACITY);
    let bounds = PollBounds { hello: 100, message: LONGEST };
    let permit = Admissions::new(&Limits::default(), Arc::default()).own();
    let transport = LongPollTransport::new(Subprotocol::new(Serializer::Json), client, bounds, permit, now());
    let (receiver, sender) = messages(server, LONGEST);
    (transport, sender, receiver)
}

fn poll(transport: &LongPollTransport, number: usize, count: &Arc<Count>) -> Poll<Received> {
    transport.poll_receive(number, &mut Context::from_waker(&waker_ref(count)))
}

fn send(sender: &mut MessageSender, message: &[u8]) {
    sender.push(message).unwrap();
    assert!(sender.poll_flush(&mut Context::from_waker(Waker::noop())).is_ready());
}

// checklist LP-10
#[test]
fn an_older_receive_that_is_polled_last_does_not_take_the_newer_ones_waker() {
    let (transport, mut sender, _receiver) = transport();
    let (older, newer) = <(Arc<Count>, Arc<Count>)>::default();
    let first = transport.begin_receive();
    assert!(poll(&transport, first, &older).is_pending());
    let second = transport.begin_receive();
    assert_eq!((older.get(), newer.get()), (1, 0), "the older one is woken to give up");
    assert!(poll(&transport, second, &newer).is_pending());
    assert!(matches!(poll(&transport, first, &older), Poll::Ready(Received::Superseded)));
    send(&mut sender, b"[1]");
    assert_eq!((older.get(), newer.get()), (1, 1), "the message wakes who waits for it");
    assert!(
        matches!(poll(&transport, second, &newer), Poll::Ready(Received::Messages(all)) if all == b"[1]")
    );
}

// checklist LP-10
#[test]
fn of_two_receives_that_are_polled_at_the_same_moment_the_newer_one_is_woken() {
    for round in 0..2000 {
        let (transport, mut sender, _receiver) = transport();
        let (older, newer) = <(Arc<Count>, Arc<Count>)>::default();
        let (first, both) = (transport.begin_receive(), Barrier::new(2));
        let second = thread::scope(|scope| {
            scope.spawn(|| {
                both.wait();
                while poll(&transport, first, &older).is_pending() {}
            });
            both.wait();
            let second = transport.begin_receive();
            assert!(poll(&transport, second, &newer).is_pending());
            second
        });
        send(&mut sender, b"[1]");
        assert_eq!(newer.get(), 1, "in round {round}");
        assert!(matches!(poll(&transport, second, &newer), Poll::Ready(Received::Messages(_))));
    }
}

#[test]
fn the_end_of_a_transport_wakes_who_waits() {
    let (transport, _sender, _receiver) = transport();
    let count = Arc::default();
    let number = transport.begin_receive();
    assert!(poll(&transport, number, &count).is_pending());
    transport.end(now());
    assert_eq!(count.get(), 1);
    assert!(matches!(poll(&transport, number, &count), Poll::Ready(Received::Over)));
}

#[test]
fn a_transport_whose_connection_is_over_holds_nothing_that_was_to_be_sent() {
    let (transport, _sender, receiver) = transport();
    let mut cx = Context::from_waker(Waker::noop());
    let mut sending = Box::pin(transport.send(vec![b' '; LONGEST].into()));
    assert!(sending.as_mut().poll(&mut cx).is_pending(), "the session does not read");
    drop(sending);
    assert!(lock(&transport.sender).is_some(), "the next request goes on with it");
    drop(receiver);
    transport.disconnect(now());
    assert!(lock(&transport.sender).is_none());
    let mut sending = Box::pin(transport.send(Bytes::from_static(b"[1]")));
    assert!(matches!(sending.as_mut().poll(&mut cx), Poll::Ready(Err(SendRefused::Over))));
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn requests_do_not_refresh_a_transport_whose_connection_is_over() {
    let (transport, ..) = transport();
    let runtime: Arc<dyn Runtime> = Arc::new(crate::rt::Tokio);
    let (start, second) = (runtime.now(), Duration::from_secs(1));
    let busy = transport.attend(&runtime);
    let later = start + 10 * second;
    assert!(transport.idle_at(second, later).is_some(), "a request is being answered");
    transport.disconnect(start);
    assert_eq!(
        transport.idle_at(second, start),
        Some(start + second),
        "it may still be asked for what was said"
    );
    assert_eq!(transport.idle_at(second, later), None, "whoever asks");
    drop(busy);
    assert_eq!(transport.idle_at(second, start), Some(start + second));
}

#[test]
fn the_bodies_of_a_transport_have_the_bytes_of_a_hello_together_until_it_is_in_session_and_of_a_message_then()
{
    let (transport, ..) = transport();
    for (in_session, bound, refusal) in
        [(false, 100, Refusal::HelloBytes), (true, LONGEST, Refusal::MessageBytes)]
    {
        transport.permit.set_in_session(in_session);
        assert_eq!(transport.bound(), (bound, refusal));
        let (mut one, mut other) = (transport.hold(), transport.hold());
        assert!(one.grow(bound - 1, bound));
        assert!(!other.grow(2, bound), "one byte more than the bound");
        assert!(other.grow(1, bound));
        drop(one);
        assert!(other.grow(bound - 1, bound), "who has been passed on holds nothing");
    }
    assert_eq!(transport.collected.load(Ordering::Relaxed), 0);
}
