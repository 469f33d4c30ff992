//! A subscription that recovers over real connections: one that is cut while the router runs on, and one to a router that is
//! restarted.

use futures_util::future::{Either, select};
use serverwamp::client::{Client, ConnectionState, Reconnect};
use serverwamp::{Application, Delivery, GapReason, Realm, Server, Subscriber, TopicSettings};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

fn application() -> Application {
    let realm = Realm::router("realm1")
        .allow_anonymous("guest")
        .topic_settings("com.t", TopicSettings::new().history(1000));
    Application::builder().realm(realm).build().unwrap()
}

/// A router at a port that can be stopped, so that another one takes its place.
struct Router {
    app: Application,
    address: SocketAddr,
    stop: Arc<Notify>,
    stopped: tokio::task::JoinHandle<()>,
}

impl Router {
    async fn at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (app, stop) = (application(), Arc::<Notify>::default());
        let (server, stopping) = (Server::new(app.clone()).drain(Duration::ZERO), Arc::clone(&stop));
        let stopped = tokio::spawn(async move {
            server.serve(listener, async move { stopping.notified().await }).await.unwrap();
        });
        Self { app, address, stop, stopped }
    }

    async fn publish(&self, numbers: std::ops::RangeInclusive<u64>) {
        let publisher = self.app.join("realm1").await.unwrap();
        for number in numbers {
            publisher.publish("com.t", number).await.unwrap();
        }
    }

    /// Ends, with all its memory.
    async fn end(self) {
        self.stop.notify_one();
        self.stopped.await.unwrap();
    }
}

/// A way to a router that can be cut. What has been cut stays so until it is mended.
struct Way {
    address: SocketAddr,
    open: watch::Sender<bool>,
}

impl Way {
    async fn to(router: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, is_open) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut cut = is_open.clone();
                if !*cut.borrow_and_update() {
                    continue;
                }
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(router).await.unwrap();
                    let carried = pin!(copy_bidirectional(&mut near, &mut far));
                    match select(carried, pin!(cut.changed())).await {
                        Either::Left(_) | Either::Right(_) => {}
                    }
                });
            }
        });
        Self { address, open }
    }
}

async fn subscribed(address: SocketAddr) -> (Client, Subscriber) {
    let reconnect = Reconnect::new().first(Duration::from_millis(5)).most(Duration::from_millis(50));
    let client =
        Client::connect(format!("ws://{address}/ws")).realm("realm1").reconnect(reconnect).await.unwrap();
    let events = client.subscribe("com.t").recover().await.unwrap();
    (client, events)
}

/// Waits until the client has noticed that its session is over.
async fn interrupted(client: &Client) {
    let mut states = client.states();
    while let Some(ConnectionState::Connected { .. }) = states.next().await {}
}

async fn next(events: &mut Subscriber) -> Delivery {
    tokio::time::timeout(Duration::from_secs(10), events.next_delivery()).await.unwrap().unwrap()
}

#[track_caller]
fn number(delivered: &Delivery) -> u64 {
    let Delivery::Event(event) = delivered else { panic!("{delivered:?}") };
    event.bind().unwrap()
}

#[tokio::test]
async fn what_was_published_while_the_connection_was_cut_is_recovered() {
    let router = Router::at(0).await;
    let way = Way::to(router.address).await;
    let (client, mut events) = subscribed(way.address).await;
    router.publish(1..=2).await;
    let mut expected = 3;
    for number_before in 1..=2 {
        assert_eq!(number(&next(&mut events).await), number_before);
    }
    for missed in [0, 1, 700] {
        way.open.send(false).unwrap();
        interrupted(&client).await;
        if missed > 0 {
            router.publish(expected..=expected + missed - 1).await;
        }
        way.open.send(true).unwrap();
        let Delivery::Recovered(recovered) = next(&mut events).await else { panic!("not recovered") };
        let recovered: Vec<u64> = recovered.iter().map(|event| event.bind().unwrap()).collect();
        assert!(recovered.iter().copied().eq(expected..expected + missed), "{} of {missed}", recovered.len());
        expected += missed;
        router.publish(expected..=expected).await;
        assert_eq!(number(&next(&mut events).await), expected);
        expected += 1;
    }
    assert_eq!((events.cuts(), events.lost()), (3, 0));
    router.end().await;
}

#[tokio::test]
async fn a_router_that_was_restarted_has_forgotten_what_was_missed() {
    let router = Router::at(0).await;
    let port = router.address.port();
    let (client, mut events) = subscribed(router.address).await;
    router.publish(1..=1).await;
    assert_eq!(number(&next(&mut events).await), 1);
    let epoch = events.position().unwrap().epoch();
    router.end().await;
    interrupted(&client).await;
    let router = Router::at(port).await;
    router.publish(2..=2).await;
    let mut delivered = next(&mut events).await;
    // If the client was faster than the publisher, the event is live.
    let Delivery::Gap(gap) = &delivered else { panic!("{delivered:?}") };
    assert!(matches!(gap.reason(), GapReason::NewHistory), "{}", gap.reason());
    router.publish(3..=3).await;
    delivered = next(&mut events).await;
    if number(&delivered) == 2 {
        delivered = next(&mut events).await;
    }
    assert_eq!(number(&delivered), 3);
    assert_ne!(events.position().unwrap().epoch(), epoch);
    router.end().await;
}
