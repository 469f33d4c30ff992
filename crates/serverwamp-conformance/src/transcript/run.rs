//! Plays the steps of a transcript.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::fence::{self, FIRST_ID, Fence};
use super::hello;
use super::matching::{Bindings, bind_all};
use super::pattern::Pattern;
use super::script::{Action, Deed, Join, Step};
use super::set_up::Numbers;
use super::{Tongues, hello::announced};
use crate::carrier::Places;
use crate::peer::{Arrival, DEADLINE, RawPeer};
use crate::serial::Subprotocol;

/// The length of a message in the text of a failure.
const SHOWN: usize = 1000;

/// Plays a transcript.
///
/// # Errors
///
/// At the first step that does not come true.
pub(super) fn play(tongues: Tongues, url: &str, steps: &[Step]) -> Result<(), String> {
    let mut play = Play {
        tongues,
        url: url.to_owned(),
        peers: Vec::new(),
        bindings: Bindings::new(),
        said: Vec::new(),
        next_fence: FIRST_ID,
    };
    for step in steps {
        play.step(&step.action)
            .map_err(|reason| play.failure(&format!("line {}: {}", step.line, step.text), &reason))?;
    }
    play.end().map_err(|reason| play.failure("at the end of the transcript", &reason))
}

/// A transcript that is being played.
pub(super) struct Play {
    tongues: Tongues,
    url: String,
    peers: Vec<Peer>,
    bindings: Bindings,
    /// The conversation so far, for failures.
    said: Vec<String>,
    next_fence: u64,
}

struct Peer {
    name: String,
    subprotocol: Subprotocol,
    /// `None` when the connection is over.
    raw: Option<RawPeer>,
    /// The roles of the HELLO that was sent.
    roles: Vec<String>,
    in_session: bool,
    numbers: Numbers,
    reads: bool,
    /// Has said something the server may not have looked at yet.
    unsettled: bool,
}

impl Play {
    fn failure(&self, place: &str, reason: &str) -> String {
        let mut text = format!("{place}\n  {reason}\n");
        for (name, value) in &self.bindings {
            writeln!(text, "  ${name} = {value}").expect("a String takes what is written");
        }
        text.push_str("\nthe conversation:\n");
        for line in &self.said {
            writeln!(text, "  {line}").expect("a String takes what is written");
        }
        text
    }

    fn step(&mut self, action: &Action) -> Result<(), String> {
        let (name, deed) = match action {
            Action::AllDifferent(names) => return self.all_different(names),
            Action::Peer(name, deed) => (name.as_str(), deed),
        };
        match deed {
            Deed::Connects => self.connect(name).map(drop),
            Deed::Joins(join) => self.join(name, join),
            Deed::Registers(endpoint) => self.registers(self.peer(name)?, endpoint),
            Deed::Subscribes(endpoint) => self.subscribes(self.peer(name)?, endpoint),
            Deed::Calls(call) => self.calls(self.peer(name)?, call),
            Deed::Sends(message) => {
                let message = self.filled(message)?;
                let peer = self.peer(name)?;
                self.send(peer, &message)
            }
            Deed::Receives(pattern) => {
                let peer = self.peer(name)?;
                self.expect(peer, pattern).map(drop)
            }
            Deed::ReceivesAll(patterns) => {
                let peer = self.peer(name)?;
                let messages = patterns.iter().map(|_| self.receive(peer)).collect::<Result<Vec<_>, _>>()?;
                bind_all(patterns, &messages, &mut self.bindings)
            }
            Deed::IsSilent => {
                let peer = self.peer(name)?;
                self.settle()?;
                self.silent(peer)
            }
            Deed::SaysGoodbye => {
                let peer = self.peer(name)?;
                self.send(peer, &json!([6, {}, "wamp.close.close_realm"]))?;
                let answer = Pattern::parse("[6, _dict, \"wamp.close.goodbye_and_out\"]")?;
                self.expect(peer, &answer).map(drop)
            }
            Deed::IsLost => {
                let peer = self.peer(name)?;
                self.said.push(format!("{name} is lost"));
                self.peers[peer].raw = None;
                Ok(())
            }
            Deed::IsClosed => {
                let peer = self.peer(name)?;
                self.closed(peer)
            }
            Deed::StopsReading => {
                let peer = self.peer(name)?;
                self.peers[peer].reads = false;
                Ok(())
            }
            Deed::ReadsAgain => {
                let peer = self.peer(name)?;
                self.peers[peer].reads = true;
                Ok(())
            }
        }
    }

    fn all_different(&self, names: &[String]) -> Result<(), String> {
        for (at, name) in names.iter().enumerate() {
            let value = self.bindings.get(name).ok_or_else(|| format!("${name} stands for nothing"))?;
            if let Some(other) = names[..at].iter().find(|other| self.bindings.get(*other) == Some(value)) {
                return Err(format!("${other} and ${name} are both {value}"));
            }
        }
        Ok(())
    }

    /// The peer of this name, which is connected.
    pub(super) fn peer(&self, name: &str) -> Result<usize, String> {
        let found = self.peers.iter().position(|peer| peer.name == name && peer.raw.is_some());
        found.ok_or_else(|| format!("{name} is not connected"))
    }

    /// The ids used in the session of a peer.
    pub(super) fn numbers(&mut self, at: usize) -> &mut Numbers {
        &mut self.peers[at].numbers
    }

    /// The message to be sent, with the values of its variables.
    pub(super) fn filled(&self, pattern: &Pattern) -> Result<Value, String> {
        pattern.fill(&self.bindings)
    }

    fn connect(&mut self, name: &str) -> Result<usize, String> {
        let known = self.peers.iter().position(|peer| peer.name == name);
        let at = known.unwrap_or(self.peers.len());
        let (carrier, subprotocol) = self.tongues.of(at);
        let raw = carrier.connect(&Places::at(&self.url), subprotocol);
        let peer = Peer {
            name: name.to_owned(),
            subprotocol,
            raw: Some(raw),
            roles: Vec::new(),
            in_session: false,
            numbers: Numbers::default(),
            reads: true,
            unsettled: false,
        };
        match known {
            Some(at) if self.peers[at].raw.is_some() => return Err(format!("{name} is connected already")),
            Some(at) => self.peers[at] = peer,
            None => self.peers.push(peer),
        }
        Ok(at)
    }

    fn join(&mut self, name: &str, join: &Join) -> Result<(), String> {
        let peer = match self.peer(name) {
            Ok(peer) => peer,
            Err(_) => self.connect(name)?,
        };
        let message = hello::hello(join, &self.bindings)?;
        self.send(peer, &message)?;
        if let Some((_, ticket)) = &join.ticket {
            self.expect(peer, &Pattern::parse("[4, \"ticket\", {}]")?)?;
            self.send(peer, &json!([5, ticket, {}]))?;
        }
        self.expect(peer, &Pattern::parse("[2, _id, {..., \"roles\": _dict}]")?).map(drop)
    }

    pub(super) fn send(&mut self, at: usize, message: &Value) -> Result<(), String> {
        let peer = &mut self.peers[at];
        self.said.push(shown(&peer.name, peer.subprotocol, '→', message));
        peer.unsettled = true;
        peer.numbers.sent(message);
        match message[0].as_u64() {
            Some(1) if !peer.in_session => peer.roles = announced(message),
            Some(3 | 6) => peer.in_session = false,
            _ => {}
        }
        let raw = peer.raw.as_mut().ok_or("the connection is over")?;
        raw.try_send(std::slice::from_ref(message)).map_err(|error| format!("this cannot be sent: {error}"))
    }

    pub(super) fn expect(&mut self, at: usize, pattern: &Pattern) -> Result<Value, String> {
        let message = self.receive(at)?;
        pattern
            .bind(&message, &mut self.bindings)
            .map_err(|difference| format!("received {message}\n  {difference}"))?;
        Ok(message)
    }

    fn receive(&mut self, at: usize) -> Result<Value, String> {
        let peer = &mut self.peers[at];
        let raw = peer.raw.as_mut().ok_or("the connection is over")?;
        let message = match raw.next(DEADLINE) {
            Arrival::Message(message) => message,
            Arrival::Closed(code) => return Err(format!("the server closed: {code:?}")),
            Arrival::Nothing => return Err(format!("nothing came within {DEADLINE:?}")),
        };
        self.said.push(shown(&peer.name, peer.subprotocol, '←', &message));
        peer.numbers.received(&message);
        match message[0].as_u64() {
            Some(2) => {
                peer.in_session = true;
                let name = &peer.name;
                self.bindings.insert(name.clone(), message[1].clone());
                for key in ["authid", "authrole"] {
                    self.bindings.insert(format!("{name}.{key}"), message[2][key].clone());
                }
            }
            Some(3 | 6) => peer.in_session = false,
            _ => {}
        }
        Ok(message)
    }

    fn closed(&mut self, at: usize) -> Result<(), String> {
        let peer = &mut self.peers[at];
        let raw = peer.raw.as_mut().ok_or("the connection is over")?;
        match raw.next(DEADLINE) {
            Arrival::Closed(_) => {}
            Arrival::Message(message) => return Err(format!("the end is due, and {message} came")),
            Arrival::Nothing => return Err(format!("the connection is open after {DEADLINE:?}")),
        }
        self.said.push(format!("{} ({}) is closed", peer.name, peer.subprotocol));
        peer.raw = None;
        Ok(())
    }

    /// Waits until the server has looked at every message sent; its answers stay to be received.
    fn settle(&mut self) -> Result<(), String> {
        for at in 0..self.peers.len() {
            if !self.peers[at].unsettled {
                continue;
            }
            for fence in self.fence(at)? {
                let peer = &mut self.peers[at];
                let raw = peer.raw.as_mut().ok_or("the connection is over")?;
                let mut aside = Vec::new();
                loop {
                    match raw.next(DEADLINE) {
                        Arrival::Message(message) if fence.is_answered_by(&message) => break,
                        Arrival::Message(message) => aside.push(message),
                        other => {
                            let name = &peer.name;
                            return Err(format!("{name} got {other:?} and no answer to {}", fence.request));
                        }
                    }
                }
                raw.put_back(aside);
            }
            self.peers[at].unsettled = false;
        }
        Ok(())
    }

    /// Requires that nothing has come for this peer.
    fn silent(&mut self, at: usize) -> Result<(), String> {
        for fence in self.fence(at)? {
            let message = self.receive(at)?;
            if !fence.is_answered_by(&message) {
                return Err(format!("{} is due nothing, and received {message}", self.peers[at].name));
            }
            self.said.pop();
        }
        Ok(())
    }

    /// Sends a peer's fences, where it has a session and reads.
    fn fence(&mut self, at: usize) -> Result<Vec<Fence>, String> {
        let peer = &mut self.peers[at];
        let Some(raw) = peer.raw.as_mut().filter(|_| peer.in_session && peer.reads) else {
            return Ok(Vec::new());
        };
        let fences = fence::fences(&peer.roles, self.next_fence);
        self.next_fence += 2;
        for fence in &fences {
            raw.try_send(std::slice::from_ref(&fence.request))
                .map_err(|error| format!("a fence cannot be sent for {}: {error}", peer.name))?;
        }
        Ok(fences)
    }

    /// Requires that nobody received more than the transcript says.
    fn end(&mut self) -> Result<(), String> {
        self.settle()?;
        for at in 0..self.peers.len() {
            self.silent(at)?;
        }
        Ok(())
    }
}

/// A line of the conversation. The features of both sides are left out of it, being long and nearly always the same.
fn shown(name: &str, subprotocol: Subprotocol, arrow: char, message: &Value) -> String {
    let mut message = message.clone();
    if let (Some(1 | 2), Some(roles)) = (message[0].as_u64(), message.pointer_mut("/2/roles")) {
        *roles = json!("…");
    }
    let line = format!("{name} ({subprotocol}) {arrow} {message}");
    match line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
