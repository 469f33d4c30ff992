//! One client that does things by chance and writes down all it says and hears.

use super::{Line, PATTERNS, PROCEDURES, TOPICS, roles};
use crate::model::Numbers;
use serde_json::{Value, json};
use serverwamp_conformance::{Arrival, DEADLINE, RawPeer, Subprotocol};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long it looks whether there is something to receive.
const A_MOMENT: Duration = Duration::from_micros(100);

/// The largest id; no subscription has it.
const NO_SUBSCRIPTION: u64 = 1 << 53;

/// One of the things a client may have: a subscription to one pattern, or a registration of one procedure.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Having {
    #[default]
    Not,
    /// Asked for, or being given up.
    Changing,
    Yes(u64),
}

/// What a request was about.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Subscription(usize),
    Registration(usize),
    Call,
}

/// An invocation that waits for its answer, with so many results in between, and so many that were said.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    invocation: u64,
    progress: u64,
    said: u64,
}

pub(super) struct Actor {
    me: usize,
    peer: RawPeer,
    numbers: Numbers,
    history: Vec<Line>,
    subscriptions: [Having; PATTERNS.len()],
    registrations: [Having; PROCEDURES.len()],
    asked: BTreeMap<u64, Asked>,
    waiting: Vec<Waiting>,
    /// Publications and calls so far.
    number: u64,
}

impl Actor {
    pub(super) fn join(url: &str, subprotocol: Subprotocol, me: usize, numbers: Numbers) -> Self {
        let mut peer = RawPeer::connect(url, subprotocol);
        let welcome = peer.hello("realm1", roles());
        peer.welcomed(&welcome);
        Self {
            me,
            peer,
            numbers,
            history: Vec::new(),
            subscriptions: Default::default(),
            registrations: Default::default(),
            asked: BTreeMap::new(),
            waiting: Vec::new(),
            number: 0,
        }
    }

    pub(super) fn act(&mut self, operations: usize) {
        for _ in 0..operations {
            match self.numbers.below(12) {
                0..=3 => self.publish(),
                4 | 5 => self.change_subscription(),
                6 => self.change_registration(),
                7..=9 => self.call(),
                10 => self.answer(),
                _ => self.hear_all(),
            }
        }
    }

    /// Serves the others until all are done, and hears what was meant for it until then.
    pub(super) fn wind_up(mut self, done: &AtomicUsize, all: usize) -> Vec<Line> {
        let started = Instant::now();
        let mut told = false;
        while done.load(Ordering::SeqCst) < all {
            self.hear_all();
            while !self.waiting.is_empty() {
                self.answer();
            }
            if !told && self.asked.is_empty() {
                told = true;
                done.fetch_add(1, Ordering::SeqCst);
            }
            assert!(started.elapsed() < 4 * DEADLINE, "client {} still waits for {:?}", self.me, self.asked);
        }
        // Everything for this client was queued before anybody was done, and the answer to this stands behind it.
        let request = self.peer.next_request();
        self.peer.send(json!([34, request, NO_SUBSCRIPTION]));
        loop {
            match self.peer.next(DEADLINE) {
                Arrival::Message(message) if message[0] == 8 && message[1] == 34 && message[2] == request => {
                    return self.history;
                }
                Arrival::Message(message) => self.hear(message),
                other => panic!("client {} is still owed an answer, and got {other:?}", self.me),
            }
        }
    }

    fn send(&mut self, message: Value) {
        self.peer.send(message.clone());
        self.history.push(Line::Sent(message));
    }

    fn publish(&mut self) {
        self.number += 1;
        let topic = TOPICS[self.numbers.below(TOPICS.len())];
        let options = if self.numbers.below(4) == 0 { json!({ "acknowledge": true }) } else { json!({}) };
        let request = self.peer.next_request();
        self.send(json!([16, request, options, topic, [self.me, self.number]]));
    }

    fn change_subscription(&mut self) {
        let which = self.numbers.below(PATTERNS.len());
        let having = self.subscriptions[which];
        if having == Having::Changing {
            return;
        }
        let request = self.peer.next_request();
        let message = match having {
            Having::Yes(id) => json!([34, request, id]),
            _ => json!([32, request, { "match": PATTERNS[which].0 }, PATTERNS[which].1]),
        };
        self.subscriptions[which] = Having::Changing;
        self.asked.insert(request, Asked::Subscription(which));
        self.send(message);
    }

    fn change_registration(&mut self) {
        let which = self.numbers.below(PROCEDURES.len());
        let having = self.registrations[which];
        // Most of the time it goes on serving.
        let serves_on = matches!(having, Having::Yes(_)) && self.numbers.below(3) > 0;
        if having == Having::Changing || serves_on {
            return;
        }
        let request = self.peer.next_request();
        let message = match having {
            Having::Yes(id) => json!([66, request, id]),
            _ => json!([64, request, { "invoke": "roundrobin" }, PROCEDURES[which]]),
        };
        self.registrations[which] = Having::Changing;
        self.asked.insert(request, Asked::Registration(which));
        self.send(message);
    }

    fn call(&mut self) {
        self.number += 1;
        let procedure = PROCEDURES[self.numbers.below(PROCEDURES.len())];
        let options = match self.numbers.below(3) {
            0 => json!({ "receive_progress": true }),
            _ => json!({}),
        };
        let request = self.peer.next_request();
        self.asked.insert(request, Asked::Call);
        self.send(json!([48, request, options, procedure, [self.me, self.number]]));
    }

    /// Answers one of the invocations that wait, or says one of the results in between.
    fn answer(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let which = self.numbers.below(self.waiting.len());
        let Waiting { invocation, progress, said } = self.waiting[which];
        if said < progress {
            self.waiting[which].said += 1;
            self.send(json!([70, invocation, { "progress": true }, [said]]));
        } else {
            self.waiting.swap_remove(which);
            self.send(json!([70, invocation, {}, [said]]));
        }
    }

    fn hear_all(&mut self) {
        while let Arrival::Message(message) = self.peer.next(A_MOMENT) {
            self.hear(message);
        }
    }

    fn hear(&mut self, message: Value) {
        let number = |index: usize| message[index].as_u64();
        match (number(0), number(1)) {
            (Some(33 | 35 | 65 | 67), Some(request)) => self.granted(request, number(2)),
            (Some(50), Some(call)) if message[2]["progress"] != true => drop(self.asked.remove(&call)),
            (Some(8), Some(48)) => drop(number(2).and_then(|call| self.asked.remove(&call))),
            (Some(68), Some(invocation)) => {
                let progress =
                    if message[3]["receive_progress"] == true { self.numbers.below(4) as u64 } else { 0 };
                self.waiting.push(Waiting { invocation, progress, said: 0 });
            }
            // What is wrong is found by the verdict.
            _ => {}
        }
        self.history.push(Line::Received(message));
    }

    /// A subscription or registration has begun, with its id, or ended.
    fn granted(&mut self, request: u64, id: Option<u64>) {
        let having = id.map_or(Having::Not, Having::Yes);
        match self.asked.remove(&request) {
            Some(Asked::Subscription(which)) => self.subscriptions[which] = having,
            Some(Asked::Registration(which)) => self.registrations[which] = having,
            _ => {}
        }
    }
}
