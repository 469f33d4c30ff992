//! Permissions and handlers: who is asked first, and who is not asked at all.

use crate::peer::Peer;
use serverwamp::{Actions, Application, Realm, Refusal, RouteSet, WampError, prefix};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn handlers_are_asked_after_the_permission_and_may_still_refuse() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = |refuses: bool| {
        let asked = Arc::clone(&asked);
        move || {
            asked.fetch_add(1, Ordering::Relaxed);
            async move { if refuses { Err(WampError::not_authorized("not you")) } else { Ok(()) } }
        }
    };
    let routes = RouteSet::new()
        .topic("open.news", count(false))
        .topic("open.members", count(true))
        .topic("closed.news", count(false))
        .procedure("closed.p", count(false));
    let realm = Realm::new("realm1")
        .allow_anonymous("guest")
        .routes(routes)
        .role("guest", |role| role.allow(Actions::ALL, prefix("open.")));
    let app = Application::builder().realm(realm).build().unwrap();
    let mut peer = Peer::join(&app, "realm1").await;
    for denied in [
        r#"[32,1,{},"closed.news"]"#,
        r#"[32,1,{"match":"prefix"},"closed."]"#,
        r#"[32,1,{"match":"prefix"},""]"#,
        r#"[48,1,{},"closed.p"]"#,
    ] {
        let answer = peer.ask(denied).await;
        assert!(answer.contains("wamp.error.not_authorized"), "{denied}: {answer}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0, "nobody is asked for what is denied");
    assert_eq!(app.statistics().refused(Refusal::NotAuthorized), 4);
    peer.subscribe("open.news").await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    // What a handler says is its own word, and counts as none of these.
    let answer = peer.ask(r#"[32,9,{},"open.members"]"#).await;
    assert!(answer.contains("not you"), "{answer}");
    let answer = peer.ask(r#"[32,10,{"match":"prefix"},"open."]"#).await;
    assert!(answer.contains("not you"), "every handler within a pattern has to accept: {answer}");
    assert_eq!(app.statistics().refused(Refusal::NotAuthorized), 4);
}
