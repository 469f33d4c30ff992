//! What a client has achieved on its way to a session, for whoever wants to see it.

use serverwamp_proto::codec::Serializer;
use std::fmt;
use std::sync::Arc;

/// A step on the way to a session that was taken, as [`ClientBuilder::on_progress`](super::ClientBuilder::on_progress) is told of it.
///
/// What fails is the error of the builder, [`ClientError`](crate::client::ClientError).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConnectProgress {
    /// There are credentials.
    Credentials,
    /// The name was looked up, and there is a connection.
    Connected,
    /// TLS is spoken.
    Secured {
        /// Whether it can be what proofs are bound to.
        can_bind: bool,
    },
    /// Messages can be exchanged: the WebSocket, the RawSocket or the long-polling transport is open.
    Opened {
        /// The serializer that both sides speak.
        serializer: Serializer,
        /// Whether several messages may go together.
        batched: bool,
    },
}

/// Whoever wants to see it.
#[derive(Clone)]
pub(super) struct ProgressHook(Arc<dyn Fn(ConnectProgress) + Send + Sync>);

impl ProgressHook {
    pub(super) fn new(hook: impl Fn(ConnectProgress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    pub(super) fn tell(&self, progress: ConnectProgress) {
        (self.0)(progress);
    }
}

impl fmt::Debug for ProgressHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProgressHook")
    }
}
