//! Writes JSON, compact: no spaces, `/` and all that is not ASCII as they are.
//!
//! Invariant: between two elements stands exactly one comma, whichever method wrote them.

use super::base64;
use super::digits::push_whole;
use super::scan::plain_until;
use crate::codec::EncodeError;
use crate::codec::exact::Exact;
use crate::codec::writer::Encoder;

#[derive(Debug)]
pub(crate) struct JsonWriter<'w> {
    out: &'w mut Vec<u8>,
    /// A value was written last, so another one needs a comma first.
    comma: bool,
}

const HEX: [u8; 16] = *b"0123456789abcdef";

impl JsonWriter<'_> {
    fn next(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }

    fn literal(&mut self, literal: &[u8]) {
        self.next();
        self.out.extend_from_slice(literal);
    }

    fn quoted(&mut self, text: &str) {
        let bytes = text.as_bytes();
        self.out.push(b'"');
        let mut from = 0;
        loop {
            let until = plain_until(bytes, from);
            self.out.extend_from_slice(bytes.get(from..until).unwrap_or_default());
            let Some(byte) = bytes.get(until) else { break };
            self.escape(*byte);
            from = until + 1;
        }
        self.out.push(b'"');
    }

    fn escape(&mut self, byte: u8) {
        let letter = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            0x09 => b't',
            0x0a => b'n',
            0x0c => b'f',
            0x0d => b'r',
            _ => {
                let [high, low] = [byte >> 4, byte & 0x0f].map(|digit| HEX[usize::from(digit)]);
                self.out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
                return;
            }
        };
        self.out.extend_from_slice(&[b'\\', letter]);
    }
}

#[cold]
fn not_finite() -> EncodeError {
    EncodeError::new("JSON cannot hold a float that is infinite or not a number")
}

impl<'w> JsonWriter<'w> {
    pub(crate) fn new(out: &'w mut Vec<u8>) -> Self {
        Self { out, comma: false }
    }
}

impl Encoder for JsonWriter<'_> {
    const TEXT_KEYS: bool = true;

    fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }
    fn null(&mut self) {
        self.literal(b"null");
    }
    fn boolean(&mut self, value: bool) {
        self.literal(if value { b"true" } else { b"false" });
    }
    fn unsigned(&mut self, value: u64) {
        self.next();
        push_whole(value, self.out);
    }
    fn signed(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.unsigned(value),
            Err(_) => self.literal(itoa::Buffer::new().format(value).as_bytes()),
        }
    }
    fn single(&mut self, value: f32) -> Result<(), EncodeError> {
        if !value.is_finite() {
            return Err(not_finite());
        }
        self.literal(ryu::Buffer::new().format_finite(value).as_bytes());
        Ok(())
    }
    fn double(&mut self, value: f64) -> Result<(), EncodeError> {
        if !value.is_finite() {
            return Err(not_finite());
        }
        self.literal(ryu::Buffer::new().format_finite(value).as_bytes());
        Ok(())
    }
    fn exact(&mut self, number: &Exact<'_>) -> Result<(), EncodeError> {
        self.literal(number.json()?.as_bytes());
        Ok(())
    }
    fn text(&mut self, value: &str) {
        self.next();
        self.quoted(value);
    }
    fn binary(&mut self, value: &[u8]) {
        self.literal(b"\"\\u0000");
        base64::encode(value, self.out);
        self.out.push(b'"');
    }
    fn raw(&mut self, value: &[u8]) {
        self.literal(value);
    }
    fn key(&mut self, key: &str) {
        self.text(key);
        self.out.push(b':');
        self.comma = false;
    }
    fn check_text(value: &str) -> Result<(), EncodeError> {
        if value.starts_with('\0') {
            return Err(EncodeError::new(
                "text that starts with NUL cannot be written in JSON, where it means bytes",
            ));
        }
        Ok(())
    }
    fn check_key(key: &str) -> Result<(), EncodeError> {
        if key.starts_with('\0') {
            return Err(EncodeError::new("a dictionary key that starts with NUL cannot be written in JSON"));
        }
        Ok(())
    }
    fn begin(&mut self, dict: bool, _len: usize) {
        self.next();
        self.out.push(if dict { b'{' } else { b'[' });
        self.comma = false;
    }
    fn end(&mut self, dict: bool) {
        self.out.push(if dict { b'}' } else { b']' });
        self.comma = true;
    }
    fn header(_out: &mut Vec<u8>, _dict: bool, _len: usize) {}
    /// Nothing in JSON tells a length.
    fn correct(&mut self, _level: &crate::codec::writer::Level) {}
}
