//! Route sets: which handler serves which procedure, and which topic.

#[cfg(feature = "server")]
mod required;
#[cfg(feature = "client")]
mod served_by_client;
#[cfg(feature = "server")]
mod tables;
#[cfg(feature = "server")]
mod topics;
#[cfg(not(feature = "server"))]
mod without_realm;

#[cfg(feature = "server")]
pub use crate::peering::regex;
pub use crate::peering::{RoutePattern, prefix, wildcard};
#[cfg(feature = "client")]
pub(crate) use served_by_client::ClientProcedure;

use crate::api::handler::{ProcedureHandler, SharedState, Unbound};
use crate::api::layer::layered;
use crate::base::error::Problem;
use crate::peering::{CallLayer, ProcedureService, Served, Takes};
#[cfg(feature = "server")]
use required::Required;
use std::fmt;
use std::panic::Location;
#[cfg(feature = "server")]
use topics::TopicEntries;
use tower_layer::Layer;
#[cfg(not(feature = "server"))]
use without_realm::{Required, TopicEntries};

/// Routes that still miss a state of type `S`.
///
/// ```
/// use serverwamp::extract::Args;
/// use serverwamp::{RouteSet, prefix, wildcard};
/// # async fn add(Args((a, b)): Args<(i64, i64)>) -> i64 { a + b }
/// # async fn raw() {}
/// # async fn revisions() {}
/// # async fn changes() {}
///
/// let routes: RouteSet = RouteSet::new()
///     .procedure("math.add", add)
///     .procedure(prefix("docs.raw."), raw)
///     .procedure(wildcard("docs..revisions"), revisions)
///     .topic("docs.changes", changes);
/// ```
///
/// Of several routes that match a call the exact one is taken, then the longest prefix, then the most literal
/// wildcard, then the first regular expression. Mistakes in a route (an invalid URI, a route that stands there twice)
/// are reported by [`build`](crate::ApplicationBuilder::build), all at once, with the line they come from.
#[must_use]
pub struct RouteSet<S = ()> {
    pub(crate) procedures: Vec<ProcedureEntry<S>>,
    pub(crate) topics: TopicEntries<S>,
    pub(crate) problems: Vec<Problem>,
}

pub(crate) struct ProcedureEntry<S> {
    pub(crate) pattern: RoutePattern,
    pub(crate) place: &'static Location<'static>,
    pub(crate) takes: Takes,
    /// What its handler takes that only a session in a realm of the application has.
    pub(crate) needs_session: Option<&'static str>,
    pub(crate) required: Option<Required>,
    pub(crate) serve: Serve<S>,
}

/// Gives a route its state.
type Serve<S> = Box<dyn FnOnce(&SharedState<S>) -> Served + Send>;

impl<S> ProcedureEntry<S> {
    fn with_state(self, state: &SharedState<S>) -> ProcedureEntry<()> {
        let Self { pattern, place, takes, needs_session, required, serve } = self;
        let served = serve(state);
        let serve = Box::new(move |_: &_| served);
        ProcedureEntry { pattern, place, takes, needs_session, required, serve }
    }
}

/// The fault of a pattern that stands there twice.
fn twice(kind: &str, pattern: &RoutePattern) -> String {
    format!("the {kind} {pattern:?} already has a route; each has one handler")
}

impl<S: Send + Sync + 'static> RouteSet<S> {
    /// No routes yet.
    pub fn new() -> Self {
        Self { procedures: Vec::new(), topics: TopicEntries::none(), problems: Vec::new() }
    }

    /// Serves calls of `pattern` (a URI, [`prefix`], [`wildcard`] or [`regex`](fn@regex)) with `handler`.
    #[track_caller]
    pub fn procedure<H, T>(mut self, pattern: impl Into<RoutePattern>, handler: H) -> Self
    where
        H: ProcedureHandler<T, S>,
        T: 'static,
    {
        let handler = Unbound::new(handler);
        self.procedures.push(ProcedureEntry {
            pattern: pattern.into(),
            place: Location::caller(),
            takes: Takes { input: H::takes_input(), passthru: H::takes_passthru() },
            needs_session: H::NEEDS_SESSION,
            required: None,
            serve: Box::new(move |state| Served::Handler(handler.bind(state))),
        });
        self
    }

    /// Serves calls of `pattern` with any [`tower::Service`](tower_service::Service).
    ///
    /// Its errors become ERROR messages: a [`WampError`](crate::WampError) as it is, anything else as
    /// `wamp.error.runtime_error` with an id that is also in the log.
    #[track_caller]
    pub fn procedure_service<Svc>(mut self, pattern: impl Into<RoutePattern>, service: Svc) -> Self
    where
        Svc: CallLayer,
    {
        let service = ProcedureService::new(service);
        self.procedures.push(ProcedureEntry {
            pattern: pattern.into(),
            place: Location::caller(),
            takes: Takes::default(),
            needs_session: None,
            required: None,
            serve: Box::new(move |_| Served::Service(service)),
        });
        self
    }

    /// Adds all routes of another set.
    pub fn merge(mut self, other: Self) -> Self {
        self.procedures.extend(other.procedures);
        self.topics.extend(other.topics);
        self.problems.extend(other.problems);
        self
    }

    /// Adds all routes of another set with `prefix` in front of their URIs: `"admin."` makes `"users.list"`
    /// `"admin.users.list"`.
    ///
    /// A regular expression is anchored behind the prefix.
    #[track_caller]
    pub fn nest(mut self, prefix: &str, other: Self) -> Self {
        let place = Location::caller();
        if !prefix.is_empty() && !prefix.ends_with('.') {
            self.problems.push(Problem::new(
                place,
                format!(
                    "the prefix {prefix:?} of a nested route set does not end with a dot: write \"{prefix}.\""
                ),
            ));
        }
        let mut other = other;
        for route in &mut other.procedures {
            route.pattern.nest(prefix);
        }
        other.topics.nest(prefix);
        self.merge(other)
    }

    /// Wraps every procedure that stands above this line in a [`tower::Layer`](Layer): a timeout, a concurrency limit, a
    /// trace, your own.
    ///
    /// Each route gets its own instance of the layer's service, kept for all calls. A `tower` error is translated:
    /// `Elapsed` is `wamp.error.timeout`, `Overloaded` is `wamp.error.unavailable`.
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<ProcedureService> + Clone + Send + 'static,
        L::Service: CallLayer,
    {
        let mut procedures = Vec::with_capacity(self.procedures.len());
        for route in self.procedures {
            let layer = layer.clone();
            let inner = route.serve;
            let serve: Serve<S> = Box::new(move |state| layered(&layer, inner(state)));
            procedures.push(ProcedureEntry { serve, ..route });
        }
        Self { procedures, ..self }
    }
}

impl<S: Send + Sync + 'static> RouteSet<S> {
    /// The same routes, which have their state.
    pub(crate) fn with_state(self, state: &SharedState<S>) -> RouteSet<()> {
        RouteSet {
            procedures: self.procedures.into_iter().map(|route| route.with_state(state)).collect(),
            topics: self.topics.with_state(state),
            problems: self.problems,
        }
    }
}

impl<S: Send + Sync + 'static> Default for RouteSet<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> fmt::Debug for RouteSet<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteSet")
            .field("procedures", &self.procedures.iter().map(|route| &route.pattern).collect::<Vec<_>>())
            .field("topics", &self.topics.patterns().map(|(pattern, _)| pattern).collect::<Vec<_>>())
            .finish()
    }
}
