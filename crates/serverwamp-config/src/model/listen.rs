//! `[[listen]]`: an address, and what is spoken there.

use crate::reading::At;
use crate::section::{defaults, section};
use crate::values::{Address, Bytes, FilePath, HttpPath, Mode, OneOrMore, Text, Time, UriPattern, choice};
use serverwamp::long_poll::LongPollConfig;
use serverwamp::rawsocket::RawSocketConfig;
use serverwamp::websocket::WebSocketConfig;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

choice! {
    /// What a listener serves.
    pub enum Service {
        /// WAMP over WebSockets.
        WebSocket = "websocket",
        /// WAMP over RawSocket; the first byte of a connection tells it from HTTP.
        RawSocket = "rawsocket",
        /// WAMP over HTTP long-polling.
        LongPoll = "long-poll",
        /// The web console, with a WebSocket for its sessions.
        Console = "console",
        /// The numbers for Prometheus.
        Metrics = "metrics",
        /// Whether the server lives and is ready.
        Health = "health",
    }

    /// A subprotocol of WebSocket.
    pub enum Subprotocol {
        /// JSON.
        Json = "wamp.2.json",
        /// MessagePack.
        MsgPack = "wamp.2.msgpack",
        /// CBOR.
        Cbor = "wamp.2.cbor",
        /// Several messages of JSON in one of WebSocket.
        JsonBatched = "wamp.2.json.batched",
        /// Several messages of MessagePack in one of WebSocket.
        MsgPackBatched = "wamp.2.msgpack.batched",
        /// Several messages of CBOR in one of WebSocket.
        CborBatched = "wamp.2.cbor.batched",
    }

    /// A serializer of RawSocket.
    pub enum Serializer {
        /// JSON.
        Json = "json",
        /// MessagePack.
        MsgPack = "msgpack",
        /// CBOR.
        Cbor = "cbor",
    }

    /// Whether clients are asked for a certificate.
    pub enum ClientCertificates {
        /// They are, and may have none.
        Optional = "optional",
        /// They need one.
        Required = "required",
    }

    /// Where a proxy writes for which client it connects.
    pub enum ProxyHeader {
        /// `X-Forwarded-For`.
        XForwardedFor = "x-forwarded-for",
        /// `Forwarded` (RFC 7239).
        Forwarded = "forwarded",
        /// The header of the PROXY protocol before everything else.
        ProxyProtocol = "proxy-protocol",
    }
}

/// The defaults of HTTP, which are the library's.
const REQUEST_BYTES: u64 = 1 << 20;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

section! {
    /// An address, and what is spoken there.
    pub struct Listener: "listen" by address {
        /// Where it listens: an address and port, `localhost` and a port, `unix:` and a path, or `systemd:` and the name of a socket
        /// that systemd has opened. The default cannot be reached from other machines.
        restart address: Address = Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)));
        /// The mode of a Unix socket. By default what the umask leaves.
        restart mode: Option<Mode> = None;
        /// What is served: `"websocket"`, `"rawsocket"`, `"long-poll"`, `"console"`, `"metrics"`, `"health"`. Keep the last two from the
        /// public, and give the console a listener of its own, on this machine.
        live serve: Vec<At<Service>> = vec![At::default_of(Service::WebSocket), At::default_of(Service::RawSocket)];
        /// The certificate of the server. Without it there is no TLS.
        live tls: Option<Tls> = None;
        /// The path, the pages and the bounds of WebSockets.
        live websocket: WebSocket = defaults();
        /// The serializers and the bounds of RawSocket.
        live rawsocket: RawSocket = defaults();
        /// The path and the bounds of long-polling.
        live long_poll: LongPoll = defaults();
        /// The path of the web console, and the routers that its pages may connect to.
        live console: Console = defaults();
        /// The bounds of HTTP, whatever it carries.
        live http: Http = defaults();
        /// Folders with files that are served at paths of their own: a page and its socket from one server.
        live files: Vec<At<Files>> = Vec::new();
        /// The realms that can be joined here, by name or pattern. All by default. Others are answered as if they did not exist.
        live realms: Option<Vec<At<UriPattern>>> = None;
        /// The proxies in front of this listener, which say for whom they connect.
        live trusted_proxies: Option<TrustedProxies> = None;
    }

    /// The certificate of the server, and whether it asks for those of clients.
    pub struct Tls: "listen.tls" {
        /// The file with the certificate of the server, then those that lead to its authority, in PEM.
        live certificates: FilePath;
        /// The file with the key, in PEM, not encrypted.
        live key: FilePath;
        /// Whether clients are asked for a certificate. By default they are not.
        live client_certificates: Option<ClientCertificates> = None;
        /// The file with the authorities that vouch for clients' certificates, in PEM.
        live client_authorities: Option<FilePath> = None;
        /// How often the files are looked at, so that a renewed certificate is used without a reload: renewing is a matter of days, and
        /// looking costs little.
        live check_every: Time = Duration::from_secs(5).into();
    }

    /// WebSockets: paths, pages that may connect, and bounds.
    pub struct WebSocket: "listen.websocket" {
        /// The path of the WebSocket, or several.
        live path: OneOrMore<HttpPath> = OneOrMore::one(HttpPath::new("/ws"));
        /// The web pages that may connect, such as `"https://app.example.com"` and `"https://*.example.com"`, beside those of the same
        /// host. `"*"` is any page: safe only where neither cookies nor client certificates tell who a user is.
        live origins: Vec<At<Text>> = Vec::new();
        /// The hosts that requests may be for. Any by default; where the console is served, the names of this machine and IP addresses. List them where whoever reaches the server is trusted for that alone, as on a
        /// machine of one's own: a page that gives its own name the server's address is then refused.
        live hosts: Vec<At<Text>> = Vec::new();
        /// The subprotocols that may be chosen. All by default: supporting one costs nothing while no client asks for it.
        live subprotocols: Option<Vec<At<Subprotocol>>> = None;
        /// The longest message, after decompression. A longer one closes the connection with code 1009.
        live max_message: Bytes = WebSocketConfig::default().max_message.into();
        /// The time that a peer may be silent before it is pinged: below the idle limits of common proxies.
        live ping_interval: Time = WebSocketConfig::default().ping_interval.into();
        /// The time that a pinged peer may stay silent before it is given up.
        live ping_timeout: Time = WebSocketConfig::default().ping_timeout.into();
        /// The time that a peer may read nothing of what is being written before it is given up.
        live write_timeout: Time = WebSocketConfig::default().write_timeout.into();
        /// The time to wait for the peer's half of the closing handshake.
        live close_timeout: Time = WebSocketConfig::default().close_timeout.into();
        /// Whether messages of 1 KiB and more are compressed when the client offers it. Compressing costs several times more than
        /// everything else that is done for a message, so it pays only where bandwidth is dearer than processors.
        live deflate: bool = false;
    }

    /// RawSocket.
    pub struct RawSocket: "listen.rawsocket" {
        /// The serializers that may be asked for. All by default.
        live serializers: Option<Vec<At<Serializer>>> = None;
        /// The longest message. The handshake can only say powers of two from 512 bytes to 16 MiB, so the next lower one counts.
        live max_message: Bytes = RawSocketConfig::default().max_message.into();
        /// The time that a peer may be silent before it is pinged. Never by default: there are clients in use that end the connection
        /// when they are pinged, and the operating system notices a dead peer as well.
        live ping_interval: Option<Time> = None;
        /// The time that a pinged peer may stay silent before it is given up.
        live ping_timeout: Time = RawSocketConfig::default().ping_timeout.into();
        /// The time that a peer may read nothing of what is being written before it is given up.
        live write_timeout: Time = RawSocketConfig::default().write_timeout.into();
    }

    /// HTTP long-polling.
    pub struct LongPoll: "listen.long_poll" {
        /// The path under which `open`, `receive`, `send` and `close` are.
        live path: HttpPath = HttpPath::new("/lp");
        /// The longest request body.
        live max_message: Bytes = LongPollConfig::default().max_message.into();
        /// The time that a transport may be without a request before its session is over.
        live idle_timeout: Time = LongPollConfig::default().idle_timeout.into();
        /// The time that a `receive` waits for a message before it is answered empty.
        live receive_timeout: Time = LongPollConfig::default().receive_timeout.into();
    }

    /// The web console: what happens in the server, in a browser. What somebody sees and may do there is what their session may: with
    /// `[admin]` more than the meta API tells.
    pub struct Console: "listen.console" {
        /// The path under which its pages are, and its WebSocket, with the settings of `websocket`, at `ws`.
        live path: HttpPath = HttpPath::new("/console");
        /// The routers of others that its pages may connect to, such as `"ws://127.0.0.1:9000"`. None by default: what is shown can then be
        /// sent nowhere else.
        live routers: Vec<At<Text>> = Vec::new();
    }

    /// HTTP, whatever it carries.
    pub struct Http: "listen.http" {
        /// The longest body of a request for a file, metrics or health.
        live request_bytes: Bytes = Bytes::new(REQUEST_BYTES);
        /// The time for such a request and its answer.
        live request_timeout: Time = REQUEST_TIMEOUT.into();
        /// The time from the connection to the first whole request, or the handshake of RawSocket, and for that of TLS.
        live handshake_timeout: Time = HANDSHAKE_TIMEOUT.into();
    }

    /// A folder with files.
    pub struct Files: "listen.files" {
        /// The path under which they are.
        live path: HttpPath = HttpPath::new("/");
        /// The folder. What begins with a dot, and links that lead out of it, are not served.
        live folder: FilePath;
        /// The time for which a browser may keep a file without asking again. By default it asks each time, and gets a short answer if
        /// the file is the same.
        live max_age: Time = Duration::ZERO.into();
    }

    /// The proxies in front of a listener. They say for which client they connect; nobody else is believed.
    pub struct TrustedProxies: "listen.trusted_proxies" {
        /// Their addresses, and networks such as `"10.0.0.0/8"`; `"unix:"` for whoever connects to a Unix socket.
        live addresses: Vec<At<Text>>;
        /// The header in which they write it. They have to replace what clients send there.
        live header: ProxyHeader = ProxyHeader::XForwardedFor;
    }
}
