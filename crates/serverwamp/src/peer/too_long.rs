//! Answers of a callee that are longer than messages may be: each ends the call that waits for it, not the callee.
//!
//! Invariant: nothing but an answer to an invocation goes by unread; every other message that is too long is a violation.

use super::{Peer, Phase};
use crate::base::log::Whose;
use crate::base::statistics::Refusal;
use crate::router::dealer;
use serverwamp_proto::message::answered_by;
use std::time::Instant;

impl Peer {
    /// A session without invocations has nothing to answer: its message is refused by its length alone.
    pub(super) fn longest_passed_over(&self) -> usize {
        let Phase::Open(open) = &self.phase else { return 0 };
        let asked = open.session.invocations().last().is_some();
        if asked { self.limits.discarded_bytes } else { 0 }
    }

    /// Ends the call that the message with this `head` answers; `false` if it is no answer.
    pub(super) fn answer_is_too_long(&mut self, head: &[u8], description: &str, now: Instant) -> bool {
        let Phase::Open(open) = &self.phase else { return false };
        let Some(invocation) = answered_by(self.serializer, head) else { return false };
        let text = format!("the callee's answer is too long: {description}");
        if !dealer::receive_too_long(&open.session, invocation, &text) {
            return false;
        }
        let why = format_args!("{description}, and answers invocation {invocation}: that call is ended");
        self.app.counters.refused(Refusal::MessageBytes, Whose::from(&open.session), why);
        self.rate_limit.hear(now);
        true
    }
}
