//! Who may do what in a realm, and why.
//!
//! A role that has permissions is decided by these alone; every other role by what the realm allows everybody. Both are the
//! same structure, `serverwamp_proto::permissions`, so that one function decides and says why. Where no role has permissions,
//! calls are not looked at here at all, and where everybody may publish or subscribe to everything that is one comparison.

use hashbrown::HashMap;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::permissions::{Action, Decision, Permissions, Rule};
use serverwamp_proto::uri;
use std::borrow::Cow;
use std::fmt;

/// What the roles of a realm may do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// The roles that have permissions.
    roles: HashMap<Box<str>, Permissions>,
    /// What every other role may do.
    others: Permissions,
    registers: bool,
    publishes: bool,
    /// The roles that have limits of their own.
    limits: HashMap<Box<str>, RoleLimits>,
}

/// What a session of a role may have at once; nothing here is above what [`Limits`](crate::Limits) says for everybody.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct RoleLimits {
    pub(crate) calls_in_flight: Option<usize>,
    pub(crate) subscriptions: Option<usize>,
}

impl Access {
    pub(crate) fn new(roles: HashMap<Box<str>, Permissions>, others: Permissions) -> Self {
        let may_ever = |action| others.may_ever(action) || roles.values().any(|role| role.may_ever(action));
        let (registers, publishes) = (may_ever(Action::Register), may_ever(Action::Publish));
        Self { roles, others, registers, publishes, limits: HashMap::new() }
    }

    /// The same with limits for roles.
    pub(crate) fn with_limits(self, limits: HashMap<Box<str>, RoleLimits>) -> Self {
        Self { limits, ..self }
    }

    /// The limits of a role, which has none of its own in most realms.
    #[inline]
    pub(crate) fn limits_of(&self, role: &str) -> RoleLimits {
        if self.limits.is_empty() {
            return RoleLimits::default();
        }
        self.limits.get(role).copied().unwrap_or_default()
    }

    /// Whether any role has permissions. Otherwise everybody may call everything.
    #[inline]
    pub(crate) fn has_roles(&self) -> bool {
        !self.roles.is_empty()
    }

    /// Whether clients of any role may register something.
    pub(crate) const fn registers(&self) -> bool {
        self.registers
    }

    /// Whether clients of any role may publish something.
    pub(crate) const fn publishes(&self) -> bool {
        self.publishes
    }

    /// Whether payloads that only endpoints understand pass here; where no client reaches another there are none.
    pub(crate) const fn offers_passthru(&self) -> bool {
        self.registers || self.publishes
    }

    /// Whether this role has permissions, which then are all that it may do.
    pub(crate) fn has_permissions(&self, role: &str) -> bool {
        self.roles.contains_key(role)
    }

    /// Whether a session of any role may subscribe to the topic.
    pub(crate) fn anybody_may_subscribe(&self, topic: &str) -> bool {
        let may = |permissions: &Permissions| permissions.check(Action::Subscribe, topic).is_allowed();
        may(&self.others) || self.roles.values().any(may)
    }

    /// What is decided for a role.
    #[inline]
    pub(crate) fn decide(&self, role: &str, action: Action, form: Match, uri: &str) -> Decision<'_> {
        let permissions = self.of(role);
        match form {
            Match::Exact => permissions.check(action, uri),
            form => permissions.check_pattern(action, &UriPattern::new(form, uri)),
        }
    }

    /// The same in words.
    pub(crate) fn why(&self, role: &str, action: Action, form: Match, uri: &str) -> Ruling {
        let by = self.has_permissions(role).then(|| role.into());
        if matches!(action, Action::Register | Action::Publish) && uri::is_reserved(uri) {
            return Ruling(Because::Reserved);
        }
        match self.decide(role, action, form, uri) {
            Decision::Allowed { by: rule, .. } | Decision::Denied { by: rule } => {
                Ruling(Because::Rule(by, rule.clone()))
            }
            Decision::NotNamed => Ruling(Because::NotNamed(by)),
        }
    }

    #[inline]
    fn of(&self, role: &str) -> &Permissions {
        if self.roles.is_empty() {
            return &self.others;
        }
        self.roles.get(role).unwrap_or(&self.others)
    }
}

/// Whether something is allowed, and which rule decides; from [`RealmHandle::why`](crate::RealmHandle::why).
///
/// As text it names the rule: `role "customer": deny call of prefix "shop.internal."`.
#[derive(Clone, Debug)]
pub struct Ruling(Because);

#[derive(Clone, Debug)]
enum Because {
    /// A rule of this role decides, or one of the realm.
    Rule(Option<Box<str>>, Rule),
    NotNamed(Option<Box<str>>),
    /// Nobody but the router registers or publishes there.
    Reserved,
    /// [`RouteSet::require_role`](crate::RouteSet::require_role) asks for one of these.
    RoleRequired(Vec<Cow<'static, str>>),
}

impl Ruling {
    pub(crate) fn role_required(roles: &[Cow<'static, str>]) -> Self {
        Self(Because::RoleRequired(roles.to_vec()))
    }

    /// Whether it is allowed.
    pub fn is_allowed(&self) -> bool {
        matches!(&self.0, Because::Rule(_, rule) if rule.effect != serverwamp_proto::permissions::Effect::Deny)
    }
}

impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = |by: &Option<Box<str>>| match by {
            Some(role) => format!("role {role:?}"),
            None => "the realm".to_owned(),
        };
        match &self.0 {
            Because::Rule(by, rule) => write!(f, "{}: {rule}", whose(by)),
            Because::NotNamed(by) => write!(f, "{}: no rule names it", whose(by)),
            Because::Reserved => f.write_str("URIs that start with `wamp.` are the router's own"),
            Because::RoleRequired(roles) => write!(f, "the route requires one of the roles {roles:?}"),
        }
    }
}
