//! URI patterns, their matching, and tables keyed by patterns.
//!
//! A prefix is a prefix of the *text*, not of components; a wildcard pattern has as many components as the URIs it
//! matches, and each empty one matches anything in its place. Spec: advanced, "Pattern-based Subscriptions".

mod map;
mod prefix;
mod slots;
mod wildcard;

use std::fmt;
use std::sync::Arc;

pub use map::PatternMap;

/// The match policy of a subscription or a registration: the attribute `match`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Match {
    /// The URI itself.
    #[default]
    Exact,
    /// Every URI that starts with it.
    Prefix,
    /// Every URI with as many components that agrees where the pattern's component is not empty.
    Wildcard,
}

impl Match {
    /// All three, in the specification's order.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Prefix, Self::Wildcard];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Wildcard => "wildcard",
        }
    }

    /// The match that a word on the wire names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A URI together with how it matches. Cheap to clone.
///
/// The text is not checked here; [`UriRules::check`](crate::uri::UriRules::check) does that.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UriPattern {
    kind: Match,
    text: Arc<str>,
}

impl UriPattern {
    /// The pattern of this match and text.
    pub fn new(kind: Match, text: impl Into<Arc<str>>) -> Self {
        Self { kind, text: text.into() }
    }

    /// Matches this URI and no other.
    pub fn exact(uri: impl Into<Arc<str>>) -> Self {
        Self::new(Match::Exact, uri)
    }

    /// Matches every URI that starts with `text`.
    pub fn prefix(text: impl Into<Arc<str>>) -> Self {
        Self::new(Match::Prefix, text)
    }

    /// Matches every URI of as many components, which may differ where `text` has an empty component.
    pub fn wildcard(text: impl Into<Arc<str>>) -> Self {
        Self::new(Match::Wildcard, text)
    }

    /// The match policy.
    pub const fn kind(&self) -> Match {
        self.kind
    }

    /// The pattern's text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether `uri` matches.
    pub fn matches(&self, uri: &str) -> bool {
        match self.kind {
            Match::Exact => *self.text == *uri,
            Match::Prefix => uri.starts_with(&*self.text),
            Match::Wildcard => {
                components_agree(&self.text, uri, |pattern, given| pattern.is_empty() || pattern == given)
            }
        }
    }

    /// The text in the open places of the pattern, if `uri` matches: nothing for an exact pattern, the rest for a
    /// prefix, one component for each wildcard.
    pub fn captures<'u>(&self, uri: &'u str) -> Option<Vec<&'u str>> {
        if !self.matches(uri) {
            return None;
        }
        Some(match self.kind {
            Match::Exact => Vec::new(),
            Match::Prefix => uri.get(self.text.len()..).into_iter().collect(),
            Match::Wildcard => {
                let open = |(pattern, given): (&str, &'u str)| pattern.is_empty().then_some(given);
                self.text.split('.').zip(uri.split('.')).filter_map(open).collect()
            }
        })
    }

    /// Returns whether some URI matches both patterns.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self.kind, other.kind) {
            (Match::Exact, _) => other.matches(&self.text),
            (_, Match::Exact) => self.matches(&other.text),
            (Match::Prefix, Match::Prefix) => {
                self.text.starts_with(&*other.text) || other.text.starts_with(&*self.text)
            }
            (Match::Wildcard, Match::Wildcard) => {
                components_agree(&self.text, &other.text, |a, b| a.is_empty() || b.is_empty() || a == b)
            }
            (Match::Prefix, Match::Wildcard) => prefix_overlaps_wildcard(&self.text, &other.text),
            (Match::Wildcard, Match::Prefix) => prefix_overlaps_wildcard(&other.text, &self.text),
        }
    }

    /// Returns whether every URI that matches `other` matches this pattern too.
    pub fn covers(&self, other: &Self) -> bool {
        match (self.kind, other.kind) {
            (_, Match::Exact) => self.matches(&other.text),
            // A prefix matches URIs of any number of components: more than an exact or a wildcard pattern can cover.
            (Match::Exact | Match::Wildcard, Match::Prefix) => false,
            // A wildcard pattern without open places matches one URI only.
            (Match::Exact, Match::Wildcard) => {
                self.text == other.text && other.text.split('.').all(|component| !component.is_empty())
            }
            (Match::Prefix, Match::Prefix) => other.text.starts_with(&*self.text),
            (Match::Prefix, Match::Wildcard) => prefix_covers_wildcard(&self.text, &other.text),
            (Match::Wildcard, Match::Wildcard) => {
                components_agree(&self.text, &other.text, |a, b| a.is_empty() || a == b)
            }
        }
    }
}

impl fmt::Display for UriPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Match::Exact => write!(f, "{}", self.text),
            kind => write!(f, "{kind} {:?}", self.text),
        }
    }
}

/// Returns whether both have as many components and `agree` holds for each pair.
fn components_agree(a: &str, b: &str, agree: impl Fn(&str, &str) -> bool) -> bool {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if agree(a, b) => {}
            _ => return false,
        }
    }
}

fn prefix_overlaps_wildcard(prefix: &str, wildcard: &str) -> bool {
    let whole = |prefix: &str, open: &str| !prefix.is_empty() && (open.is_empty() || open == prefix);
    let last = |prefix: &str, open: &str| open.is_empty() || open.starts_with(prefix);
    compare_to_prefix(prefix, wildcard, whole, last)
}

fn prefix_covers_wildcard(prefix: &str, wildcard: &str) -> bool {
    compare_to_prefix(
        prefix,
        wildcard,
        |prefix, open| prefix == open,
        |prefix, open| open.starts_with(prefix),
    )
}

/// Compares the components of a prefix, whose last one may be cut short, to those of a wildcard pattern.
fn compare_to_prefix(
    prefix: &str,
    wildcard: &str,
    whole: impl Fn(&str, &str) -> bool,
    last: impl Fn(&str, &str) -> bool,
) -> bool {
    let mut prefix = prefix.split('.').peekable();
    let mut wildcard = wildcard.split('.');
    while let Some(component) = prefix.next() {
        let Some(open) = wildcard.next() else { return false };
        let agree = if prefix.peek().is_some() { whole(component, open) } else { last(component, open) };
        if !agree {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests;
