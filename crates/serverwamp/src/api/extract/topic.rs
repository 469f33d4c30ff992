//! Extractors of the URI that was subscribed to.

use super::uri::texts;
use super::{Captures, FromRequest, Topic};
use crate::router::request::SubscriptionRequest;
use std::convert::Infallible;
use std::sync::Arc;

impl<S: Sync> FromRequest<SubscriptionRequest, S> for Topic {
    type Rejection = Infallible;

    async fn from_request(request: &mut SubscriptionRequest, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Arc::clone(&request.attempt.topic)))
    }
}

impl<S: Sync> FromRequest<SubscriptionRequest, S> for Captures {
    type Rejection = Infallible;

    async fn from_request(request: &mut SubscriptionRequest, _: &S) -> Result<Self, Infallible> {
        Ok(Self(texts(request.route.captures(&request.attempt.topic))))
    }
}
