//! The requirements of a test on the messages that a [`RawPeer`] receives, and on the end of its connection.

use std::time::Duration;

use serde_json::{Value, json};

use crate::expect::difference;
use crate::peer::{Arrival, DEADLINE, RawPeer};

/// # What is due
impl RawPeer {
    /// The next WAMP message.
    ///
    /// # Panics
    ///
    /// When none comes within [`DEADLINE`].
    #[track_caller]
    pub fn receive(&mut self) -> Value {
        match self.next(DEADLINE) {
            Arrival::Message(message) => message,
            Arrival::Closed(code) => self.fail(&format!("a message is due, and the server closed: {code:?}")),
            Arrival::Nothing => self.fail(&format!("a message is due, and none came within {DEADLINE:?}")),
        }
    }

    /// Requires that the next message is this one, and gives it. [`crate::expect`] tells what may stand in
    /// place of a value the test cannot know.
    ///
    /// # Panics
    ///
    /// When it is another, or none.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "tests write json!(…) in the call")]
    pub fn expect(&mut self, expected: Value) -> Value {
        let message = self.receive();
        self.require(&expected, &message);
        message
    }

    /// Requires that the next messages are these, in any order.
    ///
    /// # Panics
    ///
    /// When there are others, or fewer.
    #[track_caller]
    pub fn expect_in_any_order(&mut self, expected: &[Value]) {
        let mut missing: Vec<&Value> = expected.iter().collect();
        while !missing.is_empty() {
            let message = self.receive();
            let found = missing.iter().position(|expected| difference(expected, &message).is_empty());
            let Some(found) = found else {
                self.fail(&format!("{message} came, and due were {missing:?} in any order"));
            };
            missing.swap_remove(found);
        }
    }

    #[track_caller]
    pub(crate) fn require(&self, expected: &Value, message: &Value) {
        let found = difference(expected, message);
        if !found.is_empty() {
            self.fail(&format!(
                "this is not the message that is due\n  expected {expected}\n  received {message}\n    {}",
                found.join("\n    ")
            ));
        }
    }

    /// Requires that nothing arrives for this long. Prefer [`Self::expect_silence_until_fence`], which needs
    /// no waiting, for everything the server does before it answers.
    ///
    /// # Panics
    ///
    /// When something does, the end of the connection included.
    #[track_caller]
    pub fn expect_silence_for(&mut self, time: Duration) {
        match self.next(time) {
            Arrival::Nothing => {}
            other => self.fail(&format!("nothing is due, and {other:?} came")),
        }
    }

    /// Requires that the server aborts the session for a violation whose message contains `part`, and closes.
    /// Gives the close code.
    ///
    /// # Panics
    ///
    /// When it does anything else.
    #[track_caller]
    pub fn expect_violation(&mut self, part: &str) -> Option<u16> {
        self.expect_abort("wamp.error.protocol_violation", part)
    }

    /// Requires that the server aborts the session for this reason, with `part` in its message (which may be
    /// missing when `part` is empty), and closes. Gives the close code.
    ///
    /// # Panics
    ///
    /// When it does anything else.
    #[track_caller]
    pub fn expect_abort(&mut self, reason: &str, part: &str) -> Option<u16> {
        let details = if part.is_empty() {
            json!("$dict")
        } else {
            json!({ "$has": { "message": format!("$contains:{part}") } })
        };
        self.expect(json!([3, details, reason]));
        self.expect_closed()
    }

    /// Requires that the server closes without another message. Gives the code of its Close frame, when it
    /// sent one.
    ///
    /// # Panics
    ///
    /// When a message comes, or the connection stays open for [`DEADLINE`], Close frame or not.
    #[track_caller]
    pub fn expect_closed(&mut self) -> Option<u16> {
        self.expect_closed_within(DEADLINE)
    }

    /// [`Self::expect_closed`] with another deadline.
    ///
    /// # Panics
    ///
    /// When a message comes, or the connection stays open for `time`, Close frame or not.
    #[track_caller]
    pub fn expect_closed_within(&mut self, time: Duration) -> Option<u16> {
        match self.next(time) {
            Arrival::Closed(code) => code,
            Arrival::Message(message) => self.fail(&format!("the end is due, and {message} came")),
            Arrival::Nothing => self.fail(&format!(
                "the end is due, and the connection is open after {time:?}; Close frame: {:?}",
                self.close_code
            )),
        }
    }
}
