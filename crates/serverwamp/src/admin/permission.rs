//! What a role may do in the admin interface.

/// A permission of a role in the admin interface; each procedure and topic needs one of them.
///
/// They are apart from each other: whoever may write may not read unless that is allowed as well.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum AdminPermission {
    /// Ask about the node, its realms and their sessions. It shows who is connected from where, and no payloads.
    Read,
    /// See the payloads of calls and events.
    Payloads,
    /// Act: end sessions, revoke, purge, reload.
    Write,
}

impl AdminPermission {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Payloads, Self::Write];

    /// `"read"`, `"payloads"` or `"write"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Payloads => "payloads",
            Self::Write => "write",
        }
    }
}
