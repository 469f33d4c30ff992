//! The settings of long-polling, with the reason for each default.

use std::time::Duration;

use crate::transport::Settings;

/// Settings of HTTP long-polling.
///
/// ```
/// # use std::time::Duration;
/// let builder = serverwamp::Application::builder::<()>().long_poll(|config| config.idle_timeout = Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LongPollConfig {
    /// Longest request body in bytes: one message, or a batch of them. 1 MiB, as for the other transports. A longer one is
    /// answered with 413; of a batch the messages are taken that are no longer
    /// ([`Limits::discarded_bytes`](crate::Limits::discarded_bytes)).
    pub max_message: usize,
    /// The time that a transport may be without a request before its session is over: 30 seconds, as other routers have it. A
    /// `receive` that waits for a message is a request all the time.
    pub idle_timeout: Duration,
    /// The time that a `receive` waits for a message before it is answered empty, and the client asks again: 10 seconds, as
    /// Crossbar.io has it. autobahn-js gives up after 12, and proxies after 60 unless told otherwise (nginx, HAProxy's
    /// examples). `Duration::MAX` waits as long as the session lasts.
    pub receive_timeout: Duration,
}

impl LongPollConfig {
    /// The settings of the connection. Unread output is usual between two polls.
    pub(crate) const fn settings(&self) -> Settings {
        Settings {
            max_message: self.max_message,
            ping_interval: Duration::MAX,
            ping_timeout: Duration::MAX,
            write_timeout: self.idle_timeout,
            close_timeout: Duration::ZERO,
        }
    }
}

impl Default for LongPollConfig {
    fn default() -> Self {
        Self {
            max_message: 1024 * 1024,
            idle_timeout: Duration::from_secs(30),
            receive_timeout: Duration::from_secs(10),
        }
    }
}
