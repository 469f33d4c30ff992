//! Hosts as `Host`, `Origin` and URLs name them, in one spelling, and patterns that stand for several.
//!
//! Invariant: hosts are parsed and compared here and nowhere else, so that `Example.com.` and `example.com` are one host
//! for origins and for hosts alike.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::uri::Authority;

/// A host in one spelling: small letters, without the dot of the root, addresses as numbers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum HostName {
    Name(String),
    Ip(IpAddr),
}

/// Hosts that a setting names: `example.com`, `192.0.2.7`, `[2001:db8::7]`, or every host below a domain,
/// `*.example.com`, which `example.com` itself is not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostPattern(HostShape);

#[derive(Clone, Debug, Eq, PartialEq)]
enum HostShape {
    Is(HostName),
    /// With the dot that it begins with.
    Below(String),
}

/// Why a text is no pattern of hosts or origins, and what to write in its place.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPattern(pub(super) String);

impl HostName {
    /// Reads `HOST` or `HOST:PORT`.
    pub(super) fn with_port(text: &str) -> Option<(Self, Option<u16>)> {
        let authority: Authority = text.parse().ok()?;
        let host = Self::parse(authority.host())?;
        let port = match text.strip_prefix(authority.host())? {
            "" | ":" => None,
            port => Some(read_port(port.strip_prefix(':')?)?),
        };
        Some((host, port))
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(address) = text.strip_prefix('[') {
            let address: IpAddr = address.strip_suffix(']')?.parse().ok().filter(IpAddr::is_ipv6)?;
            return Some(Self::Ip(address.to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if let Ok(address) = name.parse::<IpAddr>() {
            return Some(Self::Ip(address)).filter(|_| address.is_ipv4());
        }
        let label = |label: &str| {
            let fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            !label.is_empty() && label.bytes().all(fine)
        };
        name.split('.').all(label).then(|| Self::Name(name.to_ascii_lowercase()))
    }

    pub(super) const fn is_ip(&self) -> bool {
        matches!(self, Self::Ip(_))
    }

    /// Returns whether this names the machine itself: `localhost`, `127.0.0.0/8`, `[::1]`.
    pub(super) fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Ip(address) => address.is_loopback(),
        }
    }
}

impl HostPattern {
    pub(super) fn matches(&self, host: &HostName) -> bool {
        match (&self.0, host) {
            (HostShape::Is(this), host) => this == host,
            (HostShape::Below(domain), HostName::Name(name)) => {
                name.len() > domain.len() && name.ends_with(domain.as_str())
            }
            (HostShape::Below(_), HostName::Ip(_)) => false,
        }
    }
}

impl FromStr for HostPattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        if !text.is_ascii() {
            let text = format!("{text:?} is not ASCII: write the name as browsers send it (xn--..)");
            return Err(InvalidPattern(text));
        }
        if let Some(below) = text.strip_prefix("*.")
            && let Some(HostName::Name(domain)) = HostName::parse(below)
        {
            return Ok(Self(HostShape::Below(format!(".{domain}"))));
        }
        if let Some((_, rest)) = text.split_once("://") {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority
                .parse::<Self>()
                .ok()
                .or_else(|| HostName::with_port(authority).map(|(host, _)| Self(HostShape::Is(host))));
            let what = host.map_or_else(|| "write the name alone".to_owned(), |host| format!("write {host}"));
            return Err(InvalidPattern(format!(
                "{text:?} is an origin or a URL, and a host has no scheme: {what}"
            )));
        }
        if text.starts_with('[') && HostName::with_port(text).is_none() {
            return Err(InvalidPattern(format!("{text:?} is not an IPv6 address")));
        }
        // Without its brackets, an IPv6 address cannot be told from a name with a port.
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(HostShape::Is(HostName::Ip(address.to_canonical()))));
        }
        match (HostName::parse(text), HostName::with_port(text)) {
            (Some(host), _) => Ok(Self(HostShape::Is(host))),
            (None, Some((host, _))) => {
                Err(InvalidPattern(format!("{text:?} has a port, which does not matter: write {host}")))
            }
            (None, None) => Err(InvalidPattern(format!(
                "{text:?} is not a host name: write a name, an IP address, or *.example.com for all hosts below one"
            ))),
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Ip(address) => write!(f, "{address}"),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            HostShape::Is(host) => host.fmt(f),
            HostShape::Below(domain) => write!(f, "*{domain}"),
        }
    }
}

/// A port as it stands behind a host: digits and nothing else, not even a sign.
pub(super) fn read_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}
