//! Plays a sequence of operations to the model and to a router, and compares.

use serde_json::{Value, json};
use serverwamp_conformance::{Arrival, DEADLINE};

use super::broker::Publication;
use super::clients::{Client, Monitor};
use super::dealer::{CallOptions, Invoke};
use super::due::{New, is};
use super::roles::{Deed, Extras, ROLES, Roles};
use super::{Expected, Kind, Model, Operation, PUBLICATION, Traits};
use crate::router::{Router, realms};

/// Few, so that they meet.
pub(super) const URIS: [&str; 5] = ["a.b", "a.c", "a.b.c", "a.b.d", "d"];
pub(super) const PREFIXES: [&str; 4] = ["a", "a.", "a.b", "d"];
pub(super) const WILDCARDS: [&str; 4] = ["a.", ".b", "a..c", "..d"];

const NOT_AUTHORIZED: &str = "wamp.error.not_authorized";
const NOT_DISCLOSED: &str = "wamp.error.option_disallowed.disclose_me";

/// How many clients are there at the most.
const PEERS: usize = 5;

/// A message that the model did not predict, or one that did not come.
#[derive(Debug)]
pub(super) struct Failure {
    /// After which operation.
    pub(super) at: usize,
    pub(super) text: String,
    pub(super) log: Vec<String>,
}

struct Play {
    router: Router,
    /// By their numbers in the model; those that left are `None`.
    clients: Vec<Option<Client>>,
    /// Sees who leaves, so that the play goes on when that is done.
    monitor: Monitor,
    model: Model,
    /// What each role may do; `None` if everybody may do everything.
    roles: Option<Roles>,
    /// Requests that were denied, and subscriptions and registrations that were created.
    denied: usize,
    created: usize,
    log: Vec<String>,
    payload: u64,
}

pub(super) fn run(operations: &[Operation]) -> Result<(), Failure> {
    run_on(Router::start(realms()), operations)
}

/// Plays to this router, where others than the model knows of may be.
pub(super) fn run_on(router: Router, operations: &[Operation]) -> Result<(), Failure> {
    play(router, None, operations).map(drop)
}

/// Plays to a router where roles have these permissions; the number of requests that were denied.
pub(super) fn run_with(roles: &Roles, operations: &[Operation]) -> Result<usize, Failure> {
    play(Router::start(roles.application()), Some(roles.clone()), operations)
}

fn play(router: Router, roles: Option<Roles>, operations: &[Operation]) -> Result<usize, Failure> {
    let (monitor, clients) = (Monitor::of(router.url()), Vec::new());
    let log = roles.as_ref().map(Roles::describe).unwrap_or_default();
    let model = Model::default();
    let mut play = Play { router, clients, monitor, model, roles, denied: 0, created: 0, log, payload: 0 };
    for _ in 0..3 {
        play.join(true);
    }
    for (at, operation) in operations.iter().enumerate() {
        if let Err(text) = play.step(*operation) {
            return Err(Failure { at, text, log: play.log });
        }
    }
    let told = play.monitor.creations();
    if told != play.created {
        let text =
            format!("{} subscriptions and registrations were created, and {told} were told", play.created);
        return Err(Failure { at: operations.len().saturating_sub(1), text, log: play.log });
    }
    Ok(play.denied)
}

impl Play {
    fn join(&mut self, advanced: bool) {
        let number = self.clients.len();
        let role = self.roles.as_ref().map_or(ROLES[0], |_| ROLES[number % ROLES.len()]);
        let authid = match role {
            "user" => Some("joe"),
            "member" => Some("mia"),
            _ => None,
        };
        let client = Client::join(self.router.url(), number, advanced, authid);
        assert_eq!(client.role, role);
        self.log.push(format!("{number} joins as {role}, advanced: {advanced}"));
        self.clients.push(Some(client));
        self.model.traits.push(Traits { advanced });
        self.model.present.push(number);
    }

    /// What the client may do to all URIs of a pattern; `None` if it may not.
    fn may(&self, me: usize, deed: Deed, kind: Kind, uri: &str) -> Option<Extras> {
        let role = self.clients[me].as_ref().map_or("", |client| &client.role);
        self.roles.as_ref().map_or(Some(Extras::ALL), |roles| roles.may(role, deed, kind, uri))
    }

    fn has_authorizer(&self, me: usize) -> bool {
        let role = self.clients[me].as_ref().map_or("", |client| &client.role);
        self.roles.as_ref().is_some_and(|roles| roles.has_authorizer(role))
    }

    /// Says what is denied, and requires that it is answered so, or not at all.
    fn say_denied(&mut self, me: usize, said: &Value, answer: Option<&str>) -> Result<(), String> {
        self.denied += 1;
        let error = answer.map(|uri| (me, json!([8, said[0], said[1], {}, uri])));
        self.say(me, said, error.into_iter().collect()).map(drop)
    }

    fn client(&mut self, number: usize) -> &mut Client {
        self.clients[number].as_mut().expect("the model knows who is there")
    }

    fn request(&mut self, number: usize) -> u64 {
        let client = self.client(number);
        client.last += 1;
        client.last
    }

    fn step(&mut self, operation: Operation) -> Result<(), String> {
        let [who, a, b, c] = operation.with;
        if self.model.present.is_empty() || operation.what % 24 == 23 && self.model.present.len() < PEERS {
            self.join(a % 3 != 0);
            return Ok(());
        }
        let me = self.model.present[index(who, self.model.present.len())];
        match operation.what % 24 {
            0..3 => self.subscribe(me, a, b, c),
            3 => self.unsubscribe(me, a),
            4..7 => self.publish(me, a, b, c),
            7..10 => self.register(me, a, b, c),
            10 => self.unregister(me, a),
            11..15 => self.call(me, a, b),
            15 => self.go_on(me, a, b),
            16..20 => self.answer(me, a, b),
            20..22 => self.cancel(me, a, b),
            _ => self.leave(me, a % 2 == 0),
        }
    }

    fn subscribe(&mut self, me: usize, a: u32, b: u32, c: u32) -> Result<(), String> {
        let (kind, uri) = pattern(a, b);
        let request = self.request(me);
        let get_retained = c.is_multiple_of(2);
        let said = json!([32, request, { "match": kind.word(), "get_retained": get_retained }, uri]);
        let Some(extras) = self.may(me, Deed::Subscribe, kind, uri) else {
            return self.say_denied(me, &said, Some(NOT_AUTHORIZED));
        };
        let mut expected = vec![(me, self.model.broker.subscribe(me, request, kind, uri))];
        if get_retained && extras.retain {
            self.model.broker.late(me, kind, uri, &mut expected);
        }
        let new = self.say(me, &said, expected)?.id;
        new.into_iter().for_each(|id| self.model.broker.learn(id));
        self.created += usize::from(new.is_some());
        Ok(())
    }

    fn unsubscribe(&mut self, me: usize, a: u32) -> Result<(), String> {
        let ids = self.model.broker.ids();
        let id = ids.get(index(a, ids.len() + 1)).copied().unwrap_or(4711);
        let request = self.request(me);
        let answer = self.model.broker.unsubscribe(me, request, id);
        self.say(me, &json!([34, request, id]), vec![(me, answer)]).map(drop)
    }

    fn publish(&mut self, me: usize, a: u32, b: u32, c: u32) -> Result<(), String> {
        let request = self.request(me);
        let topic = URIS[index(a, URIS.len())];
        let present = self.model.present.clone();
        let some: Vec<usize> = present.into_iter().filter(|number| c >> number & 1 == 1).collect();
        let sessions: Vec<u64> = some.iter().map(|number| self.client(*number).session).collect();
        let mut options = json!({});
        let retain = b & 384 == 384;
        // Without an answer nobody could tell when an authorizer has decided: later requests of other kinds do not wait.
        let acknowledge = b & 1 == 1 || retain || self.has_authorizer(me);
        if retain {
            options["retain"] = json!(true);
        }
        if acknowledge {
            options["acknowledge"] = json!(true);
        }
        if b & 2 == 2 {
            options["exclude_me"] = json!(false);
        }
        if b & 12 == 12 {
            options["exclude"] = json!(sessions);
        }
        if b & 48 == 48 {
            options["eligible"] = json!(sessions);
        }
        if b & 64 == 64 {
            options["disclose_me"] = json!(true);
        }
        self.payload += 1;
        let said = json!([16, request, options, topic, [self.payload]]);
        let extras = match self.may(me, Deed::Publish, Kind::Exact, topic) {
            None => return self.say_denied(me, &said, acknowledge.then_some(NOT_AUTHORIZED)),
            Some(extras) if b & 64 == 64 && !extras.disclose => {
                return self.say_denied(me, &said, acknowledge.then_some(NOT_DISCLOSED));
            }
            Some(extras) => extras,
        };
        let client = self.client(me);
        let identity = (client.session, client.authid.clone(), client.role.clone());
        let publication = Publication {
            publisher: me,
            topic,
            exclude_me: b & 2 == 0,
            exclude: (b & 12 == 12).then(|| some.clone()),
            eligible: (b & 48 == 48).then_some(some),
            disclosed: (b & 64 == 64).then_some(identity),
            payload: self.payload,
        };
        let mut expected = Expected::new();
        self.model.broker.publish(&publication, &mut expected);
        if acknowledge {
            expected.push((me, json!([17, request, PUBLICATION])));
        }
        let id = self.say(me, &said, expected)?.publication;
        id.filter(|_| retain && extras.retain)
            .into_iter()
            .for_each(|id| self.model.broker.retain(id, publication.clone()));
        Ok(())
    }

    fn register(&mut self, me: usize, a: u32, b: u32, c: u32) -> Result<(), String> {
        let (kind, uri) = pattern(a, b);
        let invoke = [Invoke::Single, Invoke::RoundRobin, Invoke::First, Invoke::Last][index(c, 4)];
        let request = self.request(me);
        let said = json!([64, request, { "match": kind.word(), "invoke": invoke.word() }, uri]);
        if self.may(me, Deed::Register, kind, uri).is_none() {
            return self.say_denied(me, &said, Some(NOT_AUTHORIZED));
        }
        let answer = self.model.dealer.register(me, request, kind, uri, invoke);
        let new = self.say(me, &said, vec![(me, answer)])?.id;
        new.into_iter().for_each(|id| self.model.dealer.learn(id));
        self.created += usize::from(new.is_some());
        Ok(())
    }

    fn unregister(&mut self, me: usize, a: u32) -> Result<(), String> {
        let ids = self.model.dealer.ids();
        let id = ids.get(index(a, ids.len() + 1)).copied().unwrap_or(4711);
        let request = self.request(me);
        let answer = self.model.dealer.unregister(me, request, id);
        self.say(me, &json!([66, request, id]), vec![(me, answer)]).map(drop)
    }

    fn call(&mut self, me: usize, a: u32, b: u32) -> Result<(), String> {
        let request = self.request(me);
        let procedure = URIS[index(a, URIS.len())];
        let options = CallOptions { receive_progress: b & 1 == 1, progress: b & 6 == 6 };
        self.payload += 1;
        let said = json!({ "receive_progress": options.receive_progress, "progress": options.progress });
        let said = json!([48, request, said, procedure, [self.payload]]);
        if self.may(me, Deed::Call, Kind::Exact, procedure).is_none() {
            return self.say_denied(me, &said, Some(NOT_AUTHORIZED));
        }
        let mut expected = Expected::new();
        let Model { dealer, traits, .. } = &mut self.model;
        dealer.call((me, request), procedure, options, self.payload, traits, &mut expected);
        self.say(me, &said, expected).map(drop)
    }

    fn go_on(&mut self, me: usize, a: u32, b: u32) -> Result<(), String> {
        let calls = &self.model.dealer.calls;
        let open: Vec<usize> =
            (0..calls.len()).filter(|at| calls[*at].caller == me && calls[*at].input_open).collect();
        let Some(at) = open.get(index(a, open.len())).copied() else { return Ok(()) };
        let last = b.is_multiple_of(3);
        let (request, procedure) = (calls[at].request, calls[at].procedure.clone());
        self.payload += 1;
        let mut expected = Expected::new();
        let Model { dealer, traits, .. } = &mut self.model;
        dealer.go_on(at, last, self.payload, traits, &mut expected);
        let said = json!([48, request, { "progress": !last }, procedure, [self.payload]]);
        self.say(me, &said, expected).map(drop)
    }

    /// An answer to an invocation: one that is pending, as a rule; sometimes one that is over.
    fn answer(&mut self, me: usize, a: u32, b: u32) -> Result<(), String> {
        let issued = self.model.dealer.issued.get(&me).copied().unwrap_or_default();
        let calls = &self.model.dealer.calls;
        let pending: Vec<usize> = (0..calls.len()).filter(|at| calls[*at].callee == me).collect();
        let at = pending.get(index(a, pending.len())).copied().filter(|_| b % 8 != 7);
        let invocation = match at {
            Some(at) => calls[at].invocation,
            None if issued == 0 => return Ok(()),
            None => u64::from(a) % issued + 1,
        };
        let at = at.or_else(|| pending.iter().copied().find(|at| calls[*at].invocation == invocation));
        self.payload += 1;
        let mut expected = Expected::new();
        let Model { dealer, traits, .. } = &mut self.model;
        let said = match b % 5 {
            0 | 1 => {
                at.into_iter().for_each(|at| dealer.yielded(at, false, self.payload, &mut expected));
                json!([70, invocation, {}, [self.payload]])
            }
            2 => {
                at.into_iter().for_each(|at| dealer.yielded(at, true, self.payload, &mut expected));
                json!([70, invocation, { "progress": true }, [self.payload]])
            }
            kind => {
                let uri = if kind == 3 { "com.error" } else { "wamp.error.unavailable" };
                at.into_iter().for_each(|at| dealer.failed(at, uri, traits, &mut expected));
                json!([8, 68, invocation, {}, uri])
            }
        };
        self.say(me, &said, expected).map(drop)
    }

    fn cancel(&mut self, me: usize, a: u32, b: u32) -> Result<(), String> {
        let last = self.client(me).last;
        let calls = &self.model.dealer.calls;
        let own: Vec<usize> = (0..calls.len()).filter(|at| calls[*at].caller == me).collect();
        let at = own.get(index(a, own.len() + 1)).copied();
        // What is no open call of this session, such as another's id, is none to cancel.
        let request = at.map_or(last + 1000, |at| calls[at].request);
        let mode = ["skip", "kill", "killnowait"][index(b, 3)];
        let mut expected = Expected::new();
        let Model { dealer, traits, .. } = &mut self.model;
        at.into_iter().for_each(|at| dealer.cancel(at, mode, traits, &mut expected));
        self.say(me, &json!([49, request, { "mode": mode }]), expected).map(drop)
    }

    fn leave(&mut self, me: usize, politely: bool) -> Result<(), String> {
        self.log.push(format!("{me} leaves, politely: {politely}"));
        let Client { mut peer, session, .. } = self.clients[me].take().expect("the model knows who is there");
        if politely {
            peer.leave();
        }
        drop(peer);
        self.monitor.wait_for_end_of(session);
        self.model.present.retain(|number| *number != me);
        self.model.broker.leave(me);
        let mut expected = Expected::new();
        let Model { dealer, traits, .. } = &mut self.model;
        dealer.leave(me, traits, &mut expected);
        self.hear(expected).map(drop)
    }

    /// Sends a message, and a request whose answer shows that it has been dealt with; then listens.
    fn say(&mut self, me: usize, message: &Value, mut expected: Expected) -> Result<New, String> {
        self.log.push(format!("{me} says {message}"));
        let fence = self.request(me);
        expected.push((me, json!([8, 34, fence, {}, "wamp.error.no_such_subscription"])));
        let client = self.client(me);
        client.peer.send(message.clone());
        client.peer.send(json!([34, fence, 4711_4711]));
        self.hear(expected)
    }

    /// Requires of every peer the messages that are due, in any order, and no others; gives the new ids among them.
    fn hear(&mut self, expected: Expected) -> Result<New, String> {
        let mut new = New::default();
        for number in self.model.present.clone() {
            let mut due: Vec<&Value> =
                expected.iter().filter(|(to, _)| *to == number).map(|(_, message)| message).collect();
            while !due.is_empty() {
                let message = match self.client(number).peer.next(DEADLINE) {
                    Arrival::Message(message) => message,
                    other => return Err(format!("{number} is due {due:?}, and there was {other:?}")),
                };
                self.log.push(format!("    {number} hears {message}"));
                let found = due.iter().position(|expected| is(expected, &message, &mut new));
                let Some(found) = found else {
                    return Err(format!("{number} is due {due:?}, and heard {message}"));
                };
                due.swap_remove(found);
            }
        }
        Ok(new)
    }
}

pub(super) fn index(number: u32, count: usize) -> usize {
    usize::try_from(number).unwrap_or(0).checked_rem(count).unwrap_or(0)
}

pub(super) fn pattern(a: u32, b: u32) -> (Kind, &'static str) {
    match a % 4 {
        0 => (Kind::Prefix, PREFIXES[index(b, PREFIXES.len())]),
        1 => (Kind::Wildcard, WILDCARDS[index(b, WILDCARDS.len())]),
        _ => (Kind::Exact, URIS[index(b, URIS.len())]),
    }
}
