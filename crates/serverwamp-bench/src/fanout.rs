//! One event to many subscribers, beside plain writes of the same bytes to as many sockets.

use crate::Failure;
use crate::child::ServerProcess;
use crate::client::Client;
use crate::exchange::{FIRST_ID, Format, digits};
use crate::frame;
use crate::histogram::Histogram;
use crate::lane::{Figures, figures, ratio};
use crate::load::{Poller, Turn};
use crate::options::{Plan, ServerKind};
use crate::server::BALLAST;
use serde::Serialize;
use std::time::{Duration, Instant};

#[derive(Debug, Serialize)]
pub(crate) struct Fanout {
    pub(crate) subscribers: usize,
    pub(crate) event_bytes: usize,
    /// Per delivered event; the latency is that of the last subscriber.
    pub(crate) writes: Figures,
    pub(crate) events: Figures,
    pub(crate) ratio: f64,
    pub(crate) ratio_of_least: f64,
    pub(crate) goal: f64,
}

/// How an event is brought about, and how it looks.
#[derive(Debug)]
enum Source {
    /// A call of a procedure that publishes; with what every event begins.
    Call { event: Vec<u8> },
    /// A frame that the server passes on; its payload up to the event's number.
    Frame { event: Vec<u8> },
}

/// A publisher, the last of the clients, and all who listen.
struct Group {
    source: Source,
    clients: Vec<Client>,
    /// How many events each client has got.
    got: Vec<u64>,
    poller: Poller,
    published: u64,
    /// What all have to get, known from the first of them.
    event: Vec<u8>,
    latency: Histogram,
}

pub(crate) fn measure(plan: &Plan) -> Result<Fanout, Failure> {
    let wamp = ServerProcess::start(ServerKind::Wamp, plan.server_cpu)?;
    let writer = ServerProcess::start(ServerKind::Writer, plan.server_cpu)?;
    let mut events = Group::of_sessions(&wamp, plan.subscribers)?;
    events.publish()?;
    let event = events.event.clone();
    let mut writes = Group::of_sockets(&writer, plan.subscribers, &event)?;
    let (mut event_turns, mut write_turns) = (Vec::new(), Vec::new());
    for round in 0..=plan.rounds {
        if round == 0 {
            writes.run(plan.turn / 3)?;
            events.run(plan.turn / 3)?;
            (writes.latency, events.latency) = (Histogram::new(), Histogram::new());
        } else {
            write_turns.push(Turn::of(&writer, || writes.run(plan.turn))?);
            event_turns.push(Turn::of(&wamp, || events.run(plan.turn))?);
        }
    }
    let (written, served) = (figures(&write_turns, &writes.latency), figures(&event_turns, &events.latency));
    Ok(Fanout {
        subscribers: plan.subscribers,
        event_bytes: event.len(),
        writes: written,
        events: served,
        ratio: ratio(&event_turns, &write_turns),
        ratio_of_least: served.cpu_least / written.cpu_least,
        goal: 1.3,
    })
}

/// The end of an event's payload, from its number on.
fn event_end(number: u64, out: &mut Vec<u8>) {
    digits(number, out);
    out.extend_from_slice(format!(",\"{BALLAST}\"]]").as_bytes());
}

impl Group {
    fn of_sessions(server: &ServerProcess, subscribers: usize) -> Result<Self, Failure> {
        let mut clients = Vec::new();
        let mut event = Vec::new();
        for _ in 0..subscribers {
            let mut client = Client::session(server.address, Format::Json)?;
            let subscribed = client.ask(frame::TEXT, br#"[32,1,{},"bench.topic"]"#)?;
            let id = subscribed.strip_prefix(b"[33,1,").and_then(|rest| rest.strip_suffix(b"]"));
            let id = id.ok_or_else(|| format!("no SUBSCRIBED but {}", subscribed.escape_ascii()))?;
            event = [b"[36,", id, b","].concat();
            clients.push(client);
        }
        clients.push(Client::session(server.address, Format::Json)?);
        Self::new(Source::Call { event }, clients)
    }

    fn of_sockets(server: &ServerProcess, subscribers: usize, event: &[u8]) -> Result<Self, Failure> {
        let mut publisher = Client::plain(server.address)?;
        publisher.send_plain(&u32::try_from(subscribers)?.to_be_bytes());
        publisher.flush()?;
        let mut clients = Vec::new();
        for _ in 0..subscribers {
            clients.push(Client::plain(server.address)?);
        }
        publisher.expect_byte()?;
        clients.push(publisher);
        let mut end = Vec::new();
        event_end(FIRST_ID, &mut end);
        let event = event.strip_suffix(&end[..]).ok_or("an event that ends otherwise")?.to_vec();
        Self::new(Source::Frame { event }, clients)
    }

    fn new(source: Source, clients: Vec<Client>) -> Result<Self, Failure> {
        let poller = Poller::new(&clients)?;
        let got = vec![0; clients.len()];
        Ok(Self { source, got, poller, published: 0, event: Vec::new(), latency: Histogram::new(), clients })
    }

    /// Publishes one event after the other for so long; how often one was delivered.
    fn run(&mut self, turn: Duration) -> Result<u64, Failure> {
        let start = Instant::now();
        let mut deliveries = 0;
        while start.elapsed() < turn {
            self.publish()?;
            deliveries += self.clients.len() as u64 - 1;
        }
        Ok(deliveries)
    }

    /// Publishes one event and waits until everybody has it, and the publisher its answer.
    fn publish(&mut self) -> Result<(), Failure> {
        let number = FIRST_ID + self.published;
        self.published += 1;
        self.event.clear();
        let start = Instant::now();
        let Some(publisher) = self.clients.last_mut() else { return Ok(()) };
        match &self.source {
            Source::Call { .. } => publisher.send(frame::TEXT, |out| {
                out.extend_from_slice(b"[48,");
                digits(number, out);
                out.extend_from_slice(b",{},\"bench.publish\",[");
                digits(number, out);
                out.extend_from_slice(b"]]");
            }),
            Source::Frame { event } => {
                self.event.extend_from_slice(event);
                event_end(number, &mut self.event);
                publisher.send_plain(&prepared(&self.event));
            }
        }
        if !publisher.flush()? {
            return Err("the server does not take the next event".into());
        }
        let mut missing = self.clients.len();
        let mut ready = Vec::new();
        while missing > 0 {
            ready.clear();
            ready.extend(self.poller.wait()?);
            for index in &ready {
                missing -= self.receive(*index, number)?;
            }
        }
        self.latency.add(start.elapsed().as_nanos() as u64, 1);
        Ok(())
    }

    fn receive(&mut self, index: usize, number: u64) -> Result<usize, Failure> {
        let answers_publisher = index + 1 == self.clients.len();
        let client = &mut self.clients[index];
        client.receive()?;
        let mut received = 0;
        while let Some(payload) = client.next()? {
            received += 1;
            self.got[index] += 1;
            let message = client.bytes(payload);
            let right = match &self.source {
                Source::Call { .. } if answers_publisher => {
                    message == format!("[50,{number},{{}}]").as_bytes()
                }
                // The first one is looked at closely, all others must be the same.
                Source::Call { event } if self.event.is_empty() => {
                    self.event.extend_from_slice(message);
                    let mut end = b",{},[".to_vec();
                    event_end(number, &mut end);
                    message.starts_with(event) && message.ends_with(&end)
                }
                Source::Call { .. } | Source::Frame { .. } => message == self.event,
            };
            if !right || self.got[index] != self.published {
                return Err(format!("a wrong message for event {number}: {}", message.escape_ascii()).into());
            }
        }
        Ok(received)
    }
}

/// The event as a server's frame, behind the length of that.
fn prepared(event: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | frame::TEXT];
    match u8::try_from(event.len()) {
        Ok(len) if len < 126 => frame.push(len),
        _ => {
            frame.push(126);
            frame.extend_from_slice(&(event.len() as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(event);
    let mut message = (frame.len() as u32).to_be_bytes().to_vec();
    message.append(&mut frame);
    message
}
