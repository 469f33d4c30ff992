//! Extractors in every kind of handler they are documented for, called over a connection in memory.

use super::peer::Peer;
use serverwamp::auth::{self, Principal};
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
