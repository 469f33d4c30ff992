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
mod listing;
mod registrations;
mod retained;
mod sessions;
mod subscriptions;
mod testament;
mod testaments;
mod text_set;
mod turns;

pub(crate) use events::MetaEvents;
pub(crate) use testament::Testament;
pub(crate) use turns::finish;

use crate::WampError;
use crate::base::statistics::Refusal;
use crate::peering::payload::Args;
use crate::peering::payload::ToPayload;
use crate::router::realm::{AccessRequest, GivenAnswers, Ruling, RunningRealm, Withheld, no_such_procedure};
use crate::router::session::RouterSession;
use arguments::{Arguments, Page};
use listing::{Listed, Listing};
use serde::Serialize;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::UnreadBytes;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::permissions::Action;
use serverwamp_proto::uris::{self, registration, session, subscription};
use sessions::role_filter;
use turns::{InTurns, begin};

/// The outcome of a call of the meta API.
#[derive(Debug)]
pub(crate) enum MetaAnswer {
    /// The answer.
    Now(Payload),
    /// One that is not complete, and may take several turns.
    Later(Box<dyn InTurns>),
}

/// A call of the meta API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetaCall<'c> {
    pub(crate) procedure: &'c str,
    pub(crate) payload: &'c Payload,
    /// What was not read of its arguments, because they are too long.
    pub(crate) unread: UnreadBytes,
}

impl MetaCall<'_> {
    /// The bytes of its arguments.
    fn size(&self) -> usize {
        self.payload.size() + self.unread.bytes()
    }
}

/// The procedures of the meta API of a realm; what each noun has stands in its file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetaApi<'r> {
    realm: &'r RunningRealm,
}

impl<'r> MetaApi<'r> {
    pub(crate) const fn of(realm: &'r RunningRealm) -> Self {
        Self { realm }
    }

    /// Answers a call of a `wamp.` procedure, in the caller's serializer.
    ///
    /// # Errors
    /// `wamp.error.invalid_argument` when the arguments do not fit (checklist META-04),
    /// `wamp.error.payload_size_exceeded` when they or the answer are too long, what the procedure says otherwise, and
    /// `wamp.error.no_such_procedure` when there is none of this name. When an authorizer has to be asked for more than the
    /// call.
    pub(crate) fn answer(
        self,
        caller: &RouterSession,
        call: MetaCall<'_>,
        answers: &GivenAnswers,
    ) -> Result<MetaAnswer, Withheld> {
        let arguments = |most| {
            Arguments::read(&call, most, caller.limits()).inspect_err(|error| {
                if error.uri() == uris::error::PAYLOAD_SIZE_EXCEEDED {
                    self.realm.context.counters.refused(Refusal::MetaArguments, caller, error);
                }
            })
        };
        let MetaCall { procedure, payload, .. } = call;
        self.check_administrator(caller, procedure)?;
        let serializer = payload.serializer;
        let listing = |listed, page| Ok(begin(caller, Listing::new(listed, page, serializer))?);
        let answer = match procedure {
            session::COUNT => match self.count_sessions(&arguments(1)?)? {
                Ok(count) => one(serializer, count),
                Err(listed) => return listing(listed, Page::default()),
            },
            session::LIST => {
                let arguments = arguments(1)?;
                return listing(role_filter(&arguments).map(Listed::Sessions)?, arguments.page()?);
            }
            session::GET => self.get_session(&arguments(1)?, serializer),
            session::KILL => nothing(serializer, self.kill(caller, &arguments(1)?)?),
            session::KILL_BY_AUTHID => one(serializer, self.kill_by_authid(caller, &arguments(1)?)?),
            session::KILL_BY_AUTHROLE => one(serializer, self.kill_by_authrole(caller, &arguments(1)?)?),
            session::KILL_ALL => one(serializer, self.kill_all(caller, &arguments(0)?)?),
            session::ADD_TESTAMENT => nothing(serializer, self.add_testament(caller, call, answers)?),
            session::FLUSH_TESTAMENTS => nothing(serializer, testaments::flush(caller, &arguments(0)?)?),
            registration::LIST => return listing(Listed::Registrations, arguments(0)?.page()?),
            registration::LOOKUP => one(serializer, self.lookup_registration(&arguments(2)?)?),
            registration::MATCH => one(serializer, self.match_registration(&arguments(1)?)?),
            registration::GET => self.get_registration(&arguments(1)?, serializer),
            registration::LIST_CALLEES => {
                let arguments = arguments(1)?;
                let page = arguments.page()?;
                return listing(self.list_callees(&arguments, page)?, page);
            }
            registration::COUNT_CALLEES => one(serializer, self.count_callees(&arguments(1)?)?),
            registration::REMOVE_CALLEE => nothing(serializer, self.remove_callee(caller, &arguments(2)?)?),
            subscription::LIST => return listing(Listed::Subscriptions, arguments(0)?.page()?),
            subscription::LOOKUP => one(serializer, self.lookup_subscription(&arguments(2)?)?),
            subscription::MATCH => {
                let arguments = arguments(1)?;
                let page = arguments.page()?;
                match self.match_subscriptions(&arguments, page)? {
                    Some(listed) => return listing(listed, page),
                    None => one(serializer, ()),
                }
            }
            subscription::GET => self.get_subscription(&arguments(1)?, serializer),
            subscription::LIST_SUBSCRIBERS => {
                let arguments = arguments(1)?;
                let page = arguments.page()?;
                return listing(self.list_subscribers(&arguments, page)?, page);
            }
            subscription::COUNT_SUBSCRIBERS => one(serializer, self.count_subscribers(&arguments(1)?)?),
            subscription::REMOVE_SUBSCRIBER => {
                nothing(serializer, self.remove_subscriber(caller, &arguments(2)?)?)
            }
            subscription::GET_EVENTS => {
                let reading = self.past_events(caller, &arguments(1)?, serializer, answers)?;
                return Ok(begin(caller, reading)?);
            }
            retained::REMOVE => {
                return Ok(begin(caller, self.remove_retained_for(caller, &arguments(2)?, serializer)?)?);
            }
            _ => Err(no_such_procedure(procedure)),
        };
        Ok(MetaAnswer::Now(answer?))
    }

    /// Ending sessions and taking away what they hold is for administrators (checklist META-09).
    fn check_administrator(self, caller: &RouterSession, procedure: &str) -> Result<(), WampError> {
        let (context, role) = (&self.realm.context, caller.authrole());
        if !is_for_administrators(procedure) || context.config().offers.administrates(role) {
            return Ok(());
        }
        let request = AccessRequest::exact(caller, Action::Call, procedure);
        let _for_others = context.refuse(request, &Ruling::no_administrator(role));
        Err(WampError::not_authorized(format!("role {role:?} is not an administrator")))
    }
}

/// The topics of the meta API.
pub(crate) const TOPICS: [&str; 10] = [
    session::ON_JOIN,
    session::ON_LEAVE,
    registration::ON_CREATE,
    registration::ON_REGISTER,
    registration::ON_UNREGISTER,
    registration::ON_DELETE,
    subscription::ON_CREATE,
    subscription::ON_SUBSCRIBE,
    subscription::ON_UNSUBSCRIBE,
    subscription::ON_DELETE,
];

/// Its procedures.
pub(crate) const PROCEDURES: [&str; 25] = [
    session::COUNT,
    session::LIST,
    session::GET,
    session::KILL,
    session::KILL_BY_AUTHID,
    session::KILL_BY_AUTHROLE,
    session::KILL_ALL,
    session::ADD_TESTAMENT,
    session::FLUSH_TESTAMENTS,
    registration::LIST,
    registration::LOOKUP,
    registration::MATCH,
    registration::GET,
    registration::LIST_CALLEES,
    registration::COUNT_CALLEES,
    registration::REMOVE_CALLEE,
    subscription::LIST,
    subscription::LOOKUP,
    subscription::MATCH,
    subscription::GET,
    subscription::LIST_SUBSCRIBERS,
    subscription::COUNT_SUBSCRIBERS,
    subscription::REMOVE_SUBSCRIBER,
    subscription::GET_EVENTS,
    retained::REMOVE,
];

/// Returns whether a meta procedure is for administrators alone.
pub(crate) fn is_for_administrators(procedure: &str) -> bool {
    matches!(
        procedure,
        session::KILL
            | session::KILL_BY_AUTHID
            | session::KILL_BY_AUTHROLE
            | session::KILL_ALL
            | registration::REMOVE_CALLEE
            | subscription::REMOVE_SUBSCRIBER
            | retained::REMOVE
    )
}

/// A RESULT of one value, which may be null.
fn one(serializer: Serializer, value: impl Serialize) -> Result<Payload, WampError> {
    Args((value,)).to_payload(serializer)
}

/// A RESULT without arguments.
fn nothing(serializer: Serializer, (): ()) -> Result<Payload, WampError> {
    Ok(Payload::empty(serializer))
}
