//! The invocations that one callee has not answered yet.

use crate::id::{Counter, RequestId};
use hashbrown::HashMap;

/// The pending invocations of one callee's session; `T` is what the driver keeps of each call.
///
/// The ids count up from 1 for each callee (checklist ID-05), whoever the callers are. Spec: basic, "IDs".
#[derive(Clone, Debug)]
pub struct Invocations<T> {
    issued: Counter<RequestId>,
    /// The counter has been through all ids.
    wrapped: bool,
    pending: HashMap<RequestId, T>,
    closed: bool,
}

impl<T> Invocations<T> {
    /// No invocations, and none was ever issued.
    pub fn new() -> Self {
        Self { issued: Counter::new(), wrapped: false, pending: HashMap::new(), closed: false }
    }

    /// Takes a call in and gives it the next id; `None` when the callee has left.
    pub fn issue(&mut self, call: T) -> Option<RequestId> {
        if self.closed {
            return None;
        }
        loop {
            let before = self.issued.last();
            let id = self.issued.issue();
            self.wrapped |= before.is_some_and(|before| id < before);
            // Only after 2^53 invocations can an id still be in use.
            if !self.wrapped || !self.pending.contains_key(&id) {
                self.pending.insert(id, call);
                return Some(id);
            }
        }
    }

    /// Was an invocation of this id ever issued? An answer to any other breaks the protocol (checklist VIO-13).
    pub fn was_issued(&self, id: RequestId) -> bool {
        self.wrapped || self.issued.last().is_some_and(|last| id <= last)
    }

    /// The call behind an invocation that has not been answered.
    pub fn get(&self, id: RequestId) -> Option<&T> {
        self.pending.get(&id)
    }

    /// Takes the call behind an invocation out: it has its answer.
    pub fn remove(&mut self, id: RequestId) -> Option<T> {
        self.pending.remove(&id)
    }

    /// How many invocations have not been answered.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Have all invocations been answered?
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// The callee leaves: gives back what it has not answered, in the order of the ids, and takes nothing in any more.
    pub fn close(&mut self) -> Vec<(RequestId, T)> {
        self.closed = true;
        let mut pending: Vec<_> = std::mem::take(&mut self.pending).into_iter().collect();
        pending.sort_unstable_by_key(|(id, _)| *id);
        pending
    }
}

impl<T> Default for Invocations<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> RequestId {
        RequestId::new(number).unwrap()
    }

    #[test]
    fn id_05_ids_count_up_from_1_and_are_not_reused() {
        let mut invocations = Invocations::new();
        assert_eq!(invocations.issue("a"), Some(id(1)));
        assert_eq!(invocations.remove(id(1)), Some("a"));
        assert_eq!(invocations.issue("b"), Some(id(2)));
        assert_eq!(invocations.get(id(2)), Some(&"b"));
        assert_eq!(invocations.len(), 1);
    }

    #[test]
    fn vio_13_an_id_that_was_never_issued_is_known_as_such() {
        let mut invocations = Invocations::new();
        assert!(!invocations.was_issued(id(1)));
        invocations.issue(());
        assert!(invocations.was_issued(id(1)) && !invocations.was_issued(id(2)));
        invocations.remove(id(1));
        assert!(invocations.was_issued(id(1)), "it was answered, and its answer may come twice");
    }

    #[test]
    fn rpc_28_a_callee_that_leaves_gives_its_calls_back_in_order_and_gets_no_more() {
        let mut invocations = Invocations::new();
        for call in 1..=100 {
            invocations.issue(call);
        }
        invocations.remove(id(50));
        let left = invocations.close();
        assert_eq!(left.len(), 99);
        assert!(left.is_sorted_by_key(|(id, _)| *id));
        assert_eq!(invocations.issue(101), None);
        assert!(invocations.is_empty());
    }
}
