//! "Sharded Subscription", which the specification names and does not define (group SSUB).

use crate::router::play;

#[test]
fn ssub_01_keys_of_shards_change_nothing_and_are_not_announced() {
    play(
        r#"
        carol connects
        carol > [1, "realm1", {"roles": {"subscriber": {}}}]
        carol < [2, _id, {..., "roles": {..., "broker": {..., "features":
            {..., "sharded_subscription": absent, "shareded_subscriptions": absent}}}}]
        alice joins
        bob joins
        alice > [32, 1, {"nkey": "east"}, "com.t"]
        alice < [33, 1, $s]
        carol > [32, 1, {"nkey": "west"}, "com.t"]
        carol < [33, 1, $s]
        bob > [16, 1, {"rkey": "east"}, "com.t", [1]]
        alice < [36, $s, $p, {}, [1]]
        carol < [36, $s, $p, {}, [1]]
        bob > [16, 2, {}, "com.t", [2]]
        alice < [36, $s, $q, {}, [2]]
        carol < [36, $s, $q, {}, [2]]
    "#,
    );
}
