//! The set of URIs that a pattern matches, as one condition for each component, and what two such sets have in common.
//!
//! Prefixes, wildcard patterns and exact URIs are not closed under intersection: `prefix "a.b"` and `wildcard ".."` have in
//! common what begins with `a`, has a second component that starts with `b`, and a third. A [`Reach`] is.

use crate::pattern::{Match, UriPattern};

/// The condition for one component.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Condition<'p> {
    /// It starts with this text; every component starts with the empty one.
    Starts(&'p str),
    /// It is this text.
    Is(&'p str),
}

/// A set of URIs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Reach<'p> {
    conditions: Vec<Condition<'p>>,
    /// Any number of components may follow those that have a condition.
    goes_on: bool,
}

impl<'p> Reach<'p> {
    pub(super) fn of(pattern: &'p UriPattern) -> Self {
        let components = pattern.as_str().split('.');
        let conditions = match pattern.kind() {
            Match::Exact => components.map(Condition::Is).collect(),
            Match::Wildcard => components.map(Condition::open_or_literal).collect(),
            Match::Prefix => {
                let mut conditions: Vec<_> = components.map(Condition::Is).collect();
                if let Some(Condition::Is(text)) = conditions.pop() {
                    conditions.push(Condition::Starts(text));
                }
                conditions
            }
        };
        Self { conditions, goes_on: pattern.kind() == Match::Prefix }
    }

    /// What both sets hold; `None` when that is nothing.
    pub(super) fn meet(&self, other: &Self) -> Option<Self> {
        let (short, long) =
            if self.conditions.len() <= other.conditions.len() { (self, other) } else { (other, self) };
        if short.conditions.len() < long.conditions.len() && !short.goes_on {
            return None;
        }
        let mut conditions = long.conditions.clone();
        for (condition, more) in conditions.iter_mut().zip(&short.conditions) {
            *condition = condition.meet(*more)?;
        }
        Some(Self { conditions, goes_on: self.goes_on && other.goes_on })
    }

    /// Whether every URI of `other` is in this set.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let lengths = match self.goes_on {
            true => other.conditions.len() >= self.conditions.len(),
            false => !other.goes_on && other.conditions.len() == self.conditions.len(),
        };
        lengths && self.conditions.iter().zip(&other.conditions).all(|(one, other)| one.covers(*other))
    }
}

impl<'p> Condition<'p> {
    fn open_or_literal(component: &'p str) -> Self {
        if component.is_empty() { Self::Starts("") } else { Self::Is(component) }
    }

    fn meet(self, other: Self) -> Option<Self> {
        let meet = if self.covers(other) { other } else { self };
        (self.covers(meet) && other.covers(meet)).then_some(meet)
    }

    fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Starts(start), Self::Starts(text) | Self::Is(text)) => text.starts_with(start),
            (Self::Is(one), Self::Is(other)) => one == other,
            (Self::Is(_), Self::Starts(_)) => false,
        }
    }
}
