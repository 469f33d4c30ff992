//! CBOR (RFC 8949): definite and indefinite lengths are read, definite ones in their shortest form are written.

mod leave;
mod reader;
mod writer;

pub(crate) use reader::CborReader;
pub(crate) use writer::CborWriter;
