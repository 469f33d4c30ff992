//! Each reason why nobody knows what was missed, and that no answer takes more than the documented memory.

use super::*;
use crate::client::recovery::read::MOST_PAGES;
use crate::peering::{RECOVERED_BYTES, RECOVERED_EVENTS};

#[track_caller]
fn is_gap(outcome: Missed, expected: &str, then: Option<&str>) {
    let (reason, position) = gap(outcome);
    let name = format!("{reason:?}");
    assert!(name.starts_with(expected), "{name} is not {expected}");
    assert_eq!(position.as_deref(), then);
    assert!(!reason.to_string().is_empty());
}

#[test]
fn a_store_that_has_overflowed_past_the_position_is_a_gap_and_then_live_events_have_a_position() {
    let router = FakeRouter::with(1..=20, 10);
    is_gap(recovered(&router, &position(&[9, 8])), "Forgotten", Some("4711.20"));
    // The oldest one that is there.
    assert_eq!(numbers(&recovered(&router, &position(&[11]))), (12..=20).collect::<Vec<_>>());
    is_gap(recovered(&router, &position(&[])), "Forgotten", Some("4711.20"));
}

#[test]
fn events_that_were_published_and_not_kept_are_a_gap() {
    let router = FakeRouter::with([1, 2], 10);
    locked(&router.history).pass_over();
    is_gap(recovered(&router, &position(&[2])), "Forgotten", Some("4711.2"));
    push(&mut locked(&router.history), 3);
    is_gap(recovered(&router, &position(&[1])), "Forgotten", Some("4711.3"));
    assert_eq!(numbers(&recovered(&router, &position(&[3]))), [0_u64; 0]);
}

#[test]
fn a_history_that_began_anew_is_a_gap() {
    let router = FakeRouter::with([1, 2], 10);
    let before = HistoryPosition::behind(EpochId::new(1).unwrap(), id(1));
    is_gap(recovered(&router, &before), "NewHistory", Some("4711.2"));
}

#[test]
fn what_routers_answer_without_a_history_or_without_an_api_is_a_gap() {
    let refused = |uri: &'static str| Err(WampError::new(uri));
    for (answer, reason) in [
        (Ok(results("", r#"{"complete":false,"more":false}"#)), "NoHistory"),
        // Crossbar.io has one list of events, nexus a keyword of its own.
        (Ok(results("[[]]", "")), "NotSupported"),
        (Ok(results("[]", r#"{"is_limit_reached":false}"#)), "NotSupported"),
        (refused(uris::error::NO_SUCH_PROCEDURE), "NoMetaApi"),
        (refused(uris::error::NOT_AUTHORIZED), "NotAuthorized"),
        (refused(uris::error::AUTHORIZATION_FAILED), "Failed"),
        (refused(uris::error::NO_SUCH_SUBSCRIPTION), "Failed"),
        (refused(uris::error::PAYLOAD_SIZE_EXCEEDED), "Failed"),
        (refused(uris::error::NETWORK_FAILURE), "Failed"),
    ] {
        let router = SameAnswer(answer);
        is_gap(recovered(&router, &position(&[1])), reason, None);
        let begun = begin(&router, &exact()).now_or_never().unwrap().unwrap_err();
        assert!(format!("{begun:?}").starts_with(reason), "{begun:?}");
    }
}

#[test]
fn nonsense_is_a_gap() {
    for (args, kwargs) in [
        ("[]", r#"{"complete":1}"#),
        ("[1]", r#"{"complete":true,"more":false,"epoch":4711}"#),
        ("[{}]", r#"{"complete":true,"more":false,"epoch":4711}"#),
        (r#"[{"publication":0}]"#, r#"{"complete":true,"more":false,"epoch":4711}"#),
        (r#"[{"publication":1,"details":7}]"#, r#"{"complete":true,"more":false,"epoch":4711}"#),
        // More, and none of it.
        ("[]", r#"{"complete":true,"more":true,"epoch":4711}"#),
    ] {
        is_gap(recovered(&SameAnswer(Ok(results(args, kwargs))), &position(&[5])), "Failed", None);
    }
}

#[test]
fn no_more_is_recovered_than_documented() {
    let most = u64::try_from(RECOVERED_EVENTS).unwrap();
    let router = FakeRouter::with(1..=most + 1, usize::MAX);
    assert_eq!(numbers(&recovered(&router, &position(&[1]))).len(), RECOVERED_EVENTS);
    push(&mut locked(&router.history), most + 2);
    is_gap(recovered(&router, &position(&[1])), "TooMuch", Some("4711.10002"));
    let router = FakeRouter { text: RECOVERED_BYTES / 8, ..FakeRouter::with(1..=8, 10) };
    assert_eq!(numbers(&recovered(&router, &position(&[1]))).len(), 7);
    push(&mut locked(&router.history), 9);
    is_gap(recovered(&router, &position(&[1])), "TooMuch", Some("4711.9"));
}

#[test]
fn a_router_that_tells_the_same_for_ever_is_left_after_a_while() {
    let event = r#"[{"publication":5}]"#;
    let router = SameAnswer(Ok(results(event, r#"{"complete":true,"more":true,"epoch":4711}"#)));
    is_gap(recovered(&router, &position(&[1])), "TooFast", Some("4711.5"));
}

#[test]
fn events_that_come_faster_than_they_are_read_are_a_gap() {
    let router = FakeRouter { drops: (2..).take(1000).collect(), ..FakeRouter::with([1], usize::MAX) };
    *locked(&router.coming) = (2..1002).map(|number| vec![number]).collect();
    let (reason, _) = gap(recovered(&router, &position(&[1])));
    assert!(matches!(reason, GapReason::TooFast), "{reason}");
    assert_eq!(router.requests().len(), MOST_PAGES + 1, "and one to go on from");
}
