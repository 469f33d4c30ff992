//! Streams in memory, between a connection and whoever carries its messages otherwise: a peer of the same process, or requests over
//! HTTP.

mod messages;
mod pipe;

pub(crate) use self::messages::{MessageReceiver, MessageSender, messages};
pub use self::pipe::{Pipe, pipe};

/// Bytes that wait between a peer in memory and its connection, in each direction; what is beyond waits in the
/// connection's own queue, where it is limited.
pub(crate) const CAPACITY: usize = 64 * 1024;

/// Why a message could not be sent or received.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The application has ended the connection, or its runtime has stopped.
    #[error("the connection is over")]
    Closed,
    /// The message cannot be sent: it is empty, or longer than the connection takes.
    #[error("a message has 1 to {longest} bytes")]
    Length {
        /// The longest message the connection takes.
        longest: usize,
    },
}
