//! The dispatch of a joined peer's requests.

use super::Open;
use crate::WampError;
use crate::router::dealer;
use serverwamp_proto::message::{Message, QuickRequest, Register, Unregister, Unsubscribe, Violation};

/// The most frequent requests, without the detour of a [`Message`].
#[inline]
pub(super) fn quick(open: &mut Open, request: QuickRequest<'_>) -> Result<(), Violation> {
    let session = &open.session;
    if !session.is_open() {
        return Ok(());
    }
    match request {
        QuickRequest::Call(call) => open.calls.call(session, call),
        QuickRequest::Yield(result) => dealer::receive_yield(session, result),
        QuickRequest::Publish(publish) => session.running_realm().broker.publish(session, publish),
    }
}

pub(super) fn request(open: &mut Open, message: Message<'_>) -> Result<(), Violation> {
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
    match message {
        Message::Call(call) => return open.calls.call(session, call),
        Message::Yield(result) => return dealer::receive_yield(session, result),
        Message::Error(error) => {
            return dealer::receive_error(session, &error, || realm.context.ids.bits());
        }
        Message::Cancel(cancel) => open.calls.cancel(session, cancel.request, cancel.options.mode),
        Message::Subscribe(subscribe) => broker.subscribe(session, &subscribe),
        Message::Unsubscribe(Unsubscribe { request, subscription }) => {
            let ended = broker.unsubscribe(realm.changes(), session, request, subscription);
            answer(Unsubscribe::CODE, request, ended);
        }
        Message::Publish(publish) => return broker.publish(session, publish),
        Message::Register(register) => {
            answer(Register::CODE, register.request, dealer.register(session, &register));
        }
        Message::Unregister(Unregister { request, registration }) => {
            let ended = dealer.unregister(realm.changes(), session, request, registration);
            answer(Unregister::CODE, request, ended);
        }
        other => return Err(Violation::new(format!("{} is not allowed here", other.name()))),
    }
    Ok(())
}
