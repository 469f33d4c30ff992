//! A payload in the serializer of whom it goes to: the bytes that came, or others that say the same.

use serverwamp_proto::codec::{EncodeError, Serializer, transcode};
use serverwamp_proto::payload::Payload;
use std::borrow::Cow;

/// Arguments and keyword arguments for one receiver; they are queued at once, so nothing has to share them.
#[derive(Debug)]
pub(crate) struct Carried<'p> {
    pub(crate) args: Cow<'p, [u8]>,
    pub(crate) kwargs: Cow<'p, [u8]>,
}

impl<'p> Carried<'p> {
    /// The payload in this serializer.
    ///
    /// # Errors
    /// When it cannot say it (checklist SER-13).
    pub(crate) fn new(payload: &'p Payload, serializer: Serializer) -> Result<Self, EncodeError> {
        let carry = |bytes: &'p [u8]| -> Result<_, EncodeError> {
            if serializer == payload.serializer || bytes.is_empty() {
                return Ok(Cow::Borrowed(bytes));
            }
            // Numbers are longer as text.
            let mut out = Vec::with_capacity(2 * bytes.len());
            transcode(payload.serializer, bytes, serializer, &mut out)?;
            Ok(Cow::Owned(out))
        };
        Ok(Self { args: carry(&payload.args)?, kwargs: carry(&payload.kwargs)? })
    }

    /// No arguments at all.
    pub(crate) const fn nothing() -> Self {
        Self { args: Cow::Borrowed(&[]), kwargs: Cow::Borrowed(&[]) }
    }
}
