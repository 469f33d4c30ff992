//! Drives a serverwamp *process* from outside, as its users' clients do.
//!
//! Nothing in here shares code with the server: messages are converted by other libraries, frames are made
//! by another WebSocket implementation, and a running server is known only by its address, its output and
//! its exit status. These tests see what a client sees.
//!
//! ```no_run
//! use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol, binary};
//! use serde_json::json;
//!
//! let server = ServerProcess::start(&binary::cli(), &["dev", "--listen", "127.0.0.1:0"], &[]);
//! let mut peer = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
//! peer.send(json!([48, 1, {}, "demo.add", [2, 3]]));
//! peer.expect(json!([50, 1, {}, [5]]));
//! ```

pub mod auth;
pub mod binary;
pub mod carrier;
pub mod checks;
pub mod client;
pub mod cryptosign;
pub mod expect;
pub mod harness;
pub mod http;
pub mod interop;
pub mod long_poll;
pub mod namespace;
pub mod nats;
pub mod nginx;
pub mod output;
pub mod peer;
pub mod process;
pub mod proxy;
pub mod rawsocket;
pub mod requests;
pub mod router;
pub mod scram;
pub mod serial;
pub mod stream;
pub mod tcp;
pub mod tls;
pub mod transcript;
mod wire;

pub use carrier::{Carrier, Exchange, Places};
pub use expect::{difference, matches};
pub use http::{Connect, Refusal};
pub use long_poll::{Http, LongPoll};
pub use namespace::Network;
pub use nats::{NatsCluster, NatsServer};
pub use nginx::Nginx;
pub use peer::{Arrival, DEADLINE, RawPeer};
pub use process::{ServerProcess, Signal};
pub use rawsocket::RawSocket;
pub use serial::{Serializer, Subprotocol};
pub use stream::Stream;
pub use tcp::RawTcp;
pub use tls::{Authority, TlsClient};
pub use transcript::{Tongues, Transcript};
