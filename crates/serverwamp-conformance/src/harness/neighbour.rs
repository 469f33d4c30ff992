//! A server, and a session whose life goes on while others misbehave.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::Message;

use super::{NONE, hello, server_with};
use crate::peer::{DEADLINE, RawPeer};
use crate::process::ServerProcess;
use crate::serial::{Serializer, Subprotocol};
use crate::tcp::{RawTcp, frame};

/// The time that a call of an innocent session may take. A small one takes less than a millisecond, and the machines that
/// run these tests are busy.
const QUICKLY: Duration = Duration::from_secs(1);

/// Bytes of a mebibyte.
pub const MIB: u64 = 1024 * 1024;

/// A server under attack, and the neighbour of the attackers.
#[derive(Debug)]
pub struct Scene {
    /// The server.
    pub server: ServerProcess,
    neighbour: RawPeer,
}

impl Scene {
    /// A fixture server with its usual settings, and a session in `realm1`.
    #[expect(clippy::new_without_default, reason = "it starts a process")]
    #[track_caller]
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// A fixture server with these arguments, and a session in `realm1`.
    #[track_caller]
    pub fn with(arguments: &[&str]) -> Self {
        Self::at(server_with(arguments))
    }

    /// This server, and a session in `realm1`.
    #[track_caller]
    pub fn at(server: ServerProcess) -> Self {
        let neighbour = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
        Self { server, neighbour }
    }

    /// The server's URL for WebSocket.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// A session in `realm1`.
    #[track_caller]
    pub fn joined(&self, subprotocol: Subprotocol) -> RawPeer {
        RawPeer::joined(self.url(), subprotocol, "realm1")
    }

    /// A joined session over JSON whose frames are written by hand.
    #[track_caller]
    pub fn joined_tcp(&self) -> RawTcp {
        let mut tcp = RawTcp::upgraded(self.url(), Subprotocol::JSON);
        tcp.write(&json_frame(&hello()));
        assert!(tcp.read(DEADLINE).is_some_and(|welcome| !welcome.is_empty()), "there is no WELCOME");
        tcp
    }

    /// The neighbour's call is answered, rightly and quickly.
    #[track_caller]
    pub fn neighbour_is_served(&mut self) {
        let started = Instant::now();
        let answer = self.ask("demo.add", json!([20, 22]));
        assert_eq!(answer[3], json!([42]), "{answer}");
        assert!(started.elapsed() < QUICKLY, "the neighbour waited for {:?}", started.elapsed());
    }

    /// The neighbour calls, and gives the answer.
    #[track_caller]
    pub fn ask(&mut self, uri: &str, args: Value) -> Value {
        self.neighbour.call(uri, args, NONE, NONE)
    }

    /// The number of connections, as the server counts them.
    #[track_caller]
    pub fn connections(&mut self) -> u64 {
        let answer = self.ask("statistics.all", json!([]));
        answer[3][0]["connections"].as_u64().unwrap_or_else(|| panic!("no count of connections: {answer}"))
    }

    /// Nobody else noticed, and nothing is left of the attackers.
    #[track_caller]
    pub fn unharmed(&mut self) {
        assert!(self.server.is_running(), "the server has ended");
        self.neighbour_is_served();
        let mut newcomer = self.joined(Subprotocol::MSGPACK);
        assert_eq!(newcomer.call("result.one", NONE, NONE, NONE)[3], json!([42]));
        newcomer.leave();
        drop(newcomer);
        self.wait_until("the attackers' sessions are gone", |scene| {
            scene.ask("sessions.count", json!([]))[3] == json!([1])
        });
        self.neighbour.expect_silence_until_fence();
    }

    /// Asks until it holds.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + 3 * DEADLINE;
        while !holds(self) {
            assert!(Instant::now() < deadline, "it does not come about that {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Runs an attack, and requires that the server's memory has not grown by more than this at any moment that the
    /// attack looks at, nor in the end.
    #[track_caller]
    pub fn within_memory(&mut self, most: u64, attack: impl FnOnce(&mut Self, &mut dyn FnMut(&Self))) {
        let before = self.server.resident_bytes();
        let mut check = |scene: &Self| {
            let grown = scene.server.resident_bytes().saturating_sub(before);
            assert!(grown <= most, "the server grew by {grown} bytes, and {most} are allowed");
        };
        attack(self, &mut check);
        check(self);
    }
}

/// The server's runtimes, as its arguments.
pub const RUNTIMES: [&str; 2] = ["runtime=tokio", "runtime=smol"];

/// A JSON message in a frame.
pub fn json_frame(message: &Value) -> Vec<u8> {
    frame(true, 1, &Serializer::Json.encode(message))
}

/// Requires ABORT for a violation and the end, as the reaction to `bad`.
#[track_caller]
pub fn refused(peer: &mut RawPeer, bad: Message) -> Option<u16> {
    peer.send_raw(bad);
    peer.expect_violation("")
}

/// A message of the kind that the subprotocol has, with these bytes. JSON has to be UTF-8.
pub fn raw_message(subprotocol: Subprotocol, bytes: &[u8]) -> Message {
    match subprotocol.serializer {
        Serializer::Json => Message::text(String::from_utf8(bytes.to_vec()).expect("JSON is UTF-8")),
        _ => Message::binary(bytes.to_vec()),
    }
}
