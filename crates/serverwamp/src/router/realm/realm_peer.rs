//! The application as a peer of its realm, in the words that it shares with clients.

use super::handle::RealmHandle;
use super::running::RunningRealm;
use crate::WampError;
use crate::peering::{
    CallStarter, RealmAccess, RealmPeer, Registration, RoutePattern, Served, Subscriber, Takes,
};
use crate::rt::{BoxFuture, Runtime};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::PublicationId;
use serverwamp_proto::payload::Payload;
use std::future::ready;
use std::sync::Arc;

impl RealmAccess for RunningRealm {
    fn realm(&self) -> &str {
        self.name()
    }

    fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::clone(&self.context.runtime)
    }

    /// It can represent everything that any serializer can; payloads are transcoded for their receivers.
    fn encodes_in(&self) -> Serializer {
        Serializer::MessagePack
    }

    fn as_starter(self: Arc<Self>) -> Arc<dyn CallStarter> {
        self
    }

    fn publish(
        self: Arc<Self>,
        topic: String,
        payload: Payload,
    ) -> BoxFuture<'static, Result<PublicationId, WampError>> {
        Box::pin(async move { RealmHandle::new(self).publish_and_wait(&topic, payload).await })
    }

    fn subscribe(
        self: Arc<Self>,
        pattern: RoutePattern,
    ) -> BoxFuture<'static, Result<Subscriber, WampError>> {
        Box::pin(ready(RealmHandle::new(self).subscribe(pattern)))
    }

    fn register(
        self: Arc<Self>,
        pattern: RoutePattern,
        served: Served,
        takes: Takes,
    ) -> BoxFuture<'static, Result<Registration, WampError>> {
        Box::pin(ready(RealmHandle::new(self).register_served(&pattern, served, takes)))
    }
}

impl From<RealmHandle> for RealmPeer {
    fn from(realm: RealmHandle) -> Self {
        Self::new(realm.into_inner())
    }
}
