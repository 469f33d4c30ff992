//! Connections that come in, up to each limit and one past it.

use super::*;

fn proxies() -> TrustedProxies {
    TrustedProxies::proxy_protocol(["10.9.0.0/16"])
}

impl Admissions {
    fn let_in(&self, address: Option<IpAddr>) -> Result<Permit, TooMany> {
        self.admit(address, &proxies())
    }
}

fn admissions(connections: usize, per_address: usize) -> Admissions {
    let limits = Limits {
        connections,
        connections_per_address: per_address,
        unauthenticated: Some(connections),
        unauthenticated_per_address: Some(connections),
        ..Limits::default()
    };
    Admissions::new(&limits, Arc::default())
}

fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

#[test]
fn as_many_connections_come_in_as_the_limit_says_and_no_more() {
    let admissions = admissions(2, usize::MAX);
    let first = admissions.let_in(address("10.0.0.1")).unwrap();
    let copy = first.clone();
    let _second = admissions.let_in(None).unwrap();
    assert_eq!(admissions.let_in(None).unwrap_err(), TooMany::InAll(2));
    drop(first);
    assert_eq!(admissions.let_in(None).unwrap_err(), TooMany::InAll(2), "a copy of it is left");
    drop(copy);
    assert_eq!(admissions.now(), 1);
    admissions.let_in(None).unwrap();
    assert_eq!(admissions.now(), 1, "who is let go of does not count");
}

#[test]
fn an_address_has_a_limit_of_its_own_and_who_is_refused_by_it_does_not_count() {
    let admissions = admissions(3, 1);
    let here = admissions.let_in(address("10.0.0.1")).unwrap();
    for same in ["10.0.0.1", "::ffff:10.0.0.1"] {
        assert_eq!(admissions.let_in(address(same)).unwrap_err(), TooMany::FromAddress(1));
    }
    assert_eq!(admissions.now(), 1);
    let _there = admissions.let_in(address("10.0.0.2")).unwrap();
    drop(here);
    let _again = admissions.let_in(address("10.0.0.1")).unwrap();
    assert_eq!(admissions.by_address().len(), 2);
    // A peer without an address shares none with others.
    let _unknown = admissions.let_in(None).unwrap();
    assert_eq!(admissions.let_in(None).unwrap_err(), TooMany::InAll(3));
}

#[test]
fn addresses_of_one_ipv6_network_count_together() {
    let admissions = admissions(9, 1);
    let _first = admissions.let_in(address("2001:db8:0:1::1")).unwrap();
    assert_eq!(admissions.let_in(address("2001:db8:0:1:ffff::2")).unwrap_err(), TooMany::FromAddress(1));
    drop(admissions.let_in(address("2001:db8:0:2::1")).unwrap());
}

#[test]
fn an_address_that_is_gone_or_was_refused_takes_no_memory() {
    let one = admissions(9, 1);
    drop(one.let_in(address("10.0.0.1")).unwrap());
    assert!(one.by_address().is_empty());
    let none = admissions(9, 0);
    assert_eq!(none.let_in(address("10.0.0.1")).unwrap_err(), TooMany::FromAddress(0));
    assert!(none.by_address().is_empty());
}

#[test]
fn what_the_program_opens_itself_counts_and_is_not_refused() {
    let admissions = admissions(1, usize::MAX);
    let _own = [admissions.own(), admissions.own()];
    assert_eq!(admissions.now(), 2);
    assert_eq!(admissions.let_in(None).unwrap_err(), TooMany::InAll(1));
}

#[test]
fn a_proxy_has_no_limit_and_those_it_asks_for_have_theirs() {
    let admissions = admissions(9, 1);
    let proxied: Vec<Permit> = (0..4).map(|_| admissions.let_in(address("10.9.1.1")).unwrap()).collect();
    let [first, second, third, fourth] = proxied.try_into().unwrap();
    let first = first.count_for(address("192.0.2.1")).unwrap();
    assert_eq!(second.count_for(address("192.0.2.1")).unwrap_err(), TooMany::FromAddress(1));
    assert_eq!(admissions.now(), 3, "who is refused is gone");
    let _third = third.count_for(address("192.0.2.2")).unwrap();
    // A request of the proxy itself, or for an unknown client, changes nothing.
    let fourth = fourth.count_for(address("10.9.1.1")).unwrap().count_for(None).unwrap();
    assert_eq!(admissions.by_address().len(), 2);
    // Once is enough.
    let first = first.count_for(address("192.0.2.1")).unwrap();
    drop((first, fourth));
    assert_eq!((admissions.now(), admissions.by_address().len()), (1, 1));
    drop(admissions.let_in(address("192.0.2.1")).unwrap());
}

#[test]
fn who_has_no_session_has_a_share_of_the_connections_and_half_of_it_from_one_address() {
    // 12: half, and half of that. 512: 256. 65,536: a tenth.
    for (connections, expected) in
        [(1, (1, 1)), (3, (2, 1)), (12, (6, 3)), (512, (256, 128)), (65_536, (6553, 3277))]
    {
        assert_eq!(Limits { connections, ..Limits::default() }.strangers(), expected);
    }
    let limits = Limits { connections: 12, ..Limits::default() };
    let admissions = Admissions::new(&limits, Arc::default());
    let here: Vec<Permit> = (0..3).map(|_| admissions.let_in(address("10.0.0.1")).unwrap()).collect();
    let refused = admissions.let_in(address("10.0.0.1")).unwrap_err();
    assert_eq!(refused, TooMany::UnauthenticatedFromAddress(3));
    // A proxy stands for many.
    let proxied: Vec<Permit> = (0..3).map(|_| admissions.let_in(address("10.9.0.1")).unwrap()).collect();
    assert_eq!(admissions.let_in(None).unwrap_err(), TooMany::Unauthenticated(6));
    assert_eq!(admissions.now(), 6, "who is refused does not count");
    // Whom it stands for counts as soon as that is told.
    let refused = proxied[0].clone().count_for(address("10.0.0.1")).unwrap_err();
    assert_eq!(refused, TooMany::UnauthenticatedFromAddress(3));
    here[0].set_in_session(true);
    let _again = admissions.let_in(address("10.0.0.1")).unwrap();
    let told = proxied[0].clone().count_for(address("10.0.0.2")).unwrap();
    told.set_in_session(true);
    assert_eq!(admissions.strangers().all, 5, "its connection counts no more");
    drop((here, proxied, told));
    assert_eq!(admissions.strangers().all, 1);
    assert_eq!(admissions.strangers().by_address.len(), 1);
}

#[test]
fn one_connection_opens_as_many_transports_as_its_limit_unless_a_proxy_does() {
    let limits = Limits { transports_per_connection: 1, ..Limits::default() };
    let admissions = Admissions::new(&limits, Arc::default());
    let from = |text: &str| Some(SocketAddr::new(text.parse().unwrap(), 1));
    let [direct, proxy] = ["10.0.0.1", "10.9.0.1"].map(|text| admissions.let_in(address(text)).unwrap());
    let open =
        |over: &Permit, text| admissions.admit_over(Some(over), from(text), address("10.0.0.1"), &proxies());
    let first = open(&direct, "10.0.0.1").unwrap();
    assert_eq!(open(&direct, "10.0.0.1").unwrap_err(), TooMany::Transports(1));
    let _many = [open(&proxy, "10.9.0.1").unwrap(), open(&proxy, "10.9.0.1").unwrap()];
    assert_eq!(admissions.now(), 5);
    drop(first);
    drop(open(&direct, "10.0.0.1").unwrap());
    assert_eq!(admissions.now(), 4);
}

#[test]
fn other_limits_are_for_those_who_come_and_send_nobody_away() {
    let admissions = admissions(4, usize::MAX);
    let limit = |connections, per_address| {
        let unauthenticated = Some(connections);
        let limits = Limits {
            connections,
            connections_per_address: per_address,
            unauthenticated,
            unauthenticated_per_address: unauthenticated,
            ..Limits::default()
        };
        admissions.limit(&limits);
    };
    let there: Vec<Permit> = (0..3).map(|_| admissions.let_in(address("10.0.0.1")).unwrap()).collect();
    limit(2, usize::MAX);
    assert_eq!(admissions.now(), 3);
    assert_eq!(admissions.let_in(None).unwrap_err(), TooMany::InAll(2));
    drop(there);
    // Whoever came while addresses had no limit counts for none, and takes no place of others when it leaves.
    limit(9, usize::MAX);
    let before = admissions.let_in(address("10.0.0.1")).unwrap();
    limit(9, 1);
    let here = admissions.let_in(address("10.0.0.1")).unwrap();
    assert_eq!(admissions.let_in(address("10.0.0.1")).unwrap_err(), TooMany::FromAddress(1));
    drop(before);
    assert_eq!(admissions.let_in(address("10.0.0.1")).unwrap_err(), TooMany::FromAddress(1));
    limit(9, usize::MAX);
    drop(here);
    assert!(admissions.by_address().is_empty());
    assert_eq!(admissions.strangers().all, 0);
}
