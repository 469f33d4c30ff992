//! The derivation of a salted password, and what it costs.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Dialect, ScramError};

/// The key derivation function of a user, with its costs. The client computes it at every login, the server only when the
/// password is set.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum ScramKdf {
    /// PBKDF2 with HMAC-SHA-256.
    Pbkdf2 {
        /// The number of iterations; OWASP recommends 600,000 in 2026, RFC 7677 no fewer than 4096.
        iterations: u32,
    },
    /// Argon2id, version 1.3, one lane.
    Argon2id13 {
        /// The number of passes over the memory.
        iterations: u32,
        /// The memory in KiB, 8 at least.
        memory: u32,
    },
}

/// The most that a verifier may cost: ten times what is recommended.
const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;
/// As above, for Argon2. Autobahn's own tool takes 4096 passes, over 512 KiB.
const MAX_ARGON2_ITERATIONS: u32 = 10_000;
/// 1 GiB.
const MAX_ARGON2_MEMORY: u32 = 1024 * 1024;
/// KiB filled in all, which is what takes the time: some 20 seconds.
const MAX_ARGON2_WORK: u64 = 16 * 1024 * 1024;
/// How many passes over the most memory that it takes a client fills in all, at most: some 5 seconds for 256 MiB.
const MAX_PASSES_IN_ALL: u64 = 16;
/// What RFC 7677 demands at the least.
const MIN_PBKDF2_ITERATIONS: u32 = 4096;
/// KiB filled in all passes together: less than half of what OWASP recommends.
const MIN_ARGON2_WORK: u64 = 16 * 1024;
/// The shortest salt that Argon2 takes, in bytes.
const MIN_ARGON2_SALT: usize = 8;

impl Default for ScramKdf {
    /// Argon2id with 2 passes over 19 MiB: what OWASP recommends for one lane in 2026.
    fn default() -> Self {
        Self::Argon2id13 { iterations: 2, memory: 19 * 1024 }
    }
}

impl ScramKdf {
    /// Its name in CHALLENGE: `pbkdf2` or `argon2id13`, in Autobahn's dialect `argon2id-13`.
    pub const fn name(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Self::Pbkdf2 { .. }, _) => "pbkdf2",
            (Self::Argon2id13 { .. }, Dialect::Specification) => "argon2id13",
            (Self::Argon2id13 { .. }, Dialect::Autobahn) => "argon2id-13",
        }
    }

    /// The function of this name in any dialect, with its costs.
    ///
    /// # Errors
    /// [`ScramError::Cost`] if there is no such function, or if its costs are out of bounds.
    pub fn new(name: &str, iterations: u32, memory: Option<u32>) -> Result<Self, ScramError> {
        let kdf = match (name, memory) {
            ("pbkdf2", _) => Self::Pbkdf2 { iterations },
            ("argon2id13" | "argon2id-13", Some(memory)) => Self::Argon2id13 { iterations, memory },
            ("argon2id13" | "argon2id-13", None) => return Err(ScramError::Missing("memory")),
            _ => return Err(ScramError::Cost("is neither pbkdf2 nor argon2id13".to_owned())),
        };
        kdf.check()?;
        Ok(kdf)
    }

    /// The iterations, or passes.
    pub const fn iterations(self) -> u32 {
        match self {
            Self::Pbkdf2 { iterations } | Self::Argon2id13 { iterations, .. } => iterations,
        }
    }

    /// The memory in KiB, for Argon2.
    pub const fn memory(self) -> Option<u32> {
        match self {
            Self::Pbkdf2 { .. } => None,
            Self::Argon2id13 { memory, .. } => Some(memory),
        }
    }

    /// Checks that the costs are possible and bearable.
    ///
    /// # Errors
    /// [`ScramError::Cost`] with the bounds.
    pub fn check(self) -> Result<(), ScramError> {
        let problem = match self {
            Self::Pbkdf2 { iterations: 1..=MAX_PBKDF2_ITERATIONS } => return Ok(()),
            Self::Pbkdf2 { iterations } => {
                format!("pbkdf2 takes 1 to {MAX_PBKDF2_ITERATIONS} iterations, not {iterations}")
            }
            Self::Argon2id13 { iterations: 1..=MAX_ARGON2_ITERATIONS, memory: 8..=MAX_ARGON2_MEMORY }
                if u64::from(self.iterations()) * u64::from(self.memory().unwrap_or_default())
                    <= MAX_ARGON2_WORK =>
            {
                return Ok(());
            }
            Self::Argon2id13 { iterations, memory } => format!(
                "argon2id13 takes 1 to {MAX_ARGON2_ITERATIONS} iterations and 8 to {MAX_ARGON2_MEMORY} KiB, and no \
                 more than {MAX_ARGON2_WORK} KiB in all iterations together, not {iterations} and {memory}"
            ),
        };
        Err(ScramError::Cost(problem))
    }

    /// Checks that the costs are not below what [`ScramClient`](super::ScramClient) answers: 4096 iterations of PBKDF2, or 16 MiB
    /// filled in all passes of Argon2 together.
    ///
    /// # Errors
    /// [`ScramError::TooCheap`] with the minimum.
    pub fn check_not_cheap(self) -> Result<(), ScramError> {
        let problem = match self {
            Self::Pbkdf2 { iterations } if iterations < MIN_PBKDF2_ITERATIONS => {
                format!(
                    "pbkdf2 with {iterations} iterations is too cheap, expected {MIN_PBKDF2_ITERATIONS} at least"
                )
            }
            Self::Argon2id13 { iterations, memory }
                if u64::from(iterations) * u64::from(memory) < MIN_ARGON2_WORK =>
            {
                format!(
                    "argon2id13 with {iterations} passes over {memory} KiB is too cheap, expected {MIN_ARGON2_WORK} KiB in all \
                     passes together at least"
                )
            }
            Self::Pbkdf2 { .. } | Self::Argon2id13 { .. } => return Ok(()),
        };
        Err(ScramError::TooCheap(problem))
    }

    /// Checks that Argon2 takes no more than `most_memory` KiB, and fills no more than 16 times as much in all passes together. PBKDF2
    /// takes no memory; its iterations are bounded by [`check`](Self::check).
    ///
    /// # Errors
    /// [`ScramError::TooCostly`] with the bounds.
    pub fn check_not_costly(self, most_memory: u32) -> Result<(), ScramError> {
        let Self::Argon2id13 { iterations, memory } = self else { return Ok(()) };
        let most_in_all = u64::from(most_memory) * MAX_PASSES_IN_ALL;
        if memory <= most_memory && u64::from(iterations) * u64::from(memory) <= most_in_all {
            return Ok(());
        }
        Err(ScramError::TooCostly(format!(
            "argon2id13 with {iterations} passes over {memory} KiB is too costly, expected {most_memory} KiB at most, and no more than \
             {most_in_all} KiB in all passes together"
        )))
    }

    /// The 32 bytes derived from a password as it is.
    pub(super) fn derive(self, password: &[u8], salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, ScramError> {
        self.check()?;
        let mut derived = Zeroizing::new([0; 32]);
        match self {
            Self::Pbkdf2 { iterations } => {
                pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut *derived);
            }
            Self::Argon2id13 { iterations, memory } => {
                if salt.len() < MIN_ARGON2_SALT {
                    return Err(ScramError::Cost(format!(
                        "argon2id13 takes a salt of {MIN_ARGON2_SALT} bytes at least, not {}",
                        salt.len()
                    )));
                }
                let impossible = |error: argon2::Error| ScramError::Cost(format!("argon2id13: {error}"));
                let params = Params::new(memory, iterations, 1, Some(derived.len())).map_err(impossible)?;
                Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                    .hash_password_into(password, salt, &mut *derived)
                    .map_err(impossible)?;
            }
        }
        Ok(derived)
    }

    /// What the dialect calls SaltedPassword, of the derived bytes.
    pub(super) fn salted_password(self, derived: &[u8; 32], dialect: Dialect) -> Zeroizing<Vec<u8>> {
        match (self, dialect) {
            (Self::Argon2id13 { .. }, Dialect::Autobahn) => {
                Zeroizing::new(STANDARD_NO_PAD.encode(derived).into_bytes())
            }
            _ => Zeroizing::new(derived.to_vec()),
        }
    }
}
