//! Extractors of the handlers of subscriptions: the event, its topic, who subscribed.

use super::uri::texts;
use super::{Captures, FromRequest, Topic};
use crate::WampError;
use crate::peering::{EventDelivery, Matched, PassthruPayload, RealmPeer, ReceivedEvent};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::uris;
use std::convert::Infallible;

/// The event as a whole: its topic, its publication, its publisher as far as that is disclosed.
impl<S: Sync> FromRequest<EventDelivery, S> for ReceivedEvent {
    type Rejection = Infallible;

    async fn from_request(request: &mut EventDelivery, _: &S) -> Result<Self, Infallible> {
        Ok(request.event.clone())
    }
}

/// The topic that the event was published to.
impl<S: Sync> FromRequest<EventDelivery, S> for Topic {
    type Rejection = Infallible;

    async fn from_request(request: &mut EventDelivery, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request.event.topic_shared()))
    }
}

/// What the wildcards or the prefix of the subscription matched.
impl<S: Sync> FromRequest<EventDelivery, S> for Captures {
    type Rejection = Infallible;

    async fn from_request(request: &mut EventDelivery, _: &S) -> Result<Self, Infallible> {
        Ok(Self(match &request.matched {
            Matched::Pattern(pattern) => texts(pattern.captures(request.event.topic())),
            Matched::Exact | Matched::Regex(_) => Vec::new(),
        }))
    }
}

impl<S: Sync> FromRequest<EventDelivery, S> for Payload {
    type Rejection = Infallible;

    async fn from_request(request: &mut EventDelivery, _: &S) -> Result<Self, Infallible> {
        Ok(request.payload().clone())
    }
}

impl<S: Sync> FromRequest<EventDelivery, S> for PassthruPayload {
    type Rejection = WampError;

    async fn from_request(request: &mut EventDelivery, _: &S) -> Result<Self, WampError> {
        Self::of(request.payload())?.ok_or_else(|| {
            WampError::new(uris::error::INVALID_ARGUMENT)
                .arg("the event is not in passthru mode: ppt_scheme is missing")
        })
    }

    fn is_absent(request: &EventDelivery) -> bool {
        request.payload().passthru.is_none()
    }
}

/// The peer that subscribed.
impl<S: Sync> FromRequest<EventDelivery, S> for RealmPeer {
    type Rejection = Infallible;

    async fn from_request(request: &mut EventDelivery, _: &S) -> Result<Self, Infallible> {
        Ok(request.peer.clone())
    }
}
