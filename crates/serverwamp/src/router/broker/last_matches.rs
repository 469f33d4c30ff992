//! The subscriptions that a publisher's last publication reached, for the next one.
//!
//! Most publishers publish to the same topic again, and then need neither the lock of all subscriptions nor a search, nor write a
//! count that all publishers of the topic share. Invariant: what is kept is used only as long as no subscription has come or gone
//! since before it was looked for.

use super::{Broker, Matches};
use std::cell::{Cell, RefCell};

/// What was found for the last publication of one connection.
#[derive(Debug, Default)]
pub(crate) struct LastMatches(RefCell<KeptMatches>, Cell<bool>);

#[derive(Debug, Default)]
struct KeptMatches {
    /// [`Broker::changes`] from before the search; `None` while nothing is kept.
    changes: Option<u64>,
    topic: String,
    matches: Matches,
}

/// Longer topics are looked for again, so that what is kept takes little memory.
const LONGEST: usize = 256;

/// So many subscriptions are kept at most; a publication that reaches more has other costs.
const MOST: usize = 8;

impl LastMatches {
    /// The subscriptions that an event of `topic` reaches, to be [put back](Self::put_back), and the number of changes that they are of.
    pub(super) fn take(&self, broker: &Broker, topic: &str) -> (u64, Matches) {
        // Before the search: who subscribes meanwhile makes it another number.
        let changes = broker.changes();
        let mut kept = self.0.borrow_mut();
        if kept.changes.take() == Some(changes) && kept.topic == topic {
            return (changes, std::mem::take(&mut kept.matches));
        }
        kept.matches = Matches::default();
        kept.topic.clear();
        if topic.len() <= LONGEST {
            kept.topic.push_str(topic);
        }
        (changes, broker.matches(topic))
    }

    /// Notes whether the last publication went to other nodes as well.
    pub(super) fn note_away(&self, went_away: bool) {
        self.1.set(went_away);
    }

    /// Returns whether the last publication went to other nodes as well.
    pub(super) fn went_away(&self) -> bool {
        self.1.get()
    }

    /// Keeps what was taken.
    pub(super) fn put_back(&self, (changes, matches): (u64, Matches)) {
        let mut kept = self.0.borrow_mut();
        if !kept.topic.is_empty() && matches.more.len() < MOST {
            kept.changes = Some(changes);
            kept.matches = matches;
        }
    }
}
