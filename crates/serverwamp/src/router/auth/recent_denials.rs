//! The last peers that were not let in, for operators: who wanted what, from where, and why that was denied.
//!
//! Invariant: it takes a bounded amount of memory, whatever peers call themselves.

use crate::base::locks::Mutex;
use crate::rt::wall_clock;
use serverwamp_proto::timestamp::Timestamp;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::PoisonError;

/// The denials that are remembered: a few screens.
const MOST: usize = 256;

/// The characters that are kept of each text.
const LONGEST: usize = 256;

/// One denial.
#[derive(Clone, Debug)]
pub(crate) struct RecentDenial {
    pub(crate) at: Timestamp,
    pub(crate) realm: Box<str>,
    /// Whom the peer claimed to be, if it did.
    pub(crate) authid: Option<Box<str>>,
    pub(crate) address: Option<SocketAddr>,
    /// The cause, as in the log; it contains no secret.
    pub(crate) why: Box<str>,
}

/// The last denials, the newest last.
#[derive(Debug, Default)]
pub(crate) struct RecentDenials(Mutex<VecDeque<RecentDenial>>);

impl RecentDenials {
    /// Remembers one that happens now.
    pub(crate) fn add(&self, realm: &str, authid: Option<&str>, address: Option<SocketAddr>, why: &str) {
        let denial = RecentDenial {
            at: wall_clock(),
            realm: shortened(realm),
            authid: authid.map(shortened),
            address,
            why: shortened(why),
        };
        let mut denials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if denials.len() >= MOST {
            denials.pop_front();
        }
        denials.push_back(denial);
    }

    /// Those that happened last, the newest first.
    pub(crate) fn newest(&self) -> Vec<RecentDenial> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }
}

fn shortened(text: &str) -> Box<str> {
    text.chars().take(LONGEST).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_denials_are_kept_and_no_more_of_them_than_there_is_room_for() {
        let denials = RecentDenials::default();
        for number in 0..1000 {
            denials.add("realm1", Some("x".repeat(5000).as_str()), None, &number.to_string());
        }
        let newest = denials.newest();
        assert_eq!(newest.len(), MOST);
        assert_eq!((&*newest[0].why, &*newest[MOST - 1].why), ("999", "744"));
        assert_eq!(newest[0].authid.as_ref().unwrap().len(), LONGEST);
    }
}
