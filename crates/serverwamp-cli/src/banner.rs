//! What the program prints when it is ready: where it is, what it serves, what to type next.
//!
//! Every line is true of this version; the tests type what `Try` says.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The text that says that the demo is ready.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Banner {
    /// Where it really listens.
    pub(crate) address: SocketAddr,
    /// May others than programs on this machine connect?
    pub(crate) exposed: bool,
    /// Is somebody looking, on a terminal that knows colours?
    pub(crate) colours: bool,
}

impl Banner {
    /// The URL a client on this machine connects to.
    fn local_url(&self) -> String {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            other => other,
        };
        url(SocketAddr::new(ip, self.address.port()))
    }
}

fn url(address: SocketAddr) -> String {
    format!("ws://{address}/ws")
}

impl fmt::Display for Banner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bold, red, plain) =
            if self.colours { ("\x1b[1m", "\x1b[1;31m", "\x1b[0m") } else { ("", "", "") };
        let reach = if self.exposed { "NOT loopback only" } else { "loopback only" };
        let version = env!("CARGO_PKG_VERSION");
        writeln!(f)?;
        writeln!(f, "  {bold}serverwamp {version}{plain}   DEV MODE: anonymous, realm realm1, {reach}")?;
        writeln!(
            f,
            "  WebSocket  {bold}{}{plain}   json msgpack cbor, each also batched",
            url(self.address)
        )?;
        writeln!(
            f,
            "  Demo       call demo.add  demo.countdown  demo.slow  demo.fail   subscribe demo.clock"
        )?;
        let local = self.local_url();
        writeln!(f, "  Try        npx -y wampy@8 call demo.add -w {local} -r realm1 -a 2 3")?;
        writeln!(f, "             npx -y wampy@8 subscribe demo.clock -w {local} -r realm1")?;
        writeln!(f, "             npx -y wampy@8 publish chat -w {local} -r realm1 -a hello")?;
        writeln!(f, "  Stop       Ctrl-C says GOODBYE to every session; once more stops at once")?;
        writeln!(f)?;
        if self.exposed {
            writeln!(
                f,
                "  {red}WARNING{plain}    --insecure: everybody who reaches {} gets in, and nothing",
                self.address
            )?;
            writeln!(f, "             is encrypted. Never do this on a network you do not trust.")?;
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_given_an_address_it_can_connect_to() {
        for (listening, local) in [
            ("0.0.0.0:1", "ws://127.0.0.1:1/ws"),
            ("[::]:1", "ws://[::1]:1/ws"),
            ("127.0.0.2:1", "ws://127.0.0.2:1/ws"),
        ] {
            let banner = Banner { address: listening.parse().unwrap(), exposed: true, colours: false };
            assert_eq!(banner.local_url(), local);
        }
    }

    #[test]
    fn colours_are_for_terminals() {
        let banner = Banner { address: "127.0.0.1:1".parse().unwrap(), exposed: true, colours: false };
        assert!(!banner.to_string().contains('\x1b'));
        assert!(Banner { colours: true, ..banner }.to_string().contains("\x1b[1;31mWARNING"));
    }
}
