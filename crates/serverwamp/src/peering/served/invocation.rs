//! A CALL for the application.

use super::{CallState, Caller, Request};
use crate::WampError;
use crate::peering::Expression;
use crate::peering::payload::CallReply;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::pattern::UriPattern;
use serverwamp_proto::payload::Payload;
use std::sync::Arc;

/// A call that reached one of the application's procedures: the caller, the procedure, the arguments.
///
/// Handlers seldom take it whole: [extractors](crate::extract) take what they need of it. Services and layers
/// ([`tower::Service`](tower_service::Service)) see it as their request.
#[derive(Debug)]
pub struct Invocation {
    pub(crate) call: Arc<CallState>,
    pub(crate) payload: Payload,
}

/// The match between the chosen route and the procedure.
#[derive(Clone, Debug)]
pub(crate) enum Matched {
    /// Literally, or not at all (a service that takes every call).
    Exact,
    /// By a prefix or a wildcard pattern.
    Pattern(Arc<UriPattern>),
    /// By a regular expression.
    Regex(Expression),
}

impl Invocation {
    /// The URI that was called; with a pattern route this is the concrete URI.
    pub fn procedure(&self) -> &str {
        &self.call.procedure
    }

    /// The arguments, still encoded.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The caller's id for this call, unique within its session.
    pub fn request(&self) -> RequestId {
        self.call.request()
    }

    /// Its reply, with which the state of the call comes back.
    pub(crate) fn replied(self, result: Result<Payload, WampError>) -> CallReply {
        CallReply { result, call: Some(self.call) }
    }

    /// Who calls, as far as the router discloses it to callees.
    pub fn caller(&self) -> Caller {
        let caller = self.call.source.caller(&self.call.procedure, self.call.disclose_me);
        Caller { forward_for: self.call.forward_for.clone(), ..caller }
    }

    /// Returns whether the caller wants progressive results.
    pub fn wants_progress(&self) -> bool {
        self.call.receive_progress
    }
}

impl Request for Invocation {
    type Reply = CallReply;

    fn refuse(error: WampError) -> CallReply {
        CallReply::error(error)
    }

    fn extracted(&mut self) {
        // The payload may be a slice of everything one read returned; a handler that runs for hours must not hold that.
        if self.payload.holds_memory() {
            self.payload = Payload::empty(self.payload.serializer);
        }
    }
}
