//! The carriers of a peer's messages. To the rest of the tests all of them look like WebSocket messages.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tungstenite::{Error, Message, WebSocket, error::ProtocolError};

use crate::carrier::{Exchange, bytes_of};
use crate::long_poll::LongPoll;
use crate::rawsocket::RawSocket;
use crate::stream::Stream;

/// The carrier of one peer.
#[derive(Debug)]
pub(crate) enum Wire {
    WebSocket(Box<WebSocket<Stream>>),
    RawSocket(RawSocket),
    LongPoll(LongPoll),
    /// Whether messages are text stands beside it.
    Exchange(Box<dyn Exchange>, bool),
}

/// Why nothing was read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// There was nothing in time.
    Nothing,
    /// The connection is over, in a way that is allowed.
    Ended(String),
    /// The server broke the carrier's rules.
    Broken(String),
}

impl Wire {
    pub(crate) fn send(&mut self, message: Message) -> Result<(), String> {
        match self {
            Self::WebSocket(socket) => socket.send(message).map_err(|error| error.to_string()),
            Self::RawSocket(socket) => socket.send(&message).map_err(|error| error.to_string()),
            Self::LongPoll(transport) => transport.send(&message),
            Self::Exchange(exchange, _) => bytes_of(message).and_then(|message| exchange.send(message)),
        }
    }

    /// The next message, or why there is none within `time`.
    pub(crate) fn read(&mut self, time: Duration) -> Result<Message, Unread> {
        match self {
            Self::WebSocket(socket) => {
                socket.get_ref().set_read_timeout(time);
                socket.read().map_err(|error| match error {
                    Error::Io(error) if is_pause(&error) => Unread::Nothing,
                    error if is_end(&error) => Unread::Ended(error.to_string()),
                    error => Unread::Broken(error.to_string()),
                })
            }
            Self::RawSocket(socket) => socket.read(time),
            Self::LongPoll(transport) => transport.read(time),
            Self::Exchange(exchange, text) => match exchange.receive(time) {
                Ok(Some(payload)) => message(payload, *text),
                Ok(None) => Err(Unread::Nothing),
                Err(how) => Err(Unread::Ended(how)),
            },
        }
    }

    /// Ends the connection from this side.
    pub(crate) fn close(&mut self, code: u16) {
        match self {
            Self::WebSocket(socket) => {
                let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
                // A server that closes first has nothing to read any more.
                drop(socket.close(Some(frame)));
            }
            Self::RawSocket(socket) => socket.end(),
            Self::LongPoll(transport) => transport.close(),
            Self::Exchange(exchange, _) => exchange.close(),
        }
    }
}

/// A message as WebSocket has it.
pub(crate) fn message(payload: Vec<u8>, text: bool) -> Result<Message, Unread> {
    if !text {
        return Ok(Message::binary(payload));
    }
    match String::from_utf8(payload) {
        Ok(text) => Ok(Message::text(text)),
        Err(_) => Err(Unread::Broken("a message that is not UTF-8".to_owned())),
    }
}

pub(crate) fn is_pause(error: &std::io::Error) -> bool {
    use ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// Reads once into the end of `buffer`.
pub(crate) fn read_more(stream: &mut Stream, buffer: &mut Vec<u8>, time: Duration) -> Result<(), Unread> {
    stream.set_read_timeout(time);
    let mut chunk = [0; 16 * 1024];
    match stream.read(&mut chunk) {
        Ok(0) => Err(Unread::Ended("end of the stream".to_owned())),
        Ok(length) => {
            buffer.extend_from_slice(&chunk[..length]);
            Ok(())
        }
        Err(error) if is_pause(&error) => Err(Unread::Nothing),
        Err(error) => Err(Unread::Ended(error.to_string())),
    }
}

/// Writes all of `bytes`.
pub(crate) fn write_all(stream: &mut Stream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}

fn is_end(error: &Error) -> bool {
    matches!(
        error,
        Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Io(_)
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
    )
}
