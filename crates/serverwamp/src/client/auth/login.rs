//! The proofs of identity that the application gives a client.

use serverwamp_proto::auth::Secret;
#[cfg(feature = "cryptosign")]
use serverwamp_proto::auth::cryptosign::{CryptosignKey, CryptosignPublicKey};
use serverwamp_proto::auth::method;
use std::fmt;
#[cfg(feature = "cryptosign")]
use std::sync::Arc;

/// The identity that a client claims, and the methods by which it can prove it. The router chooses among the methods.
///
/// ```
/// use serverwamp::client::Login;
///
/// let joe = Login::new("joe").cra("s3cret").ticket("s3cret");
/// ```
///
/// A realm that wants two proofs, one after the other, gets both if both are here. `Debug` prints no secret.
#[derive(Clone, Default)]
#[must_use = "credentials prove nothing before a client has them"]
pub struct Login {
    pub(super) authid: Option<String>,
    pub(super) role: Option<String>,
    pub(super) methods: Vec<ClientMethod>,
    pub(super) bound: bool,
    /// KiB that a router may make Argon2 take, if the application has set it.
    #[cfg(feature = "scram")]
    pub(super) scram_memory: Option<u32>,
    #[cfg(feature = "cryptosign")]
    pub(super) router_key: Option<CryptosignPublicKey>,
}

/// One method of authentication.
#[derive(Clone)]
pub(super) enum ClientMethod {
    /// By this name, and without a challenge.
    Unchallenged(String),
    Ticket(Secret),
    Cra(Secret),
    #[cfg(feature = "scram")]
    Scram {
        password: Secret,
        cheap: bool,
    },
    #[cfg(feature = "cryptosign")]
    Cryptosign(Arc<CryptosignKey>),
}

impl Login {
    /// A login of the user `authid`, without a proof yet.
    pub fn new(authid: impl Into<String>) -> Self {
        Self { authid: Some(authid.into()), ..Self::default() }
    }

    /// A login without a name. A router that takes no anonymous clients may still know the connection, by a cookie or a
    /// certificate, or the public key of [`cryptosign`](Self::cryptosign).
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Asks for this role; a router is free to give another one.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Offers a ticket, which is sent as it is.
    pub fn ticket(self, ticket: impl Into<Secret>) -> Self {
        self.with(ClientMethod::Ticket(ticket.into()))
    }

    /// Offers WAMP-CRA with this secret, or with this password if the router salts.
    ///
    /// Deriving a key from a password takes as long as the router's salting asks for; more than ten million iterations are refused.
    pub fn cra(self, secret: impl Into<Secret>) -> Self {
        self.with(ClientMethod::Cra(secret.into()))
    }

    /// Offers WAMP-SCRAM with this password. The router has to prove that it knows the password's verifier, or there is no session.
    #[cfg(feature = "scram")]
    pub fn scram(self, password: impl Into<Secret>) -> Self {
        self.with(ClientMethod::Scram { password: password.into(), cheap: false })
    }

    /// As [`scram`](Self::scram), and answers routers whose key derivation is cheaper than RFC 7677 demands (4096 iterations of
    /// PBKDF2) or fills less than 16 MiB with Argon2. A false router could guess a weak password from such an answer.
    #[cfg(feature = "scram")]
    pub fn cheap_scram(self, password: impl Into<Secret>) -> Self {
        self.with(ClientMethod::Scram { password: password.into(), cheap: true })
    }

    /// Lets the router ask for Argon2 with up to so many MiB of memory in SCRAM, 256 by default, and for 16 times as much in all passes
    /// together: for verifiers that were made with more. Whoever answers at the address can ask for that much before it has proved
    /// anything. No verifier takes more than 1024.
    #[cfg(feature = "scram")]
    pub fn scram_memory(mut self, mebibytes: u32) -> Self {
        self.scram_memory = Some(mebibytes.saturating_mul(1024));
        self
    }

    /// Offers WAMP-cryptosign with this private key.
    #[cfg(feature = "cryptosign")]
    pub fn cryptosign(self, key: CryptosignKey) -> Self {
        self.with(ClientMethod::Cryptosign(Arc::new(key)))
    }

    /// Demands that the router proves by cryptosign that it has the private key to this one.
    #[cfg(feature = "cryptosign")]
    pub fn router_key(mut self, key: CryptosignPublicKey) -> Self {
        self.router_key = Some(key);
        self
    }

    /// Offers a method that asks nothing of the client, by its name: `tls`, `cookie`, `anonymous`. Needed beside others only, because a
    /// client that names methods is recognized by those alone.
    pub fn unchallenged(self, method: impl Into<String>) -> Self {
        self.with(ClientMethod::Unchallenged(method.into()))
    }

    /// Binds SCRAM and cryptosign to the TLS connection (`tls-exporter`), so that a proof is worth nothing to somebody in the middle.
    /// The router has to hold the TLS connection itself, which is not so behind a proxy that ends it. Needs TLS 1.3, or TLS 1.2 with an
    /// extended master secret, which all but old libraries have.
    pub fn bound_to_tls(mut self) -> Self {
        self.bound = true;
        self
    }

    /// Checks that it can prove something, on a connection with or without TLS.
    ///
    /// # Errors
    /// What is missing.
    pub(in crate::client) fn check(&self, secure: bool) -> Result<(), String> {
        if let (Some(authid), []) = (&self.authid, &*self.methods) {
            return Err(format!(
                "the login of {authid:?} has no method: add `.ticket(..)`, `.cra(..)` or another, or write `Login::anonymous()`"
            ));
        }
        if self.bound && !secure {
            let text =
                "the login is bound to TLS, and the connection is without: connect to wss:// or rss://";
            return Err(text.to_owned());
        }
        Ok(())
    }

    fn with(mut self, method: ClientMethod) -> Self {
        self.methods.push(method);
        self
    }
}

impl ClientMethod {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Unchallenged(name) => name,
            Self::Ticket(_) => method::TICKET,
            Self::Cra(_) => method::WAMPCRA,
            #[cfg(feature = "scram")]
            Self::Scram { .. } => method::WAMP_SCRAM,
            #[cfg(feature = "cryptosign")]
            Self::Cryptosign(_) => method::CRYPTOSIGN,
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<&str> = self.methods.iter().map(ClientMethod::name).collect();
        f.debug_struct("Login")
            .field("authid", &self.authid)
            .field("methods", &methods)
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}
