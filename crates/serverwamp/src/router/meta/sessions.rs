//! The meta API of sessions: lists, details, and kills by administrators.
//!
//! The session that the application has in its own realm is none of these. Spec: advanced, "Session Meta API".

use super::arguments::{self, Arguments, Expected};
use super::events::SessionDetails;
use super::listing::Listed;
use super::text_set::TextSet;
use super::{MetaApi, one};
use crate::base::log::line;
use crate::router::session::{CloseRequest, RouterSession};
use crate::{CloseReason, WampError};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::SessionId;
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::uris;
use std::sync::Arc;

pub(super) const SESSION: Expected<SessionId> = arguments::id("the id of a session");

/// The text for the victim of a kill.
struct KillMessage {
    reason: String,
    message: Option<String>,
}

impl MetaApi<'_> {
    /// The number of sessions, or the filter by which they have to be counted.
    pub(super) fn count_sessions(
        self,
        arguments: &Arguments<'_>,
    ) -> Result<Result<usize, Listed>, WampError> {
        Ok(match role_filter(arguments)? {
            None => Ok(self.realm.sessions_by_id().len()),
            Some(roles) => Err(Listed::SessionCount(roles)),
        })
    }

    pub(super) fn get_session(
        self,
        arguments: &Arguments<'_>,
        serializer: Serializer,
    ) -> Result<Payload, WampError> {
        let session = self.session_named(arguments, 0)?;
        one(serializer, SessionDetails::of(&session))
    }

    pub(super) fn kill(self, caller: &RouterSession, arguments: &Arguments<'_>) -> Result<(), WampError> {
        let id = arguments.required(0, "session", &SESSION)?;
        let farewell = self.farewell(caller, arguments)?;
        let victim = self.session_named(arguments, 0).ok().filter(|victim| victim.id() != caller.id());
        match victim {
            Some(victim) if self.end_by(caller, &victim, &farewell, RouterSession::end) => Ok(()),
            _ => Err(no_such_session(id)),
        }
    }

    /// Answers with the ids, where [`kill_by_authrole`](Self::kill_by_authrole) only counts: so the text has it
    /// (checklist MSES-15, MSES-16).
    pub(super) fn kill_by_authid(
        self,
        caller: &RouterSession,
        arguments: &Arguments<'_>,
    ) -> Result<Vec<u64>, WampError> {
        let authid = arguments.required(0, "authid", &arguments::TEXT)?;
        let farewell = self.farewell(caller, arguments)?;
        Ok(self.kill_others(caller, |session| session.authid() == authid, &farewell, RouterSession::end))
    }

    pub(super) fn kill_by_authrole(
        self,
        caller: &RouterSession,
        arguments: &Arguments<'_>,
    ) -> Result<usize, WampError> {
        let authrole = arguments.required(0, "authrole", &arguments::TEXT)?;
        let farewell = self.farewell(caller, arguments)?;
        Ok(self
            .kill_others(caller, |session| session.authrole() == authrole, &farewell, RouterSession::end)
            .len())
    }

    /// Without testaments and without events about sessions (checklist MSES-24, TEST-12).
    pub(super) fn kill_all(
        self,
        caller: &RouterSession,
        arguments: &Arguments<'_>,
    ) -> Result<usize, WampError> {
        let farewell = self.farewell(caller, arguments)?;
        Ok(self.kill_others(caller, |_| true, &farewell, RouterSession::end_quietly).len())
    }

    /// Ends all sessions that are `meant` but the caller's own (checklist MSES-18); says which.
    fn kill_others(
        self,
        caller: &RouterSession,
        meant: impl Fn(&RouterSession) -> bool,
        farewell: &KillMessage,
        end: fn(&Arc<RouterSession>, CloseReason) -> bool,
    ) -> Vec<u64> {
        let mut victims = self.sessions_where(|session| session.id() != caller.id() && meant(session));
        victims.retain(|victim| self.end_by(caller, victim, farewell, end));
        victims.iter().map(|victim| victim.id().get()).collect()
    }

    /// Ends a session at once, and lets its connection say so; `false` when it was over (checklist MSES-21, MSES-22).
    fn end_by(
        self,
        caller: &RouterSession,
        victim: &Arc<RouterSession>,
        KillMessage { reason, message }: &KillMessage,
        end: fn(&Arc<RouterSession>, CloseReason) -> bool,
    ) -> bool {
        if !end(victim, CloseReason::Closed(reason.clone())) {
            return false;
        }
        victim.request_close(CloseRequest::Goodbye { reason: reason.clone(), message: message.clone() });
        line!(
            INFO,
            "session",
            "a session was killed",
            realm = self.realm.name(),
            session = victim.id(),
            authid = victim.authid(),
            by = caller.id(),
            by_authid = caller.authid(),
            reason = reason
        );
        true
    }

    /// A reason has to be a URI, for it goes into GOODBYE (checklist MSES-12, MSES-14).
    fn farewell(self, caller: &RouterSession, arguments: &Arguments<'_>) -> Result<KillMessage, WampError> {
        let reason = arguments.keyword("reason", &arguments::TEXT)?;
        let message = arguments.keyword("message", &arguments::TEXT)?;
        let reason = reason.unwrap_or_else(|| uris::close::KILLED.to_owned());
        self.realm.context.check_uri(&reason, Match::Exact, Some(caller))?;
        Ok(KillMessage { reason, message })
    }

    /// The session whose id the argument in this place is.
    ///
    /// # Errors
    /// When it is no id, or nobody in this realm has it.
    pub(super) fn session_named(
        self,
        arguments: &Arguments<'_>,
        place: usize,
    ) -> Result<Arc<RouterSession>, WampError> {
        let id = arguments.required(place, "session", &SESSION)?;
        self.realm.sessions_by_id().get(&id).cloned().ok_or_else(|| no_such_session(id))
    }

    /// The sessions that are `wanted`, in the order of their ids.
    fn sessions_where(self, wanted: impl Fn(&RouterSession) -> bool) -> Vec<Arc<RouterSession>> {
        self.realm.sessions_by_id().values().filter(|session| wanted(session)).cloned().collect()
    }
}

/// The roles asked for; an empty list is a filter that nobody passes (checklist MSES-06).
pub(super) fn role_filter(arguments: &Arguments<'_>) -> Result<Option<TextSet>, WampError> {
    arguments.optional(0, "filter_authroles", &arguments::TEXTS)
}

fn no_such_session(id: SessionId) -> WampError {
    WampError::new(uris::error::NO_SUCH_SESSION).arg(format!("no session {id} in this realm"))
}
