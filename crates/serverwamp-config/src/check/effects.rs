//! Settings that do nothing where they stand.

use super::Checking;
use crate::codes;
use crate::mistake::Mistake;
use crate::model::{Listener, ProxyHeader, Service};
use crate::reading::At;
use crate::values::Address;

impl Checking<'_> {
    pub(super) fn listener_effects(&mut self, listener: &At<Listener>) {
        let tables = [
            ("websocket", Service::WebSocket, listener.websocket.place()),
            ("rawsocket", Service::RawSocket, listener.rawsocket.place()),
            ("long_poll", Service::LongPoll, listener.long_poll.place()),
            ("console", Service::Console, listener.console.place()),
        ];
        for (key, service, place) in tables.into_iter().filter(|(_, service, _)| !listener.serves(*service)) {
            // Origins and hosts are those of long-polling and of the console too.
            if service == Service::WebSocket && listener.has_requests() {
                continue;
            }
            let word = service.word();
            let title = format!("`{key}` has no effect: the listener does not serve {word:?}");
            self.no_effect(place, title, &format!("add {word:?} to `serve`, or leave `{key}` out"));
        }
        if !listener.is_unix() && (listener.address.place().is_some() || self.doubt.knows(listener.place())) {
            let title = "`mode` has no effect without a Unix socket";
            let help = "it is for addresses such as \"unix:/run/serverwamp/wamp.sock\"";
            if let Some(place) = listener.mode.place() {
                // Nothing that could be missing would change this.
                self.mistakes.add(Mistake::new(&codes::NO_EFFECT, title).at(place.clone()).help(help));
            }
        }
        if !listener.speaks_wamp() {
            let title = "`realms` has no effect: no session is opened at this listener";
            self.no_effect(
                listener.realms.place(),
                title,
                "add \"websocket\", \"rawsocket\" or \"long-poll\" to `serve`",
            );
        }
        for (number, service) in listener.serve.iter().enumerate() {
            if listener.serve[..number].contains(service) {
                let title = format!("{:?} is in the list twice", service.word());
                self.no_effect(service.place(), title, "leave one of both out");
            }
        }
        if listener.rawsocket.ping_interval.is_none() {
            let title = "`ping_timeout` has no effect without `ping_interval`";
            let help = "set `ping_interval` too: peers on RawSocket are not pinged otherwise";
            self.no_effect(listener.rawsocket.ping_timeout.place(), title, help);
        }
        self.tls_effects(listener);
        self.proxy_effects(listener);
    }

    fn tls_effects(&mut self, listener: &At<Listener>) {
        let Some(tls) = listener.tls.value() else { return };
        match (tls.client_certificates.place(), tls.client_authorities.place()) {
            (Some(place), None) => self.together("client_certificates", "client_authorities", place),
            (None, Some(place)) => self.together("client_authorities", "client_certificates", place),
            _ => {}
        }
    }

    fn proxy_effects(&mut self, listener: &At<Listener>) {
        let Some(proxies) = listener.trusted_proxies.value() else { return };
        for proxy in proxies.addresses.iter() {
            let at_unix_socket = proxy.as_str() == "unix:";
            let title = match *listener.address {
                Address::Tcp(_) | Address::Localhost(_) if at_unix_socket => {
                    "\"unix:\" has no effect: nobody connects to this listener through a Unix socket"
                }
                Address::Unix(_) if !at_unix_socket => {
                    "this proxy has no effect: whoever connects to a Unix socket has no address"
                }
                _ => continue,
            };
            let help = if at_unix_socket { "write the address of the proxy" } else { "write \"unix:\"" };
            self.no_effect(proxy.place(), title, help);
        }
        let headers = *proxies.header != ProxyHeader::ProxyProtocol;
        if headers && !listener.has_requests() && listener.serves(Service::RawSocket) {
            let title = format!("connections of RawSocket have no header {:?}", proxies.header.word());
            let place = proxies.header.place().or_else(|| listener.trusted_proxies.place());
            let mistake = Mistake::new(&codes::NO_EFFECT, title).at_if(place);
            self.add(mistake.help("let the proxy speak the PROXY protocol: `header = \"proxy-protocol\"`"));
        }
    }
}
