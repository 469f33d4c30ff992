//! What a session holds: a subscription or a registration, whether it may go on holding it, and its removal if it may not.

use super::access::Standing;
use super::{AccessRequest, Disclosure, RealmConfig, RealmEnd, RunningRealm};
use crate::base::log::line;
use crate::router::broker::SubscriptionEntry;
use crate::router::dealer::RegistrationEntry;
use crate::router::request::QuestionOptions;
use crate::router::session::RouterSession;
use serverwamp_proto::permissions::Action;
use serverwamp_proto::session::Feature;
use serverwamp_proto::uris;
use std::sync::Arc;

/// The reason that clients read of whose subscription or registration is revoked.
const REVOKED: &str = uris::error::NOT_AUTHORIZED;

/// Something that a session holds.
#[derive(Debug)]
pub(crate) enum HeldEntry {
    Subscription(Arc<SubscriptionEntry>),
    Registration(Arc<RegistrationEntry>),
}

/// Which entry it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum EntryKey {
    Subscription(u64),
    Registration(u64),
}

/// The numbers of what was taken away.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    pub(super) sessions: usize,
    subscriptions: usize,
    registrations: usize,
}

impl HeldEntry {
    pub(super) fn key(&self) -> EntryKey {
        match self {
            Self::Subscription(entry) => EntryKey::Subscription(entry.id.get()),
            Self::Registration(entry) => EntryKey::Registration(entry.id.get()),
        }
    }

    /// The request that a session would make to get it now.
    pub(super) fn request<'a>(&'a self, session: &'a RouterSession) -> AccessRequest<'a> {
        let (action, pattern, options) = match self {
            Self::Subscription(entry) => (Action::Subscribe, &entry.pattern, QuestionOptions::default()),
            Self::Registration(entry) => {
                let disclose = entry.is_disclosed_to(session.id());
                let invoke = Some(entry.invoke);
                (
                    Action::Register,
                    &entry.pattern,
                    QuestionOptions { disclose, invoke, ..QuestionOptions::default() },
                )
            }
        };
        AccessRequest {
            form: pattern.kind(),
            options,
            ..AccessRequest::exact(session, action, pattern.as_str())
        }
    }

    /// What the realm decides now about this, which a session holds.
    pub(super) fn standing(&self, config: &RealmConfig, session: &RouterSession) -> Standing {
        let (action, pattern) = match self {
            Self::Subscription(entry) => (Action::Subscribe, &entry.pattern),
            Self::Registration(entry) => (Action::Register, &entry.pattern),
        };
        self.besides(config, session, config.access.standing(session.authrole(), action, pattern))
    }

    /// The same, once permissions or an authorizer have decided: a topic may require a role, and a registration that has its callers
    /// disclosed needs that to be allowed.
    pub(super) fn besides(
        &self,
        config: &RealmConfig,
        session: &RouterSession,
        standing: Standing,
    ) -> Standing {
        let Standing::Allowed(allowance) = standing else { return standing };
        let stays = match self {
            Self::Subscription(entry) => {
                config.topics.of(&entry.pattern).iter().all(|route| route.required.admits(session.authrole()))
            }
            Self::Registration(entry) => {
                let may_disclose = allowance.disclose && config.offers.disclosure != Disclosure::Refused;
                may_disclose || !entry.is_disclosed_to(session.id())
            }
        };
        if stays { standing } else { Standing::Denied }
    }

    /// Takes it away from a session that may not hold it. A client that does not know the message for that loses its session
    /// instead: it would wait for events or calls that never come.
    pub(super) fn take_away(&self, realm: &RunningRealm, session: &Arc<RouterSession>, losses: &mut Losses) {
        let (knows, what, pattern) = match self {
            Self::Subscription(entry) => (
                session.subscriber_has(Feature::SubscriptionRevocation),
                "the subscription to",
                &entry.pattern,
            ),
            Self::Registration(entry) => {
                (session.callee_has(Feature::RegistrationRevocation), "the registration of", &entry.pattern)
            }
        };
        if !session.is_open() {
            return;
        }
        if !knows {
            let text = format!("{what} {pattern} is not allowed any more");
            let end = RealmEnd { reason: uris::close::KILLED.to_owned(), text };
            losses.sessions += usize::from(realm.end_session(session, &end));
            return;
        }
        match self {
            Self::Subscription(entry) => {
                let revoked = realm.broker.revoke(realm.changes(), session, entry.id, Some(REVOKED));
                losses.subscriptions += usize::from(revoked.is_some());
            }
            Self::Registration(entry) => {
                let revoked = realm.dealer.revoke(realm.changes(), session, entry.id, Some(REVOKED));
                losses.registrations += usize::from(revoked.is_some());
            }
        }
    }
}

impl Losses {
    /// Tells the operator, if there were some.
    pub(super) fn log(self, realm: &RunningRealm) {
        let Self { sessions, subscriptions, registrations } = self;
        if sessions + subscriptions + registrations > 0 {
            line!(
                INFO,
                "session",
                "a realm has changed, and took away what its sessions may not have any more",
                realm = realm.name(),
                sessions = sessions,
                subscriptions = subscriptions,
                registrations = registrations
            );
        }
    }
}
