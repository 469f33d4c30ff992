//! The meta API: what the realm tells about its sessions, registrations and subscriptions, and what it lets others do
//! with them.
//!
//! Its procedures are found before any registration is, so nobody can take their place, and a call of another
//! `wamp.` procedure finds nothing (checklist URI-11, REFL-01). It says nothing of what stands under `wamp.` itself:
//! subscriptions of its own topics are in no list, as their coming and going is in no event (META-05, META-11).
//! Spec: advanced, "Session Meta API" and the chapters after it.

mod arguments;
mod events;
mod history;
mod registrations;
mod retained;
mod sessions;
mod subscriptions;
mod testament;
mod testaments;

pub(crate) use testament::Testament;

use crate::router::payload::Args;
use crate::router::payload::{Encoded, ToPayload};
use crate::router::realm::{RunningRealm, no_such_procedure};
use crate::{Session, WampError};
use arguments::Arguments;
use serde::Serialize;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::uris::{registration, session, subscription};

impl RunningRealm {
    /// Answers a call of a `wamp.` procedure, in the caller's serializer.
    ///
    /// # Errors
    /// `wamp.error.invalid_argument` when the arguments do not fit (checklist META-04), what the procedure says
    /// otherwise, and `wamp.error.no_such_procedure` when there is none of this name.
    pub(crate) fn answer_meta(
        &self,
        caller: &Session,
        procedure: &str,
        payload: &Payload,
    ) -> Result<Encoded, WampError> {
        let arguments = |most| Arguments::read(payload, most);
        let serializer = payload.serializer;
        match procedure {
            session::COUNT => one(serializer, self.count_sessions(&arguments(1)?)?),
            session::LIST => one(serializer, self.list_sessions(&arguments(1)?)?),
            session::GET => self.get_session(&arguments(1)?, serializer),
            session::KILL => nothing(serializer, self.kill(caller, || arguments(1))?),
            session::KILL_BY_AUTHID => one(serializer, self.kill_by_authid(caller, || arguments(1))?),
            session::KILL_BY_AUTHROLE => one(serializer, self.kill_by_authrole(caller, || arguments(1))?),
            session::KILL_ALL => one(serializer, self.kill_all(caller, || arguments(0))?),
            session::ADD_TESTAMENT => nothing(serializer, self.add_testament(caller, payload)?),
            session::FLUSH_TESTAMENTS => nothing(serializer, testaments::flush(caller, &arguments(0)?)?),
            registration::LIST => one(serializer, self.list_registrations(&arguments(0)?)),
            registration::LOOKUP => one(serializer, self.lookup_registration(&arguments(2)?)?),
            registration::MATCH => one(serializer, self.match_registration(&arguments(1)?)?),
            registration::GET => self.get_registration(&arguments(1)?, serializer),
            registration::LIST_CALLEES => one(serializer, self.list_callees(&arguments(1)?)?),
            registration::COUNT_CALLEES => one(serializer, self.list_callees(&arguments(1)?)?.len()),
            registration::REMOVE_CALLEE => nothing(serializer, self.remove_callee(caller, || arguments(2))?),
            subscription::LIST => one(serializer, self.list_subscriptions(&arguments(0)?)),
            subscription::LOOKUP => one(serializer, self.lookup_subscription(&arguments(2)?)?),
            subscription::MATCH => one(serializer, self.match_subscriptions(&arguments(1)?)?),
            subscription::GET => self.get_subscription(&arguments(1)?, serializer),
            subscription::LIST_SUBSCRIBERS => one(serializer, self.list_subscribers(&arguments(1)?)?),
            subscription::COUNT_SUBSCRIBERS => one(serializer, self.count_subscribers(&arguments(1)?)?),
            subscription::REMOVE_SUBSCRIBER => {
                nothing(serializer, self.remove_subscriber(caller, || arguments(2))?)
            }
            subscription::GET_EVENTS => self.past_events(caller, &arguments(1)?, serializer),
            retained::REMOVE => one(serializer, self.remove_retained_for(caller, || arguments(2))?),
            _ => Err(no_such_procedure(procedure)),
        }
    }

    /// Ending sessions and taking away what they hold is for administrators (checklist META-09).
    fn check_administrator(&self, caller: &Session) -> Result<(), WampError> {
        if self.plan.permissions.administrators.iter().any(|role| role == caller.authrole()) {
            return Ok(());
        }
        Err(WampError::not_authorized()
            .arg(format!("the role {:?} does not administrate", caller.authrole())))
    }
}

/// A RESULT of one value, which may be null.
fn one(serializer: Serializer, value: impl Serialize) -> Result<Encoded, WampError> {
    Args((value,)).to_payload(serializer)
}

/// A RESULT without arguments.
fn nothing(serializer: Serializer, (): ()) -> Result<Encoded, WampError> {
    Ok(Encoded::empty(serializer))
}

/// Ids in the three lists that `list` answers with, each in the order of the ids (checklist MREG-07, MSUB-06).
#[derive(Debug, Default, Serialize)]
struct IdsByMatch {
    exact: Vec<u64>,
    prefix: Vec<u64>,
    wildcard: Vec<u64>,
}

impl IdsByMatch {
    fn of(ids: impl Iterator<Item = (Match, u64)>) -> Self {
        let mut lists = Self::default();
        for (kind, id) in ids {
            match kind {
                Match::Exact => lists.exact.push(id),
                Match::Prefix => lists.prefix.push(id),
                Match::Wildcard => lists.wildcard.push(id),
            }
        }
        for list in [&mut lists.exact, &mut lists.prefix, &mut lists.wildcard] {
            list.sort_unstable();
        }
        lists
    }
}
