//! Arguments and keyword arguments of a message, kept as bytes until someone asks.
//!
//! Invariant: no payload is decoded into a tree on its way to a handler; serde reads the handler's own type straight
//! from the bytes.

mod bind;
mod encode;
mod error;
mod missing;
mod part;
mod quick;
mod returned;
mod shape;
#[cfg(test)]
mod tests;
mod transcode;
mod whole;

pub use encode::{encode_args, encode_args_part, encode_kwargs, encode_single, encode_single_part};
pub use part::Part;
pub use shape::{ARG, ARGS, KWARGS};
pub use transcode::{TranscodeCache, Transcoded};
pub use whole::encode_whole_part;

use crate::codec::Serializer;
use crate::codec::de::Decode;
use crate::codec::reader::with_reader;
use crate::message::Passthru;
use bind::Bind;
use quick::quick;
use returned::{Values, ValuesAs};
use serde::Deserialize;
use shape::is_both;

/// Arguments of at least this length are worth what one read returns, which is seldom more than twice as much.
const LONG: usize = 32 * 1024;

/// `Arguments` and `ArgumentsKw` of a message, as they stand in its frame.
#[derive(Clone, Debug)]
pub struct Payload {
    /// The serializer both are encoded in.
    pub serializer: Serializer,
    /// The encoded list; empty when the message has none.
    pub args: Part,
    /// The encoded dictionary; empty when the message has none.
    pub kwargs: Part,
    /// How the arguments are packed, if only the endpoints can read them. The readers of messages leave it out: it stands in the
    /// options or details of the message. It is there for application code, which has the payload alone.
    pub passthru: Option<Box<Passthru>>,
}

/// Why arguments do not fit a handler's type; its text goes to the caller.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct ArgumentsError(pub String);

impl Payload {
    /// No arguments at all.
    pub fn empty(serializer: Serializer) -> Self {
        Self::of_parts(serializer, Part::new(), Part::new())
    }

    /// Arguments that everybody can read.
    pub const fn of_parts(serializer: Serializer, args: Part, kwargs: Part) -> Self {
        Self { serializer, args, kwargs, passthru: None }
    }

    /// The same arguments, packed as a message says; nothing changes if its mode is off (checklist PPT-01).
    #[must_use]
    pub fn packed(mut self, passthru: Option<Box<Passthru>>) -> Self {
        self.passthru = passthru.filter(|passthru| passthru.is_active());
        self
    }

    /// The same arguments in memory of their own: a payload as it came holds on to all that one read returned.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            serializer: self.serializer,
            args: Part::copied(&self.args),
            kwargs: Part::copied(&self.kwargs),
            passthru: self.passthru.clone(),
        }
    }

    /// The same arguments for somebody who may keep them for long: [detached](Self::detached), unless they are so long
    /// that what they hold on to is not much more.
    #[must_use]
    pub fn to_keep(&self) -> Self {
        if self.size() < LONG { self.detached() } else { self.clone() }
    }

    /// Returns whether it takes memory beside its own, or has a share in that of others.
    #[inline]
    pub const fn holds_memory(&self) -> bool {
        self.args.holds_memory() || self.kwargs.holds_memory() || self.passthru.is_some()
    }

    /// The size of the encoded arguments in bytes, with their attributes of passthru mode.
    pub fn size(&self) -> usize {
        self.args.len() + self.kwargs.len() + self.passthru.as_ref().map_or(0, |passthru| passthru.bytes())
    }

    /// Returns whether there are positional arguments: neither nothing nor the empty list that keeps the place before keywords.
    pub fn has_args(&self) -> bool {
        let empty: &[u8] = match self.serializer {
            Serializer::Json => b"[]",
            Serializer::MessagePack => b"\x90",
            Serializer::Cbor => b"\x80",
        };
        !self.args.is_empty() && self.args != empty
    }

    /// Returns whether there are keyword arguments: neither nothing nor the empty dictionary.
    pub fn has_kwargs(&self) -> bool {
        let empty: &[u8] = match self.serializer {
            Serializer::Json => b"{}",
            Serializer::MessagePack => b"\x80",
            Serializer::Cbor => b"\xa0",
        };
        !self.kwargs.is_empty() && self.kwargs != empty
    }

    /// Binds arguments by position, then by name, to the fields of `T`, as Python binds a call to a signature.
    ///
    /// | `T` | takes |
    /// |---|---|
    /// | a struct | positional arguments in the order of its fields, the other fields by name |
    /// | a tuple, a tuple struct | as many positional arguments; those missing at the end may be `Option`s |
    /// | a `Vec`, a set | all positional arguments |
    /// | a map, a struct with `#[serde(flatten)]` | all keyword arguments |
    /// | `()` | no arguments |
    /// | `Option<T>` | no arguments, or what `T` takes |
    /// | anything else, such as a number | exactly one positional argument |
    ///
    /// A newtype takes what it wraps. serde lists the aliases of a field (`#[serde(alias)]`) among the fields, so
    /// a struct that has some should be called by name.
    ///
    /// # Errors
    /// When the arguments do not fit; the text says which one, what was expected and what came.
    pub fn bind<'de, T: Deserialize<'de>>(&'de self) -> Result<T, ArgumentsError> {
        self.check_open()?;
        with_reader!(self.serializer, R => {
            if self.kwargs.is_empty()
                && !self.args.is_empty()
                && let Some(value) = quick::<R<'de>, T>(&self.args)
            {
                return Ok(value);
            }
            T::deserialize(Bind::<R<'de>>::new(&self.args, &self.kwargs))
        })
    }

    /// What is packed would be read as one argument, which it is not.
    fn check_open(&self) -> Result<(), ArgumentsError> {
        let Some(passthru) = &self.passthru else { return Ok(()) };
        let scheme = passthru.scheme.as_deref().unwrap_or_default();
        Err(ArgumentsError(format!(
            "the payload is packed with the scheme {scheme:?}, which its receiver has to unpack"
        )))
    }

    fn read<'de, T: Deserialize<'de>>(&'de self, rule: ValuesAs) -> Result<T, ArgumentsError> {
        self.check_open()?;
        let rule = if is_both::<T>() { ValuesAs::Both } else { rule };
        with_reader!(self.serializer, R => T::deserialize(Values::<R<'de>>::new(&self.args, &self.kwargs, rule)))
    }

    /// The positional arguments as a `T`: a tuple, a `Vec`, a tuple struct. Keyword arguments are refused.
    ///
    /// # Errors
    /// As for [`bind`](Self::bind).
    pub fn args<'de, T: Deserialize<'de>>(&'de self) -> Result<T, ArgumentsError> {
        with_reader!(self.serializer, R => {
            let bind = Bind::<R<'de>>::new(&self.args, &self.kwargs);
            bind.no_keywords()?;
            T::deserialize(bind)
        })
    }

    /// The keyword arguments as a `T`: a struct or a map. Positional arguments are refused.
    ///
    /// # Errors
    /// As for [`bind`](Self::bind).
    pub fn kwargs<'de, T: Deserialize<'de>>(&'de self) -> Result<T, ArgumentsError> {
        with_reader!(self.serializer, R => {
            let bind = Bind::<R<'de>>::new(&self.args, &self.kwargs);
            bind.no_positionals()?;
            T::deserialize(bind)
        })
    }

    /// Results as the type that was returned, or arguments as the type that was given: what stands alone is one argument.
    ///
    /// | `T` | takes |
    /// |---|---|
    /// | `()` | whatever there is, and ignores it |
    /// | `Option<T>` | nothing or `null`, or what `T` takes |
    /// | a tuple, an array of two or more | one list; or as many positional results as it has elements |
    /// | anything else: a `Vec`, a struct, a map, a number | the only positional result, decoded as a whole |
    ///
    /// A newtype with the name [`ARG`], [`ARGS`] or [`KWARGS`] has what [`arg`](Self::arg), [`args`](Self::args) or
    /// [`kwargs`](Self::kwargs) read, a tuple of the last two both. A dynamic value is null if there is nothing.
    ///
    /// # Errors
    /// When they do not fit; the text says what was expected and what came.
    pub fn returned<'de, T: Deserialize<'de>>(&'de self) -> Result<T, ArgumentsError> {
        self.read(ValuesAs::Returned)
    }

    /// As [`returned`](Self::returned), but a tuple or an array is always the positional arguments.
    ///
    /// Missing trailing arguments whose type is an `Option` are `None`.
    ///
    /// # Errors
    /// When they do not fit; the text says which argument, what was expected and what came.
    pub fn given<'de, T: Deserialize<'de>>(&'de self) -> Result<T, ArgumentsError> {
        self.read(ValuesAs::Given)
    }

    /// The only argument, decoded as a whole: a dictionary as a struct, a list as a tuple.
    ///
    /// # Errors
    /// As for [`bind`](Self::bind), and when there is not exactly one positional argument or there are keywords.
    pub fn arg<'de, T: Deserialize<'de>>(&'de self) -> Result<T, ArgumentsError> {
        with_reader!(self.serializer, R => Bind::<R<'de>>::new(&self.args, &self.kwargs).single(|reader| T::deserialize(Decode::new(reader))))
    }
}
