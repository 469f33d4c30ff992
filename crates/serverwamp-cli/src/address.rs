//! The address to listen at, as a person types it, and what can be wrong with it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// An `ADDR:PORT` to listen at; port 0 lets the system choose one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ListenAddress(SocketAddr, Loopbacks);

/// Which of the addresses of this machine `localhost` stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Loopbacks {
    /// An address was given.
    This,
    /// `localhost` was: 127.0.0.1 and `[::1]`, as clients look it up as either.
    Both,
}

impl ListenAddress {
    pub(crate) const DEFAULT: Self =
        Self(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080), Loopbacks::This);

    pub(crate) fn socket(self) -> SocketAddr {
        self.0
    }

    /// `[::1]` with this port, if it is to be listened at, too.
    pub(crate) fn other_loopback(self, port: u16) -> Option<SocketAddr> {
        (self.1 == Loopbacks::Both).then(|| SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port))
    }

    /// Returns whether only programs on this machine can connect to it.
    pub(crate) fn is_loopback(self) -> bool {
        self.0.ip().to_canonical().is_loopback()
    }

    /// Why `address`, one of those it stands for, cannot be listened at, and what to do about it.
    pub(crate) fn explain(self, address: SocketAddr, error: &io::Error) -> String {
        let with_port = |port| match self.1 {
            Loopbacks::This => SocketAddr::new(address.ip(), port).to_string(),
            Loopbacks::Both => format!("localhost:{port}"),
        };
        match error.kind() {
            ErrorKind::AddrInUse => format!(
                "{address} is in use: stop the other program or choose another address with --listen {}",
                with_port(address.port().checked_add(1).unwrap_or(8080))
            ),
            ErrorKind::PermissionDenied => format!(
                "this user may not listen at {address}: choose a port of 1024 or above, such as --listen {}",
                with_port(8080)
            ),
            ErrorKind::AddrNotAvailable => format!(
                "{} is not an address of this machine: choose one that is, such as --listen 127.0.0.1:{}",
                address.ip(),
                address.port()
            ),
            _ => format!("cannot listen at {address}: {error}; choose another address with --listen"),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is no address to listen at, with one that is.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct BadAddress(String);

impl FromStr for ListenAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if let Ok(address) = text.parse() {
            return Ok(Self(address, Loopbacks::This));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return Err(BadAddress(without_url(scheme, rest)));
        }
        if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
            return Err(BadAddress(format!("the address is missing, write 127.0.0.1:{port}")));
        }
        if let Ok(whole) = text.parse::<Ipv6Addr>()
            && let Some((ip, port)) = text.rsplit_once(':')
            && let (Ok(ip), Ok(port)) = (ip.parse::<Ipv6Addr>(), port.parse::<u16>())
        {
            let (with_port, with_default) =
                (SocketAddr::new(ip.into(), port), SocketAddr::new(whole.into(), 8080));
            return Err(BadAddress(format!(
                "an IPv6 address is written in brackets: write {with_port}, or {with_default} if all of it is the address"
            )));
        }
        let ip = text.trim_start_matches('[').trim_end_matches(']').parse().ok();
        if let Some(ip) = ip.or_else(|| (text == "localhost").then_some(IpAddr::V4(Ipv4Addr::LOCALHOST))) {
            return Err(BadAddress(format!("the port is missing, write {}", SocketAddr::new(ip, 8080))));
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return Err(BadAddress("write it as ADDR:PORT, such as 127.0.0.1:8080".to_owned()));
        };
        let Ok(port) = port.parse::<u16>() else {
            return Err(BadAddress(format!("{port:?} is not a port, write a number from 0 to 65535")));
        };
        if host.eq_ignore_ascii_case("localhost") {
            return Ok(Self(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port), Loopbacks::Both));
        }
        if let Ok(ip) = host.parse::<IpAddr>() {
            // An IPv6 address without its brackets.
            return Err(BadAddress(format!("write {}", SocketAddr::new(ip, port))));
        }
        Err(BadAddress(format!("{host:?} is not an IP address, write one, such as 127.0.0.1:{port}")))
    }
}

/// The address to write in place of a URL.
fn without_url(scheme: &str, rest: &str) -> String {
    let authority = rest.split('/').next().unwrap_or_default();
    let address = match authority.parse::<ListenAddress>() {
        Ok(_) => authority.to_owned(),
        Err(_) => ListenAddress::DEFAULT.to_string(),
    };
    let tls = match scheme {
        "wss" | "rss" | "https" => ", with --tls-certificates and --tls-key",
        _ => "",
    };
    format!("an address has no scheme and no path, write {address}{tls}")
}

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadAddress {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, String> {
        text.parse::<ListenAddress>().map(|address| address.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn addresses_are_read_and_mistakes_answered_with_what_to_write() {
        assert_eq!(parsed("127.0.0.1:0").as_deref(), Ok("127.0.0.1:0"));
        assert_eq!(parsed("localhost:9000").as_deref(), Ok("127.0.0.1:9000"));
        assert_eq!(parsed("[::1]:9000").as_deref(), Ok("[::1]:9000"));
        for (text, part) in [
            ("9000", "write 127.0.0.1:9000"),
            (":9000", "write 127.0.0.1:9000"),
            ("10.0.0.1", "write 10.0.0.1:8080"),
            ("localhost", "write 127.0.0.1:8080"),
            ("::1", "write [::1]:8080"),
            ("::1:80", "write [::1]:80, or [::1:80]:8080 if all of it is the address"),
            ("fe80::1:8080", "write [fe80::1]:8080, or [fe80::1:8080]:8080"),
            ("127.0.0.1:http", "\"http\" is not a port"),
            ("127.0.0.1:65536", "from 0 to 65535"),
            ("example.com:80", "\"example.com\" is not an IP address"),
            ("fe80::1%eth:80", "is not an IP address"),
            ("nonsense", "such as 127.0.0.1:8080"),
            ("ws://127.0.0.1:9000/ws", "an address has no scheme and no path, write 127.0.0.1:9000"),
            ("ws://localhost:9000", "write localhost:9000"),
            ("wss://[::1]:9000/ws", "write [::1]:9000, with --tls-certificates and --tls-key"),
            ("http://example.com", "write 127.0.0.1:8080"),
            ("rs://ws://x", "write 127.0.0.1:8080"),
            ("", "such as 127.0.0.1:8080"),
        ] {
            let said = parsed(text).unwrap_err();
            assert!(said.contains(part), "{text:?}: {said}");
            assert!(!said.contains('\n'));
        }
    }

    #[test]
    fn loopback_is_this_machine_alone() {
        for (text, loopback) in [
            ("127.0.0.1:1", true),
            ("127.9.9.9:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("192.168.0.1:1", false),
        ] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().is_loopback(), loopback, "{text}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_had_is_explained() {
        let address: ListenAddress = "127.0.0.1:80".parse().unwrap();
        for (kind, part) in [
            (ErrorKind::AddrInUse, "127.0.0.1:80 is in use: stop the other program"),
            (ErrorKind::PermissionDenied, "choose a port of 1024 or above, such as --listen 127.0.0.1:8080"),
            (ErrorKind::AddrNotAvailable, "127.0.0.1 is not an address of this machine"),
            (ErrorKind::OutOfMemory, "choose another address with --listen"),
        ] {
            let said = address.explain(address.socket(), &kind.into());
            assert!(said.contains(part), "{said}");
            assert!(!said.contains('\n'));
        }
        let both: ListenAddress = "localhost:80".parse().unwrap();
        let said = both.explain("[::1]:80".parse().unwrap(), &ErrorKind::AddrInUse.into());
        assert!(said.starts_with("[::1]:80 is in use") && said.ends_with("--listen localhost:81"), "{said}");
    }
}
