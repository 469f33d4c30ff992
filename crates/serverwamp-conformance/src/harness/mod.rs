//! The shared parts of the tests against a server process: servers, sessions, answers, and neighbours that must not notice.
//!
//! ```no_run
//! use serde_json::json;
//! use serverwamp_conformance::harness::{NONE, assert_error, call, join, server, value};
//!
//! let server = server();
//! let mut peer = join(&server, "realm1");
//! assert_eq!(value(&mut peer, "demo.add", json!([2, 3])), 5);
//! assert_error(&call(&mut peer, "com.nobody", NONE), "wamp.error.no_such_procedure", &["com.nobody"]);
//! ```
//!
//! All of it fails a test by a panic, at the line of the test that called it.

mod answers;
mod neighbour;
mod sessions;
mod violations;
mod waiting;

pub use answers::{assert_error, assert_like, call, keywords, publish, value};
pub use neighbour::{MIB, RUNTIMES, Scene, json_frame, raw_message, refused};
pub use sessions::{
    Ending, hello, join, join_with_ticket, joined, joined_in_each, roles, server, server_with,
};
pub use violations::{
    Witness, binary_message, each_violates, each_violates_at_first, list, telltale, violates,
};
pub use waiting::{entries, sessions, takes, until, until_noted, wait_for_sessions};

pub use crate::requests::shortened;

use serde_json::Value;

/// No arguments, no keyword arguments, no options.
pub const NONE: Value = Value::Null;
