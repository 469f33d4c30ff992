//! Extractors that may fail: `Option<E>` forgets why, `Result<E, E::Rejection>` keeps it.

use super::FromRequest;
use crate::WampError;
use crate::request::Request;
use std::convert::Infallible;

impl From<Infallible> for WampError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl<R: Request, S: Sync, E: FromRequest<R, S>> FromRequest<R, S> for Option<E> {
    type Rejection = Infallible;

    async fn from_request(request: &mut R, state: &S) -> Result<Self, Infallible> {
        Ok(E::from_request(request, state).await.ok())
    }
}

impl<R: Request, S: Sync, E: FromRequest<R, S>> FromRequest<R, S> for Result<E, E::Rejection> {
    type Rejection = Infallible;

    async fn from_request(request: &mut R, state: &S) -> Result<Self, Infallible> {
        Ok(E::from_request(request, state).await)
    }
}
