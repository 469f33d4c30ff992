//! What clients say to each other through the router, chapter by chapter of the specification.
//!
//! A test is a transcript, see [`serverwamp_conformance::transcript`], and carries the id of its rule in the
//! checklist in its name. It is played in all serializers, each time at a router of its own; [`router`] has the realms.

mod rig;
mod router;
