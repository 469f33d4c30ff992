//! Who may do what in a realm, and why.
//!
//! A role that has permissions is decided by these alone; every other role by what the realm allows everybody. Both are the
//! same structure, `serverwamp_proto::permissions`, so that one function decides and says why. Where no role has permissions,
//! calls are not looked at here at all, and where everybody may publish or subscribe to everything that is one comparison.
//! What no rule of a role names, its authorizer or the realm's decides.

use super::{AccessRequest, Authorizer, Authorizers, Granted, Withheld};
use crate::WampError;
use crate::base::limits::RequestRate;
use hashbrown::HashMap;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::permissions::{Action, Allowance, Decision, Effect, Permissions, Rule};
use serverwamp_proto::{uri, uris};
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
    /// Who decides what no rule names.
    authorizers: Option<Box<Authorizers>>,
    /// Calls are not allowed to everybody.
    checks_calls: bool,
}

/// What a session of a role may have at once; nothing here is above what [`Limits`](crate::Limits) says for everybody.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct RoleLimits {
    pub(crate) calls_in_flight: Option<usize>,
    pub(crate) subscriptions: Option<usize>,
    pub(crate) requests: Option<RequestRate>,
    pub(crate) outgoing_bytes: Option<usize>,
    /// This one is of all sessions of one authid together.
    pub(crate) sessions_per_authid: Option<usize>,
}

/// The decision about something that a session holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    Allowed(Allowance),
    Denied,
    /// No rule names it, and an authorizer decides.
    Undecided,
}

impl Access {
    pub(crate) fn new(roles: HashMap<Box<str>, Permissions>, others: Permissions) -> Self {
        let may_ever = |action| others.may_ever(action) || roles.values().any(|role| role.may_ever(action));
        let (registers, publishes) = (may_ever(Action::Register), may_ever(Action::Publish));
        // Everybody may call everything, unless only listed roles may do anything.
        let checks_calls = !roles.is_empty() || others.is_empty();
        Self { roles, others, registers, publishes, limits: HashMap::new(), authorizers: None, checks_calls }
    }

    /// The same where authorizers decide what no rule of a role names. A role without permissions that has an authorizer,
    /// its own or the realm's, is asked about everything: what the realm allows everybody is not for it.
    pub(crate) fn with_authorizers(mut self, authorizers: Authorizers) -> Self {
        if authorizers.is_empty() {
            return self;
        }
        for role in authorizers.roles.keys() {
            self.roles.entry(role.clone()).or_default();
        }
        if authorizers.realm.is_some() {
            self.others = Permissions::default();
        }
        Self {
            registers: true,
            publishes: true,
            checks_calls: true,
            authorizers: Some(Box::new(authorizers)),
            ..self
        }
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

    /// Whether a role has permissions or an authorizer, or only such roles may do anything. Otherwise everybody may call everything.
    #[inline]
    pub(crate) const fn checks_calls(&self) -> bool {
        self.checks_calls
    }

    /// The authorizers, if there are any.
    #[inline]
    pub(super) fn authorizers(&self) -> Option<&Authorizers> {
        self.authorizers.as_deref()
    }

    /// Returns whether permissions alone decide, so that the same request of the same role is decided the same way again.
    pub(crate) fn has_no_authorizers(&self) -> bool {
        self.authorizers().is_none()
    }

    /// Whether an event of this topic makes the realm forget decisions.
    #[inline]
    pub(crate) fn forgets_on(&self, topic: &str) -> bool {
        self.authorizers.as_deref().is_some_and(|all| all.forget_on.as_deref() == Some(topic))
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

    /// Whether a permission of some role allows this.
    pub(crate) fn some_role_may(&self, action: Action, uri: &str) -> bool {
        self.roles.values().any(|role| role.check(action, uri).is_allowed())
    }

    /// Returns whether permissions or an authorizer decide what this role may do, and not what the realm allows everybody.
    pub(crate) fn is_about(&self, role: &str) -> bool {
        self.has_permissions(role) || self.authorizers().is_some_and(|all| all.of(role).is_some())
    }

    /// Whether this role has permissions, which then are all that it may do.
    pub(crate) fn has_permissions(&self, role: &str) -> bool {
        self.roles.contains_key(role)
    }

    /// Whether a session of any role may subscribe to the topic, or an authorizer may let it.
    pub(crate) fn anybody_may_subscribe(&self, topic: &str) -> bool {
        if self.authorizers.is_some() {
            return true;
        }
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

    /// What the rules of a role leave of an authorizer's allowance: they may name parts of what a pattern can reach.
    pub(super) fn left_of(&self, allowance: Allowance, request: AccessRequest<'_>) -> Allowance {
        let AccessRequest { session, action, form, uri, .. } = request;
        match form {
            Match::Exact => allowance,
            form => {
                let permissions = self.of(session.authrole());
                allowance.and(permissions.allowance_of_parts(action, &UriPattern::new(form, uri)))
            }
        }
    }

    /// What is decided for a role about something that one of its sessions holds.
    pub(super) fn standing(&self, role: &str, action: Action, pattern: &UriPattern) -> Standing {
        let asks = |all: &Authorizers| all.of(role).is_some() && !all.reserve(action, pattern.as_str());
        match self.decide(role, action, pattern.kind(), pattern.as_str()) {
            Decision::NotNamed if self.authorizers().is_some_and(asks) => Standing::Undecided,
            decided => decided.allowance().map_or(Standing::Denied, Standing::Allowed),
        }
    }

    /// What is decided for a role, in words.
    pub(crate) fn why(&self, role: &str, action: Action, form: Match, uri: &str) -> Ruling {
        let by = self.has_permissions(role).then(|| role.into());
        if matches!(action, Action::Register | Action::Publish) && uri::is_reserved(uri) {
            return Ruling(Because::Reserved);
        }
        let authorizers = self.authorizers();
        let reserved = authorizers.is_some_and(|all| all.reserve(action, uri));
        if reserved && by.is_none() {
            return Ruling(Because::PowerOverAuthorizer(role.into()));
        }
        match self.decide(role, action, form, uri) {
            Decision::Allowed { by: rule, .. } | Decision::Denied { by: rule } => {
                Ruling(Because::Rule(by, rule.clone()))
            }
            Decision::NotNamed => match authorizers.and_then(|all| all.of(role)) {
                Some(authorizer) if !reserved => {
                    Ruling(Because::Authorizer(role.into(), authorizer.to_string(), None))
                }
                _ if reserved => Ruling(Because::PowerOverAuthorizer(role.into())),
                _ => Ruling(Because::NotNamed(by)),
            },
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
    /// No rule of this role names it, and whoever may do it has power over an authorizer: none is asked about that.
    PowerOverAuthorizer(Box<str>),
    /// Nobody but the router registers or publishes there.
    Reserved,
    /// [`RouteSet::require_role`](crate::RouteSet::require_role) asks for one of these.
    RoleRequired(Vec<Cow<'static, str>>),
    /// The meta procedure is for [`Realm::administrators`](crate::Realm::administrators), and this role is none of them.
    NoAdministrator(Box<str>),
    /// An authorizer decides for this role, or has decided.
    Authorizer(Box<str>, String, Option<bool>),
}

impl Ruling {
    pub(crate) fn role_required(roles: &[Cow<'static, str>]) -> Self {
        Self(Because::RoleRequired(roles.to_vec()))
    }

    pub(crate) fn no_administrator(role: &str) -> Self {
        Self(Because::NoAdministrator(role.into()))
    }

    /// An authorizer has denied it.
    pub(super) fn denied_by(authorizer: &Authorizer, role: &str) -> Self {
        Self(Because::Authorizer(role.into(), authorizer.to_string(), Some(false)))
    }

    /// The same, once the authorizer has decided.
    ///
    /// # Errors
    /// When it has failed.
    pub(super) fn decided(self, outcome: Result<Granted, Withheld>) -> Result<Self, WampError> {
        let allowed = match outcome {
            Ok(_) => true,
            Err(Withheld::Denied(error)) if error.uri() == uris::error::AUTHORIZATION_FAILED => {
                return Err(error);
            }
            Err(Withheld::Denied(_) | Withheld::Undecided(_)) => false,
        };
        Ok(match self.0 {
            Because::Authorizer(role, authorizer, _) => {
                Self(Because::Authorizer(role, authorizer, Some(allowed)))
            }
            because => Self(because),
        })
    }

    /// Whether it is allowed; not if an authorizer is still to be asked.
    pub fn is_allowed(&self) -> bool {
        match &self.0 {
            Because::Rule(_, rule) => rule.effect != Effect::Deny,
            Because::Authorizer(_, _, decided) => *decided == Some(true),
            Because::NotNamed(_)
            | Because::PowerOverAuthorizer(_)
            | Because::Reserved
            | Because::RoleRequired(_)
            | Because::NoAdministrator(_) => false,
        }
    }

    /// Whether no rule decides it, and an [authorizer](crate::Realm::authorizer) is asked at each request.
    pub fn asks_authorizer(&self) -> bool {
        matches!(self.0, Because::Authorizer(_, _, None))
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
            Because::PowerOverAuthorizer(role) => {
                write!(
                    f,
                    "role {role:?}: no rule names it, and no authorizer is asked who has power over one"
                )
            }
            Because::Reserved => f.write_str("URIs that start with `wamp.` are the router's own"),
            Because::Authorizer(role, authorizer, decided) => {
                let verb = match decided {
                    None => "decides",
                    Some(true) => "allows it",
                    Some(false) => "denies it",
                };
                write!(f, "role {role:?}: no rule names it, {authorizer} {verb}")
            }
            Because::NoAdministrator(role) => {
                write!(f, "role {role:?} is not an administrator, see `Realm::administrators`")
            }
            Because::RoleRequired(roles) => write!(f, "the route requires one of the roles {roles:?}"),
        }
    }
}
