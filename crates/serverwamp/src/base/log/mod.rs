//! Lines in the log: how many of them there are, and what of a peer's text is in them.
//!
//! Everything the framework logs goes through [`line!`] or [`line_later!`]. Invariants:
//!
//! * nothing is formatted or counted unless somebody listens at that level;
//! * each kind of line, which is one place that writes it or one [`Refusal`](crate::Refusal), has a rate for the whole
//!   process, and what is beyond it is counted and the count is told (`rate.rs`);
//! * each value is escaped and bounded in length, wherever it comes from (`text.rs`);
//! * no subscriber, which is user code, runs under one of our locks: what has something to say there writes it down
//!   with [`line_later!`], and it is logged when the connection's task is out of them (`later.rs`).

mod later;
mod rate;
mod text;

pub(crate) use later::{flush, push};
pub(crate) use rate::{LineKind, clock, tell_all_left_out};
pub(crate) use text::Text;

use serverwamp_proto::id::SessionId;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Logs a line: its level, its area (`"session"` becomes the target `serverwamp::session`), its text, its fields, and behind
/// a semicolon those that are `Option`s.
///
/// Every value is written with [`Display`](std::fmt::Display), as [`Text`] shows it. Not to be used under a lock.
macro_rules! line {
    ($level:ident, $area:literal, $text:literal $($fields:tt)*) => {
        if ::tracing::enabled!(target: concat!("serverwamp::", $area), ::tracing::Level::$level) {
            static KIND: $crate::base::log::LineKind = $crate::base::log::LineKind::new(::tracing::Level::$level, $text);
            $crate::base::log::line!(@ $level, $area, &KIND, $text $($fields)*);
        }
    };
    // With a kind of its own.
    (@ $level:ident, $area:literal, $kind:expr, $text:literal
        $(, $field:ident = $value:expr)* $(; $($option:ident = $maybe:expr),+)? $(,)?) => {
        if let Some(suppressed) = $kind.admit($crate::base::log::clock()) {
            ::tracing::event!(
                target: concat!("serverwamp::", $area),
                ::tracing::Level::$level,
                $($field = ::tracing::field::display($crate::base::log::Text::new(&$value)),)*
                $($($option = $maybe.as_ref().map(|value| ::tracing::field::display($crate::base::log::Text::new(value))),)+)?
                suppressed = suppressed.told(),
                $text
            );
        }
    };
}

/// As [`line!`], where a lock is held: the line is written down, and logged by [`flush`].
macro_rules! line_later {
    ($level:ident, $area:literal, $text:literal $($fields:tt)*) => {
        if ::tracing::enabled!(target: concat!("serverwamp::", $area), ::tracing::Level::$level) {
            static KIND: $crate::base::log::LineKind = $crate::base::log::LineKind::new(::tracing::Level::$level, $text);
            $crate::base::log::line_later!(@ $level, $area, &KIND, $text $($fields)*);
        }
    };
    (@ $level:ident, $area:literal, $kind:expr, $text:literal
        $(, $field:ident = $value:expr)* $(; $($option:ident = $maybe:expr),+)? $(,)?) => {
        if let Some(suppressed) = $kind.admit($crate::base::log::clock()) {
            $(let $field = $crate::base::log::Text::new(&$value).to_string();)*
            $($(let $option = $maybe.as_ref().map(|value| $crate::base::log::Text::new(value).to_string());)+)?
            $crate::base::log::push(Box::new(move || {
                ::tracing::event!(
                    target: concat!("serverwamp::", $area),
                    ::tracing::Level::$level,
                    $($field = ::tracing::field::display(&$field),)*
                    $($($option = $option.as_ref().map(::tracing::field::display),)+)?
                    suppressed = suppressed.told(),
                    $text
                );
            }));
        }
    };
}

pub(crate) use {line, line_later};

/// Why a request over HTTP was refused, among the extensions of the answer on its way to the code that counts and logs it.
#[derive(Clone, Debug)]
pub(crate) struct Why(pub(crate) String);

impl Why {
    /// Takes it from an answer.
    pub(crate) fn take<B>(answer: &mut http::Response<B>) -> String {
        answer.extensions_mut().remove::<Self>().map(|Self(why)| why).unwrap_or_default()
    }
}

/// The peer that a line is about, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Whose {
    pub(crate) peer: Option<Address>,
    pub(crate) session: Option<SessionId>,
}

/// The address of a peer, with its port where that is known: headers of proxies name none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Address {
    Socket(SocketAddr),
    Host(IpAddr),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) if address.port() == 0 => address.ip().fmt(f),
            Self::Socket(address) => address.fmt(f),
            Self::Host(address) => address.fmt(f),
        }
    }
}

impl From<Option<SocketAddr>> for Whose {
    fn from(peer: Option<SocketAddr>) -> Self {
        Self { peer: peer.map(Address::Socket), session: None }
    }
}

impl From<Option<IpAddr>> for Whose {
    fn from(peer: Option<IpAddr>) -> Self {
        Self { peer: peer.map(Address::Host), session: None }
    }
}

impl Whose {
    pub(crate) const fn in_session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }
}

#[cfg(test)]
mod tests;
