//! Bad input: for anything it sends, or does not send, a peer gets a clear answer or is closed, in bounded time and memory,
//! and nobody else notices.
//!
//! Every test ends by requiring that another session, joined before the abuse, is served quickly, that a new one can
//! join, and that the process is the one that was started: [`Scene::unharmed`](serverwamp_conformance::harness::Scene::unharmed).

mod carriers;
mod connections;
mod descriptors;
mod floods;
mod frames;
mod handshakes;
mod long_poll;
mod resets;
mod sizes;
mod stalls;
mod types;
