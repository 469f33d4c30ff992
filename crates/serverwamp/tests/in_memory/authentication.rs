//! Authentication with paused time: expiry, renewal, and slowing down after failures.

use crate::peer::Peer;
use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::{Application, Realm, Refusal, RouteSet, WampError};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, advance};

const MINUTE: Duration = Duration::from_secs(60);

/// `joe` for a minute, `ada` for ever; the ticket says for how long.
async fn check(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Result<Option<Principal>, WampError> {
    let who = Principal::new(authid).role("customer");
    let text = String::from_utf8_lossy(ticket.expose()).into_owned();
    Ok(match text.as_str() {
        "ever" => Some(who),
        "minute" => Some(who.expires_in(MINUTE)),
        "hour" => Some(who.expires_in(60 * MINUTE)),
        "gone" => Some(who.expires_at(SystemTime::UNIX_EPOCH)),
        "admin" => Some(who.role("admin")),
        "busy" => return Err(WampError::unavailable("too many logins")),
        _ => None,
    })
}

fn application(change: fn(Realm) -> Realm) -> Application {
    let routes = RouteSet::new().procedure("com.ping", || async { "pong" });
    let realm = Realm::new("secure").authenticator(auth::ticket(check)).routes(routes);
    Application::builder().realm(change(realm)).build().unwrap()
}

async fn refused(app: &Application, authid: &str, ticket: &str) -> String {
    let mut peer = Peer::connect(app);
    peer.say(&format!(
        r#"[1,"secure",{{"roles":{{"caller":{{}}}},"authmethods":["ticket"],"authid":"{authid}"}}]"#
    ))
    .await;
    assert_eq!(peer.hear().await, r#"[4,"ticket",{}]"#);
    peer.say(&format!(r#"[5,"{ticket}",{{}}]"#)).await;
    peer.hear().await
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_when_what_let_it_in_expires() {
    let app = application(|realm| realm);
    let mut short = Peer::join_as(&app, "secure", "joe", "minute").await;
    let mut long = Peer::join_as(&app, "secure", "joe", "ever").await;
    advance(MINUTE - Duration::from_secs(1)).await;
    assert!(short.ask(r#"[48,1,{},"com.ping"]"#).await.contains("pong"));
    let before = Instant::now();
    let goodbye = short.hear().await;
    assert!(
        goodbye.starts_with("[6,") && goodbye.contains("\"wamp.close.authentication_expired\""),
        "{goodbye}"
    );
    assert!(before.elapsed() <= Duration::from_secs(2), "{:?}", before.elapsed());
    assert_eq!(app.statistics().refused(Refusal::Expired), 1);
    assert!(long.ask(r#"[48,1,{},"com.ping"]"#).await.contains("pong"));
}

#[tokio::test(start_paused = true)]
async fn a_realm_may_keep_sessions_that_have_expired() {
    let app = application(Realm::keep_expired_sessions);
    let mut peer = Peer::join_as(&app, "secure", "joe", "minute").await;
    advance(10 * MINUTE).await;
    assert!(peer.ask(r#"[48,1,{},"com.ping"]"#).await.contains("pong"));
    assert_eq!(app.statistics().refused(Refusal::Expired), 0);
}

#[tokio::test(start_paused = true)]
async fn a_realm_that_keeps_expired_sessions_may_change_its_mind() {
    let app = application(Realm::keep_expired_sessions);
    let mut expired = Peer::join_as(&app, "secure", "joe", "minute").await;
    let mut later = Peer::join_as(&app, "secure", "ada", "hour").await;
    advance(10 * MINUTE).await;
    assert!(expired.ask(r#"[48,1,{},"com.ping"]"#).await.contains("pong"));
    let strict = Realm::new("secure").authenticator(auth::ticket(check));
    app.realms().reconfigure(strict).unwrap().settled().await;
    assert!(expired.hear().await.contains("what let this session in has expired"));
    assert!(later.ask(r#"[48,1,{},"com.ping"]"#).await.contains("pong"));
    assert!(later.hear().await.contains("wamp.close.authentication_expired"));
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_before_lets_nobody_in() {
    let app = application(|realm| realm);
    let abort = refused(&app, "joe", "gone").await;
    assert_eq!(abort, r#"[3,{"message":"authentication denied"},"wamp.error.authentication_denied"]"#);
}

#[tokio::test(start_paused = true)]
async fn a_client_brings_a_new_ticket_and_its_session_goes_on() {
    let app = application(Realm::allow_renewal);
    let mut peer = Peer::join_as(&app, "secure", "joe", "minute").await;
    advance(MINUTE / 2).await;
    let renew = |request: u32, ticket: &str| {
        format!(r#"[48,{request},{{}},"serverwamp.session.renew",["{ticket}"]]"#)
    };
    for (request, wrong) in (1..).zip(["wrong", "gone", "admin"]) {
        let answer = peer.ask(&renew(request, wrong)).await;
        assert!(answer.contains("wamp.error.authentication_denied"), "{wrong}: {answer}");
    }
    assert_eq!(app.statistics().refused(Refusal::Renewal), 3);
    let answer = peer.ask(&renew(4, "hour")).await;
    assert!(answer.starts_with("[50,4,{},[3600]") || answer.starts_with("[50,4,{},[3599]"), "{answer}");
    // A shorter one takes nothing away.
    let answer = peer.ask(&renew(5, "minute")).await;
    assert!(answer.starts_with("[50,5,{},[3600]") || answer.starts_with("[50,5,{},[3599]"), "{answer}");
    advance(58 * MINUTE).await;
    assert!(peer.ask(r#"[48,6,{},"com.ping"]"#).await.contains("pong"));
    assert!(peer.hear().await.contains("wamp.close.authentication_expired"));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_renewed_without_an_end_lasts() {
    let app = application(Realm::allow_renewal);
    let mut peer = Peer::join_as(&app, "secure", "joe", "minute").await;
    let answer = peer.ask(r#"[48,1,{},"serverwamp.session.renew",["ever"]]"#).await;
    assert_eq!(answer, "[50,1,{}]");
    advance(600 * MINUTE).await;
    assert!(peer.ask(r#"[48,2,{},"com.ping"]"#).await.contains("pong"));
}

#[tokio::test]
async fn a_session_without_a_ticket_cannot_be_renewed_and_a_realm_that_does_not_say_so_renews_none() {
    let app = application(|realm| realm.allow_anonymous("guest").allow_renewal());
    let mut peer = Peer::join(&app, "secure").await;
    let answer = peer.ask(r#"[48,1,{},"serverwamp.session.renew",["ever"]]"#).await;
    assert!(answer.contains("wamp.error.feature_not_supported") && answer.contains("anonymous"), "{answer}");
    let app = application(|realm| realm);
    let mut peer = Peer::join_as(&app, "secure", "joe", "minute").await;
    let answer = peer.ask(r#"[48,1,{},"serverwamp.session.renew",["ever"]]"#).await;
    assert!(answer.contains("wamp.error.no_such_procedure"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_ticket_is_renewed_by_the_authenticators_that_the_realm_has_now() {
    async fn check_now(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        ticket.matches("now").then(|| Principal::new(authid).role("customer").expires_in(30 * MINUTE))
    }
    let now = || Realm::new("secure").authenticator(auth::ticket(check_now)).allow_renewal();
    let app = application(Realm::allow_renewal);
    let mut peer = Peer::join_as(&app, "secure", "joe", "minute").await;
    app.realms().reconfigure(now()).unwrap().settled().await;
    let renew = |request: u32, ticket: &str| {
        format!(r#"[48,{request},{{}},"serverwamp.session.renew",["{ticket}"]]"#)
    };
    let answer = peer.ask(&renew(1, "hour")).await;
    assert!(answer.contains("wamp.error.authentication_denied"), "the former one knows it: {answer}");
    // One who is replaced while it thinks is not listened to.
    peer.say(&renew(2, "now")).await;
    tokio::task::yield_now().await;
    app.realms().reconfigure(now()).unwrap().settled().await;
    let answer = peer.hear().await;
    assert!(answer.contains("wamp.error.unavailable") && answer.contains("try again"), "{answer}");
    assert!(peer.ask(&renew(3, "now")).await.starts_with("[50,3,{},[1"), "half an hour");
    advance(10 * MINUTE).await;
    assert!(peer.ask(r#"[48,4,{},"com.ping"]"#).await.contains("pong"));
    let never = Realm::new("secure").authenticator(auth::ticket(check_now));
    app.realms().reconfigure(never).unwrap().settled().await;
    let answer = peer.ask(&renew(5, "now")).await;
    assert!(answer.contains("wamp.error.no_such_procedure"), "{answer}");
    assert!(peer.ask(r#"[48,6,{},"com.ping"]"#).await.contains("pong"), "what it has renewed holds");
    let routes = |realm: Realm| realm.authenticator(auth::ticket(check)).allow_renewal();
    let app = Application::builder()
        .realm(Realm::new("secure").authenticator(auth::ticket(check)))
        .build()
        .unwrap();
    let error = app.realms().reconfigure(routes(Realm::new("secure"))).unwrap_err().to_string();
    assert!(error.contains("`allow_renewal`") && error.contains("stop the realm"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn attempts_after_failures_wait_and_the_right_secret_gets_in() {
    let app = application(|realm| realm);
    for authid in ["nobody", "joe"] {
        let mut waits = Vec::new();
        for _ in 0..10 {
            let start = Instant::now();
            let abort = refused(&app, authid, "wrong").await;
            assert!(abort.contains("wamp.error.authentication_denied"), "{abort}");
            waits.push(start.elapsed().as_millis());
        }
        let bounds = [0, 0, 0, 0, 250, 500, 1000, 2000, 4000, 4000];
        assert!(
            waits.iter().zip(bounds).all(|(waited, least)| (least..=least + 20).contains(waited)),
            "{authid}: {waits:?}"
        );
    }
    let delayed = app.statistics().refused(Refusal::LoginDelayed);
    assert_eq!(delayed, 12);
    let start = Instant::now();
    Peer::join_as(&app, "secure", "joe", "ever").await;
    assert!((4000..=4020).contains(&start.elapsed().as_millis()), "later, and in");
    // Who got in is not slowed any more, and others never were.
    for authid in ["joe", "ada"] {
        let start = Instant::now();
        Peer::join_as(&app, "secure", authid, "ever").await;
        assert!(start.elapsed().as_millis() <= 20, "{authid}");
    }
    assert_eq!(app.statistics().refused(Refusal::LoginDelayed), delayed + 1);
}

#[tokio::test]
async fn an_authenticator_that_is_busy_says_so() {
    let app = application(|realm| realm);
    let abort = refused(&app, "joe", "busy").await;
    assert_eq!(abort, r#"[3,{"message":"too many logins"},"wamp.error.unavailable"]"#);
    assert_eq!(app.statistics().refused(Refusal::LoginsBusy), 1);
    assert_eq!(app.statistics().refused(Refusal::Session), 0);
}

#[tokio::test(start_paused = true)]
async fn guesses_over_many_connections_are_no_faster_than_over_one() {
    let app = application(|realm| realm);
    let start = Instant::now();
    let guesses = (0..30).map(|_| async {
        let abort = refused(&app, "joe", "wrong").await;
        (start.elapsed().as_millis(), abort)
    });
    let mut ends = futures_util::future::join_all(guesses).await;
    ends.sort();
    let (denied, late): (Vec<_>, Vec<_>) =
        ends.into_iter().partition(|(_, abort)| abort.contains("wamp.error.authentication_denied"));
    let bounds = [0, 0, 0, 0, 250, 750, 1750, 3750, 7750];
    assert_eq!(denied.len(), bounds.len(), "{denied:?}");
    let in_time = |((at, _), least): (&(u128, String), u128)| (least..=least + 60).contains(at);
    assert!(denied.iter().zip(bounds).all(in_time), "{denied:?}");
    assert!(late.iter().all(|(_, abort)| abort.contains("not authenticated within")), "{late:?}");
    // Who answered and left gives its turn back.
    Peer::join_as(&app, "secure", "joe", "ever").await;
    let start = Instant::now();
    let joined = (0..50).map(|_| Peer::join_as(&app, "secure", "joe", "ever"));
    futures_util::future::join_all(joined).await;
    assert!(
        start.elapsed() <= Duration::from_millis(60),
        "right ones wait for nothing: {:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn the_right_secret_ends_the_wait_of_those_who_wait_with_it() {
    let app = application(|realm| realm);
    for _ in 0..6 {
        refused(&app, "joe", "wrong").await;
    }
    let start = Instant::now();
    let joined = (0..20).map(|_| Peer::join_as(&app, "secure", "joe", "ever"));
    futures_util::future::join_all(joined).await;
    assert!((1000..=1100).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn renewals_are_no_way_to_guess_faster() {
    let app = application(Realm::allow_renewal);
    let mut peer = Peer::join_as(&app, "secure", "joe", "hour").await;
    let mut waits = Vec::new();
    for request in 1..=7 {
        let start = Instant::now();
        let refused = peer.ask(&format!(r#"[48,{request},{{}},"serverwamp.session.renew",["wrong"]]"#)).await;
        assert!(refused.contains("wamp.error.authentication_denied"), "{refused}");
        waits.push(start.elapsed().as_millis());
    }
    let bounds = [0, 0, 0, 0, 250, 500, 1000];
    assert!(
        waits.iter().zip(bounds).all(|(waited, least)| (least..=least + 20).contains(waited)),
        "{waits:?}"
    );
    let renewed = peer.ask(r#"[48,8,{},"serverwamp.session.renew",["hour"]]"#).await;
    assert!(renewed.starts_with("[50,8,"), "{renewed}");
}
