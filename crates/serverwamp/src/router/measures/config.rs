//! What is counted on its own, and the limits of that.

use crate::peering::RoutePattern;

/// What [`Application::statistics_by_realm`](crate::Application::statistics_by_realm) tells apart.
///
/// ```
/// use serverwamp::{Application, Realm, prefix};
///
/// let app = Application::builder()
///     .metrics(|metrics| metrics.uris = vec![prefix("shop.")])
///     .realm(Realm::new("realm1").allow_anonymous("guest"))
///     .build()?;
/// # Ok::<(), serverwamp::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Metrics {
    /// The procedures and topics whose calls and events are counted for each URI. Default: none, because each URI is a further
    /// time series wherever the counts are kept.
    ///
    /// A URI here is what was registered or subscribed to, and not what was called or published to, which anybody may make up:
    /// calls that a registration by prefix serves count for that prefix. Exact patterns, prefixes and wildcards are possible,
    /// regular expressions are not.
    pub uris: Vec<RoutePattern>,
    /// So many URIs of each realm have counts of their own, in the order in which they came; all further ones have one in common.
    /// Default 100: with 20 time series each, and 100 realms, that is as much as a small Prometheus takes.
    pub most_uris: usize,
    /// So many realms have counts of their own, in the order in which they came; all further ones have one in common. Default 100.
    pub most_realms: usize,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { uris: Vec::new(), most_uris: 100, most_realms: 100 }
    }
}
