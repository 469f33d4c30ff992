//! `serverwamp link` where the same URIs go both ways: refusals first, then what crosses, and that nothing goes round and round.

use crate::linking::Link;
use crate::{PATIENCE, demo, fails, run, shell, start};
use serde_json::json;
use serverwamp_conformance::harness::server_with;
use serverwamp_conformance::interop;
use serverwamp_conformance::router::{ForeignRouter, Make};
use serverwamp_conformance::{RawPeer, ServerProcess, Signal, Subprotocol, binary};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) const BOTH_WAYS: [&str; 8] =
    ["--calls-right", "shop.", "--calls-left", "shop.", "--events-right", "news.", "--events-left", "news."];

/// How much shorter a call is that nobody serves than one that goes round and round.
const AT_ONCE: Duration = Duration::from_secs(5);

fn join(server: &ServerProcess) -> RawPeer {
    join_at(server.url())
}

pub(crate) fn join_at(url: &str) -> RawPeer {
    let mut peer = RawPeer::connect(url, Subprotocol::JSON);
    let features = json!({ "call_canceling": true, "progressive_call_results": true });
    let roles = json!({ "callee": { "features": features }, "caller": { "features": features }, "subscriber": {}, "publisher": {} });
    peer.send(json!([1, "realm1", { "roles": roles }]));
    assert_eq!(peer.receive()[0], 2);
    peer
}

fn callee(server: &ServerProcess, procedure: &str) -> RawPeer {
    callee_at(server.url(), procedure)
}

pub(crate) fn callee_at(url: &str, procedure: &str) -> RawPeer {
    let mut callee = join_at(url);
    callee.send(json!([64, 1, {}, procedure]));
    assert_eq!(callee.receive()[0], 65);
    callee
}

fn listener(server: &ServerProcess) -> RawPeer {
    listener_at(server.url())
}

/// A subscriber of all news.
pub(crate) fn listener_at(url: &str) -> RawPeer {
    let mut listener = join_at(url);
    listener.subscribe("news.", json!({ "match": "prefix" }));
    listener
}

/// Publishes numbers one after the other, and requires that each listener gets so many copies of each, and nothing else.
#[track_caller]
pub(crate) fn arrive(
    publisher: &mut RawPeer,
    listeners: &mut [(&mut RawPeer, usize)],
    numbers: std::ops::Range<u64>,
) {
    for number in numbers {
        publisher.publish("news.today", json!([number]), json!({}));
        for (place, (listener, copies)) in listeners.iter_mut().enumerate() {
            for copy in 0..*copies {
                let event = listener.receive();
                assert_eq!(
                    (&event[0], &event[4]),
                    (&json!(36), &json!([number])),
                    "copy {copy} for listener {place}: {event}"
                );
            }
        }
    }
}

fn no_such_procedure(server: &ServerProcess, procedure: &str) {
    let begun = Instant::now();
    let finished = run(server, &["call", procedure, "1"]);
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    assert!(finished.stderr.starts_with("error: wamp.error.no_such_procedure"), "{}", finished.stderr);
    assert!(begun.elapsed() < AT_ONCE, "it went round and round");
}

#[test]
fn one_realm_of_one_router_is_not_linked_with_itself() {
    let server = demo();
    let url = server.url();
    for words in [&BOTH_WAYS[..], &BOTH_WAYS[..2]] {
        let said = "serverwamp: LEFT and RIGHT are one realm of one router: name two\n";
        fails(&server, &[&["link", url, url], words].concat(), 2, said);
    }
}

#[test]
fn a_router_that_does_not_take_forward_for_has_links_one_way() {
    let (left, right) = (server_with(&[]), server_with(&["forward_for=0"]));
    let words =
        ["link", left.url(), right.url(), "--realm", "router", "--calls-right", "a.", "--calls-left", "a.b"];
    let refused = "serverwamp: calls of the same URIs would go both ways, and round and round: --calls-right a. and --calls-left a.b\n  right does not let links meet at serverwamp.link.place: wamp.error.invalid_argument: forward_for has 1 entries, 0 are allowed\n";
    fails(&left, &words, 2, refused);
    let link = Link::start(left.url(), right.url(), &["--realm", "router", "--calls-right", "a."]);
    let mut callee = RawPeer::joined(right.url(), Subprotocol::JSON, "router");
    callee.send(json!([64, 1, {}, "a.b"]));
    assert_eq!(callee.receive()[0], 65);
    let mut call = shell(Some(&left), &["call", "a.b", "1", "--realm", "router"]);
    let call = start(&mut call);
    let invocation = callee.receive();
    assert!(invocation[3].get("forward_for").is_none(), "{invocation}");
    callee.send(json!([70, invocation[1], {}, [2]]));
    assert_eq!(crate::ended(call).stdout, "2\n");
    drop(link);
}

#[test]
fn calls_and_events_go_both_ways_over_one_link() {
    let (left, right) = (demo(), demo());
    let _link = Link::start(left.url(), right.url(), &BOTH_WAYS);
    let (mut at_left, mut at_right) = (callee(&left, "shop.left"), callee(&right, "shop.right"));
    for (server, procedure, callee) in
        [(&left, "shop.right", &mut at_right), (&right, "shop.left", &mut at_left)]
    {
        let call = start(&mut shell(Some(server), &["call", procedure, "1"]));
        let invocation = callee.receive();
        assert_eq!(invocation[4], json!([1]));
        callee.send(json!([70, invocation[1], {}, [2]]));
        assert_eq!(crate::ended(call).stdout, "2\n");
        // A callee at the same side is asked there.
        let call = start(&mut shell(
            Some(if procedure == "shop.right" { &right } else { &left }),
            &["call", procedure],
        ));
        let invocation = callee.receive();
        assert!(invocation[3].get("forward_for").is_none(), "{invocation}");
        callee.send(json!([8, 68, invocation[1], {}, "shop.error.none"]));
        assert_eq!(crate::ended(call).stderr, "error: shop.error.none\n");
        no_such_procedure(server, "shop.nobody");
    }
    let (mut hears_left, mut hears_right) = (listener(&left), listener(&right));
    for (server, numbers) in [(&left, 0..5), (&right, 5..10)] {
        arrive(&mut join(server), &mut [(&mut hears_left, 1), (&mut hears_right, 1)], numbers);
    }
}

/// The link speaks for nobody: what a caller makes up does not go on in its name.
#[test]
fn only_places_go_on_behind_the_session_of_the_link() {
    let (left, right) = (demo(), demo());
    let _link = Link::start(left.url(), right.url(), &BOTH_WAYS);
    let mut callee = callee(&right, "shop.x");
    let mut caller = join(&left);
    let admin = json!({ "session": 1, "authid": "admin", "authrole": "admin" });
    let elsewhere = json!({ "session": 2, "authid": "x", "authrole": "serverwamp.link" });
    caller.send(json!([48, 1, { "forward_for": [admin, elsewhere], "timeout": 100 }, "shop.x"]));
    let invocation = callee.receive();
    let list = invocation[3]["forward_for"].as_array().expect("a list");
    let roles: Vec<_> = list.iter().map(|entry| entry["authrole"].as_str().unwrap_or_default()).collect();
    assert_eq!(roles, ["guest", "serverwamp.link", "serverwamp.link"], "{invocation}");
    assert_eq!((&list[1]["session"], &list[1]["authid"]), (&json!(2), &json!("place")));
    // Timeouts cross as before.
    assert_eq!(caller.receive()[4], "wamp.error.timeout");
    assert_eq!(callee.receive()[0], 69);
    // What has been where it would go stays.
    let (here, there) = (list[2].clone(), {
        let call = start(&mut shell(Some(&right), &["call", "serverwamp.link.place"]));
        let number: u64 = crate::ended(call).stdout.trim().parse().expect("a number");
        json!({ "session": number, "authid": "place", "authrole": "serverwamp.link" })
    });
    for (request, place) in [(2, here), (3, there)] {
        caller.send(json!([48, request, { "forward_for": [place] }, "shop.x"]));
        assert_eq!(caller.receive()[4], "wamp.error.no_such_procedure");
    }
}

#[test]
fn two_links_one_way_each_do_not_make_a_circle() {
    let (left, right) = (demo(), demo());
    let _there = Link::start(left.url(), right.url(), &["--calls-right", "shop.", "--events-right", "news."]);
    let _back = Link::start(left.url(), right.url(), &["--calls-left", "shop.", "--events-left", "news."]);
    for server in [&left, &right] {
        no_such_procedure(server, "shop.nobody");
    }
    let (mut hears_left, mut hears_right) = (listener(&left), listener(&right));
    for (server, numbers) in [(&left, 0..5), (&right, 5..10)] {
        arrive(&mut join(server), &mut [(&mut hears_left, 1), (&mut hears_right, 1)], numbers);
    }
}

#[test]
fn two_links_between_the_same_routers_carry_everything_twice_and_nothing_back() {
    let (left, right) = (demo(), demo());
    let events = &BOTH_WAYS[4..];
    let _one = Link::start(left.url(), right.url(), events);
    let _other = Link::start(right.url(), left.url(), events);
    let (mut hears_left, mut hears_right) = (listener(&left), listener(&right));
    arrive(&mut join(&left), &mut [(&mut hears_left, 1), (&mut hears_right, 2)], 0..10);
    arrive(&mut join(&right), &mut [(&mut hears_left, 2), (&mut hears_right, 1)], 10..20);
}

#[test]
fn a_ring_of_three_routers_carries_nothing_round() {
    let routers = [demo(), demo(), demo()];
    for (no_transit, copies) in [(false, 2), (true, 1)] {
        let mut words = BOTH_WAYS[4..].to_vec();
        if no_transit {
            words.push("--no-transit");
        }
        let links = [(0, 1), (1, 2), (2, 0)].map(|(left, right): (usize, usize)| {
            Link::start(routers[left].url(), routers[right].url(), &words)
        });
        for from in 0..3 {
            let mut listeners: Vec<_> = routers.iter().map(listener).collect();
            let mut expected: Vec<_> = listeners
                .iter_mut()
                .enumerate()
                .map(|(at, listener)| (listener, if at == from { 1 } else { copies }))
                .collect();
            arrive(&mut join(&routers[from]), &mut expected, 0..10);
        }
        drop(links);
    }
}

#[test]
fn calls_in_a_ring_end_where_they_have_begun() {
    let routers = [demo(), demo(), demo()];
    let _links = [(0, 1), (1, 2), (2, 0)].map(|(left, right): (usize, usize)| {
        Link::start(routers[left].url(), routers[right].url(), &["--calls-right", "shop."])
    });
    for router in &routers {
        no_such_procedure(router, "shop.nobody");
    }
    // Two links, one behind the other.
    let mut callee = callee(&routers[2], "shop.far");
    let call = start(&mut shell(Some(&routers[0]), &["call", "shop.far", "1"]));
    let invocation = callee.receive();
    callee.send(json!([70, invocation[1], {}, [2]]));
    assert_eq!(crate::ended(call).stdout, "2\n");
}

#[test]
fn a_link_both_ways_comes_back_after_either_side_restarts() {
    let start_at = |address: &str| ServerProcess::start(&binary::cli(), &["dev", "--listen", address], &[]);
    let (mut left, mut right) = (start_at("127.0.0.1:0"), start_at("127.0.0.1:0"));
    let link = Link::start(left.url(), right.url(), &BOTH_WAYS);
    let other = Link::start(left.url(), right.url(), &BOTH_WAYS[4..]);
    for (side, server) in [("right", &mut right), ("left", &mut left)] {
        let address = server.address().to_owned();
        server.signal(Signal::Terminate);
        server.wait_exit(PATIENCE);
        for link in [&link, &other] {
            link.says(&format!("{side}: away: "));
        }
        *server = start_at(&address);
        for link in [&link, &other] {
            link.says(&format!("{side}: connected again"));
        }
    }
    let mut callee = callee(&right, "shop.x");
    let call = start(&mut shell(Some(&left), &["call", "shop.x"]));
    let invocation = callee.receive();
    assert_eq!(invocation[3]["forward_for"][1]["authrole"], "serverwamp.link");
    callee.send(json!([70, invocation[1], {}, ["back"]]));
    assert_eq!(crate::ended(call).stdout, "back\n");
    no_such_procedure(&left, "shop.nobody");
    let (mut hears_left, mut hears_right) = (listener(&left), listener(&right));
    arrive(&mut join(&left), &mut [(&mut hears_left, 1), (&mut hears_right, 2)], 0..5);
    arrive(&mut join(&right), &mut [(&mut hears_left, 2), (&mut hears_right, 1)], 5..10);
}

/// A side that comes back as a router that does not take `forward_for` ends what goes both ways.
#[test]
fn a_link_both_ways_ends_if_a_side_comes_back_without_forward_for() {
    let (left, right, other) = (server_with(&[]), server_with(&[]), server_with(&["forward_for=0"]));
    let way = Way::to(right.address());
    let url = right.url().replace(right.address(), &way.address);
    let mut link = Link::start(left.url(), &url, &[&["--realm", "router"], &BOTH_WAYS[..]].concat());
    way.lead_to(other.address());
    link.says("right: away: ");
    link.says("  right does not let links meet at serverwamp.link.place: wamp.error.invalid_argument");
    assert_eq!(link.ends().code(), Some(2));
}

/// A router may take the former session for alive: until it does not, nothing goes both ways, and the link goes on.
#[test]
fn a_link_both_ways_waits_until_its_former_session_is_gone() {
    let (left, right) = (demo(), demo());
    let way = Way::to(right.address());
    let link = Link::start(left.url(), &right.url().replace(right.address(), &way.address), &BOTH_WAYS);
    let far = way.forget();
    link.says("right: away: ");
    link.says("right: nothing goes both ways yet: ");
    for end in far {
        drop(end.shutdown(Shutdown::Both));
    }
    link.says("right: connected again");
    let mut callee = callee(&left, "shop.x");
    let call = start(&mut shell(Some(&right), &["call", "shop.x"]));
    let invocation = callee.receive();
    callee.send(json!([70, invocation[1], {}, ["back"]]));
    assert_eq!(crate::ended(call).stdout, "back\n");
}

/// An address that leads to one server, and later to another one.
struct Way {
    address: String,
    to: Arc<Mutex<String>>,
    /// The connections to this address, and those that they lead to.
    open: Arc<Mutex<Vec<[TcpStream; 2]>>>,
}

impl Way {
    fn to(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let here = listener.local_addr().expect("it is bound").to_string();
        let way = Self { address: here, to: Arc::new(Mutex::new(address.to_owned())), open: Arc::default() };
        let (to, open) = (Arc::clone(&way.to), Arc::clone(&way.open));
        // Until the end of the process.
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let address = to.lock().expect("nobody panics").clone();
                let Ok(far) = TcpStream::connect(address) else { continue };
                let ends = [near.try_clone(), far.try_clone()].map(|end| end.expect("a handle"));
                open.lock().expect("nobody panics").push(ends);
                for (mut from, mut to) in [(near.try_clone(), far.try_clone()), (Ok(far), Ok(near))]
                    .map(|(from, to)| (from.expect("a handle"), to.expect("a handle")))
                {
                    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                }
            }
        });
        way
    }

    /// Breaks all connections off; the next ones lead to that server.
    fn lead_to(&self, address: &str) {
        address.clone_into(&mut self.to.lock().expect("nobody panics"));
        for end in self.open.lock().expect("nobody panics").drain(..).flatten() {
            drop(end.shutdown(Shutdown::Both));
        }
    }

    /// Breaks all connections off at this end; the server has still to notice.
    fn forget(&self) -> Vec<TcpStream> {
        let open = std::mem::take(&mut *self.open.lock().expect("nobody panics"));
        let forgotten = open.into_iter().map(|[near, far]| {
            drop(near.shutdown(Shutdown::Both));
            far
        });
        forgotten.collect()
    }
}

/// A router that knows nothing of `forward_for`: xconn's.
#[test]
fn a_router_that_drops_forward_for_has_links_one_way() {
    let router = match Make::Xconn.prepare() {
        Ok(_) => ForeignRouter::start(Make::Xconn).unwrap_or_else(|reason| panic!("{reason}")),
        Err(reason) => {
            assert!(!interop::is_required(), "{reason}");
            println!("xconn is skipped: {reason}");
            return;
        }
    };
    let (theirs, ours) = (router.websocket(), demo());
    for (words, what) in [(&BOTH_WAYS[..4], "calls"), (&BOTH_WAYS[4..], "events")] {
        let finished = run(&ours, &[&["link", &*theirs, ours.url()], words].concat());
        let refused =
            format!("serverwamp: {what} of the same URIs would go both ways, and round and round: ");
        assert!(finished.stderr.starts_with(&refused), "{}", finished.stderr);
        assert_eq!(finished.status.code(), Some(2), "{}", finished.stderr);
        println!("{}", finished.stderr);
    }
    let _link = Link::start(&theirs, ours.url(), &["--calls-left", "com.example."]);
    let finished = run(&ours, &["call", "com.example.add", "2", "3"]);
    assert_eq!((&*finished.stdout, &*finished.stderr), ("5\n", ""));
}
