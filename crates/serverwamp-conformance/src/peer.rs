//! A WAMP client that does exactly what a test says, and nothing by itself.
//!
//! A test reads like a transcript: [`RawPeer::send`] what the client says, [`RawPeer::expect`] what the
//! server answers. The expectations of tests are in [`crate::checks`], sessions and request ids are in
//! [`crate::requests`].

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use crate::http::{Connect, find};
use crate::serial::Subprotocol;
use crate::stream::Stream;
use crate::wire::{Unread, Wire};

/// The time that an answer may take.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// The part of the conversation that a failure shows.
const SHOWN: usize = 40;

/// The result of waiting for the next message.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// A WAMP message.
    Message(Value),
    /// The end of the connection, with the code of the server's Close frame when there was one (1005 for
    /// one without a code).
    Closed(Option<u16>),
    /// Nothing in time.
    Nothing,
}

/// A raw WAMP client over a blocking WebSocket.
#[derive(Debug)]
pub struct RawPeer {
    wire: Wire,
    subprotocol: Subprotocol,
    headers: Vec<(String, String)>,
    inbox: VecDeque<Value>,
    closed: Option<Option<u16>>,
    pub(crate) close_code: Option<u16>,
    close_reason: Option<String>,
    transcript: VecDeque<String>,
    pub(crate) last_request: u64,
}

impl RawPeer {
    /// Connects with one subprotocol.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    #[must_use]
    #[track_caller]
    pub fn connect(url: &str, subprotocol: Subprotocol) -> Self {
        match Connect::to(url).subprotocol(subprotocol).open() {
            Ok(mut peer) => {
                // It keeps the separator the test chose, which has no part in the negotiation.
                peer.subprotocol = subprotocol;
                peer
            }
            Err(refusal) => panic!("{url} refuses {subprotocol}: {refusal:?}"),
        }
    }

    pub(crate) fn from_handshake(
        stream: Stream,
        tail: Vec<u8>,
        subprotocol: Subprotocol,
        headers: Vec<(String, String)>,
    ) -> Self {
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let socket = WebSocket::from_partially_read(stream, tail, Role::Client, Some(config));
        Self { headers, ..Self::over(Wire::WebSocket(Box::new(socket)), subprotocol) }
    }

    /// A peer whose messages are carried like this.
    pub(crate) fn over(wire: Wire, subprotocol: Subprotocol) -> Self {
        Self {
            wire,
            subprotocol,
            headers: Vec::new(),
            inbox: VecDeque::new(),
            closed: None,
            close_code: None,
            close_reason: None,
            transcript: VecDeque::new(),
            last_request: 0,
        }
    }

    /// The subprotocol in use.
    #[must_use]
    pub fn subprotocol(&self) -> Subprotocol {
        self.subprotocol
    }

    /// A header of the server's answer to the handshake, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The text of the server's Close frame, when there was one.
    #[must_use]
    pub fn close_reason(&self) -> Option<&str> {
        self.close_reason.as_deref()
    }

    /// The conversation so far: its last messages.
    #[must_use]
    pub fn transcript(&self) -> String {
        let mut text = String::new();
        for line in &self.transcript {
            writeln!(text, "  {line}").expect("a String takes what is written");
        }
        text
    }

    fn note(&mut self, direction: char, what: &str) {
        if self.transcript.len() == SHOWN {
            self.transcript.pop_front();
        }
        let mut line: String = what.chars().take(500).collect();
        if line.len() < what.len() {
            line.push('…');
        }
        self.transcript.push_back(format!("{direction} {line}"));
    }

    #[track_caller]
    pub(crate) fn fail(&self, what: &str) -> ! {
        panic!("{what}\nthe conversation over {}:\n{}", self.subprotocol, self.transcript());
    }

    /// Sends one WAMP message.
    ///
    /// # Panics
    ///
    /// When the connection is closed, or the server does not read.
    #[track_caller]
    pub fn send(&mut self, message: Value) {
        self.send_batch(&[message]);
    }

    /// Sends WAMP messages in one WebSocket message.
    ///
    /// # Panics
    ///
    /// When the connection is closed, the server does not read, or the subprotocol is not batched and there
    /// are several.
    #[track_caller]
    pub fn send_batch(&mut self, messages: &[Value]) {
        if let Err(error) = self.try_send(messages) {
            self.fail(&format!("a message cannot be sent: {error}"));
        }
    }

    /// Sends WAMP messages in one WebSocket message to a server that may have gone, or may not read.
    ///
    /// # Errors
    ///
    /// When that is so.
    pub fn try_send(&mut self, messages: &[Value]) -> Result<(), String> {
        for message in messages {
            self.note('→', &message.to_string());
            // Ids that a test writes down itself and ids that are given go on from each other.
            if let (Some(16 | 32 | 34 | 48 | 64 | 66), Some(id)) = (message[0].as_u64(), message[1].as_u64())
            {
                self.last_request = id;
            }
        }
        self.wire.send(self.subprotocol.encode(messages))
    }

    /// Sends any WebSocket message.
    ///
    /// # Panics
    ///
    /// When the connection is closed, or the server does not read.
    #[track_caller]
    pub fn send_raw(&mut self, message: Message) {
        self.note('→', &format!("{message:?}"));
        if let Err(error) = self.wire.send(message) {
            self.fail(&format!("a frame cannot be sent: {error}"));
        }
    }

    /// The next message, or the end of the connection, within `time`.
    ///
    /// # Panics
    ///
    /// When it cannot be decoded.
    #[track_caller]
    pub fn next(&mut self, time: Duration) -> Arrival {
        let deadline = Instant::now() + time;
        loop {
            if let Some(message) = self.inbox.pop_front() {
                return Arrival::Message(message);
            }
            if let Some(code) = self.closed {
                return Arrival::Closed(code);
            }
            match self.read(deadline) {
                Some(Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_)) => {}
                Some(message) => match self.subprotocol.decode(&message) {
                    Ok(messages) => {
                        for message in &messages {
                            self.note('←', &message.to_string());
                        }
                        self.inbox.extend(messages);
                    }
                    Err(reason) => self.fail(&format!("the server sent what is no message: {reason}")),
                },
                None if self.closed.is_some() => {}
                None => return Arrival::Nothing,
            }
        }
    }

    /// The next WebSocket message of any kind. `None` when nothing comes in time, or the connection ends.
    pub fn next_raw(&mut self, time: Duration) -> Option<Message> {
        self.read(Instant::now() + time)
    }

    fn read(&mut self, deadline: Instant) -> Option<Message> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.closed.is_some() {
                return None;
            }
            match self.wire.read(left) {
                Ok(message) => {
                    match &message {
                        Message::Close(frame) => {
                            self.close_code = Some(frame.as_ref().map_or(1005, |frame| frame.code.into()));
                            self.close_reason = frame.as_ref().map(|frame| frame.reason.to_string());
                            self.note('←', &format!("Close {frame:?}"));
                        }
                        Message::Ping(_) | Message::Pong(_) => self.note('←', &format!("{message:?}")),
                        _ => {}
                    }
                    return Some(message);
                }
                Err(Unread::Nothing) => {}
                Err(Unread::Ended(how)) => {
                    self.note('←', &format!("end of the connection: {how}"));
                    self.closed = Some(self.close_code);
                }
                Err(Unread::Broken(what)) => {
                    self.note('←', &what);
                    self.fail("the server breaks the rules of what carries its messages");
                }
            }
        }
    }

    /// Sends a Close frame and waits for the server's. Gives its code.
    ///
    /// # Panics
    ///
    /// When a WAMP message comes in between, or the connection stays open.
    #[track_caller]
    pub fn close(&mut self, code: u16) -> Option<u16> {
        self.note('→', &format!("Close {code}"));
        self.wire.close(code);
        self.expect_closed()
    }

    /// Goes without a word.
    pub fn vanish(self) {
        if let Wire::LongPoll(transport) = self.wire {
            transport.vanish();
        }
    }

    /// Takes everything that has been received and not looked at yet.
    pub(crate) fn drain(&mut self) -> Vec<Value> {
        self.inbox.drain(..).collect()
    }

    /// Puts messages back so that they are the next to arrive.
    pub(crate) fn put_back(&mut self, messages: Vec<Value>) {
        for message in messages.into_iter().rev() {
            self.inbox.push_front(message);
        }
    }
}
