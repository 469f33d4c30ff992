//! Extractors in every kind of handler they are documented for, called over a connection in memory.

use super::peer::Peer;
use serverwamp::auth::{self, Principal};
use serverwamp::extract::Identity;
use serverwamp::{Application, Realm, RouteSet, TransportInfo, TransportKind, WampError};
use std::sync::Arc;

fn kind_of(transport: &TransportInfo) -> Result<(), WampError> {
    match transport.kind {
        TransportKind::Memory => Ok(()),
        other => Err(WampError::invalid_argument(format!("{other:?}"))),
    }
}

async fn authenticates(transport: TransportInfo) -> Option<Principal> {
    kind_of(&transport).ok().map(|()| Principal::new("joe"))
}

async fn connects_or_joins(transport: TransportInfo) -> Result<(), WampError> {
    kind_of(&transport)
}

async fn subscribes(transport: TransportInfo) -> Result<(), WampError> {
    kind_of(&transport)
}

async fn protocol(transport: TransportInfo) -> &'static str {
    transport.protocol
}

async fn is_shared(copy: TransportInfo, shared: Arc<TransportInfo>, maybe: Option<TransportInfo>) -> bool {
    copy.serializer == shared.serializer && maybe.is_some_and(|transport| transport.kind == shared.kind)
}

#[tokio::test]
async fn the_transport_is_extracted_in_every_kind_of_handler() {
    let routes = RouteSet::new()
        .procedure("com.protocol", protocol)
        .procedure("com.is_shared", is_shared)
        .topic("com.topic", subscribes);
    let realm = Realm::new("realm1")
        .authenticator(auth::transport("header", authenticates))
        .on_connect(connects_or_joins)
        .on_join(connects_or_joins)
        .routes(routes);
    let app = Application::builder().realm(realm).build().unwrap();
    let mut peer = Peer::join(&app, "realm1").await;

    assert_eq!(peer.call("com.protocol", "").await, r#"[50,1,{},["wamp.2.json"]]"#);
    assert_eq!(peer.call("com.is_shared", "").await, "[50,2,{},[true]]");
    peer.subscribe("com.topic").await;
}

struct User {
    name: &'static str,
}

async fn who(user: Option<Identity<User>>, other: Option<Identity<String>>) -> (Option<&'static str>, bool) {
    (user.map(|user| user.name), other.is_some())
}

async fn must_be_somebody(user: Identity<User>) -> &'static str {
    user.name
}

async fn by_ticket(auth::AuthId(authid): auth::AuthId, _: auth::Ticket) -> Principal {
    let principal = Principal::new(authid.clone());
    if authid == "ann" { principal.identity(User { name: "Ann" }) } else { principal }
}

#[tokio::test]
async fn an_identity_that_may_be_absent_is_none_where_a_session_has_none_or_one_of_another_type() {
    let routes = RouteSet::new().procedure("com.who", who).procedure("com.somebody", must_be_somebody);
    let topics = RouteSet::new().topic("com.topic", |_: Option<Identity<User>>| async {});
    let realm = Realm::new("realm1")
        .authenticator(auth::ticket(by_ticket))
        .allow_anonymous("guest")
        .on_connect(|user: Option<Identity<User>>| async move { assert!(user.is_none()) })
        .on_join(|_: Option<Identity<User>>| async {})
        .routes(routes.merge(topics));
    let app = Application::builder().realm(realm).build().unwrap();
    let mut ann = Peer::join_as(&app, "realm1", "ann", "secret").await;
    assert_eq!(ann.call("com.who", "").await, r#"[50,1,{},[["Ann",false]]]"#);
    assert_eq!(ann.call("com.somebody", "").await, r#"[50,2,{},["Ann"]]"#);
    let bob = Peer::join_as(&app, "realm1", "bob", "secret").await;
    let guest = Peer::join(&app, "realm1").await;
    for mut nobody in [bob, guest] {
        assert_eq!(nobody.call("com.who", "").await, "[50,1,{},[[null,false]]]");
        let refused = nobody.call("com.somebody", "").await;
        assert!(refused.starts_with(r#"[8,48,2,{},"wamp.error.not_authorized""#), "{refused}");
        nobody.subscribe("com.topic").await;
    }
}
