//! Patterns against the examples of the specification, and the tables against a naive scan.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::uri::UriRules;

/// The naive model: does what the specification says, one pattern after the other.
fn best_by_scan<'a>(patterns: &'a [UriPattern], uri: &str) -> Option<&'a UriPattern> {
    let rank = |pattern: &UriPattern| match pattern.kind() {
        Match::Exact => (2, pattern.as_str().len(), Vec::new()),
        Match::Prefix => (1, pattern.as_str().len(), Vec::new()),
        Match::Wildcard => {
            (0, 0, pattern.as_str().split('.').map(|component| !component.is_empty()).collect())
        }
    };
    patterns.iter().filter(|pattern| pattern.matches(uri)).max_by_key(|pattern| rank(pattern))
}

fn component() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b"), Just("ab"), Just("abc")]
}

fn uri() -> impl Strategy<Value = String> {
    vec(component(), 1..5).prop_map(|components| components.join("."))
}

fn pattern() -> impl Strategy<Value = UriPattern> {
    let open = prop_oneof![Just(""), component()];
    prop_oneof![
        uri().prop_map(UriPattern::exact),
        (uri(), 0..9usize).prop_map(|(uri, cut)| {
            let end = uri.len().saturating_sub(cut);
            UriPattern::prefix(&uri[..end])
        }),
        vec(open, 1..5).prop_map(|components| UriPattern::wildcard(components.join("."))),
    ]
}

/// Every URI of up to four components of the alphabet the strategies draw from.
fn all_uris() -> Vec<String> {
    let mut uris: Vec<String> = vec![String::new()];
    let mut all = Vec::new();
    for _ in 0..4 {
        uris = uris
            .iter()
            .flat_map(|uri| {
                let join = move |c: &str| if uri.is_empty() { c.to_owned() } else { format!("{uri}.{c}") };
                ["a", "b", "ab", "abc"].map(join)
            })
            .collect();
        all.extend(uris.iter().cloned());
    }
    all
}

proptest! {
    #[test]
    fn preg_03_to_05_best_and_all_agree_with_a_scan(patterns in vec(pattern(), 0..12), uri in uri()) {
        let mut map = PatternMap::new();
        for pattern in &patterns {
            map.insert(pattern, pattern.clone());
        }
        let best = map.best(&uri).map(|(_, pattern)| pattern);
        prop_assert_eq!(best, best_by_scan(&patterns, &uri));

        let mut found = Vec::new();
        map.all(&uri, |kind, pattern| {
            assert_eq!(kind, pattern.kind());
            found.push(pattern.clone());
        });
        found.sort();
        let mut expected: Vec<_> = patterns.iter().filter(|pattern| pattern.matches(&uri)).cloned().collect();
        expected.sort();
        expected.dedup();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn removing_leaves_no_trace(patterns in vec(pattern(), 1..12), keep in 0..12usize) {
        let mut map = PatternMap::new();
        let mut model = std::collections::BTreeMap::new();
        for (index, pattern) in patterns.iter().enumerate() {
            prop_assert_eq!(map.insert(pattern, index), model.insert(pattern.clone(), index));
        }
        for pattern in patterns.iter().skip(keep) {
            prop_assert_eq!(map.get_mut(pattern.kind(), pattern.as_str()).copied(), model.get(pattern).copied());
            prop_assert_eq!(map.remove(pattern.kind(), pattern.as_str()), model.remove(pattern));
            prop_assert_eq!(map.len(), model.len());
        }
        for pattern in &patterns {
            prop_assert_eq!(map.get(pattern.kind(), pattern.as_str()), model.get(pattern));
        }
        let mut seen = 0;
        map.each(|_, _| seen += 1);
        prop_assert_eq!(seen, model.len());
        for pattern in &patterns {
            map.remove(pattern.kind(), pattern.as_str());
        }
        prop_assert!(map.is_empty());
        prop_assert!(map.best("a.b").is_none());
    }

    #[test]
    fn overlaps_and_covers_agree_with_enumeration(a in pattern(), b in pattern()) {
        let uris = all_uris();
        let common = uris.iter().any(|uri| a.matches(uri) && b.matches(uri));
        prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
        // An enumeration of four letters cannot show an overlap that needs another component, so it decides one way.
        prop_assert!(!common || a.overlaps(&b), "{} and {}", a, b);
        if a.covers(&b) {
            prop_assert!(uris.iter().all(|uri| a.matches(uri) || !b.matches(uri)), "{} and {}", a, b);
            prop_assert!(a.overlaps(&b));
        }
    }
}

#[test]
fn psub_02_prefix_is_a_prefix_of_the_text() {
    let prefix = UriPattern::prefix("com.myapp.topic.emergency");
    for uri in ["com.myapp.topic.emergency.11", "com.myapp.topic.emergency-low", "com.myapp.topic.emergency"]
    {
        assert!(prefix.matches(uri), "{uri}");
    }
    assert!(!prefix.matches("com.myapp.topic.emerge"));
    assert_eq!(prefix.captures("com.myapp.topic.emergency.11"), Some(vec![".11"]));
    assert_eq!(prefix.captures("com.myapp"), None);
}

#[test]
fn psub_03_wildcard_compares_component_by_component() {
    let wildcard = UriPattern::wildcard("com.myapp..userevent");
    assert!(wildcard.matches("com.myapp.foo.userevent"));
    assert!(!wildcard.matches("com.myapp.foo.userevent.bar"));
    assert!(!wildcard.matches("com.myapp2.foo.userevent"));
    assert!(!wildcard.matches("com.myapp.userevent"));
    assert!(UriPattern::wildcard(".b").matches("a.b"));
    assert!(UriPattern::wildcard("a.").matches("a.b"));
    assert!(UriPattern::wildcard("a...d").matches("a.b.c.d"));
    assert!(UriPattern::wildcard("").matches("a"));
    assert!(!UriPattern::wildcard("").matches("a.b"));
    assert_eq!(UriPattern::wildcard("a..c.").captures("a.b.c.d"), Some(vec!["b", "d"]));
}

#[test]
fn preg_05_the_seven_registrations_of_the_specification() {
    let registrations = [
        UriPattern::exact("a1.b2.c3.d4.e55"),
        UriPattern::prefix("a1.b2.c3"),
        UriPattern::prefix("a1.b2.c3.d4"),
        UriPattern::wildcard("a1.b2..d4.e5"),
        UriPattern::wildcard("a1.b2.c33..e5"),
        UriPattern::wildcard("a1.b2..d4.e5..g7"),
        UriPattern::wildcard("a1.b2..d4..f6.g7"),
    ];
    let mut map = PatternMap::new();
    for (index, pattern) in registrations.iter().enumerate() {
        map.insert(pattern, index + 1);
    }
    let best = |uri: &str| map.best(uri).map(|(_, number)| *number);
    assert_eq!(best("a1.b2.c3.d4.e55"), Some(1));
    assert_eq!(best("a1.b2.c3.d98.e74"), Some(2));
    assert_eq!(best("a1.b2.c3.d4.e325"), Some(3));
    assert_eq!(best("a1.b2.c55.d4.e5"), Some(4));
    // PREG-07: the text says 5, but "a1.b2.c3" is a prefix of this URI, as it is everywhere else.
    assert_eq!(best("a1.b2.c33.d4.e5"), Some(2));
    assert_eq!(best("a1.b2.c88.d4.e5.f6.g7"), Some(6));
    assert_eq!(best("a2.b2.c2.d2.e2"), None);
}

#[test]
fn preg_05_literal_beats_open_from_the_left() {
    let mut map = PatternMap::new();
    map.insert(&UriPattern::wildcard("a...d"), "late");
    map.insert(&UriPattern::wildcard("a.b.."), "early");
    map.insert(&UriPattern::wildcard(".b.c.d"), "long but open at once");
    assert_eq!(map.best("a.b.c.d"), Some((Match::Wildcard, &"early")));
    let mut order = Vec::new();
    map.all("a.b.c.d", |_, name| order.push(*name));
    assert_eq!(order, ["early", "late", "long but open at once"]);
}

#[test]
fn preg_09_the_same_text_under_three_matches_is_three_keys() {
    let mut map = PatternMap::new();
    for kind in Match::ALL {
        assert_eq!(map.insert(&UriPattern::new(kind, "a.b"), kind), None);
    }
    assert_eq!(map.len(), 3);
    assert_eq!(map.best("a.b"), Some((Match::Exact, &Match::Exact)));
    map.remove(Match::Exact, "a.b");
    assert_eq!(map.best("a.b"), Some((Match::Prefix, &Match::Prefix)));
    map.remove(Match::Prefix, "a.b");
    assert_eq!(map.best("a.b"), Some((Match::Wildcard, &Match::Wildcard)));
}

#[test]
fn overlaps_and_covers_by_example() {
    let (exact, prefix, wildcard) = (UriPattern::exact, UriPattern::prefix, UriPattern::wildcard);
    let cases = [
        // a, b, overlap, a covers b, b covers a
        (prefix("a."), wildcard(".b"), true, false, false),
        (prefix(""), wildcard("..x"), true, true, false),
        (prefix("a.b"), wildcard("a."), true, false, false),
        (prefix("a."), wildcard("a.."), true, true, false),
        (prefix("a.b.c"), wildcard("a."), false, false, false),
        (prefix("wamp."), wildcard("..on_join"), true, false, false),
        (exact("a.b"), wildcard("a.b"), true, true, true),
        (exact("a.b"), prefix("a.b"), true, false, true),
        (wildcard("a."), wildcard(".b"), true, false, false),
        (wildcard("."), wildcard(".b"), true, true, false),
        (wildcard("a."), wildcard("a.b.c"), false, false, false),
        (prefix("ab"), prefix("abc"), true, true, false),
        (prefix("ab"), prefix("ac"), false, false, false),
    ];
    for (a, b, overlap, a_covers, b_covers) in cases {
        assert_eq!(a.overlaps(&b), overlap, "{a}, {b}");
        assert_eq!(a.covers(&b), a_covers, "{a} covers {b}");
        assert_eq!(b.covers(&a), b_covers, "{b} covers {a}");
        assert!(UriRules::loose().check(a.as_str(), a.kind()).is_ok());
    }
}

/// As many patterns as `1 << places`, alike in all but where they are open, and a last component.
fn alike(places: usize, last: &str) -> Vec<UriPattern> {
    let pattern = |number: usize| {
        let open = |place: usize| if number >> place & 1 == 0 { "a." } else { "." };
        UriPattern::wildcard((0..places).map(open).collect::<String>() + last)
    };
    (0..1 << places).map(pattern).collect()
}

#[test]
fn preg_05_many_patterns_that_are_alike_are_found_as_few_are() {
    const PLACES: usize = 9;
    let mut map = PatternMap::new();
    let mut patterns = alike(PLACES, "b");
    patterns.extend(alike(PLACES, ""));
    for pattern in &patterns {
        map.insert(pattern, pattern.clone());
    }
    for uri in
        ["a.a.a.a.a.a.a.a.a.b", "a.a.a.a.a.a.a.a.a.z", "x.a.a.a.x.a.a.a.a.b", "x.x.x.x.x.x.x.x.x.x", "a.b"]
    {
        assert_eq!(map.best(uri).map(|(_, pattern)| pattern), best_by_scan(&patterns, uri), "{uri}");
        let mut found = Vec::new();
        map.all(uri, |_, pattern| found.push(pattern.clone()));
        assert_eq!(found.first(), best_by_scan(&patterns, uri), "{uri}");
        found.sort();
        let mut expected: Vec<_> = patterns.iter().filter(|pattern| pattern.matches(uri)).cloned().collect();
        expected.sort();
        assert_eq!(found, expected, "{uri}");
    }
    for pattern in patterns.iter().skip(1) {
        assert!(map.remove(pattern.kind(), pattern.as_str()).is_some());
    }
    assert_eq!(map.len(), 1);
    assert_eq!(map.best("a.a.a.a.a.a.a.a.a.b").map(|(_, pattern)| pattern), patterns.first());
}
