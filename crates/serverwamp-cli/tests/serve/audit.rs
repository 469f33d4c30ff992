//! What administrators cannot hide: each act leaves one line in the log, whatever they do to the log.

use crate::admin::{CONFIG, REALM, ask};
use crate::program::{Program, Scratch};
use serde_json::json;

#[test]
fn an_administrator_cannot_act_unseen_by_turning_the_log_off() {
    let scratch = Scratch::new();
    let program = Program::start(&scratch, CONFIG);
    let mut admin = program.joined(REALM);
    let level = |filter| json!({ "filter": filter });
    for filter in ["serverwamp::audit=off", "info,serverwamp::audit=error"] {
        let (uri, text) = ask(&mut admin, "serverwamp.node.log_level", level(filter)).unwrap_err();
        assert_eq!(uri, "wamp.error.invalid_argument");
        assert!(text.contains("serverwamp::audit") && text.contains("leave it out"), "{text}");
    }
    ask(&mut admin, "serverwamp.node.log_level", level("off")).expect("other lines may go");
    let forged = "x\n2026-12-01T00:00:00.000Z  INFO serverwamp::audit: forged \u{1b}[2J\u{202e}\u{2028}";
    let kill = json!({ "realm": "realm1", "authid": forged });
    assert_eq!(ask(&mut admin, "serverwamp.session.kill", kill), Ok(json!({ "ended": 0 })));
    program.wait_for("procedure=serverwamp.session.kill");
    let log = program.log();
    let audit: Vec<&str> = log.lines().filter(|line| line.contains(" serverwamp::audit: ")).collect();
    assert_eq!(audit.len(), 4, "three changes of the filter and one end of sessions: {audit:#?}");
    assert!(audit[2].contains("filter=\\\"off\\\""), "the one that turned the log off: {}", audit[2]);
    assert!(
        audit[3].contains("authrole=operator") && audit[3].contains("forged \\\\u{1b}[2J"),
        "{}",
        audit[3]
    );
    let obeyed = |letter: char| letter.is_control() || "\u{202e}\u{2028}".contains(letter);
    assert!(!log.chars().any(|letter| letter != '\n' && obeyed(letter)), "{log:?}");
}
