//! What a role may do: rules for URIs and patterns of URIs, and which of them decides.
//!
//! A rule allows or denies actions for the URIs that its pattern matches. Of the rules that match a URI the **most specific**
//! decide: those below which no other one that matches lies. A rule lies below another one when its pattern matches some of
//! the other's URIs and none besides: `com.shop.pay` below `wildcard "com..pay"` below `prefix "com."`. Several can be most
//! specific, as `prefix "com.shop."` and `wildcard "com..pay"` are for `com.shop.pay`; then a **denial wins**, and what any of
//! them withholds is withheld. The order in which rules were added says nothing. What no rule names is not allowed.
//!
//! A **pattern** that is subscribed to or registered needs the permission for every URI it can reach: a rule that allows has
//! to cover it, and no denial may decide for any part of it.

mod actions;
mod reach;

use crate::pattern::{Match, PatternMap, UriPattern};
use reach::Reach;
use std::fmt;

pub use actions::{Action, Actions, Allowance};

/// Allows or denies actions for the URIs that a pattern matches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// The URIs.
    pub pattern: UriPattern,
    /// The actions.
    pub actions: Actions,
    /// Whether they are allowed.
    pub effect: Effect,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Yes, and what may be done besides.
    Allow(Allowance),
    /// No.
    Deny,
}

impl Rule {
    /// Allows `actions` with everything that belongs to them.
    pub const fn allow(actions: Actions, pattern: UriPattern) -> Self {
        Self { pattern, actions, effect: Effect::Allow(Allowance::FULL) }
    }

    /// Denies `actions`.
    pub const fn deny(actions: Actions, pattern: UriPattern) -> Self {
        Self { pattern, actions, effect: Effect::Deny }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.effect == Effect::Deny { "deny" } else { "allow" };
        write!(f, "{verb} {} of {}", self.actions, self.pattern)?;
        let Effect::Allow(Allowance { disclose, retain, history }) = self.effect else { return Ok(()) };
        for (withheld, name) in [(!disclose, "disclosure"), (!retain, "retention"), (!history, "history")] {
            if withheld {
                write!(f, ", no {name}")?;
            }
        }
        Ok(())
    }
}

/// What rules say to a request, and which of them it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision<'p> {
    /// It is allowed.
    Allowed {
        /// The rule that decides; one of them where several do.
        by: &'p Rule,
        /// What it may do besides.
        allowance: Allowance,
    },
    /// A rule denies it, or a part of what a pattern can reach.
    Denied {
        /// The rule that decides.
        by: &'p Rule,
    },
    /// No rule names it, or all that a pattern can reach.
    NotNamed,
}

impl Decision<'_> {
    /// What is allowed, if anything is.
    pub const fn allowance(&self) -> Option<Allowance> {
        match self {
            Self::Allowed { allowance, .. } => Some(*allowance),
            Self::Denied { .. } | Self::NotNamed => None,
        }
    }

    /// Whether it is allowed.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

impl fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed { by, .. } | Self::Denied { by } => by.fmt(f),
            Self::NotNamed => f.write_str("no rule names it"),
        }
    }
}

/// The rules of a role.
///
/// ```
/// use serverwamp_proto::pattern::UriPattern;
/// use serverwamp_proto::permissions::{Action, Actions, Permissions, Rule};
///
/// let permissions = Permissions::new([
///     Rule::allow(Actions::CALL | Actions::SUBSCRIBE, UriPattern::prefix("com.shop.")),
///     Rule::deny(Actions::ALL, UriPattern::wildcard("com..internal")),
/// ]);
/// assert!(permissions.check(Action::Call, "com.shop.order").is_allowed());
/// assert!(!permissions.check(Action::Call, "com.shop.internal").is_allowed());
/// assert!(!permissions.check_pattern(Action::Subscribe, &UriPattern::prefix("com.shop.")).is_allowed());
/// assert!(permissions.check_pattern(Action::Subscribe, &UriPattern::prefix("com.shop.order.")).is_allowed());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Permissions {
    rules: Vec<Rule>,
    tables: [RuleTable; Action::ALL.len()],
}

/// What the rules say of one action. No two entries match the same set of URIs.
#[derive(Clone, Debug, Default)]
struct RuleTable {
    entries: Vec<RuleEntry>,
    places: PatternMap<usize>,
    /// The only rule there is, if that matches everything.
    everything: Option<RuleEntry>,
}

#[derive(Clone, Debug)]
struct RuleEntry {
    pattern: UriPattern,
    rule: usize,
    /// `None` is a denial.
    allowance: Option<Allowance>,
}

impl Permissions {
    /// The permissions that these rules make.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let mut permissions = Self { rules: rules.into_iter().collect(), ..Self::default() };
        for (place, rule) in permissions.rules.iter().enumerate() {
            for action in rule.actions.iter() {
                permissions.tables[action as usize].enter(place, rule);
            }
        }
        permissions
    }

    /// The rules, in the order they were given.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether any rule allows `action` for anything.
    pub fn may_ever(&self, action: Action) -> bool {
        self.table(action).entries.iter().any(|entry| entry.allowance.is_some())
    }

    /// Where in [`rules`](Self::rules) those stand that never decide, because another one denies the same for the same URIs.
    pub fn overruled(&self) -> impl Iterator<Item = usize> {
        let counts = |place: usize, rule: &Rule, action| {
            let entry = self.table(action).find(&rule.pattern);
            entry.is_some_and(|entry| entry.allowance.is_some() || entry.rule == place)
        };
        let never = move |(place, rule): (usize, &Rule)| {
            (!rule.actions.iter().any(|action| counts(place, rule, action))).then_some(place)
        };
        self.rules.iter().enumerate().filter_map(never)
    }

    /// What the rules say to `action` for the URI.
    ///
    /// Costs a walk along the URI and the wildcard patterns that match it, however many rules there are.
    #[inline]
    pub fn check(&self, action: Action, uri: &str) -> Decision<'_> {
        let table = self.table(action);
        match &table.everything {
            Some(entry) => self.decision(entry, entry.allowance),
            None => self.weigh(table, uri),
        }
    }

    /// What the rules say to `action` for all that the pattern can reach.
    ///
    /// Costs a comparison with each rule.
    pub fn check_pattern(&self, action: Action, pattern: &UriPattern) -> Decision<'_> {
        self.check_parts(action, pattern).0
    }

    /// What the rules leave of an allowance for all that the pattern can reach, where somebody else decides because they name only
    /// parts of it: what they withhold there is withheld from all of it.
    pub fn allowance_of_parts(&self, action: Action, pattern: &UriPattern) -> Allowance {
        self.check_parts(action, pattern).1
    }

    fn check_parts(&self, action: Action, pattern: &UriPattern) -> (Decision<'_>, Allowance) {
        let table = self.table(action);
        if let Some(entry) = &table.everything {
            return (self.decision(entry, entry.allowance), Allowance::FULL);
        }
        if is_one_uri(pattern) {
            return (self.weigh(table, pattern.as_str()), Allowance::FULL);
        }
        let asked = Reach::of(pattern);
        let entries: Vec<_> = table.entries.iter().map(|entry| (entry, Reach::of(&entry.pattern))).collect();
        let (mut allowance, mut covering) = (Allowance::FULL, None::<(&RuleEntry, &Reach<'_>)>);
        for (entry, reach) in &entries {
            let Some(part) = reach.meet(&asked) else { continue };
            // Whether another rule decides for all of this part.
            let is_overruled = || {
                entries.iter().any(|(_, other)| other != reach && reach.covers(other) && other.covers(&part))
            };
            match entry.allowance {
                None if !is_overruled() => return (self.decision(entry, None), allowance),
                None => {}
                Some(given) => {
                    if reach.covers(&asked) && covering.is_none_or(|(_, least)| least.covers(reach)) {
                        covering = Some((entry, reach));
                    }
                    if !is_overruled() {
                        allowance = allowance.and(given);
                    }
                }
            }
        }
        let decision = match covering {
            Some((entry, _)) => self.decision(entry, Some(allowance)),
            None => Decision::NotNamed,
        };
        (decision, allowance)
    }

    fn weigh(&self, table: &RuleTable, uri: &str) -> Decision<'_> {
        let (mut prefix, mut wildcards) = (None, Vec::new());
        if let Some(place) = table.places.get(Match::Exact, uri) {
            let entry = &table.entries[*place];
            return self.decision(entry, entry.allowance);
        }
        // The last prefix is the longest one, and lies below the others.
        table.places.all(uri, |kind, place| match kind {
            Match::Wildcard => wildcards.push(&table.entries[*place]),
            Match::Exact | Match::Prefix => prefix = Some(&table.entries[*place]),
        });
        let has_below = |entry: &RuleEntry| {
            wildcards
                .iter()
                .any(|other| other.pattern != entry.pattern && entry.pattern.covers(&other.pattern))
        };
        let mut decides: Option<(&RuleEntry, Option<Allowance>)> = None;
        for entry in prefix.iter().chain(&wildcards).filter(|entry| !has_below(entry)) {
            decides = Some(match decides {
                None => (entry, entry.allowance),
                Some((former, None)) => (former, None),
                Some((former, Some(allowance))) => match entry.allowance {
                    Some(more) => (former, Some(allowance.and(more))),
                    None => (entry, None),
                },
            });
        }
        decides.map_or(Decision::NotNamed, |(entry, allowance)| self.decision(entry, allowance))
    }

    fn decision(&self, entry: &RuleEntry, allowance: Option<Allowance>) -> Decision<'_> {
        let by = &self.rules[entry.rule];
        match allowance {
            Some(allowance) => Decision::Allowed { by, allowance },
            None => Decision::Denied { by },
        }
    }

    fn table(&self, action: Action) -> &RuleTable {
        &self.tables[action as usize]
    }
}

impl RuleTable {
    fn enter(&mut self, place: usize, rule: &Rule) {
        let pattern = normal(&rule.pattern);
        let allowance = match rule.effect {
            Effect::Allow(allowance) => Some(allowance),
            Effect::Deny => None,
        };
        match self.places.get(pattern.kind(), pattern.as_str()) {
            None => {
                self.places.insert(&pattern, self.entries.len());
                self.entries.push(RuleEntry { pattern, rule: place, allowance });
            }
            Some(known) => {
                let entry = &mut self.entries[*known];
                match (entry.allowance, allowance) {
                    (Some(one), Some(other)) => entry.allowance = Some(one.and(other)),
                    (Some(_), None) => (entry.rule, entry.allowance) = (place, None),
                    (None, _) => {}
                }
            }
        }
        let only = if let [only] = self.entries.as_slice() { Some(only) } else { None };
        let matches_all =
            |entry: &&RuleEntry| entry.pattern.kind() == Match::Prefix && entry.pattern.as_str().is_empty();
        self.everything = only.filter(matches_all).cloned();
    }

    fn find(&self, pattern: &UriPattern) -> Option<&RuleEntry> {
        let pattern = normal(pattern);
        self.places.get(pattern.kind(), pattern.as_str()).map(|place| &self.entries[*place])
    }
}

/// The same set of URIs under one name: a wildcard pattern without an open place is a URI.
fn normal(pattern: &UriPattern) -> UriPattern {
    match pattern.kind() {
        Match::Wildcard if is_one_uri(pattern) => UriPattern::exact(pattern.as_str()),
        _ => pattern.clone(),
    }
}

/// Whether the pattern matches one URI only.
fn is_one_uri(pattern: &UriPattern) -> bool {
    match pattern.kind() {
        Match::Exact => true,
        Match::Prefix => false,
        Match::Wildcard => pattern.as_str().split('.').all(|component| !component.is_empty()),
    }
}

#[cfg(test)]
mod tests;
