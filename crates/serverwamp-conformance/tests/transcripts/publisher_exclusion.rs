//! "Publisher Exclusion": whether publishers hear themselves (group EXCL).

use crate::router::play;

#[test]
fn excl_01_a_publisher_is_excluded_by_default_and_on_request() {
    play(
        r#"
        alice joins
        bob joins
        alice subscribes com.t as $s
        bob subscribes com.t as $s
        alice > [16, 2, {}, "com.t", [1]]
        bob < [36, $s, _, {}, [1]]
        alice silent
        alice > [16, 3, {"exclude_me": true}, "com.t", [2]]
        bob < [36, $s, _, {}, [2]]
        alice silent
    "#,
    );
}

#[test]
fn excl_02_a_publisher_that_wants_to_hears_itself() {
    play(
        r#"
        alice joins
        bob joins
        alice subscribes com.t as $s
        bob subscribes com.t as $s
        alice > [16, 2, {"acknowledge": true, "exclude_me": false}, "com.t", [1]]
        alice < any of
            [17, 2, $p]
            [36, $s, $p, {}, [1]]
        bob < [36, $s, $p, {}, [1]]
        # Who is not subscribed hears nothing either way.
        carol joins
        carol > [16, 1, {"exclude_me": false}, "com.t", [2]]
        alice < [36, $s, $q, {}, [2]]
        bob < [36, $s, $q, {}, [2]]
        carol silent
    "#,
    );
}

#[test]
fn excl_03_another_session_of_the_publishers_user_is_not_excluded() {
    play(
        r#"
        alice joins as joe secret
        bob joins as joe secret
        alice subscribes com.t as $s
        bob subscribes com.t as $s
        alice > [16, 2, {}, "com.t"]
        bob < [36, $s, _, {}]
        alice silent
    "#,
    );
}

#[test]
fn excl_04_publisher_exclusion_is_announced() {
    play(
        r#"
        alice connects
        alice > [1, "realm1", {"roles": {"publisher": {}}}]
        alice < [2, _id, {..., "roles": {..., "broker": {..., "features": {..., "publisher_exclusion": true}}}}]
    "#,
    );
}

#[test]
fn excl_05_wanting_to_hear_itself_is_no_way_around_a_list() {
    play(
        r#"
        alice joins as joe secret
        bob joins
        alice subscribes com.t as $s
        bob subscribes com.t as $s
        alice > [16, 2, {"exclude_me": false, "exclude": [$alice]}, "com.t", [1]]
        bob < [36, $s, _, {}, [1]]
        alice > [16, 3, {"exclude_me": false, "exclude_authid": ["joe"]}, "com.t", [2]]
        bob < [36, $s, _, {}, [2]]
        alice > [16, 4, {"exclude_me": false, "eligible": [$bob]}, "com.t", [3]]
        bob < [36, $s, _, {}, [3]]
        alice silent
        # Nor is a whitelist a way around the exclusion.
        alice > [16, 5, {"eligible": [$alice, $bob]}, "com.t", [4]]
        bob < [36, $s, _, {}, [4]]
        alice silent
        alice > [16, 6, {"exclude_me": false, "eligible": [$alice]}, "com.t", [5]]
        alice < [36, $s, _, {}, [5]]
        bob silent
    "#,
    );
}
