//! Route tables: built once, never changed, read by every connection without a lock.

mod required;
mod topics;

pub(crate) use self::required::RequiredRoles;
pub(crate) use self::topics::{TopicRoute, TopicTable};

use crate::peering::{Compiled, Matched, Served, Takes};
use serverwamp_proto::pattern::{Match, PatternMap, UriPattern};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A realm's procedures.
#[derive(Default)]
pub(crate) struct RouteTable {
    procedures: PatternMap<Arc<ProcedureRoute>>,
    /// The patterns in `procedures`, in the order they were added.
    patterns: Vec<UriPattern>,
    expressions: Vec<Arc<ProcedureRoute>>,
}

/// One route to a procedure.
pub(crate) struct ProcedureRoute {
    /// The URI of an exact route; of others the pattern, for the log.
    pub(crate) uri: Arc<str>,
    pub(crate) matched: Matched,
    pub(crate) served: Served,
    /// Its calls may bring more than one input.
    pub(crate) takes: Takes,
    /// Who may call it.
    pub(crate) required: RequiredRoles,
}

impl RouteTable {
    /// Adds a procedure. Returns whether its pattern was free.
    pub(crate) fn insert_procedure(
        &mut self,
        pattern: Compiled,
        served: Served,
        takes: Takes,
        required: RequiredRoles,
    ) -> bool {
        match pattern {
            Compiled::Uri(pattern) => {
                let uri: Arc<str> = pattern.as_str().into();
                let matched = match pattern.kind() {
                    Match::Exact => Matched::Exact,
                    _ => Matched::Pattern(Arc::new(pattern.clone())),
                };
                let entry = Arc::new(ProcedureRoute { uri, matched, served, takes, required });
                if self.procedures.insert(&pattern, entry).is_some() {
                    return false;
                }
                self.patterns.push(pattern);
            }
            Compiled::Regex(regex) => self.expressions.push(Arc::new(ProcedureRoute {
                uri: regex.as_str().into(),
                matched: Matched::Regex(regex),
                served,
                takes,
                required,
            })),
        }
        true
    }

    /// The roles that procedures require.
    pub(crate) fn required_roles(&self) -> impl Iterator<Item = &Cow<'static, str>> {
        let by_pattern = self.patterns.iter();
        let routes = by_pattern.filter_map(|pattern| self.procedures.get(pattern.kind(), pattern.as_str()));
        routes.chain(&self.expressions).filter_map(|route| route.required.roles()).flatten()
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
        self.expressions
            .iter()
            .find(|route| matches!(&route.matched, Matched::Regex(regex) if regex.is_match(procedure)))
    }

    /// Shows every route that is a pattern as peers know them.
    pub(crate) fn each_pattern(&self, mut visit: impl FnMut(&UriPattern, &Arc<ProcedureRoute>)) {
        for pattern in &self.patterns {
            if let Some(route) = self.procedures.get(pattern.kind(), pattern.as_str()) {
                visit(pattern, route);
            }
        }
    }
}

impl fmt::Debug for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteTable").field("expressions", &self.expressions.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ProcedureRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcedureRoute").field("uri", &self.uri).finish_non_exhaustive()
    }
}
