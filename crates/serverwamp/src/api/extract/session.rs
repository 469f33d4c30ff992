//! Extractors of what belongs to the session.

use super::FromRequest;
use crate::base::log::line;
use crate::router::request::Request;
use crate::{RealmHandle, Session, TransportInfo, WampError};
use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;

/// The value the authenticator attached to the session with [`Principal::identity`](crate::auth::Principal::identity).
///
/// A session without one, or with one of another type, is refused with `wamp.error.not_authorized`, and a line in the log says
/// which type it was. `Option<Identity<U>>` is `None` for it.
#[derive(Debug)]
pub struct Identity<U>(pub Arc<U>);

impl<U> Deref for Identity<U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.0
    }
}

/// A value of type `T` that some handler kept on the session with
/// [`Session::insert`](crate::Session::insert).
///
/// A session without one is refused with `wamp.error.runtime_error`: that is a bug of the application, and logged.
#[derive(Clone, Copy, Debug)]
pub struct Extension<T>(pub T);

impl<R: Request, S: Sync> FromRequest<R, S> for Session {
    type Rejection = Infallible;

    async fn from_request(request: &mut R, _: &S) -> Result<Self, Infallible> {
        Ok(request.session().clone())
    }
}

impl<R: Request, S: Sync> FromRequest<R, S> for RealmHandle {
    type Rejection = Infallible;

    async fn from_request(request: &mut R, _: &S) -> Result<Self, Infallible> {
        Ok(request.session().realm())
    }
}

impl<R: Request, S: Sync> FromRequest<R, S> for TransportInfo {
    type Rejection = Infallible;

    async fn from_request(request: &mut R, _: &S) -> Result<Self, Infallible> {
        Ok(request.session().transport().clone())
    }
}

/// Shared, not copied.
impl<R: Request, S: Sync> FromRequest<R, S> for Arc<TransportInfo> {
    type Rejection = Infallible;

    async fn from_request(request: &mut R, _: &S) -> Result<Self, Infallible> {
        Ok(Self::clone(request.session().inner().shared_transport()))
    }
}

impl<R: Request, S: Sync, U: Send + Sync + 'static> FromRequest<R, S> for Identity<U> {
    type Rejection = WampError;

    async fn from_request(request: &mut R, _: &S) -> Result<Self, WampError> {
        let session = request.session();
        session.identity::<U>().map(Identity).ok_or_else(|| {
            line!(
                WARN,
                "session",
                "a session has no identity of the type that a handler takes: attach one with `Principal::identity` where it is authenticated",
                identity = std::any::type_name::<U>(),
                session = session.id(),
                authid = session.authid(),
                authmethod = session.authmethod()
            );
            WampError::not_authorized("the session has no identity of the kind that this handler asks for")
        })
    }

    /// A handler that takes `Option<Identity<U>>` is for sessions without one as well: nothing is wrong with these.
    fn is_known_absent(request: &R) -> bool {
        request.session().identity::<U>().is_none()
    }
}

impl<R: Request, S: Sync, T: Clone + Send + Sync + 'static> FromRequest<R, S> for Extension<T> {
    type Rejection = WampError;

    async fn from_request(request: &mut R, _: &S) -> Result<Self, WampError> {
        request.session().get::<T>().map(Extension).ok_or_else(|| {
            WampError::internal(format_args!(
                "no `{}` is kept on session {}: insert it before a handler takes it as `Extension`",
                std::any::type_name::<T>(),
                request.session().id(),
            ))
        })
    }
}
