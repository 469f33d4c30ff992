//! "Sharded Registration", which the specification begins and does not finish.

use crate::router::play;

#[test]
fn shard_01_keys_and_modes_of_shards_change_nothing() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
        bob > [48, 1, {"rkey": "k", "runmode": "partition"}, "com.p", [1]]
        alice < [68, 1, $r, {}, [1]]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        bob > [48, 2, {"runmode": "partition"}, "com.p"]
        alice < [68, 2, $r, {}]
        alice > [70, 2, {}]
        bob < [50, 2, {}]
    "#,
    );
}
