//! The parts of a dealer that route calls: the callees of a registration, and the invocations that a callee has yet to answer.
//!
//! They are plain tables. A driver keeps one [`Callees`] for each registration and one [`Invocations`] for each callee
//! session, and decides itself what stands behind which lock. [`FairShare`] is the rule by which several holders share a
//! limited number of places. Spec: basic, "Remote Procedure Calls"; advanced, "Shared Registration" and "Call Rerouting".

mod callees;
mod invocations;
mod shares;
mod tried;

pub use callees::{AlreadyExists, Callees};
pub use invocations::{Called, Invocations};
pub use shares::{FairShare, NoPlace, WANT, Wants};
pub use tried::Tried;
