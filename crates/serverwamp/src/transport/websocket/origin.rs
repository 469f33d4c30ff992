//! The web pages that may open a WebSocket.
//!
//! A browser lets every page connect to every server and sends the user's cookies along, but it always says in
//! `Origin` which page it is. Programs that are not browsers send no `Origin`, and could send any.
//!
//! Invariant: an `Origin` that is not understood is refused.

use std::fmt;
use std::str::FromStr;

use http::header::{HeaderMap, ORIGIN};

use super::host::{HostName, HostPattern, InvalidPattern, read_port};
use super::hosts::Requested;

/// The web pages that may connect.
#[derive(Clone, Debug)]
pub struct Origins {
    rule: OriginRule,
    /// The faults of listed texts that are no origin; they match nothing.
    impossible: Vec<String>,
}

#[derive(Clone, Debug)]
enum OriginRule {
    SameHost { others: Vec<OriginPattern>, loopback: bool },
    Any,
}

/// Origins that a setting names: `https://app.example.com`, or `https://*.example.com` for those of every host below a
/// domain, which `https://example.com` itself is not.
///
/// It is written as a browser writes it: a scheme, a host, and a port only if it is not the scheme's own. A slash at the
/// end and the scheme's own port are left out when it is read. Pages without a host have the origins `null` and `file://`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OriginPattern(OriginShape);

#[derive(Clone, Debug, Eq, PartialEq)]
enum OriginShape {
    Hosts {
        scheme: String,
        host: HostPattern,
        port: Option<u16>,
    },
    /// `null` and `file://`, which have no host.
    Opaque(&'static str),
}

/// The origin that a request names.
#[derive(Debug)]
enum WebOrigin<'o> {
    Page { scheme: &'o str, host: HostName, port: Option<u16> },
    Other(&'o str),
}

impl Origins {
    /// Pages of the host that is connected to, as its `Host` header names it.
    ///
    /// The port does not matter: cookies do not look at it either, and a development server on another port of the same
    /// host is a common and harmless case. Behind a reverse proxy this needs a proxy that passes `Host` on.
    pub const fn same_host() -> Self {
        Self { rule: OriginRule::SameHost { others: Vec::new(), loopback: false }, impossible: Vec::new() }
    }

    /// Pages of the same host, and of these origins, such as `https://app.example.com` and `https://*.example.com`; see
    /// [`OriginPattern`]. A text that is none is an error of [`ApplicationBuilder::build`](crate::ApplicationBuilder::build).
    pub fn listed<S: Into<String>>(origins: impl IntoIterator<Item = S>) -> Self {
        let (mut others, mut impossible) = (Vec::new(), Vec::new());
        for origin in origins {
            match origin.into().parse::<OriginPattern>() {
                Ok(origin) => others.push(origin),
                Err(error) => impossible.push(error.to_string()),
            }
        }
        Self { rule: OriginRule::SameHost { others, loopback: false }, impossible }
    }

    /// Any page. Safe only if nothing a browser sends by itself, such as a cookie or a client certificate, tells this
    /// server who the user is. Pages of other hosts that poll with credentials, as those with autobahn-js do, are not
    /// let in by their browser then: list their origins.
    pub const fn any_origin() -> Self {
        Self { rule: OriginRule::Any, impossible: Vec::new() }
    }

    /// Returns whether somebody has chosen which pages may connect, so that they may send the user's cookies along.
    pub(crate) const fn are_chosen(&self) -> bool {
        !matches!(self.rule, OriginRule::Any)
    }

    /// Takes all names of this machine, `localhost`, `127.0.0.0/8` and `[::1]`, for one host, so that a page of
    /// `http://localhost:5173` may connect to `ws://127.0.0.1:8080`. For development: where several people share a machine,
    /// the addresses of `127.0.0.0/8` may belong to different ones.
    #[must_use]
    pub const fn loopback_as_one_host(mut self) -> Self {
        if let OriginRule::SameHost { loopback, .. } = &mut self.rule {
            *loopback = true;
        }
        self
    }

    /// The faults of the list.
    pub(crate) fn impossible(&self) -> &[String] {
        &self.impossible
    }

    /// Checks that a request with these headers, which is for this host, may connect; the error is the reason why not.
    pub(crate) fn check(&self, headers: &HeaderMap, requested: &Requested) -> Result<(), String> {
        let OriginRule::SameHost { others, loopback } = &self.rule else { return Ok(()) };
        let mut origins = headers.get_all(ORIGIN).iter();
        let (origin, None) = (origins.next(), origins.next()) else {
            return Err("more than one Origin".to_owned());
        };
        let Some(origin) = origin else { return Ok(()) };
        let Ok(text) = origin.to_str() else { return Err("the Origin header is not ASCII".to_owned()) };
        let origin = WebOrigin::read(text);
        if others.iter().any(|other| other.matches(&origin)) {
            return Ok(());
        }
        if let WebOrigin::Page { host, .. } = &origin {
            let here = &requested.host;
            if host == here || (*loopback && host.is_loopback() && here.is_loopback()) {
                return Ok(());
            }
        }
        let (origin, host) = (super::upgrade::excerpt(text), super::upgrade::excerpt(&requested.text));
        Err(format!(
            "origin {origin} is not allowed: it is not of the host {host} that the request is for (its Host header), and \
             not listed. If the page is yours, list its origin (WebSocketConfig::origins, serverwamp dev --origin); if \
             a proxy stands in front, let it pass Host on (nginx: proxy_set_header Host $http_host;), see docs/proxies.md"
        ))
    }
}

impl OriginPattern {
    fn matches(&self, origin: &WebOrigin<'_>) -> bool {
        match (&self.0, origin) {
            (
                OriginShape::Hosts { scheme, host, port },
                WebOrigin::Page { scheme: its, host: page, port: at },
            ) => scheme.eq_ignore_ascii_case(its) && port == at && host.matches(page),
            (OriginShape::Opaque(this), WebOrigin::Other(other)) => this == other,
            _ => false,
        }
    }
}

impl FromStr for OriginPattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        if let Some(opaque) = ["null", "file://"].into_iter().find(|opaque| *opaque == text) {
            return Ok(Self(OriginShape::Opaque(opaque)));
        }
        let invalid = |why: String| Err(InvalidPattern(format!("no page has the origin {text:?}: {why}")));
        if text == "*" {
            return invalid("for every page there is `Origins::any_origin()`".to_owned());
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            let host = text.trim_matches('/');
            return invalid(format!("the scheme is missing, write \"https://{host}\" or \"http://{host}\""));
        };
        if !is_scheme(scheme) {
            return invalid(format!(
                "{scheme:?} is not a scheme, write it as in \"https://app.example.com\""
            ));
        }
        let scheme = scheme.to_ascii_lowercase();
        if let "ws" | "wss" = scheme.as_str() {
            let s = scheme.trim_start_matches("ws");
            return invalid(format!("pages come from http or https, write \"http{s}://{rest}\""));
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if !path.is_empty() && !authority.is_empty() {
            return invalid(format!("an origin has no path, write \"{scheme}://{authority}\""));
        }
        if let Some((_, host)) = authority.rsplit_once('@') {
            return invalid(format!("an origin has no user, write {host:?} after the scheme"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address stand before its bracket.
            Some((host, port)) if !host.starts_with('[') || host.ends_with(']') => match read_port(port) {
                Some(port) => (host, Some(port)),
                None => {
                    let why = format!("{port:?} is not a port, write a number from 1 to 65535 or nothing");
                    return invalid(why);
                }
            },
            _ => (authority, None),
        };
        if host.is_empty() {
            let why =
                "the host is missing; pages without one, such as those of files, have the origin \"null\"";
            return invalid(why.to_owned());
        }
        match host.parse() {
            Ok(host) => {
                let port = port.filter(|port| !is_own_port(&scheme, *port));
                Ok(Self(OriginShape::Hosts { scheme, host, port }))
            }
            Err(InvalidPattern(why)) => invalid(why),
        }
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            OriginShape::Hosts { scheme, host, port: Some(port) } => write!(f, "{scheme}://{host}:{port}"),
            OriginShape::Hosts { scheme, host, port: None } => write!(f, "{scheme}://{host}"),
            OriginShape::Opaque(text) => f.write_str(text),
        }
    }
}

impl<'o> WebOrigin<'o> {
    /// An origin is a scheme and an authority and nothing else.
    fn read(text: &'o str) -> Self {
        let parts = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
        let page = parts.and_then(|(scheme, rest)| {
            let (host, port) = HostName::with_port(rest)?;
            Some(Self::Page { scheme, host, port: port.filter(|port| !is_own_port(scheme, *port)) })
        });
        page.unwrap_or(Self::Other(text))
    }
}

fn is_scheme(text: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    !text.is_empty() && text.bytes().all(fine)
}

fn is_own_port(scheme: &str, port: u16) -> bool {
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    match port {
        80 => is("http"),
        443 => is("https"),
        _ => false,
    }
}
