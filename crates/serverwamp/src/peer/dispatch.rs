//! What a joined peer asks for, and who answers it.

use super::Open;
use crate::router::dealer;
use crate::router::realm::{Disclosure, disclosure_refused};
use crate::{Session, WampError};
use serverwamp_proto::message::{Message, QuickRequest, Register, Unregister, Unsubscribe, Violation};

/// What is asked most, without the detour of a [`Message`].
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
    match message {
        Message::Call(call) => return open.calls.call(session, call),
        Message::Yield(result) => return dealer::receive_yield(session, result),
        Message::Error(error) => {
            return dealer::receive_error(session, &error, || session.running_realm().context.ids.bits());
        }
        Message::Cancel(cancel) => open.calls.cancel(session, cancel.request, cancel.options.mode),
        Message::Subscribe(subscribe) => session.running_realm().broker.subscribe(session, &subscribe),
        Message::Unsubscribe(unsubscribe) => {
            let realm = session.running_realm();
            if let Err(error) = realm.broker.unsubscribe(
                realm.changes(),
                session,
                unsubscribe.request,
                unsubscribe.subscription,
            ) {
                session.send_error(Unsubscribe::CODE, unsubscribe.request, &error);
            }
        }
        Message::Publish(publish) => return session.running_realm().broker.publish(session, publish),
        Message::Register(register) => {
            if let Err(error) = register_for(session, &register) {
                session.send_error(Register::CODE, register.request, &error);
            }
        }
        Message::Unregister(unregister) => {
            let realm = session.running_realm();
            if let Err(error) = realm.unregister(session, unregister.request, unregister.registration) {
                session.send_error(Unregister::CODE, unregister.request, &error);
            }
        }
        other => return Err(Violation::new(format!("{} is not allowed here", other.name()))),
    }
    Ok(())
}

fn register_for(session: &Session, register: &Register<'_>) -> Result<(), WampError> {
    let realm = session.running_realm();
    let config = realm.context.config();
    let permissions = &config.permissions;
    realm.context.check_own_uri(&register.procedure, register.options.kind, Some(session))?;
    if !permissions.register {
        return Err(WampError::not_authorized().arg("only the application registers in this realm"));
    }
    if register.options.disclose_caller && permissions.disclosure == Disclosure::Refused {
        return Err(disclosure_refused());
    }
    realm.register(session, register.request, &register.procedure, &register.options)
}
