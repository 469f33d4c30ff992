//! 020x and 021x: what listeners mean.

use super::codes;

codes! {
    LISTENERS:

    /// The router refuses something that the other checks have not found, although each value is right by itself.
    ///
    /// The message says what contradicts what.
    error 200 REFUSED "refused by the router";

    /// Two listeners want the same address, so the second could not be opened.
    ///
    /// An address for all interfaces, `0.0.0.0` or `[::]`, includes every other one with its port, and `[::]` those of IPv4 too.
    /// `localhost` is `127.0.0.1` and `[::1]`. One listener can serve several things at one address: WebSocket, RawSocket, long-polling
    /// and files tell each other apart by the first bytes and by the path.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// address = "0.0.0.0:8080"
    /// trusted_proxies = { addresses = ["10.0.0.7"] }
    ///
    /// [[listen]]
    /// address = "127.0.0.1:8080"
    /// serve = ["metrics"]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// address = "0.0.0.0:8080"
    /// trusted_proxies = { addresses = ["10.0.0.7"] }
    ///
    /// [[listen]]
    /// address = "127.0.0.1:9090"
    /// serve = ["metrics"]
    /// ```
    error 201 LISTENERS_CONFLICT "listeners conflict";

    /// Two things that a listener serves have the same path, or one lies below `long_poll.path` or `console.path`, all of which belongs to these.
    ///
    /// Metrics are at `/metrics`, health is at `/healthz` and `/readyz`. A folder with files may be at `/`: everything else comes
    /// before it.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// websocket = { path = "/ws" }
    /// files = [{ path = "/ws", folder = "site" }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// websocket = { path = "/ws" }
    /// files = [{ path = "/", folder = "site" }]
    /// ```
    error 202 PATHS_CONFLICT "paths conflict";

    /// A path has something in it that no request would have there: a query, white space, a wildcard, an empty part.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// websocket = { path = "/ws?token=1" }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// websocket = { path = "/ws" }
    /// ```
    error 203 BAD_PATH "path of the wrong form";

    /// A list is empty where that leaves nothing: a listener that serves nothing, a way in that names nobody, a permission without
    /// actions.
    ///
    /// A list that is left out has its default, which is usually everything.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// serve = []
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// serve = ["websocket"]
    /// ```
    error 205 EMPTY "empty list";

    /// A key needs another one beside it.
    ///
    /// Without the other one it would either do nothing or not be what was meant: a listener that asks for certificates has to know
    /// which authorities vouch for them, and one that knows authorities has to ask.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "fullchain.pem", key = "privkey.pem", client_certificates = "required" }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "fullchain.pem", key = "privkey.pem", client_certificates = "required", client_authorities = "ca.pem" }
    /// ```
    error 206 TOGETHER "keys that belong together";

    /// A setting does nothing where it stands, because of another setting or because of what is missing.
    ///
    /// The file can be used, but whoever wrote the line expected something of it.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// serve = ["rawsocket"]
    /// websocket = { origins = ["https://app.example.com"] }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// serve = ["websocket", "rawsocket"]
    /// websocket = { origins = ["https://app.example.com"] }
    /// ```
    warning 207 NO_EFFECT "setting without effect";

    /// No web page has this origin, so the entry would let nobody in.
    ///
    /// An origin is a scheme and a host, and a port only if it is not the usual one: no path, no user. `*` stands in place of the first
    /// part of the host. The origin of pages from files is `null`.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// websocket = { origins = ["app.example.com"] }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// websocket = { origins = ["https://app.example.com", "https://*.example.com"] }
    /// ```
    error 210 BAD_ORIGIN "origin that no page has";

    /// No request is for a host of this form, so the entry would let nobody in.
    ///
    /// A host is a name or an address, without scheme, port and path. `*` stands in place of the first part.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// websocket = { hosts = ["https://app.example.com"] }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// websocket = { hosts = ["app.example.com", "*.example.com"] }
    /// ```
    error 211 BAD_HOST "host that no request names";

    /// A trusted proxy is neither an address nor a network.
    ///
    /// Names are not looked up: whoever answers for the name would be believed. `unix:` stands for whoever connects to a Unix socket.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// trusted_proxies = { addresses = ["proxy.internal"] }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// trusted_proxies = { addresses = ["10.0.0.7", "10.1.0.0/16"] }
    /// ```
    error 212 BAD_PROXY "proxy that is no address";

    /// Every web page may connect, and the browser proves by itself who its user is: by a cookie, by a certificate, or through a proxy
    /// that knows the user.
    ///
    /// A page of somebody else, visited by your user, would then have a session with your user's rights (cross-site WebSocket
    /// hijacking).
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// websocket = { origins = ["*"] }
    ///
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ http = { url = "https://auth.example.com/", by_headers = true, headers = ["cookie"] } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// websocket = { origins = ["https://app.example.com"] }
    ///
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ http = { url = "https://auth.example.com/", by_headers = true, headers = ["cookie"] } }]
    /// ```
    warning 213 ANY_ORIGIN "any page acts for its visitor";

    /// Metrics or health are served at an address that other machines can reach.
    ///
    /// Metrics tell how much is used and by how many, and health whether something is wrong: that is for you alone. If a firewall keeps
    /// others away, or a load balancer has to ask from elsewhere, this warning may stay.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// address = "0.0.0.0:8080"
    /// trusted_proxies = { addresses = ["10.0.0.7"] }
    /// serve = ["websocket", "metrics"]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// address = "0.0.0.0:8080"
    /// trusted_proxies = { addresses = ["10.0.0.7"] }
    /// serve = ["websocket"]
    ///
    /// [[listen]]
    /// address = "127.0.0.1:9090"
    /// serve = ["metrics", "health"]
    /// ```
    warning 214 PUBLIC_NUMBERS "metrics or health for everybody";

    /// Other machines can reach the listener, and it has no TLS: whoever is on the way reads messages, tickets and tokens, and can act in
    /// the name of who sent them.
    ///
    /// Of the secrets of WAMP-CRA, WAMP-SCRAM and cryptosign nothing can be read on the way; sessions can be taken over all the same. Where
    /// a proxy in front speaks TLS, say so with `trusted_proxies`; in a network of your own this warning may stay.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// address = "0.0.0.0:8080"
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// address = "0.0.0.0:8080"
    /// trusted_proxies = { addresses = ["10.0.0.7"] }
    ///
    /// [[listen]]
    /// address = "0.0.0.0:8443"
    /// tls = { certificates = "fullchain.pem", key = "privkey.pem" }
    /// ```
    warning 215 NO_TLS "sessions that are not encrypted";
}
