//! Registrations and subscriptions of a client, made again in its next session: registrations first, each in the order in which they
//! were made.

use super::missed::Renewed;
use super::standing::StandingParts;
use crate::base::error::WampError;
use crate::base::log::line;
use crate::base::signal::Signal;
use crate::client::end::SessionEnd;
use crate::client::served::ClientRoute;
use crate::client::session::{Awaited, ClientSession, Unsent, WaitingRegister, WaitingSubscribe};
use crate::peering::Ended;
use crate::rt::after;
use futures_util::future::{Either, select};
use serverwamp_proto::message::Message;
use serverwamp_proto::session::client::RequestKind;
use serverwamp_proto::uris;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// The requests that are out at once. Far below the limit of a session, and enough to need few round trips.
const AT_ONCE: usize = 1024;

/// The session has ended before everything was made again.
#[derive(Debug)]
pub(super) struct SessionOver;

/// What was made again.
#[derive(Default)]
pub(super) struct Restored {
    pub(super) subscriptions: Vec<Renewed>,
    /// The registrations whose procedure somebody else has at present.
    pub(super) taken: Vec<Arc<ClientRoute>>,
}

/// What becomes of a registration whose procedure somebody else has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum IfTaken {
    /// It is tried again later.
    Later,
    /// It is refused.
    Refused,
}

/// Makes everything again, within `time` for each thousand of them.
pub(super) async fn restore(
    session: &Arc<ClientSession>,
    standing: &StandingParts,
    time: Duration,
) -> Result<Restored, SessionOver> {
    let taken = register(session, standing, &standing.registrations(), IfTaken::Later, time).await?;
    let mut subscriptions = Vec::new();
    for some in standing.subscriptions().chunks(AT_ONCE) {
        in_time(session, time, subscribe(session, standing, some, &mut subscriptions)).await?;
    }
    Ok(Restored { subscriptions, taken })
}

/// Registers, and returns what is to be tried again later.
pub(super) async fn register(
    session: &Arc<ClientSession>,
    standing: &StandingParts,
    routes: &[Arc<ClientRoute>],
    those_taken: IfTaken,
    time: Duration,
) -> Result<Vec<Arc<ClientRoute>>, SessionOver> {
    let mut taken = Vec::new();
    for some in routes.chunks(AT_ONCE) {
        for (route, error) in in_time(session, time, refused(session, some, standing.takes_over())).await? {
            if those_taken == IfTaken::Later && error.uri() == uris::error::PROCEDURE_ALREADY_EXISTS {
                taken.push(route);
                continue;
            }
            line!(
                WARN,
                "client",
                "the router refused a registration when the client had reconnected",
                procedure = route.uri,
                error = error
            );
            standing.unregistered(&route);
            route.ended.set(Ended::Refused(error));
        }
    }
    Ok(taken)
}

/// Sends REGISTER for all of these, and returns those that were refused.
async fn refused(
    session: &Arc<ClientSession>,
    routes: &[Arc<ClientRoute>],
    takes_over: bool,
) -> Result<Vec<(Arc<ClientRoute>, WampError)>, SessionOver> {
    let mut waiting = Vec::with_capacity(routes.len());
    for route in routes {
        session.outbox.room().await;
        let register = Arc::new(WaitingRegister { route: Arc::clone(route), answer: Signal::default() });
        let sent = Arc::clone(route);
        let message = move |request| match sent.message(request) {
            Message::Register(mut register) => {
                register.options.force_reregister |= takes_over;
                Message::Register(register)
            }
            other => other,
        };
        let awaited = Awaited::Register(Arc::clone(&register));
        if let Err(error) = failed(session.request(RequestKind::Register, awaited, message))? {
            register.answer.set(Err(error));
        }
        waiting.push(register);
    }
    let mut refused = Vec::new();
    for register in waiting {
        if let Err(error) = register.answer.wait().await {
            refused.push((Arc::clone(&register.route), refusal(error)?));
        }
    }
    Ok(refused)
}

async fn subscribe(
    session: &Arc<ClientSession>,
    standing: &StandingParts,
    waiting: &[Arc<WaitingSubscribe>],
    renewed: &mut Vec<Renewed>,
) -> Result<(), SessionOver> {
    for subscribe in waiting {
        session.outbox.room().await;
        subscribe.inbox.hold();
        let asked = Arc::clone(subscribe);
        let message = move |request| asked.message(request);
        let awaited = Awaited::Subscribe(Arc::clone(subscribe));
        let sent = session.request(RequestKind::Subscribe, awaited, message);
        if let Err(error) = failed(sent)? {
            subscribe.answer.set(Err(error));
        }
    }
    for subscribe in waiting {
        match subscribe.answer.wait().await {
            Ok(id) => {
                let (key, inbox) = (subscribe.key.clone(), Arc::clone(&subscribe.inbox));
                renewed.push(Renewed { key, id, last: inbox.last(), inbox });
            }
            Err(error) => {
                let error = refusal(error)?;
                line!(
                    WARN,
                    "client",
                    "the router refused a subscription when the client had reconnected",
                    topic = subscribe.key.topic,
                    error = error
                );
                standing.unsubscribed(&subscribe.inbox);
                subscribe.inbox.end(Ended::Refused(error));
            }
        }
    }
    Ok(())
}

/// What was not sent is refused, unless the session is over.
fn failed<T>(sent: Result<T, Unsent>) -> Result<Result<T, WampError>, SessionOver> {
    match sent {
        Ok(sent) => Ok(Ok(sent)),
        Err(Unsent::Refused(error)) => Ok(Err(error)),
        Err(Unsent::Over(_)) => Err(SessionOver),
    }
}

/// A request without an answer is one whose session has ended.
fn refusal(error: WampError) -> Result<WampError, SessionOver> {
    if error.unanswered().is_some() { Err(SessionOver) } else { Ok(error) }
}

/// A router that does not answer is as good as none.
async fn in_time<T>(
    session: &Arc<ClientSession>,
    time: Duration,
    made: impl Future<Output = Result<T, SessionOver>>,
) -> Result<T, SessionOver> {
    let runtime = &session.runtime;
    let late = runtime.sleep_until(after(runtime.now(), time));
    match select(pin!(made), late).await {
        Either::Left((made, _)) => made,
        Either::Right(_) => {
            let text = format!("registrations and subscriptions were not answered within {time:?}");
            session.end(SessionEnd::Lost(text));
            Err(SessionOver)
        }
    }
}
