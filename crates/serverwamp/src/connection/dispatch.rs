//! What a joined peer asks for, and who answers it.
//!
//! A realm of an application takes calls and subscriptions; publishing and registering are the application's alone.

use super::{Open, supervise};
use crate::realm::RunningRealm;
use crate::request::SubscriptionRequest;
use crate::subscription::{Attempt, SubscriptionReply};
use crate::{Session, WampError};
use futures_util::FutureExt;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::message::{Message, Publish, Register, Subscribe, Violation};
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::session::unknown_invocation;
use serverwamp_proto::{uri, uris};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

const PUBLISH: u64 = 16;
const SUBSCRIBE: u64 = 32;
const UNSUBSCRIBE: u64 = 34;
const REGISTER: u64 = 64;
const UNREGISTER: u64 = 66;

pub(super) fn request(open: &mut Open, message: Message<'_>) -> Result<(), Violation> {
    let session = &open.session;
    match message {
        Message::Call(call) => return open.calls.call(session, call),
        Message::Cancel(cancel) => open.calls.cancel(session, cancel.request, cancel.options.mode),
        Message::Subscribe(subscribe) => subscribe_to(session, &subscribe),
        Message::Unsubscribe(unsubscribe) => {
            let realm = session.running_realm();
            if let Err(error) = realm.unsubscribe(session, unsubscribe.request, unsubscribe.subscription) {
                session.send_error(UNSUBSCRIBE, unsubscribe.request, &error);
            }
        }
        Message::Publish(publish) => refuse_publish(session, &publish),
        Message::Register(register) => refuse_register(session, &register),
        Message::Unregister(unregister) => {
            let error =
                WampError::new(uris::error::NO_SUCH_REGISTRATION).arg("this session has no registration");
            session.send_error(UNREGISTER, unregister.request, &error);
        }
        // No invocation is ever sent, so there is none to answer.
        Message::Yield(result) => return Err(unknown_invocation("YIELD", result.request)),
        Message::Error(error) => return Err(unknown_invocation("ERROR", error.request)),
        other => return Err(Violation::new(format!("{} is not allowed here", other.name()))),
    }
    Ok(())
}

fn check_uri(realm: &RunningRealm, uri: &str, form: Match) -> Result<(), WampError> {
    realm
        .plan
        .rules
        .check(uri, form)
        .map_err(|error| WampError::new(uris::error::INVALID_URI).arg(format!("{uri:?}: {error}")))
}

fn check_own_uri(realm: &RunningRealm, uri: &str, form: Match) -> Result<(), WampError> {
    check_uri(realm, uri, form)?;
    if uri::is_reserved(uri) {
        let text = format!("{uri:?} is reserved: URIs of applications must not start with `wamp.`");
        return Err(WampError::new(uris::error::INVALID_URI).arg(text));
    }
    Ok(())
}

/// Only a publisher that asked for an answer gets one, also when it is a no (checklist PUB-01, PUB-02).
fn refuse_publish(session: &Session, publish: &Publish<'_>) {
    if publish.options.acknowledge {
        let error =
            check_own_uri(session.running_realm(), &publish.topic, Match::Exact).err().unwrap_or_else(|| {
                WampError::not_authorized().arg("only the application publishes in this realm")
            });
        session.send_error(PUBLISH, publish.request, &error);
    }
}

fn refuse_register(session: &Session, register: &Register<'_>) {
    let checked = check_own_uri(session.running_realm(), &register.procedure, register.options.kind);
    let error = checked
        .err()
        .unwrap_or_else(|| WampError::not_authorized().arg("only the application registers in this realm"));
    session.send_error(REGISTER, register.request, &error);
}

fn subscribe_to(session: &Session, subscribe: &Subscribe<'_>) {
    let realm = session.running_realm();
    let policy = subscribe.options.kind;
    let refuse = |error: WampError| session.send_error(SUBSCRIBE, subscribe.request, &error);
    if let Err(error) = check_uri(realm, &subscribe.topic, policy) {
        return refuse(error);
    }
    let pattern = UriPattern::new(policy, subscribe.topic.as_ref());
    if realm.resubscribe(session, &pattern, subscribe.request)
        || joins_attempt(session, &pattern, subscribe.request)
    {
        return;
    }
    if let Err(error) = within_limits(session, policy) {
        return refuse(error);
    }
    let routes = realm.plan.routes.topics(&pattern);
    let topic = Arc::from(subscribe.topic.as_ref());
    let attempt = Arc::new(Attempt::new(session.clone(), topic, policy, subscribe.request, routes.len()));
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
        session.running_realm().connections.handler(),
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
                attempt.session.send_error(SUBSCRIBE, request, &error);
            }
            attempt.over.set(());
        }
    }
}

/// The same subscription is being decided already: this request gets the same answer.
fn joins_attempt(session: &Session, pattern: &UriPattern, request: RequestId) -> bool {
    let work = session.work();
    let same = work.attempts.iter().find(|attempt| attempt.pattern() == *pattern);
    same.map(|attempt| attempt.wait_for_decision(request)).is_some()
}

fn within_limits(session: &Session, policy: Match) -> Result<(), WampError> {
    let limits = &session.running_realm().limits;
    let work = session.work();
    let all = work.subscriptions.values().chain(&work.attempts);
    if all.clone().count() >= limits.subscriptions {
        return Err(WampError::unavailable(format!(
            "a session may have {} subscriptions",
            limits.subscriptions
        )));
    }
    if policy != Match::Exact {
        let patterns = all.filter(|attempt| attempt.policy != Match::Exact).count();
        if patterns >= limits.pattern_subscriptions {
            let most = limits.pattern_subscriptions;
            return Err(WampError::unavailable(format!(
                "a session may have {most} subscriptions by pattern"
            )));
        }
    }
    Ok(())
}
