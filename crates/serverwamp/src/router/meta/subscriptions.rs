//! The meta API of subscriptions: lists, subscribers, and revocation by administrators.
//!
//! Subscriptions of the meta API's own topics are not there for anybody who asks here (checklist META-11).
//! Spec: advanced, "Subscription Meta API".

use super::arguments::{self, Arguments, Expected, Page};
use super::events::SubscriptionDetails;
use super::listing::Listed;
use super::{MetaApi, one};
use crate::WampError;
use crate::base::log::line;
use crate::router::broker::SubscriptionEntry;
use crate::router::session::RouterSession;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::SubscriptionId;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::{uri, uris};
use std::sync::Arc;

const SUBSCRIPTION: Expected<SubscriptionId> = arguments::id("the id of a subscription");

impl MetaApi<'_> {
    /// Looks a pattern up as it was subscribed to, and evaluates none (checklist MSUB-07).
    pub(super) fn lookup_subscription(self, arguments: &Arguments<'_>) -> Result<Option<u64>, WampError> {
        let topic = arguments.required(0, "topic", &arguments::TEXT)?;
        let kind = arguments.optional(1, "options", &arguments::MATCH_OPTIONS)?.unwrap_or_default();
        Ok(self.realm.broker.lookup(kind, &topic).filter(is_shown).map(|entry| entry.id.get()))
    }

    /// The subscriptions that an event would reach; null and not an empty list when there is none (checklist MSUB-08).
    pub(super) fn match_subscriptions(
        self,
        arguments: &Arguments<'_>,
        page: Page,
    ) -> Result<Option<Listed>, WampError> {
        let topic = arguments.required(0, "topic", &arguments::TEXT)?;
        let mut entries = self.realm.broker.matching(&topic);
        entries.retain(is_shown);
        if entries.is_empty() {
            return Ok(None);
        }
        Ok(Some(Listed::ids(entries.iter().map(|entry| entry.id.get()), page, false)))
    }

    pub(super) fn get_subscription(
        self,
        arguments: &Arguments<'_>,
        serializer: Serializer,
    ) -> Result<Payload, WampError> {
        let entry = self.subscription_named(arguments)?;
        one(serializer, SubscriptionDetails::of(&entry))
    }

    /// In the order of their ids; the application, however often it is subscribed, is there once.
    pub(super) fn list_subscribers(self, arguments: &Arguments<'_>, page: Page) -> Result<Listed, WampError> {
        let entry = self.subscription_named(arguments)?;
        let members = entry.members();
        let own = (!members.local.is_empty()).then(|| self.realm.context.own_session.get());
        Ok(Listed::ids(members.sessions.iter().map(|(id, _)| id.get()).chain(own), page, true))
    }

    pub(super) fn count_subscribers(self, arguments: &Arguments<'_>) -> Result<usize, WampError> {
        let entry = self.subscription_named(arguments)?;
        let members = entry.members();
        Ok(members.sessions.len() + usize::from(!members.local.is_empty()))
    }

    /// Takes a subscription away from one of its subscribers (checklist MSUB-12, SREV-01).
    pub(super) fn remove_subscriber(
        self,
        caller: &RouterSession,
        arguments: &Arguments<'_>,
    ) -> Result<(), WampError> {
        let entry = self.subscription_named(arguments)?;
        let subscriber = self.session_named(arguments, 1)?;
        let reason = arguments.keyword("reason", &arguments::TEXT)?;
        self.realm
            .broker
            .revoke(self.realm.changes(), &subscriber, entry.id, reason.as_deref())
            .ok_or_else(|| no_such_subscription(entry.id))?;
        line!(
            INFO,
            "session",
            "a subscription was revoked",
            realm = self.realm.name(),
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
        self,
        arguments: &Arguments<'_>,
    ) -> Result<Arc<SubscriptionEntry>, WampError> {
        let id = arguments.required(0, "subscription", &SUBSCRIPTION)?;
        let entry = self.realm.changes().subscriptions.get(id).cloned().filter(is_shown);
        entry.ok_or_else(|| no_such_subscription(id))
    }
}

/// Returns whether the subscription is hidden from the meta API.
fn is_shown(entry: &Arc<SubscriptionEntry>) -> bool {
    !uri::is_reserved(entry.pattern.as_str())
}

fn no_such_subscription(id: SubscriptionId) -> WampError {
    WampError::new(uris::error::NO_SUCH_SUBSCRIPTION).arg(format!("no such subscription: {id}"))
}
