//! Carries what the nodes of a serverwamp cluster say to each other, on NATS.
//!
//! [`Nats::connect`] is given [`Settings`] and checks what it finds: a server that is too old or has no JetStream stops the start. What
//! it gives is the carrier of a node, [`serverwamp::cluster::Cluster`]: it carries bytes and decides nothing. `docs/cluster.md` has the
//! subjects, the bucket, and the permissions that a node needs.
//!
//! Rooms: `settings` is what an operator says; `connection` makes a connection and watches it; `carrier` sends and receives; `queue` is
//! what waits to be sent; `echo` finds out what the server has taken; `store` is the bucket.
//!
//! Invariant: **what async-nats drops is told.** It drops a message when the channel of its subscription is full, and says so by an event;
//! it keeps what is sent without a connection, and sends it late. Here the first is a lost link, counted, and the second is refused.

mod carrier;
mod connection;
mod counts;
mod echo;
mod queue;
mod settings;
mod store;

pub use carrier::Nats;
pub use connection::StartError;
pub use counts::CarrierCounts;
pub use settings::{Credentials, Settings, Tls};
