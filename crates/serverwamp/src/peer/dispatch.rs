//! What a joined peer asks for, and who answers it: the refusals, and then the broker, the dealer, the application.

use super::Open;
use super::route::check_passthru;
use crate::base::statistics::Refusal;
use crate::router::dealer;
use crate::router::realm::{Disclosure, disclosure_refused};
use crate::router::request::SubscriptionRequest;
use crate::router::subscription::{Attempt, SubscriptionReply, WaitingRequest};
use crate::router::supervise;
use crate::{Session, WampError};
use futures_util::FutureExt;
use serverwamp_proto::message::{
    Message, Publish, QuickRequest, Register, Subscribe, Unregister, Unsubscribe, Violation, encode_published,
};
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::session::Feature;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

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
        QuickRequest::Publish(publish) => publish_to(session, publish),
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
        Message::Subscribe(subscribe) => subscribe_to(session, &subscribe),
        Message::Unsubscribe(unsubscribe) => {
            let realm = session.running_realm();
            if let Err(error) = realm.unsubscribe(session, unsubscribe.request, unsubscribe.subscription) {
                session.send_error(Unsubscribe::CODE, unsubscribe.request, &error);
            }
        }
        Message::Publish(publish) => return publish_to(session, publish),
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

/// Only a publisher that asked for an answer gets one, also when it is a no (checklist PUB-01, PUB-02).
fn publish_to(session: &Session, publish: Publish<'_>) -> Result<(), Violation> {
    let Publish { request, options, topic, payload } = publish;
    let announced = || session.publisher_has(Feature::PayloadPassthruMode);
    check_passthru(session, options.passthru.as_deref(), announced, || format!("PUBLISH #{request}"))?;
    let realm = session.running_realm();
    let published = realm.check_own_uri(&topic, Match::Exact, Some(session)).and_then(|()| {
        if !realm.context.config().permissions.publish {
            return Err(WampError::not_authorized().arg("only the application publishes in this realm"));
        }
        realm.publish_for(session, &topic, &options, payload)
    });
    if !options.acknowledge {
        return Ok(());
    }
    match published {
        Ok(publication) => {
            let serializer = session.serializer();
            let _closed =
                session.outbox().push(|out| encode_published(serializer, request, publication, out));
        }
        Err(error) => session.send_error(Publish::CODE, request, &error),
    }
    Ok(())
}

fn register_for(session: &Session, register: &Register<'_>) -> Result<(), WampError> {
    let realm = session.running_realm();
    let config = realm.context.config();
    let permissions = &config.permissions;
    realm.check_own_uri(&register.procedure, register.options.kind, Some(session))?;
    if !permissions.register {
        return Err(WampError::not_authorized().arg("only the application registers in this realm"));
    }
    if register.options.disclose_caller && permissions.disclosure == Disclosure::Refused {
        return Err(disclosure_refused());
    }
    realm.register(session, register.request, &register.procedure, &register.options)
}

fn subscribe_to(session: &Session, subscribe: &Subscribe<'_>) {
    let realm = session.running_realm();
    let policy = subscribe.options.kind;
    let refuse = |error: WampError| session.send_error(Subscribe::CODE, subscribe.request, &error);
    if let Err(error) = realm.check_uri(&subscribe.topic, policy, Some(session)) {
        return refuse(error);
    }
    let pattern = UriPattern::new(policy, subscribe.topic.as_ref());
    let waiting = WaitingRequest { id: subscribe.request, get_retained: subscribe.options.get_retained };
    if realm.resubscribe(session, &pattern, waiting.id, waiting.get_retained)
        || joins_attempt(session, &pattern, waiting)
    {
        return;
    }
    if let Err(error) = within_limits(session, policy) {
        return refuse(error);
    }
    let routes = realm.code.routes.topics(&pattern);
    let topic = Arc::from(subscribe.topic.as_ref());
    let attempt = Arc::new(Attempt::new(session.clone(), topic, policy, waiting, routes.len()));
    if routes.is_empty() {
        return realm.establish(&attempt);
    }
    session.work().attempts.push(Arc::clone(&attempt));
    for (scope, route) in routes.into_iter().enumerate() {
        let request =
            SubscriptionRequest { attempt: Arc::clone(&attempt), scope, taken: false, route: route.pattern };
        accompany(session, &attempt, scope, route.handler.call(request));
    }
    supervise::spawn(session.runtime(), decide(attempt));
}

/// A handler of the topic runs on as the subscription's companion.
fn accompany(
    session: &Session,
    attempt: &Arc<Attempt>,
    scope: usize,
    life: crate::rt::BoxFuture<'static, SubscriptionReply>,
) {
    let over = Arc::clone(attempt);
    let decided = Arc::clone(attempt);
    let asked = Arc::clone(attempt);
    supervise::companion(
        session,
        session.running_realm().context.connections.handler(),
        "topic handler",
        async move { over.over.wait().await },
        async move {
            let life = AssertUnwindSafe(life).catch_unwind();
            let refuse = || asked.decide(scope, Err(WampError::not_authorized()));
            let end = supervise::until_dropped(life, asked.dropped(scope), refuse).await;
            end.map(|SubscriptionReply(reply)| reply)
        },
        move |reply| decided.decide(scope, reply.and_then(|()| Err(WampError::not_authorized()))),
    );
}

/// Waits for the handlers' verdicts, then answers the SUBSCRIBE.
async fn decide(attempt: Arc<Attempt>) {
    let verdict = attempt.decided().await;
    let realm = Arc::clone(attempt.session.running_realm());
    match verdict {
        Ok(()) => realm.establish(&attempt),
        Err(error) => {
            let mut work = attempt.session.work();
            work.attempts.retain(|other| !Arc::ptr_eq(other, &attempt));
            let requests = attempt.take_requests();
            drop(work);
            for request in requests {
                attempt.session.send_error(Subscribe::CODE, request.id, &error);
            }
            attempt.over.set(());
        }
    }
}

/// The same subscription is being decided already: this request gets the same answer.
fn joins_attempt(session: &Session, pattern: &UriPattern, request: WaitingRequest) -> bool {
    let work = session.work();
    let same = work.attempts.iter().find(|attempt| attempt.pattern() == *pattern);
    same.map(|attempt| attempt.wait_for_decision(request)).is_some()
}

fn within_limits(session: &Session, policy: Match) -> Result<(), WampError> {
    let realm = session.running_realm();
    let limits = &realm.context.limits;
    let (subscriptions, patterns) = {
        let work = session.work();
        let all = work.subscriptions.values().map(|held| &held.attempt).chain(&work.attempts);
        (all.clone().count(), all.filter(|attempt| attempt.policy != Match::Exact).count())
    };
    let (refusal, text) = if subscriptions >= limits.subscriptions {
        let text = format!("a session may have {} subscriptions", limits.subscriptions);
        (Refusal::Subscriptions, text)
    } else if policy != Match::Exact && patterns >= limits.pattern_subscriptions {
        let text = format!("a session may have {} subscriptions by pattern", limits.pattern_subscriptions);
        (Refusal::PatternSubscriptions, text)
    } else {
        return Ok(());
    };
    realm.refused(refusal, session, &text);
    Err(WampError::unavailable(text))
}
