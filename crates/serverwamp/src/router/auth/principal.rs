//! The principal of an authenticated peer.

use serverwamp_proto::codec::{Dict, Value};
use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// An authenticated peer: the identity that WELCOME reports, and a value of the application's own.
#[derive(Clone)]
pub struct Principal {
    pub(crate) authid: String,
    pub(crate) authrole: Cow<'static, str>,
    pub(crate) authmethod: Cow<'static, str>,
    pub(crate) authprovider: Cow<'static, str>,
    identity: Option<Arc<dyn Any + Send + Sync>>,
    /// `WELCOME.Details.authextra`; most principals have none.
    authextra: Option<Box<Dict>>,
    expiry: Option<Expiry>,
    /// A procedure of a client proved it.
    proved_by_procedure: bool,
}

/// When what proved a principal expires.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expiry {
    At(SystemTime),
    After(Duration),
}

impl Principal {
    /// A principal with this authid and no role yet.
    ///
    /// Its role is `"authenticated"` unless [`role`](Self::role) says otherwise, its provider `"application"`.
    pub fn new(authid: impl Into<String>) -> Self {
        Self {
            authid: authid.into(),
            authrole: "authenticated".into(),
            authmethod: "".into(),
            authprovider: "application".into(),
            identity: None,
            authextra: None,
            expiry: None,
            proved_by_procedure: false,
        }
    }

    /// The principal of an authid that nobody has. Its role is a text of its own, as that of most users, so that dropping it takes
    /// as long.
    pub(crate) fn nobody(authid: &str) -> Self {
        Self::new(authid).role("authenticated".to_owned())
    }

    /// Sets the role.
    #[must_use]
    pub fn role(mut self, authrole: impl Into<Cow<'static, str>>) -> Self {
        self.authrole = authrole.into();
        self
    }

    /// Sets the provider: where the identity was looked up.
    #[must_use]
    pub fn provider(mut self, authprovider: impl Into<Cow<'static, str>>) -> Self {
        self.authprovider = authprovider.into();
        self
    }

    /// Attaches a value of any type; handlers take it as [`Identity<U>`](crate::extract::Identity).
    #[must_use]
    pub fn identity<U: Send + Sync + 'static>(mut self, identity: U) -> Self {
        self.identity = Some(Arc::new(identity));
        self
    }

    /// Adds an entry to `authextra` of WELCOME, such as the router's own proof.
    #[must_use]
    pub fn authextra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.authextra.get_or_insert_default().insert(name.into(), value.into());
        self
    }

    /// Says when that which proved the identity expires: a token, a certificate, a login.
    ///
    /// The session ends then, or stays, as the realm is configured. The time that is left is measured at WELCOME; changes of
    /// the system's clock after that do not count. By default nothing expires.
    #[must_use]
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.expiry = Some(Expiry::At(time));
        self
    }

    /// As [`expires_at`](Self::expires_at), counted from WELCOME.
    #[must_use]
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.expiry = Some(Expiry::After(time));
        self
    }

    /// The authid.
    pub fn authid(&self) -> &str {
        &self.authid
    }

    /// The role.
    pub fn authrole(&self) -> &str {
        &self.authrole
    }

    /// The method that proved it; empty until it has.
    pub fn authmethod(&self) -> &str {
        &self.authmethod
    }

    /// The provider.
    pub fn authprovider(&self) -> &str {
        &self.authprovider
    }

    pub(crate) fn proved_by(mut self, method: Cow<'static, str>) -> Self {
        self.authmethod = method;
        self
    }

    /// A procedure of a client said that this is who the peer is.
    pub(crate) fn said_by_procedure(mut self) -> Self {
        self.proved_by_procedure = true;
        self
    }

    /// Returns whether a procedure of a client had a say in this.
    pub(crate) fn is_said_by_procedure(&self) -> bool {
        self.proved_by_procedure
    }

    /// `WELCOME.Details.authextra`.
    pub(crate) fn authextra_of_welcome(&self) -> Option<&Dict> {
        self.authextra.as_deref()
    }

    /// The time that is left until it expires, if it does: none at all if it has.
    #[expect(
        clippy::disallowed_methods,
        reason = "tokens expire by the calendar; the time left is measured once"
    )]
    pub(crate) fn time_left(&self) -> Option<Duration> {
        match self.expiry? {
            Expiry::At(time) => Some(time.duration_since(SystemTime::now()).unwrap_or_default()),
            Expiry::After(time) => Some(time),
        }
    }

    /// This principal, which somebody proved by another method before: with both proofs' `authextra`, and the time of the
    /// proof that expires first. Its role, provider and identity stay.
    pub(crate) fn after(mut self, earlier: &Self) -> Self {
        if let Some(former) = &earlier.authextra {
            let mut merged = former.clone();
            for (name, value) in self.authextra.iter().flat_map(|own| own.iter()) {
                merged.insert(name.to_owned(), value.clone());
            }
            self.authextra = Some(merged);
        }
        self.proved_by_procedure |= earlier.proved_by_procedure;
        let ours = self.time_left();
        if earlier.time_left().is_some_and(|former| ours.is_none_or(|ours| former < ours)) {
            self.expiry = earlier.expiry;
        }
        self
    }

    pub(crate) fn identity_value(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.identity.as_ref()
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("authid", &self.authid)
            .field("authrole", &self.authrole)
            .field("authmethod", &self.authmethod)
            .field("authprovider", &self.authprovider)
            .finish_non_exhaustive()
    }
}
