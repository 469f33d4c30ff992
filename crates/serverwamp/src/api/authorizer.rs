//! What the handler of an authorizer takes and returns.

use crate::WampError;
use crate::api::extract::FromRequest;
use crate::api::reply::{IntoReply, via};
use crate::router::request::{AuthorizerRequest, Question, Verdict};
use std::convert::Infallible;

impl<S: Sync> FromRequest<AuthorizerRequest, S> for Question {
    type Rejection = Infallible;

    async fn from_request(request: &mut AuthorizerRequest, _: &S) -> Result<Self, Infallible> {
        Ok(request.question.clone())
    }
}

impl IntoReply<AuthorizerRequest, via::Shape> for Verdict {
    async fn into_reply(self, _: AuthorizerRequest) -> Result<Self, WampError> {
        Ok(self)
    }
}

impl IntoReply<AuthorizerRequest, via::Value> for bool {
    async fn into_reply(self, _: AuthorizerRequest) -> Result<Verdict, WampError> {
        Ok(Verdict::from(self))
    }
}
