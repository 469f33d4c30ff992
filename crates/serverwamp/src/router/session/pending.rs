//! Code around a session: one async function is one life.

use super::{RouterSession, Session};
use crate::WampError;
use crate::base::signal::Signal;
use std::sync::Arc;

/// The result of a session handler.
#[derive(Debug)]
pub struct SessionReply(pub(crate) Result<(), WampError>);

/// One handler's say in whether a session may go on.
#[expect(unnameable_types, reason = "only hidden methods of `SessionRequest` name it")]
#[derive(Debug)]
pub struct Admission {
    pub(crate) session: Session,
    verdict: Signal<Result<(), WampError>>,
    /// The handler has let go of its [`PendingSession`]. An error it returns says more than this does.
    dropped: Signal<()>,
    /// The step the handlers were asked about has been taken: authentication began, or WELCOME is out.
    taken: Arc<Signal<()>>,
}

impl Admission {
    pub(crate) fn new(session: Arc<RouterSession>, taken: Arc<Signal<()>>) -> Self {
        Self { session: Session::new(session), verdict: Signal::default(), dropped: Signal::default(), taken }
    }

    pub(crate) fn accept(&self) {
        self.verdict.set(Ok(()));
    }

    pub(crate) fn refuse(&self, error: WampError) {
        self.verdict.set(Err(error));
    }

    pub(crate) async fn dropped(&self) {
        self.dropped.wait().await;
    }

    pub(crate) async fn verdict(&self) -> Result<(), WampError> {
        self.verdict.wait().await
    }
}

/// A session that waits for this handler's word.
///
/// The handler is the session's life: what stands before [`accept`](Self::accept) runs before the session goes on,
/// what stands after [`closed`](Session::closed) runs when it has ended, however that came: GOODBYE, a lost transport, a
/// panic elsewhere, shutdown.
///
/// ```
/// use serverwamp::{PendingSession, WampError};
///
/// async fn presence(joining: PendingSession) -> Result<(), WampError> {
///     // An error here refuses the session.
///     let session = joining.accept().await; // WELCOME is on its way
///     println!("{} came", session.authid());
///     let reason = session.closed().await;
///     println!("{} left: {reason}", session.authid());
///     Ok(())
/// }
/// # serverwamp::Realm::<()>::new("realm1").on_join(presence);
/// ```
///
/// Dropping it without `accept` refuses the session with `wamp.error.not_authorized`. After the end the handler has
/// [`Limits::grace`](crate::Limits::grace) to finish, then it is dropped.
#[derive(Debug)]
#[must_use = "a session that is not accepted is refused"]
pub struct PendingSession(Arc<Admission>);

impl PendingSession {
    pub(crate) fn new(admission: &Arc<Admission>) -> Self {
        Self(Arc::clone(admission))
    }

    /// The session that asks.
    pub fn session(&self) -> &Session {
        &self.0.session
    }

    /// Lets the session go on, and returns when it has: for `on_join` when its WELCOME is queued.
    ///
    /// When another handler refuses meanwhile, the session returned has already ended.
    pub async fn accept(self) -> Session {
        self.0.accept();
        let session = self.0.session.clone();
        let step = std::pin::pin!(self.0.taken.wait());
        let ended = std::pin::pin!(session.closed());
        futures_util::future::select(step, ended).await;
        self.0.session.clone()
    }
}

impl Drop for PendingSession {
    fn drop(&mut self) {
        self.0.dropped.set(());
    }
}
