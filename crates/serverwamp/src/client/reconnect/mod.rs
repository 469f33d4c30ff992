//! A client that comes back: one session after the other, and what goes on from each to the next.
//!
//! `keeper.rs` is the task that notices the end of a session and makes the next one, by the rules of `policy.rs` and in the times of
//! `back_off.rs`. `link.rs` has the present session, and the line of requests that wait for the next one. `standing.rs` has the
//! registrations and subscriptions that are made again, which `restore.rs` does, and `taken.rs` once more for procedures that somebody
//! else has; `missed.rs` says what a subscription has missed.
//!
//! Invariants: a request is sent in one session at most, and ends with one answer or one error that says whether it was sent. The
//! keeper holds no client, so that a client that nobody holds ends, and the keeper with it.

mod back_off;
mod keeper;
mod link;
mod missed;
mod policy;
mod restore;
mod standing;
mod state;
mod taken;
mod waiting;

pub(super) use keeper::{first_session, keep};
pub(super) use link::{Link, PlacedRequest, Submitted, Waits};
pub use policy::Reconnect;
pub(super) use standing::StandingParts;
pub use state::{ConnectionState, ConnectionStates, Interruption};
pub(super) use waiting::QueuedRequest;
