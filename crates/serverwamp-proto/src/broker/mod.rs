//! The rules of a broker: who is in a subscription, who receives a publication, what is remembered of past ones.
//!
//! Nothing here locks, sends or looks at a clock. Which subscriptions a topic reaches is decided by
//! [`PatternMap`](crate::pattern::PatternMap). Spec: basic, "Publish and Subscribe"; advanced, the chapters from
//! "Subscriber Black- and Whitelisting" to "Testaments".

mod full;
mod history;
mod members;
mod receivers;
mod retained;
mod testaments;

pub use full::Full;
pub use history::{History, HistoryEntry, HistoryQuery};
pub use members::Members;
pub use receivers::ReceiverFilter;
pub use retained::{RetainedEvents, RetainedLimits, RetainedTopic};
pub use testaments::{Scope, Testaments};
