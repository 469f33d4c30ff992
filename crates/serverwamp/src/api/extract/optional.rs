//! Extractors of what may be absent (`Option<E>`) and of what may fail (`Result<E, E::Rejection>`).

use super::FromRequest;
use crate::WampError;
use crate::peering::Request;
use std::convert::Infallible;

impl From<Infallible> for WampError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl<R: Request, S: Sync, E: FromRequest<R, S>> FromRequest<R, S> for Option<E> {
    type Rejection = E::Rejection;

    const TAKES_INPUT: bool = E::TAKES_INPUT;

    const TAKES_PASSTHRU: bool = E::TAKES_PASSTHRU;

    async fn from_request(request: &mut R, state: &S) -> Result<Self, E::Rejection> {
        if E::is_known_absent(request) {
            return Ok(None);
        }
        match E::from_request(request, state).await {
            Ok(value) => Ok(Some(value)),
            Err(_) if E::is_absent(request) => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}

impl<R: Request, S: Sync, E: FromRequest<R, S>> FromRequest<R, S> for Result<E, E::Rejection> {
    type Rejection = Infallible;

    const TAKES_INPUT: bool = E::TAKES_INPUT;

    const TAKES_PASSTHRU: bool = E::TAKES_PASSTHRU;

    async fn from_request(request: &mut R, state: &S) -> Result<Self, Infallible> {
        Ok(E::from_request(request, state).await)
    }
}
