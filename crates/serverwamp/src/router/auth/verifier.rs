//! Credentials of peers that authenticate by WAMP-SCRAM.

use super::Principal;
use serverwamp_proto::auth::scram::ScramVerifier;
use std::fmt;

/// The application's record of a peer that proves a password: the password's verifier, and its principal after
/// authentication.
#[derive(Clone)]
pub struct ScramCredential {
    pub(crate) verifier: ScramVerifier,
    pub(crate) principal: Principal,
}

impl ScramCredential {
    /// A peer that knows the password of this verifier.
    pub const fn new(verifier: ScramVerifier, principal: Principal) -> Self {
        Self { verifier, principal }
    }

    /// What is held until ABORT: the same whether the peer is a user or `nobody`, because keys are overwritten when they are
    /// dropped, which takes as long as there are keys. The rest is dropped here, before CHALLENGE.
    pub(crate) fn or_nobody(known: Option<Self>, nobody: Self) -> Self {
        match known {
            Some(Self { verifier, principal }) => Self::new(verifier.or_keys_of(nobody.verifier), principal),
            None => nobody,
        }
    }
}

impl fmt::Debug for ScramCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramCredential").field("principal", &self.principal).finish_non_exhaustive()
    }
}
