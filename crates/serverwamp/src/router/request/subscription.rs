//! A SUBSCRIBE for the application.

use super::PeerRequest;
use crate::peering::Request;
use crate::router::broker::PendingSubscribe;
use crate::router::subscription::SubscriptionReply;
use crate::{Session, WampError};
use serverwamp_proto::pattern::{Match, UriPattern};
use std::sync::Arc;

/// A peer's wish to subscribe to a topic that has a handler.
#[derive(Debug)]
pub struct SubscriptionRequest {
    pub(crate) attempt: Arc<PendingSubscribe>,
    /// Which of the attempt's handlers this request was made for.
    pub(crate) scope: usize,
    /// A handler took the [`PendingSubscription`](crate::PendingSubscription) and so decides by itself.
    pub(crate) taken: bool,
    /// The route's pattern, for captures.
    pub(crate) route: Arc<UriPattern>,
}

impl SubscriptionRequest {
    /// The topic as the peer wrote it; with `match` prefix or wildcard this is a pattern.
    pub fn topic(&self) -> &str {
        &self.attempt.topic
    }

    /// The match policy of the subscription.
    pub fn match_policy(&self) -> Match {
        self.attempt.policy
    }
}

impl PeerRequest for SubscriptionRequest {
    fn session(&self) -> Option<&Session> {
        Some(&self.attempt.session)
    }
}

impl Request for SubscriptionRequest {
    type Reply = SubscriptionReply;

    fn refuse(error: WampError) -> SubscriptionReply {
        SubscriptionReply(Err(error))
    }
}
