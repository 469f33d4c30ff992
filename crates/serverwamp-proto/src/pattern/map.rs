//! A table keyed by patterns, and the order in which patterns win.

use hashbrown::HashMap;

use super::prefix::PrefixTrie;
use super::wildcard::WildcardTable;
use super::{Match, UriPattern};

/// Values keyed by (match, text): one table for each match.
///
/// The three matches never collide: `a.b` as exact, prefix and wildcard pattern are three keys. As long as no patterns
/// are stored, a lookup is one probe of a hash table; patterns cost a walk along the URI, however many there are.
///
/// Patterns must have passed [`UriRules::check`](crate::uri::UriRules::check): its limits bound the depth of the tables.
#[derive(Clone, Debug)]
pub struct PatternMap<T> {
    exact: HashMap<Box<str>, T>,
    prefix: PrefixTrie<T>,
    wildcard: WildcardTable<T>,
}

impl<T> PatternMap<T> {
    /// An empty table.
    pub fn new() -> Self {
        Self { exact: HashMap::new(), prefix: PrefixTrie::new(), wildcard: WildcardTable::new() }
    }

    /// The number of patterns in the table.
    pub fn len(&self) -> usize {
        self.exact.len() + self.prefix.len() + self.wildcard.len()
    }

    /// Returns whether the table holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Stores a value; gives back the one that stood under the same pattern.
    pub fn insert(&mut self, pattern: &UriPattern, value: T) -> Option<T> {
        match pattern.kind() {
            Match::Exact => self.exact.insert(pattern.as_str().into(), value),
            Match::Prefix => self.prefix.insert(pattern.as_str(), value),
            Match::Wildcard => self.wildcard.insert(pattern.as_str(), value),
        }
    }

    /// The value stored under exactly this match and text; no pattern is evaluated.
    pub fn get(&self, kind: Match, text: &str) -> Option<&T> {
        match kind {
            Match::Exact => self.exact.get(text),
            Match::Prefix => self.prefix.get(text),
            Match::Wildcard => self.wildcard.get(text),
        }
    }

    /// Like [`get`](Self::get), to change the value.
    pub fn get_mut(&mut self, kind: Match, text: &str) -> Option<&mut T> {
        match kind {
            Match::Exact => self.exact.get_mut(text),
            Match::Prefix => self.prefix.get_mut(text),
            Match::Wildcard => self.wildcard.get_mut(text),
        }
    }

    /// Takes a value out.
    pub fn remove(&mut self, kind: Match, text: &str) -> Option<T> {
        match kind {
            Match::Exact => self.exact.remove(text),
            Match::Prefix => self.prefix.remove(text),
            Match::Wildcard => self.wildcard.remove(text),
        }
    }

    /// The value of the pattern that wins for `uri`, and how it matches.
    ///
    /// The exact URI wins, then the longest prefix, then the wildcard pattern that is literal where the others are open,
    /// seen from the left. Spec: advanced, "Calls matching multiple registrations".
    pub fn best(&self, uri: &str) -> Option<(Match, &T)> {
        if let Some(value) = self.exact.get(uri) {
            return Some((Match::Exact, value));
        }
        if let Some(value) = self.prefix.longest(uri) {
            return Some((Match::Prefix, value));
        }
        Some((Match::Wildcard, self.wildcard.best(uri)?))
    }

    /// Shows every value whose pattern matches `uri`: the exact one, the prefixes from short to long, the wildcards in
    /// the order in which they would win.
    pub fn all<'s>(&'s self, uri: &str, mut visit: impl FnMut(Match, &'s T)) {
        if let Some(value) = self.exact.get(uri) {
            visit(Match::Exact, value);
        }
        self.prefix.all(uri, |value| visit(Match::Prefix, value));
        self.wildcard.all(uri, |value| visit(Match::Wildcard, value));
    }

    /// Shows every value, in no particular order.
    pub fn each<'s>(&'s self, mut visit: impl FnMut(Match, &'s T)) {
        self.exact.values().for_each(|value| visit(Match::Exact, value));
        self.prefix.each(&mut |value| visit(Match::Prefix, value));
        self.wildcard.each(&mut |value| visit(Match::Wildcard, value));
    }
}

impl<T> Default for PatternMap<T> {
    fn default() -> Self {
        Self::new()
    }
}
