//! The requests of a client that the router has not answered.
//!
//! Invariant: ids are assigned without gaps; an id stands in the table from its request to its one final answer.

use hashbrown::HashMap;

use crate::id::{Counter, PublicationId, RegistrationId, RequestId, SubscriptionId};
use crate::message::{
    Call, Error, Publish, Register, Result as CallResultMessage, Subscribe, Unregister, Unsubscribe,
    Violation,
};

/// What a request asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RequestKind {
    /// PUBLISH that asks to be acknowledged.
    Publish,
    /// SUBSCRIBE.
    Subscribe,
    /// UNSUBSCRIBE of this subscription.
    Unsubscribe(SubscriptionId),
    /// REGISTER.
    Register,
    /// UNREGISTER of this registration.
    Unregister(RegistrationId),
    /// CALL.
    Call {
        /// The call asks for progressive results; others are violations.
        receive_progress: bool,
        /// More inputs follow the first one.
        more_input: bool,
    },
}

impl RequestKind {
    /// The type code of the request, which ERROR repeats.
    pub const fn code(self) -> u64 {
        match self {
            Self::Publish => Publish::CODE,
            Self::Subscribe => Subscribe::CODE,
            Self::Unsubscribe(_) => Unsubscribe::CODE,
            Self::Register => Register::CODE,
            Self::Unregister(_) => Unregister::CODE,
            Self::Call { .. } => Call::CODE,
        }
    }
}

/// A request without its final answer.
#[derive(Clone, Debug)]
pub struct PendingRequest<P> {
    /// What it asks for.
    pub kind: RequestKind,
    /// The driver's own part of it.
    pub of: P,
    canceled: bool,
}

/// The final answer of a router to a request.
#[derive(Debug)]
pub enum RouterAnswer<'a> {
    /// PUBLISHED.
    Published(PublicationId),
    /// SUBSCRIBED.
    Subscribed(SubscriptionId),
    /// UNSUBSCRIBED.
    Unsubscribed,
    /// REGISTERED.
    Registered(RegistrationId),
    /// UNREGISTERED.
    Unregistered,
    /// RESULT that is not progressive.
    Result(CallResultMessage),
    /// ERROR.
    Error(Error<'a>),
}

impl RouterAnswer<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::Published(_) => "PUBLISHED",
            Self::Subscribed(_) => "SUBSCRIBED",
            Self::Unsubscribed => "UNSUBSCRIBED",
            Self::Registered(_) => "REGISTERED",
            Self::Unregistered => "UNREGISTERED",
            Self::Result(_) => "RESULT",
            Self::Error(_) => "ERROR",
        }
    }

    /// The type code of the requests that this answers.
    const fn answers(&self) -> u64 {
        match self {
            Self::Published(_) => Publish::CODE,
            Self::Subscribed(_) => Subscribe::CODE,
            Self::Unsubscribed => Unsubscribe::CODE,
            Self::Registered(_) => Register::CODE,
            Self::Unregistered => Unregister::CODE,
            Self::Result(_) => Call::CODE,
            Self::Error(error) => error.request_type,
        }
    }
}

/// The table of unanswered requests.
pub(super) struct Requests<P> {
    most: usize,
    numbers: Counter<RequestId>,
    pending: HashMap<RequestId, PendingRequest<P>>,
}

impl<P: Clone> Requests<P> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, numbers: Counter::new(), pending: HashMap::new() }
    }

    pub(super) fn enter(&mut self, kind: RequestKind, of: P) -> Option<RequestId> {
        (self.pending.len() < self.most).then_some(())?;
        let request = self.numbers.issue();
        self.pending.insert(request, PendingRequest { kind, of, canceled: false });
        Some(request)
    }

    pub(super) fn number(&mut self) -> RequestId {
        self.numbers.issue()
    }

    pub(super) fn withdraw(&mut self, request: RequestId) -> Option<P> {
        self.numbers.take_back(request);
        self.pending.remove(&request).map(|pending| pending.of)
    }

    pub(super) fn cancel(&mut self, request: RequestId) -> bool {
        let Some(pending) = self.pending.get_mut(&request) else { return false };
        matches!(pending.kind, RequestKind::Call { .. }) && !std::mem::replace(&mut pending.canceled, true)
    }

    pub(super) fn send_input(&mut self, request: RequestId, last: bool) -> bool {
        let Some(PendingRequest { kind: RequestKind::Call { more_input, .. }, canceled: false, .. }) =
            self.pending.get_mut(&request)
        else {
            return false;
        };
        std::mem::replace(more_input, !last && *more_input)
    }

    /// The call that a progressive result belongs to.
    pub(super) fn progress(&self, request: RequestId) -> Result<P, Violation> {
        let refuse = |why: &str| Err(Violation::new(format!("RESULT #{request}: {why}")));
        match self.pending.get(&request) {
            Some(PendingRequest { kind: RequestKind::Call { receive_progress: true, .. }, of, .. }) => {
                Ok(of.clone())
            }
            Some(PendingRequest { kind: RequestKind::Call { .. }, .. }) => {
                refuse("the call asked for no progressive results")
            }
            _ => refuse("no such call"),
        }
    }

    /// Takes out the request that this answers.
    pub(super) fn answer(
        &mut self,
        request: RequestId,
        answer: &RouterAnswer<'_>,
    ) -> Result<PendingRequest<P>, Violation> {
        let (name, code) = (answer.name(), answer.answers());
        match self.pending.get(&request).map(|pending| pending.kind.code()) {
            Some(expected) if expected == code => {}
            Some(expected) => {
                let text =
                    format!("{name} #{request} answers type {code}, and the request is of type {expected}");
                return Err(Violation::new(text));
            }
            None => return Err(Violation::new(format!("{name} #{request}: no such request"))),
        }
        self.pending
            .remove(&request)
            .ok_or_else(|| Violation::new(format!("{name} #{request}: no such request")))
    }

    /// Takes out the call that a RESULT answers, if there is one.
    pub(super) fn answer_call(&mut self, request: RequestId) -> Option<P> {
        let pending = self.pending.remove(&request)?;
        match pending.kind {
            RequestKind::Call { .. } => Some(pending.of),
            _ => {
                self.pending.insert(request, pending);
                None
            }
        }
    }

    pub(super) fn take_all(&mut self) -> Vec<PendingRequest<P>> {
        self.pending.drain().map(|(_, pending)| pending).collect()
    }
}

impl<P> Requests<P> {
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }
}
