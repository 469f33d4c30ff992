//! The host that a request is for, and the hosts that this server accepts.
//!
//! A page can give its own name the address of this server (DNS rebinding); a browser then takes both for the same host.
//! It still says the page's name in `Host`, so a server that knows its own names is safe from it.
//!
//! Invariant: a request that does not name exactly one host is answered 400, whatever the setting.

use http::header::HOST;
use http::{Request, StatusCode, Version};

use super::host::{HostName, HostPattern};

/// The hosts that requests may be for, as their `Host` header names them. Ports do not matter.
///
/// It holds for every kind of HTTP request: WebSocket, long-polling, and the other pages of a [`Server`](crate::Server).
#[derive(Clone, Debug)]
pub struct Hosts {
    rule: HostRule,
    /// The faults of listed texts that are no host; they match nothing.
    impossible: Vec<String>,
}

#[derive(Clone, Debug)]
enum HostRule {
    Any,
    Known { names: Vec<HostPattern>, loopback: bool, ip_literals: bool },
}

/// The host that a request is for.
#[derive(Debug)]
pub(crate) struct Requested {
    pub(super) host: HostName,
    /// As it was written, with its port.
    pub(super) text: String,
}

impl Hosts {
    /// Any host.
    pub const fn any() -> Self {
        Self { rule: HostRule::Any, impossible: Vec::new() }
    }

    /// These hosts, such as `example.com`, `192.0.2.7` and `*.example.com`; see [`HostPattern`]. A text that is none is an error of
    /// [`ApplicationBuilder::build`](crate::ApplicationBuilder::build).
    pub fn listed<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        let rule = HostRule::Known { names: Vec::new(), loopback: false, ip_literals: false };
        Self { rule, impossible: Vec::new() }.and(names)
    }

    /// The names of this machine: `localhost`, `127.0.0.0/8` and `[::1]`.
    pub const fn loopback() -> Self {
        let rule = HostRule::Known { names: Vec::new(), loopback: true, ip_literals: false };
        Self { rule, impossible: Vec::new() }
    }

    /// These hosts as well.
    #[must_use]
    pub fn and<S: Into<String>>(mut self, more: impl IntoIterator<Item = S>) -> Self {
        for name in more {
            match (name.into().parse::<HostPattern>(), &mut self.rule) {
                (Ok(name), HostRule::Known { names, .. }) => names.push(name),
                (Ok(_), HostRule::Any) => {}
                (Err(error), _) => self.impossible.push(error.to_string()),
            }
        }
        self
    }

    /// Every IP address as well. A page whose host is an address was fetched from that address, so that this lets no name
    /// in that somebody else has given the address of this server.
    #[must_use]
    pub const fn and_ip_literals(mut self) -> Self {
        if let HostRule::Known { ip_literals, .. } = &mut self.rule {
            *ip_literals = true;
        }
        self
    }

    /// The faults of the list.
    pub(crate) fn impossible(&self) -> &[String] {
        &self.impossible
    }

    /// The host of a request that may be answered; otherwise the status of the answer, and why.
    pub(crate) fn check<B>(&self, request: &Request<B>) -> Result<Requested, (StatusCode, String)> {
        let requested = requested(request).map_err(|why| (StatusCode::BAD_REQUEST, why))?;
        let allowed = match &self.rule {
            HostRule::Any => true,
            HostRule::Known { names, loopback, ip_literals } => {
                let host = &requested.host;
                (*loopback && host.is_loopback())
                    || (*ip_literals && host.is_ip())
                    || names.iter().any(|name| name.matches(host))
            }
        };
        if allowed {
            return Ok(requested);
        }
        let host = super::upgrade::excerpt(&requested.text);
        let why = format!(
            "host {host} is none of this server's (the Host header of the request). If it is, add it \
             (WebSocketConfig::hosts, serverwamp dev --host); a proxy in front has to pass Host on, see docs/proxies.md"
        );
        Err((StatusCode::FORBIDDEN, why))
    }
}

/// The one host that a request names: in `Host`, and before that in its target, if that has one (RFC 9112, section 3.2).
fn requested<B>(request: &Request<B>) -> Result<Requested, String> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, another) = (hosts.next(), hosts.next());
    if another.is_some() {
        return Err("more than one Host header".to_owned());
    }
    let target = request.uri().authority().map(|authority| authority.as_str());
    let host = match host {
        Some(host) => Some(host.to_str().map_err(|_| "the Host header is not ASCII".to_owned())?),
        // HTTP/2 and later name the host in the target.
        None => target.filter(|_| request.version() >= Version::HTTP_2),
    };
    let Some(host) = host else {
        return Err("the Host header is missing; a proxy in front has to pass it on".to_owned());
    };
    let text = target.unwrap_or(host);
    // Both have to be hosts, though one of them counts.
    match (HostName::with_port(host), HostName::with_port(text)) {
        (Some(_), Some((host, _))) => Ok(Requested { host, text: text.to_owned() }),
        _ => Err(format!("{:?} is not a host", super::upgrade::excerpt(host))),
    }
}
