//! The rules of a dealer: who of several callees gets a call, and which invocations a callee has to answer.
//!
//! Nothing here locks, sends or looks at a clock; random bits are an argument.

mod callees;
mod invocations;

pub use callees::{AlreadyExists, Callees};
pub use invocations::Invocations;
