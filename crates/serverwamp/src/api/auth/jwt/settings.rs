//! What tokens have to say, and what becomes of it.

use super::algorithm::JwtAlgorithm;
use super::keys::JwtKeys;
use std::time::Duration;

/// The difference between two clocks that is tolerated.
const LEEWAY: Duration = Duration::from_secs(60);

/// Which tokens are accepted, and whom they let in; for [`jwt`](super::jwt) and [`bearer`](super::bearer).
///
/// A token has to be signed by one of the keys, has to have `exp`, which is not past, no `nbf` ahead, the audience and the issuer
/// asked for, and a claim for the authid. Its algorithm has to be one of its key's kind; `none` is no algorithm.
///
/// ```
/// use serverwamp::auth::{self, JwtKeys, JwtSettings};
/// use serverwamp::Realm;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join("serverwamp-doc-ed25519.pem");
/// # std::fs::write(&path, "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n")?;
/// let settings = JwtSettings::new(JwtKeys::from_file(&path)?)
///     .issuer("https://login.example.com")
///     .audience("chat")
///     .role_from("roles", ["admin", "member"]);
/// let realm: Realm = Realm::new("chat").authenticator(auth::jwt(settings));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct JwtSettings {
    pub(super) keys: JwtKeys,
    pub(super) algorithms: Vec<JwtAlgorithm>,
    pub(super) audiences: Vec<String>,
    issuers: Vec<String>,
    pub(super) leeway: Duration,
    pub(super) authid_claim: String,
    pub(super) role: RoleFrom,
    pub(super) provider: String,
}

/// Where a role comes from.
#[derive(Clone, Debug)]
pub(super) enum RoleFrom {
    Fixed(String),
    Claim { name: String, allowed: Vec<String> },
}

impl JwtSettings {
    /// Tokens signed by one of these keys: any issuer (with [`JwtKeys::discover`] the one that was discovered), no audience, the
    /// authid from `sub`, the role `authenticated`, a leeway of 60 s.
    pub fn new(keys: JwtKeys) -> Self {
        Self {
            keys,
            algorithms: Vec::new(),
            audiences: Vec::new(),
            issuers: Vec::new(),
            leeway: LEEWAY,
            authid_claim: "sub".to_owned(),
            role: RoleFrom::Fixed("authenticated".to_owned()),
            provider: "jwt".to_owned(),
        }
    }

    /// Accepts these algorithms alone. By default, all those that fit the kind of the key: a secret signs with `HS256` (longer ones
    /// with `HS384` and `HS512` as well), an RSA key with `RS*` and `PS*`, one on P-256 with `ES256`, on P-384 with `ES384`, an
    /// Ed25519 key with `EdDSA`. A JWK that names its algorithm is used for that one alone.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = JwtAlgorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Asks for this audience; may be called several times, one of them is enough. Without an audience only tokens that name none
    /// are accepted, because a token for somebody else is not for us (RFC 7519, 4.1.3).
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Asks for this issuer; may be called several times, one of them is enough.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// Tolerates that the issuer's clock differs from ours by so much. Default 60 s: servers without a time service drift by some
    /// seconds, and a token is not worth less a minute after its end.
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Takes the authid from this claim. Default `sub`. Dots lead into claims that are objects.
    pub fn authid_from(mut self, claim: impl Into<String>) -> Self {
        self.authid_claim = claim.into();
        self
    }

    /// Gives everybody with a token this role. Default `authenticated`.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = RoleFrom::Fixed(role.into());
        self
    }

    /// Takes the role from a claim that is text or a list: the first of `allowed` that the claim has. Who has none of them does not
    /// get in, so that whoever writes tokens cannot make up roles. Dots lead into claims that are objects: Keycloak has
    /// `realm_access.roles`.
    pub fn role_from(
        mut self,
        claim: impl Into<String>,
        allowed: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let allowed = allowed.into_iter().map(Into::into).collect();
        self.role = RoleFrom::Claim { name: claim.into(), allowed };
        self
    }

    /// Sets the `authprovider` that WELCOME reports. Default `jwt`.
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = provider.into();
        self
    }

    /// The issuers of which one is asked for; `None`: any.
    pub(super) fn issuers(&self) -> Option<Vec<&str>> {
        let named: Vec<&str> = self.issuers.iter().map(String::as_str).collect();
        if named.is_empty() { self.keys.issuer().map(|issuer| vec![issuer]) } else { Some(named) }
    }
}
