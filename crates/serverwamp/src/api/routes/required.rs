//! Routes that are for the sessions of some roles.

use super::RouteSet;
use crate::base::error::Problem;
use crate::router::routes::RequiredRoles;
use std::borrow::Cow;
use std::panic::Location;

/// The roles that a route requires one of, and where that stands.
#[derive(Clone, Debug)]
pub(crate) struct Required {
    roles: Vec<Cow<'static, str>>,
    place: &'static Location<'static>,
}

impl<S: Send + Sync + 'static> RouteSet<S> {
    /// Keeps every procedure and topic that stands above this line for sessions of this role; others are refused with
    /// `wamp.error.not_authorized`.
    ///
    /// What a role's own [permissions](crate::Realm::role) deny stays denied. Unlike these, a route tells whoever is refused
    /// that it is there.
    ///
    /// ```
    /// use serverwamp::RouteSet;
    /// # async fn restart() {}
    ///
    /// let admin: RouteSet = RouteSet::new().procedure("restart", restart).open_topic("alerts").require_role("admin");
    /// let routes = RouteSet::new().nest("admin.", admin);
    /// ```
    #[track_caller]
    pub fn require_role(self, authrole: impl Into<Cow<'static, str>>) -> Self {
        self.require(vec![authrole.into()], Location::caller())
    }

    /// As [`require_role`](Self::require_role), for the sessions of several roles.
    #[track_caller]
    pub fn require_one_of<R: Into<Cow<'static, str>>>(self, authroles: impl IntoIterator<Item = R>) -> Self {
        self.require(authroles.into_iter().map(Into::into).collect(), Location::caller())
    }

    fn require(mut self, roles: Vec<Cow<'static, str>>, place: &'static Location<'static>) -> Self {
        let procedures = self.procedures.iter_mut().map(|route| &mut route.required);
        let all = procedures.chain(self.topics.0.iter_mut().map(|route| &mut route.required));
        let mut nobody_is_left = roles.is_empty();
        for required in all {
            let both = |former: Required| -> Vec<_> {
                former.roles.into_iter().filter(|role| roles.contains(role)).collect()
            };
            let left = required.take().map_or_else(|| roles.clone(), both);
            nobody_is_left |= left.is_empty();
            *required = Some(Required { roles: left, place });
        }
        if nobody_is_left {
            let text = format!(
                "one of the roles {roles:?} is required of routes, and nobody has one that these routes are for: a session \
                 has one role"
            );
            self.problems.push(Problem::new(place, text));
        }
        self
    }

    /// Every role that is required somewhere, and where.
    pub(crate) fn required_roles(&self) -> Vec<(Cow<'static, str>, &'static Location<'static>)> {
        let procedures = self.procedures.iter().filter_map(|route| route.required.as_ref());
        let all = procedures.chain(self.topics.0.iter().filter_map(|route| route.required.as_ref()));
        let mut roles: Vec<_> = all
            .flat_map(|required| required.roles.iter().map(|role| (role.clone(), required.place)))
            .collect();
        roles.sort_by(|(one, a), (other, b)| (a.line(), a.file(), one).cmp(&(b.line(), b.file(), other)));
        roles.dedup();
        roles
    }
}

/// As a running realm asks it.
pub(super) fn compiled(required: Option<&Required>) -> RequiredRoles {
    required.map_or_else(RequiredRoles::default, |required| RequiredRoles::one_of(required.roles.clone()))
}
