//! Several administrators who drain one server: each asks for the same, and none for an end at once.

use crate::admin::{CONFIG, REALM, ask};
use crate::program::{Program, Scratch};
use serde_json::json;
use serverwamp_conformance::Signal;

const LATER: &str = "[shutdown]\nready_before = \"1h\"\nrestarts = false\n";

#[test]
fn who_drains_again_cuts_nobody_off() {
    for is_told_before in [false, true] {
        let scratch = Scratch::new();
        let mut program = Program::start(&scratch, &format!("{LATER}{CONFIG}"));
        let mut admins = [program.joined(REALM), program.joined(REALM)];
        if is_told_before {
            program.signal(Signal::Terminate);
            program.wait_for("stopping");
        }
        for _ in 0..2 {
            for admin in &mut admins {
                let drained = ask(admin, "serverwamp.node.drain", json!({}));
                assert_eq!(drained, Ok(json!({ "draining": true })));
            }
        }
        program.wait_for("stopping");
        // It would be gone, and so would this session.
        program.joined("realm1");
        for admin in &mut admins {
            ask(admin, "serverwamp.node.info", json!({})).expect("everything goes on in the delay");
        }
        ask(&mut admins[1], "serverwamp.node.drain", json!({ "within_ms": 1 })).expect("it ends now");
        assert!(program.ended().success());
        assert!(program.log().contains("stopped at once, without waiting for sessions"), "{}", program.log());
    }
}
