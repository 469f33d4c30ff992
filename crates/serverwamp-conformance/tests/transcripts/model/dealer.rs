//! The reference dealer: lists and nothing else, written from the rules.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Expected, Kind, NEW_ID, Traits, matches};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Invoke {
    Single,
    RoundRobin,
    First,
    Last,
}

impl Invoke {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::RoundRobin => "roundrobin",
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

#[derive(Debug)]
struct Registration {
    id: u64,
    kind: Kind,
    uri: String,
    invoke: Invoke,
    callees: Vec<usize>,
    /// Who is next in turn.
    next: usize,
}

/// A call that has no final answer.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) caller: usize,
    pub(super) request: u64,
    pub(super) procedure: String,
    pub(super) callee: usize,
    pub(super) invocation: u64,
    registration: u64,
    /// The registration is a pattern.
    by_pattern: bool,
    receive_progress: bool,
    pub(super) input_open: bool,
    streamed: bool,
    progressed: bool,
    killed: bool,
    tried: Vec<usize>,
    payload: u64,
}

/// How a call is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallOptions {
    pub(super) receive_progress: bool,
    pub(super) progress: bool,
}

#[derive(Debug, Default)]
pub(super) struct Dealer {
    registrations: Vec<Registration>,
    pub(super) calls: Vec<Call>,
    /// The invocations that each callee has been asked.
    pub(super) issued: BTreeMap<usize, u64>,
}

impl Dealer {
    pub(super) fn ids(&self) -> Vec<u64> {
        self.registrations.iter().map(|one| one.id).collect()
    }

    pub(super) fn register(
        &mut self,
        peer: usize,
        request: u64,
        kind: Kind,
        uri: &str,
        invoke: Invoke,
    ) -> Value {
        let taken = json!([8, 64, request, {}, "wamp.error.procedure_already_exists"]);
        let Some(known) = self.registrations.iter_mut().find(|one| one.kind == kind && one.uri == uri) else {
            let (uri, callees) = (uri.to_owned(), vec![peer]);
            self.registrations.push(Registration { id: 0, kind, uri, invoke, callees, next: 0 });
            return json!([65, request, NEW_ID]);
        };
        if known.invoke == Invoke::Single || known.invoke != invoke {
            return taken;
        }
        if !known.callees.contains(&peer) {
            known.callees.push(peer);
        }
        json!([65, request, known.id])
    }

    pub(super) fn learn(&mut self, id: u64) {
        assert!(!self.ids().contains(&id), "{id} is the id of another registration");
        if let Some(registration) = self.registrations.last_mut() {
            registration.id = id;
        }
    }

    pub(super) fn unregister(&mut self, peer: usize, request: u64, id: u64) -> Value {
        let held = self.registrations.iter_mut().find(|one| one.id == id && one.callees.contains(&peer));
        let Some(registration) = held else {
            return json!([8, 66, request, {}, "wamp.error.no_such_registration"]);
        };
        registration.remove(peer);
        self.registrations.retain(|one| !one.callees.is_empty());
        json!([67, request])
    }

    pub(super) fn call(
        &mut self,
        (caller, request): (usize, u64),
        procedure: &str,
        options: CallOptions,
        payload: u64,
        traits: &[Traits],
        sink: &mut Expected,
    ) {
        let best = self
            .registrations
            .iter()
            .filter(|one| matches(one.kind, &one.uri, procedure))
            .max_by(|a, b| (a.kind, &a.uri).rank().cmp(&(b.kind, &b.uri).rank()));
        let Some((registration, kind)) = best.map(|one| (one.id, one.kind)) else {
            return sink.push((caller, json!([8, 48, request, {}, "wamp.error.no_such_procedure"])));
        };
        let call = Call {
            caller,
            request,
            procedure: procedure.to_owned(),
            callee: 0,
            invocation: 0,
            registration,
            by_pattern: kind != Kind::Exact,
            receive_progress: options.receive_progress,
            input_open: options.progress,
            streamed: options.progress,
            progressed: false,
            killed: false,
            tried: Vec::new(),
            payload,
        };
        self.invoke(call, traits, sink);
    }

    /// Sends a call to the next callee, or answers that there is none.
    fn invoke(&mut self, mut call: Call, traits: &[Traits], sink: &mut Expected) {
        let registration = self.registrations.iter_mut().find(|one| one.id == call.registration);
        let chosen = registration.and_then(|one| one.choose(&call.tried));
        let Some(callee) = chosen else {
            return sink
                .push((call.caller, json!([8, 48, call.request, {}, "wamp.error.no_available_callee"])));
        };
        if call.streamed && !traits[callee].advanced {
            return sink
                .push((call.caller, json!([8, 48, call.request, {}, "wamp.error.feature_not_supported"])));
        }
        let issued = self.issued.entry(callee).or_default();
        *issued += 1;
        call.callee = callee;
        call.invocation = *issued;
        sink.push((callee, Self::invocation(&call, call.payload, traits)));
        self.calls.push(call);
    }

    fn invocation(call: &Call, payload: u64, traits: &[Traits]) -> Value {
        let mut details = json!({});
        if call.input_open {
            details["progress"] = json!(true);
        }
        if call.receive_progress && traits[call.callee].advanced {
            details["receive_progress"] = json!(true);
        }
        if call.by_pattern {
            details["procedure"] = json!(call.procedure);
        }
        json!([68, call.invocation, call.registration, details, [payload]])
    }

    /// A further input for an open call.
    pub(super) fn go_on(
        &mut self,
        at: usize,
        last: bool,
        payload: u64,
        traits: &[Traits],
        sink: &mut Expected,
    ) {
        self.calls[at].input_open = !last;
        let call = self.calls[at].clone();
        if !call.killed {
            sink.push((call.callee, Self::invocation(&call, payload, traits)));
        }
    }

    /// A YIELD for a pending invocation.
    pub(super) fn yielded(&mut self, at: usize, progress: bool, payload: u64, sink: &mut Expected) {
        let call = &mut self.calls[at];
        if !progress {
            sink.push((call.caller, json!([50, call.request, {}, [payload]])));
            self.calls.remove(at);
        } else if call.receive_progress && !call.killed {
            call.progressed = true;
            sink.push((call.caller, json!([50, call.request, { "progress": true }, [payload]])));
        }
    }

    /// An ERROR for a pending invocation.
    pub(super) fn failed(&mut self, at: usize, uri: &str, traits: &[Traits], sink: &mut Expected) {
        let mut call = self.calls.remove(at);
        if uri == "wamp.error.unavailable" && !call.streamed && !call.progressed && !call.killed {
            call.tried.push(call.callee);
            // The registration may be gone, or another one's meanwhile.
            return match self.is_shared(call.registration) {
                true => self.invoke(call, traits, sink),
                false => {
                    sink.push((
                        call.caller,
                        json!([8, 48, call.request, {}, "wamp.error.no_available_callee"]),
                    ));
                }
            };
        }
        sink.push((call.caller, json!([8, 48, call.request, {}, uri])));
    }

    fn is_shared(&self, id: u64) -> bool {
        self.registrations.iter().any(|one| one.id == id && one.invoke != Invoke::Single)
    }

    pub(super) fn cancel(&mut self, at: usize, mode: &str, traits: &[Traits], sink: &mut Expected) {
        let call = &mut self.calls[at];
        let can_stop = traits[call.callee].advanced;
        if mode == "kill" && can_stop {
            if !call.killed {
                call.killed = true;
                sink.push((call.callee, json!([69, call.invocation, { "mode": "kill" }])));
            }
            return;
        }
        if mode != "skip" && can_stop && !call.killed {
            sink.push((call.callee, json!([69, call.invocation, { "mode": "killnowait" }])));
        }
        sink.push((call.caller, json!([8, 48, call.request, {}, "wamp.error.canceled"])));
        self.calls.remove(at);
    }

    pub(super) fn leave(&mut self, peer: usize, traits: &[Traits], sink: &mut Expected) {
        for registration in &mut self.registrations {
            registration.remove(peer);
        }
        self.registrations.retain(|one| !one.callees.is_empty());
        self.issued.remove(&peer);
        let (over, rest): (Vec<Call>, Vec<Call>) = std::mem::take(&mut self.calls)
            .into_iter()
            .partition(|call| call.caller == peer || call.callee == peer);
        self.calls = rest;
        for call in over {
            if call.caller != peer {
                sink.push((call.caller, json!([8, 48, call.request, {}, "wamp.error.canceled"])));
            } else if call.callee != peer && traits[call.callee].advanced && !call.killed {
                sink.push((call.callee, json!([69, call.invocation, { "mode": "killnowait" }])));
            }
        }
    }
}

impl Registration {
    fn remove(&mut self, peer: usize) {
        if let Some(place) = self.callees.iter().position(|callee| *callee == peer) {
            self.callees.remove(place);
            if place < self.next {
                self.next -= 1;
            }
        }
    }

    fn choose(&mut self, tried: &[usize]) -> Option<usize> {
        let fresh = |place: &usize| !tried.contains(&self.callees[*place]);
        let count = self.callees.len();
        let place = match self.invoke {
            Invoke::Single | Invoke::First => (0..count).find(fresh),
            Invoke::Last => (0..count).rev().find(fresh),
            Invoke::RoundRobin => (self.next..count).chain(0..self.next).find(fresh),
        }?;
        self.next = place + 1;
        Some(self.callees[place])
    }
}

/// How good a match is: exact, then the longest prefix, then the wildcard that is literal where the other is open.
trait Rank {
    fn rank(&self) -> (u8, usize, Vec<bool>);
}

impl Rank for (Kind, &String) {
    fn rank(&self) -> (u8, usize, Vec<bool>) {
        match self.0 {
            Kind::Exact => (2, 0, Vec::new()),
            Kind::Prefix => (1, self.1.len(), Vec::new()),
            Kind::Wildcard => (0, 0, self.1.split('.').map(|part| !part.is_empty()).collect()),
        }
    }
}
