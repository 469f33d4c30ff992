//! The kinds of flood, and the predictions from the limits.

use clap::ValueEnum;
use serverwamp::Limits;
use serverwamp::websocket::WebSocketConfig;

/// A kind of flood.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    /// Subscribers that do not read, while events are published to them.
    Events,
    /// A hundred results of 100 kB at once for a caller that reads 4 MB/s.
    SteadyResults,
    /// A file of 10 MB in progressive results for a caller that reads 4 MB/s.
    SteadyFile,
    /// A hundred events of 100 kB at once for a subscriber that reads 4 MB/s.
    SteadyEvents,
    /// 256 MiB of events for a subscriber that does nothing but read.
    ManyEvents,
    /// Callers that do not read their results.
    Results,
    /// Callers of a handler that never returns.
    Calls,
    /// The same with long arguments.
    LongCalls,
    /// Calls of that handler, each alone in what the server has read at once.
    SparseCalls,
    /// Callers of a client that never answers.
    Unanswered,
    /// Calls with long arguments, kept for the case that another client has to be asked.
    Rerouting,
    /// As many subscriptions as there may be, and more.
    Subscriptions,
    /// As many registrations as there may be, and more.
    Registrations,
    /// Messages that lack their last byte.
    HalfMessages,
    /// Compressed ones, and such as expand beyond all measure.
    Compressed,
    /// Batches full of calls whose results are not read.
    Batches,
    /// Handshakes that make no progress.
    Handshakes,
    /// Pings whose pongs are not read.
    Pings,
    /// Fragments without content.
    Fragments,
    /// Events for many subscribers who read all of them.
    Crowd,
    /// As many calls of one realm's sessions as may wait, beside a neighbour in another realm.
    RealmCalls,
    /// As many calls of one session as a client may have to answer, beside a neighbour who calls that client.
    CalleeCalls,
    /// Logins with wrong tickets, 64 at a time, beside a neighbour who calls all the time.
    WrongLogins,
    /// Filters of as many roles as a message can hold, among 3,000 sessions.
    Roles,
    /// Calls and publications beside wildcards that agree with them in all but their last component.
    Patterns,
    /// Calls of meta procedures with a million arguments.
    Nulls,
    /// Testaments as long as a message can be.
    Testaments,
    /// Options, and keyword arguments of meta procedures, with as many keys as a message can hold.
    OptionKeys,
    /// Lists of all subscriptions, registrations and sessions, where there are a hundred thousand.
    Listing,
    /// Calls for which 2,500 callees have no time.
    Unavailable,
    /// Sessions that register, subscribe and leave before 500 listeners of the meta API's events.
    MetaEvents,
    /// Histories of long events, asked for as a whole.
    History,
    /// Subscriptions that ask for retained events which have long lists of receivers.
    Retained,
    /// Publications with long lists of receivers and nobody who could receive them.
    Excluded,
}

/// What a flood of one kind may cost.
#[derive(Clone, Debug)]
pub(super) struct Prediction {
    /// How many peers take part.
    pub(super) attackers: usize,
    /// The limits that bound it, in words.
    pub(super) limits: String,
    /// Bytes that all of them together may make the server keep.
    pub(super) bytes: u64,
}

/// What a connection with a session takes by itself, in bytes; `docs/performance.md` has it more exactly.
const SESSION: u64 = 12 * 1024;

/// What a connection may have read and not looked at: two reads of the largest size.
const READ: u64 = 128 * 1024;

/// What a call takes that an application's handler has not answered, beside its arguments: its task, and its places in
/// tables.
const CALL: u64 = 1024;

/// The same for a call that a client has not answered.
const ROUTED_CALL: u64 = 640;

/// What a subscription takes beside its topic, which is kept twice.
const SUBSCRIPTION: u64 = 1024;

/// What a registration takes beside its procedure, which is kept twice.
const REGISTRATION: u64 = 1024;

/// What a connection takes before it is a WebSocket: most of it is room for 16 KiB of HTTP headers.
const HANDSHAKE: u64 = 24 * 1024;

/// How much a subscriber may have to write before it is its turn.
const IN_TURN: u64 = 16 * 1024;

/// What zlib takes while a compressed message arrives.
const INFLATER: u64 = 64 * 1024;

/// How long the URIs of subscriptions and registrations are.
pub(super) const URI: usize = 1000;

/// How long arguments are that are long.
pub(super) const LONG: usize = 60_000;

/// What each of so many outboxes borrows before its senders pause: a quarter of what then is left.
fn borrowed(outboxes: usize) -> u64 {
    let limits = Limits::default();
    let pool = limits.borrowed_bytes.unwrap_or(16 * limits.outgoing_bytes);
    (pool / (outboxes + 4)) as u64
}

impl Kind {
    /// Returns whether this is about work, not about memory.
    pub(super) const fn is_work(self) -> bool {
        matches!(
            self,
            Self::Roles
                | Self::Patterns
                | Self::Nulls
                | Self::Testaments
                | Self::OptionKeys
                | Self::Listing
                | Self::Unavailable
                | Self::MetaEvents
                | Self::History
                | Self::Retained
                | Self::Excluded
        )
    }

    /// Returns whether what waits depends on which of two fast peers gets a processor, and so differs each time.
    pub(super) const fn is_as_scheduled(self) -> bool {
        matches!(self, Self::ManyEvents)
    }

    /// Returns whether this is about logins, which cost a slow hash.
    pub(super) const fn is_of_logins(self) -> bool {
        matches!(self, Self::WrongLogins)
    }

    /// Is this about what others still get, and not about memory?
    pub(super) const fn is_of_shares(self) -> bool {
        matches!(self, Self::RealmCalls | Self::CalleeCalls)
    }

    /// What the limits say of what is kept.
    pub(super) fn prediction(self, quick: bool) -> Prediction {
        let limits = Limits::default();
        let most = WebSocketConfig::default().max_message as u64;
        let attackers = match self {
            Self::Handshakes if quick => 300,
            Self::Handshakes => 4000,
            Self::HalfMessages | Self::Compressed if !quick => 128,
            Self::HalfMessages | Self::Compressed => 16,
            Self::Pings | Self::Fragments => 4,
            Self::Crowd if quick => 100,
            Self::Crowd => 500,
            Self::SteadyResults | Self::SteadyFile | Self::SteadyEvents | Self::ManyEvents => 1,
            _ if quick => 3,
            // Their callees take no more.
            Self::Rerouting => 6,
            _ => 16,
        };
        let queue = limits.outgoing_bytes as u64;
        let calls = limits.calls_in_flight.min(limits.invocations_in_flight) as u64;
        let names = 2 * URI as u64;
        let (what, each) = match self {
            // Bytes that are being written are freed when all of them have been, and as many may wait by then.
            Self::ManyEvents => (
                "2 x (outgoing_bytes + borrowed_bytes / (peers + 4))".to_owned(),
                2 * (queue + borrowed(attackers)),
            ),
            Self::Events | Self::SteadyResults | Self::SteadyFile | Self::SteadyEvents => {
                ("outgoing_bytes + borrowed_bytes / (peers + 4)".to_owned(), queue + borrowed(attackers))
            }
            Self::Results => {
                ("outgoing_bytes + a result + what is read at once".to_owned(), queue + LONG as u64 + READ)
            }
            Self::Calls => (format!("calls_in_flight x {CALL}"), calls * CALL),
            Self::LongCalls => {
                ("outgoing_bytes of arguments + what is read at once".to_owned(), queue + READ)
            }
            Self::SparseCalls => {
                (format!("calls_in_flight x {CALL} + what is read at once"), calls * CALL + READ)
            }
            Self::Unanswered => {
                (format!("calls_in_flight x {ROUTED_CALL}, 2 sessions"), calls * ROUTED_CALL + SESSION)
            }
            Self::Rerouting => {
                ("outgoing_bytes of arguments + what is read at once".to_owned(), queue + READ)
            }
            Self::Subscriptions => (
                format!("subscriptions x ({SUBSCRIPTION} + 2 URIs)"),
                limits.subscriptions as u64 * (SUBSCRIPTION + names),
            ),
            Self::Registrations => (
                format!("registrations x ({REGISTRATION} + 2 URIs)"),
                limits.registrations as u64 * (REGISTRATION + names),
            ),
            Self::HalfMessages => ("max_message + what is read at once".to_owned(), most + READ),
            Self::Compressed => {
                ("max_message + what is read at once + zlib".to_owned(), most + READ + INFLATER)
            }
            Self::Batches => {
                ("max_message + outgoing_bytes + what is read at once".to_owned(), most + queue + READ)
            }
            Self::Handshakes => ("HTTP headers of 16 KiB".to_owned(), HANDSHAKE),
            Self::Pings => ("32 pongs + what is read at once".to_owned(), 32 * 127 + READ),
            Self::Fragments => ("what is read at once".to_owned(), READ),
            Self::Crowd => ("what waits for its turn, and is written".to_owned(), 2 * IN_TURN),
            // They are measured in another way, see `is_work` and `is_of_shares`.
            _ => (String::new(), 0),
        };
        let each = each + if self == Self::Handshakes { 0 } else { SESSION };
        Prediction { attackers, limits: what, bytes: each * attackers as u64 }
    }
}
