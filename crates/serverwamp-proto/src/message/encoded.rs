//! Values that stay in their serializer until someone asks: `roles`, `authextra`, the `Extra` of a challenge.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::codec::{self, DecodeError, EncodeError, Serializer, Writer};

/// One value, encoded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Encoded {
    serializer: Serializer,
    bytes: Bytes,
}

impl Encoded {
    /// The value that stands in `bytes`, which are known to be well formed.
    pub(super) const fn from_frame(serializer: Serializer, bytes: Bytes) -> Self {
        Self { serializer, bytes }
    }

    /// Encodes `value`.
    ///
    /// # Errors
    /// When the serializer cannot express the value.
    pub fn new<T: Serialize + ?Sized>(serializer: Serializer, value: &T) -> Result<Self, EncodeError> {
        let mut bytes = Vec::new();
        codec::to_writer(serializer, value, &mut bytes)?;
        Ok(Self { serializer, bytes: bytes.into() })
    }

    /// An empty dictionary.
    pub const fn empty_dict(serializer: Serializer) -> Self {
        Self { serializer, bytes: Bytes::from_static(empty_dict(serializer)) }
    }

    /// A value made by a [`Writer`] of this serializer.
    pub(crate) fn written(serializer: Serializer, write: impl FnOnce(&mut Writer<'_>)) -> Self {
        let mut bytes = Vec::new();
        write(&mut Writer::new(serializer, &mut bytes));
        Self { serializer, bytes: bytes.into() }
    }

    /// The serializer the value is encoded in.
    pub const fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// The encoded value.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Reads the value as a Rust type.
    ///
    /// # Errors
    /// When the value does not fit the type.
    pub fn decode<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        codec::from_slice(self.serializer, &self.bytes)
    }

    /// A value within this one.
    pub(super) fn slice(&self, part: &[u8]) -> Self {
        Self { serializer: self.serializer, bytes: self.bytes.slice_ref(part) }
    }

    /// Writes the value, carried over if the writer speaks another serializer.
    pub(super) fn write(&self, writer: &mut Writer<'_>, target: Serializer) -> Result<(), EncodeError> {
        write_raw(self.serializer, &self.bytes, writer, target)
    }
}

/// Writes one encoded value into a writer of `target`.
pub(super) fn write_raw(
    source: Serializer,
    bytes: &[u8],
    writer: &mut Writer<'_>,
    target: Serializer,
) -> Result<(), EncodeError> {
    if source == target {
        writer.raw(bytes);
        return Ok(());
    }
    let mut carried = Vec::with_capacity(bytes.len());
    codec::transcode(source, bytes, target, &mut carried)?;
    writer.raw(&carried);
    Ok(())
}

/// An empty dictionary, encoded.
pub(super) const fn empty_dict(serializer: Serializer) -> &'static [u8] {
    match serializer {
        Serializer::Json => b"{}",
        Serializer::MessagePack => b"\x80",
        Serializer::Cbor => b"\xa0",
    }
}

/// An empty list, encoded.
pub(super) const fn empty_list(serializer: Serializer) -> &'static [u8] {
    match serializer {
        Serializer::Json => b"[]",
        Serializer::MessagePack => b"\x90",
        Serializer::Cbor => b"\x80",
    }
}
