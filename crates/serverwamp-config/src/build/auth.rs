//! The ways into a realm.

use super::Building;
use super::users::{CERTIFICATE, HEADER, KnownUsers, Owners, UNIX};
use crate::model::{
    Account, Algorithm, Anonymous, Auth, Binding, ByProcedure, Certificate, Fetch, FileMethod, Header, Hook,
    Jwt, ProcedureMethod, TokenPlace, UnixUsers, UserFile,
};
use crate::named_file::read_text;
use crate::node::Place;
use crate::values::Named;
use serverwamp::auth::{
    self, Authenticator, ChannelBinding, Credentials, CryptosignKey, CryptosignOptions, DynamicSettings,
    FetchSettings, Fingerprint, HookSettings, JwtAlgorithm, JwtKeys, JwtSettings, Principal, ProxyHeader,
    ScramOptions, Subject,
};
use serverwamp::{TransportInfo, TrustedProxies};
use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The ways in of one entry: a file has several methods.
type Ways = Vec<Authenticator<()>>;

impl Building<'_> {
    /// The authenticators of one entry; none after a mistake.
    pub(super) fn authenticators(&mut self, auth: &Auth) -> Ways {
        match auth {
            Auth::Anonymous(anonymous) => vec![anyone(anonymous)],
            Auth::File(file) => self.user_file(file).unwrap_or_default(),
            Auth::Jwt(jwt) => self.jwt(jwt).into_iter().collect(),
            Auth::Http(hook) => self.hook(hook).into_iter().collect(),
            Auth::Procedure(procedure) => vec![by_procedure(procedure)],
            Auth::Certificate(certificate) => self.certificates(certificate),
            Auth::Header(header) => {
                self.users.push(KnownUsers::All(HEADER, header.role.as_str().to_owned()));
                vec![by_header(header)]
            }
            Auth::Unix(users) => vec![self.users_of_machine(users)],
        }
    }

    fn user_file(&mut self, file: &UserFile) -> Option<Ways> {
        let path = self.file(&file.path);
        let read = Credentials::from_file(path);
        let place = file.path.place();
        let credentials = match read {
            Ok(credentials) => credentials.look_every(file.look_every.get()),
            Err(error) => {
                for text in error.texts() {
                    let _: Option<()> = self.unusable(place, text);
                }
                return None;
            }
        };
        let binding = match *file.channel_binding {
            Binding::Optional => ChannelBinding::Optional,
            Binding::Required => ChannelBinding::Required,
        };
        let mut cryptosign = CryptosignOptions::default().channel_binding(binding);
        if let Some(path) = file.router_key.value() {
            let key = self.router_key(path, file.router_key.place())?;
            cryptosign = cryptosign.router_key(key);
        }
        self.users.push(KnownUsers::File(credentials.clone()));
        let way = |method: &FileMethod| match method {
            FileMethod::Ticket => credentials.ticket(),
            FileMethod::Cra => credentials.cra(),
            FileMethod::Scram => credentials.scram_with(binding),
            FileMethod::Cryptosign => credentials.cryptosign_with(cryptosign.clone()),
        };
        Some(file.methods.iter().map(|method| way(method.value())).collect())
    }

    fn router_key(&mut self, path: &crate::values::FilePath, place: Option<&Place>) -> Option<CryptosignKey> {
        let path = self.file(path);
        let text = read_text(&path);
        let text =
            self.usable(place, text.map_err(|error| format!("cannot read {}: {error}", path.display())))?;
        let key = CryptosignKey::from_hex(text.trim());
        let why = |_| {
            let path = path.display();
            format!(
                "{path} is no private key: expected 64 hex digits, as `serverwamp keygen --key FILE` writes them"
            )
        };
        self.usable(place, key.map_err(why))
    }

    fn fetch(&mut self, fetch: &Fetch) -> FetchSettings {
        let mut settings = FetchSettings::default().timeout(fetch.timeout.get());
        if let Some(path) = fetch.authorities.value() {
            settings = settings.authorities(self.file(path));
        }
        if *fetch.allow_plain_http { settings.allow_plain_http() } else { settings }
    }

    fn jwt(&mut self, jwt: &Jwt) -> Option<Authenticator<()>> {
        let settings = self.jwt_settings(jwt)?;
        Some(match *jwt.place {
            TokenPlace::Ticket => auth::jwt(settings),
            TokenPlace::Bearer => auth::bearer(settings),
        })
    }

    /// How tokens are checked.
    pub fn jwt_settings(&mut self, jwt: &Jwt) -> Option<JwtSettings> {
        let keys = self.jwt_keys(jwt)?;
        let mut settings = JwtSettings::new(keys)
            .algorithms(jwt.algorithms.iter().map(|algorithm| algorithm_of(*algorithm.value())))
            .authid_from(jwt.authid_claim.as_str())
            .leeway(jwt.leeway.get());
        settings = jwt.audiences.iter().fold(settings, |settings, name| settings.audience(name.as_str()));
        settings = jwt.issuers.iter().fold(settings, |settings, name| settings.issuer(name.as_str()));
        Some(match jwt.role_claim.value() {
            Some(claim) => settings.role_from(claim.as_str(), jwt.roles.iter().map(|role| role.as_str())),
            None => settings.role(jwt.role.as_str()),
        })
    }

    fn jwt_keys(&mut self, jwt: &Jwt) -> Option<JwtKeys> {
        let fetch = self.fetch(jwt.fetch.value());
        match (jwt.jwks_url.value(), jwt.key_file.value(), jwt.secret.value(), jwt.discover.value()) {
            (Some(url), None, None, None) => {
                self.usable(jwt.jwks_url.place(), JwtKeys::from_url(url.as_str(), &fetch))
            }
            (None, Some(path), None, None) => {
                let path = self.file(path);
                self.usable(jwt.key_file.place(), JwtKeys::from_file(path))
            }
            (None, None, Some(secret), None) => {
                let place = jwt.secret.place();
                let secret = self.secret(secret, place)?;
                self.usable(place, JwtKeys::from_secret(secret))
            }
            (None, None, None, Some(issuer)) => {
                self.usable(jwt.discover.place(), JwtKeys::discover(issuer.as_str(), &fetch))
            }
            _ => self.unusable(
                [jwt.jwks_url.place(), jwt.key_file.place(), jwt.secret.place(), jwt.discover.place()]
                    .into_iter()
                    .flatten()
                    .next(),
                "`jwt` needs its keys from one of `jwks_url`, `key_file`, `secret` and `discover`",
            ),
        }
    }

    fn hook(&mut self, hook: &Hook) -> Option<Authenticator<()>> {
        let fetch = self.fetch(hook.fetch.value());
        let settings = self.usable(hook.url.place(), HookSettings::new(hook.url.as_str(), &fetch))?;
        let settings = settings.headers(hook.headers.iter().map(|name| name.as_str()));
        let settings = self.usable(hook.headers.place(), settings)?.concurrent(hook.concurrent.count());
        Some(if *hook.by_headers { auth::http_hook_by_headers(settings) } else { auth::http_hook(settings) })
    }
}

impl Building<'_> {
    fn certificates(&mut self, certificate: &Certificate) -> Ways {
        let mut ways = Vec::new();
        if !certificate.fingerprints.is_empty() {
            let written = |print: &str| {
                print.chars().filter(|letter| *letter != ':').collect::<String>().to_ascii_lowercase()
            };
            let owners = self.listed(certificate.fingerprints.value(), CERTIFICATE, written);
            ways.push(auth::client_certificate(move |Fingerprint(shown): Fingerprint| {
                let owner = owners.get(&shown).cloned();
                async move { owner }
            }));
        }
        if !certificate.common_names.is_empty() {
            let owners = self.listed(certificate.common_names.value(), CERTIFICATE, str::to_owned);
            ways.push(auth::client_certificate(move |Subject(shown): Subject| {
                let owner = shown.common_name().and_then(|name| owners.get(name).cloned());
                async move { owner }
            }));
        }
        ways
    }

    fn users_of_machine(&mut self, users: &UnixUsers) -> Authenticator<()> {
        let owners = self.listed(users.users.value(), UNIX, str::to_owned);
        auth::transport("unix", move |transport: Arc<TransportInfo>| {
            let owner = transport.unix_peer.and_then(|peer| owners.get(&peer.uid.to_string()).cloned());
            async move { owner }
        })
    }

    /// The owners, who are known from now on.
    fn listed(
        &mut self,
        named: &Named<Account>,
        provider: &'static str,
        written: impl Fn(&str) -> String,
    ) -> Owners {
        let owners = owners(named, provider, written);
        self.users.push(KnownUsers::Listed(provider, Arc::clone(&owners)));
        owners
    }
}

/// Lets everybody in, where a realm's own way of doing so is not to be had: in a template.
fn anyone(anonymous: &Anonymous) -> Authenticator<()> {
    let role = anonymous.role.as_str().to_owned();
    let comers = Arc::new((RandomState::new(), AtomicU64::new(0)));
    auth::transport("anonymous", move || {
        let (chance, number) = &*comers;
        let authid = format!("{:016x}", chance.hash_one(number.fetch_add(1, Ordering::Relaxed)));
        let principal = Principal::new(authid).role(role.clone());
        async move { Some(principal) }
    })
}

fn by_header(header: &Header) -> Authenticator<()> {
    let proxies = TrustedProxies::x_forwarded_for(header.proxies.iter().map(|proxy| proxy.as_str()));
    let role = header.role.as_str().to_owned();
    auth::header(lasting(header.name.as_str()), proxies, move |ProxyHeader(user): ProxyHeader| {
        let role = role.clone();
        async move { Some(Principal::new(user).role(role).provider(HEADER)) }
    })
}

/// The name of a header, in small letters. The library wants one that lives for ever, as names in programs do: each is kept once, however
/// often a configuration is read.
fn lasting(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let name = name.to_ascii_lowercase();
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    let name: &'static str = Box::leak(name.into_boxed_str());
    names.insert(name);
    name
}

fn by_procedure(by: &ByProcedure) -> Authenticator<()> {
    let mut settings = DynamicSettings::new(by.procedure.as_str()).timeout(by.timeout.get());
    if let Some(realm) = by.realm.value() {
        settings = settings.realm(realm.as_str());
    }
    match *by.method {
        ProcedureMethod::Ticket => auth::dynamic_ticket(settings),
        ProcedureMethod::Cra => auth::dynamic_cra(settings),
        ProcedureMethod::Scram => auth::dynamic_scram(settings, ScramOptions::default()),
        ProcedureMethod::Cryptosign => auth::dynamic_cryptosign(settings, CryptosignOptions::default()),
        ProcedureMethod::Anonymous => auth::dynamic_anonymous(settings),
        ProcedureMethod::Transport => auth::dynamic_transport("transport", settings),
    }
}

/// The owners by what `written` makes of their names in the file.
fn owners(named: &Named<Account>, provider: &'static str, written: impl Fn(&str) -> String) -> Owners {
    let owner = |(name, account): (&str, &crate::reading::At<Account>)| {
        let authid = account.authid.as_ref().map_or(name, |authid| authid.as_str());
        let principal = Principal::new(authid).role(account.role.as_str().to_owned());
        (written(name), principal.provider(provider))
    };
    Arc::new(named.iter().map(owner).collect())
}

const fn algorithm_of(algorithm: Algorithm) -> JwtAlgorithm {
    match algorithm {
        Algorithm::Hs256 => JwtAlgorithm::Hs256,
        Algorithm::Hs384 => JwtAlgorithm::Hs384,
        Algorithm::Hs512 => JwtAlgorithm::Hs512,
        Algorithm::Rs256 => JwtAlgorithm::Rs256,
        Algorithm::Rs384 => JwtAlgorithm::Rs384,
        Algorithm::Rs512 => JwtAlgorithm::Rs512,
        Algorithm::Ps256 => JwtAlgorithm::Ps256,
        Algorithm::Ps384 => JwtAlgorithm::Ps384,
        Algorithm::Ps512 => JwtAlgorithm::Ps512,
        Algorithm::Es256 => JwtAlgorithm::Es256,
        Algorithm::Es384 => JwtAlgorithm::Es384,
        Algorithm::EdDsa => JwtAlgorithm::EdDsa,
    }
}
