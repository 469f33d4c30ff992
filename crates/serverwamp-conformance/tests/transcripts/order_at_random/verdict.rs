//! What the histories of all clients say about the order in which they heard of each other.

use super::{Histories, Line, PATTERNS};
use crate::model::{Kind, matches};
use serde_json::Value;
use std::collections::BTreeMap;

/// How much there was to look at.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) events: u64,
    pub(super) invocations: u64,
}

/// Publications of one client: their numbers, and what they were published to.
type Published = BTreeMap<u64, String>;

/// Looks at every history.
///
/// # Errors
/// What is wrong first, with the rule's id.
pub(super) fn check(histories: &Histories) -> Result<Seen, String> {
    let published: Vec<Published> = histories.iter().map(|history| publications(history)).collect();
    let mut seen = Seen::default();
    for (client, history) in histories.iter().enumerate() {
        let mut reader = Reader::new(&published);
        for (place, line) in history.iter().enumerate() {
            let outcome = match line {
                Line::Sent(message) => reader.sent(message),
                Line::Received(message) => reader.received(message),
            };
            outcome.map_err(|objection| format!("client {client}, line {place}: {objection}\n{line:?}"))?;
        }
        reader.at_the_end().map_err(|objection| format!("client {client}, at the end: {objection}"))?;
        seen.events += reader.seen.events;
        seen.invocations += reader.seen.invocations;
    }
    Ok(seen)
}

fn publications(history: &[Line]) -> Published {
    let publication = |line: &Line| match line {
        Line::Sent(message) if message[0] == 16 => {
            Some((message[4][1].as_u64()?, message[3].as_str()?.to_owned()))
        }
        _ => None,
    };
    history.iter().filter_map(publication).collect()
}

/// A subscription while it lasts.
#[derive(Debug)]
struct Subscription {
    pattern: usize,
    /// The last publication that came of each client.
    last: BTreeMap<u64, u64>,
}

/// A call that has no final answer yet.
#[derive(Debug, Default)]
struct Call {
    takes_progress: bool,
    /// Results that came and were not the last one; each says how many came before.
    results: u64,
}

/// Reads the history of one client.
struct Reader<'a> {
    published: &'a [Published],
    seen: Seen,
    /// What its requests were about: the pattern of a SUBSCRIBE, the id of an UNSUBSCRIBE or UNREGISTER.
    asked: BTreeMap<u64, u64>,
    subscriptions: BTreeMap<u64, Subscription>,
    registrations: Vec<u64>,
    /// The last publication that came of each client, by whatever subscription.
    heard: BTreeMap<u64, u64>,
    /// The last call that came of each client, to whatever procedure.
    served: BTreeMap<u64, u64>,
    calls: BTreeMap<u64, Call>,
    acknowledgements: Vec<u64>,
}

fn number(value: &Value) -> Result<u64, String> {
    value.as_u64().ok_or_else(|| format!("{value} is no number"))
}

impl<'a> Reader<'a> {
    fn new(published: &'a [Published]) -> Self {
        Self {
            published,
            seen: Seen::default(),
            asked: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            registrations: Vec::new(),
            heard: BTreeMap::new(),
            served: BTreeMap::new(),
            calls: BTreeMap::new(),
            acknowledgements: Vec::new(),
        }
    }

    fn sent(&mut self, message: &Value) -> Result<(), String> {
        let request = number(&message[1])?;
        match number(&message[0])? {
            32 => {
                let is = |(kind, uri): &(&str, &str)| message[2]["match"] == *kind && message[3] == *uri;
                let pattern = PATTERNS.iter().position(is).ok_or("an unknown pattern")?;
                self.asked.insert(request, pattern as u64);
            }
            64 => drop(self.asked.insert(request, 0)),
            34 | 66 => drop(self.asked.insert(request, number(&message[2])?)),
            48 => {
                let takes_progress = message[2]["receive_progress"] == true;
                self.calls.insert(request, Call { takes_progress, results: 0 });
            }
            16 if message[2]["acknowledge"] == true => self.acknowledgements.push(request),
            _ => {}
        }
        Ok(())
    }

    fn received(&mut self, message: &Value) -> Result<(), String> {
        match number(&message[0])? {
            36 => self.event(message),
            68 => self.invocation(message),
            50 => self.result(message),
            8 if message[1] == 48 && message[4] == "wamp.error.no_such_procedure" => {
                let call = self.calls.remove(&number(&message[2])?);
                call.map(drop).ok_or_else(|| "it was answered before".to_owned())
            }
            17 => {
                let request = number(&message[1])?;
                let place = self.acknowledgements.iter().position(|waiting| *waiting == request);
                let place = place.ok_or("nobody asked for this acknowledgement, or it came before")?;
                self.acknowledgements.swap_remove(place);
                Ok(())
            }
            kind @ (33 | 35 | 65 | 67) => {
                let about = self.asked.remove(&number(&message[1])?).ok_or("it was answered before")?;
                match kind {
                    33 => {
                        let subscription = Subscription { pattern: about as usize, last: BTreeMap::new() };
                        self.subscriptions.insert(number(&message[2])?, subscription);
                    }
                    35 => drop(self.subscriptions.remove(&about)),
                    65 => self.registrations.push(number(&message[2])?),
                    _ => self.registrations.retain(|held| *held != about),
                }
                Ok(())
            }
            _ => Err("nobody is due this".to_owned()),
        }
    }

    fn event(&mut self, message: &Value) -> Result<(), String> {
        self.seen.events += 1;
        let (publisher, publication) = (number(&message[4][0])?, number(&message[4][1])?);
        let id = number(&message[1])?;
        let subscription = self
            .subscriptions
            .get_mut(&id)
            .ok_or("ORD-02, ORD-07: an event before SUBSCRIBED or behind UNSUBSCRIBED")?;
        let heard = self.heard.entry(publisher).or_default();
        if publication < *heard {
            return Err(format!("ORD-01: #{heard} of client {publisher} came before"));
        }
        *heard = publication;
        let all = self.published.get(publisher as usize).ok_or("there is no such client")?;
        let topic = all.get(&publication).ok_or("nobody published this")?;
        if !subscribed(subscription.pattern, topic) {
            return Err(format!("{topic} is not what was subscribed to"));
        }
        if let Some(last) = subscription.last.insert(publisher, publication) {
            if last >= publication {
                return Err(format!(
                    "ORD-01: #{last} of client {publisher} came before by this subscription"
                ));
            }
            let pattern = subscription.pattern;
            let between = all.range(last + 1..publication).find(|(_, topic)| subscribed(pattern, topic));
            if let Some((lost, _)) = between {
                return Err(format!("#{lost} of client {publisher} did not come, and the next one did"));
            }
        }
        Ok(())
    }

    fn invocation(&mut self, message: &Value) -> Result<(), String> {
        self.seen.invocations += 1;
        if number(&message[1])? != self.seen.invocations {
            return Err("ID-05: invocations count from 1".to_owned());
        }
        if !self.registrations.contains(&number(&message[2])?) {
            return Err("ORD-04, ORD-07: an invocation before REGISTERED or behind UNREGISTERED".to_owned());
        }
        let (caller, call) = (number(&message[4][0])?, number(&message[4][1])?);
        let last = self.served.insert(caller, call).unwrap_or_default();
        if last >= call {
            return Err(format!("ORD-03: call #{last} of client {caller} came before"));
        }
        Ok(())
    }

    fn result(&mut self, message: &Value) -> Result<(), String> {
        let id = number(&message[1])?;
        let call = self.calls.get_mut(&id).ok_or("ORD-06: a result behind the last one")?;
        if message[3][0] != call.results {
            return Err(format!("ORD-06: result {} came where {} is due", message[3][0], call.results));
        }
        call.results += 1;
        if message[2]["progress"] != true {
            self.calls.remove(&id);
        } else if !call.takes_progress {
            return Err("PCR-02: progress that nobody asked for".to_owned());
        }
        Ok(())
    }

    /// Nothing is missing.
    fn at_the_end(&self) -> Result<(), String> {
        if let Some(call) = self.calls.keys().next() {
            return Err(format!("there is no answer to call {call}"));
        }
        if let Some(request) = self.asked.keys().chain(&self.acknowledgements).next() {
            return Err(format!("there is no answer to request {request}"));
        }
        for (id, Subscription { pattern, last }) in &self.subscriptions {
            for (publisher, last) in last {
                let all = self.published.get(*publisher as usize).ok_or("there is no such client")?;
                if let Some((lost, _)) = all.range(last + 1..).find(|(_, topic)| subscribed(*pattern, topic))
                {
                    return Err(format!("#{lost} of client {publisher} did not come by subscription {id}"));
                }
            }
        }
        Ok(())
    }
}

/// Is this what the pattern is for?
fn subscribed(pattern: usize, topic: &str) -> bool {
    let (word, uri) = PATTERNS[pattern];
    let kind = [Kind::Exact, Kind::Prefix, Kind::Wildcard].into_iter().find(|kind| kind.word() == word);
    kind.is_some_and(|kind| matches(kind, uri, topic))
}
