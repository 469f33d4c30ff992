//! What proofs of passwords and keys have in common: random bytes, and their channel.

/// Whether an authentication has to be bound to the TLS connection that carries it, so that a peer in the middle cannot pass it
/// on (`tls-exporter`, RFC 9266).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ChannelBinding {
    /// Clients that ask for it get it. The default, because browsers and most WAMP clients cannot have it.
    #[default]
    Optional,
    /// Clients without it are refused: over anything but TLS of a [`Server`](crate::Server), over long-polling, with TLS 1.2
    /// without an extended master secret, and behind a proxy that terminates TLS.
    Required,
}

/// Bytes that were never used before.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes
}
