//! The topics of a realm that somebody named, with their handlers. A table never changes: with its configuration a realm gets
//! another one as a whole.

use super::RequiredRoles;
use crate::peering::ErasedHandler;
use crate::router::request::SubscriptionRequest;
use serverwamp_proto::pattern::{Match, PatternMap, UriPattern};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// One topic that is known, with its handler if it has one.
#[derive(Clone)]
pub(crate) struct TopicRoute {
    pub(crate) pattern: Arc<UriPattern>,
    /// `None` where the topic is open.
    pub(crate) handler: Option<Arc<dyn ErasedHandler<SubscriptionRequest>>>,
    /// Who may subscribe to it.
    pub(crate) required: RequiredRoles,
}

/// The topics of a realm.
#[derive(Default)]
pub(crate) struct TopicTable {
    topics: Vec<TopicRoute>,
    /// The index of each route in `topics`.
    index: PatternMap<usize>,
    /// The same for those that have a handler.
    handled: PatternMap<usize>,
}

impl TopicTable {
    /// Adds a topic, with its handler if it has one. Returns whether its pattern was free.
    pub(crate) fn insert(
        &mut self,
        pattern: UriPattern,
        handler: Option<Arc<dyn ErasedHandler<SubscriptionRequest>>>,
        required: RequiredRoles,
    ) -> bool {
        if self.index.insert(&pattern, self.topics.len()).is_some() {
            return false;
        }
        if handler.is_some() {
            self.handled.insert(&pattern, self.topics.len());
        }
        self.topics.push(TopicRoute { pattern: Arc::new(pattern), handler, required });
        true
    }

    /// The patterns of all topics that are known.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = UriPattern> {
        self.topics.iter().map(|route| UriPattern::clone(&route.pattern))
    }

    /// The topics with a handler alone.
    pub(crate) fn with_handlers(&self) -> Self {
        let mut table = Self::default();
        for route in self.topics.iter().filter(|route| route.handler.is_some()) {
            table.insert(UriPattern::clone(&route.pattern), route.handler.clone(), route.required.clone());
        }
        table
    }

    /// The roles that handled topics require.
    pub(crate) fn required_roles(&self) -> impl Iterator<Item = &Cow<'static, str>> {
        let handled = self.topics.iter().filter(|route| route.handler.is_some());
        handled.filter_map(|route| route.required.roles()).flatten()
    }

    /// The topic routes that have a say in a subscription.
    ///
    /// For an exact topic these are the most specific route, and the most specific one with a handler: a broad
    /// `open_topic` takes no handler its say. A pattern can reach several topics, and each of them has one.
    pub(crate) fn of(&self, subscription: &UriPattern) -> Vec<TopicRoute> {
        if subscription.kind() == Match::Exact {
            let best = |index: &PatternMap<usize>| index.best(subscription.as_str()).map(|(_, place)| *place);
            let (any, handled) = (best(&self.index), best(&self.handled));
            let places = any.into_iter().chain(handled.filter(|_| handled != any));
            return places.filter_map(|place| self.topics.get(place)).cloned().collect();
        }
        self.topics.iter().filter(|route| route.pattern.overlaps(subscription)).cloned().collect()
    }
}

impl fmt::Debug for TopicTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicTable").field("topics", &self.topics.len()).finish_non_exhaustive()
    }
}
