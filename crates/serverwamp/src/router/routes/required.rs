//! The roles that a route is for.

use std::borrow::Cow;
use std::sync::Arc;

/// The roles whose sessions a route is for; by default all.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequiredRoles(Option<Arc<[Cow<'static, str>]>>);

impl RequiredRoles {
    /// These roles alone.
    pub(crate) fn one_of(roles: impl IntoIterator<Item = Cow<'static, str>>) -> Self {
        Self(Some(roles.into_iter().collect()))
    }

    /// The roles that are required, if any are.
    pub(crate) fn roles(&self) -> Option<&[Cow<'static, str>]> {
        self.0.as_deref()
    }

    #[inline]
    pub(crate) fn admits(&self, role: &str) -> bool {
        self.roles().is_none_or(|roles| roles.iter().any(|one| one == role))
    }
}
