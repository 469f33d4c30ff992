//! Events from node to node.

use super::*;
use serverwamp::{Disclosure, Serializer, TopicSettings, prefix, wildcard};

fn router() -> Realm {
    Realm::router("realm1")
}

#[tokio::test]
async fn an_event_reaches_all_nodes_that_want_it_under_one_id_and_no_others() {
    let nodes = Nodes::new(3, router).await;
    let (a, b, c) = (nodes.join(0).await, nodes.join(1).await, nodes.join(2).await);
    let mut here = a.subscribe("com.news").await.unwrap();
    let mut by_prefix = b.subscribe(prefix("com.ne")).await.unwrap();
    let mut by_wildcard = b.subscribe(wildcard("com.")).await.unwrap();
    nodes.interest(2, 3).await;
    let publication = c.publish("com.news", (7, "seven")).await.unwrap();
    for events in [&mut here, &mut by_prefix, &mut by_wildcard] {
        let event = next(events).await;
        assert_eq!((event.publication(), event.topic()), (publication, "com.news"));
        assert_eq!(event.bind::<(u64, String)>().unwrap(), (7, "seven".to_owned()));
    }
    a.publish("com.news", "only for one").await.unwrap();
    a.publish("org.nothing", "for nobody").await.unwrap();
    assert_eq!(next(&mut by_prefix).await.bind::<(String,)>().unwrap().0, "only for one");
    assert!(nodes.hub.has_sent(1, b"only for one") && !nodes.hub.has_sent(2, b"only for one"));
    assert!(!nodes.hub.has_sent(1, b"for nobody"));
}

#[tokio::test]
async fn what_the_application_publishes_goes_everywhere_and_it_hears_of_everywhere() {
    let nodes = Nodes::new(2, router).await;
    let realm = nodes.apps[0].realm("realm1").unwrap();
    let mut heard = realm.subscribe("com.up").unwrap();
    let client = nodes.join(1).await;
    let mut events = client.subscribe("com.down").await.unwrap();
    nodes.interest(0, 1).await;
    nodes.interest(1, 1).await;
    realm.publish("com.down", 1).unwrap();
    assert_eq!(next_number(&mut events).await, 1);
    client.publish("com.up", 2).await.unwrap();
    assert_eq!(next_number(&mut heard).await, 2);
}

#[tokio::test]
async fn ord_01_the_events_of_one_publisher_come_in_their_order_each_once_for_each_subscription() {
    const EVENTS: u64 = 2000;
    let nodes = Nodes::new(3, router).await;
    let (publisher, subscriber) = (nodes.join(0).await, nodes.join(1).await);
    let mut one = subscriber.subscribe("com.t.1").await.unwrap();
    let mut all = subscriber.subscribe(prefix("com.t")).await.unwrap();
    nodes.interest(0, 2).await;
    let published = async {
        for number in 0..EVENTS {
            let topic = format!("com.t.{}", number % 3);
            publisher.publication(topic).send_unacknowledged(number).await.unwrap();
        }
    };
    let heard = async {
        for number in 0..EVENTS {
            assert_eq!(next_number(&mut all).await, number);
            if number % 3 == 1 {
                assert_eq!(next_number(&mut one).await, number);
            }
        }
    };
    tokio::join!(published, heard);
    publisher.publish("com.t.1", EVENTS).await.unwrap();
    assert_eq!((next_number(&mut all).await, next_number(&mut one).await), (EVENTS, EVENTS));
}

#[tokio::test]
async fn bwl_01_lists_of_receivers_hold_where_the_receivers_are() {
    let nodes = Nodes::new(2, router).await;
    let publisher = nodes.join(0).await;
    let (ann, bob) = (nodes.join_as(1, "ann", "user").await, nodes.join_as(1, "bob", "admin").await);
    let mut of_ann = ann.subscribe("com.t").await.unwrap();
    let mut of_bob = bob.subscribe("com.t").await.unwrap();
    nodes.interest(0, 1).await;
    let to = || publisher.publication("com.t");
    to().eligible_authids(["ann"]).send(1).await.unwrap();
    to().exclude_authroles(["admin"]).send(2).await.unwrap();
    to().eligible([bob.session_id().unwrap()]).send(3).await.unwrap();
    to().exclude([ann.session_id().unwrap()][0]).send(4).await.unwrap();
    to().eligible([]).send(5).await.unwrap();
    to().send(6).await.unwrap();
    for number in [1, 2, 6] {
        assert_eq!(next_number(&mut of_ann).await, number);
    }
    for number in [3, 4, 6] {
        assert_eq!(next_number(&mut of_bob).await, number);
    }
}

#[tokio::test]
async fn publishers_are_disclosed_and_trusted_as_on_their_own_node() {
    let realm = || {
        router()
            .disclosure(Disclosure::OnRequest)
            .topic_settings("com.trusted", TopicSettings::new().trustlevel(3))
    };
    let nodes = Nodes::new(2, realm).await;
    let publisher = nodes.join_as(0, "joe", "user").await;
    let subscriber = nodes.join(1).await;
    let mut events = subscriber.subscribe(prefix("com")).await.unwrap();
    nodes.interest(0, 1).await;
    publisher.publication("com.t").disclose_me().send(1).await.unwrap();
    let event = next(&mut events).await;
    assert_eq!(event.publisher(), publisher.session_id());
    assert_eq!((event.publisher_authid(), event.publisher_authrole()), (Some("joe"), Some("user")));
    publisher.publish("com.trusted", 2).await.unwrap();
    let event = next(&mut events).await;
    assert_eq!((event.publisher(), event.trustlevel()), (None, Some(3)));
}

#[tokio::test]
async fn each_client_gets_an_event_in_its_own_serializer() {
    let nodes = Nodes::new(2, router).await;
    let all = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];
    let mut heard = Vec::new();
    for serializer in all {
        let client = nodes.apps[1].join("realm1").serializer(serializer).await.unwrap();
        let events = client.subscribe("com.t").await.unwrap();
        heard.push((client, events));
    }
    nodes.interest(0, 1).await;
    for serializer in all {
        let client = nodes.apps[0].join("realm1").serializer(serializer).await.unwrap();
        let publication = client.publish("com.t", ("ä", 1.5, [1, 2])).await.unwrap();
        for (_, events) in &mut heard {
            let event = next(events).await;
            assert_eq!(event.publication(), publication);
            assert_eq!(event.bind::<(String, f64, [u8; 2])>().unwrap(), ("ä".to_owned(), 1.5, [1, 2]));
        }
    }
}

#[tokio::test]
async fn sessions_that_come_and_go_elsewhere_are_heard_of() {
    let nodes = Nodes::new(2, || router().meta_api()).await;
    let listener = nodes.join(0).await;
    let mut joined = listener.subscribe("wamp.session.on_join").await.unwrap();
    let mut left = listener.subscribe("wamp.session.on_leave").await.unwrap();
    nodes.interest(1, 2).await;
    let client = nodes.join_as(1, "ann", "user").await;
    let session = client.session_id().unwrap();
    let (details,): (serverwamp::Dict,) = next(&mut joined).await.bind().unwrap();
    assert_eq!(details.get("session"), Some(&session.get().into()));
    drop(client);
    let (id, authid, _role): (u64, String, String) = next(&mut left).await.bind().unwrap();
    assert_eq!((id, &*authid), (session.get(), "ann"));
}

#[tokio::test]
async fn a_node_that_leaves_loses_nothing_that_it_published() {
    let nodes = Nodes::new(2, router).await;
    let (publisher, subscriber) = (nodes.join(0).await, nodes.join(1).await);
    let mut events = subscriber.subscribe("com.t").await.unwrap();
    nodes.interest(0, 1).await;
    for number in 0..100_u64 {
        publisher.publish("com.t", number).await.unwrap();
    }
    nodes.apps[0].leave_cluster();
    for number in 0..100 {
        assert_eq!(next_number(&mut events).await, number);
    }
    until("the node is gone", || nodes.apps[1].cluster_status().unwrap().others.is_empty()).await;
}
