//! What the clients of a realm may do: everybody, and the sessions of single roles.

use super::Realm;
use super::roles::{self, PlacedRule, ReservedUris, RoleRules};
use crate::api::routes::{RoutePattern, prefix};
use crate::base::error::Problem;
use crate::base::limits::Limits;
use crate::router::realm::{Access, Disclosure, RoleLimits};
use hashbrown::HashMap;
use serverwamp_proto::pattern::UriPattern;
use serverwamp_proto::permissions::{Action, Actions, Permissions, Rule};
use serverwamp_proto::uri::UriRules;
use std::borrow::Cow;
use std::panic::Location;

/// What the clients of a realm may do, as it is put together.
#[derive(Default)]
pub(super) struct AccessRules {
    /// What everybody may whose role has no permissions.
    everybody: Vec<PlacedRule>,
    roles: Vec<(Cow<'static, str>, RoleRules)>,
    /// Roles without permissions may do nothing.
    listed_roles_only: bool,
    /// Roles that somebody must be able to get.
    wanted: Vec<roles::Wanted>,
}

impl<S: Send + Sync + 'static> Realm<S> {
    /// Lets clients register procedures. Otherwise they are refused with `wamp.error.not_authorized`.
    ///
    /// This is for roles without [permissions](Self::role) of their own, and without an [authorizer](Self::authorizer).
    #[track_caller]
    pub fn allow_register(self) -> Self {
        self.allow_register_of(prefix(""))
    }

    /// Lets clients register these procedures: a URI, [`prefix`] or [`wildcard`](crate::wildcard), and all that is within.
    ///
    /// ```
    /// use serverwamp::{Realm, prefix};
    ///
    /// let realm: Realm = Realm::new("site").allow_anonymous("device").allow_register_of(prefix("device."));
    /// ```
    #[track_caller]
    pub fn allow_register_of(mut self, procedures: impl Into<RoutePattern>) -> Self {
        let rule = PlacedRule::of_realm(Actions::REGISTER, procedures, Location::caller());
        self.access.everybody.push(rule);
        self
    }

    /// Lets clients publish events, and subscribe to every topic. Otherwise publishers are refused with
    /// `wamp.error.not_authorized`.
    ///
    /// This is for roles without [permissions](Self::role) of their own, and without an [authorizer](Self::authorizer).
    #[track_caller]
    pub fn allow_publish(self) -> Self {
        self.allow_publish_to(prefix(""))
    }

    /// Lets clients publish to these topics, a URI, [`prefix`] or [`wildcard`](crate::wildcard), and subscribe to them.
    ///
    /// ```
    /// use serverwamp::{Realm, prefix};
    ///
    /// let realm: Realm = Realm::new("site").allow_anonymous("guest").allow_publish_to(prefix("chat."));
    /// ```
    #[track_caller]
    pub fn allow_publish_to(mut self, topics: impl Into<RoutePattern>) -> Self {
        let actions = Actions::PUBLISH | Actions::SUBSCRIBE;
        self.access.everybody.push(PlacedRule::of_realm(actions, topics, Location::caller()));
        self
    }

    /// Offers the meta API: the procedures and events in `wamp.session.`, `wamp.registration.`, `wamp.subscription.`.
    ///
    /// It shows every session's authid and role to every other session, so a realm made by [`new`](Self::new) does not
    /// have it unless told so. A role with [permissions](Self::role) needs one for what it calls and subscribes to of it;
    /// such a permission in a realm without the meta API is an error of [`build`](crate::ApplicationBuilder::build).
    pub fn meta_api(mut self) -> Self {
        self.offers.meta_api = true;
        self
    }

    /// The roles that may end other sessions (`wamp.session.kill`…) and take registrations and subscriptions away
    /// through the meta API. Nobody may by default.
    ///
    /// A role with [permissions](Self::role) needs one to call these procedures, too.
    #[track_caller]
    pub fn administrators<R: Into<Cow<'static, str>>>(
        mut self,
        authroles: impl IntoIterator<Item = R>,
    ) -> Self {
        let place = Location::caller();
        let authroles: Vec<Cow<'static, str>> = authroles.into_iter().map(Into::into).collect();
        authroles.iter().cloned().for_each(|authrole| self.speak_of(authrole, place));
        self.offers.administrators.extend(authroles);
        self
    }

    /// Whether callers and publishers are made known to those they reach; by default when they ask for it.
    pub fn disclosure(mut self, disclosure: Disclosure) -> Self {
        self.offers.disclosure = disclosure;
        self
    }

    /// Whether a client that registers with `force_reregister`, as clients of Crossbar.io do, takes the registration over from
    /// another session of its authid and role. By default it does.
    ///
    /// A callee that comes back after a cut gets its procedures at once then, and not when the router has noticed that its former
    /// session is dead. Such sessions could take each other's place anyway, one after the other. Switch it off where clients that do
    /// not trust each other share an authid and a role.
    ///
    /// The former callee gets UNREGISTERED `wamp.error.unregistered`, and its calls of the procedure end with `wamp.error.canceled`, as
    /// if it had left. Anonymous sessions take nothing over, and nothing is taken over from the application or out of a shared
    /// registration: the answer is `wamp.error.procedure_already_exists`.
    pub fn force_reregister(mut self, allowed: bool) -> Self {
        self.offers.no_takeover = !allowed;
        self
    }

    /// Says what the sessions of a role may do; see [`RoleRules`]. May be called several times, also for the same role.
    ///
    /// A role that has permissions may do what these allow, and nothing else: not what
    /// [`allow_register`](Self::allow_register) and its like allow, and nothing of the [meta API](Self::meta_api), unless a
    /// permission names it. A topic that it may subscribe to needs no handler. Roles without permissions call every
    /// procedure, subscribe to the topics that are open, and register and publish what the realm allows.
    ///
    /// A denied request is answered with `wamp.error.not_authorized` before anything else is looked at, so it does not tell
    /// what exists. [`RealmHandle::why`](crate::RealmHandle::why) names the permission that decides, and so does the log at
    /// DEBUG.
    ///
    /// ```
    /// use serverwamp::{Actions, Realm, prefix};
    ///
    /// let site: Realm = Realm::router("site")
    ///     .allow_anonymous("visitor")
    ///     .role("visitor", |role| role.allow(Actions::CALL | Actions::SUBSCRIBE, prefix("public.")));
    /// ```
    #[track_caller]
    pub fn role(
        mut self,
        authrole: impl Into<Cow<'static, str>>,
        permit: impl FnOnce(RoleRules) -> RoleRules,
    ) -> Self {
        let (authrole, place) = (authrole.into(), Location::caller());
        self.speak_of(authrole.clone(), place);
        let mut role = permit(RoleRules::default());
        if let Some((procedure, place)) = role.authorizer.take() {
            self.authorizers.procedure_of_role(authrole.clone(), procedure, place);
            if role.is_empty() {
                return self;
            }
        }
        if role.is_empty() {
            let text = format!(
                "role {authrole:?} is given no permission, so it may do what everybody may: leave `Realm::role` out, or deny \
                 what it may not do, `deny(Actions::ALL, prefix(\"\"))` for everything"
            );
            self.problems.push(Problem::new(place, text));
        }
        match self.access.roles.iter_mut().find(|(known, _)| *known == authrole) {
            Some((_, known)) => known.merge(role),
            None => self.access.roles.push((authrole, role)),
        }
        self
    }

    /// Lets roles without [permissions](Self::role) do nothing: what is not listed is not allowed, also to a role that was forgotten.
    /// An [authorizer](Self::authorizer) of the realm is asked about them.
    ///
    /// Without it such a role calls every procedure and subscribes to the topics that are open, and
    /// [`allow_register`](Self::allow_register) and its like are for it; these have no effect then.
    ///
    /// ```
    /// use serverwamp::{Actions, Realm, prefix};
    ///
    /// let shop: Realm = Realm::new("shop")
    ///     .allow_anonymous("visitor")
    ///     .role("clerk", |role| role.allow(Actions::ALL, prefix("shop.")))
    ///     .listed_roles_only();
    /// ```
    pub fn listed_roles_only(mut self) -> Self {
        self.access.listed_roles_only = true;
        self
    }

    /// Notes a role that somebody has to be able to get.
    pub(super) fn speak_of(&mut self, authrole: Cow<'static, str>, place: &'static Location<'static>) {
        match roles::problem(&self.name, &authrole, place) {
            Some(problem) => self.problems.push(problem),
            None => self.access.wanted.push((authrole, place)),
        }
    }
}

impl AccessRules {
    /// What a realm runs with, in which everybody may subscribe to `topics` as well; what is wrong goes to `problems`.
    pub(super) fn compile(
        self,
        topics: impl IntoIterator<Item = UriPattern>,
        reserved: ReservedUris,
        rules: &UriRules,
        limits_of_all: &Limits,
        problems: &mut Vec<Problem>,
    ) -> Access {
        let everything = || UriPattern::prefix("");
        let mut everybody = vec![Rule::allow(Actions::CALL, everything())];
        everybody.extend(self.everybody.iter().filter_map(|rule| rule.checked(rules, reserved, problems)));
        let all_topics =
            |rule: &Rule| rule.actions.contains(Action::Subscribe) && rule.pattern == everything();
        if !everybody.iter().any(all_topics) {
            everybody.extend(topics.into_iter().map(|topic| Rule::allow(Actions::SUBSCRIBE, topic)));
            if reserved.meta_api {
                everybody.push(Rule::allow(Actions::SUBSCRIBE, UriPattern::prefix("wamp.")));
            }
        }
        if self.listed_roles_only {
            everybody.clear();
        }
        let (mut roles, mut limits) = (HashMap::new(), HashMap::new());
        for (name, role) in &self.roles {
            limits.insert(Box::from(&**name), role.limits.compile(name, limits_of_all, problems));
            let permissions = role.compile(name, rules, reserved, problems);
            if !permissions.is_empty() {
                roles.insert(Box::from(&**name), permissions);
            }
        }
        limits.retain(|_, limits| *limits != RoleLimits::default());
        Access::new(roles, Permissions::new(everybody)).with_limits(limits)
    }

    /// What is wrong in the realm `name` because its only role is `anonymous`: other roles that have been spoken of, which
    /// nobody can get, and limits that count authids.
    pub(super) fn problems_of_only_role(
        &self,
        name: &str,
        anonymous: Option<&str>,
        required: &[roles::Wanted],
    ) -> Vec<Problem> {
        let nobodys = self.wanted.iter().chain(required).filter(|(role, _)| Some(&**role) != anonymous);
        let only = match anonymous {
            Some(anonymous) => format!("its only role is {anonymous:?}, of `allow_anonymous`"),
            None => "it lets nobody in".to_owned(),
        };
        let text =
            |role: &str| format!("realm {name:?} speaks of the role {role:?}, which nobody can get: {only}");
        let alone = self.roles.iter().filter(|(role, _)| Some(&**role) == anonymous);
        let uncounted = alone.flat_map(|(role, rules)| rules.limits.among_anonymous(role));
        nobodys.map(|(role, place)| Problem::new(place, text(role))).chain(uncounted).collect()
    }
}
