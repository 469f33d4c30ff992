//! WebSocket (RFC 6455) without I/O: the opening handshake's arithmetic, frames, compression, and WAMP's use of them.
//!
//! [`Decoder`] turns received bytes into [`Event`]s and refuses all that the RFC refuses, each with its close code.
//! The functions of [`frame`] append frames to a buffer. [`extension`] and [`deflate`] are permessage-deflate
//! (RFC 7692). [`handshake`], [`Subprotocol`] and [`batch`] are what WAMP needs around them.
//!
//! Invariant: nothing here allocates what a peer merely announces, and no bytes make anything here panic.

mod assembly;
pub mod batch;
mod close;
mod decoder;
pub mod deflate;
pub mod extension;
pub mod frame;
mod frame_part;
pub mod handshake;
mod header;
mod masking;
mod pieces;
mod plain;
mod subprotocol;
mod too_long;
pub mod upgrade;

pub use close::{Failure, is_sendable_code};
pub use decoder::{Decoder, Event};
pub use frame::Opcode;
pub use header::Role;
pub use masking::mask_frames;
pub use plain::InPlace;
pub use subprotocol::{Subprotocol, choose};
pub use too_long::TooLong;

#[cfg(test)]
mod tests;
