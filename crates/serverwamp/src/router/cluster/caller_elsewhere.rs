//! A caller that is a session of another node, as the calls that clients of this node serve see it.

use super::calls::NotSent;
use super::node::ClusterNode;
use crate::WampError;
use crate::peering::encode_error;
use crate::router::dealer::Answer;
use bytes::Bytes;
use serverwamp_proto::cluster::{CallItem, CrossingAnswer, Life, NodeName};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{RequestId, SessionId};
use serverwamp_proto::message::{Call, Message, Passthru};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::uris;
use std::sync::Weak;

/// The session of another node that waits for an answer.
#[derive(Debug)]
pub(crate) struct CallerElsewhere {
    pub(super) of: Weak<ClusterNode>,
    pub(super) node: NodeName,
    pub(super) life: Life,
    /// The number of the call at that node.
    pub(super) id: RequestId,
    pub(crate) session: SessionId,
    pub(crate) authid: Box<str>,
    pub(crate) authrole: Box<str>,
    pub(crate) takes_passthru: bool,
}

impl CallerElsewhere {
    /// Sends the final answer. The state of the call may be locked.
    pub(crate) fn finish(&self, answer: &Answer<'_>) {
        let Some(of) = self.of.upgrade() else { return };
        of.calls.served(&self.node, self.id);
        let packed = |payload: &Payload, passthru: Option<&Passthru>| {
            payload.clone().packed(passthru.map(|passthru| Box::new(passthru.clone())))
        };
        let crossing = match answer {
            Answer::Result { payload, passthru } => CrossingAnswer::Result(packed(payload, *passthru)),
            Answer::Error { error, payload, passthru } => CrossingAnswer::Error {
                error: (*error).into(),
                payload: packed(payload, *passthru),
                unserved: false,
            },
            Answer::Refusal(error) => refusal(error),
        };
        if self.send(&of, crossing) == Err(NotSent::Unsayable) {
            let _gone = self.send(
                &of,
                refusal(&WampError::invalid_payload("the answer cannot be sent to the caller's node")),
            );
        }
    }

    /// Sends a progressive result. The state of the call may be locked.
    pub(crate) fn progress(&self, payload: &Payload, passthru: Option<&Passthru>) {
        let Some(of) = self.of.upgrade() else { return };
        let payload = payload.clone().packed(passthru.map(|passthru| Box::new(passthru.clone())));
        // A call whose caller's node is gone ends with that.
        let _gone = self.send(&of, CrossingAnswer::Progress(payload));
    }

    /// The call is over and nobody waits for an answer.
    pub(crate) fn forget(&self) {
        if let Some(of) = self.of.upgrade() {
            of.calls.served(&self.node, self.id);
        }
    }

    fn send(&self, of: &ClusterNode, answer: CrossingAnswer) -> Result<(), NotSent> {
        of.send_call_item(&self.node, self.life, CallItem::Answer(self.id, answer))
    }
}

/// An error of this node's dealer. That nobody here serves the call is no answer: another node may.
fn refusal(error: &WampError) -> CrossingAnswer {
    let unserved = matches!(error.uri(), uris::error::NO_AVAILABLE_CALLEE | uris::error::NO_SUCH_PROCEDURE);
    let serializer = Serializer::MessagePack;
    let mut frame = Vec::new();
    let id = const { RequestId::new(1).unwrap() };
    encode_error(serializer, Call::CODE, id, error, &mut frame);
    let payload = match Message::decode(serializer, &Bytes::from(frame)) {
        Ok(Message::Error(error)) => error.payload,
        _ => Payload::empty(serializer),
    };
    CrossingAnswer::Error { error: error.uri().into(), payload, unserved }
}
