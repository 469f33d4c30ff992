//! WAMP over HTTP long-poll as a client speaks it: one connection for what it sends, one on which it waits.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::Message;

use crate::http::{find, parse_head};
use crate::peer::{DEADLINE, RawPeer};
use crate::serial::{Serializer, Subprotocol};
use crate::stream::Stream;
use crate::wire::{Unread, Wire, message, read_more, write_all};

/// A connection on which nothing was asked for so long may have been closed.
const RESTED: Duration = Duration::from_secs(1);

/// An HTTP/1.1 connection that stays open from request to request.
#[derive(Debug)]
pub struct Http {
    stream: Stream,
    received: Vec<u8>,
    used: Instant,
}

/// An answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name, given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as JSON, `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Returns whether the status is one of success.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status / 100 == 2
    }
}

impl Http {
    /// Speaks over `stream`; nothing is sent yet.
    #[must_use]
    pub fn over(stream: Stream) -> Self {
        Self { stream, received: Vec::new(), used: Instant::now() }
    }

    /// Sends a request, and does not wait.
    ///
    /// # Errors
    ///
    /// When the stream does not take it.
    pub fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<()> {
        let mut bytes =
            format!("{method} {target} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            bytes += &format!("{name}: {value}\r\n");
        }
        bytes += "\r\n";
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(body);
        self.used = Instant::now();
        write_all(&mut self.stream, &bytes)
    }

    /// The answer to the oldest request that has none yet. `None` when it does not come in time.
    ///
    /// # Errors
    ///
    /// When the connection ends before.
    pub fn response(&mut self, time: Duration) -> Result<Option<Response>, String> {
        let deadline = Instant::now() + time;
        loop {
            if let Some(response) = self.take_response()? {
                return Ok(Some(response));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            match read_more(&mut self.stream, &mut self.received, left) {
                Ok(()) | Err(Unread::Nothing) => {}
                Err(Unread::Ended(how) | Unread::Broken(how)) => return Err(how),
            }
        }
    }

    fn take_response(&mut self) -> Result<Option<Response>, String> {
        let Some(end) = self.received.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = String::from_utf8_lossy(&self.received[..end]).into_owned();
        let (status, headers) = parse_head(&head);
        let length = match find(&headers, "content-length").map(str::parse::<usize>) {
            Some(Ok(length)) => length,
            None if status == 204 => 0,
            _ => return Err(format!("an answer whose length is not said: {head}")),
        };
        let end = end + 4;
        if self.received.len() < end + length {
            return Ok(None);
        }
        let body = self.received[end..end + length].to_vec();
        self.received.drain(..end + length);
        Ok(Some(Response { status, headers, body }))
    }

    /// Returns whether the server has closed the connection, as it may when nothing is asked for some time.
    fn is_over(&mut self) -> bool {
        self.used.elapsed() > RESTED
            && matches!(
                read_more(&mut self.stream, &mut self.received, Duration::from_millis(1)),
                Err(Unread::Ended(_))
            )
    }

    /// Posts, and waits for the answer.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[track_caller]
    pub fn post(&mut self, target: &str, body: &[u8]) -> Response {
        self.request("POST", target, &[], body).expect("the request is sent");
        match self.response(DEADLINE) {
            Ok(Some(response)) => response,
            other => panic!("POST {target} is not answered: {other:?}"),
        }
    }
}

/// An open transport.
#[derive(Debug)]
pub struct LongPoll {
    address: String,
    sending: Http,
    receiving: Http,
    /// The path of the transport, its id at the end.
    path: String,
    text: bool,
    is_waiting: bool,
    /// Whether its end is said to the server.
    says_goodbye: bool,
}

impl LongPoll {
    /// Opens a transport at the service below the path `base` of `HOST:PORT`.
    ///
    /// # Panics
    ///
    /// When the server does not open it.
    #[must_use]
    #[track_caller]
    pub fn open(address: &str, base: &str, subprotocol: Subprotocol) -> Self {
        let mut sending = Http::over(Stream::tcp(address));
        let body = json!({ "protocols": [subprotocol.name()] }).to_string();
        let opened = sending.post(&format!("{base}/open"), body.as_bytes());
        assert_eq!(
            (opened.status, &opened.json()["protocol"]),
            (200, &json!(subprotocol.name())),
            "{opened:?}"
        );
        let answer = opened.json();
        let id = answer["transport"].as_str().expect("the transport's id");
        Self {
            address: address.to_owned(),
            sending,
            receiving: Http::over(Stream::tcp(address)),
            path: format!("{base}/{id}"),
            text: subprotocol.serializer == Serializer::Json,
            is_waiting: false,
            says_goodbye: true,
        }
    }

    /// Opens a transport and goes on as a peer.
    ///
    /// # Panics
    ///
    /// When the server does not open it.
    #[must_use]
    #[track_caller]
    pub fn peer(address: &str, base: &str, subprotocol: Subprotocol) -> RawPeer {
        RawPeer::over(Wire::LongPoll(Self::open(address, base, subprotocol)), subprotocol)
    }

    /// The path of the transport, its id at the end.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Posts to one of the transport's operations on the connection for sending, and waits for the answer.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[track_caller]
    pub fn post(&mut self, operation: &str, body: &[u8]) -> Response {
        self.renew();
        self.sending.post(&format!("{}/{operation}", self.path), body)
    }

    /// The response that arrives within `time`, waiting for it if it is not there yet. `None` when none has; then the request
    /// stays open, and this can be called again.
    ///
    /// # Errors
    ///
    /// When the connection ends.
    pub fn receive(&mut self, time: Duration) -> Result<Option<Response>, String> {
        if !self.is_waiting {
            self.renew();
            let target = format!("{}/receive", self.path);
            self.receiving.request("POST", &target, &[], b"").map_err(|error| error.to_string())?;
            self.is_waiting = true;
        }
        let received = self.receiving.response(time);
        self.is_waiting = matches!(received, Ok(None));
        received
    }

    /// Opens the connections anew that the server has closed, unless it is gone.
    fn renew(&mut self) {
        let idle = (!self.is_waiting).then_some(&mut self.receiving);
        for http in [Some(&mut self.sending), idle].into_iter().flatten() {
            if http.is_over()
                && let Ok(stream) = Stream::try_tcp(&self.address)
            {
                *http = Http::over(stream);
            }
        }
    }

    /// Goes without a word: the server has to notice that nobody asks any more.
    pub fn vanish(mut self) {
        self.says_goodbye = false;
    }

    pub(crate) fn send(&mut self, message: &Message) -> Result<(), String> {
        let body = match message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
            other => return Err(format!("long-poll has no {other:?}")),
        };
        let target = format!("{}/send", self.path);
        self.renew();
        self.sending.request("POST", &target, &[], body).map_err(|error| error.to_string())?;
        match self.sending.response(2 * DEADLINE)? {
            None => Err("the server takes too long to read".to_owned()),
            Some(response) if matches!(response.status, 404 | 413) => {
                Err(format!("{}: {}", response.status, String::from_utf8_lossy(&response.body)))
            }
            // A fault in a message is answered on the session, as on every carrier.
            Some(_) => Ok(()),
        }
    }

    pub(crate) fn read(&mut self, time: Duration) -> Result<Message, Unread> {
        let response = self.receive(time).map_err(Unread::Ended)?.ok_or(Unread::Nothing)?;
        match response.status {
            404 => Err(Unread::Ended("the transport is closed".to_owned())),
            200 | 204 if response.body.is_empty() => Err(Unread::Nothing),
            200 => message(response.body, self.text),
            _ => Err(Unread::Broken(format!("{response:?}"))),
        }
    }

    pub(crate) fn close(&mut self) {
        // A server that closed first knows the transport no more.
        let _known_or_not = self.post("close", b"");
        self.says_goodbye = false;
    }
}

/// As a browser does when its page is left.
impl Drop for LongPoll {
    fn drop(&mut self) {
        if self.says_goodbye {
            let target = format!("{}/close", self.path);
            // A request whose connection closes before the answer may not be read. A server that is gone does not need it.
            let sent = self.sending.request("POST", &target, &[], b"");
            drop(sent.map(|()| self.sending.response(DEADLINE)));
        }
    }
}
