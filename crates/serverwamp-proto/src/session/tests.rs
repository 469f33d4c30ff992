//! The session machine, one test for each rule of the conformance checklist, and the whole table of states.

use super::*;
const HELLO: &str = r#"[1,"realm1",{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}]"#;

/// Every message a client may send once a session exists, with the request ids that are due.
const REQUESTS: [&str; 8] = [
    r#"[16,1,{},"a"]"#,
    r#"[32,2,{},"a"]"#,
    "[34,3,1]",
    r#"[48,4,{},"a"]"#,
    "[49,4,{}]",
    r#"[64,5,{},"a"]"#,
    "[66,6,1]",
    "[70,1,{}]",
];

/// Every message that only routers send.
const ROUTER_ONLY: [&str; 11] = [
    r#"[2,1,{"roles":{"broker":{}}}]"#,
    r#"[4,"ticket",{}]"#,
    "[17,1,1]",
    "[33,1,1]",
    "[35,1]",
    "[36,1,1,{}]",
    "[50,1,{}]",
    "[65,1,1]",
    "[67,1]",
    "[68,1,1,{}]",
    "[69,1,{}]",
];

const GARBAGE: [&str; 6] = ["", "[", "[]", "{}", r#"["1"]"#, "[300,{}]"];

/// A session machine fed with JSON.
#[derive(Debug)]
struct Peer(SessionMachine);

impl Peer {
    fn new() -> Self {
        Self(SessionMachine::new(RequestNumbering::Strict))
    }

    fn lenient() -> Self {
        Self(SessionMachine::new(RequestNumbering::Lenient))
    }

    fn in_state(state: SessionState) -> Self {
        let mut peer = Self::new();
        match state {
            SessionState::Closed => {}
            SessionState::Establishing => drop(peer.step(HELLO)),
            SessionState::Challenging => {
                peer.step(HELLO);
                peer.0.challenged();
            }
            SessionState::Established => peer.join(),
            SessionState::ShuttingDown => {
                peer.join();
                peer.0.closing();
            }
            SessionState::Failed => peer.0.aborted(),
        }
        assert_eq!(peer.0.state(), state);
        peer
    }

    fn join(&mut self) {
        assert_eq!(self.step(HELLO), "Join");
        self.0.welcomed(SessionId::new(4711).unwrap());
    }

    /// The name of the step, or the text of the violation.
    fn receive(&mut self, json: &str) -> Result<String, String> {
        let frame = Bytes::copy_from_slice(json.as_bytes());
        match self.0.receive_frame(Serializer::Json, &frame) {
            Ok(step) => Ok(format!("{step:?}").split(['(', ' ']).next().unwrap_or_default().to_owned()),
            Err(violation) => Err(violation.to_string()),
        }
    }

    #[track_caller]
    fn step(&mut self, json: &str) -> String {
        self.receive(json).unwrap_or_else(|violation| panic!("{json}: {violation}"))
    }

    #[track_caller]
    fn violation(&mut self, json: &str) -> String {
        let violation = self.receive(json).expect_err(json);
        assert_eq!(self.0.state(), SessionState::Failed);
        assert_eq!(self.0.id(), None);
        violation
    }
}

fn everything() -> Vec<&'static str> {
    let others = [
        HELLO,
        r#"[5,"x",{}]"#,
        r#"[3,{},"a.b"]"#,
        r#"[6,{},"a.b"]"#,
        r#"[8,68,1,{},"e"]"#,
        r#"[8,48,1,{},"e"]"#,
    ];
    [&REQUESTS[..], &ROUTER_ONLY[..], &GARBAGE[..], &others[..]].concat()
}

#[test]
fn ses_table_closed_hears_hello_and_abort() {
    for json in everything() {
        let mut peer = Peer::in_state(SessionState::Closed);
        match json {
            HELLO => assert_eq!(peer.step(json), "Join"),
            r#"[3,{},"a.b"]"# => assert_eq!(peer.step(json), "AttemptEnded"),
            _ => drop(peer.violation(json)),
        }
    }
}

#[test]
fn ses_table_challenging_hears_authenticate_and_abort() {
    for json in everything() {
        let mut peer = Peer::in_state(SessionState::Challenging);
        match json {
            r#"[5,"x",{}]"# => assert_eq!(peer.step(json), "Authenticate"),
            r#"[3,{},"a.b"]"# => assert_eq!(peer.step(json), "AttemptEnded"),
            _ => drop(peer.violation(json)),
        }
    }
}

#[test]
fn ses_table_established_serves_requests() {
    for json in everything() {
        let mut peer = Peer::lenient();
        peer.join();
        match json {
            r#"[3,{},"a.b"]"# => assert_eq!(peer.step(json), "Left"),
            r#"[6,{},"a.b"]"# => assert_eq!(peer.step(json), "Leave"),
            r#"[8,68,1,{},"e"]"# => assert_eq!(peer.step(json), "Request"),
            request if REQUESTS.contains(&request) => assert_eq!(peer.step(json), "Request"),
            _ => drop(peer.violation(json)),
        }
    }
}

#[test]
fn ses_table_shutting_down_waits_for_goodbye() {
    for json in everything() {
        let mut peer = Peer::in_state(SessionState::ShuttingDown);
        match json {
            r#"[3,{},"a.b"]"# | r#"[6,{},"a.b"]"# => assert_eq!(peer.step(json), "Left"),
            "" | "[" | "[]" | "{}" | r#"["1"]"# => assert_eq!(peer.step(json), "Left"),
            _ => assert_eq!(peer.step(json), "Ignored"),
        }
    }
}

#[test]
fn ses_01_the_first_message_is_hello() {
    assert_eq!(Peer::new().violation(r#"[32,1,{},"a"]"#), "SUBSCRIBE is not allowed before HELLO");
}

#[test]
fn ses_06_hello_names_a_role() {
    for details in [
        "{}",
        r#"{"roles":{}}"#,
        r#"{"roles":[]}"#,
        r#"{"roles":{"publisher":1}}"#,
        r#"{"roles":{"observer":{}}}"#,
        r#"{"roles":null}"#,
    ] {
        let violation = Peer::new().violation(&format!(r#"[1,"realm1",{details}]"#));
        assert!(violation.contains("roles"), "{violation}");
    }
}

#[test]
fn ses_07_unknown_roles_do_no_harm_beside_a_known_one() {
    assert_eq!(Peer::new().step(r#"[1,"r",{"roles":{"publisher":{},"observer":5}}]"#), "Join");
}

#[test]
fn ses_12_second_hello_is_a_violation() {
    let violation = Peer::in_state(SessionState::Established).violation(HELLO);
    assert_eq!(violation, "HELLO is not allowed in an established session");
}

#[test]
fn ses_14_abort_is_never_answered() {
    let mut peer = Peer::in_state(SessionState::Established);
    assert_eq!(peer.step(r#"[3,{},"com.x"]"#), "Left");
    assert_eq!(peer.0.state(), SessionState::Closed);
    assert_eq!(peer.0.id(), None);
}

#[test]
fn ses_15_abort_ends_an_attempt() {
    for state in [SessionState::Establishing, SessionState::Challenging] {
        let mut peer = Peer::in_state(state);
        assert_eq!(peer.step(r#"[3,{},"wamp.error.canceled"]"#), "AttemptEnded");
        assert_eq!(peer.step(HELLO), "Join");
    }
}

#[test]
fn ses_16_goodbye_is_answered_once() {
    let mut peer = Peer::in_state(SessionState::Established);
    assert_eq!(peer.step(r#"[6,{"message":"bye"},"wamp.close.close_realm"]"#), "Leave");
    assert_eq!(peer.0.state(), SessionState::Closed);
    peer.violation(r#"[6,{},"wamp.close.close_realm"]"#);
}

#[test]
fn ses_19_the_answer_to_our_goodbye_is_not_answered() {
    let mut peer = Peer::in_state(SessionState::ShuttingDown);
    assert_eq!(peer.step(r#"[6,{},"wamp.close.goodbye_and_out"]"#), "Left");
    assert_eq!(peer.step(HELLO), "Join");
}

#[test]
fn ses_20_nothing_is_served_behind_our_goodbye() {
    let mut peer = Peer::in_state(SessionState::ShuttingDown);
    assert_eq!(peer.step(r#"[16,99,{"acknowledge":true},"a"]"#), "Ignored");
    assert_eq!(peer.step(r#"[16,"never read any more"]"#), "Ignored");
    assert_eq!(peer.step(r#"[6,{},"wamp.close.goodbye_and_out"]"#), "Left");
}

#[test]
fn ses_22_reasons_are_uris() {
    let violation = Peer::in_state(SessionState::Established).violation(r#"[6,{},"not a uri"]"#);
    assert_eq!(violation, "GOODBYE: Reason is not a URI: character ' ' is not allowed");
    Peer::in_state(SessionState::Established).violation("[6,{}]");
    // An ABORT ends the session, whatever it says.
    assert_eq!(Peer::in_state(SessionState::Established).step(r#"[3,{},"not a uri"]"#), "Left");
}

#[test]
fn ses_26_id_09_a_new_session_on_the_same_transport_starts_afresh() {
    let mut peer = Peer::new();
    peer.join();
    assert_eq!(peer.step(r#"[32,1,{},"a"]"#), "Request");
    assert_eq!(peer.step(r#"[6,{},"wamp.close.close_realm"]"#), "Leave");
    peer.join();
    assert_eq!(peer.step(r#"[32,1,{},"a"]"#), "Request");
}

#[test]
fn ses_28_nothing_is_heard_before_the_decision() {
    let violation = Peer::in_state(SessionState::Establishing).violation(r#"[32,1,{},"a"]"#);
    assert_eq!(violation, "SUBSCRIBE is not allowed before WELCOME");
    let violation = Peer::in_state(SessionState::Challenging).violation(r#"[32,1,{},"a"]"#);
    assert_eq!(violation, "SUBSCRIBE is not allowed while AUTHENTICATE is expected");
}

#[test]
fn auth_14_challenges_may_follow_each_other() {
    let mut peer = Peer::in_state(SessionState::Challenging);
    assert_eq!(peer.step(r#"[5,"one",{}]"#), "Authenticate");
    peer.0.challenged();
    assert_eq!(peer.step(r#"[5,"two",{}]"#), "Authenticate");
    peer.0.welcomed(SessionId::new(1).unwrap());
    assert_eq!(peer.0.state(), SessionState::Established);
}

#[test]
fn auth_19_a_refused_peer_may_try_again() {
    let mut peer = Peer::in_state(SessionState::Establishing);
    peer.0.refused();
    assert_eq!(peer.step(HELLO), "Join");
}

#[test]
fn vio_02_nothing_is_heard_behind_a_violation() {
    let mut peer = Peer::in_state(SessionState::Established);
    peer.violation("[0]");
    for json in everything() {
        assert_eq!(peer.step(json), "Ignored");
    }
    peer.0.closing();
    assert_eq!(peer.0.state(), SessionState::Failed);
}

#[test]
fn vio_07_08_10_neither_goodbye_nor_error_nor_answers_before_a_session() {
    for json in ROUTER_ONLY.iter().chain(&[r#"[6,{},"wamp.close.close_realm"]"#, r#"[8,68,1,{},"a.b"]"#]) {
        for state in [SessionState::Closed, SessionState::Establishing, SessionState::Challenging] {
            Peer::in_state(state).violation(json);
        }
    }
}

#[test]
fn vio_09_clients_answer_invocations_only() {
    for of in [16, 32, 34, 48, 64, 66, 999] {
        let mut peer = Peer::in_state(SessionState::Established);
        let violation = peer.violation(&format!(r#"[8,{of},1,{{}},"a.b"]"#));
        assert_eq!(violation, format!("ERROR #1: a client may answer only INVOCATION (68), got type {of}"));
    }
}

#[test]
fn vio_11_only_routers_send_these() {
    for json in ROUTER_ONLY {
        let violation = Peer::in_state(SessionState::Established).violation(json);
        assert!(violation.ends_with("is not allowed in an established session"), "{violation}");
    }
}

#[test]
fn vio_12_authenticate_needs_a_challenge() {
    for state in [SessionState::Closed, SessionState::Establishing, SessionState::Established] {
        Peer::in_state(state).violation(r#"[5,"x",{}]"#);
    }
    let mut twice = Peer::in_state(SessionState::Challenging);
    twice.step(r#"[5,"x",{}]"#);
    twice.violation(r#"[5,"x",{}]"#);
}

#[test]
fn vio_13_answers_are_let_through_for_the_driver_knows_the_invocations() {
    for answer in ["[70,1,{}]", r#"[8,68,1,{},"a.b"]"#] {
        // Neither has a number of its own: the next request is the first.
        let mut peer = Peer::in_state(SessionState::Established);
        assert_eq!(peer.step(answer), "Request");
        assert_eq!(peer.step(r#"[32,1,{},"a"]"#), "Request");
        for state in [SessionState::Closed, SessionState::Establishing, SessionState::Challenging] {
            Peer::in_state(state).violation(answer);
        }
    }
    let violation = unknown_invocation("YIELD", RequestId::new(2).unwrap());
    assert_eq!(violation.to_string(), "YIELD #2: no such invocation");
}

#[test]
fn vio_15_id_06_strict_requests_are_numbered_without_gaps() {
    let mut peer = Peer::in_state(SessionState::Established);
    for json in [r#"[32,1,{},"a"]"#, r#"[16,2,{},"a"]"#, r#"[48,3,{},"a"]"#, "[49,3,{}]", "[34,4,1]"] {
        assert_eq!(peer.step(json), "Request");
    }
    assert_eq!(peer.violation(r#"[64,6,{},"a"]"#), "REGISTER: expected request id 5, got 6");
    Peer::in_state(SessionState::Established).violation(r#"[32,2,{},"a"]"#);
    let mut again = Peer::in_state(SessionState::Established);
    again.step(r#"[32,1,{},"a"]"#);
    again.violation(r#"[32,1,{},"a"]"#);
}

#[test]
fn id_06_lenient_requests_may_have_any_id() {
    let mut peer = Peer::lenient();
    peer.join();
    for json in [r#"[32,713845233,{},"a"]"#, r#"[16,5,{},"a"]"#, r#"[48,5,{},"a"]"#, r#"[48,5,{},"a"]"#] {
        assert_eq!(peer.step(json), "Request");
    }
    peer.violation(r#"[32,0,{},"a"]"#);
}

#[test]
fn pci_13_to_19_open_calls_may_come_again_under_strict_numbering() {
    let mut peer = Peer::in_state(SessionState::Established);
    for json in [
        r#"[48,1,{"progress":true},"p"]"#,
        r#"[16,2,{},"t"]"#,
        r#"[48,1,{"progress":true},"p"]"#,
        r#"[48,3,{},"q"]"#,
        r#"[48,1,{},"p"]"#,
    ] {
        assert_eq!(peer.step(json), "Request", "{json}");
    }
    peer.violation(r#"[48,1,{},"p"]"#);
    let mut gap = Peer::in_state(SessionState::Established);
    gap.step(r#"[48,1,{"progress":true},"p"]"#);
    gap.violation(r#"[48,3,{},"p"]"#);
    let mut plain = Peer::in_state(SessionState::Established);
    plain.step(r#"[48,1,{},"p"]"#);
    plain.violation(r#"[48,1,{},"p"]"#);
}

#[test]
fn rpc_11_error_uris_are_uris() {
    let mut peer = Peer::in_state(SessionState::Established);
    assert_eq!(peer.step(r#"[8,68,1,{},"wamp.error.invalid_argument"]"#), "Request");
    peer.violation(r#"[8,68,1,{},"a b"]"#);
}

#[test]
fn requests_are_read_quickly_only_in_a_session_that_counts_none() {
    for json in [r#"[48,7,{},"a",[1]]"#, "[70,7,{},[1]]", r#"[16,7,{"acknowledge":true},"a"]"#] {
        let frame = Bytes::from_static(json.as_bytes());
        let quick = |peer: &Peer| peer.0.receive_quick(Serializer::Json, &frame).is_some();
        let short = |peer: &Peer| peer.0.receive_short(Serializer::Json, &frame).is_some();
        let mut peer = Peer::lenient();
        assert!(!quick(&peer) && !quick(&Peer::in_state(SessionState::Established)) && !short(&peer));
        peer.join();
        assert!(quick(&peer) && short(&peer));
        peer.0.closing();
        assert!(!quick(&peer) && !short(&peer));
    }
}
