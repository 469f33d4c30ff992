//! The errors of users: what is wrong with a set-up, and what a handler answers in place of a result.

mod config;
mod wamp;

pub use self::config::ConfigError;
pub(crate) use self::config::Problem;
pub use self::wamp::WampError;
pub(crate) use self::wamp::to_value;
