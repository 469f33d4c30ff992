//! Marks in the tables of lengths by which MessagePack and CBOR are passed over.
//!
//! An entry of such a table is the length of a value that its first byte tells, or one of these marks. [`TEXT`] and [`EMPTY`] are
//! bits beside a length; the others are whole entries.

/// Marks a text: its bytes have to be looked at.
pub(super) const TEXT: u8 = 0x80;
/// Marks a list or dictionary without anything in it.
pub(super) const EMPTY: u8 = 0x40;
/// Marks what has its length in the byte behind the first one, and is no text.
pub(super) const SHORT: u8 = 0xff;
/// Marks a text that has its length there.
pub(super) const SHORT_TEXT: u8 = 0xfe;
