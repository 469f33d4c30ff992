//! A set of texts that peers send: filters of thousands of roles.
//!
//! The texts stand one behind the other in one allocation, so that to build the set and to drop it are little work for
//! each of them.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// Texts, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct TextSet {
    texts: String,
    spans: HashTable<Span>,
    hasher: DefaultHashBuilder,
}

/// One text, and its hash: the table grows without a look at the texts.
#[derive(Clone, Copy, Debug)]
struct Span {
    hash: u64,
    from: usize,
    to: usize,
}

impl TextSet {
    pub(super) fn insert(&mut self, text: &str) {
        let Self { texts, spans, hasher } = self;
        let hash = hasher.hash_one(text);
        if spans.find(hash, |span| span.is(hash, texts, text)).is_none() {
            let from = texts.len();
            texts.push_str(text);
            spans.insert_unique(hash, Span { hash, from, to: texts.len() }, |span| span.hash);
        }
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        let hash = self.hasher.hash_one(text);
        self.spans.find(hash, |span| span.is(hash, &self.texts, text)).is_some()
    }
}

impl Span {
    fn is(&self, hash: u64, texts: &str, text: &str) -> bool {
        self.hash == hash && texts.get(self.from..self.to) == Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_there_once_and_nothing_else_is() {
        let mut set = TextSet::default();
        assert!(!set.contains(""));
        for number in (0..5000).chain(0..10) {
            set.insert(&format!("role{number}"));
        }
        set.insert("");
        assert_eq!(
            (set.spans.len(), set.texts.len()),
            (5001, (0..5000).map(|n| format!("role{n}").len()).sum())
        );
        assert!((0..5000).all(|number| set.contains(&format!("role{number}"))) && set.contains(""));
        // What stands beside each other in memory is no text of the set.
        assert!(["role5000", "role", "role0role1", "r", "0"].iter().all(|text| !set.contains(text)));
    }
}
