//! Requests without their answer that change what a session has: a SUBSCRIBE, a REGISTER.

use super::served::ClientRoute;
use super::topics::TopicKey;
use crate::base::error::WampError;
use crate::base::signal::Signal;
use crate::peering::EventInbox;
use serverwamp_proto::id::{RegistrationId, RequestId, SubscriptionId};
use serverwamp_proto::message::{Message, Subscribe, SubscribeOptions};
use std::sync::Arc;

/// A SUBSCRIBE without its answer.
pub(super) struct WaitingSubscribe {
    pub(super) key: TopicKey,
    pub(super) options: SubscribeOptions,
    pub(super) inbox: Arc<EventInbox>,
    pub(super) answer: Signal<Result<SubscriptionId, WampError>>,
}

impl WaitingSubscribe {
    pub(super) fn message(&self, request: RequestId) -> Message<'static> {
        let topic = self.key.topic.to_string().into();
        Message::Subscribe(Subscribe { request, options: self.options.clone(), topic })
    }
}

/// A REGISTER without its answer.
pub(super) struct WaitingRegister {
    pub(super) route: Arc<ClientRoute>,
    pub(super) answer: Signal<Result<RegistrationId, WampError>>,
}
