//! The errors of users: the faults of a set-up, and the answers of a handler in place of a result.

mod config;
mod wamp;

pub use self::config::ConfigError;
pub(crate) use self::config::Problem;
pub(crate) use self::wamp::to_value;
pub use self::wamp::{Unanswered, WampError};
