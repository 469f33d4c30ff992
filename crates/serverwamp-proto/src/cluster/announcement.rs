//! Announcements: a node tells all others that it is there, and which versions of the wire format it speaks.

use super::batch::{MalformedBatch, VERSION};
use super::fields::{FieldReader, FieldWriter};
use super::node::Life;
use bytes::Bytes;

const LIFE: u64 = 1;
const OLDEST_VERSION: u64 = 3;
const NEWEST_VERSION: u64 = 5;
const LEAVES: u64 = 6;

/// The announcement of a life that is there, or leaves.
pub(super) fn announcement(life: Life, leaves: bool) -> Bytes {
    let mut out = b"WA".to_vec();
    let mut fields = FieldWriter(&mut out);
    fields.number(LIFE, life.get());
    fields.number(OLDEST_VERSION, u64::from(VERSION));
    fields.number(NEWEST_VERSION, u64::from(VERSION));
    if leaves {
        fields.number(LEAVES, 1);
    }
    out.into()
}

/// The life that is announced, and whether it leaves.
///
/// # Errors
/// When it is no announcement, or that of a node which speaks later versions only.
pub(super) fn read_announcement(bytes: &[u8]) -> Result<(Life, bool), MalformedBatch> {
    let Some(fields) = bytes.strip_prefix(b"WA") else { return Err(MalformedBatch::NoBatch) };
    let (mut life, mut oldest, mut leaves) = (None, 0, false);
    let mut reader = FieldReader(fields);
    while let Some(field) = reader.next()? {
        match field.key {
            LIFE => life = Life::new(field.number()?),
            OLDEST_VERSION => oldest = field.number()?,
            // Whoever speaks this version and later ones uses this one with us.
            NEWEST_VERSION => {}
            LEAVES => leaves = field.number()? > 0,
            _ => field.pass_over()?,
        }
    }
    if oldest > u64::from(VERSION) {
        return Err(MalformedBatch::Version(u8::try_from(oldest).unwrap_or(u8::MAX)));
    }
    Ok((life.ok_or(MalformedBatch::Malformed("an announcement without a life"))?, leaves))
}
