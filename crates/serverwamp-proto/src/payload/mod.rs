//! Arguments and keyword arguments of a message, kept as bytes until someone asks.
use crate::codec::Serializer;
use bytes::Bytes;

/// `Arguments` and `ArgumentsKw` of a message, as they stand in its frame.
#[derive(Clone, Debug)]
pub struct Payload {
    /// The serializer both are encoded in.
    pub serializer: Serializer,
    /// The encoded list; empty when the message has none.
    pub args: Bytes,
    /// The encoded dictionary; empty when the message has none.
    pub kwargs: Bytes,
}

/// Why arguments do not fit a handler's type; its text goes to the caller.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct BindError(pub String);

impl Payload {
    /// No arguments at all.
    pub fn empty(serializer: Serializer) -> Self {
        Self { serializer, args: Bytes::new(), kwargs: Bytes::new() }
    }
    /// Binds arguments by position, then by name, to the fields of `T`, as Python binds a call to a signature.
    pub fn bind<'de, T: serde::Deserialize<'de>>(&'de self) -> Result<T, BindError> {
        unimplemented!()
    }
    /// The positional arguments as a `T`: a tuple, a `Vec`, a tuple struct. Keywords are refused unless `T` takes none.
    pub fn args<'de, T: serde::Deserialize<'de>>(&'de self) -> Result<T, BindError> {
        unimplemented!()
    }
    /// The keyword arguments as a `T`: a struct or a map.
    pub fn kwargs<'de, T: serde::Deserialize<'de>>(&'de self) -> Result<T, BindError> {
        unimplemented!()
    }
}
