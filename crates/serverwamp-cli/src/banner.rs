//! The banner of the program: its addresses, its demo, commands to try.
//!
//! Every line is true of this version; the tests type what `Try` says.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// The text that says that the demo is ready.
#[derive(Clone, Debug)]
pub(crate) struct Banner {
    /// The address that it listens at.
    pub(crate) address: SocketAddr,
    /// Whether it listens at the same port of `[::1]` as well.
    pub(crate) both: bool,
    /// Whether other machines can connect.
    pub(crate) exposed: bool,
    /// Whether all transports are encrypted.
    pub(crate) tls: bool,
    /// The Unix socket it listens at, too.
    pub(crate) unix: Option<PathBuf>,
    /// The path that logs a browser in to the console.
    pub(crate) console: String,
    /// What to type for this program.
    pub(crate) program: &'static str,
    /// Whether the output is a terminal with colours.
    pub(crate) colours: bool,
}

impl Banner {
    /// The URL a client on this machine connects to.
    fn local_url(&self) -> String {
        self.url(self.local_address())
    }

    /// The address at which a program on this machine finds it.
    fn local_address(&self) -> SocketAddr {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            other => other,
        };
        SocketAddr::new(ip, self.address.port())
    }

    /// The option that a client on this machine needs, if it needs any. TLS needs the authority of the certificate in addition.
    fn url_option(&self) -> String {
        let local = self.local_url();
        match self.address.port() == 8080 && self.address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) && !self.tls
        {
            true => String::new(),
            false => format!(" --url {local}"),
        }
    }

    fn url(&self, address: SocketAddr) -> String {
        format!("ws{}://{address}/ws", self.s())
    }

    /// The suffix of the URL schemes of encrypted transports.
    fn s(&self) -> &'static str {
        if self.tls { "s" } else { "" }
    }
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
            self.url(self.address)
        )?;
        let (s, address) = (self.s(), self.address);
        writeln!(f, "  RawSocket  {bold}rs{s}://{address}{plain}   json msgpack cbor, on the same port")?;
        if self.both {
            writeln!(
                f,
                "  Loopback   {bold}[::1]:{}{plain}   the same, for clients that prefer IPv6",
                address.port()
            )?;
        }
        if let Some(path) = &self.unix {
            writeln!(f, "  Unix       {bold}{}{plain}   RawSocket and WebSocket", path.display())?;
        }
        writeln!(f, "  Long-poll  {bold}http{s}://{address}/lp{plain}   for proxies that break WebSockets")?;
        // Whole and at the end, so that a terminal makes a link of it.
        let browsed = self.local_address();
        writeln!(f, "  Console    {bold}http{s}://{browsed}{}{plain}", self.console)?;
        writeln!(
            f,
            "  Demo       call demo.add  demo.countdown  demo.slow  demo.fail   subscribe demo.clock"
        )?;
        let (program, url) = (self.program, self.url_option());
        writeln!(f, "  Try        {program} call demo.add 2 3{url}")?;
        writeln!(f, "             {program} call demo.countdown from=3 --progress{url}")?;
        writeln!(f, "             {program} subscribe demo.clock{url}")?;
        writeln!(f, "  Stop       Ctrl-C says GOODBYE to every session; once more stops at once")?;
        writeln!(f)?;
        if self.exposed {
            writeln!(
                f,
                "  {red}WARNING{plain}    --insecure: everybody who reaches {} gets in{}",
                self.address,
                if self.tls { "." } else { ", and nothing" }
            )?;
            let plain_text = if self.tls { "" } else { "is encrypted. " };
            writeln!(f, "             {plain_text}Never do this on a network you do not trust.")?;
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banner() -> Banner {
        let address = "127.0.0.1:1".parse().unwrap();
        Banner {
            address,
            both: false,
            exposed: false,
            tls: false,
            unix: None,
            console: "/console/#token=1f".to_owned(),
            program: "serverwamp",
            colours: false,
        }
    }

    #[test]
    fn what_is_encrypted_is_called_so() {
        let said =
            Banner { tls: true, exposed: true, unix: Some("/run/wamp".into()), ..banner() }.to_string();
        for part in ["wss://127.0.0.1:1/ws", "rss://127.0.0.1:1 ", "https://127.0.0.1:1/lp", "/run/wamp "] {
            assert!(said.contains(part), "{said}");
        }
        assert!(!said.contains("encrypted"), "{said}");
    }

    #[test]
    fn a_client_is_given_an_address_it_can_connect_to() {
        for (listening, local) in [
            ("0.0.0.0:1", "ws://127.0.0.1:1/ws"),
            ("[::]:1", "ws://[::1]:1/ws"),
            ("127.0.0.2:1", "ws://127.0.0.2:1/ws"),
        ] {
            let banner = Banner { address: listening.parse().unwrap(), exposed: true, ..banner() };
            assert_eq!(banner.local_url(), local);
        }
    }

    #[test]
    fn commands_to_try_need_no_address_where_they_find_it() {
        let at = |address: &str| Banner { address: address.parse().unwrap(), ..banner() };
        assert!(at("127.0.0.1:8080").to_string().contains("serverwamp call demo.add 2 3\n"));
        assert!(at("127.0.0.1:81").to_string().contains("call demo.add 2 3 --url ws://127.0.0.1:81/ws\n"));
        assert!(at("[::1]:8080").to_string().contains("call demo.add 2 3 --url ws://[::1]:8080/ws\n"));
    }

    #[test]
    fn colours_are_for_terminals() {
        let banner = Banner { address: "127.0.0.1:1".parse().unwrap(), exposed: true, ..banner() };
        assert!(!banner.to_string().contains('\x1b'));
        assert!(Banner { colours: true, ..banner }.to_string().contains("\x1b[1;31mWARNING"));
    }
}
