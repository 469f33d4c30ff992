//! What is written down of single calls that the application serves: the time of some, and the URI of those that the operator has named.

use crate::router::measures::{RealmMeasures, UriMeasures};
use crate::router::routes::ProcedureRoute;
use crate::router::session::RouterSession;
use std::sync::Arc;
use std::time::Instant;

/// What is to be written down of one call when it is answered.
#[derive(Debug, Default)]
pub(super) struct CallMeasures {
    /// When it began, if it is timed.
    began: Option<Instant>,
    uri: Option<Arc<UriMeasures>>,
}

impl CallMeasures {
    /// The call is answered.
    pub(super) fn answered(self, session: &RouterSession, with_result: bool) {
        write_down(session, self.began, self.uri.as_deref(), with_result);
    }
}

fn write_down(session: &RouterSession, began: Option<Instant>, uri: Option<&UriMeasures>, with_result: bool) {
    if let Some(uri) = uri {
        uri.answered(with_result);
    }
    if let Some(began) = began {
        let took = session.runtime().now().saturating_duration_since(began);
        session.running_realm().context.measures.took(took, uri);
    }
}

/// The counts that a session's calls are written down in.
#[derive(Debug)]
pub(super) struct MeasuredCalls {
    /// Whether the operator has named any URI.
    uris: bool,
    /// The route of the last call, and its counts if it is one that the operator has named.
    last: Option<(Arc<str>, Option<Arc<UriMeasures>>)>,
}

impl MeasuredCalls {
    pub(super) fn new(session: &RouterSession) -> Self {
        Self { uris: session.running_realm().context.measures.measures_uris(), last: None }
    }

    /// Returns whether the operator has named any URI.
    #[inline]
    pub(super) const fn names_uris(&self) -> bool {
        self.uris
    }

    /// What is to be written down of a call that waits; `None` for most.
    pub(super) fn of(
        &mut self,
        session: &RouterSession,
        began: Option<Instant>,
        route: Option<&ProcedureRoute>,
    ) -> Option<CallMeasures> {
        let uri = self.of_route(session, route).cloned();
        (began.is_some() || uri.is_some()).then_some(CallMeasures { began, uri })
    }

    /// A call of this route is answered.
    pub(super) fn answered(
        &mut self,
        session: &RouterSession,
        began: Option<Instant>,
        route: Option<&ProcedureRoute>,
        with_result: bool,
    ) {
        let uri = self.of_route(session, route).map(|uri| &**uri);
        write_down(session, began, uri, with_result);
    }

    fn of_route(
        &mut self,
        session: &RouterSession,
        route: Option<&ProcedureRoute>,
    ) -> Option<&Arc<UriMeasures>> {
        let uri = &route.filter(|_| self.uris)?.uri;
        if !self.last.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, uri)) {
            let measures: &RealmMeasures = &session.running_realm().context.measures;
            self.last = Some((Arc::clone(uri), measures.uri(uri)));
        }
        self.last.as_ref().and_then(|(_, counts)| counts.as_ref())
    }
}
