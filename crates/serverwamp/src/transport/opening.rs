//! The HTTP request that opened a transport, kept for as long as the transport in as little memory as its text takes.
//!
//! Few handlers look at it, and a map of headers takes several times as much as the headers. So they stand one behind the
//! other, and become a map when somebody asks.
//!
//! Invariant: what is read is what was kept, in the same order.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::OnceLock;

use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

/// The HTTP request that opened a transport: its method, URI, headers and extensions, as [`Parts`](http::request::Parts),
/// which it dereferences to.
///
/// It is kept in a compact form until somebody looks at it for the first time.
///
/// ```
/// use serverwamp::{RouteSet, TransportInfo};
/// use std::sync::Arc;
///
/// async fn language(transport: Arc<TransportInfo>) -> Option<String> {
///     let request = transport.http.as_ref()?;
///     Some(request.headers.get("accept-language")?.to_str().ok()?.to_owned())
/// }
/// # RouteSet::<()>::new().procedure("docs.language", language);
/// ```
#[derive(Clone)]
pub struct OpeningRequest {
    /// The fields: connection address, method, URI, then names and values of headers in turn.
    packed: Box<[u8]>,
    spoken: Version,
    /// Extensions beside the address.
    others: Extensions,
    read: OnceLock<Box<Parts>>,
}

/// The address of an HTTP connection's other end, as an extension of its requests.
///
/// [`Server`](crate::Server) puts it there; so can any other HTTP server.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub SocketAddr);

/// A length that stands in four more octets, because one is too short for it.
const LONG: u8 = 0xff;

impl OpeningRequest {
    /// Packs a request. Its header values and its URI are slices of the buffer that they were read into, several kilobytes,
    /// which this lets go.
    pub(crate) fn new(mut parts: Parts) -> Self {
        let address = parts.extensions.remove::<PeerAddress>();
        // An empty map of them takes as much memory as one that was full.
        let others = match parts.extensions.is_empty() {
            true => Extensions::new(),
            false => std::mem::take(&mut parts.extensions),
        };
        let uri = parts.uri.to_string();
        let mut packed = Vec::new();
        let address = address.map_or_else(String::new, |address| address.0.to_string());
        [address.as_bytes(), parts.method.as_str().as_bytes(), uri.as_bytes()]
            .into_iter()
            .for_each(|field| push(field, &mut packed));
        for (name, value) in &parts.headers {
            push(name.as_str().as_bytes(), &mut packed);
            packed.push(u8::from(value.is_sensitive()));
            push(value.as_bytes(), &mut packed);
        }
        Self { packed: packed.into(), spoken: parts.version, others, read: OnceLock::new() }
    }

    /// The request.
    pub fn parts(&self) -> &Parts {
        self.read.get_or_init(|| Box::new(self.unpack()))
    }

    fn unpack(&self) -> Parts {
        let (mut parts, ()) = Request::new(()).into_parts();
        let mut rest = &*self.packed;
        parts.version = self.spoken;
        parts.extensions = self.others.clone();
        let address = str::from_utf8(take(&mut rest)).ok().and_then(|address| address.parse().ok());
        if let Some(address) = address {
            parts.extensions.insert(PeerAddress(address));
        }
        parts.method = Method::from_bytes(take(&mut rest)).unwrap_or_default();
        parts.uri = Uri::try_from(take(&mut rest)).unwrap_or_default();
        let mut headers = HeaderMap::new();
        while !rest.is_empty() {
            let name = HeaderName::from_bytes(take(&mut rest));
            let sensitive = rest.split_off_first() == Some(&1);
            let value = HeaderValue::from_bytes(take(&mut rest));
            if let (Ok(name), Ok(mut value)) = (name, value) {
                value.set_sensitive(sensitive);
                headers.append(name, value);
            }
        }
        parts.headers = headers;
        parts
    }
}

fn push(field: &[u8], packed: &mut Vec<u8>) {
    match u8::try_from(field.len()) {
        Ok(length) if length < LONG => packed.push(length),
        _ => {
            packed.push(LONG);
            // No header is as long as 4 GiB: HTTP servers take some hundred KiB in all.
            packed.extend(u32::try_from(field.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
    packed.extend_from_slice(field);
}

/// Takes a field that [`push`] has put there.
fn take<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let length = match rest.split_off_first() {
        Some(&LONG) => {
            let length = rest.split_first_chunk().map(|(length, behind)| {
                *rest = behind;
                u32::from_le_bytes(*length) as usize
            });
            length.unwrap_or_default()
        }
        length => length.copied().map_or(0, usize::from),
    };
    rest.split_off(..length).unwrap_or_default()
}

impl Deref for OpeningRequest {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        self.parts()
    }
}

impl From<OpeningRequest> for Parts {
    fn from(request: OpeningRequest) -> Self {
        request.parts().clone()
    }
}

impl fmt::Debug for OpeningRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_out_as_it_went_in() {
        let long = "x".repeat(70_000);
        let lengths = ["", "a", &"b".repeat(254), &"c".repeat(255), &long];
        let mut request = Request::builder().method("PURGE").uri("/ws?a=%20b").version(Version::HTTP_10);
        for value in lengths {
            request = request.header("X-Several", value).header("Cookie", value);
        }
        let mut secret = HeaderValue::from_static("secret");
        secret.set_sensitive(true);
        let request = request.header("Authorization", secret).header("X-Bytes", &b"\xff\x80"[..]);
        let address: SocketAddr = "[::1]:4".parse().unwrap();
        let request = request.extension(PeerAddress(address)).extension(7_u8);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let kept = OpeningRequest::new(parts.clone());
        let shown = kept.clone();
        assert_eq!((&kept.method, &kept.uri, kept.version), (&parts.method, &parts.uri, parts.version));
        assert_eq!(kept.headers, parts.headers);
        assert!(kept.headers.get("authorization").unwrap().is_sensitive());
        assert!(!kept.headers.get("cookie").unwrap().is_sensitive());
        assert_eq!(kept.extensions.get::<PeerAddress>().unwrap().0, address);
        assert_eq!(kept.extensions.get::<u8>(), Some(&7));
        assert_eq!(format!("{shown:?}"), format!("{:?}", Parts::from(kept)));
    }

    #[test]
    fn damaged_memory_is_no_panic() {
        let (parts, ()) = Request::builder().uri("/").header("a", "b").body(()).unwrap().into_parts();
        let whole = OpeningRequest::new(parts);
        for end in 0..whole.packed.len() {
            let kept = OpeningRequest { packed: whole.packed[..end].into(), ..whole.clone() };
            assert!(kept.unpack().headers.len() <= 1);
        }
    }
}
