//! From an address to a stream that is ready for HELLO: the connection, TLS, the WebSocket's upgrade or the RawSocket handshake.
//!
//! Invariant: every step has its deadline and its own error, and nothing that a router sends before WELCOME makes the client keep more
//! than 64 KiB and a head of HTTP.

use super::address::{RouterAddress, RouterPlace, Spoken};
use super::progress::ConnectProgress;
use super::settings::ConnectSettings;
use crate::client::error::{ClientError, ConnectStep};
use crate::client::join::{OpenedTransport, TransportFault};
use crate::rt::{AnyIo, Runtime, UnknownHost, after};
use crate::transport::io::{read_exact, write_all};
use crate::transport::{Framing, Input};
use bytes::{Buf as _, BytesMut};
use futures_util::future::{Either, select};
use serverwamp_proto::auth::channel::ChannelId;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::rawsocket::{HandshakeRefusal, HandshakeRequest, MaxLength};
use serverwamp_proto::websocket::upgrade::{UpgradeRequest, Upgraded};
use serverwamp_proto::websocket::{Role, Subprotocol};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;

/// A stream, and the serializer that is spoken on it.
pub(super) struct Ready {
    pub(super) opened: OpenedTransport<AnyIo>,
    pub(super) serializer: Serializer,
}

/// Goes from an address to a transport.
pub(super) struct Connector<'a> {
    pub(super) address: &'a RouterAddress,
    pub(super) settings: &'a ConnectSettings,
    pub(super) runtime: &'a Arc<dyn Runtime>,
}

impl Connector<'_> {
    /// A transport to the router.
    pub(super) async fn open(&self) -> Result<Ready, ClientError> {
        match &self.address.spoken {
            Spoken::WebSocket { host, target } => self.open_websocket(host, target).await,
            Spoken::RawSocket => self.open_rawsocket().await,
            #[cfg(feature = "long-polling")]
            Spoken::LongPoll { host, target } => self.open_long_poll(host, target).await,
            // The address was refused.
            #[cfg(not(feature = "long-polling"))]
            Spoken::LongPoll { .. } => Err(ClientError::Settings("long-polling is not built in".to_owned())),
        }
    }

    async fn open_websocket(&self, host: &str, target: &str) -> Result<Ready, ClientError> {
        let headers = self.settings.headers();
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).expect("the operating system has random numbers");
        let request = UpgradeRequest {
            host,
            target,
            subprotocols: &self.settings.subprotocols,
            deflate: self.settings.deflate,
            headers: &headers,
            nonce,
        };
        let (mut io, channel) = self.connect().await?;
        let upgrading = self.upgrade(&mut io, &request);
        let (upgraded, received) = self.within(ConnectStep::Upgrade, upgrading).await?;
        let Upgraded { subprotocol, deflate, .. } = upgraded;
        self.tell_opened(subprotocol);
        let framing = Framing::wamp(Role::Client, subprotocol, deflate);
        let settings = self.settings.transport(true);
        let fault = TransportFault::default();
        let opened = OpenedTransport { io, framing, settings, received, channel, fault };
        Ok(Ready { opened, serializer: subprotocol.serializer })
    }

    async fn upgrade(
        &self,
        io: &mut AnyIo,
        request: &UpgradeRequest<'_>,
    ) -> Result<(Upgraded, BytesMut), ClientError> {
        let broken = |error| self.broken(ConnectStep::Upgrade, &error);
        write_all(io, &request.encode()).await.map_err(broken)?;
        let mut input = Input::new();
        let mut ended = false;
        loop {
            let answer = request.read_answer(input.received(), ended);
            let answer =
                answer.map_err(|why| ClientError::Upgrade { address: self.address.to_string(), why })?;
            if let Some(upgraded) = answer {
                input.received().advance(upgraded.size);
                return Ok((upgraded, std::mem::take(input.received())));
            }
            let read = poll_fn(|cx| input.poll_read(cx, io)).await;
            ended = match read {
                Ok(read) => read == 0,
                // A router may answer, end the connection, and not have read everything: what came counts.
                Err(_) if !input.is_empty() => true,
                Err(error) => return Err(broken(error)),
            };
        }
    }

    /// RawSocket has no offer of several serializers: the client asks for the next one on a new connection.
    async fn open_rawsocket(&self) -> Result<Ready, ClientError> {
        let mut serializers: Vec<Serializer> = Vec::new();
        for Subprotocol { serializer, .. } in &self.settings.subprotocols {
            if !serializers.contains(serializer) {
                serializers.push(*serializer);
            }
        }
        let mut refused = ClientError::Settings("no serializer is offered".to_owned());
        for serializer in serializers {
            let takes = MaxLength::within(self.settings.max_message);
            let request = HandshakeRequest { takes, serializer };
            let (mut io, channel) = self.connect().await?;
            let shaking = async {
                let broken = |error| self.broken(ConnectStep::RawSocket, &error);
                write_all(&mut io, &request.octets()).await.map_err(broken)?;
                let mut octets = [0; 4];
                read_exact(&mut io, &mut octets).await.map_err(broken)?;
                Ok(request.read_answer(octets))
            };
            let why = match self.within(ConnectStep::RawSocket, shaking).await? {
                Ok(takes) => {
                    self.tell_opened(Subprotocol::new(serializer));
                    let framing = Framing::RawSocket { serializer, takes: takes.bytes() };
                    let settings = self.settings.transport(false);
                    let (received, fault) = (BytesMut::new(), TransportFault::default());
                    let opened = OpenedTransport { io, framing, settings, received, channel, fault };
                    return Ok(Ready { opened, serializer });
                }
                Err(why) => why,
            };
            refused = ClientError::RawSocket { address: self.address.to_string(), why };
            if why != HandshakeRefusal::Refused(HandshakeRefusal::SERIALIZER) {
                break;
            }
        }
        Err(refused)
    }

    fn tell_opened(&self, Subprotocol { serializer, batched, .. }: Subprotocol) {
        self.settings.tell(ConnectProgress::Opened { serializer, batched });
    }

    /// The stream below, with TLS if the address says so, and what proofs can be bound to.
    pub(super) async fn connect(&self) -> Result<(AnyIo, Option<ChannelId>), ClientError> {
        let connecting = async {
            let connected = match &self.address.place {
                RouterPlace::Tcp { host, port } => self.runtime.connect(host, *port).await,
                RouterPlace::Unix(path) => self.runtime.connect_unix(path).await,
            };
            connected.map_err(|error| self.unconnected(&error))
        };
        let io = self.within(ConnectStep::Connect, connecting).await?;
        self.settings.tell(ConnectProgress::Connected);
        #[cfg(feature = "tls")]
        if self.address.secure {
            return self.secure(io).await;
        }
        Ok((io, None))
    }

    #[cfg(feature = "tls")]
    async fn secure(&self, io: AnyIo) -> Result<(AnyIo, Option<ChannelId>), ClientError> {
        let RouterPlace::Tcp { host, .. } = &self.address.place else { return Ok((io, None)) };
        let tls = |why| ClientError::Tls { address: self.address.to_string(), why };
        let settings = self.settings.tls.clone().unwrap_or_default();
        let shaking = async { settings.secure(io, host).await.map_err(tls) };
        let secured = self.within(ConnectStep::Tls, shaking).await?;
        self.settings.tell(ConnectProgress::Secured { can_bind: secured.1.is_some() });
        Ok(secured)
    }

    /// A step with its deadline.
    pub(super) async fn within<T>(
        &self,
        step: ConnectStep,
        future: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        let within = self.settings.step_timeout;
        let late = self.runtime.sleep_until(after(self.runtime.now(), within));
        match select(pin!(future), late).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => Err(ClientError::Late { address: self.address.to_string(), step, within }),
        }
    }

    fn unconnected(&self, error: &io::Error) -> ClientError {
        let address = self.address.to_string();
        if UnknownHost::is(error) {
            return ClientError::Dns { address, why: error.to_string() };
        }
        let advice = match error.kind() {
            io::ErrorKind::ConnectionRefused => ": start the router, or check the port",
            io::ErrorKind::NotFound => ": there is no such socket; start the router, or check the path",
            io::ErrorKind::PermissionDenied => {
                ": this user may not open the socket; change its mode or its group"
            }
            _ => "",
        };
        ClientError::Connect { address, why: format!("{error}{advice}") }
    }

    /// A connection that was lost in the middle of a step. TLS tells of some refusals only when something is read.
    fn broken(&self, step: ConnectStep, error: &io::Error) -> ClientError {
        let address = self.address.to_string();
        #[cfg(feature = "tls")]
        if let Some(why) = super::tls::refusal(error) {
            return ClientError::Tls { address, why };
        }
        let why = match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                let spoken = match self.address.spoken {
                    Spoken::WebSocket { .. } => "WebSocket",
                    Spoken::RawSocket => "RawSocket",
                    Spoken::LongPoll { .. } => "HTTP",
                };
                format!("the other side closed it: check the port, and whether {spoken} is spoken there")
            }
            _ => error.to_string(),
        };
        ClientError::Broken { address, step, why }
    }
}
