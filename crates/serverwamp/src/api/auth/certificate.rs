//! Client certificates: who a peer is by the certificate that it showed to this server, or to a trusted proxy before it.
//!
//! Invariant: a header is looked at only if a trusted proxy sent the request, and if it is there once. A subject that cannot be read for
//! certain lets nobody in.

use super::handlers::{BoundHandler, dialogue};
use super::{Authenticator, Principal};
use crate::api::extract::FromRequest;
use crate::api::handler::{AuthHandler, Unbound};
use crate::router::auth::{Denial, Exchange, MethodNames, Offered};
use crate::router::request::{AuthRequest, TransportMethod};
use crate::{TransportInfo, TrustedProxies, WampError};
use serverwamp_proto::auth::{CertificateSubject, SubjectError};
use serverwamp_proto::uris;
use std::borrow::Cow;
use std::sync::Arc;

/// The fingerprint of the peer's certificate, in hex of small letters without colons. It is that of SHA-256 if this server has
/// seen the certificate; a proxy's may be that of SHA-1, which nginx has.
#[derive(Clone, Debug)]
pub struct Fingerprint(pub String);

/// The subject of the peer's certificate: `subject.common_name()`, `subject.values("OU")`, or as a whole
/// `CN=meter-5,OU=Meters,O=Example` (RFC 4514, see [`CertificateSubject`]).
///
/// Whoever can have a certificate of this subject from *one* of the authorities that the server trusts is the peer: trust the one that
/// issues these certificates, and no public one. [`common_name`](CertificateSubject::common_name) is `None` if there are two.
#[derive(Clone, Debug)]
pub struct Subject(pub CertificateSubject);

/// Authenticates by client certificates, under the name `tls`; `handler` finds the owner of a certificate's [`Fingerprint`], or of its
/// [`Subject`]. `None`, and no certificate, leave the peer to the next method. A certificate whose subject is asked for and cannot be read
/// for certain is denied: an empty one, control characters, texts in Teletex with letters that are not ASCII.
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
///
/// By subject, with an authority of one's own that issues certificates for machines and for people:
///
/// ```
/// use serverwamp::auth::{self, Principal, Subject};
///
/// async fn owner(Subject(subject): Subject) -> Option<Principal> {
///     let name = subject.common_name()?;
///     subject.values("OU").eq(["Meters"]).then(|| Principal::new(name).role("machine"))
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
        let subject = CertificateSubject::from_certificate(certificate);
        Some(Shown { fingerprint: Some(serverwamp_proto::auth::fingerprint(certificate)), subject })
    })
}

/// The content of a certificate that identifies its owner.
struct Shown {
    fingerprint: Option<String>,
    subject: Result<CertificateSubject, SubjectError>,
}

/// As [`client_certificate`], behind proxies that terminate TLS and write into `header` either the fingerprint, 40 or 64 hex digits with
/// colons or without, or the subject in the form of RFC 4514 or 2253; the handler takes the one that the proxy writes. From everybody else
/// the header means nothing.
///
/// The proxy has to replace what clients send in the header, as nginx does with
/// `proxy_set_header X-Client-Fingerprint $ssl_client_fingerprint;` or `proxy_set_header X-Client-Subject $ssl_client_s_dn;` (HAProxy:
/// `%[ssl_c_s_dn(,0,rfc2253)]`), and to check the certificates: `ssl_verify_client on`.
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
    find: impl Fn(&TransportInfo) -> Option<Shown> + Send + Sync + 'static,
) -> Authenticator<S>
where
    H: AuthHandler<TransportMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    let names = MethodNames {
        names: vec!["tls".into()],
        transport: true,
        renewable: false,
        offered: Offered::ALWAYS,
    };
    dialogue(names, Unbound::new(handler), move |handler, exchange, name| {
        let shown = find(exchange.session.transport());
        authenticate(handler, exchange, name, shown)
    })
}

async fn authenticate(
    handler: BoundHandler<TransportMethod>,
    exchange: Arc<Exchange>,
    name: Arc<str>,
    shown: Option<Shown>,
) -> Result<Option<Principal>, Denial> {
    let Some(shown) = shown else { return Ok(None) };
    let fault = shown.subject.as_ref().err().map(ToString::to_string);
    let mut request = AuthRequest::new(exchange, name);
    request.public_key = shown.fingerprint;
    request.subject = Some(shown.subject);
    match (handler.call(request).await, fault) {
        // The log has the cause, the peer what everybody reads who is denied.
        (Err(error), Some(fault)) if error.uri() == uris::error::AUTHENTICATION_DENIED => {
            Err(Denial::denied(fault))
        }
        (answer, _) => Ok(answer?),
    }
}

/// The certificate's content in a trusted proxy's header.
fn told_by_proxy(transport: &TransportInfo, proxies: &TrustedProxies, header: &str) -> Option<Shown> {
    if !proxies.trusts(transport.connection_address) {
        return None;
    }
    let mut values = transport.headers()?.get_all(header).iter();
    // Of several, one may be the client's.
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let value = std::str::from_utf8(value.as_bytes()).ok()?;
    let digits: String = value.chars().filter(|digit| *digit != ':').collect();
    let is_fingerprint =
        matches!(digits.len(), 40 | 64) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let subject = value.parse();
    match (is_fingerprint, &subject) {
        (true, _) => Some(Shown { fingerprint: Some(digits.to_ascii_lowercase()), subject }),
        // What a proxy writes where there is no certificate: nothing, `-`, `(null)`.
        (false, Err(SubjectError::Empty | SubjectError::Form)) => None,
        (false, _) => Some(Shown { fingerprint: None, subject }),
    }
}

impl<S: Sync> FromRequest<AuthRequest<TransportMethod>, S> for Fingerprint {
    type Rejection = WampError;

    async fn from_request(request: &mut AuthRequest<TransportMethod>, _: &S) -> Result<Self, WampError> {
        let without =
            || WampError::internal("the handler of a transport method other than `tls` has no fingerprint");
        request.public_key.clone().map(Self).ok_or_else(without)
    }
}

impl<S: Sync> FromRequest<AuthRequest<TransportMethod>, S> for Subject {
    type Rejection = WampError;

    async fn from_request(request: &mut AuthRequest<TransportMethod>, _: &S) -> Result<Self, WampError> {
        match &request.subject {
            Some(Ok(subject)) => Ok(Self(subject.clone())),
            // The peer reads what everybody reads who is denied.
            Some(Err(_)) => Err(WampError::denied()),
            None => Err(WampError::internal(
                "the handler of a transport method other than `tls` has no subject of a certificate",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::OpeningRequest;
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
            http: Some(OpeningRequest::new(request.body(()).unwrap().into_parts().0)),
            client_certificates: Vec::new(),
            unix_peer: None,
        }
    }

    #[test]
    fn sec_02_a_fingerprint_is_taken_from_a_trusted_proxy_alone_and_only_if_it_is_one() {
        let proxies = TrustedProxies::x_forwarded_for(["10.0.0.1"]);
        let told = |connection: &str, headers: &[&str]| {
            told_by_proxy(&transport(connection, headers), &proxies, "X-Fingerprint")
                .and_then(|shown| shown.fingerprint)
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

    #[test]
    fn sec_02_a_subject_is_taken_from_a_trusted_proxy_alone_and_only_if_it_is_one() {
        let proxies = TrustedProxies::x_forwarded_for(["10.0.0.1"]);
        let told = |connection: &str, headers: &[&str]| {
            let shown = told_by_proxy(&transport(connection, headers), &proxies, "X-Fingerprint")?;
            assert_eq!(shown.fingerprint, None);
            shown.subject.ok().map(|subject| subject.to_string())
        };
        let subject = r"CN=meter-5,O=Example\, Inc.";
        assert_eq!(told("10.0.0.1:5", &[subject]).as_deref(), Some(subject));
        assert_eq!(told("10.0.0.2:5", &[subject]), None, "anybody can write a header");
        assert_eq!(told("10.0.0.1:5", &[subject, subject]), None);
        for wrong in ["", "-", "(null)", "/CN=meter-5", "CN=a\\00b"] {
            assert_eq!(told("10.0.0.1:5", &[wrong]), None, "{wrong:?}");
        }
    }
}
