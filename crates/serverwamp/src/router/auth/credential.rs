//! Credentials of peers that authenticate by WAMP-CRA.

use super::{Principal, Secret};
use serverwamp_proto::auth::{CraKey, Derivation};
use std::fmt;

/// The application's record of a peer that signs challenges: its secret, and its principal after authentication.
#[derive(Clone)]
pub struct CraCredential {
    pub(crate) key: CraKey,
    pub(crate) derivation: Option<Derivation>,
    pub(crate) principal: Principal,
}

impl CraCredential {
    /// A peer that signs with the secret itself.
    pub fn new(secret: Secret, principal: Principal) -> Self {
        Self { key: CraKey::from_secret(secret), derivation: None, principal }
    }

    /// A peer that signs with a key derived from its password.
    ///
    /// `key` is what [`derive_key`](crate::auth::derive_key) gave for the password; store that and not the password.
    pub fn derived(key: impl Into<String>, salting: Salting, principal: Principal) -> Self {
        Self { key: CraKey::from_derived(key), derivation: Some(salting.0), principal }
    }
}

impl fmt::Debug for CraCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CraCredential").field("principal", &self.principal).finish_non_exhaustive()
    }
}

/// The derivation of a realm's keys from passwords: PBKDF2 with HMAC-SHA256.
#[derive(Clone, Debug)]
pub struct Salting(pub(crate) Derivation);

impl Salting {
    /// A user's salt, and how much work a guess at the password costs.
    ///
    /// 100 000 iterations and 32 bytes are a good choice for new users; the defaults of old clients are 1000 and 32.
    pub fn new(salt: impl Into<String>, iterations: u32, keylen: u32) -> Self {
        Self(Derivation { salt: salt.into(), keylen, iterations })
    }
}
