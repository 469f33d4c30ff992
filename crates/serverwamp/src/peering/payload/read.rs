//! Results and events read as types: the marks by which a payload knows its shapes, and the error when they do not fit.

use super::{Arg, Args, Kwargs};
use crate::base::error::WampError;
use serde::de::{Deserialize, Deserializer, Visitor};
use serverwamp_proto::payload::{ARG, ARGS, ArgumentsError, KWARGS};
use std::fmt;
use std::marker::PhantomData;

/// The results could not be read: their caller's fault or the callee's, but nobody's refusal.
pub(crate) const UNREADABLE: &str = "serverwamp.error.unreadable";

macro_rules! shapes {
    ($($shape:ident, $mark:ident;)*) => {$(
        impl<'de, T: Deserialize<'de>> Deserialize<'de> for $shape<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_newtype_struct($mark, Inside(PhantomData)).map(Self)
            }
        }
    )*};
}

shapes! {
    Arg, ARG;
    Args, ARGS;
    Kwargs, KWARGS;
}

/// What a shape has in it, which its deserializer chose by the shape's mark.
struct Inside<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Inside<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("arguments")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}

/// The error of whoever cannot read `what` as a `T`.
pub(crate) fn unreadable<T>(what: &str, from: &str, why: &ArgumentsError) -> WampError {
    let wanted = without_paths(std::any::type_name::<T>());
    WampError::new(UNREADABLE).arg(format!("the {what} {from:?} cannot be read as {wanted}: {why}"))
}

/// The error of whoever cannot read something else.
pub(crate) fn unreadable_because(why: String) -> WampError {
    WampError::new(UNREADABLE).arg(why)
}

/// `Vec<String>` for `alloc::vec::Vec<alloc::string::String>`.
fn without_paths(name: &str) -> String {
    let mut short = String::new();
    let mut word = 0;
    let mut rest = name.chars().peekable();
    while let Some(char) = rest.next() {
        if char == ':' && rest.next_if_eq(&':').is_some() {
            short.truncate(word);
            continue;
        }
        short.push(char);
        if !(char.is_alphanumeric() || char == '_') {
            word = short.len();
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::without_paths;

    #[test]
    fn a_type_is_named_without_the_paths_to_it() {
        for (long, short) in [
            ("i64", "i64"),
            ("alloc::vec::Vec<alloc::string::String>", "Vec<String>"),
            ("(a::b_c::User, [core::option::Option<()>; 2])", "(User, [Option<()>; 2])"),
        ] {
            assert_eq!(without_paths(long), short);
        }
    }
}
