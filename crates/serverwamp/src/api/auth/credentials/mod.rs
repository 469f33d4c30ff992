//! Credentials from a file that operators edit.
//!
//! In: a TOML file, and again when it has changed. Out: authenticators. Invariant: a file that cannot be used changes nothing; at the
//! start it stops the program, later the former users stay.

mod file;
mod forms;
mod hashes;
mod password;
#[cfg(any(feature = "cryptosign", feature = "scram"))]
mod proofs;
#[cfg(test)]
mod tests;
mod user;

#[cfg(feature = "scram")]
pub use self::hashes::hash_scram;
pub use self::hashes::{hash_cra, hash_ticket};

use super::cra::cra_like;
use super::{AuthId, Authenticator, HashPool, Principal, Secret, Ticket, ticket};
use crate::base::error::{ConfigError, Problem};
use crate::base::locks::Mutex;
use crate::base::log::line;
use crate::rt::after;
use crate::{Session, WampError};
use arc_swap::ArcSwap;
use file::{Users, copy_of};
use forms::CraForm;
use password::{Cost, PasswordHash};
use serverwamp_proto::auth::Derivation;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// How often a file is looked at by default.
const LOOK: Duration = Duration::from_secs(5);

/// Users from a TOML file, for several methods and realms. Cheap to clone; all clones share the users.
///
/// ```toml
/// [user.joe]
/// role = "customer"                       # default "authenticated"
/// ticket = "$argon2id$v=19$m=19456,t=2,p=1$..$.."
///
/// [user."ada@example.com"]
/// cra = "$wampcra$i=100000,l=32$..$.."    # or cra_secret = "..", the secret itself
/// scram = "$scram$argon2id13$i=2,m=19456$..$..$..$..$.."
/// cryptosign = ["545efb0a2192db8d43f118e9bf9aee081466e1ef36c708b96ee6f62dddad9122"]
/// ```
///
/// A user may have entries for several methods; those that the realm has count. `cryptosign` is a public key or a list of them, each of
/// one user alone. `serverwamp hash` and `serverwamp keygen` write the entries, and so do [`hash_ticket`], [`hash_cra`] and `hash_scram`.
/// The provider of all users is `file`.
///
/// The file is read again when it has changed, at a login and at most every 5 s. If it cannot be used then, the former users
/// stay, and the log says why, with file and line (`serverwamp::auth`). Sessions that are open stay; [`still_has`](Self::still_has) is
/// for [`Realm::keep_sessions`](crate::Realm::keep_sessions), which ends those of users who were removed.
///
/// A method for which no user has an entry is not offered: clients that know several come in by the next one.
///
/// An authid that is not in the file is treated like one that is: tickets are hashed with the cost of a user's, and a
/// made-up challenge has the form of a user's, each as often as among the users.
///
/// ```no_run
/// use serverwamp::Realm;
/// use serverwamp::auth::Credentials;
///
/// let users = Credentials::from_file("/etc/serverwamp/users.toml")?;
/// let realm: Realm = Realm::new("secure").authenticator(users.ticket()).authenticator(users.cra());
/// // With the features `scram` and `cryptosign`: users.scram(), users.cryptosign().
/// # Ok::<(), serverwamp::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Credentials(Arc<SharedCredentials>);

struct SharedCredentials {
    path: PathBuf,
    users: ArcSwap<Users>,
    pool: HashPool,
    /// How often the file is looked at, at most.
    look: Duration,
    hasher: RandomState,
    /// The hash of the bytes of the file that was tried last.
    tried: AtomicU64,
    next_look: Mutex<Option<Instant>>,
}

impl Credentials {
    /// Reads the file. Nothing is started by it: a program that only checks the file drops what it gets.
    ///
    /// # Errors
    /// The file cannot be read or used: everything that is wrong with it, each with file and line, and without a secret.
    #[track_caller]
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        let path = path.into();
        let hasher = RandomState::new();
        let text = text_of(&path)?;
        let users = users_of(&path, &text)?;
        Ok(Self(Arc::new(SharedCredentials {
            tried: AtomicU64::new(hasher.hash_one(text.expose())),
            users: ArcSwap::from_pointee(users),
            pool: HashPool::shared(),
            look: LOOK,
            next_look: Mutex::default(),
            hasher,
            path,
        })))
    }

    /// Hashes tickets in this pool. Default: [`HashPool::shared`].
    ///
    /// It is for credentials that were just made: clones that exist already keep theirs.
    #[must_use]
    pub fn pool(self, pool: HashPool) -> Self {
        let look = self.0.look;
        self.with(pool, look)
    }

    /// Looks at the file at most so often, at a login. Default 5 s: an operator waits that long. `Duration::MAX` leaves it to [`reload`](Self::reload). As [`pool`](Self::pool), for credentials
    /// that were just made.
    #[must_use]
    pub fn look_every(self, time: Duration) -> Self {
        let pool = self.0.pool.clone();
        self.with(pool, time)
    }

    fn with(self, pool: HashPool, look: Duration) -> Self {
        let inner = &self.0;
        Self(Arc::new(SharedCredentials {
            path: inner.path.clone(),
            users: ArcSwap::new(inner.users.load_full()),
            pool,
            look,
            hasher: inner.hasher.clone(),
            tried: AtomicU64::new(inner.tried.load(Ordering::Relaxed)),
            next_look: Mutex::default(),
        }))
    }

    /// Reads the file and checks it, without taking its users: [`reload`](Self::reload) does that. For a program that changes several
    /// things at once, or none.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    #[track_caller]
    pub fn check(&self) -> Result<(), ConfigError> {
        let path = &self.0.path;
        users_of(path, &text_of(path)?).map(drop)
    }

    /// Reads the file again now.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file); the former users stay, and the log says so.
    #[track_caller]
    pub fn reload(&self) -> Result<(), ConfigError> {
        let inner = &*self.0;
        let read = text_of(&inner.path).and_then(|text| {
            inner.tried.store(inner.hasher.hash_one(text.expose()), Ordering::Relaxed);
            users_of(&inner.path, &text)
        });
        match read {
            Ok(users) => {
                let number = users.by_authid.len();
                inner.users.store(Arc::new(users));
                line!(
                    INFO,
                    "auth",
                    "the credentials were reloaded",
                    file = inner.path.display(),
                    users = number
                );
                Ok(())
            }
            Err(error) => {
                line!(
                    ERROR,
                    "auth",
                    "the credentials cannot be reloaded, the former ones stay",
                    file = inner.path.display(),
                    error = error.without_places()
                );
                Err(error)
            }
        }
    }

    /// Returns whether the file, as it was read last, has the user of this session with the role that the session has. It does not look
    /// at the file. Whoever comes from elsewhere, with another provider than `file`, is not of this file.
    pub fn still_has(&self, session: &Session) -> bool {
        let users = self.0.users.load();
        let same = |one: &Principal, other: &Principal| {
            one.authprovider() == other.authprovider() && one.authrole() == other.authrole()
        };
        let user = users.by_authid.get(session.authid());
        user.zip(session.principal()).is_some_and(|(user, principal)| same(&user.principal, principal))
    }

    /// An authenticator for tickets and passwords that are sent as they are; the hashes are checked in a [`HashPool`].
    pub fn ticket<S: Send + Sync + 'static>(&self) -> Authenticator<S> {
        let credentials = self.clone();
        let offered = self.clone();
        let authenticator = ticket(move |session: Session, AuthId(authid): AuthId, Ticket(sent): Ticket| {
            let credentials = credentials.clone();
            async move { credentials.check_ticket(&session, &authid, sent).await }
        });
        authenticator.offered_when(move |now| !offered.users_at(now).costs.is_empty())
    }

    /// An authenticator for WAMP-CRA, for users with a derived key and for users with the secret itself.
    pub fn cra<S: Send + Sync + 'static>(&self) -> Authenticator<S> {
        let (known, unknown) = (self.clone(), self.clone());
        let handler = move |session: Session, AuthId(authid): AuthId| {
            let users = known.users(&session);
            let user = users.by_authid.get(&authid).and_then(|user| user.cra.as_ref());
            let user = copy_of(user, users.stand_in.cra.as_ref());
            async move { user }
        };
        let offered = self.clone();
        cra_like(handler, move |secret, authid| unknown.nobody(secret, authid))
            .offered_when(move |now| !offered.users_at(now).cra.is_empty())
    }

    async fn check_ticket(
        &self,
        session: &Session,
        authid: &str,
        sent: Secret,
    ) -> Result<Option<Principal>, WampError> {
        let users = self.users(session);
        let user = users.by_authid.get(authid);
        let secret = &session.inner().running_realm().context.auth_secret;
        let cost = users.costs.pick(secret, authid).copied().unwrap_or(Cost::RECOMMENDED);
        // Made for users as well, because it takes a while.
        let nobody = PasswordHash::nobody(cost);
        let known = user.and_then(|user| user.ticket.as_ref());
        let (hash, known) = (known.unwrap_or(&nobody).clone(), known.is_some());
        let right = self.0.pool.run_for_user(session, authid, move || hash.verify(&sent)).await?;
        Ok(user.filter(|_| right & known).map(|user| user.principal.clone()))
    }

    /// How the key of an authid that is not in the file seems to be derived.
    fn nobody(&self, secret: &Secret, authid: &str) -> Option<Derivation> {
        match self.0.users.load().cra.pick(secret, authid)? {
            CraForm::Plain => None,
            CraForm::Salted { iterations, keylen, salt } => Some(Derivation {
                salt: salt.made_up(secret, authid),
                keylen: *keylen,
                iterations: *iterations,
            }),
        }
    }

    /// The users as they are now.
    fn users(&self, session: &Session) -> Arc<Users> {
        self.users_at(session.inner().runtime().now())
    }

    fn users_at(&self, now: Instant) -> Arc<Users> {
        self.look(now);
        self.0.users.load_full()
    }

    /// Looks at the file, if that is due, and reads it if it is another one.
    fn look(&self, now: Instant) {
        let mut next = self.0.next_look.lock().unwrap_or_else(PoisonError::into_inner);
        if next.is_some_and(|next| now < next) {
            return;
        }
        *next = Some(after(now, self.0.look));
        drop(next);
        let inner = &*self.0;
        let tried = inner.tried.load(Ordering::Relaxed);
        // A file that cannot be read has a hash of its own, so that this is said once.
        let found =
            std::fs::read(&inner.path).map_or(0, |bytes| inner.hasher.hash_one(Secret::from(bytes).expose()));
        if found != tried {
            inner.tried.store(found, Ordering::Relaxed);
            // The log has the reason.
            drop(self.reload());
            inner.tried.store(found, Ordering::Relaxed);
        }
    }
}

#[track_caller]
fn text_of(path: &Path) -> Result<Secret, ConfigError> {
    let place = Location::caller();
    std::fs::read(path).map(Secret::from).map_err(|error| {
        let text = format!("the credentials in {} cannot be read: {error}", path.display());
        ConfigError::of_application(vec![Problem::new(place, text)])
    })
}

#[track_caller]
fn users_of(path: &Path, text: &Secret) -> Result<Users, ConfigError> {
    let place = Location::caller();
    let faults = match std::str::from_utf8(text.expose()) {
        Ok(text) => match file::read(text) {
            Ok(users) => return Ok(users),
            Err(faults) => faults,
        },
        Err(error) => {
            let good = text.expose().get(..error.valid_up_to()).unwrap_or_default();
            vec![(1 + good.iter().filter(|byte| **byte == b'\n').count(), "this is not UTF-8".to_owned())]
        }
    };
    let problem =
        |(line, text): (usize, String)| Problem::new(place, format!("{}:{line}: {text}", path.display()));
    Err(ConfigError::of_application(faults.into_iter().map(problem).collect()))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users = self.0.users.load().by_authid.len();
        f.debug_struct("Credentials")
            .field("file", &self.0.path)
            .field("users", &users)
            .finish_non_exhaustive()
    }
}
