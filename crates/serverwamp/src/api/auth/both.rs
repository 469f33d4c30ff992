//! Two methods in a row.

use super::Authenticator;

/// Requires two methods, one after the other: the peer gets WELCOME once both have proved the same authid.
///
/// A client that names its methods has to name both; the place of the first one counts. WELCOME reports the second one as
/// `authmethod`, with the second one's role, provider and identity, the `authextra` of both, and the earlier of the two times of
/// [expiry](super::Principal::expires_at). A transport method that proves nobody leaves the peer to the next authenticator.
///
/// The realm should have no authenticator for one of the two alone, or that one lets in whoever passes it.
///
/// ```
/// use serverwamp::auth::{self, AuthId, Principal, Ticket};
/// use serverwamp::TransportInfo;
/// use std::sync::Arc;
///
/// async fn by_certificate(transport: Arc<TransportInfo>) -> Option<Principal> {
///     let certificate = transport.client_certificates.first()?;
///     Some(Principal::new(if certificate.len() == 571 { "joe" } else { return None }))
/// }
///
/// async fn by_password(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
///     ticket.matches("secret!!!").then(|| Principal::new(authid).role("operator"))
/// }
///
/// let certificate = auth::transport("tls", by_certificate);
/// # let realm = serverwamp::Realm::<()>::new("secure");
/// realm.authenticator(auth::both(certificate, auth::ticket(by_password)));
/// ```
pub fn both<S>(first: Authenticator<S>, second: Authenticator<S>) -> Authenticator<S> {
    let mut methods = first.methods;
    methods.extend(second.methods);
    Authenticator { methods }
}
