//! The rules of a broker: the members of a subscription, the receivers of a publication, the memory of past ones.
//!
//! Nothing here locks, sends or looks at a clock. Which subscriptions a topic reaches is decided by
//! [`PatternMap`](crate::pattern::PatternMap). Spec: basic, "Publish and Subscribe"; advanced, the chapters from
//! "Subscriber Black- and Whitelisting" to "Testaments".

mod history;
mod members;
mod receivers;
mod retained;
mod testaments;

pub use history::{History, HistoryBeginning, HistoryCursor, HistoryEntry, HistoryQuery};
pub use members::Members;
pub use receivers::{KeptReceivers, ReceiverFilter};
pub use retained::{
    Advance, Beyond, RetainedCursor, RetainedEvents, RetainedLimits, RetainedRemoval, Retention, Share,
};
pub use testaments::{Scope, Testaments};
