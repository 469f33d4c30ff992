//! What an application counts, and how it is asked.

use super::{Application, ApplicationBuilder};
use crate::base::error::Problem;
use crate::base::statistics::Statistics;
use crate::peering::Compiled;
use crate::router::measures::{self, MeasuresBook, Metrics, RealmStatistics};
use serverwamp_proto::uri::UriRules;
use std::panic::Location;
use std::sync::Arc;

impl Application {
    /// The counters of accepted and refused input.
    pub fn statistics(&self) -> Statistics {
        let environment = self.inner();
        let (open, waiting) = (environment.admissions.now(), environment.permits.taken());
        let mut statistics = environment.counters.snapshot(open, waiting);
        let pool = environment.run_queue.pool();
        (statistics.borrowed_bytes, statistics.borrowed_bytes_most) = (pool.lent(), pool.most());
        statistics
    }

    /// What was counted for each realm, in the order of their names.
    ///
    /// Connections are asked for what they have counted, a few at a time; `docs/performance.md` says how long that takes. A program
    /// with many sessions or realms calls this where a thread may be busy for a while, such as in `spawn_blocking` of tokio.
    pub fn statistics_by_realm(&self) -> Vec<RealmStatistics> {
        measures::read_all(&self.inner().realms)
    }
}

impl<S> ApplicationBuilder<S> {
    /// Changes what is counted on its own; see [`Metrics`].
    pub fn metrics(mut self, change: impl FnOnce(&mut Metrics)) -> Self {
        change(&mut self.metrics);
        self
    }
}

/// The counters of an application that counts this.
pub(super) fn book(
    metrics: &Metrics,
    place: &'static Location<'static>,
    problems: &mut Vec<Problem>,
) -> Arc<MeasuresBook> {
    let mut uris = Vec::with_capacity(metrics.uris.len());
    for pattern in &metrics.uris {
        let problem = match pattern.compile(&UriRules::loose()) {
            Ok(Compiled::Uri(pattern)) => {
                uris.push(pattern);
                continue;
            }
            Ok(Compiled::Regex(_)) => "regular expressions are not possible there".to_owned(),
            Err(problem) => problem,
        };
        problems.push(Problem::new(place, format!("in the `uris` of `metrics`: {problem}")));
    }
    Arc::new(MeasuresBook::new(uris, metrics.most_uris, metrics.most_realms))
}
