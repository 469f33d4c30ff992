//! Events for many: everybody gets them, and nobody else waits until they have.

use super::*;
use crate::rt::BoxFuture;
use crate::transport::WakeQueue;

/// So many connections that sleep.
async fn connect_many(run_queue: &Arc<RunQueue>, many: usize) -> Vec<Peer> {
    let config = WebSocketConfig::default();
    let peers = (0..many).map(|_| connect_beside(run_queue, binary(), &config, 1 << 16)).collect();
    settle().await;
    peers
}

/// Pushes an event for all of them, and gives those who sleep.
fn push(peers: &[Peer], event: &[u8]) -> Vec<Outbox> {
    let mut asleep = Vec::new();
    peers.iter().for_each(|peer| peer.outbox.push_event(event, Some(&mut asleep)).unwrap());
    asleep
}

fn waiting(peers: &[Peer]) -> usize {
    peers.iter().filter(|peer| peer.outbox.queued() > 0).count()
}

/// Waits until all have written.
async fn all_write(peers: &[Peer]) {
    for _ in 0..10_000 {
        if waiting(peers) == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{} of {} are forgotten", waiting(peers), peers.len());
}

#[tokio::test(start_paused = true)]
async fn between_the_writes_of_many_others_are_served() {
    let run_queue = RunQueue::new(Arc::new(Tokio), Arc::default());
    let mut peers = connect_many(&run_queue, 1000).await;
    let mut polite = connect_beside(&run_queue, binary(), &WebSocketConfig::default(), 1 << 16);
    let asleep = push(&peers, b"event");
    assert_eq!(asleep.len(), peers.len());
    assert_eq!(push(&peers, b"again").len(), 0, "they have been named already");
    run_queue.wake_queue().wake(asleep);
    let mut before = peers.len();
    for _ in 0..5 {
        polite.send(Opcode::Binary, b"little").await;
        polite.expect(b"little").await;
        let now = waiting(&peers);
        assert!(0 < now && now < before && before - now <= 100, "{before} waited, then {now}");
        before = now;
    }
    all_write(&peers).await;
    for peer in &mut peers {
        peer.expect(b"event").await;
        peer.expect(b"again").await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_something_else_to_write_or_much_does_not_wait_for_the_crowd() {
    let run_queue = RunQueue::new(Arc::new(Tokio), Arc::default());
    let mut peers = connect_many(&run_queue, 500).await;
    let asleep = push(&peers, b"event");
    run_queue.wake_queue().wake(asleep);
    peers[499].outbox.push_encoded(b"answer").unwrap();
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(peers[499].outbox.queued(), 0);
    assert!(peers[498].outbox.queued() > 0);
    peers[499].expect(b"event").await;
    peers[499].expect(b"answer").await;
    all_write(&peers).await;
    settle().await;
    // Up to 16 KiB wait for their turn, and nobody is asked for it here.
    assert_eq!(push(&peers[..1], &[7; 20_000]).len(), 0);
    assert_eq!(push(&peers[1..3], &[7; 10_000]).len(), 2);
    assert_eq!(push(&peers[2..3], &[7; 10_000]).len(), 0);
    settle().await;
    let waiting = [0, 1, 2].map(|number: usize| peers[number].outbox.queued() > 0);
    assert_eq!(waiting, [false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn the_waking_task_ends_with_the_last_connection_and_comes_with_the_next() {
    let run_queue = RunQueue::new(Arc::new(Tokio), Arc::default());
    for _ in 0..3 {
        let peers = connect_many(&run_queue, 100).await;
        assert!(format!("{:?}", run_queue.wake_queue()).contains("members: 100, attended: true"));
        run_queue.wake_queue().wake(push(&peers, b"event"));
        // Half of them leave before their turn.
        peers.iter().step_by(2).for_each(|peer| peer.task.abort());
        let others: Vec<Peer> = peers.into_iter().skip(1).step_by(2).collect();
        all_write(&others).await;
        others.iter().for_each(|peer| peer.task.abort());
        settle().await;
        let left = format!("{:?}", run_queue.wake_queue());
        assert!(left.contains("asleep: 0, members: 0, attended: false"), "{left}");
    }
}

/// Never runs what it is given, as a runtime that is shutting down.
#[derive(Debug)]
struct Stopped;

impl Runtime for Stopped {
    fn spawn(&self, _: BoxFuture<'static, ()>) {}

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Tokio.sleep_until(deadline)
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_waking_task_all_are_woken_at_once() {
    let run_queue = RunQueue::new(Arc::new(Stopped), Arc::default());
    let peers = connect_many(&run_queue, 100).await;
    run_queue.wake_queue().wake(push(&peers, b"event"));
    all_write(&peers).await;
    WakeQueue::default().wake(push(&peers, b"event"));
    all_write(&peers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn of_events_from_all_sides_nobody_misses_one() {
    const PEERS: usize = 100;
    const EVENTS: usize = 300;
    let run_queue = RunQueue::new(Arc::new(Tokio), Arc::default());
    let peers = connect_many(&run_queue, PEERS).await;
    let outboxes: Vec<Outbox> = peers.iter().map(|peer| peer.outbox.clone()).collect();
    // Two threads that know nothing of the runtime, as an application may publish from.
    let publishers = [1, 2].map(|_| {
        let (outboxes, wake_queue) = (outboxes.clone(), Arc::clone(run_queue.wake_queue()));
        std::thread::spawn(move || {
            for number in 0..EVENTS {
                let mut asleep = Vec::new();
                for outbox in &outboxes {
                    outbox.push_event(b"event", Some(&mut asleep)).unwrap();
                }
                wake_queue.wake(asleep);
                if number % 16 == 0 {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        })
    });
    let readers: Vec<_> = peers
        .into_iter()
        .map(|mut peer| {
            tokio::spawn(async move {
                for _ in 0..2 * EVENTS {
                    peer.expect(b"event").await;
                }
            })
        })
        .collect();
    for reader in readers {
        tokio::time::timeout(Duration::from_secs(30), reader).await.expect("nobody waits for ever").unwrap();
    }
    publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
}
