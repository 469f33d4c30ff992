//! `[[listen]]`: an address, and what is spoken there.

use crate::reading::At;
use crate::section::{defaults, section};
use crate::values::{Address, Bytes, FilePath, Mode, Positive, RealmName, Text, Time, choice};
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

    /// Where a proxy writes whom a request is of.
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
        /// What is served: `"websocket"`, `"rawsocket"`, `"long-poll"`, `"metrics"`, `"health"`. Keep the last two from the public.
        restart serve: Vec<At<Service>> = vec![At::default_of(Service::WebSocket), At::default_of(Service::RawSocket)];
        /// The certificate of the server. Without it there is no TLS.
        restart tls: Option<Tls> = None;
        /// WebSockets.
        restart websocket: WebSocket = defaults();
        /// RawSocket.
        restart rawsocket: RawSocket = defaults();
        /// Long-polling.
        restart long_poll: LongPoll = defaults();
        /// HTTP before it is one of these.
        restart http: Http = defaults();
        /// Folders with files that are served at paths of their own: a page and its socket from one server.
        restart files: Vec<At<Files>> = Vec::new();
        /// The realms that can be joined here. All by default. Others are answered as if they did not exist.
        restart realms: Option<Vec<At<RealmName>>> = None;
        /// The proxies before this listener, which are believed who a client is.
        restart trusted_proxies: Option<TrustedProxies> = None;
    }

    /// The certificate of the server, and whether it asks for those of clients.
    pub struct Tls: "listen.tls" {
        /// The file with the certificate of the server, then those that lead to its authority, in PEM.
        restart certificates: FilePath;
        /// The file with the key, in PEM, not encrypted.
        restart key: FilePath;
        /// Whether clients are asked for a certificate. By default they are not.
        restart client_certificates: Option<ClientCertificates> = None;
        /// The file with the authorities that vouch for clients' certificates, in PEM.
        restart client_authorities: Option<FilePath> = None;
        /// How often the files are looked at, so that a renewed certificate is used without a reload: renewing is a matter of days, and
        /// looking costs little.
        restart check_every: Time = Duration::from_secs(5).into();
    }

    /// WebSockets: paths, pages that may connect, and bounds.
    pub struct WebSocket: "listen.websocket" {
        /// The path of the WebSocket.
        restart path: Text = Text::new("/ws");
        /// The web pages that may connect, such as `"https://app.example.com"` and `"https://*.example.com"`, beside those of the same
        /// host. `"*"` is any page: safe only where neither cookies nor client certificates tell who a user is.
        restart origins: Vec<At<Text>> = Vec::new();
        /// The hosts that requests may be for. Any by default. List them where who reaches the server is trusted for that, as on a
        /// machine of one's own: a page that gives its own name the server's address is then refused.
        restart hosts: Vec<At<Text>> = Vec::new();
        /// The subprotocols that may be chosen. All by default: supporting one costs nothing while no client asks for it.
        restart subprotocols: Option<Vec<At<Subprotocol>>> = None;
        /// The longest message, after decompression. A longer one closes the connection with code 1009.
        restart max_message: Bytes = WebSocketConfig::default().max_message.into();
        /// The time that a peer may be silent before it is pinged: below the idle limits of common proxies.
        restart ping_interval: Time = WebSocketConfig::default().ping_interval.into();
        /// The time that a pinged peer may stay silent before it is given up.
        restart ping_timeout: Time = WebSocketConfig::default().ping_timeout.into();
        /// The time that a peer may read nothing of what is being written before it is given up.
        restart write_timeout: Time = WebSocketConfig::default().write_timeout.into();
        /// The time to wait for the peer's half of the closing handshake.
        restart close_timeout: Time = WebSocketConfig::default().close_timeout.into();
        /// Whether messages of 1 KiB and more are compressed when the client offers it. Compressing costs several times more than
        /// everything else that is done for a message, so it pays only where bandwidth is dearer than processors.
        restart deflate: bool = false;
    }

    /// RawSocket.
    pub struct RawSocket: "listen.rawsocket" {
        /// The serializers that may be asked for. All by default.
        restart serializers: Option<Vec<At<Serializer>>> = None;
        /// The longest message. The handshake can only say powers of two from 512 bytes to 16 MiB, so the next lower one counts.
        restart max_message: Bytes = RawSocketConfig::default().max_message.into();
        /// The time that a peer may be silent before it is pinged. Never by default: there are clients in use that end the connection
        /// when they are pinged, and the operating system notices a dead peer as well.
        restart ping_interval: Option<Time> = None;
        /// The time that a pinged peer may stay silent before it is given up.
        restart ping_timeout: Time = RawSocketConfig::default().ping_timeout.into();
        /// The time that a peer may read nothing of what is being written before it is given up.
        restart write_timeout: Time = RawSocketConfig::default().write_timeout.into();
    }

    /// HTTP long-polling.
    pub struct LongPoll: "listen.long_poll" {
        /// The path under which `open`, `receive`, `send` and `close` are.
        restart path: Text = Text::new("/lp");
        /// The longest request body.
        restart max_message: Bytes = LongPollConfig::default().max_message.into();
        /// The time that a transport may be without a request before its session is over.
        restart idle_timeout: Time = LongPollConfig::default().idle_timeout.into();
        /// The time that a `receive` waits for a message before it is answered empty.
        restart receive_timeout: Time = LongPollConfig::default().receive_timeout.into();
    }

    /// HTTP, whatever it carries.
    pub struct Http: "listen.http" {
        /// The longest body of a request for a file, metrics or health.
        restart request_bytes: Bytes = Bytes::new(REQUEST_BYTES);
        /// The time for such a request and its answer.
        restart request_timeout: Time = REQUEST_TIMEOUT.into();
        /// The time from the connection to the first whole request, or the handshake of RawSocket, and for that of TLS.
        restart handshake_timeout: Time = HANDSHAKE_TIMEOUT.into();
    }

    /// A folder with files.
    pub struct Files: "listen.files" {
        /// The path under which they are.
        restart path: Text = Text::new("/");
        /// The folder. What begins with a dot, and links that lead out of it, are not served.
        restart folder: FilePath;
        /// The time that browsers may keep a file without asking.
        restart max_age: Time = Duration::ZERO.into();
    }

    /// The proxies before a listener. They are believed who a client is, and nobody else is.
    pub struct TrustedProxies: "listen.trusted_proxies" {
        /// Their addresses, and networks such as `"10.0.0.0/8"`; `"unix:"` for whoever connects to a Unix socket.
        restart addresses: Vec<At<Text>>;
        /// Where they write it. They have to replace what clients send there.
        restart header: ProxyHeader = ProxyHeader::XForwardedFor;
    }
}

/// The listeners that there are at most: each has threads' attention and a file.
pub const MOST_LISTENERS: Positive = Positive::new(64);
