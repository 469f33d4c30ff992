//! A clock that jumps, as it may when a machine has slept: connections that are alive stay.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::rt::{BoxFuture, Runtime};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Tokio with a clock that goes ahead of its own by some seconds. Its timers run as if nothing had happened.
#[derive(Debug, Default)]
struct Jumping(AtomicU64);

impl Jumping {
    fn ahead(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }

    fn jump(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Runtime for Jumping {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        Tokio.spawn(task);
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Tokio.sleep_until(deadline.checked_sub(self.ahead()).unwrap_or_else(|| Tokio.now()))
    }

    fn now(&self) -> Instant {
        Tokio.now() + self.ahead()
    }
}

fn jumping() -> (Peer, Arc<Jumping>) {
    let clock = Arc::<Jumping>::default();
    let peer = connect_on(Arc::clone(&clock) as _, binary(), &WebSocketConfig::default(), 1 << 20);
    (peer, clock)
}

#[tokio::test(start_paused = true)]
async fn who_has_been_silent_for_a_day_at_once_is_asked_and_not_given_up() {
    let (mut peer, clock) = jumping();
    peer.send(Opcode::Binary, b"before").await;
    peer.expect(b"before").await;
    for _ in 0..3 {
        clock.jump(DAY);
        assert_eq!(peer.receive().await, Some(Event::Ping(Bytes::new())));
        peer.send(Opcode::Pong, b"").await;
        peer.send(Opcode::Binary, b"after").await;
        peer.expect(b"after").await;
    }
    // A peer that does not answer is given up as on any other day.
    clock.jump(DAY);
    assert_eq!(peer.receive().await, Some(Event::Ping(Bytes::new())));
    assert_eq!(peer.receive().await, None);
    peer.expect_end(EndReason::PingTimeout).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_peer_sends_after_a_jump_is_served_before_the_clock_is_looked_at() {
    let (mut peer, clock) = jumping();
    clock.jump(DAY);
    peer.send(Opcode::Binary, b"at once").await;
    peer.expect(b"at once").await;
    clock.jump(DAY);
    peer.send(Opcode::Close, &1000_u16.to_be_bytes()).await;
    peer.expect_close(1000).await;
    peer.io.shutdown().await.unwrap();
    peer.expect_end(EndReason::PeerClosed { code: Some(1000) }).await;
}
