//! What a connection counts for the realm that it is in, or asks for.

use super::{Peer, Phase};
use crate::base::message_kind::MessageKind;
use crate::router::measures::{JoinResult, RealmMeasures};
use crate::router::realm::RunningRealm;
use serverwamp_proto::session::SessionStep;
use std::sync::Arc;

impl Peer {
    /// Counts a message other than the most frequent ones, which are counted where they are dispatched.
    pub(super) fn count(&self, step: &SessionStep<'_>) {
        let kind = match step {
            SessionStep::Join(..) => MessageKind::Hello,
            SessionStep::Authenticate(_) => MessageKind::Authenticate,
            SessionStep::Request(request) => MessageKind::received(request),
            SessionStep::Leave(_) => MessageKind::PeersGoodbye,
            SessionStep::Left if matches!(self.phase, Phase::Closing) => MessageKind::PeersGoodbye,
            SessionStep::Left | SessionStep::AttemptEnded => MessageKind::PeersAbort,
            SessionStep::Ignored => return,
        };
        self.outbox.count_received(kind);
    }

    /// From here on the connection counts for this realm: what it has counted and not handed over, as well.
    pub(super) fn count_for(&mut self, realm: &RunningRealm) {
        self.measures = Arc::clone(&realm.context.measures);
    }

    /// Hands over what was counted to the realm that the connection was in.
    pub(super) fn hand_over_counts(&self) {
        self.outbox.hand_over(|counts| self.measures.add(counts));
    }

    /// Counts what became of a HELLO.
    pub(super) fn count_join(&self, result: JoinResult) {
        self.measures.joined(result);
    }

    /// Connections count for no realm until HELLO names one.
    pub(super) fn measures_of_nobody(app: &super::Environment) -> Arc<RealmMeasures> {
        Arc::clone(app.realms.shared.measures.of_no_realm())
    }
}
