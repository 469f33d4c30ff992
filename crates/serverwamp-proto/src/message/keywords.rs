//! Attributes whose value is one of a few words.

use std::borrow::Cow;

use super::attributes::{Attribute, AttributeValue};
use super::dictionary::Source;
use super::violation::Fault;
use crate::codec::{DictReader, EncodeError, Kind, Serializer, Writer};
use crate::pattern::Match;

/// The policy that chooses the callee of a shared registration: `REGISTER.Options.invoke`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Invoke {
    /// There is one callee only; the registration is not shared.
    #[default]
    Single,
    /// One after the other.
    RoundRobin,
    /// Any of them, drawn at random.
    Random,
    /// The one that registered first.
    First,
    /// The one that registered last.
    Last,
}

/// The way in which a caller cancels a call: `CANCEL.Options.mode`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CancelMode {
    /// The caller is answered at once, the callee hears nothing.
    Skip,
    /// The callee is interrupted, the caller gets what the callee answers to that.
    Kill,
    /// The callee is interrupted, the caller is answered at once.
    KillNoWait,
}

/// The way in which a callee is interrupted: `INTERRUPT.Options.mode`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum InterruptMode {
    /// The answer still counts.
    Kill,
    /// Nobody waits for an answer.
    KillNoWait,
}

/// The algorithm that protects an opaque payload of the legacy form.
///
/// Autobahn's forerunner of `ppt_scheme`: the payload is one string in place of the arguments.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EncAlgo(Box<str>);

impl EncAlgo {
    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn from_word(word: &str) -> Option<Self> {
        let known = matches!(word, "cryptobox" | "mqtt" | "xbr") || word.starts_with("x_");
        known.then(|| Self(word.into()))
    }
}

macro_rules! words {
    ($($ty:ident { $($variant:ident = $word:literal),* })*) => {$(
        impl $ty {
            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            pub(crate) fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    )*};
}

words! {
    Invoke { Single = "single", RoundRobin = "roundrobin", Random = "random", First = "first", Last = "last" }
    CancelMode { Skip = "skip", Kill = "kill", KillNoWait = "killnowait" }
    InterruptMode { Kill = "kill", KillNoWait = "killnowait" }
}

macro_rules! word_attributes {
    ($($ty:ty, $expected:literal, default $default:expr, |$value:ident| $text:expr, |$word:ident| $read:expr;)*) => {$(
        impl AttributeValue for $ty {
            fn is_default(&self) -> bool {
                *self == $default
            }

            fn write(&self, writer: &mut Writer<'_>, _: Serializer) -> Result<(), EncodeError> {
                let $value = self;
                writer.text($text);
                Ok(())
            }
        }

        impl<'a> Attribute<'a> for $ty {
            const EXPECTED: &'static str = $expected;
            const KIND: Kind = Kind::Text;

            fn read(dict: &mut DictReader<'a>, _: &Source<'a>) -> Result<Self, Fault> {
                let text: Cow<'_, str> = dict.text()?;
                let $word = &*text;
                $read.ok_or_else(|| Fault::word($expected, &text))
            }
        }
    )*};
}

word_attributes! {
    Match, "\"exact\", \"prefix\" or \"wildcard\"", default Self::Exact,
        |value| value.as_str(), |word| Self::from_word(word);
    Invoke, "\"single\", \"roundrobin\", \"random\", \"first\" or \"last\"", default Self::Single,
        |value| value.as_str(), |word| Self::from_word(word);
    Option<CancelMode>, "\"skip\", \"kill\" or \"killnowait\"", default None,
        |value| value.map_or("", CancelMode::as_str), |word| CancelMode::from_word(word).map(Some);
    Option<InterruptMode>, "\"kill\" or \"killnowait\"", default None,
        |value| value.map_or("", InterruptMode::as_str), |word| InterruptMode::from_word(word).map(Some);
    Option<EncAlgo>, "\"cryptobox\", \"mqtt\", \"xbr\" or a name starting with \"x_\"", default None,
        |value| value.as_ref().map_or("", EncAlgo::as_str), |word| EncAlgo::from_word(word).map(Some);
}
