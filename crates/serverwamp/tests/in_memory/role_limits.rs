//! The limits of a role: the last request within one and the first beyond it.

use crate::peer::Peer;
use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::extract::Arg;
use serverwamp::{
    Action, Actions, Application, Limits, Realm, Refusal, RoleRules, RouteSet, Serializer, WampError, prefix,
};
use std::time::Duration;
use tokio::time::Instant;

const HELLO: &str = r#"[1,"realm1",{"roles":{"caller":{},"subscriber":{}}}]"#;

/// A realm of anonymous guests with this limit, and of staff with tickets and without a limit.
fn application(limit: impl FnOnce(RoleRules) -> RoleRules, limits: fn(&mut Limits)) -> Application {
    let routes = RouteSet::new()
        .procedure("com.wait", || async { std::future::pending::<()>().await })
        .procedure("com.text", |Arg(letters): Arg<usize>| async move { "x".repeat(letters) });
    let realm = Realm::router("realm1")
        .allow_anonymous("guest")
        .authenticator(auth::ticket(check))
        .routes(routes)
        .on_join(refuse_mallory)
        .role("guest", |role| limit(role.allow(Actions::ALL, prefix("com."))));
    Application::builder().realm(realm).limits(limits).build().unwrap()
}

/// Everybody has a ticket: those whose name starts with `guest` are guests.
async fn check(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    let role = if authid.starts_with("guest") { "guest" } else { "staff" };
    ticket.matches("secret").then(|| Principal::new(authid).role(role))
}

async fn refuse_mallory(session: serverwamp::Session) -> Result<(), WampError> {
    if session.authid() == "guest-mallory" {
        return Err(WampError::not_authorized("not today"));
    }
    Ok(())
}

/// The first answers to these requests, as many as are `wanted`.
async fn answers(application: &Application, requests: &[&str], wanted: usize) -> Vec<String> {
    let mut peer = application.connect(Serializer::Json);
    peer.send(HELLO.to_owned()).await.unwrap();
    peer.receive().await.unwrap();
    for request in requests {
        peer.send((*request).to_owned()).await.unwrap();
    }
    let mut answers = Vec::new();
    for _ in 0..wanted {
        answers.push(String::from_utf8(peer.receive().await.unwrap().to_vec()).unwrap());
    }
    answers
}

#[tokio::test]
async fn a_call_beyond_the_limit_of_its_role_is_refused_and_counted() {
    let calls = [r#"[48,1,{},"com.wait"]"#, r#"[48,2,{},"com.wait"]"#, r#"[48,3,{},"com.wait"]"#];
    let application = application(|role| role.calls_in_flight(2), |_| ());
    let refused = answers(&application, &calls, 1).await;
    assert!(refused[0].starts_with(r#"[8,48,3,{},"wamp.error.unavailable""#), "{refused:?}");
    assert!(refused[0].contains("more than 2 calls"), "{refused:?}");
    assert_eq!(application.statistics().refused(Refusal::Calls), 1);
}

#[tokio::test]
async fn a_subscription_beyond_the_limit_of_its_role_is_refused_and_counted() {
    let topics = [r#"[32,1,{},"com.a"]"#, r#"[32,2,{},"com.b"]"#, r#"[32,3,{},"com.c"]"#];
    let application = application(|role| role.subscriptions(2), |_| ());
    let found = answers(&application, &topics, 3).await;
    assert!(found[0].starts_with("[33,1,") && found[1].starts_with("[33,2,"), "{found:?}");
    assert!(found[2].starts_with(r#"[8,32,3,{},"wamp.error.unavailable""#), "{found:?}");
    assert_eq!(application.statistics().refused(Refusal::Subscriptions), 1);
}

/// Calls so often, and says how long that took.
async fn time_of(peer: &mut Peer, calls: usize) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        let result = peer.call("com.text", "1").await;
        assert!(result.starts_with("[50,"), "{result}");
    }
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_rate_of_a_role_are_read_later_and_those_of_others_are_not() {
    let application = application(|role| role.requests_per_second(2, 3), |_| ());
    let delayed = || application.statistics().refused(Refusal::RequestsPerSecond);
    let mut guest = Peer::join(&application, "realm1").await;
    assert_eq!((time_of(&mut guest, 2).await, delayed()), (Duration::ZERO, 0));
    assert_eq!(
        time_of(&mut guest, 1).await,
        Duration::ZERO,
        "the last request of the burst is answered at once"
    );
    assert_eq!(delayed(), 1);
    let second = Duration::from_secs(1);
    let waited = time_of(&mut guest, 2).await;
    assert!(waited >= second && waited < second + Duration::from_millis(10), "{waited:?}");
    // Another session on the same transport begins with what is left, which is nothing.
    guest.ask(r#"[6,{},"wamp.close.normal"]"#).await;
    guest.ask(HELLO).await;
    let waited = time_of(&mut guest, 2).await;
    assert!(waited >= second, "{waited:?}");
    let mut staff = Peer::join_as(&application, "realm1", "ann", "secret").await;
    assert_eq!(time_of(&mut staff, 50).await, Duration::ZERO);
}

#[tokio::test]
async fn a_session_of_a_role_has_so_many_outgoing_bytes_and_no_more() {
    let application = application(|role| role.outgoing_bytes(4096), |limits| limits.borrowed_bytes = Some(0));
    let mut guest = Peer::join(&application, "realm1").await;
    // Results may fill fifteen sixteenths of it, with four octets of a frame around `[50,1,{},["…"]]`.
    let most = 4096 - 256 - 4 - r#"[50,1,{},[""]]"#.len();
    let result = guest.call("com.text", &most.to_string()).await;
    assert!(result.starts_with("[50,1,"), "{result}");
    let refused = guest.call("com.text", &(most + 1).to_string()).await;
    assert!(refused.starts_with(r#"[8,48,2,{},"wamp.error.network_failure""#), "{refused}");
    assert_eq!(application.statistics().refused(Refusal::UnreadResults), 1);
    let refused = guest.call("com.text", "5000").await;
    assert!(refused.starts_with(r#"[8,48,3,{},"wamp.error.payload_size_exceeded""#), "{refused}");
    // An event that is longer than all of it is lost, and no reason to end the session.
    guest.subscribe("com.topic").await;
    let realm = application.realm("realm1").unwrap();
    realm.publish("com.topic", Vec::from(["x".repeat(5000)])).unwrap();
    realm.publish("com.topic", Vec::from(["short"])).unwrap();
    assert!(guest.event().await.contains("short"));
    assert_eq!(application.statistics().refused(Refusal::SlowConsumer), 0);
    // Nobody else has that limit, on the same transport either.
    guest.ask(r#"[6,{},"wamp.close.normal"]"#).await;
    guest.ask(r#"[1,"realm1",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"ann"}]"#).await;
    guest.ask(r#"[5,"secret",{}]"#).await;
    let result = guest.ask(r#"[48,1,{},"com.text",[5000]]"#).await;
    assert!(result.starts_with("[50,1,"), "{result}");
}

#[tokio::test]
async fn a_guest_that_does_not_read_is_slow_sooner_than_others() {
    let limits = |limits: &mut Limits| {
        limits.borrowed_bytes = Some(0);
        limits.drain_time = Duration::ZERO;
    };
    let application = application(|role| role.outgoing_bytes(4096), limits);
    let mut staff = Peer::join_as(&application, "realm1", "ann", "secret").await;
    let mut guest = Peer::join(&application, "realm1").await;
    staff.subscribe("com.topic").await;
    guest.subscribe("com.topic").await;
    let realm = application.realm("realm1").unwrap();
    // Nothing runs in between, so nobody reads: the fourth does not fit any more.
    for _ in 0..4 {
        realm.publish("com.topic", Vec::from(["x".repeat(1024)])).unwrap();
    }
    for _ in 0..4 {
        staff.event().await;
    }
    while application.statistics().sessions > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(application.statistics().refused(Refusal::SlowConsumer), 1);
}

/// Sends HELLO and a ticket; the answer.
async fn try_to_join(application: &Application, authid: &str) -> (Peer, String) {
    let mut peer = Peer::connect(application);
    let hello =
        format!(r#"[1,"realm1",{{"roles":{{"caller":{{}}}},"authmethods":["ticket"],"authid":"{authid}"}}]"#);
    peer.ask(&hello).await;
    let answer = peer.ask(r#"[5,"secret",{}]"#).await;
    (peer, answer)
}

#[tokio::test]
async fn an_authid_has_so_many_sessions_of_a_role_and_a_place_is_free_as_soon_as_one_has_left() {
    let application = application(|role| role.sessions_per_authid(2), |_| ());
    let refused = || application.statistics().refused(Refusal::SessionsOfAuthid);
    let (mut first, welcome) = try_to_join(&application, "guest-ann").await;
    let (second, another) = try_to_join(&application, "guest-ann").await;
    assert!(welcome.starts_with("[2,") && another.starts_with("[2,"), "{welcome} {another}");
    let (_, abort) = try_to_join(&application, "guest-ann").await;
    assert!(abort.starts_with("[3,") && abort.contains("wamp.error.unavailable"), "{abort}");
    assert!(abort.contains("2 sessions"), "{abort}");
    assert_eq!((refused(), application.statistics().refused(Refusal::Session)), (1, 0));
    // Another authid, another role, and who comes without one are none of these.
    let mut others = Vec::new();
    for authid in ["guest-bob", "ann", "ann", "ann"] {
        let (peer, welcome) = try_to_join(&application, authid).await;
        assert!(welcome.starts_with("[2,"), "{welcome}");
        others.push(peer);
    }
    others.push(Peer::join(&application, "realm1").await);
    // GOODBYE, on the same transport again; then one whose transport is gone.
    first.ask(r#"[6,{},"wamp.close.normal"]"#).await;
    let (third, welcome) = try_to_join(&application, "guest-ann").await;
    assert!(welcome.starts_with("[2,"), "{welcome}");
    drop((second, third));
    while application.statistics().sessions > others.len() {
        tokio::task::yield_now().await;
    }
    let (_kept, welcome) = try_to_join(&application, "guest-ann").await;
    assert!(welcome.starts_with("[2,"), "{welcome}");
    assert_eq!(refused(), 1);
}

#[tokio::test]
async fn whoever_a_handler_refuses_takes_no_place() {
    let application = application(|role| role.sessions_per_authid(1), |_| ());
    for _ in 0..3 {
        let (_, abort) = try_to_join(&application, "guest-mallory").await;
        assert!(abort.contains("wamp.error.not_authorized"), "{abort}");
    }
    assert_eq!(application.statistics().refused(Refusal::SessionsOfAuthid), 0);
}

fn guests(limit: impl FnOnce(RoleRules) -> RoleRules) -> Realm {
    Realm::router("realm1").allow_anonymous("guest").authenticator(auth::ticket(check)).role("guest", limit)
}

/// What is wrong with a realm whose guests have these limits.
fn faults(realm: Realm, limits: fn(&mut Limits)) -> Vec<String> {
    let built = Application::builder().realm(realm).limits(limits).build();
    built.map_or_else(|error| error.problems().collect(), |_| Vec::new())
}

#[test]
fn a_limit_that_lets_a_role_do_nothing_is_an_error() {
    let nothing = |role: RoleRules| {
        role.calls_in_flight(0)
            .subscriptions(0)
            .requests_per_second(0, 1)
            .requests_per_second(1, 0)
            .outgoing_bytes(4095)
            .sessions_per_authid(0)
    };
    let found = faults(guests(nothing), |_| ());
    assert_eq!(found.len(), 6, "{found:#?}");
    for (fault, part) in found.iter().zip(["deny", "deny", "read", "read", "4096 at least", "nobody in"]) {
        assert!(fault.contains("\"guest\"") && fault.contains(part), "{part} in {fault}");
        assert!(fault.contains("role_limits.rs:"), "{fault}");
    }
    let least = |role: RoleRules| {
        role.calls_in_flight(1)
            .subscriptions(1)
            .requests_per_second(1, 1)
            .outgoing_bytes(4096)
            .sessions_per_authid(1)
    };
    assert_eq!(faults(guests(least), |_| ()), [""; 0]);
}

#[test]
fn a_limit_above_that_of_everybody_is_an_error() {
    let limits = |limits: &mut Limits| {
        limits.calls_in_flight = 10;
        limits.subscriptions = 10;
        limits.requests_per_second = 10;
        limits.requests_burst = 10;
        limits.outgoing_bytes = 10_000;
        limits.outgoing_message_bytes = 10_000;
    };
    let more = |than: u16| {
        let most = usize::from(than);
        guests(move |role| {
            role.calls_in_flight(most)
                .subscriptions(most)
                .requests_per_second(than.into(), than.into())
                .outgoing_bytes(most * 1000)
        })
    };
    assert_eq!(faults(more(10), limits), [""; 0]);
    let found = faults(more(11), limits);
    let of = ["calls_in_flight", "subscriptions", "requests_per_second", "requests_burst", "outgoing_bytes"];
    assert_eq!(found.len(), of.len(), "{found:#?}");
    for (fault, name) in found.iter().zip(of) {
        assert!(fault.contains(&format!("`Limits::{name}` is 10")), "{name} in {fault}");
    }
    // Where there is no rate, no burst is too large.
    assert_eq!(faults(guests(|role| role.requests_per_second(5000, 5000)), |_| ()), [""; 0]);
}

#[test]
fn a_limit_of_authids_is_an_error_where_everybody_is_anonymous() {
    let realm =
        Realm::router("realm1").allow_anonymous("guest").role("guest", |role| role.sessions_per_authid(1));
    let found = faults(realm, |_| ());
    assert!(matches!(found.as_slice(), [fault] if fault.contains("connections_per_address")), "{found:?}");
}

#[test]
fn limits_alone_deny_nothing() {
    let built = Application::builder().realm(guests(|role| role.calls_in_flight(1))).build().unwrap();
    let realm = built.realm("realm1").unwrap();
    assert!(realm.why("guest", Action::Publish, "com.a").unwrap().is_allowed());
}
