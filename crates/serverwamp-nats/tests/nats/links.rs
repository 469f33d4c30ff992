//! Events between two nodes: that they come, that what is dropped is a lost link, and that all comes together again.

use crate::{PATIENCE, connect, server, until};
use serverwamp::cluster::{Cluster as _, NodeName};
use serverwamp::{Application, Realm, RealmHandle, Subscriber};
use serverwamp_conformance::NatsServer;
use serverwamp_nats::Nats;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

/// A node and its carrier.
struct Node {
    app: Application,
    nats: Arc<Nats>,
}

impl Node {
    async fn new(name: &str, server: &NatsServer) -> Self {
        let nats = Arc::new(connect(name, server).await);
        let realm = Realm::router("realm1").allow_anonymous("guest");
        let app = Application::builder().realm(realm).build().unwrap();
        app.join_cluster(NodeName::new(name).unwrap(), Arc::<Nats>::clone(&nats)).unwrap();
        Self { app, nats }
    }

    fn realm(&self) -> RealmHandle {
        self.app.realm("realm1").unwrap()
    }

    /// Waits until it has a link to another node, and knows of so many patterns that the other one wants.
    async fn knows(&self, patterns: usize) {
        until("the nodes know each other", || {
            let status = self.app.cluster_status().unwrap();
            let is_joined = status.others.len() == 1 && status.others.iter().all(|other| other.is_joined);
            is_joined && status.interest == patterns
        })
        .await;
    }
}

async fn next(events: &mut Subscriber) -> u64 {
    let event = tokio::time::timeout(PATIENCE, events.recv()).await.expect("an event").unwrap();
    event.bind::<(u64,)>().unwrap().0
}

#[tokio::test]
async fn events_come_in_their_order_and_are_acknowledged() {
    let Some(server) = server("") else { return };
    let (a, b) = (Node::new("a", &server).await, Node::new("b", &server).await);
    let mut events = b.realm().subscribe("com.said").unwrap();
    a.knows(1).await;
    let publisher = a.realm();
    // As many at once as the subscriber's queue certainly has room for.
    for batch in 0..20_u64 {
        let numbers = batch * 100..(batch + 1) * 100;
        numbers.clone().for_each(|number| publisher.publish("com.said", (number,)).map(drop).unwrap());
        for number in numbers {
            assert_eq!(next(&mut events).await, number);
        }
    }
    a.nats.taken().await.unwrap();
    assert_eq!(a.nats.counts(), Default::default(), "nothing went wrong");
    assert_eq!(b.nats.counts(), Default::default(), "nothing went wrong");
}

#[tokio::test]
async fn nodes_find_each_other_again_when_the_server_was_gone() {
    let Some(mut server) = server("") else { return };
    let (a, b) = (Node::new("a", &server).await, Node::new("b", &server).await);
    let mut events = b.realm().subscribe("com.said").unwrap();
    a.knows(1).await;
    server.kill();
    until("both see it", || !a.nats.is_connected() && !b.nats.is_connected()).await;
    assert!(a.nats.taken().await.is_err(), "nobody has taken anything");
    server.start_again().unwrap();
    until("both are back", || a.nats.is_connected() && b.nats.is_connected()).await;
    assert!(a.nats.counts().disconnections > 0 && b.nats.counts().disconnections > 0);
    // An event that was published before both know each other may be lost, and that is said; later ones come.
    let publisher = a.realm();
    until("events come again", || {
        publisher.publish("com.said", (1,)).unwrap();
        events.try_recv().is_some()
    })
    .await;
}

/// Publishes so many messages as fast as it can, as somebody who is no node.
fn flood(server: &NatsServer, subject: &str, count: usize) {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"CONNECT {\"verbose\":false}\r\n").unwrap();
    stream.write_all(format!("PUB {subject} 1\r\nx\r\n").repeat(count).as_bytes()).unwrap();
    stream.write_all(b"PING\r\n").unwrap();
    // The server has them all when it answers.
    let (mut said, mut chunk) = (String::new(), [0; 4096]);
    while !said.contains("PONG") {
        let length = stream.read(&mut chunk).unwrap();
        assert!(length > 0, "{said}");
        said.push_str(&String::from_utf8_lossy(&chunk[..length]));
    }
}

/// On one thread, which stands still while messages pile up, so that the client has more of them at once than its channel takes.
#[tokio::test(flavor = "current_thread")]
async fn what_the_client_drops_is_counted_and_the_link_comes_back() {
    let Some(server) = server("") else { return };
    let (a, b) = (Node::new("a", &server).await, Node::new("b", &server).await);
    let mut events = b.realm().subscribe("com.said").unwrap();
    a.knows(1).await;
    until("messages are dropped", || {
        flood(&server, "wamp.tests.to.b.nobody", 20_000);
        b.nats.counts().dropped > 0
    })
    .await;
    let publisher = a.realm();
    until("events come again", || {
        publisher.publish("com.said", (1,)).unwrap();
        events.try_recv().is_some()
    })
    .await;
    assert!(b.app.cluster_status().unwrap().counts.refused > 0, "what was no batch is refused");
}

#[tokio::test]
async fn what_no_node_can_have_sent_is_counted() {
    let Some(server) = server("") else { return };
    let a = Node::new("a", &server).await;
    flood(&server, "wamp.tests.to.a.n%de", 3);
    until("they are counted", || a.nats.counts().foreign == 3).await;
}
