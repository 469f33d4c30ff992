//! The opening handshake, written by hand so that a test controls every header of it.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use tungstenite::handshake::derive_accept_key;

use crate::peer::{DEADLINE, RawPeer};
use crate::serial::Subprotocol;
use crate::stream::Stream;
use crate::wire::write_all;

/// The key of every handshake: its answer is known, and requests are the same in each run.
const KEY: &str = "c2VydmVyd2FtcC10ZXN0IQ==";

/// A WebSocket handshake in the making.
///
/// ```no_run
/// use serverwamp_conformance::{Connect, Subprotocol};
///
/// let peer = Connect::to("ws://127.0.0.1:8080/ws")
///     .subprotocol(Subprotocol::CBOR)
///     .header("Origin", "https://example.com")
///     .header("Cookie", "user=joe")
///     .path("/ws?token=1")
///     .open()
///     .expect("the server accepts this origin");
/// ```
#[derive(Clone, Debug)]
pub struct Connect {
    address: String,
    target: String,
    subprotocols: Vec<String>,
    headers: Vec<(String, String)>,
    without: Vec<String>,
}

/// An answer to a handshake that is not 101.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Refusal {
    /// The first header of this name, given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

impl Connect {
    /// A handshake with the server at this URL, offering no subprotocol yet.
    #[must_use]
    pub fn to(url: &str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_scheme, rest)| rest);
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        Self {
            address: address.to_owned(),
            target: format!("/{path}"),
            subprotocols: Vec::new(),
            headers: Vec::new(),
            without: Vec::new(),
        }
    }

    /// Offers one subprotocol more.
    #[must_use]
    pub fn subprotocol(self, subprotocol: Subprotocol) -> Self {
        self.subprotocols(&[subprotocol.name()])
    }

    /// Offers subprotocols by name, in this order.
    #[must_use]
    pub fn subprotocols(mut self, names: &[&str]) -> Self {
        self.subprotocols.extend(names.iter().map(|name| (*name).to_owned()));
        self
    }

    /// Adds a header; one that the handshake would have anyhow is replaced.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves out a header that the handshake would have.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.without.push(name.to_owned());
        self
    }

    /// Asks for another path, which may have a query.
    #[must_use]
    pub fn path(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    /// `HOST:PORT` of the server.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The request as it is sent.
    #[must_use]
    pub fn request(&self) -> Vec<u8> {
        let offered = self.subprotocols.join(", ");
        let mut usual = vec![
            ("Host", self.address.as_str()),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", KEY),
        ];
        if !offered.is_empty() {
            usual.push(("Sec-WebSocket-Protocol", &offered));
        }
        let named = |name: &str| {
            let own = self.headers.iter().map(|(own, _)| own).chain(&self.without);
            own.into_iter().any(|own| own.eq_ignore_ascii_case(name))
        };
        let mut text = format!("GET {} HTTP/1.1\r\n", self.target);
        for (name, value) in usual.into_iter().filter(|(name, _)| !named(name)) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        (text + "\r\n").into_bytes()
    }

    /// Makes the handshake.
    ///
    /// # Errors
    ///
    /// With the server's answer, when it is not 101.
    ///
    /// # Panics
    ///
    /// When there is no connection, no answer, or a 101 that breaks RFC 6455.
    #[track_caller]
    pub fn open(&self) -> Result<RawPeer, Refusal> {
        self.open_on(Stream::tcp(&self.address))
    }

    /// Makes the handshake on a connection that is there already.
    ///
    /// # Errors
    ///
    /// With the server's answer, when it is not 101.
    ///
    /// # Panics
    ///
    /// When there is no answer, or a 101 that breaks RFC 6455.
    #[track_caller]
    pub fn open_on(&self, mut stream: Stream) -> Result<RawPeer, Refusal> {
        write_all(&mut stream, &self.request()).expect("the request is sent");
        let (head, tail) = read_head(&mut stream, DEADLINE)
            .unwrap_or_else(|reason| panic!("no answer to the handshake with {}: {reason}", self.address));
        let (status, headers) = parse_head(&head);
        if status != 101 {
            let body = read_body(&mut stream, &headers, tail);
            return Err(Refusal { status, headers, body });
        }
        let accept = derive_accept_key(KEY.as_bytes());
        assert_eq!(find(&headers, "sec-websocket-accept"), Some(accept.as_str()), "in {headers:?}");
        let chosen = find(&headers, "sec-websocket-protocol");
        if let Some(chosen) = chosen {
            assert!(self.subprotocols.iter().any(|offered| offered == chosen), "{chosen} was not offered");
        } else {
            assert!(self.subprotocols.is_empty(), "none of {:?} was chosen", self.subprotocols);
        }
        let subprotocol = chosen.and_then(Subprotocol::named).unwrap_or(Subprotocol::JSON);
        Ok(RawPeer::from_handshake(stream, tail, subprotocol, headers))
    }
}

pub(crate) fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Reads a response's head; the bytes after it are the second value.
pub(crate) fn read_head(stream: &mut Stream, time: Duration) -> Result<(String, Vec<u8>), String> {
    let deadline = Instant::now() + time;
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let tail = bytes.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), tail));
        }
        match read_some(stream, deadline) {
            Ok(chunk) if chunk.is_empty() => {
                return Err(format!("closed after {:?}", String::from_utf8_lossy(&bytes)));
            }
            Ok(chunk) => bytes.extend(chunk),
            Err(reason) => return Err(format!("{reason} after {:?}", String::from_utf8_lossy(&bytes))),
        }
    }
}

/// The next bytes to arrive, empty at the end of the stream.
pub(crate) fn read_some(stream: &mut Stream, deadline: Instant) -> Result<Vec<u8>, String> {
    let mut chunk = vec![0; 16 * 1024];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("time is up".to_owned());
        }
        stream.set_read_timeout(left);
        match stream.read(&mut chunk) {
            Ok(length) => {
                chunk.truncate(length);
                return Ok(chunk);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

pub(crate) fn parse_head(head: &str) -> (u16, Vec<(String, String)>) {
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    (status.unwrap_or_else(|| panic!("this is no HTTP response: {head:?}")), headers)
}

fn read_body(stream: &mut Stream, headers: &[(String, String)], mut body: Vec<u8>) -> String {
    let length = find(headers, "content-length").and_then(|length| length.parse::<usize>().ok());
    let deadline = Instant::now() + DEADLINE;
    while length.is_none_or(|length| body.len() < length) {
        match read_some(stream, deadline) {
            Ok(chunk) if !chunk.is_empty() => body.extend(chunk),
            _ => break,
        }
    }
    String::from_utf8_lossy(&body).into_owned()
}
