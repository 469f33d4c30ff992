//! Payloads in another serializer: for one receiver, for one who keeps it, and for many receivers.
//!
//! Values that a serializer cannot represent are an error here and nowhere else (checklist SER-13).

use super::{Part, Payload};
use crate::codec::{EncodeError, Serializer, transcode};
use std::borrow::Cow;
use std::cell::OnceCell;

/// Arguments and keyword arguments for one receiver: the bytes that came, or others that say the same. They are queued at
/// once, so nothing has to share them.
#[derive(Clone, Debug)]
pub struct Transcoded<'p> {
    /// The encoded list; empty when there is none.
    pub args: Cow<'p, [u8]>,
    /// The encoded dictionary; empty when there is none.
    pub kwargs: Cow<'p, [u8]>,
}

impl Transcoded<'_> {
    /// No arguments at all.
    pub const fn nothing() -> Self {
        Self { args: Cow::Borrowed(&[]), kwargs: Cow::Borrowed(&[]) }
    }
}

impl Payload {
    /// The arguments in another serializer, for somebody who needs them just now. Borrowed if it is the same one.
    ///
    /// # Errors
    /// When they hold something that the other serializer cannot express, see [`transcode`].
    #[inline]
    pub fn transcoded(&self, serializer: Serializer) -> Result<Transcoded<'_>, EncodeError> {
        let part = |part| transcode_part(self.serializer, part, serializer);
        Ok(Transcoded { args: part(&self.args)?, kwargs: part(&self.kwargs)? })
    }

    /// The same arguments in another serializer. Costs nothing if it is the same one.
    ///
    /// # Errors
    /// When they hold something that the other serializer cannot express, see [`transcode`].
    pub fn to_serializer(&self, serializer: Serializer) -> Result<Self, EncodeError> {
        if serializer == self.serializer {
            return Ok(self.clone());
        }
        let Transcoded { args, kwargs } = self.transcoded(serializer)?;
        Ok(Self {
            serializer,
            args: Part::from(args.into_owned()),
            kwargs: Part::from(kwargs.into_owned()),
            passthru: self.passthru.clone(),
        })
    }
}

#[inline]
fn transcode_part(from: Serializer, part: &[u8], to: Serializer) -> Result<Cow<'_, [u8]>, EncodeError> {
    if to == from || part.is_empty() {
        return Ok(Cow::Borrowed(part));
    }
    // Numbers are longer as text.
    let mut out = Vec::with_capacity(2 * part.len());
    transcode(from, part, to, &mut out)?;
    Ok(Cow::Owned(out))
}

/// One payload for many receivers: transcoded into each serializer when the first of them needs it.
///
/// ```
/// use serverwamp_proto::codec::Serializer;
/// use serverwamp_proto::payload::{Part, Payload, TranscodeCache};
///
/// let payload = Payload::of_parts(Serializer::Json, Part::copied(b"[1]"), Part::new());
/// let cache = TranscodeCache::new(payload);
/// let packed = cache.get(Serializer::MessagePack, |_| ()).unwrap();
/// assert_eq!(packed.args, *b"\x91\x01");
/// ```
#[derive(Debug)]
pub struct TranscodeCache {
    source: Payload,
    others: [OnceCell<Option<Payload>>; 3],
}

impl TranscodeCache {
    /// A cache that has the payload as it is.
    pub fn new(source: Payload) -> Self {
        Self { source, others: Default::default() }
    }

    /// Adds what says the same in another serializer; the first one of a serializer stays.
    pub fn add(&self, payload: Payload) {
        let _known = self.others[slot(payload.serializer)].set(Some(payload));
    }

    /// The payload as it came.
    pub fn source(&self) -> &Payload {
        &self.source
    }

    /// The payload in this serializer; `None` when it cannot express it, and `failed` is told why the first time.
    pub fn get(&self, serializer: Serializer, failed: impl FnOnce(EncodeError)) -> Option<&Payload> {
        if serializer == self.source.serializer {
            return Some(&self.source);
        }
        let transcode = || self.source.to_serializer(serializer).map_err(failed).ok();
        self.others[slot(serializer)].get_or_init(transcode).as_ref()
    }
}

const fn slot(serializer: Serializer) -> usize {
    match serializer {
        Serializer::Json => 0,
        Serializer::MessagePack => 1,
        Serializer::Cbor => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(args: &[u8]) -> Payload {
        Payload::of_parts(Serializer::Json, Part::copied(args), Part::new())
    }

    #[test]
    fn the_same_serializer_borrows_and_another_one_says_the_same() {
        let payload = json(b"[1,2]");
        assert!(matches!(payload.transcoded(Serializer::Json).unwrap().args, Cow::Borrowed(b"[1,2]")));
        assert_eq!(*payload.transcoded(Serializer::Cbor).unwrap().args, *b"\x82\x01\x02");
        assert!(payload.transcoded(Serializer::Cbor).unwrap().kwargs.is_empty());
    }

    #[test]
    fn ser_13_what_cannot_be_expressed_is_told_once_and_stays_so() {
        // Not a number: MessagePack has it and JSON has not.
        let nan = Part::copied(b"\x91\xcb\x7f\xf8\0\0\0\0\0\0");
        let payload = Payload::of_parts(Serializer::MessagePack, nan, Part::new());
        let cache = TranscodeCache::new(payload);
        let mut told = 0;
        assert!(cache.get(Serializer::Json, |_| told += 1).is_none());
        assert!(cache.get(Serializer::Json, |_| told += 1).is_none());
        assert!(cache.get(Serializer::Cbor, |_| told += 1).is_some());
        assert_eq!(told, 1);
    }

    #[test]
    fn what_is_known_is_not_transcoded() {
        let cache = TranscodeCache::new(json(b"[1]"));
        cache.add(Payload::of_parts(Serializer::Cbor, Part::copied(b"\x81\x07"), Part::new()));
        assert_eq!(cache.get(Serializer::Cbor, |_| ()).unwrap().args, *b"\x81\x07");
        assert_eq!(cache.source().args, *b"[1]");
    }
}
