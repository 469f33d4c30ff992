//! Listeners: what is spoken at an address.

use super::{Building, Fingerprint};
use crate::model::{self, ClientCertificates, Listener, ProxyHeader, Service};
use crate::reading::At;
use serverwamp::long_poll::LongPollConfig;
use serverwamp::rawsocket::RawSocketConfig;
use serverwamp::tls::TlsConfig;
use serverwamp::websocket::{Hosts, Origins, Subprotocol, WebSocketConfig};
use serverwamp::{Application, RoutePattern, Serializer, Server, TrustedProxies, tls};
use std::hash::Hasher as _;
use std::time::Duration;

/// A listener, built.
#[derive(Debug)]
pub struct BuiltListener {
    /// What the library gets, without pages of the program.
    pub server: Server,
    /// The content of the files that it names.
    pub files: Fingerprint,
}

impl Listener {
    /// Whether this is served here.
    pub fn serves(&self, service: Service) -> bool {
        self.serve.iter().any(|served| *served.value() == service)
    }

    /// Whether sessions can be opened here.
    pub fn speaks_wamp(&self) -> bool {
        [Service::WebSocket, Service::RawSocket, Service::LongPoll, Service::Console]
            .into_iter()
            .any(|one| self.serves(one))
    }

    /// Whether requests are answered by pages of the program.
    pub fn has_pages(&self) -> bool {
        self.serves(Service::Metrics) || self.serves(Service::Health) || !self.files.is_empty()
    }
}

impl Building<'_> {
    /// The server of a listener; `pages` adds the program's own.
    pub fn listener(
        &mut self,
        app: &Application,
        listener: &Listener,
        pages: impl FnOnce(Server) -> Server,
    ) -> Option<BuiltListener> {
        self.seen = std::hash::DefaultHasher::new();
        let before = self.mistakes.errors();
        let server = pages(plain_server(app, listener));
        let server = match listener.tls.value() {
            Some(settings) => match self.tls(settings) {
                Some(tls) => server.tls(tls),
                None => server,
            },
            None => server,
        };
        if self.mistakes.errors() == before
            && let Err(error) = server.check()
        {
            for text in error.problems() {
                let _: Option<()> = self.unusable(listener.address.place(), text);
            }
        }
        let files = Fingerprint(self.seen.finish());
        (self.mistakes.errors() == before).then_some(BuiltListener { server, files })
    }

    fn tls(&mut self, settings: &model::Tls) -> Option<TlsConfig> {
        let (certificates, key) = (self.file(&settings.certificates), self.file(&settings.key));
        let authorities = settings.client_authorities.value().as_ref().map(|path| self.file(path));
        let clients = match (*settings.client_certificates, authorities) {
            (Some(ClientCertificates::Optional), Some(path)) => tls::ClientCertificates::Optional(path),
            (Some(ClientCertificates::Required), Some(path)) => tls::ClientCertificates::Required(path),
            (None, None) => tls::ClientCertificates::None,
            (Some(_), None) => {
                let place = settings.client_certificates.place();
                return self.unusable(
                    place,
                    "`client_certificates` needs `client_authorities`, which vouch for them",
                );
            }
            (None, Some(_)) => {
                let place = settings.client_authorities.place();
                return self
                    .unusable(place, "`client_authorities` has no effect without `client_certificates`");
            }
        };
        let built = TlsConfig::from_files(certificates, key)
            .client_certificates(clients)
            .check_every(settings.check_every.get())
            .build();
        self.usable(settings.certificates.place(), built)
    }
}

/// The server without what can fail.
fn plain_server(app: &Application, listener: &Listener) -> Server {
    let http = &listener.http;
    let mut server = Server::new(app.clone())
        .request_bytes(u64::try_from(http.request_bytes.count()).unwrap_or(u64::MAX))
        .request_timeout(http.request_timeout.get())
        .handshake_timeout(http.handshake_timeout.get())
        .tls_timeout(http.handshake_timeout.get());
    if let Some(proxies) = listener.trusted_proxies.value() {
        server = server.trusted_proxies(trusted(proxies));
    }
    if !listener.speaks_wamp() {
        // What load balancers ask is there if the configuration names it, and nowhere else.
        return server.without_wamp().without_health();
    }
    let websocket = listener.serves(Service::WebSocket);
    let paths: Vec<&str> =
        listener.websocket.path.iter().map(|path| path.as_str()).filter(|_| websocket).collect();
    server = server
        .paths(paths)
        .rawsocket(listener.serves(Service::RawSocket))
        .http(listener.has_requests() || listener.has_pages())
        .websocket(|config| set_websocket(listener, config))
        .rawsocket_config(|config| set_rawsocket(&listener.rawsocket, config));
    if listener.serves(Service::LongPoll) {
        server = server
            .long_poll(listener.long_poll.path.as_str())
            .long_poll_config(|config| set_long_poll(&listener.long_poll, config));
    }
    if let Some(realms) = listener.realms.value() {
        let pattern = |name: &At<crate::values::UriPattern>| {
            name.pattern().unwrap_or_else(|_| RoutePattern::from(name.as_str()))
        };
        server = server.realms(realms.iter().map(pattern));
    }
    server
}

fn set_websocket(listener: &Listener, config: &mut WebSocketConfig) {
    let settings = &listener.websocket;
    let origins: Vec<&str> = settings.origins.iter().map(|origin| origin.as_str()).collect();
    config.origins = if origins.contains(&"*") { Origins::any_origin() } else { Origins::listed(origins) };
    if !settings.hosts.is_empty() {
        config.hosts = Hosts::listed(settings.hosts.iter().map(|host| host.as_str()));
    } else if listener.serves(Service::Console) {
        // A page that gives its own name this address (DNS rebinding) must not look at the server from the browser of an operator.
        config.hosts = Hosts::loopback().and_ip_literals();
    }
    if let Some(chosen) = settings.subprotocols.value() {
        config.subprotocols = chosen.iter().map(|one| subprotocol(*one.value())).collect();
    }
    config.max_message = settings.max_message.count();
    config.ping_interval = settings.ping_interval.get();
    config.ping_timeout = settings.ping_timeout.get();
    config.write_timeout = settings.write_timeout.get();
    config.close_timeout = settings.close_timeout.get();
    config.deflate = *settings.deflate;
}

const fn subprotocol(chosen: model::Subprotocol) -> Subprotocol {
    use model::Subprotocol as Chosen;
    match chosen {
        Chosen::Json => Subprotocol::new(Serializer::Json),
        Chosen::MsgPack => Subprotocol::new(Serializer::MessagePack),
        Chosen::Cbor => Subprotocol::new(Serializer::Cbor),
        Chosen::JsonBatched => Subprotocol::new(Serializer::Json).batched(),
        Chosen::MsgPackBatched => Subprotocol::new(Serializer::MessagePack).batched(),
        Chosen::CborBatched => Subprotocol::new(Serializer::Cbor).batched(),
    }
}

fn set_rawsocket(settings: &model::RawSocket, config: &mut RawSocketConfig) {
    if let Some(chosen) = settings.serializers.value() {
        let serializer = |one: &At<model::Serializer>| match one.value() {
            model::Serializer::Json => Serializer::Json,
            model::Serializer::MsgPack => Serializer::MessagePack,
            model::Serializer::Cbor => Serializer::Cbor,
        };
        config.serializers = chosen.iter().map(serializer).collect();
    }
    config.max_message = settings.max_message.count();
    config.ping_interval = settings.ping_interval.map_or(Duration::MAX, |time| time.get());
    config.ping_timeout = settings.ping_timeout.get();
    config.write_timeout = settings.write_timeout.get();
}

fn set_long_poll(settings: &model::LongPoll, config: &mut LongPollConfig) {
    config.max_message = settings.max_message.count();
    config.idle_timeout = settings.idle_timeout.get();
    config.receive_timeout = settings.receive_timeout.get();
}

fn trusted(proxies: &model::TrustedProxies) -> TrustedProxies {
    let addresses = proxies.addresses.iter().map(|address| address.as_str());
    match *proxies.header {
        ProxyHeader::XForwardedFor => TrustedProxies::x_forwarded_for(addresses),
        ProxyHeader::Forwarded => TrustedProxies::forwarded(addresses),
        ProxyHeader::ProxyProtocol => TrustedProxies::proxy_protocol(addresses),
    }
}
