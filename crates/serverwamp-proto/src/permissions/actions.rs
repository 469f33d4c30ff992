//! The four actions that a permission is about, and what an allowed one may do besides.

use std::fmt;
use std::ops::BitOr;

/// What a session asks for. Spec: advanced, "Authorization".
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Action {
    /// CALL, of one procedure.
    Call,
    /// REGISTER, of one procedure or a pattern.
    Register,
    /// PUBLISH, to one topic.
    Publish,
    /// SUBSCRIBE, to one topic or a pattern.
    Subscribe,
}

impl Action {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Call, Self::Register, Self::Publish, Self::Subscribe];

    /// The word, as dynamic authorizers get it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Register => "register",
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
        }
    }

    /// The action that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Some of the four actions.
///
/// ```
/// use serverwamp_proto::permissions::{Action, Actions};
///
/// let actions = Actions::CALL | Actions::SUBSCRIBE;
/// assert!(actions.contains(Action::Call) && !actions.contains(Action::Publish));
/// assert_eq!(actions.to_string(), "call, subscribe");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Actions(u8);

impl Actions {
    /// CALL.
    pub const CALL: Self = Self::only(Action::Call);
    /// REGISTER.
    pub const REGISTER: Self = Self::only(Action::Register);
    /// PUBLISH.
    pub const PUBLISH: Self = Self::only(Action::Publish);
    /// SUBSCRIBE.
    pub const SUBSCRIBE: Self = Self::only(Action::Subscribe);
    /// All four.
    pub const ALL: Self = Self(Self::CALL.0 | Self::REGISTER.0 | Self::PUBLISH.0 | Self::SUBSCRIBE.0);

    const fn only(action: Action) -> Self {
        Self(1 << action as u8)
    }

    /// Whether `action` is one of them.
    pub const fn contains(self, action: Action) -> bool {
        self.0 & Self::only(action).0 != 0
    }

    /// Whether these are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.into_iter().filter(move |action| self.contains(*action))
    }
}

impl From<Action> for Actions {
    fn from(action: Action) -> Self {
        Self::only(action)
    }
}

impl BitOr for Actions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, action) in self.iter().enumerate() {
            write!(f, "{}{action}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// What an allowed action may do besides. By default everything that the realm allows.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Allowance {
    /// CALL and PUBLISH may be disclosed with `disclose_me`, REGISTER may ask for callers with `disclose_caller`.
    pub disclose: bool,
    /// PUBLISH may leave its event behind with `retain`, SUBSCRIBE may ask for it with `get_retained`.
    pub retain: bool,
    /// What PUBLISH publishes is kept in the history, and whoever may SUBSCRIBE may read it there.
    pub history: bool,
}

impl Allowance {
    /// Everything.
    pub const FULL: Self = Self { disclose: true, retain: true, history: true };

    /// What both allow.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            disclose: self.disclose && other.disclose,
            retain: self.retain && other.retain,
            history: self.history && other.history,
        }
    }
}

impl Default for Allowance {
    fn default() -> Self {
        Self::FULL
    }
}
