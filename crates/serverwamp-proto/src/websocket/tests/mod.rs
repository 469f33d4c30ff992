//! Tests of the WebSocket core, and what they share: a client's frames and a way to decode a whole stream.

mod batch;
mod deflate;
mod extension;
mod handshake;
mod messages;
mod oracle;
mod pieces;
mod splits;
mod too_long;
mod too_long_apart;
mod upgrade;
mod violations;
mod writing;

use bytes::BytesMut;

use super::frame::push_masked;
use super::{Decoder, Event, Failure, Opcode, Role};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const LIMIT: usize = 100_000;

/// One frame as a client sends it.
fn client_frame(opcode: Opcode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_masked(opcode, fin, false, KEY, payload, &mut out);
    out
}

/// Decodes `bytes`, given to the decoder in pieces of `piece` bytes.
fn decode_in_pieces(mut decoder: Decoder, bytes: &[u8], piece: usize) -> (Vec<Event>, Option<Failure>) {
    let mut buf = BytesMut::new();
    let mut events = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        buf.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buf) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(failure) => return (events, Some(failure)),
            }
        }
    }
    (events, None)
}

fn server() -> Decoder {
    Decoder::new(Role::Server, LIMIT)
}

fn decode(bytes: &[u8]) -> (Vec<Event>, Option<Failure>) {
    decode_in_pieces(server(), bytes, bytes.len())
}
