//! Roles: what one can look like, and what it may do.

use super::role_limits::PlacedLimits;
use crate::api::routes::RoutePattern;
use crate::base::error::Problem;
use crate::peering::{Compiled, PatternShape};
use crate::router::meta;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::permissions::{Action, Actions, Allowance, Effect, Permissions, Rule};
use serverwamp_proto::uri::{self, UriRules};
use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

/// What the sessions of one role may do; see [`Realm::role`](crate::Realm::role).
///
/// Each permission names actions and the URIs they are for: a URI, [`prefix`](crate::prefix) or
/// [`wildcard`](crate::wildcard). Of several that match a URI the **most specific** decides, the one that matches fewest: an
/// exact URI before any pattern, a longer prefix before a shorter one, `wildcard("shop..internal")` before `prefix("shop.")`.
/// Where none of those that match is within another, a denial wins. The order in which they are written says nothing. Once a
/// role has a permission, **what none names is denied**.
///
/// No character of a URI stands for others: a permission for `"shop.*"` is an error of `build`, which says to write
/// `prefix("shop.")`. So is a role without any permission, `|role| role`, because it would be allowed what everybody is; a
/// role that may do nothing is written `deny(Actions::ALL, prefix(""))`.
///
/// SUBSCRIBE and REGISTER by pattern need the permission for every URI that the pattern can reach.
///
/// A role can also have less than everybody of what [`Limits`](crate::Limits) limits, with or without permissions:
/// [`calls_in_flight`](Self::calls_in_flight) and the methods after it. A limit above that of everybody is an error of `build`.
///
/// ```
/// use serverwamp::{Actions, Allowance, Realm, prefix, wildcard};
///
/// let shop: Realm = Realm::new("shop").allow_anonymous("customer").role("customer", |role| {
///     role.allow(Actions::CALL | Actions::SUBSCRIBE, prefix("shop."))
///         .deny(Actions::ALL, wildcard("shop..internal"))
///         .allow_with(Actions::PUBLISH, "shop.chat", Allowance { retain: false, ..Allowance::FULL })
/// });
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RoleRules {
    rules: Vec<PlacedRule>,
    /// The procedure that decides what no rule names.
    pub(super) authorizer: Option<(String, &'static Location<'static>)>,
    pub(super) limits: PlacedLimits,
}

#[derive(Clone)]
pub(super) struct PlacedRule {
    pattern: RoutePattern,
    actions: Actions,
    effect: Effect,
    place: &'static Location<'static>,
}

/// What a realm has at the URIs that start with `wamp.`, where nobody but the router registers and publishes.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReservedUris {
    /// The procedures and the events of the meta API.
    pub(super) meta_api: bool,
    /// A service takes calls of all URIs.
    pub(super) all_calls: bool,
}

impl ReservedUris {
    /// Returns whether the router or the service can have something there.
    fn can_be(self, action: Action, pattern: &UriPattern) -> bool {
        let names: &[&str] = match action {
            Action::Call if self.all_calls => return true,
            Action::Call => &meta::PROCEDURES,
            Action::Subscribe => &meta::TOPICS,
            Action::Register | Action::Publish => &[],
        };
        names.iter().any(|name| pattern.matches(name))
    }
}

impl RoleRules {
    /// Allows these actions for these URIs, with all that belongs to them.
    #[track_caller]
    pub fn allow(self, actions: Actions, pattern: impl Into<RoutePattern>) -> Self {
        self.rule(actions, pattern.into(), Effect::Allow(Allowance::FULL), Location::caller())
    }

    /// Allows these actions for these URIs, but withholds a part of what belongs to them.
    #[track_caller]
    pub fn allow_with(
        self,
        actions: Actions,
        pattern: impl Into<RoutePattern>,
        allowance: Allowance,
    ) -> Self {
        self.rule(actions, pattern.into(), Effect::Allow(allowance), Location::caller())
    }

    /// Denies these actions for these URIs.
    #[track_caller]
    pub fn deny(self, actions: Actions, pattern: impl Into<RoutePattern>) -> Self {
        self.rule(actions, pattern.into(), Effect::Deny, Location::caller())
    }

    /// Lets a procedure that a client registers decide what none of these permissions names, as
    /// [`Realm::authorizer_procedure`](crate::Realm::authorizer_procedure) does for the realm; a role that has nothing else is
    /// asked about everything. [`Realm::role_authorizer`](crate::Realm::role_authorizer) is the same with a handler.
    #[track_caller]
    pub fn authorizer_procedure(mut self, procedure: impl Into<String>) -> Self {
        self.authorizer = Some((procedure.into(), Location::caller()));
        self
    }

    fn rule(
        mut self,
        actions: Actions,
        pattern: RoutePattern,
        effect: Effect,
        place: &'static Location<'static>,
    ) -> Self {
        self.rules.push(PlacedRule { pattern, actions, effect, place });
        self
    }

    /// Whether nothing is allowed, denied or limited.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.limits.is_empty()
    }

    /// Adds what another one allows, denies and limits.
    pub(super) fn merge(&mut self, other: Self) {
        self.rules.extend(other.rules);
        self.limits.merge(other.limits);
    }

    /// The permissions of the role `name`; what is wrong with them goes to `problems`.
    pub(super) fn compile(
        &self,
        name: &str,
        rules: &UriRules,
        reserved: ReservedUris,
        problems: &mut Vec<Problem>,
    ) -> Permissions {
        let (mut compiled, mut places) = (Vec::new(), Vec::new());
        for rule in &self.rules {
            match rule.compile(rules, reserved) {
                Ok(one) => {
                    compiled.push(one);
                    places.push(rule.place);
                }
                Err(text) => problems.push(Problem::new(rule.place, format!("role {name:?}: {text}"))),
            }
        }
        let permissions = Permissions::new(compiled);
        for number in permissions.overruled() {
            if let (Some(rule), Some(place)) = (permissions.rules().get(number), places.get(number)) {
                let text = format!(
                    "role {name:?}: `{rule}` never counts, because the same is denied: leave one out"
                );
                problems.push(Problem::new(place, text));
            }
        }
        permissions
    }
}

impl PlacedRule {
    /// A rule that allows everybody in a realm something.
    pub(super) fn of_realm(
        actions: Actions,
        pattern: impl Into<RoutePattern>,
        place: &'static Location<'static>,
    ) -> Self {
        Self { pattern: pattern.into(), actions, effect: Effect::Allow(Allowance::FULL), place }
    }

    /// Checks the pattern, which may be one of the specification's own: calling and subscribing are open there.
    fn compile(&self, rules: &UriRules, reserved: ReservedUris) -> Result<Rule, String> {
        if self.actions.is_empty() {
            return Err(format!("{:?} is allowed or denied no action at all", self.pattern));
        }
        let hint = |text: String| match &self.pattern.0 {
            PatternShape::Uri(Match::Exact, uri) if uri.ends_with('.') => {
                format!("{text}: write prefix({uri:?})")
            }
            _ => text,
        };
        let pattern = match self.pattern.compile_any(rules).map_err(hint)? {
            Compiled::Uri(pattern) => pattern,
            Compiled::Regex(_) => {
                return Err(format!(
                    "permissions are for a URI, a prefix or a wildcard, not for {:?}",
                    self.pattern
                ));
            }
        };
        // Other routers write prefixes so; as a URI it would match nothing, and a denial would deny nothing.
        if let Some(start) = pattern.as_str().strip_suffix('*') {
            return Err(format!(
                "{:?} has a `*`, which stands for itself and nothing else: write prefix({start:?})",
                self.pattern
            ));
        }
        // `wamp` is a URI of the router, and the prefix of `wampum` as well.
        let reaches_others = pattern.kind() == Match::Prefix && !pattern.as_str().contains('.');
        if uri::is_reserved(pattern.as_str()) && !reaches_others {
            self.check_reserved(reserved, &pattern)?;
        }
        Ok(Rule { pattern, actions: self.actions, effect: self.effect })
    }

    /// Checks that a rule for URIs of the router can ever allow or deny something, and whatever it names if it allows: `ALL` is
    /// whatever there is.
    fn check_reserved(&self, reserved: ReservedUris, pattern: &UriPattern) -> Result<(), String> {
        let routers_own = |action| matches!(action, Action::Register | Action::Publish);
        let allows = self.effect != Effect::Deny;
        let names_all = self.actions == Actions::ALL;
        if self.actions.iter().all(routers_own)
            || (allows && !names_all && self.actions.iter().any(routers_own))
        {
            return Err(format!(
                "{:?} can never be registered or published to: URIs that start with `wamp.` are the router's own",
                self.pattern
            ));
        }
        if !self.actions.iter().any(|action| reserved.can_be(action, pattern)) {
            return Err(format!(
                "`{self:?}` can never match: the meta API has nothing of this name that could be called or subscribed to"
            ));
        }
        // A denial of what is not there is a precaution; nobody relies on it in vain.
        let called = reserved.all_calls && self.actions.contains(Action::Call);
        if allows && !reserved.meta_api && !called {
            return Err(format!(
                "`{self:?}` can never match, because the realm has no meta API: add `Realm::meta_api`, or leave it out"
            ));
        }
        Ok(())
    }

    /// The same as a rule, if nothing is wrong with it.
    pub(super) fn checked(
        &self,
        rules: &UriRules,
        reserved: ReservedUris,
        problems: &mut Vec<Problem>,
    ) -> Option<Rule> {
        self.compile(rules, reserved).map_err(|text| problems.push(Problem::new(self.place, text))).ok()
    }
}

/// Roles that have to exist, and where somebody said so.
pub(super) type Wanted = (Cow<'static, str>, &'static Location<'static>);

/// What is wrong with a role of the realm `name`. Nobody means one to be empty, or to have white space in it: that is the trace
/// of a setting that was not there, or of a line's end.
pub(super) fn problem(name: &str, authrole: &str, place: &'static Location<'static>) -> Option<Problem> {
    let wrong = authrole.is_empty() || authrole.contains(|c: char| c.is_whitespace() || c.is_control());
    wrong.then(|| {
        let text = format!(
            "realm {name:?} has the role {authrole:?}: a role has one character at least, none of them white space or a \
             control character"
        );
        Problem::new(place, text)
    })
}

impl fmt::Debug for PlacedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.effect == Effect::Deny { "deny" } else { "allow" };
        write!(f, "{verb} {} of {:?}", self.actions, self.pattern)
    }
}
