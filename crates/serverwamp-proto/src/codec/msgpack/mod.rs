//! MessagePack, version 5: `str` is text, `bin` is bytes, and the two are never mixed up.

mod leave;
mod reader;
mod writer;

pub(crate) use reader::MsgPackReader;
pub(crate) use writer::MsgPackWriter;
