//! A client as a peer of its realm, in the words that it shares with applications.

use super::handle::{Client, Held};
use super::publication::ClientPublication;
use super::register::Registering;
use super::subscribe::Subscribing;
use crate::base::error::WampError;
use crate::peering::{
    CallStarter, RealmAccess, RealmPeer, Registration, RoutePattern, Served, Subscriber, Takes,
};
use crate::rt::{BoxFuture, Runtime};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::PublicationId;
use serverwamp_proto::payload::Payload;
use std::future::IntoFuture;
use std::sync::Arc;

impl RealmAccess for Held {
    fn realm(&self) -> &str {
        let welcome = self.first().welcome.get();
        welcome.and_then(|(welcome, _)| welcome.details.realm.as_deref()).unwrap_or_default()
    }

    fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::clone(&self.session().runtime)
    }

    fn encodes_in(&self) -> Serializer {
        self.session().serializer
    }

    fn as_starter(self: Arc<Self>) -> Arc<dyn CallStarter> {
        self
    }

    fn publish(
        self: Arc<Self>,
        topic: String,
        payload: Payload,
    ) -> BoxFuture<'static, Result<PublicationId, WampError>> {
        Box::pin(ClientPublication::new(self, topic).send(payload))
    }

    fn subscribe(
        self: Arc<Self>,
        pattern: RoutePattern,
    ) -> BoxFuture<'static, Result<Subscriber, WampError>> {
        Subscribing::new(self, pattern).into_future()
    }

    fn register(
        self: Arc<Self>,
        pattern: RoutePattern,
        served: Served,
        takes: Takes,
    ) -> BoxFuture<'static, Result<Registration, WampError>> {
        Registering::new(self, pattern, served, takes).into_future()
    }
}

impl From<Client> for RealmPeer {
    fn from(client: Client) -> Self {
        Self::new(client.held())
    }
}
