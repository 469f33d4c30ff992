//! The address of a router: its place and what is spoken there, read from one text.

use super::super::error::ClientError;
use http::Uri;
use std::fmt;
use std::path::PathBuf;

/// The address of a router.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RouterAddress {
    pub(super) spoken: Spoken,
    pub(super) place: RouterPlace,
    /// Whether TLS is spoken below.
    pub(super) secure: bool,
    /// The address as messages show it, without a query, which may have a key in it.
    shown: String,
}

/// The framing that is spoken over the connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Spoken {
    /// WebSocket, opened with these values of `Host` and of the request's target.
    WebSocket {
        host: String,
        target: String,
    },
    RawSocket,
    /// HTTP long-polling, with these values of `Host` and of the target below which requests are made.
    LongPoll {
        host: String,
        target: String,
    },
}

/// The end of a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum RouterPlace {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

/// The forms of addresses, for messages.
const FORMS: &str = "ws://HOST:PORT/PATH or wss://.. for WebSocket, rs://HOST:PORT or rss://.. for RawSocket, http://HOST:PORT/PATH \
     or https://.. for long-polling, unix:///PATH or \
     ws+unix:///PATH:/ws for Unix sockets";

impl RouterAddress {
    pub(super) fn parse(address: &str) -> Result<Self, ClientError> {
        let shown = address.split('?').next().unwrap_or_default().to_owned();
        let scheme = address.split_once(':').map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
        let parsed = match scheme.as_ref().map(|(scheme, rest)| (&**scheme, *rest)) {
            Some(("unix", path)) => unix(path, None),
            Some(("ws+unix", path)) => match path.rsplit_once(":/") {
                Some((path, target)) => unix(path, Some(format!("/{target}"))),
                None => unix(path, Some("/".to_owned())),
            },
            Some((scheme @ ("http" | "https"), _)) if !cfg!(feature = "long-polling") => {
                let instead = if scheme == "http" { "ws" } else { "wss" };
                Err(format!(
                    "a WebSocket is opened at {instead}://..; long-polling needs the feature `long-polling` of the crate serverwamp"
                ))
            }
            Some((scheme @ ("ws" | "wss" | "rs" | "rss" | "tcp" | "http" | "https"), _)) => {
                tcp(scheme, address)
            }
            Some(_) | None => Err(format!("it has no known scheme; write {FORMS}")),
        };
        match parsed {
            Ok((spoken, place, secure)) => Ok(Self { spoken, place, secure, shown }),
            Err(why) => {
                // A password does not belong into a log, also where `?` or `/` stands in it.
                let shown = if address.contains('@') { shown_without_user(address) } else { shown };
                Err(ClientError::Address { address: shown, why })
            }
        }
    }
}

type Parsed = Result<(Spoken, RouterPlace, bool), String>;

fn unix(path: &str, target: Option<String>) -> Parsed {
    let slashes = path.starts_with("//");
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() {
        return Err("it has no path of a socket: write unix:///PATH or ws+unix:///PATH:/ws".to_owned());
    }
    if slashes && !path.starts_with('/') {
        return Err(format!("the path {path:?} is not absolute: write three slashes, as in unix:///PATH"));
    }
    let spoken = match target {
        // The name of the host says nothing here, and HTTP wants one.
        Some(target) => Spoken::WebSocket { host: "localhost".to_owned(), target },
        None => Spoken::RawSocket,
    };
    Ok((spoken, RouterPlace::Unix(PathBuf::from(path)), false))
}

fn tcp(scheme: &str, address: &str) -> Parsed {
    if address.contains('#') {
        return Err("it has a fragment (#..), which no router is told: leave it out".to_owned());
    }
    let uri: Uri = address.parse().map_err(|error| unreadable(address, &error))?;
    let (Some(authority), Some(host)) = (uri.authority(), uri.host()) else {
        return Err("it names no host".to_owned());
    };
    let has_user =
        || "it has a user or a password in it; give these to the client, as a ticket or a secret".to_owned();
    if authority.as_str().contains('@') {
        return Err(has_user());
    }
    if host.is_empty() {
        return Err("it names no host".to_owned());
    }
    let secure = matches!(scheme, "wss" | "rss" | "https");
    let port = authority.as_str().strip_prefix(host).and_then(|rest| rest.strip_prefix(':'));
    let port = match (port, scheme) {
        (Some("0"), _) => return Err("port 0 is no port to connect to".to_owned()),
        (Some(port), _) => port.parse().map_err(|_| match address.contains('@') {
            // A part of a password with a `/` or `?` in it.
            true => has_user(),
            false => format!("{port:?} is no port"),
        })?,
        (None, "ws" | "http") => 80,
        (None, "wss" | "https") => 443,
        (None, _) => return Err("it has no port, and RawSocket has no usual one".to_owned()),
    };
    let place =
        RouterPlace::Tcp { host: host.trim_start_matches('[').trim_end_matches(']').to_owned(), port };
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    match scheme {
        "ws" | "wss" | "http" | "https" => {
            let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
            let host = authority.to_string();
            let spoken = match scheme {
                "ws" | "wss" => Spoken::WebSocket { host, target },
                _ => Spoken::LongPoll { host, target },
            };
            Ok((spoken, place, secure))
        }
        _ if target != "/" => Err("it has a path, and RawSocket knows none".to_owned()),
        _ => Ok((Spoken::RawSocket, place, secure)),
    }
}

/// Why an address is no URI, and what to do about one that lacks its brackets.
fn unreadable(address: &str, error: &http::uri::InvalidUri) -> String {
    let authority = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    match authority.matches(':').count() > 1 && !authority.contains(['[', '@']) {
        true => format!("an IPv6 address stands in brackets, as in ws://[::1]:8080/ws ({error})"),
        false => error.to_string(),
    }
}

fn shown_without_user(address: &str) -> String {
    match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => {
            format!("{scheme}://{}", rest.split('?').next().unwrap_or_default())
        }
        _ => "(an address with a user)".to_owned(),
    }
}

impl fmt::Display for RouterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(host: &str, target: &str) -> Spoken {
        Spoken::WebSocket { host: host.to_owned(), target: target.to_owned() }
    }

    #[cfg(feature = "long-polling")]
    fn polled(host: &str, target: &str) -> Spoken {
        Spoken::LongPoll { host: host.to_owned(), target: target.to_owned() }
    }

    fn host(name: &str, port: u16) -> RouterPlace {
        RouterPlace::Tcp { host: name.to_owned(), port }
    }

    #[test]
    fn an_address_says_what_is_spoken_where() {
        for (address, spoken, place, secure) in [
            ("ws://localhost:8080/ws", web("localhost:8080", "/ws"), host("localhost", 8080), false),
            ("WS://h", web("h", "/"), host("h", 80), false),
            ("ws://h?key=1", web("h", "/?key=1"), host("h", 80), false),
            ("wss://example.com/a/b?c=d", web("example.com", "/a/b?c=d"), host("example.com", 443), true),
            ("ws://[::1]:8080/ws", web("[::1]:8080", "/ws"), host("::1", 8080), false),
            #[cfg(feature = "long-polling")]
            ("http://h:8080/lp?key=1", polled("h:8080", "/lp?key=1"), host("h", 8080), false),
            #[cfg(feature = "long-polling")]
            ("https://h/lp", polled("h", "/lp"), host("h", 443), true),
            ("rs://h:8081", Spoken::RawSocket, host("h", 8081), false),
            ("tcp://h:8081/", Spoken::RawSocket, host("h", 8081), false),
            ("rss://h:8081", Spoken::RawSocket, host("h", 8081), true),
            (
                "unix:///run/router.sock",
                Spoken::RawSocket,
                RouterPlace::Unix("/run/router.sock".into()),
                false,
            ),
            ("unix:router.sock", Spoken::RawSocket, RouterPlace::Unix("router.sock".into()), false),
            (
                "ws+unix:///run/r.sock:/ws",
                web("localhost", "/ws"),
                RouterPlace::Unix("/run/r.sock".into()),
                false,
            ),
        ] {
            let parsed = RouterAddress::parse(address).unwrap();
            assert_eq!((parsed.spoken, parsed.place, parsed.secure), (spoken, place, secure), "{address}");
        }
    }

    #[test]
    fn what_is_no_address_says_what_to_write() {
        for (address, why) in [
            ("", "no known scheme"),
            ("localhost:8080", "no known scheme"),
            ("mqtt://h", "no known scheme"),
            #[cfg(not(feature = "long-polling"))]
            ("http://h/ws", "a WebSocket is opened at ws://..; long-polling needs the feature"),
            #[cfg(not(feature = "long-polling"))]
            ("https://h/ws", "a WebSocket is opened at wss://..; long-polling needs the feature"),
            ("rs://h", "it has no port"),
            ("rs://h:1/ws", "it has a path"),
            ("ws://", ""),
            ("ws:///ws", ""),
            ("ws://:8080/ws", "it names no host"),
            ("ws://h:0/ws", "port 0 is no port"),
            ("ws://h/ws#part", "a fragment"),
            ("ws://::1:8080/ws", "in brackets"),
            ("unix://run/router.sock", "is not absolute"),
            ("ws://h:99999", "\"99999\" is no port"),
            ("unix://", "no path"),
            ("ws://joe:s3cret@h/ws", "a user or a password"),
            ("ws://joe:s3cret/more@h/ws", "a user or a password"),
            ("ws://joe:s3cret?more@h/ws?key=1", "a user or a password"),
        ] {
            let error = RouterAddress::parse(address).unwrap_err().to_string();
            assert!(error.contains(why), "{address}: {error}");
            assert_eq!(error.contains("ws://HOST:PORT/PATH"), why == "no known scheme", "{address}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
