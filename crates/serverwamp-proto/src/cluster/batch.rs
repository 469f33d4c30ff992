//! Batches: what one NATS message between two nodes carries. The head, and the items behind it.

use super::fields::{Length, read_varint, take};
use super::node::Life;

/// The version of the wire format that this program writes.
pub const VERSION: u8 = 1;

const MAGIC: [u8; 2] = *b"WN";

/// The length of the head.
pub(super) const HEAD: usize = 36;

/// A batch is closed when it is so long.
pub(super) const LONG: usize = 256 << 10;

/// From this one on, a kind of item must be understood.
const MUST_BE_UNDERSTOOD: u8 = 128;

/// Why a batch or an announcement is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MalformedBatch {
    /// It is not of this format at all.
    #[error("it is not a batch of a cluster")]
    NoBatch,
    /// Another version.
    #[error("it has version {0} of the wire format, this node speaks {VERSION}")]
    Version(u8),
    /// It is for another life of this node.
    #[error("it is for another life of this node")]
    Misdirected,
    /// The sender in the batch is not that of the subject.
    #[error("its sender is not the one that the subject names")]
    Forged,
    /// The bytes end before the lengths in them say so.
    #[error("it ends early")]
    EndsEarly,
    /// Something has another form than it must have.
    #[error("it has {0}")]
    Malformed(&'static str),
    /// A field or item that must be understood and is not known.
    #[error("it has the unknown key {0}, which must be understood")]
    Unknown(u64),
}

/// The head of a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct BatchHead {
    pub(super) sender: Life,
    pub(super) receiver: Life,
    /// How often the link from sender to receiver has begun anew.
    pub(super) epoch: u32,
    /// The epoch of the other direction that the sender takes batches of: when it is a later one, that link is lost.
    pub(super) wanted: u32,
    /// The number of this batch in its epoch, from 1.
    pub(super) number: u64,
}

impl BatchHead {
    pub(super) fn write(self, out: &mut [u8; HEAD]) {
        let Self { sender, receiver, epoch, wanted, number } = self;
        let parts: [&[u8]; 7] = [
            &MAGIC,
            &[VERSION, 0],
            &sender.get().to_le_bytes(),
            &receiver.get().to_le_bytes(),
            &epoch.to_le_bytes(),
            &wanted.to_le_bytes(),
            &number.to_le_bytes(),
        ];
        for (place, byte) in out.iter_mut().zip(parts.into_iter().flatten()) {
            *place = *byte;
        }
    }

    /// The head, and the items behind it.
    ///
    /// # Errors
    /// When it is none of this version.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), MalformedBatch> {
        if !bytes.starts_with(&MAGIC) {
            return Err(MalformedBatch::NoBatch);
        }
        let Some((head, items)) = bytes.split_first_chunk::<HEAD>() else {
            return Err(MalformedBatch::EndsEarly);
        };
        if head[2] != VERSION {
            return Err(MalformedBatch::Version(head[2]));
        }
        let long = |from: usize| {
            head.iter().skip(from).take(8).rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let short = |from: usize| (long(from) & 0xffff_ffff) as u32;
        let life = |from| Life::new(long(from)).ok_or(MalformedBatch::Malformed("the life 0"));
        let head = Self {
            sender: life(4)?,
            receiver: life(12)?,
            epoch: short(20),
            wanted: short(24),
            number: long(28),
        };
        Ok((head, items))
    }
}

/// The kinds of items. The numbers are on the wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ItemKind {
    /// Patterns that the sender wants, or does not want any more.
    Interest = 1,
    /// All that the sender wants has been said.
    SnapshotEnd = 2,
    /// A publication.
    Event = 3,
    /// Registrations for which the sender has callees, or has none any more.
    Offer = 4,
    /// A call for a callee of the receiver.
    Call = 5,
    /// A further input of a call.
    CallInput = 6,
    /// A caller takes its call back.
    CallCancel = 7,
    /// A result or an error.
    CallAnswer = 8,
}

/// An item as it was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'b> {
    pub(super) kind: ItemKind,
    pub(super) fields: &'b [u8],
}

/// The next item that is known, and how many were passed over before it.
///
/// # Errors
/// When the bytes end early, or have an item that must be understood.
pub(super) fn next_item<'b>(bytes: &mut &'b [u8]) -> Result<(Option<Item<'b>>, u64), MalformedBatch> {
    let mut passed_over = 0;
    while let Some((kind, rest)) = bytes.split_first() {
        *bytes = rest;
        let length = read_varint(bytes)?;
        let fields = take(bytes, length)?;
        let kind = match kind {
            1 => ItemKind::Interest,
            2 => ItemKind::SnapshotEnd,
            3 => ItemKind::Event,
            4 => ItemKind::Offer,
            5 => ItemKind::Call,
            6 => ItemKind::CallInput,
            7 => ItemKind::CallCancel,
            8 => ItemKind::CallAnswer,
            MUST_BE_UNDERSTOOD.. => return Err(MalformedBatch::Unknown(u64::from(*kind))),
            _ => {
                passed_over += 1;
                continue;
            }
        };
        return Ok((Some(Item { kind, fields }), passed_over));
    }
    Ok((None, passed_over))
}

/// Appends an item; nothing if it cannot be written.
///
/// # Errors
/// That of `write`.
pub(super) fn put_item<E>(
    out: &mut Vec<u8>,
    kind: ItemKind,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let before = out.len();
    out.push(kind as u8);
    let length = Length::begin(out);
    match write(out) {
        Ok(()) => {
            length.end(out);
            Ok(())
        }
        Err(error) => {
            out.truncate(before);
            Err(error)
        }
    }
}
