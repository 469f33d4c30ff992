//! Where the keys come from, and how they are replaced: a secret, a file that is read again, a URL that is fetched again.
//!
//! Invariants: keys that were good stay until better ones have come; one fetch runs at a time, in a task of its own, so that whoever
//! waits for it may leave; between the beginnings of two fetches the interval passes, whatever tokens come.

use super::algorithm::JwtAlgorithm;
use super::key::Material;
use super::key_set::{KeySet, Signed};
use super::token::JwtToken;
use crate::auth::fetch::{FetchSettings, Fetcher, WebAddress};
use crate::auth::{AuthSettingsError, Secret};
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::log::line;
use crate::rt::Runtime;
use arc_swap::ArcSwap;
use event_listener::Event;
use serverwamp_proto::codec::{Serializer, Value, from_slice};
use std::fmt;
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// The interval at which a file is looked at, as with certificates.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The least interval between two fetches.
const FETCH_AT_MOST_EVERY: Duration = Duration::from_secs(60);
/// The same while there are no keys at all, and so nobody gets in.
const FETCH_FIRST_EVERY: Duration = Duration::from_secs(5);
/// The age at which fetched keys are fetched again.
const FETCH_AFTER: Duration = Duration::from_secs(15 * 60);
/// The longest key set that is fetched.
const LONGEST_ANSWER: usize = 256 * 1024;

/// The keys that check tokens. Cheap to clone; all clones share the keys.
#[derive(Clone, Debug)]
pub struct JwtKeys {
    store: Arc<Store>,
    at_most_every: Duration,
    after: Duration,
}

/// The keys as they are now, and their source.
struct Store {
    source: KeySource,
    current: ArcSwap<KeySet>,
    state: Mutex<KeyState>,
    /// A fetch has ended.
    ended: Event,
}

enum KeySource {
    Fixed,
    File(PathBuf),
    Url { address: WebAddress, fetcher: Fetcher },
    Discovery { issuer: String, address: WebAddress, fetcher: Fetcher },
}

#[derive(Debug, Default)]
struct KeyState {
    /// When the file was looked at, or a fetch began.
    looked: Option<Instant>,
    /// When keys were fetched.
    fetched: Option<Instant>,
    fetching: bool,
    /// The hash of the file's contents.
    seen: Option<u64>,
    hasher: RandomState,
}

impl JwtKeys {
    /// A secret of at least 32 bytes, for `HS256`; `openssl rand -hex 32` makes one.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn from_secret(secret: Secret) -> Result<Self, AuthSettingsError> {
        let material =
            Material::secret(secret).map_err(|problem| AuthSettingsError::new("the secret", problem))?;
        Ok(Self::new(KeySource::Fixed, KeySet::of(material), KeyState::default()))
    }

    /// A secret in a file, whose line end is not part of it. The file is not read again.
    ///
    /// # Errors
    /// When the file cannot be read, or the secret is shorter than 32 bytes.
    pub fn from_secret_file(path: impl AsRef<Path>) -> Result<Self, AuthSettingsError> {
        let path = path.as_ref();
        let unusable = |problem: String| AuthSettingsError::new(path.display(), problem);
        let contents = Secret::from(fs::read(path).map_err(|error| unusable(error.to_string()))?);
        let material = Material::secret(Secret::new(contents.expose().trim_ascii_end())).map_err(unusable)?;
        Ok(Self::new(KeySource::Fixed, KeySet::of(material), KeyState::default()))
    }

    /// Public keys in a file: PEM with `-----BEGIN PUBLIC KEY-----`, a JWK, or a JWKS of up to 32 keys.
    ///
    /// The file is looked at again when a token comes, at most every 5 s. What cannot be used is logged, and the keys stay as they
    /// are. Nothing is started by this: a program that only checks the file drops what it gets.
    ///
    /// # Errors
    /// When the file cannot be read, or has no key that can be used.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, AuthSettingsError> {
        let path = path.as_ref();
        let unusable = |problem: String| AuthSettingsError::new(path.display(), problem);
        let contents = fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let keys = KeySet::read(&contents).map_err(unusable)?;
        let mut state = KeyState::default();
        state.see(&contents);
        Ok(Self::new(KeySource::File(path.to_owned()), keys, state))
    }

    /// The JWKS that a web server has, fetched when the first token comes, and again
    ///
    /// * when a token names a key that is not among them, at most once a minute: [`fetch_at_most_every`](Self::fetch_at_most_every);
    /// * when they are a quarter of an hour old, so that keys that were taken back are refused soon: [`fetch_after`](Self::fetch_after).
    ///
    /// If that fails, the keys stay as they are, and the log says why.
    ///
    /// # Errors
    /// When the URL is none, is not `https://` (see [`FetchSettings::allow_plain_http`]), or the authorities cannot be loaded.
    pub fn from_url(url: &str, settings: &FetchSettings) -> Result<Self, AuthSettingsError> {
        let address = WebAddress::parse(url, settings)?;
        let fetcher = Fetcher::new(settings, LONGEST_ANSWER)?;
        Ok(Self::new(KeySource::Url { address, fetcher }, KeySet::default(), KeyState::default()))
    }

    /// The keys of an OpenID Connect issuer, as `/.well-known/openid-configuration` below its URL names them; else as
    /// [`from_url`](Self::from_url). Tokens have to have that issuer unless [`JwtSettings::issuer`](super::JwtSettings::issuer)
    /// names another one.
    ///
    /// # Errors
    /// As [`from_url`](Self::from_url).
    pub fn discover(issuer: &str, settings: &FetchSettings) -> Result<Self, AuthSettingsError> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let address = WebAddress::parse(&url, settings)?;
        let fetcher = Fetcher::new(settings, LONGEST_ANSWER)?;
        let source = KeySource::Discovery { issuer: issuer.to_owned(), address, fetcher };
        Ok(Self::new(source, KeySet::default(), KeyState::default()))
    }

    /// The least interval between the beginnings of two fetches. Default 60 s: a stranger's token with a made-up key id must not
    /// become a request to the issuer, and an issuer publishes a new key long before it signs with it. 5 s at the most while no fetch
    /// has succeeded, because nobody gets in until one does.
    #[must_use]
    pub const fn fetch_at_most_every(mut self, interval: Duration) -> Self {
        self.at_most_every = interval;
        self
    }

    /// The age at which keys are fetched again when a token comes, while the old ones are used. Default 15 minutes.
    #[must_use]
    pub const fn fetch_after(mut self, age: Duration) -> Self {
        self.after = age;
        self
    }

    fn new(source: KeySource, keys: KeySet, state: KeyState) -> Self {
        let store = Store {
            source,
            current: ArcSwap::from_pointee(keys),
            state: Mutex::new(state),
            ended: Event::new(),
        };
        Self { store: Arc::new(store), at_most_every: FETCH_AT_MOST_EVERY, after: FETCH_AFTER }
    }

    /// The issuer that was given for discovery.
    pub(super) fn issuer(&self) -> Option<&str> {
        match &self.store.source {
            KeySource::Discovery { issuer, .. } => Some(issuer),
            _ => None,
        }
    }

    /// Whether one of the keys that are there has signed the token.
    pub(super) fn signed(&self, token: &JwtToken<'_>, allowed: &[JwtAlgorithm]) -> Signed {
        self.store.current.load().check(token, allowed)
    }

    /// Whether one of the keys has signed the token. It may wait for a fetch.
    ///
    /// # Errors
    /// When there are no keys yet: the cause, for the log.
    pub(super) async fn check(
        &self,
        runtime: &Arc<dyn Runtime>,
        token: &JwtToken<'_>,
        allowed: &[JwtAlgorithm],
    ) -> Result<Signed, String> {
        if let KeySource::File(path) = &self.store.source {
            self.store.look_at(path, runtime.now());
        }
        let signed = self.signed(token, allowed);
        if !self.store.is_remote() {
            return Ok(signed);
        }
        let empty = self.store.current.load().len() == 0;
        // A token without a key id may be signed by a new key as well.
        let unknown = signed == Signed::UnknownKey || (signed == Signed::Forged && token.key_id.is_none());
        if !unknown && !self.is_old(runtime.now()) {
            return Ok(signed);
        }
        let started = self.fetch(runtime);
        if !unknown {
            return Ok(signed);
        }
        if started {
            self.store.until_fetched().await;
        }
        let keys = self.store.current.load_full();
        match keys.len() {
            0 if empty => Err(format!("there are no keys of {} yet", self.store.source)),
            _ => Ok(keys.check(token, allowed)),
        }
    }

    /// Waits until no fetch runs.
    #[cfg(test)]
    pub(super) async fn until_fetched(&self) {
        self.store.until_fetched().await;
    }

    fn is_old(&self, now: Instant) -> bool {
        let fetched = self.store.state().fetched;
        fetched.is_none_or(|fetched| now.saturating_duration_since(fetched) >= self.after)
    }

    /// Starts a fetch unless one runs or it is too early; returns whether one runs.
    fn fetch(&self, runtime: &Arc<dyn Runtime>) -> bool {
        let now = runtime.now();
        let has_keys = self.store.current.load().len() > 0;
        let interval = if has_keys { self.at_most_every } else { self.at_most_every.min(FETCH_FIRST_EVERY) };
        let mut state = self.store.state();
        let too_early = |began| now.saturating_duration_since(began) < interval;
        if state.fetching || state.looked.is_some_and(too_early) {
            return state.fetching;
        }
        (state.fetching, state.looked) = (true, Some(now));
        drop(state);
        let ending = Fetching(Arc::clone(&self.store));
        let runtime_of_task = Arc::clone(runtime);
        runtime.spawn(Box::pin(async move {
            let store = &ending.0;
            match store.source.fetch(&runtime_of_task).await {
                Ok(keys) => {
                    line!(
                        INFO,
                        "auth",
                        "the keys of tokens were fetched",
                        source = store.source,
                        keys = keys.len()
                    );
                    store.current.store(Arc::new(keys));
                    store.state().fetched = Some(runtime_of_task.now());
                }
                Err(error) => {
                    line!(
                        ERROR,
                        "auth",
                        "the keys of tokens stay as they are",
                        source = store.source,
                        error = error
                    );
                }
            }
        }));
        true
    }
}

/// A fetch that runs; dropped, it has ended, however that came.
struct Fetching(Arc<Store>);

impl Drop for Fetching {
    fn drop(&mut self) {
        self.0.state().fetching = false;
        self.0.ended.notify(usize::MAX);
    }
}

impl Store {
    fn state(&self) -> MutexGuard<'_, KeyState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn is_remote(&self) -> bool {
        matches!(self.source, KeySource::Url { .. } | KeySource::Discovery { .. })
    }

    async fn until_fetched(&self) {
        loop {
            let ended = self.ended.listen();
            if !self.state().fetching {
                return;
            }
            ended.await;
        }
    }

    /// Takes what stands in the file if it has changed and can be used. The log is told once of each change.
    fn look_at(&self, path: &Path, now: Instant) {
        let mut state = self.state();
        if state.looked.is_some_and(|looked| now.saturating_duration_since(looked) < LOOK_EVERY) {
            return;
        }
        state.looked = Some(now);
        let contents = fs::read(path);
        let changed = match &contents {
            Ok(contents) => state.see(contents),
            Err(_) => state.seen.take().is_some(),
        };
        drop(state);
        if !changed {
            return;
        }
        let keys = contents.map_err(|error| error.to_string()).and_then(|contents| KeySet::read(&contents));
        match keys {
            Ok(keys) => {
                line!(
                    INFO,
                    "auth",
                    "the keys of tokens were reloaded",
                    source = self.source,
                    keys = keys.len()
                );
                self.current.store(Arc::new(keys));
            }
            Err(error) => {
                line!(
                    ERROR,
                    "auth",
                    "the keys of tokens stay as they are",
                    source = self.source,
                    error = error
                );
            }
        }
    }
}

impl KeyState {
    /// Whether this is something else than what was seen last.
    fn see(&mut self, contents: &[u8]) -> bool {
        let hash = Some(self.hasher.hash_one(contents));
        std::mem::replace(&mut self.seen, hash) != hash
    }
}

impl KeySource {
    async fn fetch(&self, runtime: &Arc<dyn Runtime>) -> Result<KeySet, String> {
        let (body, source) = match self {
            Self::Fixed | Self::File(_) => return Err("there is nothing to fetch".to_owned()),
            Self::Url { address, fetcher } => (fetcher.get(runtime, address).await?, address.to_string()),
            Self::Discovery { issuer, address, fetcher } => {
                let document = fetcher.get(runtime, address).await?;
                let named = named_keys(&document, issuer)?;
                let keys =
                    WebAddress::parse(&named, fetcher.settings()).map_err(|error| error.to_string())?;
                (fetcher.get(runtime, &keys).await?, named)
            }
        };
        KeySet::from_json(&body, false).map_err(|problem| format!("{source}: {problem}"))
    }
}

/// `jwks_uri` of a discovery document that is the issuer's (OpenID Connect Discovery 1.0, 4.3).
fn named_keys(document: &[u8], issuer: &str) -> Result<String, String> {
    let document: Value = from_slice(Serializer::Json, document)
        .map_err(|error| format!("the discovery document is not JSON: {error}"))?;
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    match text("issuer") {
        Some(named) if named == issuer => {}
        named => {
            let named = named.unwrap_or("none");
            return Err(format!(
                "the discovery document is that of the issuer {named:?}, expected {issuer:?}"
            ));
        }
    }
    text("jwks_uri").map(str::to_owned).ok_or_else(|| "the discovery document has no \"jwks_uri\"".to_owned())
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed => f.write_str("a secret"),
            Self::File(path) => path.display().fmt(f),
            Self::Url { address, .. } | Self::Discovery { address, .. } => address.fmt(f),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("source", &self.source.to_string()).finish_non_exhaustive()
    }
}
