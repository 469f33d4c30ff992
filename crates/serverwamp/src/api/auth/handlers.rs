//! Authenticators made of handlers: transport, ticket, custom.

use super::{AuthExchange, Authenticator, Principal, Secret};
use crate::WampError;
use crate::api::extract::FromRequest;
use crate::api::handler::{AuthHandler, SharedState, Unbound};
use crate::api::reply::{IntoReply, via};
use crate::router::auth::{Denial, Dialogue, Exchange, MethodNames, Offered};
use crate::router::request::{AuthRequest, CustomMethod, Method, TicketMethod, TransportMethod};
use serverwamp_proto::codec::Dict;
use std::borrow::Cow;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

/// Authenticates by what the transport knows: cookies, headers, addresses, certificates. The peer is asked for nothing.
///
/// The method has a name, which clients may list in HELLO and WELCOME reports: by convention `cookie`, `header`, `tls` for a
/// client certificate, `unix` for the credentials of a Unix socket's peer. A client that lists methods and not this one is not
/// authenticated by it. A client that lists none may use all transport methods, in the order of the realm.
///
/// `None` leaves the peer to the next method.
///
/// ```
/// use serverwamp::auth::{self, Principal};
/// use serverwamp::TransportInfo;
/// use std::sync::Arc;
///
/// async fn by_cookie(transport: Arc<TransportInfo>) -> Option<Principal> {
///     (transport.cookie("sid")? == "let me in").then(|| Principal::new("joe").role("customer"))
/// }
/// # serverwamp::Realm::<()>::new("secure").authenticator(auth::transport("cookie", by_cookie));
/// ```
pub fn transport<H, T, S>(name: impl Into<Cow<'static, str>>, handler: H) -> Authenticator<S>
where
    H: AuthHandler<TransportMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    let names =
        MethodNames { names: vec![name.into()], transport: true, renewable: false, offered: Offered::ALWAYS };
    dialogue(names, Unbound::new(handler), |handler, exchange, name| async move {
        Ok(handler.call(AuthRequest::new(exchange, name)).await?)
    })
}

/// Authenticates by a ticket: a secret that the peer sends as it is, so only over TLS or on loopback.
///
/// `None`, `wamp.error.authentication_denied` and an unknown authid all look the same to the peer: a CHALLENGE, and
/// after it the same ABORT.
///
/// ```
/// use serverwamp::auth::{self, AuthId, Principal, Ticket};
///
/// async fn check(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
///     (authid == "joe" && ticket.matches("secret!!!")).then(|| Principal::new(authid).role("customer"))
/// }
/// # serverwamp::Realm::<()>::new("secure").authenticator(auth::ticket(check));
/// ```
pub fn ticket<H, T, S>(handler: H) -> Authenticator<S>
where
    H: AuthHandler<TicketMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    let names = MethodNames { renewable: true, ..asking("ticket") };
    dialogue(names, Unbound::new(handler), |handler, exchange, name| async move {
        if exchange.hello.authid.is_none() {
            return Err(Denial::denied("HELLO has no authid"));
        }
        let answer = exchange.challenge(&name, Dict::new()).await;
        let mut request = AuthRequest::new(exchange, name);
        request.ticket = Some(answer.signature);
        Ok(handler.call(request).await?)
    })
}

/// Authenticates by a dialogue of your own, under the method name clients ask for; see
/// [`AuthExchange`](super::AuthExchange).
pub fn custom<H, T, S>(method: impl Into<Cow<'static, str>>, handler: H) -> Authenticator<S>
where
    H: AuthHandler<CustomMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    dialogue(asking(method), Unbound::new(handler), |handler, exchange, name| async move {
        Ok(handler.call(AuthRequest::new(exchange, name)).await?)
    })
}

pub(super) type BoundHandler<M> = Arc<dyn crate::peering::ErasedHandler<AuthRequest<M>>>;

/// The names of a method that asks the peer something, which has this one.
pub(super) fn asking(name: impl Into<Cow<'static, str>>) -> MethodNames {
    MethodNames { names: vec![name.into()], transport: false, renewable: false, offered: Offered::ALWAYS }
}

/// An authenticator that runs `talk` with the handler once that has its state.
pub(super) fn dialogue<M, S, Fut>(
    names: MethodNames,
    handler: Unbound<AuthRequest<M>, S>,
    talk: impl Fn(BoundHandler<M>, Arc<Exchange>, Arc<str>) -> Fut + Send + Sync + 'static,
) -> Authenticator<S>
where
    M: Method,
    S: Send + Sync + 'static,
    Fut: Future<Output = Result<Option<Principal>, Denial>> + Send + 'static,
{
    let bind = move |state: &SharedState<S>| -> Dialogue {
        let handler = handler.bind(state);
        Arc::new(move |exchange, name| Box::pin(talk(Arc::clone(&handler), exchange, name)))
    };
    Authenticator::of(names, Box::new(bind))
}

/// The ticket the peer sent.
#[derive(Clone, Debug)]
pub struct Ticket(pub Secret);

/// The authid the peer asked for in HELLO, not proved yet; empty when it named none.
#[derive(Clone, Debug)]
pub struct AuthId(pub String);

/// `authextra` of HELLO.
#[derive(Clone, Debug)]
pub struct HelloDetails(pub Dict);

impl<S: Sync> FromRequest<AuthRequest<TicketMethod>, S> for Ticket {
    type Rejection = WampError;

    async fn from_request(request: &mut AuthRequest<TicketMethod>, _: &S) -> Result<Self, WampError> {
        request.ticket.clone().map(Self).ok_or_else(WampError::denied)
    }
}

impl<M: Method, S: Sync> FromRequest<AuthRequest<M>, S> for AuthId {
    type Rejection = Infallible;

    async fn from_request(request: &mut AuthRequest<M>, _: &S) -> Result<Self, Infallible> {
        let authid = request.authid.as_ref().or(request.exchange.hello.authid.as_ref());
        Ok(Self(authid.cloned().unwrap_or_default()))
    }
}

impl<M: Method, S: Sync> FromRequest<AuthRequest<M>, S> for HelloDetails {
    type Rejection = Infallible;

    async fn from_request(request: &mut AuthRequest<M>, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request.exchange.hello.authextra.clone()))
    }
}

impl<S: Sync> FromRequest<AuthRequest<CustomMethod>, S> for AuthExchange {
    type Rejection = Infallible;

    async fn from_request(request: &mut AuthRequest<CustomMethod>, _: &S) -> Result<Self, Infallible> {
        Ok(Self { exchange: Arc::clone(&request.exchange), method: Arc::clone(&request.name) })
    }
}

impl<M: Method<Credential = Option<Self>>> IntoReply<AuthRequest<M>, via::Value> for Principal {
    async fn into_reply(self, _: AuthRequest<M>) -> Result<Option<Self>, WampError> {
        Ok(Some(self))
    }
}

impl<M: Method<Credential = Self>> IntoReply<AuthRequest<M>, via::Shape> for Option<Principal> {
    async fn into_reply(self, _: AuthRequest<M>) -> Result<Self, WampError> {
        Ok(self)
    }
}
