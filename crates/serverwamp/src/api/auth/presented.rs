//! Ready-made transport methods: a cookie, and a header that a proxy in front has written.
//!
//! Invariant: a header counts only if it came over a connection of a trusted proxy, and only if it is there once. One with nothing in
//! it, and a cookie with nothing in it, is none: it names nobody.

use super::handlers::dialogue;
use super::{Authenticator, Secret};
use crate::WampError;
use crate::api::extract::FromRequest;
use crate::api::handler::{AuthHandler, Unbound};
use crate::base::proxies::TrustedProxies;
use crate::router::auth::{Denial, MethodNames, Offered};
use crate::router::request::{AuthRequest, TransportMethod};
use std::borrow::Cow;
use std::sync::Arc;

/// Authenticates by a cookie: a transport method with the name `cookie`.
///
/// The handler looks the value up, which it takes as [`Cookie`]. `None` of it, no such cookie, or one with nothing in it, leaves the peer to
/// the next method.
/// The browser sends the cookie with the request for the WebSocket, whichever page asks: keep to the pages of your own site
/// ([`WebSocketConfig::origins`](crate::websocket::WebSocketConfig), which is the default), and set the cookie with `HttpOnly; SameSite`.
///
/// ```
/// use serverwamp::auth::{self, Cookie, Principal};
///
/// async fn login(Cookie(value): Cookie) -> Option<Principal> {
///     value.matches("7f3c9a51d2").then(|| Principal::new("joe").role("member"))
/// }
/// # serverwamp::Realm::<()>::new("members").authenticator(auth::cookie("sid", login));
/// ```
pub fn cookie<H, T, S>(name: impl Into<Cow<'static, str>>, handler: H) -> Authenticator<S>
where
    H: AuthHandler<TransportMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    let cookie: Arc<str> = Arc::from(name.into().as_ref());
    dialogue(transport_method("cookie"), Unbound::new(handler), move |handler, exchange, name| {
        let cookie = Arc::clone(&cookie);
        async move {
            let transport = exchange.session.transport();
            let Some(value) = transport.cookie(&cookie).filter(|value| !value.is_empty()).map(Secret::from)
            else {
                return Ok(None);
            };
            let mut request = AuthRequest::new(exchange, name);
            request.ticket = Some(value);
            Ok(handler.call(request).await?)
        }
    })
}

/// Authenticates by a header in which a proxy in front says who the peer is: a transport method with the name `header`.
///
/// The header counts only on connections of these proxies; everybody else could write anything into it. Let the proxy remove the header
/// from what its clients send. The handler takes the value as [`ProxyHeader`]. `None` of it, no such header, or one with nothing in it,
/// which is how some proxies say that there is nobody, leaves the peer to the next method; a header that is there twice is denied.
///
/// ```
/// use serverwamp::TrustedProxies;
/// use serverwamp::auth::{self, ProxyHeader, Principal};
///
/// async fn single_sign_on(ProxyHeader(user): ProxyHeader) -> Option<Principal> {
///     Some(Principal::new(user).role("employee"))
/// }
/// let proxies = TrustedProxies::x_forwarded_for(["127.0.0.1"]);
/// # serverwamp::Realm::<()>::new("intranet").authenticator(
/// auth::header("x-remote-user", proxies, single_sign_on)
/// # );
/// ```
pub fn header<H, T, S>(name: &'static str, proxies: TrustedProxies, handler: H) -> Authenticator<S>
where
    H: AuthHandler<TransportMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    dialogue(transport_method("header"), Unbound::new(handler), move |handler, exchange, method| {
        let proxies = proxies.clone();
        async move {
            let transport = Arc::clone(exchange.session.inner().shared_transport());
            let mut values = transport.headers().into_iter().flat_map(|headers| headers.get_all(name));
            let (Some(value), true) = (values.next(), proxies.trusts(transport.connection_address)) else {
                return Ok(None);
            };
            if values.next().is_some() {
                return Err(Denial::denied(format!("the header {name} is there more than once")));
            }
            let value = Secret::new(value.as_bytes().trim_ascii());
            if value.expose().is_empty() {
                return Ok(None);
            }
            let mut request = AuthRequest::new(exchange, method);
            request.ticket = Some(value);
            Ok(handler.call(request).await?)
        }
    })
}

fn transport_method(name: &'static str) -> MethodNames {
    MethodNames { names: vec![name.into()], transport: true, renewable: false, offered: Offered::ALWAYS }
}

/// The value of the cookie that [`cookie`] looks for.
#[derive(Clone, Debug)]
pub struct Cookie(pub Secret);

/// The value of the header that [`header`] looks for.
#[derive(Clone, Debug)]
pub struct ProxyHeader(pub String);

impl<S: Sync> FromRequest<AuthRequest<TransportMethod>, S> for Cookie {
    type Rejection = WampError;

    async fn from_request(request: &mut AuthRequest<TransportMethod>, _: &S) -> Result<Self, WampError> {
        request.ticket.clone().map(Self).ok_or_else(WampError::denied)
    }
}

impl<S: Sync> FromRequest<AuthRequest<TransportMethod>, S> for ProxyHeader {
    type Rejection = WampError;

    async fn from_request(request: &mut AuthRequest<TransportMethod>, _: &S) -> Result<Self, WampError> {
        let value = request.ticket.as_ref().and_then(|value| std::str::from_utf8(value.expose()).ok());
        value.map(|value| Self(value.to_owned())).ok_or_else(WampError::denied)
    }
}
