//! RawSocket, WAMP's own transport over byte streams: four octets of handshake, four octets before each message.
//!
//! Specification: Advanced Profile, "RawSocket Transport".
//!
//! Invariant: nothing here believes an announced length beyond the limit, and nothing here panics.

mod decoder;
pub mod frame;
mod handshake;

pub use decoder::{Decoder, Event, Failure, TooLong};
pub use frame::FrameKind;
pub use handshake::{HandshakeError, HandshakeRefusal, HandshakeRequest, MAGIC, MaxLength, accept};

#[cfg(test)]
mod tests;
