//! Wildcards of as many components as a URI may have, and one more: `Limits::uri_components`.

use crate::peer::Peer;
use serverwamp::{Application, Limits, Realm, Refusal};

/// A wildcard whose components are open but for the first and the last, and a URI that it matches.
fn wildcard_and_uri(components: usize) -> (String, String) {
    let open = ".".repeat(components - 1);
    let between: String = (1..components - 1).map(|place| format!(".c{place}")).collect();
    (format!("com{open}last"), format!("com{between}.last"))
}

async fn realm_of_two() -> (Application, Peer, Peer) {
    let realm = Realm::router("realm1").allow_anonymous("guest");
    let app = Application::builder().realm(realm).build().unwrap();
    let (one, other) = (Peer::join(&app, "realm1").await, Peer::join(&app, "realm1").await);
    (app, one, other)
}

#[tokio::test]
async fn a_wildcard_of_as_many_components_as_allowed_is_subscribed_to() {
    let (_app, mut subscriber, mut publisher) = realm_of_two().await;
    let (wildcard, topic) = wildcard_and_uri(Limits::default().uri_components);
    let subscribed = subscriber.ask(&format!(r#"[32,1,{{"match":"wildcard"}},"{wildcard}"]"#)).await;
    assert!(subscribed.starts_with("[33,1,"), "{subscribed}");
    // Each differs in one component, or in their number, or not at all.
    let other_end = topic.replace(".last", ".least");
    let (_, shorter) = wildcard_and_uri(Limits::default().uri_components - 1);
    for (request, topic) in [(1, &other_end), (2, &shorter), (3, &topic)] {
        let published =
            publisher.ask(&format!(r#"[16,{request},{{"acknowledge":true}},"{topic}",[{request}]]"#)).await;
        assert!(published.starts_with(&format!("[17,{request},")), "{published}");
    }
    assert_eq!(subscriber.event().await, format!(r#"{{"topic":"{topic}"}},[3]]"#));
}

#[tokio::test]
async fn a_wildcard_of_as_many_components_as_allowed_is_registered_and_called() {
    let (_app, mut callee, mut caller) = realm_of_two().await;
    let (wildcard, procedure) = wildcard_and_uri(Limits::default().uri_components);
    let registered = callee.ask(&format!(r#"[64,1,{{"match":"wildcard"}},"{wildcard}"]"#)).await;
    assert!(registered.starts_with("[65,1,"), "{registered}");
    let other_end = procedure.replace(".last", ".least");
    let refused = caller.call(&other_end, "").await;
    assert!(refused.contains("wamp.error.no_such_procedure"), "{refused}");
    caller.say(&format!(r#"[48,2,{{}},"{procedure}",[7]]"#)).await;
    let invocation = callee.hear().await;
    assert!(
        invocation.starts_with("[68,1,") && invocation.contains(&format!(r#""procedure":"{procedure}""#)),
        "{invocation}"
    );
    callee.say("[70,1,{},[8]]").await;
    assert_eq!(caller.hear().await, "[50,2,{},[8]]");
}

#[tokio::test]
async fn a_wildcard_of_one_component_more_is_refused_and_counted() {
    let (app, mut peer, _) = realm_of_two().await;
    let (wildcard, uri) = wildcard_and_uri(Limits::default().uri_components + 1);
    for (number, request, code) in [
        (1, format!(r#"[32,1,{{"match":"wildcard"}},"{wildcard}"]"#), 32),
        (2, format!(r#"[64,2,{{"match":"wildcard"}},"{wildcard}"]"#), 64),
        (3, format!(r#"[16,3,{{"acknowledge":true}},"{uri}"]"#), 16),
        (4, format!(r#"[48,4,{{}},"{uri}"]"#), 48),
    ] {
        let refused = peer.ask(&request).await;
        let expected = format!(r#"[8,{code},{number},{{}},"wamp.error.invalid_uri""#);
        assert!(refused.starts_with(&expected) && refused.contains("32"), "{refused}");
        assert_eq!(app.statistics().refused(Refusal::Uri), number);
    }
}
