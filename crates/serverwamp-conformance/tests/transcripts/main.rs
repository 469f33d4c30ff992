//! What clients say to each other through the router, chapter by chapter of the specification.
//!
//! A test is a transcript, see [`serverwamp_conformance::transcript`], and carries the id of its rule in the
//! checklist in its name. It is played in all serializers, each time at a router of its own; [`router`] has the realms.

mod black_and_whitelisting;
mod event_history;
mod event_history_long;
mod event_retention;
mod identifiers;
mod pattern_based_subscription;
mod publish_subscribe;
mod publisher_exclusion;
mod publisher_identification;
mod publishing;
mod rig;
mod router;
mod sharded_subscription;
mod subscription_revocation;
mod trust_levels;
