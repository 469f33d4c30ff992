//! One encoded value carried from one serializer to another.
//!
//! Invariant: tokens go straight from reader to writer, in order, no tree in between; on an error nothing was written.

use super::reader::{KEY_NOT_TEXT, Reader, Token, with_reader};
use super::writer::{Encoder, with_writer};
use super::{DecodeError, EncodeError, Serializer};

/// Carries one encoded value from one serializer to another, appending to `out`, which stays as it was on an error.
///
/// Order and 64-bit integers are kept, bytes are kept as bytes. What the other serializer cannot hold is an error: in
/// JSON, keys that are no strings, floats that are infinite or not a number, and text that starts with NUL: peers would take
/// that for bytes, and refuse the whole message where it is no base64 (checklist SER-09). Everywhere, extension types.
/// CBOR's tags are dropped, their values kept.
pub fn transcode(
    from: Serializer,
    bytes: &[u8],
    to: Serializer,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let result = with_reader!(from, R => with_writer!(to, &mut *out, w => {
        R::new(bytes).map_err(EncodeError::from).and_then(|mut reader| {
            copy(&mut reader, &mut w)?;
            Ok(reader.finish()?)
        })
    }));
    if result.is_err() {
        out.truncate(start);
    }
    result
}

impl From<DecodeError> for EncodeError {
    #[cold]
    fn from(error: DecodeError) -> Self {
        Self::new(error.to_string())
    }
}

/// Copies one value; recursion is bounded by the depth the reader counts.
fn copy<'a>(reader: &mut impl Reader<'a>, writer: &mut impl Encoder) -> Result<(), EncodeError> {
    let token = reader.token()?;
    let (mut frame, dict) = match token {
        Token::List(frame) => (frame, false),
        Token::Dict(frame) => (frame, true),
        scalar => return put(&scalar, writer),
    };
    let mut level = writer.open(dict, frame.left);
    while reader.more(&mut frame)? {
        level.count();
        if dict {
            key(&reader.key_token()?, writer)?;
        }
        copy(reader, writer)?;
    }
    writer.close(&level);
    Ok(())
}

fn key<E: Encoder>(token: &Token<'_>, writer: &mut E) -> Result<(), EncodeError> {
    match token {
        Token::Text(key) => {
            E::check_key(key)?;
            writer.key(key);
            Ok(())
        }
        _ if E::TEXT_KEYS => Err(EncodeError::new(KEY_NOT_TEXT)),
        scalar => put(scalar, writer),
    }
}

fn put<E: Encoder>(scalar: &Token<'_>, writer: &mut E) -> Result<(), EncodeError> {
    match scalar {
        Token::Null => writer.null(),
        Token::Boolean(value) => writer.boolean(*value),
        Token::Unsigned(value) => writer.unsigned(*value),
        Token::Signed(value) => writer.signed(*value),
        Token::Wide(value) => return writer.wide(*value),
        Token::Float(value) => return writer.double(*value),
        Token::Text(value) => {
            E::check_text(value)?;
            writer.text(value);
        }
        Token::Binary(value) => writer.binary(value),
        // The callers handle what is not a scalar, so only an extension gets here.
        Token::List(_) | Token::Dict(_) | Token::Extension => {
            return Err(EncodeError::new("an extension type cannot be carried to another serializer"));
        }
    }
    Ok(())
}
