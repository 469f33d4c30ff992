//! smoke
use crate::router::play;
#[test]
fn smoke_call() {
    play(r#"
        alice joins
        bob joins
        alice > [64, 1, {}, "com.add"]
        alice < [65, 1, $r]
        bob > [48, 1, {}, "com.add", [2, 3]]
        alice < [68, 1, $r, {}, [2, 3]]
        alice > [70, 1, {}, [5]]
        bob < [50, 1, {}, [5]]
        bob > [48, 2, {"receive_progress": true}, "com.add", [2, 3]]
        alice < [68, 2, $r, {"receive_progress": true}, [2, 3]]
        alice > [70, 2, {"progress": true}, [1]]
        bob < [50, 2, {"progress": true}, [1]]
        bob > [49, 2, {"mode": "kill"}]
        alice < [69, 2, {"mode": "kill"}]
        alice > [8, 68, 2, {}, "com.e", ["x"], {"k": 1}]
        bob < [8, 48, 2, {}, "com.e", ["x"], {"k": 1}]
        bob > [48, 3, {"timeout": 50}, "com.add"]
        alice < [68, 3, $r, {}]
        bob < [8, 48, 3, {}, "wamp.error.timeout"]
        alice < [69, 3, {"mode": "killnowait"}]
        bob > [48, 4, {}, "com.add", [2, 3]]
        alice < [68, 4, $r, {}, [2, 3]]
        alice lost
        bob < [8, 48, 4, {}, "wamp.error.canceled", ...]
    "#);
}
#[test]
fn smoke_event() {
    play(r#"
        alice joins
        bob joins
        alice > [32, 1, {}, "com.t"]
        alice < [33, 1, $s]
        alice > [32, 2, {"match": "prefix"}, "com."]
        alice < [33, 2, $p]
        bob > [16, 1, {"acknowledge": true}, "com.t", [1], {"a": 2}]
        bob < [17, 1, $pub]
        alice < any of
            [36, $s, $pub, {}, [1], {"a": 2}]
            [36, $p, $pub, {"topic": "com.t"}, [1], {"a": 2}]
    "#);
}
