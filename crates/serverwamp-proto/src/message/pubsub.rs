//! The messages of publishers and subscribers.

use std::borrow::Cow;

use super::bounds::UnreadBytes;
use super::options::{EventDetails, PublishOptions, SubscribeOptions, UnsubscribedDetails};
use super::wire::message;
use crate::id::{PublicationId, RequestId, SubscriptionId};
use crate::payload::Payload;

message! {
    /// A client publishes an event.
    pub struct Publish<'a> {
        /// The id of this request.
        "Request" => request: RequestId,
        /// The options of the publication.
        "Options" => options: PublishOptions,
        /// What was not read; there is neither a topic nor an argument then.
        "" => unread: UnreadBytes,
        /// The topic.
        "Topic" => topic: Cow<'a, str>,
        /// The event's arguments.
        "" => payload: Payload,
    }
}

message! {
    /// The broker accepted a publication that asked to be acknowledged.
    pub struct Published {
        /// The PUBLISH it answers.
        "PUBLISH.Request" => request: RequestId,
        /// The id that the events of this publication carry.
        "Publication" => publication: PublicationId,
    }
}

message! {
    /// A client subscribes.
    pub struct Subscribe<'a> {
        /// The id of this request.
        "Request" => request: RequestId,
        /// The match policy of the topic.
        "Options" => options: SubscribeOptions,
        /// The topic, or a pattern of topics.
        "Topic" => topic: Cow<'a, str>,
    }
}

message! {
    /// The broker accepted a subscription.
    pub struct Subscribed {
        /// The SUBSCRIBE it answers.
        "SUBSCRIBE.Request" => request: RequestId,
        /// The id that events of this subscription carry.
        "Subscription" => subscription: SubscriptionId,
    }
}

message! {
    /// A client gives a subscription up.
    pub struct Unsubscribe {
        /// The id of this request.
        "Request" => request: RequestId,
        /// The subscription.
        "SUBSCRIBED.Subscription" => subscription: SubscriptionId,
    }
}

message! {
    /// A subscription is gone.
    pub struct Unsubscribed {
        /// The UNSUBSCRIBE it answers, or the revocation it is.
        "UNSUBSCRIBE.Request" => end: super::End<UnsubscribedDetails>,
    }
}

message! {
    /// The broker delivers an event.
    pub struct Event<'a> {
        /// The subscription under which it is delivered.
        "SUBSCRIBED.Subscription" => subscription: SubscriptionId,
        /// The publication, the same for all receivers.
        "PUBLISHED.Publication" => publication: PublicationId,
        /// The details.
        "Details" => details: EventDetails<'a>,
        /// The event's arguments.
        "" => payload: Payload,
    }
}
