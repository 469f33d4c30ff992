//! What of a route set a client can serve: its procedures by URI, prefix or wildcard, whose handlers need no session.

use super::{RouteSet, SharedState, twice};
use crate::base::error::Problem;
use crate::peering::{Compiled, RoutePattern, Served, Takes};
use serverwamp_proto::pattern::UriPattern;
use serverwamp_proto::uri::UriRules;
use std::panic::Location;

/// A procedure that a client serves.
pub(crate) struct ClientProcedure {
    pub(crate) pattern: RoutePattern,
    pub(crate) place: &'static Location<'static>,
    pub(crate) served: Served,
    pub(crate) takes: Takes,
}

impl<S: Send + Sync + 'static> RouteSet<S> {
    /// The procedures, with their state, for a client to register.
    ///
    /// # Errors
    /// Everything that a client cannot serve, each with its line.
    pub(crate) fn for_client(self, state: &SharedState<S>) -> Result<Vec<ClientProcedure>, Vec<Problem>> {
        let RouteSet { procedures, topics, mut problems } = self.with_state(state);
        let mut patterns: Vec<UriPattern> = Vec::new();
        let mut served = Vec::with_capacity(procedures.len());
        for route in procedures {
            let mut problem = |text| problems.push(Problem::new(route.place, text));
            let pattern = &route.pattern;
            match pattern.compile(&UriRules::loose()) {
                Err(text) => problem(text),
                Ok(Compiled::Regex(_)) => problem(format!(
                    "a client cannot serve {pattern:?}: routers know URIs, prefixes and wildcards, not regular expressions"
                )),
                Ok(Compiled::Uri(compiled)) if patterns.contains(&compiled) => {
                    problem(twice("procedure", pattern));
                }
                Ok(Compiled::Uri(compiled)) => patterns.push(compiled),
            }
            if let Some(argument) = route.needs_session {
                problem(format!(
                    "a client cannot serve {pattern:?}: its handler takes `{argument}`, which belongs to a session of the router; \
                     take `Caller`, or `Option<{argument}>`"
                ));
            }
            if route.required.is_some() {
                problem(format!(
                    "a client cannot serve {pattern:?} for some roles alone: the router decides who may call it"
                ));
            }
            served.push(ClientProcedure {
                served: (route.serve)(SharedState::none()),
                pattern: route.pattern,
                place: route.place,
                takes: route.takes,
            });
        }
        for (pattern, place) in topics.patterns() {
            problems.push(Problem::new(
                place,
                format!(
                    "a client cannot serve the topic {pattern:?}: the router decides who may subscribe to it"
                ),
            ));
        }
        if problems.is_empty() { Ok(served) } else { Err(problems) }
    }
}
