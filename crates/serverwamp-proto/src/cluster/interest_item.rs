//! What a node wants, as it is written: item by item, and as a snapshot of all of it.

use super::batch::{HEAD, ItemKind, LONG, MalformedBatch, put_item};
use super::fields::{FieldReader, FieldWriter};
use super::interest::OwnInterest;
use super::offers::{OwnOffers, put_offer};
use crate::pattern::{Match, UriPattern};
use std::convert::Infallible;

const REALM: u64 = 3;
const WANTED: u64 = 5;
const UNWANTED: u64 = 7;

/// Batches, with room for their heads, that say all that a node wants and offers.
pub(super) fn snapshot(own: &OwnInterest, offers: &OwnOffers) -> Vec<Vec<u8>> {
    let mut batches = Vec::new();
    let mut batch = vec![0; HEAD];
    for (realm, patterns) in own.by_realm() {
        for pattern in patterns {
            put_interest(&mut batch, realm, pattern, true);
            if batch.len() > LONG {
                batches.push(std::mem::replace(&mut batch, vec![0; HEAD]));
            }
        }
    }
    for (realm, patterns) in offers.by_realm() {
        for (pattern, offer) in patterns {
            put_offer(&mut batch, realm, pattern, Some(offer));
            if batch.len() > LONG {
                batches.push(std::mem::replace(&mut batch, vec![0; HEAD]));
            }
        }
    }
    let Ok(()) = put_item(&mut batch, ItemKind::SnapshotEnd, |_| Ok::<_, Infallible>(()));
    batches.push(batch);
    batches
}

/// A pattern that is wanted, or not any more.
pub(super) fn put_interest(out: &mut Vec<u8>, realm: &str, pattern: &UriPattern, wanted: bool) {
    let Ok(()) = put_item(out, ItemKind::Interest, |out| {
        let mut fields = FieldWriter(out);
        fields.text(REALM, realm);
        let mut value = vec![number_of_match(pattern.kind())];
        value.extend_from_slice(pattern.as_str().as_bytes());
        fields.bytes(if wanted { WANTED } else { UNWANTED }, &value);
        Ok::<_, Infallible>(())
    });
}

pub(super) const fn number_of_match(kind: Match) -> u8 {
    match kind {
        Match::Exact => 1,
        Match::Prefix => 2,
        Match::Wildcard => 3,
    }
}

/// # Errors
/// When it is none.
pub(super) fn read_pattern(bytes: &[u8]) -> Result<UriPattern, MalformedBatch> {
    let Some((kind, text)) = bytes.split_first() else { return Err(MalformedBatch::EndsEarly) };
    let kind = match kind {
        1 => Match::Exact,
        2 => Match::Prefix,
        3 => Match::Wildcard,
        _ => return Err(MalformedBatch::Malformed("a pattern that matches in an unknown way")),
    };
    let text =
        std::str::from_utf8(text).map_err(|_| MalformedBatch::Malformed("a pattern that is not UTF-8"))?;
    Ok(UriPattern::new(kind, text))
}

/// Shows each pattern of an item, and whether it is wanted.
///
/// # Errors
/// When the item has another form.
pub(super) fn read_interest(
    fields: &[u8],
    mut show: impl FnMut(&str, &UriPattern, bool),
) -> Result<(), MalformedBatch> {
    let mut realm = "";
    let mut reader = FieldReader(fields);
    while let Some(field) = reader.next()? {
        match field.key {
            REALM => realm = field.text()?,
            WANTED | UNWANTED => show(realm, &read_pattern(field.bytes)?, field.key == WANTED),
            _ => field.pass_over()?,
        }
    }
    Ok(())
}
