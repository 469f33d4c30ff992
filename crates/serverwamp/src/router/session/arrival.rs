//! What is kept of a session's HELLO for operators: when it joined, and what its client calls itself.

use super::RouterSession;
use crate::rt::wall_clock;
use serverwamp_proto::timestamp::Timestamp;

/// The characters that are kept of the name of a client's program. Those of real clients have up to 60.
const LONGEST_AGENT: usize = 128;

/// The moment a session joined, and its client's name of itself.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) joined: Timestamp,
    /// The beginning of `HELLO.Details.agent`.
    pub(crate) agent: Option<Box<str>>,
}

impl RouterSession {
    /// The session is about to be admitted.
    pub(crate) fn arrives(&self, agent: Option<&str>) {
        let agent = agent.map(|agent| agent.chars().take(LONGEST_AGENT).collect::<String>().into());
        // It is admitted once; the handshake is the only caller.
        let _first = self.arrival.set(Arrival { joined: wall_clock(), agent });
    }

    /// What is kept of its HELLO; `None` before WELCOME.
    pub(crate) fn arrival(&self) -> Option<&Arrival> {
        self.arrival.get()
    }
}
