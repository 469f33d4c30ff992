//! The input of attackers: one of each kind, as long as a message may be if its length matters.

use super::super::kind::Kind;
use super::bystanders::{HISTORY, PATTERN_DEPTH, RETAINED, UNAVAILABLE};
use super::join;
use crate::Failure;
use crate::exchange::Format;
use crate::peer::{Carrier, Peer};
use serverwamp::Limits;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

/// How much of a message its list may take.
const LIST: usize = 1_040_000;

/// How much a list may take that is not refused: most of `meta_arguments`, and of what a testament may have.
const ALLOWED_LIST: usize = 60_000;

/// What each attacker sends again and again.
pub(super) struct Inputs {
    format: Format,
    /// These are sent one after the other, each when the one before was answered.
    messages: Vec<Vec<u8>>,
    /// As many answers as there are to what is sent at once.
    answers: usize,
    /// The session begins anew each time.
    anew: bool,
}

impl Inputs {
    pub(super) fn of(kind: Kind) -> Self {
        let call = |procedure: &str, rest: &str| format!(r#"[48,1,{{}},"{procedure}"{rest}]"#).into_bytes();
        let json = |messages: Vec<Vec<u8>>| Self { format: Format::Json, messages, answers: 1, anew: false };
        match kind {
            Kind::Roles => json(filters()),
            Kind::Patterns => {
                // As all of them but for the last component.
                let topic = "a.".repeat(PATTERN_DEPTH) + "z";
                json(vec![
                    call(&topic, ""),
                    format!(r#"[16,1,{{"acknowledge":true}},"{topic}"]"#).into_bytes(),
                    call("wamp.registration.match", &format!(r#",["{topic}"]"#)),
                    call("wamp.subscription.match", &format!(r#",["{topic}"]"#)),
                ])
            }
            Kind::Nulls => Self {
                format: Format::MsgPack,
                messages: ["wamp.session.count", "wamp.registration.lookup", "wamp.session.flush_testaments"]
                    .into_iter()
                    .map(nulls)
                    .collect(),
                answers: 1,
                anew: false,
            },
            Kind::Testaments => {
                let values = list(LIST, |_| "0".to_owned());
                let allowed = list(ALLOWED_LIST, |_| "0".to_owned());
                json(vec![
                    call("wamp.session.add_testament", &format!(r#",["flood.topic",[{allowed}],{{}}]"#)),
                    call("wamp.session.add_testament", &format!(r#",["flood.topic",[{values}],{{}}]"#)),
                    call(
                        "wamp.session.add_testament",
                        &format!(r#",["flood.topic",["{}"],{{}}]"#, "x".repeat(LIST)),
                    ),
                ])
            }
            Kind::OptionKeys => {
                let keys = list(LIST, |number| format!(r#""{number}":0"#));
                let nested = list(LIST, |_| "[1]".to_owned());
                Self {
                    anew: true,
                    ..json(vec![
                        format!(r#"[48,1,{{{keys}}},"demo.add",[1,2]]"#).into_bytes(),
                        format!(r#"[32,1,{{{keys}}},"flood.topic"]"#).into_bytes(),
                        format!(r#"[16,1,{{"acknowledge":true,{keys}}},"flood.topic"]"#).into_bytes(),
                        call("wamp.session.count", &format!(",[],{{{keys}}}")),
                        format!(r#"[48,1,{{"x":[{nested}]}},"demo.add",[1,2]]"#).into_bytes(),
                        format!(r#"[64,1,{{"x":[{nested}]}},"flood.procedure"]"#).into_bytes(),
                        call("wamp.registration.lookup", &format!(",[],{{\"x\":[{nested}]}}")),
                    ])
                }
            }
            Kind::Listing => json(vec![
                call("wamp.subscription.list", ""),
                call("wamp.registration.list", ""),
                call("wamp.session.list", ""),
            ]),
            Kind::Unavailable => json(UNAVAILABLE.map(|(procedure, _)| call(procedure, "")).to_vec()),
            Kind::MetaEvents => {
                let Limits { registrations, subscriptions, .. } = Limits::default();
                let half = registrations.min(subscriptions).min(500);
                let mut all = Vec::new();
                for number in 1..=half {
                    all.push(format!(r#"[64,{number},{{"invoke":"first"}},"flood.p{number}"]"#).into_bytes());
                    all.push(format!(r#"[32,{number},{{}},"flood.t{number}"]"#).into_bytes());
                }
                Self { answers: all.len(), anew: true, ..json(all) }
            }
            Kind::History => json(vec![
                call("wamp.subscription.get_events", &format!(",[{HISTORY}]")),
                call("wamp.subscription.get_events", &format!(r#",[{HISTORY}],{{"limit":1}}"#)),
            ]),
            Kind::Retained => json(vec![
                format!(r#"[32,1,{{"match":"prefix","get_retained":true}},"{RETAINED}"]"#).into_bytes(),
            ]),
            Kind::Excluded => json(receivers()),
            _ => json(Vec::new()),
        }
    }

    /// Sends all of it until it is over, and says how often it was answered.
    pub(super) fn send(&self, address: SocketAddr, over: &AtomicBool) -> Result<u64, Failure> {
        let joined = || Peer::join(address, Carrier::WebSocket, self.format);
        let mut peer = joined()?;
        let mut answered = 0;
        while !over.load(Ordering::Relaxed) {
            if self.answers > 1 {
                let all: Vec<u8> = self.messages.iter().flat_map(|message| peer.frame(message)).collect();
                peer.write(&all)?;
                for _ in 0..self.answers {
                    peer.hear()?;
                }
                answered += 1;
            } else {
                for message in &self.messages {
                    // Whoever is thrown out has been answered as well.
                    let heard = peer.say(message).and_then(|()| peer.hear());
                    answered += 1;
                    if self.anew || heard.is_err() {
                        drop(std::mem::replace(&mut peer, joined()?));
                    }
                }
            }
            if self.answers > 1 && self.anew {
                peer = join(address)?;
            }
        }
        Ok(answered)
    }
}

/// Filters of as many roles as a message can hold, and of as many as may be.
fn filters() -> Vec<Vec<u8>> {
    let call = |procedure: &str, rest: &str| format!(r#"[48,1,{{}},"{procedure}"{rest}]"#).into_bytes();
    let roles = |bytes| format!(",[[{}]]", list(bytes, |number| format!(r#""{number}""#)));
    let (too_many, allowed) = (roles(LIST), roles(ALLOWED_LIST));
    vec![
        call("wamp.session.count", &allowed),
        call("wamp.session.list", &allowed),
        call("wamp.session.count", &too_many),
        call("wamp.session.list", &too_many),
        call("wamp.session.list", ""),
    ]
}

/// Publications with long lists of who receives them.
fn receivers() -> Vec<Vec<u8>> {
    let name = |number| format!(r#""{number}""#);
    let allowed: Vec<String> = (0..Limits::default().receivers).map(name).collect();
    let (names, allowed) = (list(LIST, name), allowed.join(","));
    let publish = |list: &str, names: &str| {
        let options = format!(r#""acknowledge":true,"{list}":[{names}]"#);
        format!(r#"[16,1,{{{options}}},"flood.topic"]"#).into_bytes()
    };
    let lists = ["exclude_authid", "eligible_authid", "exclude_authrole"];
    let mut all: Vec<Vec<u8>> =
        lists.into_iter().flat_map(|list| [publish(list, &names), publish(list, &allowed)]).collect();
    // What is as little work for the sender and more for a reader that looks at every entry: escapes, lists, one list again and
    // again, and nobody who waits for an answer.
    all.push(publish("eligible_authid", &list(LIST, |_| r#""\n""#.to_owned())));
    all.push(publish(
        "eligible_authid",
        &format!("{allowed},\"x\",{}", list(LIST - allowed.len(), |_| "[1]".to_owned())),
    ));
    let again = list(LIST / 2, |_| format!(r#""exclude_authrole":[{}]"#, vec![r#""""#; 4000].join(",")));
    all.push(format!(r#"[16,1,{{"acknowledge":true,{again}}},"flood.topic"]"#).into_bytes());
    all.push(format!(r#"[16,1,{{"exclude_authid":[{names}]}},"flood.topic"]"#).into_bytes());
    // As many bytes as are allowed, in as many entries, of escapes as well; as many entries in more bytes; one that is as long
    // as a message.
    let Limits { receivers, receivers_bytes, .. } = Limits::default();
    let long = |bytes: usize| {
        let quotes_and_comma = 3;
        let digits = bytes / receivers - quotes_and_comma;
        list(bytes, |number| format!(r#""{number:0digits$}""#))
    };
    all.extend(lists.map(|list| publish(list, &long(receivers_bytes))));
    let escapes = format!(r#""{}""#, r"\n".repeat(receivers_bytes / receivers / 2 - 2));
    all.push(publish("exclude_authid", &vec![escapes; receivers].join(",")));
    all.push(publish("exclude_authid", &long(LIST)));
    all.push(publish("eligible_authid", &format!(r#""{}""#, "x".repeat(LIST - 10))));
    all
}

/// So many bytes of values, with commas between them.
fn list(bytes: usize, value: impl Fn(usize) -> String) -> String {
    let mut list = value(0);
    for number in 1.. {
        let next = value(number);
        if list.len() + 1 + next.len() > bytes {
            break;
        }
        list.push(',');
        list.push_str(&next);
    }
    list
}

/// A call in MessagePack with a million nulls.
fn nulls(procedure: &str) -> Vec<u8> {
    let mut call = vec![0x95, 48, 1, 0x80, 0xd9, procedure.len() as u8];
    call.extend_from_slice(procedure.as_bytes());
    let nulls = 1_000_000_u32;
    call.push(0xdd);
    call.extend(nulls.to_be_bytes());
    call.resize(call.len() + nulls as usize, 0xc0);
    call
}
