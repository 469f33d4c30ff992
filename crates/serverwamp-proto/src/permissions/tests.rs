//! Which rule decides: examples, and a naive model that looks at every URI.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn allow(pattern: UriPattern) -> Rule {
    Rule::allow(Actions::ALL, pattern)
}

fn deny(pattern: UriPattern) -> Rule {
    Rule::deny(Actions::ALL, pattern)
}

fn prefix(text: &str) -> UriPattern {
    UriPattern::prefix(text)
}

fn wildcard(text: &str) -> UriPattern {
    UriPattern::wildcard(text)
}

fn exact(text: &str) -> UriPattern {
    UriPattern::exact(text)
}

/// The rule that decides on a subscription, as text.
fn why(rules: &[Rule], pattern: &UriPattern) -> String {
    Permissions::new(rules.to_vec()).check_pattern(Action::Subscribe, pattern).to_string()
}

#[test]
fn authz_13_what_no_rule_names_is_denied() {
    let rules = [Rule::allow(Actions::CALL, prefix("com."))];
    let permissions = Permissions::new(rules);
    assert_eq!(permissions.check(Action::Call, "org.a"), Decision::NotNamed);
    assert_eq!(permissions.check(Action::Publish, "com.a"), Decision::NotNamed);
    assert_eq!(Permissions::default().check(Action::Call, "com.a"), Decision::NotNamed);
    assert!(permissions.check(Action::Call, "com.a").is_allowed());
    assert!(permissions.may_ever(Action::Call) && !permissions.may_ever(Action::Publish));
}

#[test]
fn authz_13_the_most_specific_rule_decides_in_whatever_order_they_stand() {
    let mut rules = [
        allow(prefix("com.")),
        deny(prefix("com.shop.")),
        allow(wildcard("com.shop..price")),
        deny(exact("com.shop.secret.price")),
    ];
    for _ in 0..2 {
        assert_eq!(
            why(&rules, &exact("com.a")),
            "allow call, register, publish, subscribe of prefix \"com.\""
        );
        assert!(why(&rules, &exact("com.shop.a")).starts_with("deny"));
        assert!(why(&rules, &exact("com.shop.tea.price")).contains("wildcard \"com.shop..price\""));
        assert!(why(&rules, &exact("com.shop.secret.price")).starts_with("deny"));
        rules.reverse();
    }
}

#[test]
fn authz_13_a_denial_by_wildcard_below_a_prefix_counts() {
    // In the order in which registrations win a prefix would go before any wildcard.
    let rules = [allow(prefix("")), deny(wildcard("..secret"))];
    assert!(why(&rules, &exact("a.b.secret")).starts_with("deny"));
    assert!(why(&rules, &exact("a.b.c")).starts_with("allow"));
    assert!(why(&rules, &exact("a.secret")).starts_with("allow"));
}

#[test]
fn authz_13_a_denial_wins_a_tie() {
    let tie = [allow(prefix("a.b.")), deny(wildcard("a..c"))];
    assert!(why(&tie, &exact("a.b.c")).starts_with("deny"));
    let twice = [deny(exact("a")), allow(exact("a")), allow(wildcard("a"))];
    assert!(why(&twice, &exact("a")).starts_with("deny"));
    assert_eq!(Permissions::new(twice).overruled().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn authz_09_a_pattern_needs_the_permission_for_all_it_can_reach() {
    let rules = [allow(exact("a.b"))];
    assert_eq!(why(&rules, &prefix("a")), "no rule names it");
    assert_eq!(why(&rules, &wildcard("a.")), "no rule names it");
    assert!(why(&rules, &wildcard("a.b")).starts_with("allow"));
    let rules = [allow(prefix("a.")), deny(exact("a.b.secret"))];
    assert!(why(&rules, &prefix("a.")).starts_with("deny"));
    assert!(why(&rules, &wildcard("a..secret")).starts_with("deny"));
    assert!(why(&rules, &wildcard("a..open")).starts_with("allow"));
    assert!(why(&rules, &prefix("a.c")).starts_with("allow"));
    assert_eq!(why(&rules, &prefix("a")), "deny call, register, publish, subscribe of a.b.secret");
}

#[test]
fn authz_09_a_denial_that_is_overruled_for_all_of_a_pattern_does_not_count() {
    let rules = [allow(prefix("a.")), deny(wildcard("..x")), allow(wildcard("a..x"))];
    assert!(why(&rules, &prefix("a.")).starts_with("allow"));
    assert!(why(&rules, &wildcard("..x")).starts_with("deny"));
    // Only a part of what it denies is allowed.
    let rules = [allow(prefix("a.")), deny(wildcard("..x")), allow(wildcard("a.b.x"))];
    assert!(why(&rules, &prefix("a.")).starts_with("deny"));
}

#[test]
fn what_one_of_the_most_specific_rules_withholds_is_withheld() {
    let quiet = Allowance { disclose: false, ..Allowance::FULL };
    let mut rules = vec![allow(prefix("a.b.")), allow(wildcard("a..c")), allow(prefix("a."))];
    rules[1].effect = Effect::Allow(quiet);
    let permissions = Permissions::new(rules);
    assert_eq!(permissions.check(Action::Publish, "a.b.c").allowance(), Some(quiet));
    assert_eq!(permissions.check(Action::Publish, "a.b.d").allowance(), Some(Allowance::FULL));
    let whole = permissions.check_pattern(Action::Subscribe, &prefix("a.b."));
    assert_eq!(whole.allowance(), Some(quiet));
    assert_eq!(
        permissions.rules()[1].to_string(),
        "allow call, register, publish, subscribe of wildcard \"a..c\", no disclosure"
    );
}

/// Text that rules are made of: some begin with others.
#[test]
fn what_a_rule_withholds_from_a_part_is_withheld_from_a_pattern_that_somebody_else_decides() {
    let modest = Allowance { retain: false, ..Allowance::FULL };
    let rules = vec![
        Rule {
            pattern: UriPattern::exact("a.b"),
            actions: Actions::SUBSCRIBE,
            effect: Effect::Allow(modest),
        },
        Rule::allow(Actions::SUBSCRIBE, UriPattern::prefix("a.c")),
    ];
    let permissions = Permissions::new(rules);
    let of_parts = |pattern| {
        assert!(matches!(permissions.check_pattern(Action::Subscribe, &pattern), Decision::NotNamed));
        permissions.allowance_of_parts(Action::Subscribe, &pattern)
    };
    assert_eq!(of_parts(UriPattern::prefix("a.")), modest);
    assert_eq!(of_parts(UriPattern::wildcard("a.")), modest);
    assert_eq!(of_parts(UriPattern::prefix("b.")), Allowance::FULL);
    assert_eq!(of_parts(UriPattern::wildcard(".c")), Allowance::FULL);
}

fn component() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b"), Just("ab")]
}

fn pattern() -> impl Strategy<Value = UriPattern> {
    let uri = || vec(component(), 1..4).prop_map(|components| components.join("."));
    prop_oneof![
        uri().prop_map(UriPattern::exact),
        (uri(), 0..6usize).prop_map(|(uri, cut)| prefix(&uri[..uri.len().saturating_sub(cut)])),
        vec(prop_oneof![Just(""), component()], 1..4).prop_map(|parts| wildcard(&parts.join("."))),
    ]
}

/// Some actions, one at least.
fn actions() -> impl Strategy<Value = Actions> {
    (1..16usize).prop_map(|some| {
        let chosen = Action::ALL.into_iter().enumerate().filter(|(place, _)| some >> place & 1 == 1);
        chosen.fold(Actions::default(), |actions, (_, action)| actions | action.into())
    })
}

fn effect() -> impl Strategy<Value = Effect> {
    any::<(bool, bool, bool, bool)>().prop_map(|(allows, disclose, retain, history)| match allows {
        true => Effect::Allow(Allowance { disclose, retain, history }),
        false => Effect::Deny,
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    (pattern(), actions(), effect()).prop_map(|(pattern, actions, effect)| Rule { pattern, actions, effect })
}

/// Enough URIs to tell any two of the patterns above apart: with components that no rule names, and longer than all.
fn all_uris() -> Vec<String> {
    let mut layer = vec![String::new()];
    let mut all = Vec::new();
    for _ in 0..4 {
        let longer = |uri: &String| {
            let joint = if uri.is_empty() { String::new() } else { format!("{uri}.") };
            ["a", "b", "ab", "az", "bz", "abz", "z"].map(|component| format!("{joint}{component}"))
        };
        layer = layer.iter().flat_map(longer).collect();
        all.extend(layer.iter().cloned());
    }
    all
}

/// What the rules say to one URI, by the words of this module's head and nothing else; sets are compared URI by URI.
fn by_model(rules: &[(&Rule, Vec<bool>)], at: usize) -> Option<Allowance> {
    let matching: Vec<_> = rules.iter().filter(|(_, set)| set[at]).collect();
    let lies_below = |one: &[bool], other: &[bool]| {
        one != other && one.iter().zip(other).all(|(in_one, in_other)| !in_one || *in_other)
    };
    let decides = |set: &[bool]| !matching.iter().any(|(_, other)| lies_below(other, set));
    let effects: Vec<_> =
        matching.iter().filter(|(_, set)| decides(set)).map(|(rule, _)| rule.effect).collect();
    let mut allowance = Allowance::FULL;
    for effect in &effects {
        match effect {
            Effect::Deny => return None,
            Effect::Allow(one) => allowance = allowance.and(*one),
        }
    }
    (!effects.is_empty()).then_some(allowance)
}

/// What the rules say to `action` for every URI.
fn all_by_model(rules: &[Rule], action: Action, uris: &[String]) -> Vec<Option<Allowance>> {
    let about = rules.iter().filter(|rule| rule.actions.contains(action));
    let sets: Vec<_> =
        about.map(|rule| (rule, uris.iter().map(|uri| rule.pattern.matches(uri)).collect())).collect();
    (0..uris.len()).map(|at| by_model(&sets, at)).collect()
}

/// Whether the rule that is named is about this action, says this, and has to do with what was asked for.
fn names_a_reason(decision: &Decision<'_>, action: Action, asked: &UriPattern) -> bool {
    match decision {
        Decision::Allowed { by, .. } => {
            by.actions.contains(action) && by.effect != Effect::Deny && by.pattern.covers(asked)
        }
        Decision::Denied { by } => {
            by.actions.contains(action) && by.effect == Effect::Deny && by.pattern.overlaps(asked)
        }
        Decision::NotNamed => true,
    }
}

proptest! {
    #[test]
    fn authz_13_and_09_rules_decide_as_a_model_does_that_looks_at_every_uri(
        rules in vec(rule(), 0..7),
        asked in vec(pattern(), 1..6),
    ) {
        let uris = all_uris();
        let permissions = Permissions::new(rules.clone());
        for action in Action::ALL {
            let expected = all_by_model(&rules, action, &uris);
            for (uri, expected) in uris.iter().zip(&expected) {
                let decision = permissions.check(action, uri);
                prop_assert_eq!(decision.allowance(), *expected, "{} {}", action, uri);
                prop_assert!(names_a_reason(&decision, action, &UriPattern::exact(uri.as_str())), "{}", decision);
            }
            prop_assert_eq!(permissions.may_ever(action), expected.iter().any(Option::is_some));
            for pattern in &asked {
                let reached: Vec<_> =
                    uris.iter().zip(&expected).filter(|(uri, _)| pattern.matches(uri)).collect();
                let may = reached.iter().all(|(_, said)| said.is_some());
                let decision = permissions.check_pattern(action, pattern);
                prop_assert_eq!(decision.is_allowed(), may, "{} {}: {}", action, pattern, decision);
                prop_assert!(names_a_reason(&decision, action, pattern), "{}: {}", pattern, decision);
                if may {
                    let least =
                        reached.iter().filter_map(|(_, said)| **said).fold(Allowance::FULL, Allowance::and);
                    prop_assert_eq!(decision.allowance(), Some(least), "{} {}", action, pattern);
                }
            }
        }
    }

    #[test]
    fn a_rule_that_is_called_overruled_can_be_left_out(rules in vec(rule(), 0..7)) {
        let (uris, permissions) = (all_uris(), Permissions::new(rules.clone()));
        let overruled: Vec<usize> = permissions.overruled().collect();
        let rest = rules.iter().enumerate().filter(|(place, _)| !overruled.contains(place));
        let rest = Permissions::new(rest.map(|(_, rule)| rule.clone()));
        for action in Action::ALL {
            for uri in &uris {
                let (all, rest) = (permissions.check(action, uri), rest.check(action, uri));
                prop_assert_eq!(all.allowance(), rest.allowance(), "{} {}", action, uri);
            }
        }
    }

    #[test]
    fn the_order_of_rules_says_nothing(rules in vec(rule(), 0..7), asked in pattern()) {
        let allowance = |rules: Vec<Rule>| Permissions::new(rules).check_pattern(Action::Call, &asked).allowance();
        let reversed = rules.iter().rev().cloned().collect();
        prop_assert_eq!(allowance(rules), allowance(reversed));
    }
}
