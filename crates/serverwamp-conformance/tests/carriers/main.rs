//! One suite of behaviour over everything that carries sessions: each carrier, in each of its subprotocols, on each
//! runtime. The carrier of a session must not show in it.

mod calls;
mod client;
mod events;
mod matrix;
mod memory;
mod place;
mod sessions;
mod shares;
mod sizes;
mod steady;
