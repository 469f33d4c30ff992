//! Where a listener listens.

use super::text::text;
use crate::reading::{NodeRef, Reading, Setting};
use crate::shape::Shape;
use std::net::SocketAddr;
use std::path::PathBuf;

/// An address and port, a Unix socket, or a socket that systemd has opened.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Address {
    /// `127.0.0.1:8080`, `[::]:8080`.
    Tcp(SocketAddr),
    /// `localhost:8080`: both loopback addresses, of those that the machine has.
    Localhost(u16),
    /// `unix:/run/serverwamp/wamp.sock`, relative to the configuration file.
    Unix(PathBuf),
    /// `systemd:wamp`: the sockets of that `FileDescriptorName`.
    Systemd(String),
}

impl Address {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() {
                Err("a Unix socket needs a path behind `unix:`".to_owned())
            } else {
                Ok(Self::Unix(path.into()))
            };
        }
        if let Some(name) = text.strip_prefix("systemd:") {
            return if name.is_empty() {
                Err("a socket of systemd needs a name behind `systemd:`".to_owned())
            } else {
                Ok(Self::Systemd(name.to_owned()))
            };
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Tcp(address));
        }
        if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
            return Ok(Self::Localhost(port));
        }
        let why = match text.rsplit_once(':') {
            None => "the port is missing",
            Some((_, port)) if port.parse::<u16>().is_err() => "the port is no number from 0 to 65535",
            Some(_) => {
                "names other than `localhost` are not looked up: write the address of an interface, or 0.0.0.0 for all"
            }
        };
        Err(format!("{text:?} is not an address: {why}"))
    }

    /// Whether nobody but this machine can connect.
    pub const fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Localhost(_) | Self::Unix(_) => true,
            Self::Systemd(_) => false,
        }
    }
}

/// As it is written.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Localhost(port) => write!(f, "localhost:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Systemd(name) => write!(f, "systemd:{name}"),
        }
    }
}

impl Setting for Address {
    fn shape() -> Shape {
        Shape::Text {
            kind: "an address, such as `\"0.0.0.0:8080\"`, `\"localhost:8080\"`, `\"unix:/run/serverwamp/wamp.sock\"` or `\"systemd:NAME\"`",
            pattern: Some(r"^(unix:.+|systemd:.+|.+:[0-9]{1,5})$"),
        }
    }

    fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let text = text(node, reading, &Self::shape())?;
        match Self::parse(text) {
            Ok(address) => Some(address),
            Err(why) => reading.wrong_value(node, why),
        }
    }

    fn show(&self) -> String {
        format!("{:?}", self.to_string())
    }
}
