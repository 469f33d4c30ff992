//! Extractors of what belongs to the session.

use super::FromRequest;
use crate::base::log::line;
use crate::router::request::PeerRequest;
use crate::{RealmHandle, Session, TransportInfo, WampError};
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

/// The answer to a request that has no session, which a handler asks for: only a call that a client serves has none.
fn no_session(extractor: &str) -> WampError {
    WampError::internal(format_args!(
        "a handler takes `{extractor}`, which a call that a client serves does not have"
    ))
}

/// Extractors of a session that never fail in the application's own realm.
macro_rules! of_session {
    ($type:ty, $name:literal, |$session:ident| $value:expr) => {
        impl<R: PeerRequest, S: Sync> FromRequest<R, S> for $type {
            type Rejection = WampError;

            const NEEDS_SESSION: Option<&'static str> = Some($name);

            async fn from_request(request: &mut R, _: &S) -> Result<Self, WampError> {
                let Some($session) = request.session() else { return Err(no_session($name)) };
                Ok($value)
            }

            fn is_known_absent(request: &R) -> bool {
                request.session().is_none()
            }
        }
    };
}

of_session!(Session, "Session", |session| session.clone());
of_session!(RealmHandle, "RealmHandle", |session| session.realm());
of_session!(TransportInfo, "TransportInfo", |session| session.transport().clone());
// Shared, not copied.
of_session!(Arc<TransportInfo>, "Arc<TransportInfo>", |session| Self::clone(
    session.inner().shared_transport()
));

impl<R: PeerRequest, S: Sync, U: Send + Sync + 'static> FromRequest<R, S> for Identity<U> {
    type Rejection = WampError;

    const NEEDS_SESSION: Option<&'static str> = Some("Identity");

    async fn from_request(request: &mut R, _: &S) -> Result<Self, WampError> {
        let Some(session) = request.session() else { return Err(no_session("Identity")) };
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
        request.session().is_none_or(|session| session.identity::<U>().is_none())
    }
}

impl<R: PeerRequest, S: Sync, T: Clone + Send + Sync + 'static> FromRequest<R, S> for Extension<T> {
    type Rejection = WampError;

    const NEEDS_SESSION: Option<&'static str> = Some("Extension");

    async fn from_request(request: &mut R, _: &S) -> Result<Self, WampError> {
        let Some(session) = request.session() else { return Err(no_session("Extension")) };
        session.get::<T>().map(Extension).ok_or_else(|| {
            WampError::internal(format_args!(
                "no `{}` is kept on session {}: insert it before a handler takes it as `Extension`",
                std::any::type_name::<T>(),
                session.id(),
            ))
        })
    }
}
