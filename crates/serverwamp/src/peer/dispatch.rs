//! The dispatch of a joined peer's requests.

use super::Open;
use super::undecided::Decoding;
use crate::WampError;
use crate::base::message_kind::MessageKind;
use crate::router::dealer;
use crate::router::realm::{AskedQuestion, Withheld};
use bytes::Bytes;
use serverwamp_proto::message::{
    Message, Publish, QuickRequest, Register, Subscribe, Unregister, Unsubscribe, Violation,
};

/// Why a request has not been handled.
#[derive(Debug)]
pub(super) enum Halt {
    Violation(Violation),
    /// It waits for an authorizer, or for the requests before it.
    Undecided(Option<Box<AskedQuestion>>),
}

impl From<Violation> for Halt {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

/// The most frequent requests, without the detour of a [`Message`].
#[inline]
pub(super) fn quick(open: &mut Open, request: QuickRequest<'_>) -> Result<(), Halt> {
    let session = &open.session;
    if !session.is_open() {
        return Ok(());
    }
    match request {
        QuickRequest::Call(call) => {
            session.outbox().count_received(MessageKind::Call);
            open.calls.plain(session, call, &open.answers)
        }
        QuickRequest::Yield(result) => {
            session.outbox().count_received(MessageKind::Yield);
            Ok(dealer::receive_yield(session, &result)?)
        }
        QuickRequest::Publish(message) => {
            session.outbox().count_received(MessageKind::Publish);
            publish(open, message.into())
        }
    }
}

fn publish(open: &Open, message: Publish<'_>) -> Result<(), Halt> {
    let request = message.request;
    let acknowledge = message.options.acknowledge;
    let broker = &open.session.running_realm().broker;
    match broker.publish(&open.session, message, &open.answers, &open.last_matches)? {
        Err(Withheld::Undecided(asked)) => Err(Halt::Undecided(asked)),
        // Only a publisher that asked for an answer gets one, also when it is a no (checklist PUB-01, PUB-02).
        _ if !acknowledge => Ok(()),
        Ok(publication) => {
            broker.acknowledge(&open.session, request, publication, &open.last_matches);
            Ok(())
        }
        Err(Withheld::Denied(error)) => {
            open.session.send_error(Publish::CODE, request, &error);
            Ok(())
        }
    }
}

/// Any request, which came as `frame`.
///
/// # Errors
/// When it breaks the protocol, and when it waits for an authorizer.
pub(super) fn request(
    open: &mut Open,
    message: Message<'_>,
    decoding: Decoding,
    frame: &Bytes,
) -> Result<(), Halt> {
    let session = &open.session;
    if !session.is_open() {
        // Somebody ended it, and the peer has not read our GOODBYE yet.
        return Ok(());
    }
    let realm = session.running_realm();
    let (broker, dealer) = (&realm.broker, &realm.dealer);
    let answer = |code, request, result: Result<(), WampError>| {
        if let Err(error) = result {
            session.send_error(code, request, &error);
        }
    };
    let undecided = |code, request, result: Result<(), Withheld>| match result {
        Err(Withheld::Undecided(asked)) => Err(Halt::Undecided(asked)),
        Err(Withheld::Denied(error)) => {
            session.send_error(code, request, &error);
            Ok(())
        }
        Ok(()) => Ok(()),
    };
    match message {
        Message::Call(call) if call.unread.is_any() && !open.calls.is_of_meta_api(session, &call) => {
            return match decoding.with_all_arguments().decode(frame)? {
                Message::Call(call) => open.calls.call(session, call, &open.answers),
                other => Err(not_allowed(&other)),
            };
        }
        Message::Call(call) => return open.calls.call(session, call, &open.answers),
        Message::Yield(result) => dealer::receive_yield(session, &result)?,
        Message::Error(error) => dealer::receive_error(session, &error, || realm.context.ids.bits())?,
        Message::Cancel(cancel) if open.undecided.cancel(session, cancel.request) => {}
        Message::Cancel(cancel) => open.calls.cancel(session, cancel.request, cancel.options.mode),
        Message::Subscribe(subscribe) => {
            let subscribed = broker.subscribe(session, &subscribe, &open.answers);
            return undecided(Subscribe::CODE, subscribe.request, subscribed);
        }
        Message::Unsubscribe(Unsubscribe { request, subscription }) => {
            let ended = broker.unsubscribe(realm.changes(), session, request, subscription);
            answer(Unsubscribe::CODE, request, ended);
        }
        Message::Publish(message) => return publish(open, message),
        Message::Register(register) => {
            let registered = dealer.register(session, &register, &open.answers);
            return undecided(Register::CODE, register.request, registered);
        }
        Message::Unregister(Unregister { request, registration }) => {
            let ended = dealer.unregister(realm.changes(), session, request, registration);
            answer(Unregister::CODE, request, ended);
        }
        other => return Err(not_allowed(&other)),
    }
    Ok(())
}

fn not_allowed(message: &Message<'_>) -> Halt {
    Violation::new(format!("{} is not allowed here", message.name())).into()
}
