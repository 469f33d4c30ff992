//! 025x and 026x: what ways into realms and bounds mean.

use super::codes;

codes! {
    ACCESS:

    /// Two ways into a realm have the same method, so the second would never be asked.
    ///
    /// A client names a method (`ticket`, `wampcra`, `scram`, `cryptosign`, `anonymous`), and the router has to know who answers. A
    /// file of users has four methods unless `methods` says otherwise; tokens and web servers are asked by `ticket`.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ file = { path = "users.toml" } }, { http = { url = "https://auth.example.com/" } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ file = { path = "users.toml", methods = ["scram"] } }, { http = { url = "https://auth.example.com/" } }]
    /// ```
    error 250 METHOD_TWICE "method twice";

    /// `jwt` needs the keys that check tokens from exactly one source: `jwks_url`, `key_file`, `secret` or `discover`.
    ///
    /// Two issuers are two entries.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ jwt = { audiences = ["shop"] } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ jwt = { discover = "https://id.example.com/", audiences = ["shop"] } }]
    /// ```
    error 251 JWT_KEYS "keys of tokens";

    /// `discover` names an issuer, and `issuers` names others only. Its keys are fetched, and its tokens refused.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ jwt = { discover = "https://id.example.com/", issuers = ["https://login.example.com/"] } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ jwt = { discover = "https://id.example.com/" } }]
    /// ```
    warning 252 OTHER_ISSUERS "issuer whose tokens are refused";

    /// An algorithm is accepted that the keys cannot be for. HS256, HS384 and HS512 take a secret, all others a public key.
    ///
    /// To accept HS256 with a public key would even be dangerous: everybody knows that key, and could sign with it.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ jwt = { jwks_url = "https://id.example.com/keys", algorithms = ["HS256"] } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ jwt = { jwks_url = "https://id.example.com/keys", algorithms = ["RS256"] } }]
    /// ```
    error 253 OTHER_ALGORITHM "algorithm that does not fit the keys";

    /// The address of a server has no host or no scheme, or it is `http://` to another machine.
    ///
    /// Whoever is between could read what is sent, and answer in place of the server. `fetch.allow_plain_http` allows it where the
    /// network is trusted. Addresses do not have passwords in them.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ http = { url = "http://auth.example.com/" } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ http = { url = "https://auth.example.com/" } }]
    /// ```
    error 254 BAD_URL "address that cannot be asked";

    /// A way into a realm needs something that no listener of the realm has: certificates of clients, a Unix socket, a request with
    /// headers, TLS that an authentication can be bound to.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ unix = { users = { 1000 = { role = "operator" } } } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// address = "unix:wamp.sock"
    ///
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ unix = { users = { 1000 = { role = "operator" } } } }]
    /// ```
    warning 255 UNREACHABLE_AUTH "way in that no listener leads to";

    /// Everybody who reaches a listener from another machine comes into the admin interface without proving anything.
    ///
    /// Who comes in there sees who is connected from where, and, with the permission for that, payloads; or ends sessions and stops the
    /// server.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// address = "0.0.0.0:8080"
    /// trusted_proxies = { addresses = ["10.0.0.7"] }
    ///
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = {}
    ///
    /// [admin]
    /// auth = [{ anonymous = { role = "operator" } }]
    /// role = { operator = ["read"] }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// address = "0.0.0.0:8080"
    /// trusted_proxies = { addresses = ["10.0.0.7"] }
    ///
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = {}
    ///
    /// [admin]
    /// listen = "unix:admin.sock"
    /// auth = [{ unix = { users = { 1000 = { role = "operator" } } } }]
    /// role = { operator = ["read"] }
    /// ```
    warning 256 STRANGERS_ADMINISTER "strangers in the admin interface";

    /// A bound is so small that nothing would work: no connection, no message, no time to answer.
    ///
    /// 0 does not mean "no limit". Where there can be none, the key is left out.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// limits.hello_timeout = "0s"
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// limits.hello_timeout = "5s"
    /// ```
    error 260 NOTHING_WORKS "bound with which nothing works";

    /// A bound is larger than another one that includes it, so it never counts.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// limits = { connections = 100, connections_per_address = 500 }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// limits = { connections = 100, connections_per_address = 20 }
    /// ```
    warning 261 CONTRADICTION "bound that never counts";

    /// A role has more than `[limits]` gives to every session. A role can only have less.
    ///
    /// Raise the bound for everybody, and give less to the other roles.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = { allow = { "shop.*" = ["call"] }, limits = { calls_in_flight = 5000 } }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = { allow = { "shop.*" = ["call"] }, limits = { calls_in_flight = 50 } }
    /// ```
    error 262 LOOSER_THAN_ALL "role with more than everybody";
}
