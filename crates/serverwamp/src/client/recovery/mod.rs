//! What a subscription has missed: read from the router's history, from the last event that is known.
//!
//! In go the position of a subscriber and a source of pages, out come the events that it has missed, or the reason why nobody knows
//! them. `page.rs` asks for a page and reads it, `read.rs` reads as many as it takes and decides, `session_pages.rs` gets them in a
//! session, for a subscription that has begun or was renewed there.
//!
//! Invariants: what is said to be recovered is all that the history has behind the position, each event once, in its order. Whatever a
//! router answers, the pages and the memory they take are bounded.

mod page;
mod read;
mod session_pages;
#[cfg(test)]
mod tests;

pub(super) use session_pages::{begin_recovering, go_on_recovering};
