//! The topics of a route set, which a realm of the application serves.

use super::required::Required;
use super::{RoutePattern, RouteSet};
use crate::api::handler::{SharedState, TopicHandler, Unbound};
use crate::router::request::SubscriptionRequest;
use std::panic::Location;

/// The topics of a route set.
pub(crate) struct TopicEntries<S>(pub(crate) Vec<TopicEntry<S>>);

pub(crate) struct TopicEntry<S> {
    pub(crate) pattern: RoutePattern,
    pub(crate) place: &'static Location<'static>,
    pub(crate) required: Option<Required>,
    /// `None` opens the topic.
    pub(crate) handler: Option<Unbound<SubscriptionRequest, S>>,
}

impl<S: Send + Sync + 'static> RouteSet<S> {
    /// Runs `handler` for every subscription to `pattern` (a URI, [`prefix`](crate::prefix) or [`wildcard`](crate::wildcard)).
    ///
    /// A topic that needs none is [opened](Self::open_topic) without. Who publishes to it is decided by the realm: the
    /// application alone, unless [`allow_publish`](crate::Realm::allow_publish) lets clients do so.
    #[track_caller]
    pub fn topic<H, T>(mut self, pattern: impl Into<RoutePattern>, handler: H) -> Self
    where
        H: TopicHandler<T, S>,
        T: 'static,
    {
        self.topics.0.push(TopicEntry {
            pattern: pattern.into(),
            place: Location::caller(),
            required: None,
            handler: Some(Unbound::new(handler)),
        });
        self
    }

    /// Opens a topic, or all that match a pattern, without a handler: whoever is in the realm may subscribe.
    ///
    /// In a realm made by [`Realm::new`](crate::Realm::new) a topic that no route names is closed, and a SUBSCRIBE to it is
    /// refused with `wamp.error.invalid_uri`.
    ///
    /// ```
    /// use serverwamp::{RouteSet, prefix};
    ///
    /// let routes: RouteSet = RouteSet::new().open_topic("docs.changes").open_topic(prefix("docs.read."));
    /// ```
    #[track_caller]
    pub fn open_topic(mut self, pattern: impl Into<RoutePattern>) -> Self {
        let place = Location::caller();
        self.topics.0.push(TopicEntry { pattern: pattern.into(), place, required: None, handler: None });
        self
    }
}

impl<S: Send + Sync + 'static> TopicEntries<S> {
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn nest(&mut self, prefix: &str) {
        for route in &mut self.0 {
            route.pattern.nest(prefix);
        }
    }

    pub(super) fn with_state(self, state: &SharedState<S>) -> TopicEntries<()> {
        TopicEntries(self.0.into_iter().map(|route| route.with_state(state)).collect())
    }
}

impl<S> TopicEntries<S> {
    /// The pattern of each, and its line.
    pub(super) fn patterns(&self) -> impl Iterator<Item = (&RoutePattern, &'static Location<'static>)> {
        self.0.iter().map(|route| (&route.pattern, route.place))
    }
}

impl<S: Send + Sync + 'static> TopicEntry<S> {
    fn with_state(self, state: &SharedState<S>) -> TopicEntry<()> {
        let Self { pattern, place, required, handler } = self;
        let handler = handler.map(|handler| handler.with_state(state));
        TopicEntry { pattern, place, required, handler }
    }
}
