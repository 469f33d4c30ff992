//! The principal of an authenticated peer.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// An authenticated peer: the identity that WELCOME reports, and a value of the application's own.
#[derive(Clone)]
pub struct Principal {
    pub(crate) authid: String,
    pub(crate) authrole: Cow<'static, str>,
    pub(crate) authmethod: Cow<'static, str>,
    pub(crate) authprovider: Cow<'static, str>,
    identity: Option<Arc<dyn Any + Send + Sync>>,
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
        }
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
