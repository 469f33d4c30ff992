//! `[[listen]]`: addresses that conflict, and what a listener serves.

use super::{Checking, mistake_at};
use crate::codes;
use crate::mistake::Mistake;
use crate::model::{Listener, Service};
use crate::reading::At;
use crate::values::Address;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

impl Checking<'_> {
    pub(super) fn listeners(&mut self) {
        let listeners = self.config.placed_listeners();
        for (number, listener) in listeners.iter().enumerate() {
            // Each conflict is told once, at the later of both. An address that could not be read is not the default.
            let is_known =
                |one: &At<Listener>| one.address.place().is_some() || self.doubt.knows(one.place());
            let earlier = listeners[..number]
                .iter()
                .filter(|earlier| is_known(earlier) && is_known(listener))
                .find(|earlier| conflict(&earlier.address, &listener.address).is_some());
            if let Some(earlier) = earlier {
                self.conflict(earlier, listener);
            }
            self.served(listener);
            self.encrypted(listener);
            self.paths(listener);
            self.sites(listener);
            self.listener_effects(listener);
            self.listener_bounds(listener);
            self.listener_files(listener);
        }
    }

    fn conflict(&mut self, earlier: &At<Listener>, later: &At<Listener>) {
        let (first, second) = (earlier.address.value(), later.address.value());
        let title = match conflict(first, second) {
            Some(Conflict::Same) => format!("two listeners have the address {second}"),
            _ => format!("the addresses {first} and {second} conflict: one of them includes the other"),
        };
        let help = match second {
            Address::Unix(_) | Address::Systemd(_) => {
                "one listener can serve several things: `serve` is a list"
            }
            _ => "give one of them another port, or one listener both: `serve` is a list",
        };
        let first_place = earlier.address.place().or_else(|| earlier.place());
        self.add(
            mistake_at(&codes::LISTENERS_CONFLICT, title, &later.address, later)
                .related(first_place, "the first")
                .help(help),
        );
    }

    fn served(&mut self, listener: &At<Listener>) {
        if listener.serve.is_empty() && listener.files.is_empty() {
            let title = format!("the listener at {} serves nothing", *listener.address);
            let help = "`serve` takes what is served, `files` folders; leave `serve` out for WebSocket and RawSocket";
            self.add(mistake_at(&codes::EMPTY, title, &listener.serve, listener).help(help));
        }
        if listener.is_public() {
            for service in listener.serve.iter() {
                let what = match service.value() {
                    Service::Metrics => "metrics",
                    Service::Health => "health",
                    _ => continue,
                };
                let title = format!("{what} can be read by everybody who reaches {}", *listener.address);
                let mistake = Mistake::new(&codes::PUBLIC_NUMBERS, title).at_if(service.place());
                self.add(mistake.help(
                    "serve them at a listener of their own with an address that only the machines that ask can reach",
                ));
            }
        }
        let empty_lists = [
            (
                "subprotocols",
                listener.websocket.subprotocols.as_ref().is_some_and(Vec::is_empty),
                listener.websocket.subprotocols.place(),
            ),
            (
                "serializers",
                listener.rawsocket.serializers.as_ref().is_some_and(Vec::is_empty),
                listener.rawsocket.serializers.place(),
            ),
            ("realms", listener.realms.as_ref().is_some_and(Vec::is_empty), listener.realms.place()),
        ];
        for (key, is_empty, place) in empty_lists {
            if is_empty {
                let title = format!("`{key}` is an empty list, so nothing would be left");
                let mistake = Mistake::new(&codes::EMPTY, title).at_if(place);
                self.add(mistake.help(format!("leave `{key}` out for all there are")));
            }
        }
        if self.doubt.knows_realms() {
            self.unknown_realms(listener);
        }
    }

    /// Whether sessions from other machines are encrypted, here or by a proxy.
    fn encrypted(&mut self, listener: &At<Listener>) {
        let is_plain = listener.tls.is_none() && listener.trusted_proxies.is_none();
        if is_plain && listener.is_public() && listener.speaks_wamp() && self.doubt.knows(listener.place()) {
            let title =
                format!("sessions at {} are not encrypted, and other machines reach it", *listener.address);
            self.add(mistake_at(&codes::NO_TLS, title, &listener.address, listener).help(
                "add `tls = { certificates = \"fullchain.pem\", key = \"privkey.pem\" }`, or name the proxy that encrypts in `trusted_proxies`",
            ));
        }
    }

    fn unknown_realms(&mut self, listener: &At<Listener>) {
        for name in listener.realms.iter().flatten() {
            let title = |name: &str| format!("the listener names the realm {name:?}, and there is none");
            self.known_realm(name.as_str(), name.place(), title);
        }
    }
}

/// How two addresses conflict.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Conflict {
    Same,
    Includes,
}

fn conflict(one: &Address, other: &Address) -> Option<Conflict> {
    if one == other {
        // Port 0 is a free one each time.
        let free = |address: &Address| match address {
            Address::Tcp(address) => address.port() == 0,
            Address::Localhost(port) => *port == 0,
            _ => false,
        };
        return (!free(one)).then_some(Conflict::Same);
    }
    let conflicts =
        |(a, b): (SocketAddr, SocketAddr)| a.port() == b.port() && a.port() != 0 && includes(a.ip(), b.ip());
    let (ones, others) = (sockets(one), sockets(other));
    let mut pairs = ones.iter().flat_map(|a| others.iter().map(|b| (*a, *b)));
    pairs.any(conflicts).then_some(Conflict::Includes)
}

fn sockets(address: &Address) -> Vec<SocketAddr> {
    match address {
        Address::Tcp(address) => vec![*address],
        Address::Localhost(port) => vec![
            SocketAddr::from((Ipv4Addr::LOCALHOST, *port)),
            SocketAddr::from((Ipv6Addr::LOCALHOST, *port)),
        ],
        Address::Unix(_) | Address::Systemd(_) => Vec::new(),
    }
}

/// Whether one of both is the other one, or every address of the machine. `[::]` has those of IPv4 too, as Linux has it.
fn includes(a: IpAddr, b: IpAddr) -> bool {
    let (a, b) = (a.to_canonical(), b.to_canonical());
    let every = |all: IpAddr, one: IpAddr| all.is_unspecified() && (all.is_ipv6() || one.is_ipv4());
    a == b || every(a, b) || every(b, a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(text: &str) -> Address {
        Address::Tcp(text.parse().unwrap())
    }

    #[test]
    fn an_address_conflicts_with_itself_and_with_every_one_that_includes_it() {
        for (one, other, how) in [
            (tcp("127.0.0.1:80"), tcp("127.0.0.1:80"), Some(Conflict::Same)),
            (tcp("127.0.0.1:80"), tcp("127.0.0.1:81"), None),
            (tcp("127.0.0.1:80"), tcp("127.0.0.2:80"), None),
            (tcp("127.0.0.1:0"), tcp("127.0.0.1:0"), None),
            (tcp("0.0.0.0:80"), tcp("127.0.0.1:80"), Some(Conflict::Includes)),
            (tcp("[::]:80"), tcp("192.0.2.1:80"), Some(Conflict::Includes)),
            (tcp("0.0.0.0:80"), tcp("[::1]:80"), None),
            (tcp("[::1]:80"), Address::Localhost(80), Some(Conflict::Includes)),
            (Address::Localhost(80), tcp("0.0.0.0:80"), Some(Conflict::Includes)),
            (Address::Localhost(80), Address::Localhost(81), None),
            (Address::Unix("a".into()), Address::Unix("a".into()), Some(Conflict::Same)),
            (Address::Unix("a".into()), Address::Unix("b".into()), None),
            (Address::Systemd("a".into()), tcp("127.0.0.1:80"), None),
        ] {
            assert_eq!(conflict(&one, &other), how, "{one} {other}");
            assert_eq!(conflict(&other, &one), how, "{other} {one}");
        }
    }
}
