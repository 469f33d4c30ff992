//! Client certificates: who a peer is by the certificate that it showed to this server, or to a trusted proxy before it.
//!
//! Invariant: a header is looked at only if a trusted proxy sent the request, and if it is there once.

use super::handlers::{BoundHandler, dialogue};
use super::{Authenticator, Principal};
use crate::api::extract::FromRequest;
use crate::api::handler::{AuthHandler, Unbound};
use crate::router::auth::{Denial, Exchange, MethodNames};
use crate::router::request::{AuthRequest, TransportMethod};
use crate::{TransportInfo, TrustedProxies, WampError};
use std::borrow::Cow;
use std::sync::Arc;

/// The fingerprint of the peer's certificate, in hex of small letters without colons. It is that of SHA-256 if this server has
/// seen the certificate; a proxy's may be that of SHA-1, which nginx has.
#[derive(Clone, Debug)]
pub struct Fingerprint(pub String);

/// Authenticates by client certificates, under the name `tls`; `handler` finds the owner of a certificate's [`Fingerprint`].
/// `None`, and no certificate, leave the peer to the next method.
///
/// TLS has checked that the peer has the certificate's key, and that an authority of
/// [`TlsBuilder::client_certificates`](crate::tls::TlsBuilder::client_certificates) vouches for it.
///
/// ```
/// use serverwamp::auth::{self, Fingerprint, Principal};
///
/// async fn owner(Fingerprint(fingerprint): Fingerprint) -> Option<Principal> {
///     let meter = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
///     (fingerprint == meter).then(|| Principal::new("meter-5").role("machine"))
/// }
/// # serverwamp::Realm::<()>::new("secure").authenticator(auth::client_certificate(owner));
/// ```
pub fn client_certificate<H, T, S>(handler: H) -> Authenticator<S>
where
    H: AuthHandler<TransportMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    authenticator(handler, |transport| {
        let certificate = transport.client_certificates.first()?;
        Some(serverwamp_proto::auth::fingerprint(certificate))
    })
}

/// As [`client_certificate`], behind proxies that terminate TLS and write the fingerprint into `header`: 40 or 64 hex digits, with
/// colons or without. From everybody else the header means nothing.
///
/// The proxy has to replace what clients send in the header, as nginx does with
/// `proxy_set_header X-Client-Fingerprint $ssl_client_fingerprint;`, and to check the certificates.
pub fn client_certificate_behind<H, T, S>(
    proxies: TrustedProxies,
    header: impl Into<Cow<'static, str>>,
    handler: H,
) -> Authenticator<S>
where
    H: AuthHandler<TransportMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    let header = header.into();
    authenticator(handler, move |transport| told_by_proxy(transport, &proxies, &header))
}

fn authenticator<H, T, S>(
    handler: H,
    find: impl Fn(&TransportInfo) -> Option<String> + Send + Sync + 'static,
) -> Authenticator<S>
where
    H: AuthHandler<TransportMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    let names = MethodNames { names: vec!["tls".into()], transport: true, renewable: false };
    dialogue(names, Unbound::new(handler), move |handler, exchange, name| {
        let fingerprint = find(exchange.session.transport());
        authenticate(handler, exchange, name, fingerprint)
    })
}

async fn authenticate(
    handler: BoundHandler<TransportMethod>,
    exchange: Arc<Exchange>,
    name: Arc<str>,
    fingerprint: Option<String>,
) -> Result<Option<Principal>, Denial> {
    let Some(fingerprint) = fingerprint else { return Ok(None) };
    let mut request = AuthRequest::new(exchange, name);
    request.public_key = Some(fingerprint);
    Ok(handler.call(request).await?)
}

/// The fingerprint in a trusted proxy's header.
fn told_by_proxy(transport: &TransportInfo, proxies: &TrustedProxies, header: &str) -> Option<String> {
    if !proxies.trusts(transport.connection_address) {
        return None;
    }
    let mut values = transport.headers()?.get_all(header).iter();
    // Of several, one may be the client's.
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let digits: String = value.to_str().ok()?.chars().filter(|digit| *digit != ':').collect();
    let is_fingerprint =
        matches!(digits.len(), 40 | 64) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_fingerprint.then(|| digits.to_ascii_lowercase())
}

impl<S: Sync> FromRequest<AuthRequest<TransportMethod>, S> for Fingerprint {
    type Rejection = WampError;

    async fn from_request(request: &mut AuthRequest<TransportMethod>, _: &S) -> Result<Self, WampError> {
        let without =
            || WampError::internal("the handler of a transport method other than `tls` has no fingerprint");
        request.public_key.clone().map(Self).ok_or_else(without)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::TransportKind;
    use http::Request;
    use serverwamp_proto::codec::Serializer;

    /// A transport whose request came from this address, with these headers of the one name.
    fn transport(connection: &str, headers: &[&str]) -> TransportInfo {
        let mut request = Request::builder();
        for value in headers {
            request = request.header("X-Fingerprint", *value);
        }
        TransportInfo {
            peer_address: None,
            connection_address: Some(connection.parse().unwrap()),
            serializer: Serializer::Json,
            protocol: "wamp.2.json",
            kind: TransportKind::WebSocket,
            tls: None,
            http: Some(request.body(()).unwrap().into_parts().0),
            client_certificates: Vec::new(),
            unix_peer: None,
        }
    }

    #[test]
    fn sec_02_a_fingerprint_is_taken_from_a_trusted_proxy_alone_and_only_if_it_is_one() {
        let proxies = TrustedProxies::x_forwarded_for(["10.0.0.1"]);
        let told = |connection: &str, headers: &[&str]| {
            told_by_proxy(&transport(connection, headers), &proxies, "X-Fingerprint")
        };
        let sha_1 = "AB:".repeat(19) + "CD";
        let sha_256 = "0f".repeat(32);
        assert_eq!(told("10.0.0.1:5", &[&sha_1]), Some("ab".repeat(19) + "cd"));
        assert_eq!(told("10.0.0.1:5", &[&sha_256]).as_deref(), Some(sha_256.as_str()));
        assert_eq!(told("10.0.0.2:5", &[&sha_256]), None, "anybody can write a header");
        assert_eq!(told("10.0.0.1:5", &[&sha_256, &sha_256]), None);
        for wrong in ["", "-", "0f", &sha_256[1..], &"0g".repeat(32)] {
            assert_eq!(told("10.0.0.1:5", &[wrong]), None, "{wrong:?}");
        }
        assert_eq!(told("10.0.0.1:5", &[]), None);
    }
}
