//! Conversations of several clients with one router, written down line by line and held over real WebSockets and
//! RawSockets.
//!
//! ```text
//! alice joins                                  # HELLO to realm1 with all roles and features; binds $alice,
//!                                              # $alice.authid, $alice.authrole
//! bob joins realm2 {"roles": {"callee": {}}}   # another realm, and details that replace the usual ones
//! carol joins as joe secret                    # with a ticket
//! dave connects                                # a transport; the lines below have the messages on it
//! alice registers com.p as $p                  # REGISTER and REGISTERED; $p is bound, or compared
//! bob subscribes com. {"match": "prefix"}      # SUBSCRIBE with options, and SUBSCRIBED with whatever id
//! bob calls com.p [1] reaching alice           # CALL, and INVOCATION with the same payload, without details
//! alice > [64, 2, {}, "com.add"]               # alice sends
//! alice < [65, 2, $r]                          # the next message alice receives; $r is bound, later compared
//! bob < [68, 1, $r, {...}, [2, ...]]           # what is left open, see below
//! alice < any of                               # all of these, in any order
//!     [33, 1, $s]
//!     [36, ...]
//! alice silent                                 # nothing came for alice from all that was said so far
//! all different $r $s                          # no two of these values are equal
//! bob says goodbye                             # GOODBYE and its answer
//! alice lost                                   # her connection breaks off without a word
//! carol closed                                 # the server closes the connection, saying nothing more
//! dave stops reading                           # not even fences are read from here on
//! dave reads again
//! ```
//!
//! Messages are JSON, with `"\u0000…"` for bytes, and with variables. In expected ones, `_` stands for
//! anything, `_int`, `_id`, `_string`, `_bool`, `_list`, `_dict` for anything of that type, `_time` for an RFC
//! 3339 time; `...` as last element of a list for any number of elements, in a dict for any other entries; a
//! key with the value `absent` is not there. A line that is indented deeper goes on with the one above; `#`
//! after two spaces begins a comment.
//!
//! Set-up has lines of its own, so that a transcript comes to its point; they compare as much as the messages they
//! stand for. A request id in them is one more than the last that the peer sent in its session, so the messages below
//! go on counting from there. `reaching` requires the registration of a line above and the next request id of the
//! callee's invocations. The chapters about REGISTER, SUBSCRIBE and CALL write the messages down.
//!
//! There is no sleeping: a message that is due has [`DEADLINE`](crate::DEADLINE), and silence is shown with fences:
//! requests whose answers must be what comes next. At the end every peer that is still there is fenced, so a
//! surplus message fails a test.

mod fence;
mod hello;
mod matching;
mod pattern;
mod run;
mod script;
mod set_up;

pub use hello::all_features;

use crate::carrier::Carrier;
use crate::serial::Subprotocol;

/// Plays transcripts.
#[derive(Clone, Copy, Debug)]
pub struct Transcript;

/// The carriers and serializers of a transcript's peers: they take these in turn, in the order of their appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tongues(pub &'static [(Carrier, Subprotocol)]);

impl Tongues {
    /// Everybody speaks JSON.
    pub const JSON: Self = Self(&[(Carrier::WebSocket, Subprotocol::JSON)]);
    /// All JSON, all MessagePack, all CBOR, and mixed.
    pub const ALL: [Self; 4] = [
        Self::JSON,
        Self(&[(Carrier::WebSocket, Subprotocol::MSGPACK)]),
        Self(&[(Carrier::WebSocket, Subprotocol::CBOR)]),
        Self(&[
            (Carrier::WebSocket, Subprotocol::JSON),
            (Carrier::RawSocketTcp, Subprotocol::MSGPACK),
            (Carrier::WebSocket, Subprotocol::CBOR),
            (Carrier::RawSocketTcp, Subprotocol::JSON),
            (Carrier::WebSocket, Subprotocol::MSGPACK),
            (Carrier::RawSocketTcp, Subprotocol::CBOR),
        ]),
    ];

    fn of(self, peer: usize) -> (Carrier, Subprotocol) {
        self.0[peer % self.0.len()]
    }
}

impl Transcript {
    /// Plays a transcript in [all tongues](Tongues::ALL), one after the other, at one server.
    ///
    /// State that one run leaves in the server is there for the next: where that matters, start a server for each and use
    /// [`Self::run_in`].
    ///
    /// # Panics
    ///
    /// When the transcript does not come true; with the line, what came, and the conversation so far.
    #[track_caller]
    pub fn run(url: &str, text: &str) {
        for tongues in Tongues::ALL {
            Self::run_in(tongues, url, text);
        }
    }

    /// Plays a transcript once, in JSON.
    ///
    /// # Panics
    ///
    /// When the transcript does not come true; with the line, what came, and the conversation so far.
    #[track_caller]
    pub fn run_once(url: &str, text: &str) {
        Self::run_in(Tongues::JSON, url, text);
    }

    /// Plays a transcript once, in these tongues.
    ///
    /// # Panics
    ///
    /// When the transcript does not come true; with the line, what came, and the conversation so far.
    #[track_caller]
    pub fn run_in(tongues: Tongues, url: &str, text: &str) {
        if let Err(failure) = Self::try_in(tongues, url, text) {
            panic!("{failure}");
        }
    }

    /// Plays a transcript once, in these tongues, and tells whether it came true.
    ///
    /// # Errors
    ///
    /// When it did not: the line, what came, and the conversation so far.
    pub fn try_in(tongues: Tongues, url: &str, text: &str) -> Result<(), String> {
        run::play(tongues, url, &script::parse(text)?)
    }
}
