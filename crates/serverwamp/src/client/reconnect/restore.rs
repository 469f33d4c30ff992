//! Registrations and subscriptions of a client, made again in its next session: registrations first, each in the order in which they
//! were made.

use super::missed::Renewed;
use super::standing::Standing;
use crate::base::error::WampError;
use crate::base::log::line;
use crate::base::signal::Signal;
use crate::client::end::SessionEnd;
use crate::client::session::{Awaited, ClientSession, Unsent, WaitingRegister, WaitingSubscribe};
use crate::peering::Ended;
use crate::rt::after;
use futures_util::future::{Either, select};
use serverwamp_proto::session::client::RequestKind;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// The requests that are out at once. Far below the limit of a session, and enough to need few round trips.
const AT_ONCE: usize = 1024;

/// The session has ended before everything was made again.
#[derive(Debug)]
pub(super) struct SessionOver;

/// Makes everything again, within `time` for each thousand of them. Returns the subscriptions.
pub(super) async fn restore(
    session: &Arc<ClientSession>,
    standing: &Standing,
    time: Duration,
) -> Result<Vec<Renewed>, SessionOver> {
    for some in standing.registrations().chunks(AT_ONCE) {
        let waiting: Vec<_> = some
            .iter()
            .map(|route| Arc::new(WaitingRegister { route: Arc::clone(route), answer: Signal::default() }))
            .collect();
        in_time(session, time, register(session, standing, &waiting)).await?;
    }
    let mut renewed = Vec::new();
    for some in standing.subscriptions().chunks(AT_ONCE) {
        in_time(session, time, subscribe(session, standing, some, &mut renewed)).await?;
    }
    Ok(renewed)
}

async fn register(
    session: &Arc<ClientSession>,
    standing: &Standing,
    waiting: &[Arc<WaitingRegister>],
) -> Result<(), SessionOver> {
    for register in waiting {
        session.outbox.room().await;
        let route = Arc::clone(&register.route);
        let message = move |request| route.message(request);
        let awaited = Awaited::Register(Arc::clone(register));
        let sent = session.request(RequestKind::Register, awaited, message);
        if let Err(error) = failed(sent)? {
            register.answer.set(Err(error));
        }
    }
    for register in waiting {
        let Err(error) = register.answer.wait().await else { continue };
        let error = refusal(error)?;
        let route = &register.route;
        line!(
            WARN,
            "client",
            "the router refused a registration when the client had reconnected",
            procedure = route.uri,
            error = error
        );
        standing.unregistered(route);
        route.ended.set(Ended::Refused(error));
    }
    Ok(())
}

async fn subscribe(
    session: &Arc<ClientSession>,
    standing: &Standing,
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
async fn in_time(
    session: &Arc<ClientSession>,
    time: Duration,
    made: impl Future<Output = Result<(), SessionOver>>,
) -> Result<(), SessionOver> {
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
