//! Sessions and requests of a [`RawPeer`]: frequent exchanges of tests in one line.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::auth::sign_cra;
use crate::peer::{DEADLINE, RawPeer};
use crate::serial::Subprotocol;

/// All roles, with the features whose absence would change what a server sends.
#[must_use]
pub fn roles() -> Value {
    json!({
        "publisher": {}, "callee": {},
        "subscriber": { "features": { "pattern_based_subscription": true } },
        "caller": { "features": {
            "progressive_call_results": true, "progressive_call_invocations": true, "call_canceling": true, "call_timeout": true
        } },
    })
}

/// # Sessions
impl RawPeer {
    /// Connects and joins a realm without authentication.
    ///
    /// # Panics
    ///
    /// When the server does not welcome the session.
    #[must_use]
    #[track_caller]
    pub fn joined(url: &str, subprotocol: Subprotocol, realm: &str) -> Self {
        let mut peer = Self::connect(url, subprotocol);
        peer.join(realm);
        peer
    }

    /// Joins a realm without authentication, and gives the session's id.
    ///
    /// # Panics
    ///
    /// When the server does not welcome the session.
    #[track_caller]
    pub fn join(&mut self, realm: &str) -> u64 {
        let answer = self.hello(realm, json!({}));
        self.welcomed(&answer)
    }

    /// Sends HELLO and gives the answer: WELCOME, CHALLENGE or ABORT. `details` may leave out `roles`, or
    /// say `null` to send none.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    #[track_caller]
    pub fn hello(&mut self, realm: &str, details: Value) -> Value {
        let mut details = match details {
            Value::Object(details) => details,
            other => panic!("HELLO.Details is a dict, not {other}"),
        };
        match details.get("roles") {
            None => drop(details.insert("roles".to_owned(), roles())),
            Some(Value::Null) => drop(details.remove("roles")),
            Some(_) => {}
        }
        self.send(json!([1, realm, details]));
        self.last_request = 0;
        self.receive()
    }

    /// Joins a realm with a ticket, and gives WELCOME or ABORT.
    ///
    /// # Panics
    ///
    /// When the server does not ask for the ticket.
    #[track_caller]
    pub fn join_with_ticket(&mut self, realm: &str, authid: &str, ticket: &str) -> Value {
        let challenge = self.hello(realm, json!({ "authmethods": ["ticket"], "authid": authid }));
        self.require(&json!([4, "ticket", {}]), &challenge);
        self.send(json!([5, ticket, {}]));
        self.receive()
    }

    /// Joins a realm with WAMP-CRA, and gives WELCOME or ABORT.
    ///
    /// # Panics
    ///
    /// When the server does not send a challenge.
    #[track_caller]
    pub fn join_with_cra(&mut self, realm: &str, authid: &str, secret: &str) -> Value {
        let challenge = self.hello(realm, json!({ "authmethods": ["wampcra"], "authid": authid }));
        self.require(&json!([4, "wampcra", { "$has": { "challenge": "$string" } }]), &challenge);
        self.send(json!([5, sign_cra(secret, &challenge[2]), {}]));
        self.receive()
    }

    /// Requires that this is a WELCOME, and gives the session's id.
    ///
    /// # Panics
    ///
    /// When it is not.
    #[track_caller]
    pub fn welcomed(&self, answer: &Value) -> u64 {
        self.require(&json!([2, "$id", { "$has": { "roles": "$dict" } }]), answer);
        answer[1].as_u64().expect("checked above")
    }

    /// Leaves the realm, and requires the server's GOODBYE as the next message.
    ///
    /// # Panics
    ///
    /// When anything else comes.
    #[track_caller]
    pub fn leave(&mut self) {
        self.send(json!([6, {}, "wamp.close.close_realm"]));
        self.expect(json!([6, "$dict", "wamp.close.goodbye_and_out"]));
    }
}

/// # Requests
impl RawPeer {
    /// The id of the next request, one after the last that was sent.
    pub fn next_request(&mut self) -> u64 {
        self.last_request += 1;
        self.last_request
    }

    /// Calls a procedure, and gives the final answer: RESULT or ERROR. Events that come before it, and
    /// progress, stay to be received. `args`, `kwargs` and `options` may be `null` for none.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    #[track_caller]
    pub fn call(&mut self, uri: &str, args: Value, kwargs: Value, options: Value) -> Value {
        let id = self.start_call(uri, args, kwargs, options);
        self.final_answer(id)
    }

    /// Sends a CALL and does not wait. Gives its request id.
    ///
    /// # Panics
    ///
    /// When the connection is closed.
    #[track_caller]
    pub fn start_call(&mut self, uri: &str, args: Value, kwargs: Value, options: Value) -> u64 {
        let id = self.next_request();
        let options = if options.is_null() { json!({}) } else { options };
        let mut message = vec![json!(48), json!(id), options, json!(uri)];
        match (args, kwargs) {
            (Value::Null, Value::Null) => {}
            (args, Value::Null) => message.push(args),
            (Value::Null, kwargs) => message.extend([json!([]), kwargs]),
            (args, kwargs) => message.extend([args, kwargs]),
        }
        self.send(Value::Array(message));
        id
    }

    /// The final answer to a call. Other messages before it stay to be received.
    ///
    /// # Panics
    ///
    /// When it does not come within [`DEADLINE`].
    #[track_caller]
    pub fn final_answer(&mut self, call: u64) -> Value {
        self.find(&format!("the answer to call {call}"), DEADLINE, |message| {
            let progress = message[2]["progress"] == true;
            message[0] == 50 && message[1] == call && !progress
                || message[0] == 8 && message[1] == 48 && message[2] == call
        })
    }

    /// Calls a procedure and asks for progress. Gives the RESULT messages with progress in their order, and
    /// the final answer.
    ///
    /// # Panics
    ///
    /// When the final answer does not come within [`DEADLINE`].
    #[track_caller]
    pub fn call_with_progress(&mut self, uri: &str, args: Value, kwargs: Value) -> (Vec<Value>, Value) {
        let id = self.start_call(uri, args, kwargs, json!({ "receive_progress": true }));
        let answer = self.final_answer(id);
        let is_progress = |message: &Value| message[0] == 50 && message[1] == id;
        let (progress, other) = self.drain().into_iter().partition(is_progress);
        self.put_back(other);
        (progress, answer)
    }

    /// Subscribes, and gives the subscription's id. `options` may be `null` for none.
    ///
    /// # Panics
    ///
    /// When the server refuses, or answers anything else first.
    #[track_caller]
    pub fn subscribe(&mut self, topic: &str, options: Value) -> u64 {
        let id = self.next_request();
        let options = if options.is_null() { json!(Map::new()) } else { options };
        self.send(json!([32, id, options, topic]));
        let answer = self.find("the answer to SUBSCRIBE", DEADLINE, |message| {
            message[0] == 33 && message[1] == id || message[0] == 8 && message[1] == 32 && message[2] == id
        });
        self.require(&json!([33, id, "$id"]), &answer);
        answer[2].as_u64().expect("checked above")
    }

    /// Registers, and gives the registration's id.
    ///
    /// # Panics
    ///
    /// When the server refuses, or answers anything else first.
    #[track_caller]
    pub fn register(&mut self, procedure: &str) -> u64 {
        let id = self.next_request();
        self.send(json!([64, id, {}, procedure]));
        self.expect(json!([65, id, "$id"]))[2].as_u64().expect("checked above")
    }

    /// Publishes and waits for PUBLISHED. Gives the publication's id.
    ///
    /// # Panics
    ///
    /// When the server refuses, or sends anything else first.
    #[track_caller]
    pub fn publish(&mut self, topic: &str, args: Value, kwargs: Value) -> u64 {
        let id = self.next_request();
        self.send(json!([16, id, { "acknowledge": true }, topic, args, kwargs]));
        self.expect(json!([17, id, "$id"]))[2].as_u64().expect("checked above")
    }

    /// Unsubscribes. Events that come before the answer stay to be received.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    #[track_caller]
    pub fn unsubscribe(&mut self, subscription: u64) {
        let id = self.next_request();
        self.send(json!([34, id, subscription]));
        let answer = self.find("the answer to UNSUBSCRIBE", DEADLINE, |message| {
            message[0] == 35 && message[1] == id || message[0] == 8 && message[1] == 34 && message[2] == id
        });
        self.require(&json!([35, id]), &answer);
    }

    /// Waits for an EVENT of a subscription. Other messages before it stay to be received.
    ///
    /// # Panics
    ///
    /// When none comes within `time`.
    #[track_caller]
    pub fn event(&mut self, subscription: u64, time: Duration) -> Value {
        self.find("an event", time, |message| message[0] == 36 && message[1] == subscription)
    }

    /// Requires that nothing arrives before the answers to two requests that are always answered at once and
    /// change nothing: one to the broker (UNSUBSCRIBE of nothing) and one to the dealer (CALL of nothing).
    ///
    /// A handler that runs beside them may still answer later: this shows only that the server said nothing
    /// of its own accord up to here.
    ///
    /// # Panics
    ///
    /// When something else arrives.
    #[track_caller]
    pub fn expect_silence_until_fence(&mut self) {
        self.fence_broker();
        self.fence_dealer();
    }

    /// The broker's half of [`Self::expect_silence_until_fence`].
    ///
    /// # Panics
    ///
    /// When something else arrives.
    #[track_caller]
    pub fn fence_broker(&mut self) {
        let id = self.next_request();
        self.send(json!([34, id, crate::expect::MAX_ID]));
        let answer = self.receive();
        self.require(&json!([8, 34, id, "$dict", "wamp.error.no_such_subscription"]), &shortened(&answer));
    }

    /// The dealer's half of [`Self::expect_silence_until_fence`].
    ///
    /// # Panics
    ///
    /// When something else arrives.
    #[track_caller]
    pub fn fence_dealer(&mut self) {
        let id = self.start_call("wamp.test.fence", Value::Null, Value::Null, Value::Null);
        let answer = self.receive();
        self.require(&json!([8, 48, id, "$dict", "wamp.error.no_such_procedure"]), &shortened(&answer));
    }

    /// The first message `wanted` picks. Those before it stay to be received.
    ///
    /// # Panics
    ///
    /// When none comes within `time`.
    #[track_caller]
    pub fn find(&mut self, what: &str, time: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        use crate::peer::Arrival::{Closed, Message, Nothing};
        let deadline = Instant::now() + time;
        let mut aside = Vec::new();
        let found = loop {
            match self.next(deadline.saturating_duration_since(Instant::now())) {
                Message(message) if wanted(&message) => break message,
                Message(message) => aside.push(message),
                Closed(code) => self.fail(&format!("{what} is due, and the server closed: {code:?}")),
                Nothing => self.fail(&format!("{what} did not come within {time:?}")),
            }
        };
        self.put_back(aside);
        found
    }
}

/// An ERROR without its arguments, which may explain it in words. Any other message as it is.
#[must_use]
pub fn shortened(answer: &Value) -> Value {
    match answer {
        Value::Array(items) if answer[0] == 8 => Value::Array(items.iter().take(5).cloned().collect()),
        other => other.clone(),
    }
}
