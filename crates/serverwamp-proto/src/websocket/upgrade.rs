//! The client's side of the opening handshake (RFC 6455, section 4.1): its request, and the answer of the server.
//!
//! In: where to connect and what is offered; the bytes of the answer, as they arrive. Out: what was agreed upon, or what is wrong
//! with the answer. Invariant: no more than [`LONGEST_HEAD`] bytes of an answer are looked at, and a WebSocket is open only if the
//! answer has everything the RFC demands.

use super::Subprotocol;
use super::deflate::Deflate;
use super::extension::{self, ExtensionError};
use super::handshake::{accept_key, has_token};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The most bytes of status line and headers that are read.
pub const LONGEST_HEAD: usize = 16 * 1024;

/// The most bytes of a refusal's text that are read.
const LONGEST_TEXT: usize = 512;

/// The request that opens a WebSocket.
#[derive(Clone, Copy, Debug)]
pub struct UpgradeRequest<'a> {
    /// The value of `Host`.
    pub host: &'a str,
    /// The path, and the query if there is one.
    pub target: &'a str,
    /// The subprotocols on offer, the preferred one first.
    pub subprotocols: &'a [Subprotocol],
    /// Whether permessage-deflate is offered.
    pub deflate: bool,
    /// Further headers. Names and values have to be those of HTTP: nothing is checked here.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// 16 random bytes.
    pub nonce: [u8; 16],
}

/// The settings that an answer agrees to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Upgraded {
    /// The subprotocol, which is one of those on offer.
    pub subprotocol: Subprotocol,
    /// The compression, if it was offered and both sides want it.
    pub deflate: Option<Deflate>,
    /// The bytes of the answer; what follows them are frames.
    pub size: usize,
}

/// Why an answer opens no WebSocket.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// Its head does not end.
    #[error("its answer has more than {LONGEST_HEAD} bytes of headers")]
    TooLong,
    /// It is none in HTTP/1.1.
    #[error("it does not answer in HTTP/1.1: {0}")]
    NotHttp(String),
    /// It leads elsewhere.
    #[error("it answers {status} and redirects to {location:?}: connect to that address if you trust it")]
    Redirect {
        /// The status code.
        status: u16,
        /// The value of `Location`.
        location: String,
    },
    /// It has another status than 101.
    #[error("it answers {status}, expected 101 Switching Protocols{}{text}", if text.is_empty() { "" } else { "; it says: " })]
    Status {
        /// The status code.
        status: u16,
        /// The beginning of its text; empty if there is none.
        text: String,
    },
    /// A header is missing or has another value than it must have.
    #[error("its answer has {name}: {}, expected {expected:?}", or_none(got))]
    Header {
        /// The header's name.
        name: &'static str,
        /// What it must be.
        expected: String,
        /// What it is; empty if it is missing.
        got: String,
    },
    /// It speaks none of the offered subprotocols.
    #[error(
        "it chose the subprotocol {}, expected one of {offered}: no WAMP is spoken there, or with other serializers",
        or_none(got)
    )]
    Subprotocol {
        /// What was offered.
        offered: String,
        /// Its choice; empty if there is none.
        got: String,
    },
    /// The extensions are not as they were offered.
    #[error("its answer has extensions that cannot be used: {0}")]
    Extensions(#[from] ExtensionError),
}

impl UpgradeRequest<'_> {
    /// The bytes of the request.
    pub fn encode(&self) -> Vec<u8> {
        let Self { host, target, .. } = self;
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {}\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {}\r\n",
            self.key(),
            self.offered(),
        );
        let mut request = head.into_bytes();
        if self.deflate {
            request.extend_from_slice(b"Sec-WebSocket-Extensions: ");
            request.extend_from_slice(extension::OFFER.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        for (name, value) in self.headers {
            request.extend_from_slice(name.as_bytes());
            request.extend_from_slice(b": ");
            request.extend_from_slice(value);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request
    }

    fn key(&self) -> String {
        STANDARD.encode(self.nonce)
    }

    fn offered(&self) -> String {
        self.subprotocols.iter().map(|subprotocol| subprotocol.name()).collect::<Vec<_>>().join(", ")
    }

    /// Reads the answer, of which `received` is all that is there; `ended` says that no more will come. `None` if more is needed.
    ///
    /// # Errors
    /// Why it opens no WebSocket.
    pub fn read_answer(&self, received: &[u8], ended: bool) -> Result<Option<Upgraded>, UpgradeError> {
        let looked_at = received.get(..LONGEST_HEAD).unwrap_or(received);
        check_beginning(looked_at)?;
        let Some(end) = looked_at.windows(4).position(|four| four == b"\r\n\r\n") else {
            return match (looked_at.len() < LONGEST_HEAD, ended) {
                (false, _) => Err(UpgradeError::TooLong),
                (true, true) if received.is_empty() => {
                    Err(UpgradeError::NotHttp("it closed the connection without a word".to_owned()))
                }
                (true, true) => Err(UpgradeError::NotHttp(format!("it ends behind {}", excerpt(looked_at)))),
                (true, false) => Ok(None),
            };
        };
        let size = end + 4;
        let head = AnswerHead::read(looked_at.get(..end).unwrap_or_default())?;
        if head.status == 101 {
            return self.check(&head, size).map(Some);
        }
        if (300..400).contains(&head.status)
            && let Some(location) = head.value("location")
        {
            let location = excerpt_of(location);
            return Err(UpgradeError::Redirect { status: head.status, location });
        }
        let length = head.value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0_usize);
        let body = received.get(size..).unwrap_or_default();
        if body.len() < length.min(LONGEST_TEXT) && !ended {
            return Ok(None);
        }
        let text = body.get(..body.len().min(length).min(LONGEST_TEXT)).unwrap_or_default();
        Err(UpgradeError::Status { status: head.status, text: plain(text) })
    }

    fn check(&self, head: &AnswerHead<'_>, size: usize) -> Result<Upgraded, UpgradeError> {
        let wrong = |name, expected: &str| {
            let got = head.values(name).map(excerpt_of).collect::<Vec<_>>().join(", ");
            UpgradeError::Header { name, expected: expected.to_owned(), got }
        };
        if !head.values("Upgrade").any(|value| value.eq_ignore_ascii_case("websocket")) {
            return Err(wrong("Upgrade", "websocket"));
        }
        if !head.values("Connection").any(|value| has_token(value, "upgrade")) {
            return Err(wrong("Connection", "Upgrade"));
        }
        let accept = accept_key(&self.key());
        if head.value("Sec-WebSocket-Accept") != Some(&accept) {
            return Err(wrong("Sec-WebSocket-Accept", &accept));
        }
        let chosen = head.value("Sec-WebSocket-Protocol").and_then(Subprotocol::parse);
        let Some(subprotocol) = chosen.filter(|chosen| self.subprotocols.contains(chosen)) else {
            let got = head.values("Sec-WebSocket-Protocol").map(excerpt_of).collect::<Vec<_>>().join(", ");
            return Err(UpgradeError::Subprotocol { offered: self.offered(), got });
        };
        let deflate = extension::accepted(head.values("Sec-WebSocket-Extensions"), self.deflate)?;
        Ok(Upgraded { subprotocol, deflate, size })
    }
}

/// Refuses what is no HTTP as soon as that shows: its sender may wait for something else.
fn check_beginning(received: &[u8]) -> Result<(), UpgradeError> {
    const BEGINNING: &[u8] = b"HTTP/1.";
    let length = received.len().min(BEGINNING.len());
    if received.get(..length) == BEGINNING.get(..length) {
        return Ok(());
    }
    Err(UpgradeError::NotHttp(match received {
        // An alert of TLS, in any version: its type and the major number.
        [0x15] | [0x15, 3, ..] => "that is an alert of TLS, connect to wss://..".to_owned(),
        _ => format!("it begins with {}", excerpt(received)),
    }))
}

/// Status and headers.
struct AnswerHead<'a> {
    status: u16,
    headers: Vec<(&'a str, &'a str)>,
}

impl<'a> AnswerHead<'a> {
    fn read(head: &'a [u8]) -> Result<Self, UpgradeError> {
        let malformed =
            |line: &str| UpgradeError::NotHttp(format!("the line {:?} is malformed", excerpt_of(line)));
        let head = std::str::from_utf8(head)
            .map_err(|_| UpgradeError::NotHttp("its headers are not text".to_owned()))?;
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let status = match first.as_bytes() {
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', _, b' ', a, b, c, rest @ ..]
                if matches!(rest, [] | [b' ', ..])
                    && [a, b, c].iter().all(|digit| digit.is_ascii_digit()) =>
            {
                [a, b, c].iter().fold(0, |status, digit| status * 10 + u16::from(**digit - b'0'))
            }
            _ => return Err(malformed(first)),
        };
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').ok_or_else(|| malformed(line))?;
            match name.bytes().all(extension::is_token_byte) && !name.is_empty() {
                true => Ok((name, value.trim_matches([' ', '\t']))),
                false => Err(malformed(line)),
            }
        });
        Ok(Self { status, headers: headers.collect::<Result<_, _>>()? })
    }

    fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a str> + 's {
        self.headers
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }

    /// The value of a header that is there once.
    fn value(&self, name: &str) -> Option<&'a str> {
        let mut values = self.values(name);
        values.next().filter(|_| values.next().is_none())
    }
}

/// A value of a header in messages.
fn or_none(value: &str) -> String {
    if value.is_empty() { "none".to_owned() } else { format!("{value:?}") }
}

/// Text of a server as one line without control characters.
fn plain(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.split(char::is_control).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn excerpt(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes)))
}

fn excerpt_of(text: &str) -> String {
    text.chars().take(200).collect()
}
