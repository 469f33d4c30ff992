//! Fields: a key, a length, bytes. What a reader does not know it passes over, unless the key is odd.

use super::batch::MalformedBatch;

/// A length of up to 2^28 - 1 is written in so many bytes where it is known only later.
const PADDED: usize = 4;

/// Writes fields one after the other.
#[derive(Debug)]
pub(super) struct FieldWriter<'o>(pub(super) &'o mut Vec<u8>);

impl FieldWriter<'_> {
    pub(super) fn number(&mut self, key: u64, number: u64) {
        varint(key, self.0);
        let length = varint_length(number);
        varint(length, self.0);
        varint(number, self.0);
    }

    pub(super) fn bytes(&mut self, key: u64, bytes: &[u8]) {
        varint(key, self.0);
        varint(bytes.len() as u64, self.0);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, key: u64, text: &str) {
        self.bytes(key, text.as_bytes());
    }

    /// A field whose length is known when it is written.
    pub(super) fn nested<E>(
        &mut self,
        key: u64,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        varint(key, self.0);
        let length = Length::begin(self.0);
        write(self.0)?;
        length.end(self.0);
        Ok(())
    }
}

/// The place of a length that is not known yet.
#[derive(Debug)]
pub(super) struct Length(usize);

impl Length {
    pub(super) fn begin(out: &mut Vec<u8>) -> Self {
        let place = Self(out.len());
        out.extend_from_slice(&[0; PADDED]);
        place
    }

    /// Writes the length of all that came behind it.
    pub(super) fn end(self, out: &mut [u8]) {
        let length = out.len() - self.0 - PADDED;
        for (index, byte) in out.iter_mut().skip(self.0).take(PADDED).enumerate() {
            let seven = (length >> (7 * index) & 0x7f) as u8;
            *byte = if index + 1 < PADDED { seven | 0x80 } else { seven };
        }
    }
}

/// Reads what [`FieldWriter`] writes.
#[derive(Clone, Debug)]
pub(super) struct FieldReader<'b>(pub(super) &'b [u8]);

/// A field as it was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'b> {
    pub(super) key: u64,
    pub(super) bytes: &'b [u8],
}

impl<'b> FieldReader<'b> {
    /// The next field.
    ///
    /// # Errors
    /// When the bytes end early.
    pub(super) fn next(&mut self) -> Result<Option<Field<'b>>, MalformedBatch> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = read_varint(&mut self.0)?;
        let length = read_varint(&mut self.0)?;
        Ok(Some(Field { key, bytes: take(&mut self.0, length)? }))
    }
}

impl<'b> Field<'b> {
    /// # Errors
    /// When it is not one number.
    pub(super) fn number(self) -> Result<u64, MalformedBatch> {
        let mut rest = self.bytes;
        let number = read_varint(&mut rest)?;
        if rest.is_empty() {
            Ok(number)
        } else {
            Err(MalformedBatch::Malformed("a number with something behind it"))
        }
    }

    /// # Errors
    /// When it is not UTF-8.
    pub(super) fn text(self) -> Result<&'b str, MalformedBatch> {
        std::str::from_utf8(self.bytes).map_err(|_| MalformedBatch::Malformed("a text that is not UTF-8"))
    }

    /// Passes an unknown field over.
    ///
    /// # Errors
    /// When it must be understood.
    pub(super) fn pass_over(self) -> Result<(), MalformedBatch> {
        if self.key % 2 == 1 { Err(MalformedBatch::Unknown(self.key)) } else { Ok(()) }
    }
}

pub(super) fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn varint_length(number: u64) -> u64 {
    u64::from((64 - (number | 1).leading_zeros()).div_ceil(7))
}

/// # Errors
/// When the bytes end early, or say more than 64 bits.
pub(super) fn read_varint(bytes: &mut &[u8]) -> Result<u64, MalformedBatch> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let Some((first, rest)) = bytes.split_first() else { return Err(MalformedBatch::EndsEarly) };
        *bytes = rest;
        let seven = u64::from(first & 0x7f);
        if seven << shift >> shift != seven {
            break;
        }
        number |= seven << shift;
        if first & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(MalformedBatch::Malformed("a number of more than 64 bits"))
}

/// # Errors
/// When there are not so many bytes.
pub(super) fn take<'b>(bytes: &mut &'b [u8], length: u64) -> Result<&'b [u8], MalformedBatch> {
    let taken = usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length));
    let Some((taken, rest)) = taken else { return Err(MalformedBatch::EndsEarly) };
    *bytes = rest;
    Ok(taken)
}
