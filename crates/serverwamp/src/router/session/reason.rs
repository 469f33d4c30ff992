//! The end of a session.

use std::fmt;

/// The reason of a session's end, as its lifecycle handlers get it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer said GOODBYE, with this reason.
    Goodbye(String),
    /// The peer sent ABORT.
    Aborted,
    /// The application closed the session, with this reason.
    Closed(String),
    /// The peer broke the protocol; the text says how.
    Violation(String),
    /// The peer closed its WebSocket in good order and without a GOODBYE, as a browser does when a page is left. With the
    /// code of its Close frame, if that had one.
    TransportClosed(Option<u16>),
    /// The transport broke without a GOODBYE.
    Lost,
    /// The peer did not read what was queued for it.
    SlowConsumer,
    /// The server is shutting down.
    Shutdown,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Goodbye(reason) => write!(f, "the peer sent GOODBYE ({reason})"),
            Self::Aborted => f.write_str("the peer sent ABORT"),
            Self::Closed(reason) => write!(f, "closed by the application ({reason})"),
            Self::Violation(what) => write!(f, "the peer broke the protocol: {what}"),
            Self::TransportClosed(Some(code)) => write!(f, "the peer closed the transport with code {code}"),
            Self::TransportClosed(None) => f.write_str("the peer closed the transport"),
            Self::Lost => f.write_str("the transport was lost"),
            Self::SlowConsumer => f.write_str("the peer did not read"),
            Self::Shutdown => f.write_str("the server shut down"),
        }
    }
}
