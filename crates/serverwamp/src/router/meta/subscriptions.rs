//! What is subscribed to in the realm and by whom, and how administrators take a subscription away.
//!
//! Subscriptions of the meta API's own topics are not there for anybody who asks here (checklist META-11).
//! Spec: advanced, "Subscription Meta API".

use super::arguments::{self, Arguments, Expected};
use super::events::SubscriptionDetails;
use super::{IdsByMatch, one};
use crate::base::log::line;
use crate::router::broker::SubscriptionEntry;
use crate::router::payload::Encoded;
use crate::router::realm::RunningRealm;
use crate::{Session, WampError};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::SubscriptionId;
use serverwamp_proto::{uri, uris};
use std::sync::Arc;

const SUBSCRIPTION: Expected<SubscriptionId> = arguments::id("the id of a subscription");

impl RunningRealm {
    pub(super) fn list_subscriptions(&self, _: &Arguments) -> IdsByMatch {
        let entries: Vec<_> = self.changes().subscriptions.iter().cloned().collect();
        let shown = entries.iter().filter(|entry| is_shown(entry));
        IdsByMatch::of(shown.map(|entry| (entry.pattern.kind(), entry.id.get())))
    }

    /// Looks a pattern up as it was subscribed to, and evaluates none (checklist MSUB-07).
    pub(super) fn lookup_subscription(&self, arguments: &Arguments) -> Result<Option<u64>, WampError> {
        let topic = arguments.required(0, "topic", &arguments::TEXT)?;
        let kind = arguments.optional(1, "options", &arguments::MATCH_OPTIONS)?.unwrap_or_default();
        Ok(self.broker.lookup(kind, &topic).filter(is_shown).map(|entry| entry.id.get()))
    }

    /// The subscriptions that an event would reach; null and not an empty list when there is none (checklist MSUB-08).
    pub(super) fn match_subscriptions(&self, arguments: &Arguments) -> Result<Option<Vec<u64>>, WampError> {
        let topic = arguments.required(0, "topic", &arguments::TEXT)?;
        let mut entries = self.broker.matching(&topic);
        entries.retain(is_shown);
        let ids: Vec<u64> = entries.iter().map(|entry| entry.id.get()).collect();
        Ok(Some(ids).filter(|ids| !ids.is_empty()))
    }

    pub(super) fn get_subscription(
        &self,
        arguments: &Arguments,
        serializer: Serializer,
    ) -> Result<Encoded, WampError> {
        let entry = self.subscription_named(arguments)?;
        one(serializer, SubscriptionDetails::of(&entry))
    }

    /// In the order of their ids; the application, however often it is subscribed, is there once.
    pub(super) fn list_subscribers(&self, arguments: &Arguments) -> Result<Vec<u64>, WampError> {
        let entry = self.subscription_named(arguments)?;
        let members = entry.members();
        let own = (!members.local.is_empty()).then(|| self.own_session.get());
        let mut ids: Vec<u64> = members.sessions.iter().map(|(id, _)| id.get()).chain(own).collect();
        drop(members);
        ids.sort_unstable();
        Ok(ids)
    }

    pub(super) fn count_subscribers(&self, arguments: &Arguments) -> Result<usize, WampError> {
        let entry = self.subscription_named(arguments)?;
        let members = entry.members();
        Ok(members.sessions.len() + usize::from(!members.local.is_empty()))
    }

    /// Takes a subscription away from one of its subscribers (checklist MSUB-12, SREV-01).
    pub(super) fn remove_subscriber(
        &self,
        caller: &Session,
        arguments: impl FnOnce() -> Result<Arguments, WampError>,
    ) -> Result<(), WampError> {
        self.check_administrator(caller)?;
        let arguments = arguments()?;
        let entry = self.subscription_named(&arguments)?;
        let subscriber = self.session_named(&arguments, 1)?;
        let reason = arguments.keyword("reason", &arguments::TEXT)?;
        self.revoke_subscription(&subscriber, entry.id, reason.as_deref())
            .ok_or_else(|| no_such_subscription(entry.id))?;
        line!(
            INFO,
            "session",
            "a subscription was revoked",
            realm = self.name(),
            topic = entry.pattern.as_str(),
            session = subscriber.id(),
            by = caller.id(),
            by_authid = caller.authid()
        );
        Ok(())
    }

    /// The subscription whose id the first argument is.
    ///
    /// # Errors
    /// When it is no id, or there is no such subscription.
    pub(super) fn subscription_named(
        &self,
        arguments: &Arguments,
    ) -> Result<Arc<SubscriptionEntry>, WampError> {
        let id = arguments.required(0, "subscription", &SUBSCRIPTION)?;
        let entry = self.changes().subscriptions.get(id).cloned().filter(is_shown);
        entry.ok_or_else(|| no_such_subscription(id))
    }
}

/// Is the subscription one of the realm's own business, and not of the meta API's?
fn is_shown(entry: &Arc<SubscriptionEntry>) -> bool {
    !uri::is_reserved(entry.pattern.as_str())
}

fn no_such_subscription(id: SubscriptionId) -> WampError {
    WampError::new(uris::error::NO_SUCH_SUBSCRIPTION).arg(format!("no such subscription: {id}"))
}
