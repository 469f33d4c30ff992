//! Who may connect to a listener: origins, hosts, proxies.

use super::Checking;
use super::space::Space;
use crate::codes;
use crate::mistake::Mistake;
use crate::model::{Auth, Listener, ProcedureMethod, TokenPlace};
use crate::reading::At;
use crate::values::Text;
use serverwamp::websocket::{HostPattern, OriginPattern};
use std::net::IpAddr;

impl Checking<'_> {
    pub(super) fn sites(&mut self, listener: &At<Listener>) {
        let origins = listener.websocket.origins.value();
        for origin in origins {
            if origin.as_str() == "*" {
                self.any_origin(listener, origin);
            } else if let Err(error) = origin.as_str().parse::<OriginPattern>() {
                let mistake = Mistake::new(&codes::BAD_ORIGIN, error.to_string());
                self.add(mistake.at_if(origin.place()));
            }
        }
        if let Some(any) = origins.iter().find(|origin| origin.as_str() == "*")
            && origins.len() > 1
        {
            let help = "leave `\"*\"` out, or the others";
            self.no_effect(
                any.place(),
                "the other origins have no effect beside `\"*\"`, which is any page",
                help,
            );
        }
        for host in listener.websocket.hosts.iter() {
            if let Err(error) = host.as_str().parse::<HostPattern>() {
                self.add(Mistake::new(&codes::BAD_HOST, error.to_string()).at_if(host.place()));
            }
        }
        for router in listener.console.routers.iter() {
            let at = router.as_str();
            let origin = at.replacen("ws", "http", 1);
            let is_one = at.starts_with("ws://") || at.starts_with("wss://");
            if !is_one || origin.parse::<OriginPattern>().is_err() {
                let title = format!("{at:?} is no router that a page connects to");
                let help =
                    "write its scheme, host and port: \"ws://127.0.0.1:9000\", \"wss://wamp.example.com\"";
                self.add(Mistake::new(&codes::BAD_ORIGIN, title).at_if(router.place()).help(help));
            }
        }
        if let Some(proxies) = listener.trusted_proxies.value() {
            self.proxies(&proxies.addresses);
        }
    }

    /// Addresses of proxies; none would believe nobody.
    pub(super) fn proxies(&mut self, proxies: &At<Vec<At<Text>>>) {
        if proxies.is_empty() {
            let title = "there is no proxy in the list, so nobody would be believed";
            self.add(Mistake::new(&codes::EMPTY, title).at_if(proxies.place()));
        }
        for proxy in proxies.iter() {
            if let Some(why) = not_a_network(proxy.as_str()) {
                self.add(Mistake::new(&codes::BAD_PROXY, why).at_if(proxy.place()));
            }
        }
    }

    /// Any page may connect, and the browser says by itself who the user is.
    fn any_origin(&mut self, listener: &At<Listener>, origin: &At<Text>) {
        let shown = listener.tls.as_ref().and_then(|tls| tls.client_certificates.place());
        let spaces = Space::all(self.config);
        let served = spaces.iter().filter(|space| space.is_served_by(listener));
        let mut auths = served.flat_map(|space| space.auth.iter());
        let by_browser = auths.find(|auth| is_sent_by_browsers(auth));
        let (what, place) = match (by_browser, shown) {
            (Some(auth), _) => ("what the browser sends by itself lets its user in", auth.place()),
            (None, Some(place)) => ("the browser shows the certificate of its user by itself", Some(place)),
            (None, None) => return,
        };
        let title = "any web page may connect in the name of its visitor";
        self.add(
            Mistake::new(&codes::ANY_ORIGIN, title)
                .at_if(origin.place())
                .related(place, what)
                .help("list the origins of your own pages, such as \"https://app.example.com\""),
        );
    }
}

/// Whether a browser proves it without being asked by the page: cookies, certificates, what a proxy makes of them.
fn is_sent_by_browsers(auth: &Auth) -> bool {
    match auth {
        Auth::Http(hook) => {
            *hook.by_headers || hook.headers.iter().any(|name| name.as_str().eq_ignore_ascii_case("cookie"))
        }
        Auth::Procedure(by) => *by.method == ProcedureMethod::Transport,
        Auth::Certificate(_) | Auth::Header(_) => true,
        Auth::Jwt(jwt) => *jwt.place == TokenPlace::Bearer,
        _ => false,
    }
}

/// Why a text is neither an address nor a network.
fn not_a_network(text: &str) -> Option<String> {
    if text == "unix:" {
        return None;
    }
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let Ok(address) = address.parse::<IpAddr>() else {
        return Some(format!(
            "{text:?} is neither an IP address nor a network: write 192.0.2.7, 10.0.0.0/8 or fd00::/8"
        ));
    };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits?;
    let fits = bits.bytes().all(|byte| byte.is_ascii_digit())
        && bits.parse::<u8>().is_ok_and(|bits| (1..=longest).contains(&bits));
    (!fits)
        .then(|| format!("{text:?} is not a network: behind {address}/ belongs a number from 1 to {longest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_addresses_networks_or_unix_sockets() {
        for right in ["192.0.2.7", "10.0.0.0/8", "fd00::/8", "::1", "unix:"] {
            assert_eq!(not_a_network(right), None, "{right}");
        }
        for wrong in [
            "",
            "proxy.example.com",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "unix:/run/x",
            "10.0.0.1:80",
            "fd00::/129",
        ] {
            assert!(not_a_network(wrong).is_some(), "{wrong}");
        }
    }
}
