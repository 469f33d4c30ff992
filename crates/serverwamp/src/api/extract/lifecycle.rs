//! Sessions and subscriptions whose handlers decide when they are accepted.

use super::FromRequest;
use crate::router::request::{SessionRequest, SubscriptionRequest};
use crate::router::session::PendingSession;
use crate::router::subscription::PendingSubscription;
use std::convert::Infallible;

impl<R: SessionRequest, S: Sync> FromRequest<R, S> for PendingSession {
    type Rejection = Infallible;

    async fn from_request(request: &mut R, _: &S) -> Result<Self, Infallible> {
        request.take();
        Ok(Self::new(request.admission()))
    }
}

impl<S: Sync> FromRequest<SubscriptionRequest, S> for PendingSubscription {
    type Rejection = Infallible;

    async fn from_request(request: &mut SubscriptionRequest, _: &S) -> Result<Self, Infallible> {
        request.taken = true;
        Ok(Self::new(request))
    }
}
