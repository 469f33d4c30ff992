//! The end of sessions that an administrator wants to be gone.

use super::query::{SessionFilter, address};
use crate::admin::call::{AdminCall, count, fields, no_such_session, session_id};
use crate::admin::page::AT_ONCE;
use crate::admin::table::AdminAnswer;
use crate::router::session::{CloseRequest, RouterSession};
use crate::rt::BoxFuture;
use crate::{CloseReason, WampError};
use serverwamp_proto::pattern::Match;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

/// The sessions that are ended in one turn: what each holds is taken out of the tables meanwhile.
const ENDED_AT_ONCE: usize = 64;

pub(super) fn kill(call: AdminCall) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(async move {
        let realm = call.realm()?;
        let arguments = &call.arguments;
        let reason = arguments.text("reason").unwrap_or_default();
        realm.context.check_uri(reason, Match::Exact, None)?;
        let message = arguments.text("message");
        let filter = SessionFilter {
            authid: arguments.text("authid"),
            authrole: arguments.text("authrole"),
            address: arguments.text("address").map(|text| address(text, "address")).transpose()?,
            ..SessionFilter::default()
        };
        let end =
            |session: &Arc<RouterSession>| session.id() != call.caller.id() && end(session, reason, message);
        if let Some(number) = arguments.number("session") {
            let session = realm.sessions_by_id().get(&session_id(number)?).cloned();
            let session = session.ok_or_else(|| no_such_session(number))?;
            let ended = filter.fits(&session) && end(&session);
            return Ok(fields([("ended", count(usize::from(ended)))]));
        }
        if filter.authid.is_none() && filter.authrole.is_none() && filter.address.is_none() {
            let text = "one of session, authid, authrole and address has to be given";
            return Err(WampError::invalid_argument(text));
        }
        let (mut ended, mut last) = (0, None);
        loop {
            let mut some: Vec<Arc<RouterSession>> = Vec::new();
            let mut seen = 0;
            for (id, session) in realm.sessions_by_id().range((last.map_or(Unbounded, Excluded), Unbounded)) {
                if seen == AT_ONCE || some.len() == ENDED_AT_ONCE {
                    break;
                }
                (seen, last) = (seen + 1, Some(*id));
                if filter.fits(session) {
                    some.push(Arc::clone(session));
                }
            }
            if seen == 0 {
                return Ok(fields([("ended", count(ended))]));
            }
            ended += some.iter().filter(|session| end(session)).count();
            call.next_turn().await;
        }
    })
}

/// Ends a session at once, and lets its connection say so. Returns whether it had not ended before.
fn end(session: &Arc<RouterSession>, reason: &str, message: Option<&str>) -> bool {
    if !session.end(CloseReason::Closed(reason.to_owned())) {
        return false;
    }
    let (reason, message) = (reason.to_owned(), message.map(str::to_owned));
    session.request_close(CloseRequest::Goodbye { reason, message });
    true
}
