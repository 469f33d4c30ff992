//! Negotiating permessage-deflate (RFC 7692) in `Sec-WebSocket-Extensions`, as a server and as a client.
//!
//! Invariant: every parameter in the answer was offered, both sides forget their context after each message, and an offer with
//! anything unknown, repeated or out of range in it is declined.

use super::deflate::Deflate;

/// A client's offer of permessage-deflate. Both sides are to forget their context after each message, because [`Deflate`] keeps
/// none.
pub const OFFER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// Why a client cannot use the extensions of the server's answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtensionError {
    /// The header is no list of extensions.
    #[error(transparent)]
    Malformed(#[from] MalformedExtensions),
    /// An extension was not offered, or is there twice.
    #[error("an extension in it was not offered, or is there twice")]
    NotOffered,
    /// A parameter was not offered or has a wrong value.
    #[error("permessage-deflate has a parameter that was not offered or a value out of range")]
    Parameter,
    /// The server keeps its context, although it was asked not to.
    #[error("permessage-deflate has no server_no_context_takeover, which was asked for")]
    Context,
}

/// A `Sec-WebSocket-Extensions` header that is not a list of extensions: the handshake has to fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("malformed Sec-WebSocket-Extensions header")]
pub struct MalformedExtensions;

/// Accepts the first usable offer of permessage-deflate in the client's order; `Ok(None)` when there is none.
///
/// # Errors
/// When a header is not what RFC 6455, section 9.1, says.
pub fn negotiate<'a>(
    headers: impl IntoIterator<Item = &'a str>,
) -> Result<Option<Deflate>, MalformedExtensions> {
    let mut accepted = None;
    for header in headers {
        let mut scanner = Scanner { rest: header.as_bytes() };
        while let Some(offer) = scanner.extension()? {
            if accepted.is_none() && offer.name == b"permessage-deflate" {
                accepted = accept(&offer.parameters);
            }
        }
    }
    Ok(accepted)
}

/// Reads the server's answer to a client that has offered [`OFFER`], or nothing unless `offered`; `Ok(None)` when it has no
/// extension in it.
///
/// # Errors
/// When it has anything in it that was not offered.
pub fn accepted<'a>(
    headers: impl IntoIterator<Item = &'a str>,
    offered: bool,
) -> Result<Option<Deflate>, ExtensionError> {
    let mut accepted = None;
    for header in headers {
        let mut scanner = Scanner { rest: header.as_bytes() };
        while let Some(extension) = scanner.extension()? {
            if !offered || accepted.is_some() || extension.name != b"permessage-deflate" {
                return Err(ExtensionError::NotOffered);
            }
            accepted = Some(check_accepted(&extension.parameters)?);
        }
    }
    Ok(accepted)
}

fn check_accepted(parameters: &[(&[u8], Option<&[u8]>)]) -> Result<Deflate, ExtensionError> {
    let mut forgets = false;
    for (index, (name, value)) in parameters.iter().enumerate() {
        let repeated = parameters.iter().take(index).any(|(earlier, _)| earlier == name);
        match (*name, *value) {
            _ if repeated => return Err(ExtensionError::Parameter),
            (b"server_no_context_takeover", None) => forgets = true,
            (b"client_no_context_takeover", None) => {}
            // A server may say that its window is smaller than any that is understood here.
            (b"server_max_window_bits", Some(bits)) if window_bits(bits).is_some() => {}
            _ => return Err(ExtensionError::Parameter),
        }
    }
    if forgets { Ok(Deflate::with_window(None)) } else { Err(ExtensionError::Context) }
}

/// One extension as it is offered.
struct Offer<'a> {
    name: &'a [u8],
    parameters: Vec<(&'a [u8], Option<&'a [u8]>)>,
}

fn accept(parameters: &[(&[u8], Option<&[u8]>)]) -> Option<Deflate> {
    let mut window = None;
    for (index, (name, value)) in parameters.iter().enumerate() {
        if parameters.iter().take(index).any(|(earlier, _)| earlier == name) {
            return None;
        }
        match (*name, *value) {
            (
                b"server_no_context_takeover" | b"client_no_context_takeover" | b"client_max_window_bits",
                None,
            ) => {}
            (b"client_max_window_bits", Some(bits)) => {
                // Only a permission: a client that uses less than 32 KiB is understood as it is.
                window_bits(bits)?;
            }
            (b"server_max_window_bits", Some(bits)) => window = Some(window_bits(bits)?),
            _ => return None,
        }
    }
    // zlib has no raw deflate with a window of 256 bytes; declining is what the RFC offers in that case.
    if window == Some(8) { None } else { Some(Deflate::with_window(window)) }
}

fn window_bits(value: &[u8]) -> Option<u8> {
    match value {
        [digit @ b'8'..=b'9'] => Some(digit - b'0'),
        [b'1', digit @ b'0'..=b'5'] => Some(10 + digit - b'0'),
        _ => None,
    }
}

/// Reads the header's grammar, allowing white space wherever HTTP allowed it.
struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    /// The next extension of the list; empty elements are skipped, as in every HTTP list.
    fn extension(&mut self) -> Result<Option<Offer<'a>>, MalformedExtensions> {
        while self.eat(b',') {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        let name = self.token()?;
        let mut parameters = Vec::new();
        while self.eat(b';') {
            let name = self.token()?;
            let value = if self.eat(b'=') { Some(self.value()?) } else { None };
            parameters.push((name, value));
        }
        if self.rest.is_empty() || self.eat(b',') {
            Ok(Some(Offer { name, parameters }))
        } else {
            Err(MalformedExtensions)
        }
    }

    /// A token, or one in quotes.
    fn value(&mut self) -> Result<&'a [u8], MalformedExtensions> {
        if !self.eat(b'"') {
            return self.token();
        }
        let value = self.token()?;
        if self.eat(b'"') { Ok(value) } else { Err(MalformedExtensions) }
    }

    fn token(&mut self) -> Result<&'a [u8], MalformedExtensions> {
        self.rest = self.rest.trim_ascii_start();
        let end = self.rest.iter().position(|byte| !is_token_byte(*byte)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end).ok_or(MalformedExtensions)?;
        self.rest = rest;
        if token.is_empty() { Err(MalformedExtensions) } else { Ok(token) }
    }

    /// Skips white space, and `byte` if it follows.
    fn eat(&mut self, byte: u8) -> bool {
        self.rest = self.rest.trim_ascii_start();
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }
}

/// The characters of an HTTP token (RFC 9110, section 5.6.2).
pub(super) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
