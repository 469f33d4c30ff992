//! The invocations that a client has not answered.
//!
//! Invariant: an invocation stands in the table from its INVOCATION to its final answer; of those answered while more input
//! was announced, a bounded number is remembered, so that the rest of the input is not taken for a new invocation.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use crate::id::RequestId;
use crate::message::Violation;

/// How much a router may make a client keep, and a client itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClientLimits {
    /// Requests without their final answer; more are refused before they are sent.
    pub requests: usize,
    /// Invocations that are being served; more are answered with ERROR.
    pub invocations: usize,
}

/// The number of answered invocations with open input that are remembered. A router that sends more breaks only its own calls.
const MAX_ANSWERED_INPUTS: usize = 1024;

struct ServedInvocation<I> {
    of: I,
    more_input: bool,
}

/// The table of invocations that are being served.
pub(super) struct ServedInvocations<I> {
    most: usize,
    open: HashMap<RequestId, ServedInvocation<I>>,
    answered_inputs: BTreeSet<RequestId>,
}

impl<I: Clone> ServedInvocations<I> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, open: HashMap::new(), answered_inputs: BTreeSet::new() }
    }

    pub(super) fn enter(&mut self, invocation: RequestId, more_input: bool, of: I) -> bool {
        if self.open.len() >= self.most {
            self.remember(invocation, more_input);
            return false;
        }
        self.open.insert(invocation, ServedInvocation { of, more_input });
        true
    }

    pub(super) fn contains(&self, invocation: RequestId) -> bool {
        self.open.contains_key(&invocation)
    }

    pub(super) fn get(&self, invocation: RequestId) -> Option<I> {
        self.open.get(&invocation).map(|served| served.of.clone())
    }

    pub(super) fn answer(&mut self, invocation: RequestId) -> bool {
        let Some(served) = self.open.remove(&invocation) else { return false };
        self.remember(invocation, served.more_input);
        true
    }

    /// What a further INVOCATION with the id of an earlier one is: an input of that one, or, with `None` inside, of one that
    /// is answered. `None` when it is the first with its id.
    pub(super) fn input(
        &mut self,
        invocation: RequestId,
        more: bool,
    ) -> Option<Result<Option<I>, Violation>> {
        if let Some(served) = self.open.get_mut(&invocation) {
            if !std::mem::replace(&mut served.more_input, more) {
                let text = format!(
                    "INVOCATION #{invocation}: there is such an invocation, and its input is complete"
                );
                return Some(Err(Violation::new(text)));
            }
            return Some(Ok(Some(served.of.clone())));
        }
        if !self.answered_inputs.contains(&invocation) {
            return None;
        }
        if !more {
            self.answered_inputs.remove(&invocation);
        }
        Some(Ok(None))
    }

    pub(super) fn take_all(&mut self) -> Vec<I> {
        self.open.drain().map(|(_, served)| served.of).collect()
    }

    pub(super) fn remember(&mut self, invocation: RequestId, more_input: bool) {
        if more_input {
            self.answered_inputs.insert(invocation);
        }
        if self.answered_inputs.len() > MAX_ANSWERED_INPUTS {
            self.answered_inputs.pop_first();
        }
    }
}

impl<I> ServedInvocations<I> {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}
