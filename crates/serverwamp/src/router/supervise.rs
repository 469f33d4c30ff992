//! Running application code so that its panics and its delays stay its own.

use crate::WampError;
use crate::base::log::line;
use crate::base::statistics::Refusal;
use crate::router::session::RouterSession;
use crate::rt::{BoxFuture, Runtime, after, panics};
use crate::transport::shutdown::Alive;
use futures_util::future::{Either, select};
use std::any::Any;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

/// The message of a panic.
type Panic = Box<dyn Any + Send>;

/// Logs a panic of application code and returns the id under which it is in the log.
pub(crate) fn report_panic(what: &str, session: &RouterSession, panic: &(dyn Any + Send)) -> String {
    session.running_realm().context.counters.count(Refusal::Panic, 1);
    let id = crate::base::ids::incident();
    let (session, realm) = (session.id(), session.running_realm().name());
    line!(
        ERROR,
        "internal",
        "a handler panicked",
        id = id,
        session = session,
        realm = realm,
        handler = what,
        panic = panics::text(panic)
    );
    id
}

/// Spawns the code that accompanies a session or a subscription.
///
/// `life` runs to its end, but at the most [`Limits::grace`](crate::Limits::grace) longer than `over`. What it says in
/// the end, an error or a panic, goes to `concluded`, which refuses if nothing was decided yet.
pub(crate) fn companion(
    session: &Arc<RouterSession>,
    alive: Alive,
    what: &'static str,
    over: impl Future<Output = ()> + Send + 'static,
    life: impl Future<Output = Result<Result<(), WampError>, Panic>> + Send + 'static,
    concluded: impl FnOnce(Result<(), WampError>) + Send + 'static,
) {
    let companion_of = Arc::clone(session);
    let runtime = Arc::clone(session.runtime());
    let task: BoxFuture<'static, ()> = Box::pin(async move {
        let grace = companion_of.limits().grace;
        let time_up = pin!(async {
            over.await;
            runtime.sleep_until(after(runtime.now(), grace)).await;
        });
        let life = pin!(life);
        let reply = match select(life, time_up).await {
            Either::Left((Ok(reply), _)) => reply,
            Either::Left((Err(panic), _)) => {
                Err(WampError::incident(&report_panic(what, &companion_of, panic.as_ref())))
            }
            Either::Right(_) => {
                let why = format_args!("the {what} went on for {grace:?} after its end");
                companion_of.running_realm().context.counters.refused(Refusal::Grace, &companion_of, why);
                Ok(())
            }
        };
        if let Err(error) = &reply {
            line!(
                DEBUG,
                "session",
                "a handler ended with an error",
                session = companion_of.id(),
                handler = what,
                error = error
            );
        }
        concluded(reply);
        drop(alive);
    });
    session.runtime().spawn(task);
}

/// Runs `life`, and calls `refuse` as soon as it goes on without the question it was asked.
///
/// A handler that returns an error or panics lets go of the question as well, and that very moment it is over: then
/// its error is the answer and not the question's loss.
pub(crate) async fn until_dropped<T>(
    life: impl Future<Output = T>,
    dropped: impl Future<Output = ()>,
    refuse: impl FnOnce(),
) -> T {
    match select(pin!(life), pin!(dropped)).await {
        Either::Left((end, _)) => end,
        Either::Right(((), life)) => {
            refuse();
            life.await
        }
    }
}

/// The answer when a handler let go of the question, or ended, without an answer of its own.
pub(crate) fn not_accepted() -> WampError {
    WampError::not_authorized("the application has not accepted this")
}

/// Spawns a task on the session's runtime.
pub(crate) fn spawn(runtime: &Arc<dyn Runtime>, task: impl Future<Output = ()> + Send + 'static) {
    runtime.spawn(Box::pin(task));
}
