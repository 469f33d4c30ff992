//! Several nodes that serve the same realms, without I/O: the wire format between them, links that notice every loss, and which
//! node wants which events.
//!
//! [`Mesh`] is one node's view of its cluster. Whoever drives it hands in what arrives, what changes here and what time it is,
//! and carries the batches away that come out. Nothing here locks, sends or looks at a clock.

mod announcement;
mod batch;
mod call;
mod claim;
mod event;
mod fields;
mod interest;
mod interest_item;
mod lease;
mod link;
mod membership;
mod mesh;
mod mesh_calls;
mod node;
mod notices;
mod offers;
mod peer;
#[cfg(test)]
mod tests;

pub use batch::{MalformedBatch, VERSION};
pub use call::{CallItem, CrossingAnswer, CrossingCall};
pub use claim::{ClaimDecision, ClaimHolder, OwnershipClaim, Revision, Tokens};
pub use event::{EventPublisher, RoutedEvent};
pub use interest::NodeIndex;
pub use lease::{Lease, Moment};
pub use mesh::Mesh;
pub use mesh_calls::OfferedElsewhere;
pub use node::{InvalidName, Life, NodeName};
pub use notices::{MeshCounts, Noticed, Outbound};
pub use offers::RegistrationOffer;
