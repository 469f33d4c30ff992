//! Our own clients as the peers of a play: what the model says arrives in their streams and answers.
//!
//! Operations are carried out with the client's API, one after the other; behind each of them all clients have had an answer
//! from the router, so that every event that is due is there, and every other one is one too many.

use serde_json::{Value, json};
use serverwamp::client::{Client, Invoke as Policy};
use serverwamp::extract::Arg;
use serverwamp::{Registration, RoutePattern, SessionId, Subscriber, WampError, prefix, wildcard};
use std::future::IntoFuture;
use tokio::runtime::{Builder, Runtime};

use super::broker::Publication;
use super::clients::Monitor;
use super::dealer::{CallOptions, Invoke};
use super::play::{Failure, URIS, index, pattern};
use super::{Expected, Kind, Model, Operation, PUBLICATION, Traits};
use crate::router::{Router, realms};

/// How many clients are there at the most.
const PEERS: usize = 4;

/// Whom, to which pattern.
type Key = (usize, Kind, &'static str);

struct Play {
    router: Router,
    runtime: Runtime,
    clients: Vec<Option<Client>>,
    subscriptions: Vec<(Key, Subscriber)>,
    registrations: Vec<(Key, Registration)>,
    monitor: Monitor,
    model: Model,
    payload: u64,
    log: Vec<String>,
}

pub(super) fn run(operations: &[Operation]) -> Result<(), Failure> {
    let router = Router::start(realms());
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let mut play = Play {
        monitor: Monitor::of(router.url()),
        runtime: runtime.expect("threads can be started"),
        clients: Vec::new(),
        subscriptions: Vec::new(),
        registrations: Vec::new(),
        model: Model::default(),
        payload: 0,
        log: Vec::new(),
        router,
    };
    for (at, operation) in operations.iter().enumerate() {
        if let Err(text) = play.step(*operation) {
            return Err(Failure { at, text, log: play.log });
        }
    }
    Ok(())
}

impl Play {
    fn step(&mut self, operation: Operation) -> Result<(), String> {
        let [who, a, b, c] = operation.with;
        let present = self.model.present.len();
        if present == 0 || operation.what % 20 == 19 && present < PEERS {
            return self.join(a);
        }
        let me = self.model.present[index(who, present)];
        match operation.what % 20 {
            0..4 => self.subscribe(me, a, b),
            4 => self.end_a_subscription(a),
            5..9 => self.publish(me, a, b, c),
            9..12 => self.register(me, a, b, c),
            12 => self.end_a_registration(a),
            13..18 => self.call(me, a),
            _ => self.leave(me),
        }
    }

    fn client(&self, number: usize) -> Client {
        self.clients[number].clone().expect("the model knows who is there")
    }

    fn join(&mut self, a: u32) -> Result<(), String> {
        let number = self.clients.len();
        let address = match a % 2 {
            0 => self.router.url().to_owned(),
            _ => self.router.url().replace("ws://", "rs://").trim_end_matches("/ws").to_owned(),
        };
        let serializers = serverwamp::websocket::Subprotocol::ALL;
        let subprotocol = serializers[index(a / 2, serializers.len())];
        let connecting = Client::connect(&address).realm("realm1").subprotocols([subprotocol]);
        let client = self.runtime.block_on(connecting.into_future()).map_err(|error| error.to_string())?;
        self.log.push(format!("{number} joins at {address} with {}", subprotocol.name()));
        self.clients.push(Some(client));
        self.model.traits.push(Traits { advanced: true });
        self.model.present.push(number);
        Ok(())
    }

    fn subscribe(&mut self, me: usize, a: u32, b: u32) -> Result<(), String> {
        let (kind, uri) = pattern(a, b);
        self.log.push(format!("{me} subscribes to {uri} ({})", kind.word()));
        // A topic that ends with a dot is taken for a mistake.
        if kind == Kind::Exact && uri.ends_with('.') {
            return Ok(());
        }
        let subscribing = self.client(me).subscribe(route(kind, uri));
        let subscriber =
            self.runtime.block_on(subscribing.into_future()).map_err(|error| error.to_string())?;
        let answer = self.model.broker.subscribe(me, 0, kind, uri);
        match answer[2].as_u64() {
            Some(id) => same("the id of the subscription", &id, &subscriber.id().get())?,
            None => self.model.broker.learn(subscriber.id().get()),
        }
        self.subscriptions.push(((me, kind, uri), subscriber));
        self.hear(Vec::new())
    }

    fn end_a_subscription(&mut self, a: u32) -> Result<(), String> {
        if self.subscriptions.is_empty() {
            return Ok(());
        }
        let (key, subscriber) = self.subscriptions.swap_remove(index(a, self.subscriptions.len()));
        self.log.push(format!("{} ends one of {} ({})", key.0, key.2, key.1.word()));
        let id = subscriber.id().get();
        drop(subscriber);
        if !self.subscriptions.iter().any(|(other, _)| *other == key) {
            self.model.broker.unsubscribe(key.0, 0, id);
        }
        self.hear(Vec::new())
    }

    fn publish(&mut self, me: usize, a: u32, b: u32, c: u32) -> Result<(), String> {
        let topic = URIS[index(a, URIS.len())];
        let present = self.model.present.clone();
        let some: Vec<usize> = present.into_iter().filter(|number| c >> number & 1 == 1).collect();
        let session =
            |number: &usize| -> SessionId { self.client(*number).session_id().expect("it has joined") };
        let mut publication = self.client(me).publication(topic);
        if b & 2 == 2 {
            publication = publication.include_me();
        }
        if b & 12 == 12 {
            publication = some.iter().map(session).fold(publication, |all, one| all.exclude(one));
        }
        if b & 48 == 48 {
            publication = publication.eligible(some.iter().map(session));
        }
        if b & 64 == 64 {
            publication = publication.disclose_me();
        }
        self.payload += 1;
        self.log.push(format!("{me} publishes {} to {topic}, options {b:b} for {some:?}", self.payload));
        let sending = publication.send(self.payload);
        self.runtime.block_on(sending).map_err(|error| error.to_string())?;
        let own = self.client(me);
        let publication = Publication {
            publisher: me,
            topic,
            exclude_me: b & 2 == 0,
            exclude: (b & 12 == 12).then(|| some.clone()),
            eligible: (b & 48 == 48).then_some(some),
            disclosed: (b & 64 == 64).then(|| {
                let session = own.session_id().map_or(0, SessionId::get);
                (session, own.authid(), own.authrole())
            }),
            payload: self.payload,
        };
        let mut expected = Expected::new();
        self.model.broker.publish(&publication, &mut expected);
        self.hear(expected)
    }

    fn register(&mut self, me: usize, a: u32, b: u32, c: u32) -> Result<(), String> {
        let (kind, uri) = pattern(a, b);
        let (invoke, policy) = [
            (Invoke::Single, Policy::Single),
            (Invoke::RoundRobin, Policy::RoundRobin),
            (Invoke::First, Policy::First),
            (Invoke::Last, Policy::Last),
        ][index(c, 4)];
        self.log.push(format!("{me} registers {uri} ({}, {})", kind.word(), invoke.word()));
        // Of one client, two to the same procedure are one registration, of which the later handler serves.
        if self.registrations.iter().any(|(other, _)| *other == (me, kind, uri)) {
            return Ok(());
        }
        let served = move |Arg(number): Arg<u64>| async move { (me as u64, uri, number) };
        let registering = self.client(me).register(route(kind, uri), served).invoke(policy);
        let registered = self.runtime.block_on(registering.into_future());
        let answer = self.model.dealer.register(me, 0, kind, uri, invoke);
        match (registered, answer[0] == 65) {
            (Ok(registration), true) => {
                match answer[2].as_u64() {
                    Some(id) => same("the id of the registration", &id, &registration.id().get())?,
                    None => self.model.dealer.learn(registration.id().get()),
                }
                self.registrations.push(((me, kind, uri), registration));
            }
            (Err(error), false) => same("the error", &answer[4], &json!(error.uri()))?,
            (registered, _) => return Err(format!("{answer} is due, and there was {registered:?}")),
        }
        self.hear(Vec::new())
    }

    fn end_a_registration(&mut self, a: u32) -> Result<(), String> {
        if self.registrations.is_empty() {
            return Ok(());
        }
        let (key, registration) = self.registrations.swap_remove(index(a, self.registrations.len()));
        self.log.push(format!("{} gives up {} ({})", key.0, key.2, key.1.word()));
        let id = registration.id().get();
        drop(registration);
        self.model.dealer.unregister(key.0, 0, id);
        self.hear(Vec::new())
    }

    /// A call, and the answer of whoever serves it.
    fn call(&mut self, me: usize, a: u32) -> Result<(), String> {
        let procedure = URIS[index(a, URIS.len())];
        self.payload += 1;
        self.log.push(format!("{me} calls {procedure}"));
        let calling = self.client(me).call::<(u64, String, u64), _>(procedure, self.payload);
        let results: Result<(u64, String, u64), WampError> = self.runtime.block_on(calling.into_future());
        let mut expected = Expected::new();
        let options = CallOptions { receive_progress: false, progress: false };
        let Model { dealer, traits, .. } = &mut self.model;
        dealer.call((me, 0), procedure, options, self.payload, traits, &mut expected);
        let (to, message) = expected.pop().ok_or("a call has an answer or a callee")?;
        if message[0] == 68 {
            let at = dealer.calls.len() - 1;
            dealer.yielded(at, false, self.payload, &mut Expected::new());
            let id = message[2].as_u64();
            let served = self
                .registrations
                .iter()
                .find(|((callee, ..), one)| *callee == to && Some(one.id().get()) == id);
            let uri = served.map(|((_, _, uri), _)| (*uri).to_owned()).ok_or("the callee serves it")?;
            let results = results.map_err(|error| format!("{to} serves it, and there was {error}"))?;
            same("who serves it", &(to as u64, uri, self.payload), &results)?;
        } else {
            let error = results.err().map(|error| error.uri().to_owned());
            same("the error", &message[4].as_str().map(str::to_owned), &error)?;
        }
        self.hear(Vec::new())
    }

    fn leave(&mut self, me: usize) -> Result<(), String> {
        self.log.push(format!("{me} leaves"));
        let client = self.clients[me].take().expect("the model knows who is there");
        let session = client.session_id().map_or(0, SessionId::get);
        self.runtime.block_on(client.leave());
        self.monitor.wait_for_end_of(session);
        self.subscriptions.retain(|(key, _)| key.0 != me);
        self.registrations.retain(|(key, _)| key.0 != me);
        self.model.present.retain(|number| *number != me);
        self.model.broker.leave(me);
        let Model { dealer, traits, .. } = &mut self.model;
        dealer.leave(me, traits, &mut Expected::new());
        self.hear(Vec::new())
    }

    /// Requires of every stream the events that are due, and no others.
    fn hear(&mut self, expected: Expected) -> Result<(), String> {
        for number in &self.model.present {
            // The answer comes behind all events.
            let fence = self.client(*number);
            self.runtime.block_on(fence.publish("fence", ())).map_err(|error| error.to_string())?;
        }
        for ((me, kind, uri), subscriber) in &mut self.subscriptions {
            let id = subscriber.id().get();
            let due: Vec<Value> = expected
                .iter()
                .filter(|(to, event)| to == me && event[1] == id)
                .map(|(_, event)| event.clone())
                .collect();
            let mut heard = Vec::new();
            while let Some(event) = subscriber.try_recv() {
                let mut details = json!({});
                if *kind != Kind::Exact {
                    details["topic"] = json!(event.topic());
                }
                if let Some(publisher) = event.publisher() {
                    details["publisher"] = json!(publisher.get());
                    details["publisher_authid"] = json!(event.publisher_authid());
                    details["publisher_authrole"] = json!(event.publisher_authrole());
                }
                let payload: u64 = event.bind().map_err(|error: WampError| error.to_string())?;
                heard.push(json!([36, id, PUBLICATION, details, [payload]]));
            }
            if due != heard {
                return Err(format!("{me} is due {due:?} of {uri}, and heard {heard:?}"));
            }
        }
        Ok(())
    }
}

fn route(kind: Kind, uri: &'static str) -> RoutePattern {
    match kind {
        Kind::Exact => uri.into(),
        Kind::Prefix => prefix(uri),
        Kind::Wildcard => wildcard(uri),
    }
}

fn same<T: std::fmt::Debug + PartialEq>(what: &str, expected: &T, found: &T) -> Result<(), String> {
    match expected == found {
        true => Ok(()),
        false => Err(format!("{what}: {expected:?} is due, and there was {found:?}")),
    }
}
