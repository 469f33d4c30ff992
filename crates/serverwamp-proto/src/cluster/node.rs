//! Nodes and their lives.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

/// The longest name: it is part of every subject.
const LONGEST: usize = 32;

/// The name of a node or a cluster, which can stand in a subject and in a key: 1 to 32 of `A-Z a-z 0-9 _ -`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeName(Arc<str>);

/// A text that is no name of a node.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected 1 to {LONGEST} of A-Z a-z 0-9 _ - as the name of a node or cluster, got {0:?}")]
pub struct InvalidName(String);

impl NodeName {
    /// The name that stands there.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(name: &str) -> Result<Self, InvalidName> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let fits = (1..=LONGEST).contains(&name.len()) && name.bytes().all(is_plain);
        if fits { Ok(Self(name.into())) } else { Err(InvalidName(name.into())) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One run of a node, from its start to its end or to the end of its lease.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Life(NonZeroU64);

impl Life {
    /// The life of this number; 0 is none.
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// A life that these random bits select.
    pub fn random(bits: u64) -> Self {
        Self(NonZeroU64::new(bits).unwrap_or(NonZeroU64::MAX))
    }

    /// The number on the wire.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
