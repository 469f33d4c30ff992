//! The client's session machine: the table of states, and one test for each rule.

use super::*;
use crate::id::PublicationId;

pub(super) const LIMITS: ClientLimits = ClientLimits { requests: 4, invocations: 2 };

const WELCOME: &str = r#"[2,4711,{"roles":{"broker":{},"dealer":{}}}]"#;
const CHALLENGE: &str = r#"[4,"ticket",{}]"#;
const ABORT_MESSAGE: &str = r#"[3,{},"a.b"]"#;
const GOODBYE_MESSAGE: &str = r#"[6,{},"a.b"]"#;

/// Messages that a router sends in a session, none of which anybody asked for.
const UNASKED: [&str; 10] = [
    "[17,9,1]",
    "[33,9,1]",
    "[35,9]",
    "[36,9,1,{}]",
    "[50,9,{}]",
    r#"[50,9,{"progress":true}]"#,
    "[65,9,1]",
    "[67,9]",
    "[68,9,9,{}]",
    r#"[8,48,9,{},"a.b"]"#,
];

/// Messages that only clients send.
const CLIENT_ONLY: [&str; 10] = [
    r#"[1,"r",{"roles":{"caller":{}}}]"#,
    r#"[5,"x",{}]"#,
    r#"[16,1,{},"a"]"#,
    r#"[32,1,{},"a"]"#,
    "[34,1,1]",
    r#"[48,1,{},"a"]"#,
    "[49,1,{}]",
    r#"[64,1,{},"a"]"#,
    "[66,1,1]",
    "[70,1,{}]",
];

const GARBAGE: [&str; 6] = ["", "[", "[]", "{}", r#"["1"]"#, "[300,{}]"];

pub(super) const CALL: RequestKind = RequestKind::Call { receive_progress: false, more_input: false };
pub(super) const PROGRESSIVE: RequestKind = RequestKind::Call { receive_progress: true, more_input: false };

/// A machine that hears JSON. What the driver keeps of a request is a word.
#[derive(Debug)]
pub(super) struct Client(pub(super) ClientMachine<&'static str, &'static str>);

impl Client {
    pub(super) fn joining() -> Self {
        Self(ClientMachine::new(LIMITS, Bounds::NONE))
    }

    pub(super) fn joined() -> Self {
        let mut client = Self::joining();
        assert!(client.hear(WELCOME).unwrap().starts_with("Joined"));
        client
    }

    fn in_state(state: ClientState) -> Self {
        let mut client = Self::joining();
        match state {
            ClientState::Joining => {}
            ClientState::Challenged => drop(client.hear(CHALLENGE).unwrap()),
            ClientState::Established => client = Self::joined(),
            ClientState::Leaving => {
                client = Self::joined();
                client.0.leaving();
            }
            ClientState::Over => client.0.over(),
        }
        assert_eq!(client.0.state(), state);
        client
    }

    /// What the step says of itself, or the text of the violation.
    fn hear(&mut self, json: &str) -> Result<String, String> {
        let frame = Bytes::copy_from_slice(json.as_bytes());
        match self.0.receive_frame(Serializer::Json, &frame) {
            Ok(step) => Ok(format!("{step:?}")),
            Err(violation) => Err(violation.to_string()),
        }
    }

    #[track_caller]
    fn step(&mut self, json: &str) -> String {
        let step = self.hear(json).unwrap_or_else(|violation| panic!("{json}: {violation}"));
        step.split(['(', ' ']).next().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub(super) fn violation(&mut self, json: &str) -> String {
        let violation = self.hear(json).expect_err(json);
        assert_eq!(self.0.state(), ClientState::Over);
        assert_eq!(self.hear(WELCOME).unwrap(), "Ignored", "nothing is heard behind a violation");
        violation
    }

    #[track_caller]
    pub(super) fn request(&mut self, kind: RequestKind) -> u64 {
        self.0.request(kind, "mine").expect("there is room").get()
    }

    /// A client with subscription 3 and registration 5.
    pub(super) fn with_both() -> Self {
        let mut client = Self::joined();
        let (subscribe, register) =
            (client.request(RequestKind::Subscribe), client.request(RequestKind::Register));
        client.step(&format!("[33,{subscribe},3]"));
        client.step(&format!("[65,{register},5]"));
        client
    }
}

pub(super) fn id(number: u64) -> RequestId {
    RequestId::new(number).unwrap()
}

pub(super) fn everything() -> Vec<&'static str> {
    let others = [WELCOME, CHALLENGE, ABORT_MESSAGE, GOODBYE_MESSAGE, "[69,9,{}]"];
    [&UNASKED[..], &CLIENT_ONLY[..], &GARBAGE[..], &others[..]].concat()
}

#[test]
fn a_client_that_joins_hears_welcome_challenge_and_abort() {
    for json in everything() {
        let mut client = Client::in_state(ClientState::Joining);
        match json {
            WELCOME => assert_eq!(client.step(json), "Joined"),
            CHALLENGE => assert_eq!(client.step(json), "Challenge"),
            ABORT_MESSAGE => assert_eq!(client.step(json), "Refused"),
            _ => drop(client.violation(json)),
        }
    }
}

#[test]
fn a_challenged_client_hears_abort_until_it_has_answered() {
    for json in everything() {
        let mut client = Client::in_state(ClientState::Challenged);
        match json {
            ABORT_MESSAGE => assert_eq!(client.step(json), "Refused"),
            _ => drop(client.violation(json)),
        }
    }
    let mut client = Client::in_state(ClientState::Challenged);
    client.0.authenticated();
    assert_eq!(client.step(CHALLENGE), "Challenge", "a method may ask more than once");
    client.0.authenticated();
    assert_eq!(client.step(WELCOME), "Joined");
    assert_eq!(client.0.id(), SessionId::new(4711));
}

#[test]
fn an_established_client_hears_what_it_has_asked_for() {
    for json in everything() {
        let mut client = Client::in_state(ClientState::Established);
        match json {
            ABORT_MESSAGE => assert_eq!(client.step(json), "Aborted"),
            GOODBYE_MESSAGE => assert_eq!(client.step(json), "Dismissed"),
            "[69,9,{}]" => assert_eq!(client.step(json), "Ignored", "an INTERRUPT may cross the answer"),
            _ => drop(client.violation(json)),
        }
    }
}

#[test]
fn a_client_that_leaves_waits_for_goodbye_and_reads_nothing_else() {
    for json in everything() {
        let mut client = Client::in_state(ClientState::Leaving);
        match json {
            ABORT_MESSAGE => assert_eq!(client.step(json), "Aborted"),
            GOODBYE_MESSAGE => assert_eq!(client.step(json), "Left"),
            _ => assert_eq!(client.step(json), "Ignored"),
        }
    }
}

#[test]
fn nothing_is_heard_when_it_is_over() {
    for json in everything() {
        assert_eq!(Client::in_state(ClientState::Over).step(json), "Ignored");
    }
}

#[test]
fn id_06_request_ids_of_a_client_begin_at_1_and_have_no_gaps() {
    let mut client = Client::joining();
    assert_eq!(client.0.request(CALL, "early"), None, "there is no session yet");
    client.step(WELCOME);
    assert_eq!(client.request(CALL), 1);
    assert_eq!(client.0.unacknowledged(), Some(id(2)));
    assert_eq!(client.request(RequestKind::Subscribe), 3);
    assert_eq!(client.0.withdraw(id(3)), Some("mine"), "it was not sent");
    assert_eq!(client.request(RequestKind::Register), 3);
    client.0.leaving();
    assert_eq!(client.0.request(CALL, "late"), None);
    assert_eq!(client.0.unacknowledged(), None);
}

#[test]
fn a_request_gets_one_answer_of_its_kind() {
    for (kind, answer, second) in [
        (RequestKind::Publish, "[17,1,7]", "PUBLISHED #1: no such request"),
        (RequestKind::Subscribe, "[33,1,7]", "SUBSCRIBED #1: no such request"),
        (RequestKind::Register, "[65,1,7]", "REGISTERED #1: no such request"),
        (CALL, "[50,1,{},[5]]", "RESULT #1: no such request"),
    ] {
        let mut client = Client::joined();
        client.request(kind);
        assert_eq!(client.step(answer), "Answered");
        assert_eq!(client.violation(answer), second);

        let mut client = Client::joined();
        client.request(kind);
        let error = format!(r#"[8,{},1,{{}},"a.b",["no"]]"#, kind.code());
        assert_eq!(client.step(&error), "Answered");
        assert_eq!(client.violation(&error), "ERROR #1: no such request");

        let mut client = Client::joined();
        client.request(kind);
        let other = if kind == CALL { RequestKind::Publish } else { CALL };
        let error = format!(r#"[8,{},1,{{}},"a.b"]"#, other.code());
        let expected =
            format!("ERROR #1 answers type {}, and the request is of type {}", other.code(), kind.code());
        assert_eq!(client.violation(&error), expected);
    }
}

#[test]
fn an_answer_gives_the_driver_its_part_back() {
    let mut client = Client::joined();
    client.0.request(RequestKind::Publish, "the publication");
    let frame = Bytes::from_static(b"[17,1,7]");
    let step = client.0.receive_frame(Serializer::Json, &frame);
    let Ok(ClientStep::Answered(pending, RouterAnswer::Published(publication))) = step else {
        panic!("{step:?}")
    };
    assert_eq!((pending.of, publication), ("the publication", PublicationId::new(7).unwrap()));
}

#[test]
fn progressive_results_come_to_calls_that_ask_for_them() {
    let mut client = Client::joined();
    let request = client.request(PROGRESSIVE);
    let progress = format!(r#"[50,{request},{{"progress":true}},[1]]"#);
    assert_eq!(client.step(&progress), "Progress");
    assert_eq!(client.step(&progress), "Progress");
    assert_eq!(client.step(&format!("[50,{request},{{}},[2]]")), "Answered");
    assert_eq!(client.violation(&progress), "RESULT #1: no such call");

    let mut client = Client::joined();
    client.request(CALL);
    assert_eq!(client.violation(&progress), "RESULT #1: the call asked for no progressive results");
}

#[test]
fn a_call_is_canceled_once_and_still_gets_its_answer() {
    let mut client = Client::joined();
    let request = id(client.request(CALL));
    assert!(client.0.cancel(request));
    assert!(!client.0.cancel(request), "one CANCEL is enough");
    assert_eq!(client.step("[50,1,{},[5]]"), "Answered", "the result crossed the CANCEL");
    assert!(!client.0.cancel(request), "it is over");
    let subscribe = id(client.request(RequestKind::Subscribe));
    assert!(!client.0.cancel(subscribe), "only calls are canceled");
}

#[test]
fn inputs_of_a_call_end_with_the_last_one() {
    let mut client = Client::joined();
    let call = RequestKind::Call { receive_progress: true, more_input: true };
    let request = id(client.request(call));
    assert!(client.0.send_input(request, false));
    assert!(client.0.send_input(request, true));
    assert!(!client.0.send_input(request, true), "the last one was sent");
    let plain = id(client.request(CALL));
    assert!(!client.0.send_input(plain, true), "a plain call has one input");
    let canceled = id(client.request(call));
    client.0.cancel(canceled);
    assert!(!client.0.send_input(canceled, false));
}

#[test]
fn events_come_from_subscribed_to_unsubscribed() {
    let mut client = Client::with_both();
    assert_eq!(client.step("[36,3,1,{},[1]]"), "Event");
    let unsubscribe = client.request(RequestKind::Unsubscribe(SubscriptionId::new(3).unwrap()));
    assert_eq!(client.step("[36,3,2,{}]"), "Event", "it crossed the UNSUBSCRIBE");
    assert_eq!(client.step(&format!("[35,{unsubscribe}]")), "Answered");
    assert_eq!(client.violation("[36,3,3,{}]"), "EVENT: the client has no subscription 3");
}

#[test]
fn a_router_may_take_subscriptions_and_registrations_away() {
    let mut client = Client::with_both();
    assert_eq!(client.step(r#"[35,0,{"subscription":3,"reason":"a.b"}]"#), "Unsubscribed");
    assert_eq!(client.step(r#"[35,0,{"subscription":3}]"#), "Ignored");
    assert_eq!(client.step(r#"[67,0,{"registration":5}]"#), "Unregistered");
    assert_eq!(client.step(r#"[67,0,{"registration":5}]"#), "Ignored");
    assert_eq!(client.violation("[68,1,5,{}]"), "INVOCATION #1: the client has no registration 5");
    let missing = Client::with_both().violation("[35,0,{}]");
    assert_eq!(missing, "UNSUBSCRIBED #0: Details.subscription is missing");
    let missing = Client::with_both().violation("[67,0,{}]");
    assert_eq!(missing, "UNREGISTERED #0: Details.registration is missing");
}

#[test]
fn an_invocation_is_answered_once_and_no_more_than_the_limit_are_served() {
    let mut client = Client::with_both();
    for invocation in 1..=3 {
        assert_eq!(client.step(&format!("[68,{invocation},5,{{}}]")), "Invoke");
        assert_eq!(client.0.serve(id(invocation), false, "work"), invocation <= 2);
    }
    assert_eq!(client.step("[69,1,{}]"), "Interrupt");
    assert!(client.0.is_served(id(1)));
    assert!(client.0.answer(id(1)), "an interrupted invocation is answered as well");
    assert!(!client.0.answer(id(1)));
    assert!(!client.0.is_served(id(1)));
    assert_eq!(client.step("[69,1,{}]"), "Ignored");
    let complete = "INVOCATION #2: there is such an invocation, and its input is complete";
    assert_eq!(client.violation("[68,2,5,{}]"), complete);
}

#[test]
fn inputs_of_an_invocation_go_to_it_and_to_nobody_when_it_is_answered() {
    let mut client = Client::with_both();
    client.step(r#"[68,1,5,{"progress":true}]"#);
    client.0.serve(id(1), true, "work");
    assert_eq!(client.step(r#"[68,1,5,{"progress":true}]"#), "Input");
    client.0.answer(id(1));
    assert_eq!(client.step(r#"[68,1,5,{"progress":true}]"#), "Ignored");
    assert_eq!(client.step("[68,1,5,{}]"), "Ignored", "the last one");
    assert_eq!(client.step("[68,1,5,{}]"), "Invoke", "it is forgotten");
}

#[test]
fn inputs_of_an_invocation_that_was_refused_go_to_nobody() {
    let mut client = Client::with_both();
    assert_eq!(client.step(r#"[68,1,5,{"progress":true}]"#), "Invoke");
    client.0.refuse(id(1), true);
    assert_eq!(client.step(r#"[68,1,5,{"progress":true}]"#), "Ignored");
    assert_eq!(client.step("[68,1,5,{}]"), "Ignored", "the last one");
    assert_eq!(client.step("[68,2,5,{}]"), "Invoke");
    client.0.refuse(id(2), false);
    assert_eq!(client.step("[68,2,5,{}]"), "Invoke", "it had no more input");
}

#[test]
fn what_gets_no_answer_any_more_is_handed_back_at_the_end() {
    let mut client = Client::with_both();
    client.request(CALL);
    client.request(RequestKind::Publish);
    client.step("[68,1,5,{}]");
    client.0.serve(id(1), false, "work");
    assert_eq!(client.step(ABORT_MESSAGE), "Aborted");
    assert!(!client.0.answer(id(1)), "nobody is there to read it");
    let (requests, invocations) = client.0.left_behind();
    assert_eq!((requests.len(), invocations.len()), (2, 0));
}

#[test]
fn unanswered_requests_have_a_limit() {
    let mut client = Client::joined();
    for _ in 0..LIMITS.requests {
        client.request(CALL);
    }
    assert_eq!(client.0.request(CALL, "one too many"), None);
    client.step("[50,1,{}]");
    assert_eq!(client.request(CALL), 5, "a refused request uses no id");
}

#[test]
fn an_error_uri_that_is_none_is_a_violation() {
    let mut client = Client::joined();
    client.request(CALL);
    assert!(client.violation(r#"[8,48,1,{},"not a uri"]"#).contains("Error is not a URI"));
}
