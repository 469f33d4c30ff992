//! Replies of topic and session handlers: yes, no, or "yes, and hold this meanwhile".

use super::{IntoReply, via};
use crate::router::request::{SessionRequest, SubscriptionRequest};
use crate::router::session::pending::SessionReply;
use crate::router::subscription::SubscriptionReply;

/// Accepts, and keeps a guard until the subscription or session ends.
///
/// ```
/// use serverwamp::Hold;
/// use std::sync::Arc;
///
/// /// As many clones live as there are subscribers.
/// async fn watched(serverwamp::extract::State(gauge): serverwamp::extract::State<Arc<()>>) -> Hold<Arc<()>> {
///     Hold(gauge)
/// }
/// # serverwamp::RouteSet::<Arc<()>>::new().topic("docs.changes", watched);
/// ```
#[derive(Debug)]
pub struct Hold<G>(pub G);

impl IntoReply<SubscriptionRequest, via::Unit> for () {
    async fn into_reply(self, request: SubscriptionRequest) -> SubscriptionReply {
        if !request.taken {
            request.accept();
        }
        SubscriptionReply(Ok(()))
    }
}

impl<G: Send> IntoReply<SubscriptionRequest, via::Shape> for Hold<G> {
    async fn into_reply(self, request: SubscriptionRequest) -> SubscriptionReply {
        if !request.taken {
            request.accept();
        }
        request.attempt.over.wait().await;
        drop(self.0);
        SubscriptionReply(Ok(()))
    }
}

impl<R: SessionRequest> IntoReply<R, via::Unit> for () {
    async fn into_reply(self, request: R) -> SessionReply {
        if !request.is_taken() {
            request.admission().accept();
        }
        SessionReply(Ok(()))
    }
}

impl<R: SessionRequest, G: Send> IntoReply<R, via::Shape> for Hold<G> {
    async fn into_reply(self, request: R) -> SessionReply {
        if !request.is_taken() {
            request.admission().accept();
        }
        request.session().clone().closed().await;
        drop(self.0);
        SessionReply(Ok(()))
    }
}
