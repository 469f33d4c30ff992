//! Route tables: built once, never changed, read by every connection without a lock.

mod pattern;
mod required;
mod served;

pub(crate) use self::pattern::{Compiled, PatternShape};
pub use self::pattern::{RoutePattern, prefix, regex, wildcard};
pub(crate) use self::required::RequiredRoles;
pub use self::served::{BoxError, CallLayer, ProcedureService};
pub(crate) use self::served::{ErasedHandler, Served};

use crate::router::request::{Matched, SubscriptionRequest};
use regex::Regex;
use serverwamp_proto::pattern::{Match, PatternMap, UriPattern};
use std::fmt;
use std::sync::Arc;

/// A realm's procedures and topics.
#[derive(Default)]
pub(crate) struct RouteTable {
    procedures: PatternMap<Arc<ProcedureRoute>>,
    /// The patterns in `procedures`, in the order they were added.
    patterns: Vec<UriPattern>,
    expressions: Vec<Arc<ProcedureRoute>>,
    topics: Vec<TopicRoute>,
    /// The index of each topic route in `topics`.
    topic_index: PatternMap<usize>,
    /// The same for those that have a handler.
    handled_index: PatternMap<usize>,
}

/// One route to a procedure.
pub(crate) struct ProcedureRoute {
    /// The URI of an exact route; of others the pattern, for the log.
    pub(crate) uri: Arc<str>,
    pub(crate) matched: Matched,
    pub(crate) served: Served,
    /// Its calls may bring more than one input.
    pub(crate) takes_input: bool,
    /// Who may call it.
    pub(crate) required: RequiredRoles,
}

/// One topic that is known, with its handler if it has one.
#[derive(Clone)]
pub(crate) struct TopicRoute {
    pub(crate) pattern: Arc<UriPattern>,
    /// `None` where the topic is open.
    pub(crate) handler: Option<Arc<dyn ErasedHandler<SubscriptionRequest>>>,
    /// Who may subscribe to it.
    pub(crate) required: RequiredRoles,
}

impl RouteTable {
    /// Adds a procedure. Returns whether its pattern was free.
    pub(crate) fn insert_procedure(
        &mut self,
        pattern: Compiled,
        served: Served,
        takes_input: bool,
        required: RequiredRoles,
    ) -> bool {
        match pattern {
            Compiled::Uri(pattern) => {
                let uri: Arc<str> = pattern.as_str().into();
                let matched = match pattern.kind() {
                    Match::Exact => Matched::Exact,
                    _ => Matched::Pattern(Arc::new(pattern.clone())),
                };
                let entry = Arc::new(ProcedureRoute { uri, matched, served, takes_input, required });
                if self.procedures.insert(&pattern, entry).is_some() {
                    return false;
                }
                self.patterns.push(pattern);
            }
            Compiled::Regex(regex) => self.expressions.push(Arc::new(ProcedureRoute {
                uri: regex.as_str().into(),
                matched: Matched::Regex(Arc::new(regex)),
                served,
                takes_input,
                required,
            })),
        }
        true
    }

    /// Adds a topic, with its handler if it has one. Returns whether its pattern was free.
    pub(crate) fn insert_topic(
        &mut self,
        pattern: UriPattern,
        handler: Option<Arc<dyn ErasedHandler<SubscriptionRequest>>>,
        required: RequiredRoles,
    ) -> bool {
        if self.topic_index.insert(&pattern, self.topics.len()).is_some() {
            return false;
        }
        if handler.is_some() {
            self.handled_index.insert(&pattern, self.topics.len());
        }
        self.topics.push(TopicRoute { pattern: Arc::new(pattern), handler, required });
        true
    }

    /// The route of exactly this procedure.
    #[inline]
    pub(crate) fn exact(&self, procedure: &str) -> Option<&Arc<ProcedureRoute>> {
        self.procedures.get(Match::Exact, procedure)
    }

    /// The route that serves a call of `procedure`.
    pub(crate) fn procedure(&self, procedure: &str) -> Option<&Arc<ProcedureRoute>> {
        let best = self.procedures.best(procedure).map(|(_, route)| route);
        best.or_else(|| self.expression(procedure))
    }

    /// The route by regular expression that serves a call of `procedure` when nothing else does.
    pub(crate) fn expression(&self, procedure: &str) -> Option<&Arc<ProcedureRoute>> {
        self.expressions.iter().find(
            |route| matches!(&route.matched, Matched::Regex(regex) if Regex::is_match(regex, procedure)),
        )
    }

    /// Shows every route that is a pattern as peers know them.
    pub(crate) fn each_pattern(&self, mut visit: impl FnMut(&UriPattern, &Arc<ProcedureRoute>)) {
        for pattern in &self.patterns {
            if let Some(route) = self.procedures.get(pattern.kind(), pattern.as_str()) {
                visit(pattern, route);
            }
        }
    }

    /// The patterns of all topics that are known.
    pub(crate) fn open_topics(&self) -> impl Iterator<Item = UriPattern> {
        self.topics.iter().map(|route| UriPattern::clone(&route.pattern))
    }

    /// The topic routes that have a say in a subscription.
    ///
    /// For an exact topic these are the most specific route, and the most specific one with a handler: a broad
    /// `open_topic` takes no handler its say. A pattern can reach several topics, and each of them has one.
    pub(crate) fn topics(&self, subscription: &UriPattern) -> Vec<TopicRoute> {
        if subscription.kind() == Match::Exact {
            let best = |index: &PatternMap<usize>| index.best(subscription.as_str()).map(|(_, place)| *place);
            let (any, handled) = (best(&self.topic_index), best(&self.handled_index));
            let places = any.into_iter().chain(handled.filter(|_| handled != any));
            return places.filter_map(|place| self.topics.get(place)).cloned().collect();
        }
        self.topics.iter().filter(|route| route.pattern.overlaps(subscription)).cloned().collect()
    }
}

impl fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteTable")
            .field("expressions", &self.expressions.len())
            .field("topics", &self.topics.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ProcedureRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcedureRoute").field("uri", &self.uri).finish_non_exhaustive()
    }
}
