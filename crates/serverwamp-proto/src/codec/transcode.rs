//! One encoded value carried from one serializer to another.
//!
//! Invariant: tokens go straight from reader to writer, in order, no tree in between; on an error nothing was written.

use super::exact::Exact;
use super::reader::{KEY_NOT_TEXT, Reader, Token, with_reader};
use super::writer::{Encoder, with_writer};
use super::{DecodeError, EncodeError, Serializer};

/// The digits that a bigfloat may have in JSON in any case: as many as a double near 1 has.
const USUAL_DIGITS: usize = 64;
/// The further digits that all bigfloats of one value may have together; otherwise 7 bytes could become a thousand each.
const SPARE_DIGITS: usize = 64 * 1024;
const TOO_LONG_IN_ALL: &str = "the bigfloats have too many digits to be carried to another serializer";

/// Carries one encoded value from one serializer to another, appending to `out`, which stays as it was on an error. To
/// its own it goes as it stands, checked.
///
/// Order is kept, bytes are kept as bytes. A value that the other serializer cannot hold is an error: in JSON, keys that are no
/// strings, floats that are infinite or not a number, and text that starts with NUL: peers would take that for bytes, and
/// refuse the whole message where it is no base64 (checklist SER-09). From JSON, strings with half of a surrogate pair.
/// Everywhere, extension types but times.
///
/// No number becomes another one. Whole numbers of any length, and CBOR's bignums (tags 2 and 3), decimal fractions (4) and
/// bigfloats (5) are carried where the other serializer has exactly that number, and an error otherwise:
///
/// | | to JSON | to MessagePack | to CBOR |
/// |---|---|---|---|
/// | whole | its digits | an integer of 64 bits, else the double that is this number | an integer, or a bignum |
/// | decimal fraction, bigfloat | digits and an exponent, `1999e-2` | the double that is this number | |
/// | number of JSON with a fraction or an exponent | | the nearest double, unless there is none | the same |
///
/// None that has more than 1,024 digits, written out, is carried. MessagePack's timestamps become text of RFC 3339,
/// in CBOR with tag 0; all other tags of CBOR are dropped, their values kept.
pub fn transcode(
    from: Serializer,
    bytes: &[u8],
    to: Serializer,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let result = with_reader!(from, R => R::new(bytes).map_err(EncodeError::from).and_then(|mut reader| {
        if from == to {
            out.extend_from_slice(reader.raw()?);
        } else {
            let mut spare = SPARE_DIGITS;
            with_writer!(to, &mut *out, w => copy(&mut reader, &mut w, &mut spare))?;
        }
        Ok(reader.finish()?)
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
fn copy<'a>(
    reader: &mut impl Reader<'a>,
    writer: &mut impl Encoder,
    spare: &mut usize,
) -> Result<(), EncodeError> {
    let token = reader.token()?;
    let (mut frame, dict) = match token {
        Token::List(frame) => (frame, false),
        Token::Dict(frame) => (frame, true),
        Token::Exact(number) => return exact(&number, writer, spare),
        scalar => return put(&scalar, writer),
    };
    let mut level = writer.open(dict, frame.left);
    while reader.more(&mut frame)? {
        level.count();
        if dict {
            key(&reader.key_token()?, writer)?;
        }
        copy(reader, writer, spare)?;
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
        Token::Opaque(reason) => Err(EncodeError::new(*reason)),
        _ if E::TEXT_KEYS => Err(EncodeError::new(KEY_NOT_TEXT)),
        Token::Exact(number) => writer.exact(number),
        scalar => put(scalar, writer),
    }
}

/// Writes a number; what is long although it came in few bytes is taken from what is to spare.
fn exact(number: &Exact<'_>, writer: &mut impl Encoder, spare: &mut usize) -> Result<(), EncodeError> {
    let before = writer.out().len();
    writer.exact(number)?;
    let written = writer.out().len() - before;
    if number.may_be_long()
        && let Some(surplus) = written.checked_sub(USUAL_DIGITS)
    {
        *spare = spare.checked_sub(surplus).ok_or_else(|| EncodeError::new(TOO_LONG_IN_ALL))?;
    }
    Ok(())
}

fn put<E: Encoder>(scalar: &Token<'_>, writer: &mut E) -> Result<(), EncodeError> {
    match scalar {
        Token::Null => writer.null(),
        Token::Boolean(value) => writer.boolean(*value),
        Token::Unsigned(value) => writer.unsigned(*value),
        Token::Signed(value) => writer.signed(*value),
        Token::Float(value) => return writer.double(*value),
        Token::Time(value) => writer.time(value),
        Token::Opaque(reason) => return Err(EncodeError::new(*reason)),
        Token::Text(value) => {
            E::check_text(value)?;
            writer.text(value);
        }
        Token::Binary(value) => writer.binary(value),
        // The callers handle all others, so only an extension gets here.
        Token::List(_) | Token::Dict(_) | Token::Exact(_) | Token::Extension => {
            return Err(EncodeError::new("an extension type cannot be carried to another serializer"));
        }
    }
    Ok(())
}
