//! MREG: what is registered, by whom, and what is told when that changes.

use crate::router::play;

#[test]
fn mreg_01_on_create_tells_the_new_registration() {
    play(
        r#"
        monitor joins
        monitor subscribes wamp.registration. {"match": "prefix"} as $s
        alice joins
        alice registers com.p {"match": "prefix", "invoke": "roundrobin"} as $r
        monitor < [36, $s, _id, {"topic": "wamp.registration.on_create"}, [$alice,
            {"id": $r, "created": _time, "uri": "com.p", "match": "prefix", "invoke": "roundrobin"}]]
        monitor < [36, $s, _id, {"topic": "wamp.registration.on_register"}, [$alice, $r]]
        alice > [64, 2, {"match": "prefix"}, "com.p"]
        alice < [8, 64, 2, {}, "wamp.error.procedure_already_exists", ...]
        monitor silent
    "#,
    );
}

#[test]
fn mreg_02_on_register_follows_and_comes_for_every_callee() {
    play(
        r#"
        monitor joins
        monitor subscribes wamp.registration. {"match": "prefix"} as $s
        alice joins
        alice registers com.p {"invoke": "random"} as $r
        monitor < [36, $s, _id, {"topic": "wamp.registration.on_create"}, [$alice, {..., "id": $r}]]
        monitor < [36, $s, _id, {"topic": "wamp.registration.on_register"}, [$alice, $r]]
        bob joins
        bob registers com.p {"invoke": "random"} as $r
        monitor < [36, $s, _id, {"topic": "wamp.registration.on_register"}, [$bob, $r]]
        monitor silent
    "#,
    );
}

#[test]
fn mreg_03_on_unregister_tells_who_left() {
    play(
        r#"
        monitor joins
        monitor subscribes wamp.registration.on_unregister as $s
        alice joins
        alice > [66, 1, 4711]
        alice < [8, 66, 1, {}, "wamp.error.no_such_registration", ...]
        alice registers com.p as $r
        monitor silent
        alice > [66, 3, $r]
        alice < [67, 3]
        monitor < [36, $s, _id, {}, [$alice, $r]]
        monitor silent
    "#,
    );
}

#[test]
fn mreg_04_on_delete_follows_the_last_callee() {
    play(
        r#"
        alice joins
        alice registers com.p {"invoke": "first"} as $r
        bob joins
        bob registers com.p {"invoke": "first"} as $r
        monitor joins
        monitor subscribes wamp.registration. {"match": "prefix"} as $s
        alice > [66, 2, $r]
        alice < [67, 2]
        monitor < [36, $s, _id, {"topic": "wamp.registration.on_unregister"}, [$alice, $r]]
        monitor silent
        bob > [66, 2, $r]
        bob < [67, 2]
        monitor < [36, $s, _id, {"topic": "wamp.registration.on_unregister"}, [$bob, $r]]
        monitor < [36, $s, _id, {"topic": "wamp.registration.on_delete"}, [$bob, $r]]
        monitor silent
    "#,
    );
}

#[test]
fn mreg_05_both_are_told_when_a_callee_disappears() {
    play(
        r#"
        alice joins
        alice registers com.a as $a
        alice registers com.b {"match": "prefix"} as $b
        alice registers com.c {"invoke": "last"} as $c
        bob joins
        bob registers com.c {"invoke": "last"} as $c
        monitor joins
        monitor subscribes wamp.registration. {"match": "prefix"} as $s
        alice lost
        monitor < any of
            [36, $s, _id, {"topic": "wamp.registration.on_unregister"}, [$alice, $a]]
            [36, $s, _id, {"topic": "wamp.registration.on_delete"}, [$alice, $a]]
            [36, $s, _id, {"topic": "wamp.registration.on_unregister"}, [$alice, $b]]
            [36, $s, _id, {"topic": "wamp.registration.on_delete"}, [$alice, $b]]
            [36, $s, _id, {"topic": "wamp.registration.on_unregister"}, [$alice, $c]]
        monitor silent
        bob says goodbye
        monitor < [36, $s, _id, {"topic": "wamp.registration.on_unregister"}, [$bob, $c]]
        monitor < [36, $s, _id, {"topic": "wamp.registration.on_delete"}, [$bob, $c]]
        monitor silent
    "#,
    );
}

#[test]
fn mreg_06_match_and_policy_are_always_spelled_out() {
    play(
        r#"
        monitor joins
        monitor subscribes wamp.registration.on_create as $s
        alice joins
        alice registers com.a as $a
        monitor < [36, $s, _id, {}, [$alice, {..., "match": "exact", "invoke": "single"}]]
        monitor > [48, 2, {}, "wamp.registration.get", [$a]]
        monitor < [50, 2, {}, [{..., "match": "exact", "invoke": "single"}]]
        alice registers com..b {"match": "wildcard", "invoke": "last"} as $b
        monitor < [36, $s, _id, {}, [$alice, {..., "match": "wildcard", "invoke": "last"}]]
        monitor > [48, 3, {}, "wamp.registration.get", [$b]]
        monitor < [50, 3, {}, [{..., "match": "wildcard", "invoke": "last"}]]
    "#,
    );
}

#[test]
fn mreg_07_list_has_its_three_lists() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.registration.list"]
        alice < [50, 1, {}, [{"exact": [], "prefix": [], "wildcard": []}]]
        alice registers com.a as $a
        alice registers com.b as $b
        alice registers com. {"match": "prefix"} as $prefix
        alice > [48, 5, {}, "wamp.registration.list"]
        alice < [50, 5, {}, [{"exact": [$a, $b], "prefix": [$prefix], "wildcard": []}]]
        alice registers com..x {"match": "wildcard"} as $wildcard
        alice > [66, 7, $a]
        alice < [67, 7]
        alice > [48, 8, {}, "wamp.registration.list"]
        alice < [50, 8, {}, [{"exact": [$b], "prefix": [$prefix], "wildcard": [$wildcard]}]]
    "#,
    );
}

#[test]
fn mreg_08_lookup_finds_what_was_registered_so_and_nothing_else() {
    play(
        r#"
        alice joins
        alice registers com.p as $exact
        alice registers com. {"match": "prefix"} as $prefix
        alice > [48, 3, {}, "wamp.registration.lookup", ["com.unknown"]]
        alice < [50, 3, {}, [null]]
        alice > [48, 4, {}, "wamp.registration.lookup", ["com.p"]]
        alice < [50, 4, {}, [$exact]]
        alice > [48, 5, {}, "wamp.registration.lookup", ["com.p", {}]]
        alice < [50, 5, {}, [$exact]]
        alice > [48, 6, {}, "wamp.registration.lookup", ["com.p", {"match": "prefix"}]]
        alice < [50, 6, {}, [null]]
        alice > [48, 7, {}, "wamp.registration.lookup", ["com."]]
        alice < [50, 7, {}, [null]]
        alice > [48, 8, {}, "wamp.registration.lookup", ["com.", {"match": "prefix"}]]
        alice < [50, 8, {}, [$prefix]]
        alice > [48, 9, {}, "wamp.registration.lookup", ["com.p", {"match": "exact"}]]
        alice < [50, 9, {}, [$exact]]
    "#,
    );
}

#[test]
fn mreg_09_match_finds_who_would_be_called() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.registration.match", ["com.a.b"]]
        alice < [50, 1, {}, [null]]
        alice registers com..b {"match": "wildcard"} as $wildcard
        alice > [48, 3, {}, "wamp.registration.match", ["com.a.b"]]
        alice < [50, 3, {}, [$wildcard]]
        alice registers com. {"match": "prefix"} as $short
        alice registers com.a {"match": "prefix"} as $long
        alice > [48, 6, {}, "wamp.registration.match", ["com.a.b"]]
        alice < [50, 6, {}, [$long]]
        alice > [48, 7, {}, "wamp.registration.match", ["com.b.b"]]
        alice < [50, 7, {}, [$short]]
        alice registers com.a.b as $exact
        alice > [48, 9, {}, "wamp.registration.match", ["com.a.b"]]
        alice < [50, 9, {}, [$exact]]
        alice > [48, 10, {}, "wamp.registration.match", ["org.a.b"]]
        alice < [50, 10, {}, [null]]
    "#,
    );
}

#[test]
fn mreg_10_get_tells_what_on_create_told() {
    play(
        r#"
        monitor joins
        monitor > [48, 1, {}, "wamp.registration.get", [4711]]
        monitor < [8, 48, 1, {}, "wamp.error.no_such_registration", [_string]]
        monitor subscribes wamp.registration.on_create as $s
        alice joins
        alice registers com.p {"invoke": "roundrobin"} as $r
        monitor < [36, $s, _id, {}, [$alice, $details]]
        monitor > [48, 3, {}, "wamp.registration.get", [$r]]
        monitor < [50, 3, {}, [$details]]
        alice > [66, 2, $r]
        alice < [67, 2]
        monitor > [48, 4, {}, "wamp.registration.get", [$r]]
        monitor < [8, 48, 4, {}, "wamp.error.no_such_registration", [_string]]
    "#,
    );
}

#[test]
fn mreg_11_list_callees_has_all_of_them() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.registration.list_callees", [4711]]
        alice < [8, 48, 1, {}, "wamp.error.no_such_registration", [_string]]
        alice registers com.p {"invoke": "roundrobin"} as $r
        alice > [48, 3, {}, "wamp.registration.list_callees", [$r]]
        alice < [50, 3, {}, [[$alice]]]
        bob joins
        bob registers com.p {"invoke": "roundrobin"} as $r
        bob registers com.other
        alice > [48, 4, {}, "wamp.registration.list_callees", [$r]]
        alice < [50, 4, {}, [[$alice, $bob]]]  # in the order in which they registered
    "#,
    );
}

#[test]
fn mreg_12_count_callees_counts_them() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.registration.count_callees", [4711]]
        alice < [8, 48, 1, {}, "wamp.error.no_such_registration", [_string]]
        alice registers com.p {"invoke": "roundrobin"} as $r
        bob joins
        bob registers com.p {"invoke": "roundrobin"} as $r
        alice > [48, 3, {}, "wamp.registration.count_callees", [$r]]
        alice < [50, 3, {}, [2]]
        bob says goodbye
        alice > [48, 4, {}, "wamp.registration.count_callees", [$r]]
        alice < [50, 4, {}, [1]]
    "#,
    );
}

#[test]
fn mreg_13_remove_callee_revokes_a_registration() {
    play(
        r#"
        root joins as root secret
        alice joins
        alice registers com.p {"invoke": "first"} as $r
        bob joins
        bob registers com.p {"invoke": "first"} as $r
        root > [48, 1, {}, "wamp.registration.remove_callee", [4711, $alice]]
        root < [8, 48, 1, {}, "wamp.error.no_such_registration", [_string]]
        root > [48, 2, {}, "wamp.registration.remove_callee", [$r, 4711]]
        root < [8, 48, 2, {}, "wamp.error.no_such_session", [_string]]
        root > [48, 3, {}, "wamp.registration.remove_callee", [$r, $root]]  # who is no callee of it
        root < [8, 48, 3, {}, "wamp.error.no_such_registration", [_string]]
        root > [48, 4, {}, "wamp.registration.remove_callee", [$r, $alice], {"reason": 5}]
        root < [8, 48, 4, {}, "wamp.error.invalid_argument", [_string]]
        root subscribes wamp.registration. {"match": "prefix"} as $s
        root > [48, 6, {}, "wamp.registration.remove_callee", [$r, $alice], {"reason": "com.example.enough"}]
        root < any of
            [36, $s, _id, {"topic": "wamp.registration.on_unregister"}, [$alice, $r]]
            [50, 6, {}]
        alice < [67, 0, {"registration": $r, "reason": "com.example.enough"}]
        root calls com.p reaching bob
        bob > [70, 1, {}]
        root < [50, 7, {}]
        root > [48, 8, {}, "wamp.registration.remove_callee", [$r, $bob]]
        root < any of
            [36, $s, _id, {"topic": "wamp.registration.on_unregister"}, [$bob, $r]]
            [36, $s, _id, {"topic": "wamp.registration.on_delete"}, [$bob, $r]]
            [50, 8, {}]
        bob < [67, 0, {"registration": $r}]
        root > [48, 9, {}, "com.p"]
        root < [8, 48, 9, {}, "wamp.error.no_such_procedure", ...]
    "#,
    );
}
