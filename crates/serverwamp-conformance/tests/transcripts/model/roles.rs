//! The reference permissions: which rules decide, found by looking at every URI that there could be.
//!
//! Written from the words of `docs/security.md` alone. A rule is a set of URIs; of those that hold a URI the ones decide that
//! have no other one within them. No pattern is compared with another.

use std::sync::OnceLock;

use serverwamp::{Actions, Allowance, Application, Realm, RoleRules, prefix, wildcard};

use super::authorizers::Authorizers;
use super::play::{PREFIXES, URIS, WILDCARDS};
use super::{Kind, Numbers, matches};
use crate::router::tickets;

/// The roles that clients of a play have, in turn: a stranger's, that of `joe`, and that of `mia`, of which nothing is said.
pub(super) const ROLES: [&str; 3] = ["guest", "user", "member"];

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Deed {
    Call,
    Register,
    Publish,
    Subscribe,
}

const DEEDS: [Deed; 4] = [Deed::Call, Deed::Register, Deed::Publish, Deed::Subscribe];

/// What is allowed beside the deed itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extras {
    pub(super) disclose: bool,
    pub(super) retain: bool,
}

impl Extras {
    pub(super) const ALL: Self = Self { disclose: true, retain: true };

    pub(super) fn and(self, other: Self) -> Self {
        Self { disclose: self.disclose && other.disclose, retain: self.retain && other.retain }
    }
}

#[derive(Clone, Debug)]
struct Rule {
    kind: Kind,
    uri: &'static str,
    deeds: Vec<Deed>,
    /// `None` denies.
    allows: Option<Extras>,
}

/// The roles that have rules, and who decides what these do not name.
#[derive(Clone, Debug)]
pub(super) struct Roles {
    ruled: Vec<Role>,
    authorizers: Authorizers,
}

/// The rules of a role, and what follows from them for each deed and every URI.
#[derive(Clone, Debug)]
struct Role {
    name: &'static str,
    rules: Vec<Rule>,
    verdicts: Vec<Vec<Verdict>>,
}

/// What rules say: nothing, that it is denied, or what is allowed beside it.
type Verdict = Option<Option<Extras>>;

impl Roles {
    /// Rules for two of the three roles.
    pub(super) fn random(numbers: &mut Numbers) -> Self {
        let ruled = ROLES[..2].iter().map(|name| Role::new(name, rules(numbers))).collect();
        Self { ruled, authorizers: Authorizers::default() }
    }

    /// The same with authorizers: one of the realm, some of roles, or both.
    pub(super) fn random_with_authorizers(numbers: &mut Numbers) -> Self {
        Self { authorizers: Authorizers::random(numbers), ..Self::random(numbers) }
    }

    /// Returns whether an authorizer decides what no rule of the role names.
    pub(super) fn has_authorizer(&self, role: &str) -> bool {
        self.authorizers.of(role).is_some()
    }

    /// What a role may do to all URIs that match a pattern; `None` if it may not.
    pub(super) fn may(&self, role: &str, deed: Deed, kind: Kind, uri: &str) -> Option<Extras> {
        let asked = |parts: Extras| Some(self.authorizers.decide(role, deed, kind, uri)?.and(parts));
        let Some(Role { verdicts, .. }) = self.ruled.iter().find(|one| one.name == role) else {
            return if self.has_authorizer(role) { asked(Extras::ALL) } else { Some(Extras::ALL) };
        };
        let of_deed =
            DEEDS.iter().zip(verdicts).find(|(other, _)| **other == deed).map(|(_, of_deed)| of_deed)?;
        let reached: Vec<Verdict> = every_uri()
            .iter()
            .zip(of_deed)
            .filter(|(one, _)| matches(kind, uri, one))
            .map(|(_, verdict)| *verdict)
            .collect();
        // A denial of a part is final, and what is withheld from a part is withheld from all of it.
        let named = reached.iter().flatten().copied();
        let parts = named.reduce(|one, other| Some(one?.and(other?))).unwrap_or(Some(Extras::ALL))?;
        if reached.iter().all(Option::is_some) { Some(parts) } else { asked(parts) }
    }

    /// The realm of the play, with these rules.
    pub(super) fn application(&self) -> Application {
        let realm = Realm::router("realm1")
            .allow_anonymous("guest")
            .authenticator(tickets())
            .administrators(["admin"]);
        let realm = self.ruled.iter().fold(realm, |realm, Role { name, rules, .. }| {
            realm.role(*name, |role| rules.iter().fold(role, |role, rule| rule.enter(role)))
        });
        let realm = self.authorizers.enter(realm);
        Application::builder().realm(realm).build().expect("nothing is wrong with these rules")
    }

    /// The rules in words, for whoever looks at a failure.
    pub(super) fn describe(&self) -> Vec<String> {
        let of_role = |Role { name, rules, .. }: &Role| {
            rules.iter().map(|rule| format!("{name}: {rule:?}")).collect::<Vec<_>>()
        };
        let rules = self.ruled.iter().flat_map(of_role);
        rules.chain([format!("{:?}", self.authorizers)]).collect()
    }
}

impl Role {
    fn new(name: &'static str, rules: Vec<Rule>) -> Self {
        let verdicts = DEEDS.iter().map(|deed| verdicts(&rules, *deed)).collect();
        Self { name, rules, verdicts }
    }
}

impl Rule {
    fn enter(&self, role: RoleRules) -> RoleRules {
        let actions = self.deeds.iter().fold(Actions::default(), |actions, deed| {
            actions
                | match deed {
                    Deed::Call => Actions::CALL,
                    Deed::Register => Actions::REGISTER,
                    Deed::Publish => Actions::PUBLISH,
                    Deed::Subscribe => Actions::SUBSCRIBE,
                }
        });
        let pattern = match self.kind {
            Kind::Exact => self.uri.into(),
            Kind::Prefix => prefix(self.uri),
            Kind::Wildcard => wildcard(self.uri),
        };
        match self.allows {
            None => role.deny(actions, pattern),
            Some(Extras { disclose, retain }) => {
                role.allow_with(actions, pattern, Allowance { disclose, retain, ..Allowance::FULL })
            }
        }
    }
}

/// A few rules, no two of them for the same pattern.
fn rules(numbers: &mut Numbers) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for number in 0..2 + numbers.below(6) {
        let (kind, uri) = match numbers.below(4) {
            // Most begin with something broad, or nearly everything would be denied.
            _ if number == 0 => (Kind::Prefix, ["", "a"][numbers.below(2)]),
            0 => (Kind::Wildcard, WILDCARDS[numbers.below(WILDCARDS.len())]),
            1 => (Kind::Prefix, PREFIXES[numbers.below(PREFIXES.len())]),
            _ => (Kind::Exact, URIS[numbers.below(URIS.len())]),
        };
        let mut deeds: Vec<Deed> = DEEDS.into_iter().filter(|_| numbers.below(3) > 0).collect();
        if deeds.is_empty() {
            deeds.push(Deed::Publish);
        }
        let extras = Extras { disclose: numbers.below(4) > 0, retain: numbers.below(4) > 0 };
        let allows = (number == 0 || numbers.below(5) > 1).then_some(extras);
        if !rules.iter().any(|rule| (rule.kind, rule.uri) == (kind, uri)) {
            rules.push(Rule { kind, uri, deeds, allows });
        }
    }
    rules
}

/// What the rules say of a deed, for every URI.
fn verdicts(rules: &[Rule], deed: Deed) -> Vec<Verdict> {
    let uris = every_uri();
    let set = |rule: &Rule| uris.iter().map(|uri| matches(rule.kind, rule.uri, uri)).collect::<Vec<bool>>();
    let about: Vec<_> =
        rules.iter().filter(|rule| rule.deeds.contains(&deed)).map(|rule| (rule.allows, set(rule))).collect();
    let is_within = |one: &[bool], other: &[bool]| {
        one != other && one.iter().zip(other).all(|(one, other)| *other || !one)
    };
    let within: Vec<Vec<bool>> = about
        .iter()
        .map(|(_, outer)| about.iter().map(|(_, inner)| is_within(inner, outer)).collect())
        .collect();
    let verdict = |at: usize| {
        let holds = |rule: usize| about[rule].1[at];
        let decides =
            |rule: usize| holds(rule) && !(0..about.len()).any(|other| within[rule][other] && holds(other));
        let effects = (0..about.len()).filter(|rule| decides(*rule)).map(|rule| about[rule].0);
        effects.reduce(|one, other| Some(one?.and(other?)))
    };
    (0..uris.len()).map(verdict).collect()
}

/// URIs of up to four components, with some that begin with others and some that no rule names: enough to tell any two of the
/// patterns apart.
fn every_uri() -> &'static [String] {
    static EVERY: OnceLock<Vec<String>> = OnceLock::new();
    EVERY.get_or_init(|| {
        const COMPONENTS: [&str; 8] = ["a", "b", "c", "d", "az", "bz", "dz", "z"];
        let mut all: Vec<String> = COMPONENTS.map(str::to_owned).to_vec();
        let mut from = 0;
        for _ in 0..3 {
            let layer = all[from..].to_vec();
            from = all.len();
            all.extend(layer.iter().flat_map(|uri| COMPONENTS.map(|component| format!("{uri}.{component}"))));
        }
        all
    })
}

#[test]
fn the_reference_permissions_say_what_examples_say() {
    let rule = |kind, uri, deeds: &[Deed], allows| Rule { kind, uri, deeds: deeds.to_vec(), allows };
    let rules = vec![
        rule(Kind::Prefix, "a", &DEEDS, Some(Extras::ALL)),
        rule(Kind::Wildcard, ".b", &[Deed::Call, Deed::Subscribe], None),
        rule(Kind::Exact, "a.b", &[Deed::Call], Some(Extras { disclose: false, retain: true })),
    ];
    let roles = Roles { ruled: vec![Role::new("guest", rules)], authorizers: Authorizers::default() };
    let may = |deed, kind, uri| roles.may("guest", deed, kind, uri).is_some();
    assert!(may(Deed::Call, Kind::Exact, "a.c") && may(Deed::Publish, Kind::Exact, "a.b"));
    assert!(may(Deed::Call, Kind::Exact, "a.b") && !may(Deed::Subscribe, Kind::Exact, "a.b"));
    assert!(
        !may(Deed::Call, Kind::Exact, "d") && roles.may("member", Deed::Call, Kind::Exact, "d").is_some()
    );
    assert!(!may(Deed::Subscribe, Kind::Prefix, "a") && may(Deed::Subscribe, Kind::Prefix, "a.c"));
    assert!(may(Deed::Register, Kind::Prefix, "a") && !may(Deed::Register, Kind::Prefix, ""));
    let disclosed = roles.may("guest", Deed::Call, Kind::Exact, "a.b").map(|extras| extras.disclose);
    assert_eq!(disclosed, Some(false));
}
