//! A call of the admin interface, after its arguments were checked.

use super::NodeControl;
use super::arguments::{CheckedArguments, shortened};
use crate::application::Application;
use crate::peer::Environment;
use crate::router::realm::RunningRealm;
use crate::router::session::RouterSession;
use crate::rt::next_turn;
use crate::{Progress, Session, WampError};
use futures_util::lock::Mutex as Turn;
use serverwamp_proto::codec::{Dict, Value};
use serverwamp_proto::id::SessionId;
use serverwamp_proto::uris;
use std::sync::Arc;

/// A call: who calls, and with what.
pub(super) struct AdminCall {
    /// The administrator.
    pub(super) caller: Session,
    pub(super) arguments: CheckedArguments,
    /// Where progressive results go.
    pub(super) progress: Progress,
    pub(super) state: Arc<AdminState>,
}

/// What all calls and subscriptions of the realm share.
#[derive(Default)]
pub(super) struct AdminState {
    /// The program, if it takes commands.
    pub(super) control: Option<Arc<dyn NodeControl>>,
    /// Whoever has it publishes the statistics.
    pub(super) ticker: Turn<()>,
    /// Words in the names of what no tap shows.
    pub(super) masked: Vec<String>,
}

impl AdminCall {
    /// The application that is administrated.
    pub(super) fn application(&self) -> Result<Application, WampError> {
        let context = &self.caller.inner().running_realm().context;
        let gone = || WampError::unavailable("the application is gone");
        context.node.get::<Environment>().map(Application::of).ok_or_else(gone)
    }

    /// The realm that the argument `realm` names.
    ///
    /// # Errors
    /// `wamp.error.no_such_realm`.
    pub(super) fn realm(&self) -> Result<Arc<RunningRealm>, WampError> {
        let name = self.arguments.text("realm").unwrap_or_default();
        self.caller.inner().running_realm().context.neighbours.get(name).ok_or_else(|| {
            WampError::new(uris::error::NO_SUCH_REALM)
                .arg(format!("no realm {:?} runs here", shortened(name)))
        })
    }

    /// Takes something away from the session that the argument `session` names, or from all `holders`, and returns from how many; each in
    /// a turn of its own. Sessions that have ended meanwhile have lost it by themselves.
    ///
    /// # Errors
    /// `wamp.error.no_such_session` for the one that is named.
    pub(super) async fn revoke(
        &self,
        realm: &RunningRealm,
        holders: impl FnOnce() -> Vec<SessionId>,
        take_away: impl Fn(&Arc<RouterSession>, Option<&str>) -> bool,
    ) -> Result<usize, WampError> {
        let reason = self.arguments.text("reason");
        let find = |id: SessionId| realm.sessions_by_id().get(&id).cloned();
        if let Some(number) = self.arguments.number("session") {
            let session = find(session_id(number)?).ok_or_else(|| no_such_session(number))?;
            return Ok(usize::from(take_away(&session, reason)));
        }
        let mut revoked = 0;
        for id in holders() {
            if let Some(session) = find(id) {
                revoked += usize::from(take_away(&session, reason));
            }
            self.next_turn().await;
        }
        Ok(revoked)
    }

    /// Ends the turn of the caller's connection, so that others have theirs.
    pub(super) async fn next_turn(&self) {
        next_turn(&**self.caller.inner().runtime()).await;
    }
}

/// `wamp.error.no_such_session` for this id.
pub(super) fn no_such_session(id: u64) -> WampError {
    WampError::new(uris::error::NO_SUCH_SESSION).arg(format!("no session {id} in this realm"))
}

/// The id of a session that an argument of the kind `Id` is.
pub(super) fn session_id(id: u64) -> Result<SessionId, WampError> {
    SessionId::new(id).ok_or_else(|| no_such_session(id))
}

/// A dictionary of these fields.
pub(super) fn fields<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Dict(fields.into_iter().collect::<Dict>())
}

/// A count as a value.
pub(super) fn count(count: usize) -> Value {
    Value::from(u64::try_from(count).unwrap_or(u64::MAX))
}
