//! AUTHZ-10: requests that wait for an authorizer, what waits behind them, and what ends their waiting.
//!
//! The authorizer is a client, so that it answers when the transcript says so.

use crate::authorizers::{realms, realms_with};
use crate::router::play_at;

#[test]
fn authz_10_ord_01_events_come_in_the_order_of_their_publication_however_the_authorizer_answers() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        root subscribes com.t {"match": "prefix"} as $s
        mia joins as mia secret
        mia > [16, 1, {}, "com.t.one", [1]]
        mia > [16, 2, {}, "com.t.two", [2]]
        mia > [16, 3, {"acknowledge": true}, "com.t.three", [3]]
        mia > [16, 4, {}, "com.t.four", [4]]
        root < [68, 1, $r, {}, [{...}, "com.t.one", "publish", {}]]
        root < [68, 2, $r, {}, [{...}, "com.t.two", "publish", {}]]
        root < [68, 3, $r, {}, [{...}, "com.t.three", "publish", {...}]]
        root < [68, 4, $r, {}, [{...}, "com.t.four", "publish", {}]]
        root > [70, 4, {}, [true]]
        root > [70, 2, {}, [true]]
        root > [70, 3, {}, [false]]
        root silent
        mia silent
        root > [70, 1, {}, [true]]
        root < [36, $s, _id, {"topic": "com.t.one"}, [1]]
        root < [36, $s, _id, {"topic": "com.t.two"}, [2]]
        root < [36, $s, _id, {"topic": "com.t.four"}, [4]]
        mia < [8, 16, 3, {}, "wamp.error.not_authorized", [_string]]
    "#,
    );
}

#[test]
fn authz_10_ord_03_calls_come_in_their_order_and_one_that_a_permission_allows_waits_behind_others() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        root registers com.open as $o
        root registers com.other as $p
        joe joins as joe secret
        joe > [48, 1, {}, "com.other", [1]]
        joe > [48, 2, {}, "com.open", [2]]
        joe > [48, 3, {}, "com.denied", [3]]
        joe > [48, 4, {}, "com.other", [4]]
        root < [68, 1, $r, {}, [{...}, "com.other", "call", {}]]
        root < [68, 2, $r, {}, [{...}, "com.other", "call", {}]]
        root > [70, 2, {}, [true]]
        root silent
        joe silent
        root > [70, 1, {}, [true]]
        root < [68, 3, $p, {}, [1]]
        root < [68, 4, $o, {}, [2]]
        joe < [8, 48, 3, {}, "wamp.error.not_authorized", [_string]]
        root < [68, 5, $p, {}, [4]]
        root > [70, 3, {}]
        joe < [50, 1, {}]
        joe > [48, 5, {}, "com.open", [5]]
        root < [68, 6, $o, {}, [5]]
    "#,
    );
}

#[test]
fn authz_10_nothing_but_requests_of_the_same_kind_waits() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        mia joins as mia secret
        mia > [64, 1, {}, "com.p"]
        root < [68, 1, $r, {}, [{...}, "com.p", "register", {...}]]
        root > [70, 1, {}, [true]]
        mia < [65, 1, $p]
        mia > [32, 2, {}, "com.t"]
        root < [68, 2, $r, {}, [{...}, "com.t", "subscribe", {...}]]
        root > [70, 2, {}, [true]]
        mia < [33, 2, $s]
        mia > [48, 3, {}, "com.slow"]
        root < [68, 3, $r, {}, [{...}, "com.slow", "call", {}]]
        root > [48, 2, {}, "com.p"]
        mia < [68, 1, $p, {}]
        mia > [70, 1, {}, ["while a call waits"]]
        root < [50, 2, {}, ["while a call waits"]]
        mia > [16, 4, {"acknowledge": true}, "com.t"]
        root < [68, 4, $r, {}, [{...}, "com.t", "publish", {...}]]
        root > [70, 4, {}, [true]]
        mia < [17, 4, _id]
        mia > [34, 5, $s]
        mia < [35, 5]
        mia > [66, 6, $p]
        mia < [67, 6]
        mia > [32, 7, {}, "com.u"]
        root < [68, 5, $r, {}, [{...}, "com.u", "subscribe", {...}]]
        root > [70, 5, {}, [true]]
        mia < [33, 7, _id]
        root > [70, 3, {}, [false]]
        mia < [8, 48, 3, {}, "wamp.error.not_authorized", [_string]]
    "#,
    );
}

#[test]
fn authz_10_a_cancel_ends_a_call_that_waits_and_takes_the_question_back() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        mia joins as mia secret
        mia > [48, 1, {}, "com.served"]
        root < [68, 1, $r, {}, [{...}, "com.served", "call", {}]]
        mia > [48, 2, {}, "com.served"]
        root < [68, 2, $r, {}, [{...}, "com.served", "call", {}]]
        mia > [49, 1, {}]
        mia < [8, 48, 1, {}, "wamp.error.canceled"]
        root < [69, 1, {...}]
        root > [8, 68, 1, {}, "wamp.error.canceled"]
        root > [70, 2, {}, [true]]
        mia < [50, 2, {}, ["by the application"]]
        mia > [49, 1, {}]
        mia silent
        mia > [48, 3, {}, "com.served"]
        root < [68, 3, $r, {}, [{...}, "com.served", "call", {}]]
        root > [70, 3, {}, [true]]
        mia < [50, 3, {}, ["by the application"]]
    "#,
    );
}

#[test]
fn authz_10_tmo_02_a_call_that_waits_times_out() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        mia joins as mia secret
        mia > [48, 1, {"timeout": 20}, "com.served"]
        root < [68, 1, $r, {}, [{...}, "com.served", "call", {}]]
        mia < [8, 48, 1, {}, "wamp.error.timeout"]
        root < [69, 1, {...}]
        mia > [48, 2, {"timeout": 60000}, "com.served"]
        root < [68, 2, $r, {}, [{...}, "com.served", "call", {}]]
        root > [70, 2, {}, [true]]
        mia < [50, 2, {}, ["by the application"]]
    "#,
    );
}

#[test]
fn authz_10_a_session_that_leaves_while_it_waits_leaves_nothing_behind() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        mia joins as mia secret
        mia > [32, 1, {}, "com.t"]
        mia > [64, 2, {}, "com.p"]
        root < [68, 1, $r, {}, [{...}, "com.t", "subscribe", {...}]]
        root < [68, 2, $r, {}, [{...}, "com.p", "register", {...}]]
        mia lost
        root < any of
            [69, 1, {...}]
            [69, 2, {...}]
        root > [70, 1, {}, [true]]
        root > [70, 2, {}, [true]]
        joe joins as joe secret
        joe > [32, 1, {}, "com.u"]
        root < [68, 3, $r, {}, [{...}, "com.u", "subscribe", {...}]]
        joe says goodbye
        root < [69, 3, {...}]
        root > [70, 3, {}, [true]]
        root > [48, 2, {}, "wamp.subscription.list"]
        root < [50, 2, {}, [{"exact": [], ...}]]
        root > [48, 3, {}, "wamp.registration.lookup", ["com.p"]]
        root < [50, 3, {}, [null]]
    "#,
    );
}

#[test]
fn authz_10_pci_05_further_input_waits_with_its_call_and_is_not_asked_about() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        root registers com.p as $p
        mia joins as mia secret
        mia > [48, 1, {"progress": true}, "com.p", [1]]
        root < [68, 1, $r, {}, [{...}, "com.p", "call", {}]]
        mia > [48, 1, {"progress": true}, "com.p", [2]]
        mia > [48, 1, {}, "com.p", [3]]
        root silent
        root > [70, 1, {}, [true]]
        root < [68, 2, $p, {"progress": true, ...}, [1]]
        root < [68, 2, $p, {"progress": true, ...}, [2]]
        root < [68, 2, $p, {...}, [3]]
        root > [70, 2, {}, ["all of it"]]
        mia < [50, 1, {}, ["all of it"]]
        mia > [48, 2, {"progress": true}, "com.p", [1]]
        root < [68, 3, $r, {}, [{...}, "com.p", "call", {}]]
        root > [70, 3, {}, [false]]
        mia < [8, 48, 2, {}, "wamp.error.not_authorized", [_string]]
        mia > [48, 2, {}, "com.p", [2]]
        mia silent
        root silent
    "#,
    );
}

#[test]
fn authz_10_only_so_many_requests_of_a_session_wait() {
    play_at(
        || realms_with(|limits| limits.undecided_requests = 2),
        r#"
        root joins as root secret
        root registers com.auth as $r
        mia joins as mia secret
        mia > [48, 1, {}, "com.served"]
        mia > [16, 2, {}, "com.t"]
        mia > [48, 3, {}, "com.served"]
        mia < [8, 48, 3, {}, "wamp.error.unavailable", ["2 requests of this session wait for a decision"]]
        mia > [16, 4, {}, "com.t"]
        mia > [32, 5, {}, "com.t"]
        mia < [8, 32, 5, {}, "wamp.error.unavailable", [_string]]
        root < [68, 1, $r, {}, [{...}, "com.served", "call", {}]]
        root < [68, 2, $r, {}, [{...}, "com.t", "publish", {}]]
        root silent
        gus joins
        gus > [48, 1, {}, "com.served"]
        root < [68, 3, $r, {}, [{...}, "com.served", "call", {}]]
        root > [70, 3, {}, [true]]
        gus < [50, 1, {}, ["by the application"]]
        joe joins as joe secret
        joe > [48, 1, {"progress": true}, "com.p", [1]]
        root < [68, 4, $r, {}, [{...}, "com.p", "call", {}]]
        joe > [48, 1, {"progress": true}, "com.p", [2]]
        joe > [48, 1, {"progress": true}, "com.p", [3]]
        joe < [8, 48, 1, {}, "wamp.error.unavailable", [_string]]
        root < [69, 4, {...}]
        joe > [48, 1, {}, "com.p", [4]]
        joe silent
        root > [70, 1, {}, [true]]
        mia < [50, 1, {}, ["by the application"]]
        mia > [48, 6, {}, "com.served"]
        root < [68, 5, $r, {}, [{...}, "com.served", "call", {}]]
        root > [70, 5, {}, [true]]
        mia < [50, 6, {}, ["by the application"]]
    "#,
    );
}
