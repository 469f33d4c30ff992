//! Publishers and subscribers that keep a router busy.
//!
//! Every publisher sends a burst of publications and waits until all subscribers have all of its events.

use crate::Failure;
use crate::child::ServerProcess;
use crate::client::Client;
use crate::exchange::{FIRST_ID, Format};
use crate::histogram::Histogram;
use crate::lane::Work;
use crate::load::Poller;
use crate::message::{Item, beginning, ending, last_id, message, write};
use crate::publish::Serializers;
use crate::server::BALLAST;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// One client, and what it has to get.
struct Listener {
    client: Client,
    format: Format,
    topic: usize,
    /// With what its events begin; nothing if it is the publisher.
    event: Option<Vec<u8>>,
    /// Messages of the burst that it has got.
    got: usize,
}

/// One topic: its publisher, and how far its burst is.
struct Topic {
    uri: String,
    publisher: usize,
    listeners: usize,
    /// The number of the burst's first publication.
    first: u64,
    /// Messages that have not come.
    missing: usize,
    sent: Instant,
    /// The burst's events in each serializer, known from the first subscriber that got them.
    known: [VecDeque<Vec<u8>>; 3],
}

/// Topics on which it is published again and again.
pub(crate) struct Publishing {
    listeners: Vec<Listener>,
    topics: Vec<Topic>,
    burst: usize,
    acknowledged: bool,
    poller: Poller,
    latency: Histogram,
    expected: Vec<u8>,
}

/// What stands behind the publication's id in an event.
pub(crate) fn event_body(format: Format, number: u64, out: &mut Vec<u8>) {
    let args = [Item::Int(number), Item::Text(BALLAST)];
    ending(format, &[Item::Empty, Item::List(&args)], out);
}

impl Publishing {
    /// A publisher and so many subscribers for each (realm, topic).
    pub(crate) fn connect(
        server: &ServerProcess,
        places: &[(&str, &str)],
        serializers: Serializers,
        subscribers: usize,
        (burst, acknowledged): (usize, bool),
    ) -> Result<Self, Failure> {
        let (mut listeners, mut topics) = (Vec::new(), Vec::new());
        for (topic, (realm, uri)) in places.iter().enumerate() {
            for index in 0..subscribers {
                let format = serializers.subscriber(index);
                let mut client = Client::join(server.address, format, realm)?;
                let items = [Item::Int(32), Item::Int(1), Item::Empty, Item::Text(uri)];
                let subscribed = client.ask(format.opcode(), &message(format, &items))?;
                let answer = beginning(format, 3, &[Item::Int(33), Item::Int(1)]);
                let id = last_id(format, &subscribed, &answer)?;
                let event = Some(beginning(format, 5, &[Item::Int(36), Item::Raw(&id)]));
                listeners.push(Listener { client, format, topic, event, got: 0 });
            }
            let format = serializers.publisher();
            let client = Client::join(server.address, format, realm)?;
            listeners.push(Listener { client, format, topic, event: None, got: 0 });
            topics.push(Topic {
                uri: (*uri).to_owned(),
                publisher: listeners.len() - 1,
                listeners: subscribers,
                first: FIRST_ID,
                missing: 0,
                sent: Instant::now(),
                known: Default::default(),
            });
        }
        let poller = Poller::new(listeners.iter().map(|listener| &listener.client))?;
        let (latency, expected) = (Histogram::new(), Vec::new());
        Ok(Self { listeners, topics, burst, acknowledged, poller, latency, expected })
    }

    /// Sends the next burst on one topic.
    fn publish(&mut self, topic: usize) -> Result<(), Failure> {
        let topic = &mut self.topics[topic];
        topic.missing = (topic.listeners + usize::from(self.acknowledged)) * self.burst;
        topic.sent = Instant::now();
        topic.known.iter_mut().for_each(VecDeque::clear);
        let options = if self.acknowledged { Item::Acknowledge } else { Item::Empty };
        let Listener { client, format, .. } = &mut self.listeners[topic.publisher];
        for number in (topic.first..).take(self.burst) {
            let args = [Item::Int(number), Item::Text(BALLAST)];
            let items =
                [Item::Int(16), Item::Int(number), options, Item::Text(&topic.uri), Item::List(&args)];
            client.send(format.opcode(), |out| write(*format, &items, out));
        }
        match client.flush()? {
            true => Ok(()),
            false => Err("the server does not take the next burst".into()),
        }
    }

    /// Takes in what came for one client; how many events that were.
    fn receive(&mut self, index: usize) -> Result<u64, Failure> {
        let Listener { client, format, topic, event, got } = &mut self.listeners[index];
        let topic = &mut self.topics[*topic];
        client.receive()?;
        let mut events = 0;
        while let Some(payload) = client.next()? {
            let message = client.bytes(payload);
            let number = topic.first + *got as u64;
            let right = match event {
                None => message.starts_with(&beginning(*format, 3, &[Item::Int(17), Item::Int(number)])),
                Some(event) => {
                    events += 1;
                    let known = &mut topic.known[*format as usize];
                    if known.len() == *got {
                        // The first one is looked at closely, all others must be the same.
                        known.push_back(message.to_vec());
                        self.expected.clear();
                        event_body(*format, number, &mut self.expected);
                        message.starts_with(event) && message.ends_with(&self.expected)
                    } else {
                        known.get(*got).is_some_and(|known| known == message)
                    }
                }
            };
            *got += 1;
            if !right || *got > self.burst {
                return Err(format!("a wrong message for {number}: {}", message.escape_ascii()).into());
            }
            topic.missing -= 1;
        }
        Ok(events)
    }
}

impl Work for Publishing {
    fn run(&mut self, turn: Duration) -> Result<u64, Failure> {
        let start = Instant::now();
        let mut busy = self.topics.len();
        for topic in 0..busy {
            self.publish(topic)?;
        }
        let mut events = 0;
        let mut ready = Vec::new();
        while busy > 0 {
            ready.clear();
            ready.extend(self.poller.wait()?);
            for index in &ready {
                let topic = self.listeners[*index].topic;
                let missing = self.topics[topic].missing;
                events += self.receive(*index)?;
                if missing == 0 || self.topics[topic].missing > 0 {
                    continue;
                }
                let done = &mut self.topics[topic];
                done.first += self.burst as u64;
                self.latency.add(done.sent.elapsed().as_nanos() as u64, 1);
                let listeners = self.listeners.iter_mut().filter(|listener| listener.topic == topic);
                listeners.for_each(|listener| listener.got = 0);
                if start.elapsed() < turn {
                    self.publish(topic)?;
                } else {
                    busy -= 1;
                }
            }
        }
        Ok(events)
    }

    fn latency(&mut self) -> &mut Histogram {
        &mut self.latency
    }
}
