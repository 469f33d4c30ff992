//! A client that reconnects to routers that this test plays, in paused time.

mod requests;
mod standing;
mod states;

use super::{Router, WELCOME};
use crate::client::{Client, ClientBuilder, ClientError, ConnectionState, Reconnect};
use crate::rt::{AnyIo, BoxFuture, Runtime, Tokio};
use crate::server::memory::{Pipe, messages, pipe};
use crate::transport::io::{read_exact, write_all};
use serverwamp_proto::codec::Serializer;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const SECOND: Duration = Duration::from_secs(1);

/// A runtime on which every connection leads to this test.
#[derive(Debug)]
struct Wire {
    arrivals: mpsc::UnboundedSender<Pipe>,
    attempts: Arc<AtomicUsize>,
    /// The attempts that are still to fail.
    failing: Arc<AtomicUsize>,
}

impl Runtime for Wire {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        Tokio.spawn(task);
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Tokio.sleep_until(deadline)
    }

    fn now(&self) -> Instant {
        Tokio.now()
    }

    fn connect(&self, _: &str, _: u16) -> BoxFuture<'static, io::Result<AnyIo>> {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let one_less = |failing: usize| failing.checked_sub(1);
        if self.failing.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
            // Not at once, so that the test sees every state.
            let late = self.sleep_until(self.now() + Duration::from_millis(1));
            return Box::pin(async {
                late.await;
                Err(io::ErrorKind::ConnectionRefused.into())
            });
        }
        let (near, far) = pipe(64 * 1024);
        let arrived = self.arrivals.send(far);
        Box::pin(async move {
            arrived.map_err(|_| io::ErrorKind::ConnectionRefused)?;
            Ok(AnyIo::new(near))
        })
    }
}

/// The place where the client's connections arrive.
pub(super) struct Place {
    arrivals: mpsc::UnboundedReceiver<Pipe>,
    attempts: Arc<AtomicUsize>,
    failing: Arc<AtomicUsize>,
}

type Connecting = Pin<Box<dyn Future<Output = Result<Client, ClientError>> + Send>>;

/// A client that is about to connect, and the place to which it does.
fn connecting(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> (Place, Connecting) {
    let (sender, arrivals) = mpsc::unbounded_channel();
    let (attempts, failing) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let wire = Wire { arrivals: sender, attempts: Arc::clone(&attempts), failing: Arc::clone(&failing) };
    let builder = Client::connect("rs://router:1").realm("realm1").serializer(Serializer::Json).runtime(wire);
    (Place { arrivals, attempts, failing }, Box::pin(change(builder).into_future()))
}

/// A client in its first session.
pub(super) async fn connected(reconnect: Reconnect) -> (Place, Router, Client) {
    let (mut place, client) = connecting(|builder| builder.reconnect(reconnect));
    let client = tokio::spawn(client);
    let router = place.welcome().await;
    (place, router, client.await.unwrap().unwrap())
}

/// Loses the connection, and waits until the client has noticed.
pub(super) async fn cut(router: Router, client: &Client) {
    drop(router);
    let mut states = client.states();
    while let Some(ConnectionState::Connected { .. }) = states.next().await {}
}

impl Place {
    /// The next connection, up to HELLO.
    async fn arrival(&mut self) -> Router {
        let mut io = self.arrivals.recv().await.unwrap();
        let mut asked = [0; 4];
        read_exact(&mut io, &mut asked).await.unwrap();
        write_all(&mut io, &[0x7f, 0xf1, 0, 0]).await.unwrap();
        let (receiver, sender) = messages(io, 1 << 20);
        let mut router = Router { sender, receiver };
        assert!(router.hear().await.unwrap().starts_with(r#"[1,"realm1""#));
        router
    }

    /// The next session.
    pub(super) async fn welcome(&mut self) -> Router {
        let mut router = self.arrival().await;
        router.say(WELCOME).await;
        router
    }

    /// The next connection, which is refused.
    async fn refuse(&mut self, uri: &str) {
        let mut router = self.arrival().await;
        router.say(&format!(r#"[3,{{}},"{uri}"]"#)).await;
        assert_eq!(router.hear().await, None);
    }

    /// The attempts to connect so far.
    fn attempts(&self) -> usize {
        self.attempts.load(Ordering::Relaxed)
    }

    /// The next attempts fail.
    fn fail(&self, attempts: usize) {
        self.failing.store(attempts, Ordering::Relaxed);
    }
}
