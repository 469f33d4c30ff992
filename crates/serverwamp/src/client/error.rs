//! Why a client did not get a session: one variant for each thing that can go wrong between an address and WELCOME.

use crate::base::error::WampError;
use crate::rt::Unavailable;
use serverwamp_proto::rawsocket::HandshakeRefusal;
use serverwamp_proto::websocket::upgrade::UpgradeError;
use std::fmt;
use std::time::Duration;

/// Why a client did not get a session. Its text says what failed, where, and what to do. `Debug` says the same as
/// `Display`: it is what Rust prints of an error that `main` returns.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The runtime cannot run a client where this was called.
    #[error("no client can run here: {0}")]
    Runtime(Unavailable),
    /// The address leads nowhere.
    #[error("{address:?} is no address of a router: {why}")]
    Address {
        /// The address, without what stands behind a question mark.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// The settings do not fit together.
    #[error("the client's settings cannot be used: {0}")]
    Settings(String),
    /// The application has no credentials for this connection.
    #[error("there are no credentials for {address}: {why}")]
    Login {
        /// The router.
        address: String,
        /// The application's own error.
        why: String,
    },
    /// The router's name has no address.
    #[error(
        "the host of {address} is unknown ({why}): check the name, and whether this machine can look names up"
    )]
    Dns {
        /// The router.
        address: String,
        /// The look-up's error.
        why: String,
    },
    /// There is no connection to the router's port or socket.
    #[error("no connection to {address}: {why}")]
    Connect {
        /// The router.
        address: String,
        /// The system's error, and what to do.
        why: String,
    },
    /// TLS was refused, by either side.
    #[error("no TLS with {address}: {why}")]
    Tls {
        /// The router.
        address: String,
        /// Why, and what to do.
        why: String,
    },
    /// The HTTP request that opens a WebSocket was not answered as it must be.
    #[error("no WebSocket at {address}: {why}")]
    Upgrade {
        /// The router.
        address: String,
        /// What is wrong with the answer.
        why: UpgradeError,
    },
    /// No long-polling transport was opened.
    #[error("no long-polling at {address}: {why}")]
    LongPoll {
        /// The router.
        address: String,
        /// What is wrong with the answer, and what to do.
        why: String,
    },
    /// The RawSocket handshake was not answered as it must be.
    #[error("no RawSocket at {address}: {why}")]
    RawSocket {
        /// The router.
        address: String,
        /// What is wrong with the answer.
        why: HandshakeRefusal,
    },
    /// The connection was lost in the middle of a step.
    #[error("the connection to {address} was lost during {step}: {why}")]
    Broken {
        /// The router.
        address: String,
        /// The step.
        step: ConnectStep,
        /// The system's error.
        why: String,
    },
    /// A step took too long.
    #[error("{step} with {address} took longer than {within:?}: nobody answers there, or too slowly")]
    Late {
        /// The router.
        address: String,
        /// The step.
        step: ConnectStep,
        /// The time that it had.
        within: Duration,
    },
    /// The router refused the session with ABORT: its reason as the error's URI, its text as the message.
    #[error("the router refused the session: {0}")]
    Refused(WampError),
    /// The challenge of the router cannot be answered.
    #[error("the router's challenge by method {method:?} cannot be answered: {why}")]
    Challenge {
        /// The method, as CHALLENGE names it.
        method: String,
        /// Why, and what to do.
        why: String,
    },
    /// The router has not proved that it is the right one.
    #[error("the router has not proved that it is the right one, and may be somebody else: {0}")]
    RouterProof(String),
    /// There was no session in time.
    #[error("there was no WELCOME within {0:?}: the router is too slow, or waits for something")]
    Timeout(Duration),
    /// The router broke the protocol.
    #[error("the router broke the protocol: {0}")]
    Protocol(String),
    /// The transport ended before there was a session.
    #[error("the transport ended before the session began: {0}")]
    Lost(String),
}

/// A step on the way to a session, each of which has its deadline.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConnectStep {
    /// The application provides credentials.
    Login,
    /// The name is looked up, and the connection established.
    Connect,
    /// The handshake of TLS.
    Tls,
    /// The HTTP request that opens a WebSocket, or a long-polling transport.
    Upgrade,
    /// The handshake of RawSocket.
    RawSocket,
}

impl fmt::Debug for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ConnectStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Login => "the choice of credentials",
            Self::Connect => "the connection",
            Self::Tls => "the TLS handshake",
            Self::Upgrade => "the HTTP request",
            Self::RawSocket => "the RawSocket handshake",
        })
    }
}
