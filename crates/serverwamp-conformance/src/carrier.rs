//! The ways in which a server can be reached, so that one test can go all of them.

use std::fmt;
use std::time::Duration;

use tungstenite::Message;

use crate::http::{Connect, Refusal};
use crate::long_poll::LongPoll;
use crate::peer::RawPeer;
use crate::rawsocket::RawSocket;
use crate::serial::{Serializer, Subprotocol};
use crate::stream::Stream;
use crate::tls::TlsClient;
use crate::wire::Wire;

/// The host name that certificates of tests are for.
pub const HOST: &str = "localhost";

/// The carriers of a session's messages over sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// WebSocket over TCP.
    WebSocket,
    /// RawSocket over TCP.
    RawSocketTcp,
    /// RawSocket over a Unix socket.
    RawSocketUnix,
    /// WebSocket over TLS.
    WebSocketTls,
    /// RawSocket over TLS.
    RawSocketTls,
    /// HTTP requests.
    LongPoll,
}

/// The addresses of one server.
#[derive(Clone, Debug)]
pub struct Places {
    /// `ws://HOST:PORT/ws`; RawSocket and long-poll are spoken at the same port.
    pub url: String,
    /// The Unix socket.
    pub unix: String,
    /// `HOST:PORT` for TLS, and a client that trusts the server.
    pub tls: Option<(String, TlsClient)>,
    /// The path below which long-poll is served.
    pub long_poll: String,
}

impl Carrier {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::WebSocket,
        Self::RawSocketTcp,
        Self::RawSocketUnix,
        Self::WebSocketTls,
        Self::RawSocketTls,
        Self::LongPoll,
    ];

    /// The subprotocols it carries: RawSocket has no batches.
    #[must_use]
    pub const fn subprotocols(self) -> &'static [Subprotocol] {
        match self {
            Self::WebSocket | Self::WebSocketTls | Self::LongPoll => &Subprotocol::ALL,
            Self::RawSocketTcp | Self::RawSocketUnix | Self::RawSocketTls => &Subprotocol::PLAIN,
        }
    }

    /// Opens a connection on which nothing has been said yet.
    ///
    /// # Panics
    ///
    /// When there is none, or the server does not want it.
    #[must_use]
    #[track_caller]
    pub fn connect(self, places: &Places, subprotocol: Subprotocol) -> RawPeer {
        let web = Connect::to(&places.url);
        let not_refused = |opened: Result<RawPeer, Refusal>| {
            opened.unwrap_or_else(|refusal| panic!("{subprotocol} is refused: {refusal:?}"))
        };
        match self {
            Self::WebSocket => not_refused(web.subprotocol(subprotocol).open()),
            Self::WebSocketTls => not_refused(web.subprotocol(subprotocol).open_on(places.secured())),
            Self::RawSocketTcp => RawSocket::over(Stream::tcp(web.address())).peer(subprotocol),
            Self::RawSocketUnix => RawSocket::over(Stream::unix(&places.unix)).peer(subprotocol),
            Self::RawSocketTls => RawSocket::over(places.secured()).peer(subprotocol),
            Self::LongPoll => LongPoll::peer(web.address(), &places.long_poll, subprotocol),
        }
    }
}

impl Places {
    /// One TCP port and nothing else.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), unix: String::new(), tls: None, long_poll: "/lp".to_owned() }
    }

    /// A connection behind its TLS handshake.
    #[track_caller]
    fn secured(&self) -> Stream {
        let (address, client) = self.tls.as_ref().expect("a server with TLS");
        client.connect(address, HOST).unwrap_or_else(|error| panic!("no TLS with {address}: {error}"))
    }
}

/// Carries messages in a way that this crate does not know, such as through memory.
pub trait Exchange: fmt::Debug + Send {
    /// Sends one message.
    ///
    /// # Errors
    ///
    /// When the connection is over.
    fn send(&mut self, message: Vec<u8>) -> Result<(), String>;

    /// The next message, or `None` when there is none within `time`.
    ///
    /// # Errors
    ///
    /// When the connection is over.
    fn receive(&mut self, time: Duration) -> Result<Option<Vec<u8>>, String>;

    /// Ends the connection.
    fn close(&mut self);
}

impl RawPeer {
    /// A peer whose messages are carried in a way of the test's own.
    #[must_use]
    pub fn over_exchange(exchange: Box<dyn Exchange>, subprotocol: Subprotocol) -> Self {
        let text = subprotocol.serializer == Serializer::Json;
        Self::over(Wire::Exchange(exchange, text), subprotocol)
    }
}

/// The bytes for an [`Exchange`], of a message that looks like one of WebSocket's to the rest of the tests.
pub(crate) fn bytes_of(message: Message) -> Result<Vec<u8>, String> {
    match message {
        Message::Text(text) => Ok(text.as_bytes().to_vec()),
        Message::Binary(bytes) => Ok(bytes.into()),
        other => Err(format!("only messages are carried, and this is {other:?}")),
    }
}
