//! The events of the meta API.
//!
//! They are published while nobody else can change what they tell of, after the message that answers who caused them
//! (checklist META-07), and never about the meta API's own topics and procedures (META-05).

use crate::base::log::line_later;
use crate::router::broker::{Broker, SubscriptionEntry};
use crate::router::dealer::RegistrationEntry;
use crate::router::session::RouterSession;
use serde::Serialize;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::SessionId;
use serverwamp_proto::payload::{Part, Payload, encode_args};
use serverwamp_proto::{uri, uris};

/// A session, as `on_join` and `wamp.session.get` tell it.
#[derive(Debug, Serialize)]
pub(super) struct SessionDetails<'s> {
    session: u64,
    authid: &'s str,
    authrole: &'s str,
    authmethod: &'s str,
    authprovider: &'s str,
}

impl<'s> SessionDetails<'s> {
    pub(super) fn of(session: &'s RouterSession) -> Self {
        Self {
            session: session.id().get(),
            authid: session.authid(),
            authrole: session.authrole(),
            authmethod: session.authmethod(),
            authprovider: session.principal().map_or("", |principal| principal.authprovider()),
        }
    }
}

/// A subscription, as `on_create` and `wamp.subscription.get` tell it.
#[derive(Debug, Serialize)]
pub(super) struct SubscriptionDetails<'s> {
    id: u64,
    created: String,
    uri: &'s str,
    #[serde(rename = "match")]
    kind: &'static str,
}

impl<'s> SubscriptionDetails<'s> {
    pub(super) fn of(entry: &'s SubscriptionEntry) -> Self {
        Self {
            id: entry.id.get(),
            created: entry.created.to_string(),
            uri: entry.pattern.as_str(),
            kind: entry.pattern.kind().as_str(),
        }
    }
}

/// A registration, as `on_create` and `wamp.registration.get` tell it.
#[derive(Debug, Serialize)]
pub(super) struct RegistrationDetails<'r> {
    id: u64,
    created: String,
    uri: &'r str,
    #[serde(rename = "match")]
    kind: &'static str,
    invoke: &'static str,
}

impl<'r> RegistrationDetails<'r> {
    pub(super) fn of(entry: &'r RegistrationEntry) -> Self {
        Self {
            id: entry.id.get(),
            created: entry.created.to_string(),
            uri: entry.pattern.as_str(),
            kind: entry.pattern.kind().as_str(),
            invoke: entry.invoke.as_str(),
        }
    }
}

/// The events of the meta API; who has them holds [`Changes`](crate::router::realm::Changes).
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetaEvents<'r> {
    broker: &'r Broker,
}

impl<'r> MetaEvents<'r> {
    pub(crate) const fn new(broker: &'r Broker) -> Self {
        Self { broker }
    }

    pub(crate) fn session_joined(self, session: &RouterSession) {
        self.tell(uris::session::ON_JOIN, || (SessionDetails::of(session),));
    }

    pub(crate) fn session_left(self, session: &RouterSession) {
        self.tell(uris::session::ON_LEAVE, || (session.id().get(), session.authid(), session.authrole()));
    }

    pub(crate) fn subscription_created(self, session: SessionId, entry: &SubscriptionEntry) {
        self.tell_of(entry.pattern.as_str(), uris::subscription::ON_CREATE, || {
            (session.get(), SubscriptionDetails::of(entry))
        });
    }

    pub(crate) fn subscribed(self, session: SessionId, entry: &SubscriptionEntry) {
        self.tell_of(entry.pattern.as_str(), uris::subscription::ON_SUBSCRIBE, || {
            (session.get(), entry.id.get())
        });
    }

    pub(crate) fn unsubscribed(self, session: SessionId, entry: &SubscriptionEntry) {
        self.tell_of(entry.pattern.as_str(), uris::subscription::ON_UNSUBSCRIBE, || {
            (session.get(), entry.id.get())
        });
    }

    pub(crate) fn subscription_deleted(self, session: SessionId, entry: &SubscriptionEntry) {
        self.tell_of(entry.pattern.as_str(), uris::subscription::ON_DELETE, || {
            (session.get(), entry.id.get())
        });
    }

    pub(crate) fn registration_created(self, session: SessionId, entry: &RegistrationEntry) {
        self.tell_of(entry.pattern.as_str(), uris::registration::ON_CREATE, || {
            (session.get(), RegistrationDetails::of(entry))
        });
    }

    pub(crate) fn registered(self, session: SessionId, entry: &RegistrationEntry) {
        self.tell_of(entry.pattern.as_str(), uris::registration::ON_REGISTER, || {
            (session.get(), entry.id.get())
        });
    }

    pub(crate) fn unregistered(self, session: SessionId, entry: &RegistrationEntry) {
        self.tell_of(entry.pattern.as_str(), uris::registration::ON_UNREGISTER, || {
            (session.get(), entry.id.get())
        });
    }

    pub(crate) fn registration_deleted(self, session: SessionId, entry: &RegistrationEntry) {
        self.tell_of(entry.pattern.as_str(), uris::registration::ON_DELETE, || {
            (session.get(), entry.id.get())
        });
    }

    /// The session is in the subscription no more, which may be `deleted` with it.
    pub(crate) fn left_subscription(self, session: SessionId, entry: &SubscriptionEntry, deleted: bool) {
        self.unsubscribed(session, entry);
        if deleted {
            self.subscription_deleted(session, entry);
        }
    }

    /// The session is in the registration no more, which may be `deleted` with it.
    pub(crate) fn left_registration(self, session: SessionId, entry: &RegistrationEntry, deleted: bool) {
        self.unregistered(session, entry);
        if deleted {
            self.registration_deleted(session, entry);
        }
    }

    fn tell_of<T: Serialize>(self, about: &str, topic: &str, args: impl FnOnce() -> T) {
        if !uri::is_reserved(about) {
            self.tell(topic, args);
        }
    }

    fn tell<T: Serialize>(self, topic: &str, args: impl FnOnce() -> T) {
        if !self.broker.has_meta_api() || self.broker.is_unheard(topic) {
            return;
        }
        match encode_args(Serializer::MessagePack, &args()) {
            Ok(args) => self
                .broker
                .publish_meta(topic, Payload::of_parts(Serializer::MessagePack, args.into(), Part::new())),
            Err(error) => {
                line_later!(ERROR, "event", "a meta event cannot be encoded", topic = topic, error = error);
            }
        }
    }
}
