//! One client that calls, serves, cancels and leaves by chance, and finds fault with what it hears.

use super::{Endings, OF_CLIENTS, OF_THE_APPLICATION};
use crate::model::Numbers;
use serde_json::{Value, json};
use serverwamp_conformance::{Arrival, DEADLINE, RawPeer, Subprotocol};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long it looks whether there is something to receive.
const A_MOMENT: Duration = Duration::from_micros(100);

/// After that it cancels what it is still waiting for, when all is done.
const PATIENCE: Duration = Duration::from_millis(50);

/// The largest id; no subscription has it.
const NO_SUBSCRIPTION: u64 = 1 << 53;

/// A call without its final answer.
#[derive(Clone, Copy, Debug)]
struct Open {
    procedure: &'static str,
    wants_progress: bool,
    /// It was begun with more input to follow.
    progressive: bool,
    /// More may follow.
    input_open: bool,
    canceled: bool,
    has_timeout: bool,
}

/// An invocation that has no final answer.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    wants_progress: bool,
    input_open: bool,
    /// It is to end with an error.
    killed: bool,
}

/// What this client can do as a callee.
#[derive(Clone, Copy, Debug)]
struct Abilities {
    canceling: bool,
    progress: bool,
    input: bool,
    timeout: bool,
}

pub(super) struct Actor {
    me: usize,
    url: String,
    peer: RawPeer,
    numbers: Numbers,
    abilities: Abilities,
    open: BTreeMap<u64, Open>,
    waiting: BTreeMap<u64, Waiting>,
    /// The last new one.
    invocation: u64,
    /// The last request; further input has the id of its call.
    request: u64,
    /// Requests for registrations that have no answer.
    asked: BTreeSet<u64>,
    registered: [bool; OF_CLIENTS.len()],
    endings: Endings,
}

impl Actor {
    pub(super) fn join(url: &str, me: usize, mut numbers: Numbers) -> Self {
        let (peer, abilities) = enter(url, &mut numbers);
        Self {
            me,
            url: url.to_owned(),
            peer,
            numbers,
            abilities,
            open: BTreeMap::new(),
            waiting: BTreeMap::new(),
            invocation: 0,
            request: 0,
            asked: BTreeSet::new(),
            registered: Default::default(),
            endings: Endings::new(),
        }
    }

    pub(super) fn act(&mut self, operations: usize) {
        for _ in 0..operations {
            match self.numbers.below(24) {
                0..=7 => self.call(),
                8..=10 => self.send_on(),
                11 | 12 => self.cancel(),
                13..=17 => self.answer(),
                18 => self.register(),
                19 if self.numbers.below(6) == 0 => self.leave_and_come_back(),
                _ => self.hear_all(),
            }
        }
    }

    /// Brings its own calls to an end, serves the others until theirs are, and leaves.
    pub(super) fn wind_up(mut self, done: &AtomicUsize, all: usize) -> Endings {
        let started = Instant::now();
        let mut told = false;
        while done.load(Ordering::SeqCst) < all {
            self.hear_all();
            while !self.waiting.is_empty() {
                self.answer();
            }
            let impatient = started.elapsed() > PATIENCE;
            for call in self.open.keys().copied().collect::<Vec<_>>() {
                self.finish_input(call);
                if impatient {
                    self.cancel_in(call, "killnowait");
                }
            }
            if !told && self.open.is_empty() {
                told = true;
                done.fetch_add(1, Ordering::SeqCst);
            }
            assert!(started.elapsed() < 4 * DEADLINE, "client {} still waits for {:?}", self.me, self.open);
        }
        self.hear_what_is_left();
        self.peer.leave();
        self.endings
    }

    /// Whatever was for this client stands before the answer to this.
    fn hear_what_is_left(&mut self) {
        let request = self.next_request();
        self.peer.send(json!([34, request, NO_SUBSCRIPTION]));
        loop {
            match self.peer.next(DEADLINE) {
                Arrival::Message(message) if message[0] == 8 && message[1] == 34 && message[2] == request => {
                    return;
                }
                Arrival::Message(message) => self.hear(&message),
                other => panic!("client {} is still owed an answer, and got {other:?}", self.me),
            }
        }
    }

    fn next_request(&mut self) -> u64 {
        self.request += 1;
        self.request
    }

    fn call(&mut self) {
        let which = self.numbers.below(OF_CLIENTS.len() + OF_THE_APPLICATION.len());
        let procedure = OF_CLIENTS.iter().chain(&OF_THE_APPLICATION).nth(which).expect("there are so many");
        let mut options = json!({});
        let wants_progress = self.numbers.below(3) == 0;
        if wants_progress {
            options["receive_progress"] = json!(true);
        }
        let progressive = self.numbers.below(3) == 0;
        if progressive {
            options["progress"] = json!(true);
        }
        let has_timeout = self.numbers.below(4) == 0;
        if has_timeout {
            options["timeout"] = json!(1 + self.numbers.below(10));
        }
        let request = self.next_request();
        let input_open = progressive;
        let open = Open { procedure, wants_progress, progressive, input_open, canceled: false, has_timeout };
        self.open.insert(request, open);
        let number = self.numbers.below(100);
        self.peer.send(json!([48, request, options, procedure, [number]]));
    }

    /// One of the calls that are open.
    fn some_call(&mut self) -> Option<u64> {
        let which = self.numbers.below(self.open.len().max(1));
        self.open.keys().nth(which).copied()
    }

    fn send_on(&mut self) {
        let Some(call) = self.some_call() else { return };
        if self.numbers.below(3) == 0 {
            return self.finish_input(call);
        }
        if let Some(open) = self.open.get(&call).filter(|open| open.input_open) {
            self.peer.send(json!([48, call, { "progress": true }, open.procedure, [1]]));
        }
    }

    fn finish_input(&mut self, call: u64) {
        if let Some(open) = self.open.get_mut(&call).filter(|open| open.input_open) {
            open.input_open = false;
            self.peer.send(json!([48, call, {}, open.procedure, [2]]));
        }
    }

    fn cancel(&mut self) {
        let mode = ["skip", "kill", "killnowait"][self.numbers.below(3)];
        if let Some(call) = self.some_call() {
            self.cancel_in(call, mode);
        }
    }

    fn cancel_in(&mut self, call: u64, mode: &str) {
        if let Some(open) = self.open.get_mut(&call).filter(|open| !open.canceled || mode == "killnowait") {
            open.canceled = true;
            self.peer.send(json!([49, call, { "mode": mode }]));
        }
    }

    fn register(&mut self) {
        let which = self.numbers.below(OF_CLIENTS.len());
        if self.registered[which] {
            return;
        }
        self.registered[which] = true;
        let request = self.next_request();
        self.asked.insert(request);
        self.peer.send(json!([64, request, { "invoke": "roundrobin" }, OF_CLIENTS[which]]));
    }

    /// Answers one of the invocations that wait, or says one of the results in between.
    fn answer(&mut self) {
        let which = self.numbers.below(self.waiting.len().max(1));
        let Some((&invocation, &waiting)) = self.waiting.iter().nth(which) else { return };
        let chance = self.numbers.below(8);
        if waiting.wants_progress && !waiting.killed && chance < 3 {
            return self.peer.send(json!([70, invocation, { "progress": true }, [chance]]));
        }
        self.waiting.remove(&invocation);
        self.peer.send(match chance {
            _ if waiting.killed => json!([8, 68, invocation, {}, "com.killed"]),
            6 => json!([8, 68, invocation, {}, "com.failed"]),
            7 => json!([8, 68, invocation, {}, "wamp.error.unavailable"]),
            _ => json!([70, invocation, {}, [chance]]),
        });
    }

    fn leave_and_come_back(&mut self) {
        let (peer, abilities) = enter(&self.url, &mut self.numbers);
        let mut left = std::mem::replace(&mut self.peer, peer);
        match self.numbers.below(3) {
            0 => left.send(json!([6, {}, "wamp.close.close_realm"])),
            _ => left.vanish(),
        }
        self.abilities = abilities;
        self.open.clear();
        self.waiting.clear();
        (self.invocation, self.request) = (0, 0);
        self.asked.clear();
        self.registered = Default::default();
    }

    fn hear_all(&mut self) {
        while let Arrival::Message(message) = self.peer.next(A_MOMENT) {
            self.hear(&message);
        }
    }

    #[track_caller]
    fn hear(&mut self, message: &Value) {
        let number = |index: usize| message[index].as_u64().unwrap_or_default();
        match number(0) {
            50 if message[2]["progress"] == true => self.progressed(number(1), message),
            50 => self.ended(number(1), "RESULT", message),
            8 if number(1) == 48 => self.ended(number(2), message[4].as_str().unwrap_or_default(), message),
            65 => assert!(self.asked.remove(&number(1)), "nobody asked for {message}"),
            68 => self.invoked(number(1), message),
            69 => self.interrupted(number(1), message),
            _ => panic!("client {} got {message}", self.me),
        }
    }

    #[track_caller]
    fn progressed(&self, call: u64, message: &Value) {
        let open = self.open.get(&call).unwrap_or_else(|| panic!("{message} is for no call that is open"));
        assert!(open.wants_progress, "{message} was not asked for: {open:?}");
    }

    /// The final answer, which something must explain.
    #[track_caller]
    fn ended(&mut self, call: u64, how: &str, message: &Value) {
        let open = self.open.remove(&call).unwrap_or_else(|| panic!("{message} is for no call that is open"));
        let of_a_client = OF_CLIENTS.contains(&open.procedure);
        let explained = match how {
            "RESULT" => open.procedure != "com.app.wait",
            "com.failed" | "wamp.error.unavailable" => of_a_client,
            "wamp.error.no_such_procedure" | "wamp.error.no_available_callee" => of_a_client,
            "com.killed" => of_a_client && open.canceled,
            // That is also what a callee leaves behind.
            "wamp.error.canceled" => of_a_client || open.canceled,
            "wamp.error.timeout" => open.has_timeout,
            "wamp.error.feature_not_supported" => open.progressive,
            _ => false,
        };
        assert!(explained, "nothing explains {message}: {open:?}");
        *self.endings.entry(how.to_owned()).or_default() += 1;
    }

    /// A new invocation, or more input for one.
    #[track_caller]
    fn invoked(&mut self, invocation: u64, message: &Value) {
        let (wants_progress, input_open) =
            (message[3]["receive_progress"] == true, message[3]["progress"] == true);
        assert!(self.abilities.progress || !wants_progress, "{message}: {:?}", self.abilities);
        assert!(self.abilities.input || !input_open, "{message}: {:?}", self.abilities);
        if invocation == self.invocation + 1 {
            self.invocation = invocation;
            self.waiting.insert(invocation, Waiting { wants_progress, input_open, killed: false });
            return;
        }
        assert!(invocation <= self.invocation, "{message} is not the next after {}", self.invocation);
        // Input may come behind an answer, which the router had not read then.
        if let Some(waiting) = self.waiting.get_mut(&invocation) {
            assert!(waiting.input_open, "{message} comes behind the last input");
            assert!(!waiting.killed, "{message} comes behind the interrupt");
            waiting.input_open = input_open;
        }
    }

    #[track_caller]
    fn interrupted(&mut self, invocation: u64, message: &Value) {
        assert!(self.abilities.canceling, "{message}, and this client did not announce that it can be");
        assert!(invocation <= self.invocation, "{message} is for no invocation");
        match message[2]["mode"].as_str() {
            Some("kill") => {
                self.waiting.get_mut(&invocation).into_iter().for_each(|waiting| waiting.killed = true);
            }
            // Nobody waits for the answer, and some callees give one all the same.
            Some("killnowait") if self.numbers.below(2) == 0 => drop(self.waiting.remove(&invocation)),
            Some("killnowait") => {}
            mode => panic!("{message} is of the mode {mode:?}"),
        }
    }
}

/// A new session, which can do as a callee what chance says.
fn enter(url: &str, numbers: &mut Numbers) -> (RawPeer, Abilities) {
    let subprotocol = Subprotocol::ALL[numbers.below(Subprotocol::ALL.len())];
    let mut able = || numbers.below(4) > 0;
    let abilities = Abilities { canceling: able(), progress: able(), input: able(), timeout: able() };
    let mut peer = RawPeer::connect(url, subprotocol);
    let welcome = peer.hello(
        "realm1",
        json!({ "roles": {
            "subscriber": {},
            "caller": { "features": {
                "call_canceling": true, "call_timeout": true,
                "progressive_call_results": true, "progressive_call_invocations": true,
            } },
            "callee": { "features": {
                "shared_registration": true,
                "call_canceling": abilities.canceling, "call_timeout": abilities.timeout,
                "progressive_call_results": abilities.progress, "progressive_call_invocations": abilities.input,
            } },
        } }),
    );
    peer.welcomed(&welcome);
    (peer, abilities)
}
