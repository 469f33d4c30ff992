//! One payload in each serializer that a receiver needs it in, carried over once.

use crate::base::log::line_later;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::payload::Payload;
use std::cell::OnceCell;

/// One payload in the serializers it is needed in.
#[derive(Debug)]
pub(crate) struct Forms {
    source: Payload,
    carried: [OnceCell<Option<Payload>>; 3],
}

/// Where a serializer's form of something stands.
pub(super) const fn slot(serializer: Serializer) -> usize {
    match serializer {
        Serializer::Json => 0,
        Serializer::MessagePack => 1,
        Serializer::Cbor => 2,
    }
}

impl Forms {
    pub(crate) fn new(source: Payload) -> Self {
        Self { source, carried: Default::default() }
    }

    /// Adds a form that is known already.
    pub(crate) fn know(&self, form: Payload) {
        // The first form stays: they all say the same.
        let _known = self.carried[slot(form.serializer)].set(Some(form));
    }

    pub(crate) fn source(&self) -> &Payload {
        &self.source
    }

    /// The payload of an event of `topic` in this serializer, or `None` when it cannot say it (checklist SER-13).
    pub(super) fn get(&self, serializer: Serializer, topic: &str) -> Option<&Payload> {
        if serializer == self.source.serializer {
            return Some(&self.source);
        }
        let carry = || match self.source.to_serializer(serializer) {
            Ok(payload) => Some(payload),
            Err(error) => {
                let serializer = format_args!("{serializer:?}");
                line_later!(
                    WARN,
                    "event",
                    "an event cannot be transcoded",
                    topic = topic,
                    serializer = serializer,
                    error = error
                );
                None
            }
        };
        self.carried[slot(serializer)].get_or_init(carry).as_ref()
    }
}
