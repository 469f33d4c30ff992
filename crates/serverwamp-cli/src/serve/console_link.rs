//! Links to the web console of a server that runs: the address of each listener that serves it, with a token that logs one browser in.
//!
//! In: the listeners and who asks. Out: addresses that a browser opens. Invariant: no link is made for a listener at which its visitor
//! could not join the admin interface.

use super::listeners::console_of;
use serverwamp::Admin;
use serverwamp::console::{Console, Visitor};
use serverwamp_config::model::{Listener, Service};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// How long a link waits: whoever asks for one has the browser at hand, and what is left over in a terminal is worth nothing later.
const WAITS: Duration = Duration::from_secs(600);

/// A link for each listener.
///
/// # Errors
/// Why there is none, and what to do.
pub(super) fn links<'l>(
    listeners: impl Iterator<Item = (&'l Listener, &'l [String])>,
    console: &Console,
    visitor: &Visitor,
) -> Result<Vec<String>, String> {
    let those: Vec<_> = listeners.filter(|(listener, _)| listener.serves(Service::Console)).collect();
    if those.is_empty() {
        return Err(
            "no listener serves the console: add one with an address and `serve = [\"console\"]`".to_owned()
        );
    }
    let those: Vec<_> = those.into_iter().filter(|(listener, _)| has_admin(listener)).collect();
    if those.is_empty() {
        let realm = Admin::REALM;
        return Err(format!(
            "no listener that serves the console serves the realm {realm} too: `[admin]` has an address of its own, so write {realm:?} \
             into the `realms` of the console's listener, beside the others that it is to show"
        ));
    }
    let mut links = Vec::new();
    for (listener, addresses) in those {
        let Some(origin) = origin(listener, addresses) else { continue };
        let Some(console) = console_of(listener, console) else { continue };
        let link = console.link_within(visitor.clone(), WAITS);
        let link = link.map_err(|error| format!("there are no random numbers: {error}"))?;
        links.push(format!("{origin}{link}"));
    }
    if links.is_empty() {
        return Err("the console is served at Unix sockets alone, which browsers do not open: give it an address with a port".to_owned());
    }
    Ok(links)
}

fn has_admin(listener: &Listener) -> bool {
    let Some(realms) = listener.realms.value() else { return true };
    realms.iter().any(|realm| is_meant(realm.as_str(), Admin::REALM))
}

/// Whether a realm is one of those that a pattern of `realms` names.
fn is_meant(pattern: &str, realm: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) if !start.contains('*') => realm.starts_with(start),
        _ => {
            let (wanted, parts) = (pattern.split('.'), realm.split('.'));
            wanted.clone().count() == parts.clone().count()
                && wanted.zip(parts).all(|(wanted, part)| wanted == "*" || wanted == part)
        }
    }
}

/// The origin that a browser finds a listener at: by the first of its `hosts`, which certificates are made for, or by its address.
fn origin(listener: &Listener, addresses: &[String]) -> Option<String> {
    let address = addresses.iter().find_map(|address| address.parse::<SocketAddr>().ok())?;
    let scheme = if listener.tls.is_some() { "https" } else { "http" };
    let named = listener.websocket.hosts.iter().map(|host| host.as_str()).find(|host| !host.contains('*'));
    let reachable = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port()),
        _ => address,
    };
    Some(match named {
        // The port is that of the listener, unless the host is written with one.
        Some(host) if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) => {
            format!("{scheme}://{host}")
        }
        Some(host) => format!("{scheme}://{host}:{}", address.port()),
        None => format!("{scheme}://{reachable}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_the_realm_of_the_admin_interface_or_not() {
        for (pattern, is) in [
            ("serverwamp.admin", true),
            ("*", true),
            ("serverwamp.*", true),
            ("*.admin", true),
            ("realm1", false),
            ("serverwamp", false),
            ("serverwamp.admin.more", false),
            ("shop.*", false),
            ("*.other", false),
        ] {
            assert_eq!(is_meant(pattern, Admin::REALM), is, "{pattern}");
        }
    }
}
