//! Proxies in front of the server: whose word about a peer's address is taken, and where it stands.
//!
//! Invariant: an address that nobody trusted has told changes nothing.

mod forwarded;
mod network;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::HeaderMap;

use forwarded::Hop;
use network::Network;

pub(crate) use forwarded::Malformed;

/// The number of addresses on the way that are examined; more trusted proxies in a row are a loop.
const MOST_HOPS: usize = 64;

/// The proxies in front of the server, and where they write for whom they ask.
///
/// A proxy is named by its address, by its network, or as `unix:` if it connects to a Unix socket. One of three places is
/// trusted, because whoever may choose the place may choose one that the proxy passes on as its client wrote it:
///
/// ```
/// # use serverwamp::{Application, Realm, TrustedProxies};
/// let app = Application::builder()
///     .trusted_proxies(TrustedProxies::x_forwarded_for(["127.0.0.1", "10.0.0.0/8"]))
///     .realm(Realm::new("realm1").allow_anonymous("guest"))
///     .build()?;
/// # Ok::<(), serverwamp::ConfigError>(())
/// ```
///
/// The address that counts then is [`TransportInfo::peer_address`](crate::TransportInfo::peer_address), for
/// [`Limits::connections_per_address`](crate::Limits::connections_per_address) as well; a proxy's own address has no such
/// limit, because it stands for many. What an address that is no trusted proxy's says of others is ignored in HTTP headers,
/// and refused as a PROXY header, without which its connection cannot be read. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Option<Arc<Trusted>>);

#[derive(Debug)]
struct Trusted {
    told_in: AddressSource,
    networks: Vec<Network>,
    unix: bool,
    /// The faults of the list.
    impossible: Vec<String>,
}

/// The header in which a proxy names its client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum AddressSource {
    XForwardedFor,
    Forwarded,
    ProxyProtocol,
}

/// The origin of a transport.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Addresses {
    /// The client, whatever it is.
    pub(crate) peer: Option<SocketAddr>,
    /// The other end of the connection: the same, or a proxy.
    pub(crate) connection: Option<SocketAddr>,
}

impl TrustedProxies {
    /// Nobody is trusted: the peer is the one that connects. This is the default.
    pub const fn none() -> Self {
        Self(None)
    }

    /// These proxies, of whose header `X-Forwarded-For` the last address counts that is no trusted proxy's.
    ///
    /// If the header is missing or is `unknown`, the address of the proxy itself counts. One whose end cannot be
    /// understood is answered with status 400.
    pub fn x_forwarded_for<S: AsRef<str>>(proxies: impl IntoIterator<Item = S>) -> Self {
        Self::new(AddressSource::XForwardedFor, proxies)
    }

    /// The same with the header `Forwarded` (RFC 7239) and its `for=`.
    pub fn forwarded<S: AsRef<str>>(proxies: impl IntoIterator<Item = S>) -> Self {
        Self::new(AddressSource::Forwarded, proxies)
    }

    /// These proxies, each connection of which begins with a PROXY header of version 2, before TLS and whatever else is
    /// spoken: for [`Server`](crate::Server), over every transport. A connection of theirs without one is ended, and so is a
    /// connection of anybody else with one.
    pub fn proxy_protocol<S: AsRef<str>>(proxies: impl IntoIterator<Item = S>) -> Self {
        Self::new(AddressSource::ProxyProtocol, proxies)
    }

    fn new<S: AsRef<str>>(told_in: AddressSource, proxies: impl IntoIterator<Item = S>) -> Self {
        let mut trusted = Trusted { told_in, networks: Vec::new(), unix: false, impossible: Vec::new() };
        for proxy in proxies {
            match proxy.as_ref() {
                "unix:" => trusted.unix = true,
                text => match text.parse() {
                    Ok(network) => trusted.networks.push(network),
                    Err(why) => trusted.impossible.push(format!("invalid trusted proxy: {why}")),
                },
            }
        }
        if trusted.networks.is_empty() && !trusted.unix && trusted.impossible.is_empty() {
            let text = "trusted proxies without an address: name them, or trust `TrustedProxies::none()`";
            trusted.impossible.push(text.to_owned());
        }
        Self(Some(Arc::new(trusted)))
    }

    /// Returns whether this address is one of a trusted proxy.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0
            .as_ref()
            .is_some_and(|trusted| trusted.networks.iter().any(|network| network.contains(address)))
    }

    /// The same of a connection's other end, which has no address at a Unix socket.
    pub(crate) fn trusts(&self, connection: Option<SocketAddr>) -> bool {
        match connection {
            Some(address) => self.contains(address.ip()),
            None => self.0.as_ref().is_some_and(|trusted| trusted.unix),
        }
    }

    /// The faults of the list.
    pub(crate) fn impossible(&self) -> &[String] {
        self.0.as_ref().map_or(&[], |trusted| &trusted.impossible)
    }

    /// Returns whether connections of trusted proxies, and of nobody else, begin with a PROXY header.
    pub(crate) fn speak_proxy_protocol(&self) -> bool {
        self.0.as_ref().is_some_and(|trusted| trusted.told_in == AddressSource::ProxyProtocol)
    }

    /// The header that is trusted, where a trusted proxy has not written it, so that everybody behind it is the proxy.
    pub(crate) fn missing(
        &self,
        connection: Option<SocketAddr>,
        headers: &HeaderMap,
    ) -> Option<&'static str> {
        let name = match self.0.as_ref()?.told_in {
            AddressSource::XForwardedFor => "X-Forwarded-For",
            AddressSource::Forwarded => "Forwarded",
            AddressSource::ProxyProtocol => return None,
        };
        (self.trusts(connection) && !headers.contains_key(name)).then_some(name)
    }

    /// The client of a request that came from `connection`.
    pub(crate) fn resolve(
        &self,
        connection: Option<SocketAddr>,
        headers: &HeaderMap,
    ) -> Result<Option<SocketAddr>, Malformed> {
        let Some(trusted) = &self.0 else { return Ok(connection) };
        if !self.trusts(connection) {
            return Ok(connection);
        }
        let hops = match trusted.told_in {
            AddressSource::XForwardedFor => forwarded::x_forwarded_for(headers),
            AddressSource::Forwarded => forwarded::forwarded(headers),
            AddressSource::ProxyProtocol => return Ok(connection),
        };
        let mut address = connection;
        for hop in hops.take(MOST_HOPS) {
            // A proxy that does not name its client is the last known address.
            let Hop::Address(asked_for) = hop? else { break };
            address = Some(asked_for);
            if !self.contains(asked_for.ip()) {
                break;
            }
        }
        Ok(address)
    }
}

/// An IPv4 address as such, also where an IPv6 socket has written it.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
