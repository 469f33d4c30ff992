//! The tap: the messages of a realm's sessions while they come and go.
//!
//! The messages are the progressive results of one call, so that a tap ends with its call and with its session, and a reader that is
//! too slow stops the tap and nobody else. Invariant: in each interval at most as many messages are copied as were asked for; all others
//! are counted.

use super::AdminPermission;
use super::arguments::shortened;
use super::call::{AdminCall, count, fields, session_id};
use super::table::{
    AdminAnswer, AdminRow, AnsweredBy, ArgumentDefault, ArgumentKind, ArgumentRow, FieldRow, FilterRow,
    NO_PROGRESS, NO_SUCH_REALM, REALM,
};
use crate::WampError;
use crate::base::message_kind::MessageKind;
use crate::router::tap::{MOST_TAPS, ShownMessage, ShownPayload, TapDisplay, TapReader};
use crate::rt::{BoxFuture, after};
use serverwamp_proto::codec::{Dict, Value};
use serverwamp_proto::timestamp::Timestamp;
use std::time::Duration;

/// The time between two progressive results.
const INTERVAL: Duration = Duration::from_millis(100);

/// The intervals of a second.
const INTERVALS: u64 = 10;

/// Words in the names of what is never shown, if the application names no others.
pub(super) const MASKED: [&str; 9] =
    ["password", "passwd", "passphrase", "secret", "token", "ticket", "authorization", "cookie", "api_key"];

/// The error of a realm that is tapped too often.
const TOO_MANY: (&str, &str) = (
    "serverwamp.error.too_many_taps",
    "The realm has 8 taps, which are as many as it may have. Taps end with the sessions that opened them.",
);

const ANSWER: &[FieldRow] = &[
    FieldRow {
        name: "messages",
        text: "In progressive results. A dictionary for each message: `number` (they are numbered as they are copied), `at`, \
               `session`, `direction` (`received` or `sent`, seen from the router), `type` (null if it is longer than 64 KiB), \
               `request`, `uri` (of the procedure or topic, also of answers; null if the request was not seen), `error`, \
               `progress`, `bytes`, `cause` (the number of the message that it was sent for), and with payloads `args`, \
               `kwargs` and `masked` (the number of values in them that are masked), or `payload`: `too_long` or `unreadable`.",
    },
    FieldRow {
        name: "filtered",
        text: "The number of messages that were copied and did not fit the filter, so far.",
    },
    FieldRow {
        name: "not_shown",
        text: "The number of messages that came by while no more was copied, so far, whether they would have fit or not.",
    },
    FieldRow { name: "shown", text: "The number of messages that were shown, so far." },
];

const SESSION: ArgumentRow = ArgumentRow {
    name: "session",
    kind: ArgumentKind::Id,
    default: ArgumentDefault::Nothing,
    text: "The one session to look at; without it all.",
};

const FILTER: ArgumentRow = ArgumentRow {
    name: "filter",
    kind: ArgumentKind::Filter(&[
        FilterRow {
            name: "uri",
            words: &[],
            text: "Messages about this URI, or, with `*` at its end, about URIs that begin so.",
        },
        FilterRow { name: "type", words: &[], text: "Messages of this type, such as `CALL`." },
        FilterRow {
            name: "direction",
            words: &["received", "sent"],
            text: "`received` or `sent`, seen from the router.",
        },
    ]),
    default: ArgumentDefault::Nothing,
    text: "Which messages; without it all. Messages are copied first, so what does not fit counts as copied.",
};

const RATE: ArgumentRow = ArgumentRow {
    name: "rate",
    kind: ArgumentKind::Integer(INTERVALS, 10_000),
    default: ArgumentDefault::Integer(1000),
    text: "The most messages that are copied each second: in each tenth of a second the first tenth of them, so that an answer is seen \
           with its request.",
};

const LIMIT: ArgumentRow = ArgumentRow {
    name: "limit",
    kind: ArgumentKind::Integer(1, 1_000_000),
    default: ArgumentDefault::Nothing,
    text: "The call ends after so many messages; without it with CANCEL or with the session.",
};

const PAYLOAD_BYTES: ArgumentRow = ArgumentRow {
    name: "payload_bytes",
    kind: ArgumentKind::Integer(0, 65_536),
    default: ArgumentDefault::Integer(4096),
    text: "The longest payload that is shown, in bytes.",
};

pub(super) const ROWS: &[AdminRow] = &[
    AdminRow {
        name: "serverwamp.tap.open",
        text: "The messages of a realm's sessions while they come and go, without their payloads, as progressive results ten times a \
               second. CANCEL ends it.",
        permission: AdminPermission::Read,
        arguments: &[REALM, SESSION, FILTER, RATE, LIMIT],
        answer: ANSWER,
        errors: &[NO_SUCH_REALM, NO_PROGRESS, TOO_MANY],
        serve: AnsweredBy::Later(without_payloads),
    },
    AdminRow {
        name: "serverwamp.tap.open_with_payloads",
        text: "As `serverwamp.tap.open`, with the payloads. Values behind keys that contain a word such as `password` or `token` are \
               masked; what else is secret is shown.",
        permission: AdminPermission::Payloads,
        arguments: &[REALM, SESSION, FILTER, RATE, LIMIT, PAYLOAD_BYTES],
        answer: ANSWER,
        errors: &[NO_SUCH_REALM, NO_PROGRESS, TOO_MANY],
        serve: AnsweredBy::Later(with_payloads),
    },
];

fn without_payloads(call: AdminCall) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(tap(call, TapDisplay::new(false, 0, Vec::new())))
}

fn with_payloads(call: AdminCall) -> BoxFuture<'static, AdminAnswer> {
    let longest = call.arguments.number("payload_bytes").unwrap_or_default();
    let masked = call.state.masked.clone();
    let display = TapDisplay::new(true, usize::try_from(longest).unwrap_or(usize::MAX), masked);
    Box::pin(tap(call, display))
}

async fn tap(call: AdminCall, mut display: TapDisplay) -> AdminAnswer {
    if !call.progress.requested() {
        return Err(WampError::new(NO_PROGRESS.0)
            .arg("the messages are progressive results; ask for them with receive_progress"));
    }
    let filter = TapFilter::of(&call)?;
    let realm = call.realm()?;
    let session = call.arguments.number("session").map(session_id).transpose()?;
    let rate = call.arguments.number("rate").unwrap_or(INTERVALS);
    let most = usize::try_from(rate / INTERVALS).unwrap_or(1);
    let limit = call.arguments.number("limit").unwrap_or(u64::MAX);
    let Some(mut reader) = TapReader::open(&realm.context, session, most) else {
        let text = format!("the realm has {MOST_TAPS} taps already");
        return Err(WampError::new(TOO_MANY.0).arg(text));
    };
    let own = call.caller.inner().id();
    let runtime = call.caller.inner().runtime();
    let mut told = TapCounts::default();
    let mut before = None;
    loop {
        runtime.sleep_until(after(runtime.now(), INTERVAL)).await;
        if realm.ended().is_some() {
            return Err(WampError::new(NO_SUCH_REALM.0).arg("the realm was stopped"));
        }
        let batch = reader.take();
        told.not_shown = told.not_shown.saturating_add(batch.unseen);
        let mut messages = Vec::new();
        for tapped in &batch.messages {
            let shown = display.show(&realm, tapped);
            // A tap of the admin interface itself would show its own results for ever.
            if tapped.session == own || !filter.fits(&shown) {
                told.filtered = told.filtered.saturating_add(1);
            } else if told.shown < limit {
                told.shown += 1;
                messages.push(value(shown));
            }
        }
        // Nothing is sent while nothing happens.
        if before.replace(told) == Some(told) {
            continue;
        }
        let ends = told.shown >= limit;
        call.progress.send(told.answer(messages)).await?;
        if ends {
            return Ok(told.answer(Vec::new()));
        }
    }
}

/// How many messages came by so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct TapCounts {
    filtered: u64,
    not_shown: u64,
    shown: u64,
}

impl TapCounts {
    fn answer(self, messages: Vec<Value>) -> Value {
        fields([
            ("messages", Value::List(messages)),
            ("filtered", self.filtered.into()),
            ("not_shown", self.not_shown.into()),
            ("shown", self.shown.into()),
        ])
    }
}

/// Which messages are shown.
#[derive(Debug)]
struct TapFilter {
    uri: Option<String>,
    kind: Option<String>,
    direction: Option<String>,
}

impl TapFilter {
    fn of(call: &AdminCall) -> Result<Self, WampError> {
        let key = |name| call.arguments.filter(name).map(str::to_owned);
        let direction = key("direction");
        let kind = key("type").map(|kind| kind.to_uppercase());
        if let Some(kind) = &kind
            && (kind.is_empty() || !MessageKind::ALL.iter().any(|known| known.message().1 == kind))
        {
            let text =
                format!("filter.type: expected a type of message such as CALL, got {:?}", shortened(kind));
            return Err(WampError::invalid_argument(text));
        }
        Ok(Self { uri: key("uri"), kind, direction })
    }

    fn fits(&self, message: &ShownMessage) -> bool {
        let uri = |wanted: &String| {
            let found = message.uri.as_deref().unwrap_or_default();
            match wanted.strip_suffix('*') {
                Some(start) => found.starts_with(start),
                None => found == wanted,
            }
        };
        self.uri.as_ref().is_none_or(uri)
            && self.kind.as_deref().is_none_or(|kind| message.name == Some(kind))
            && self.direction.as_deref().is_none_or(|direction| message.direction.name() == direction)
    }
}

fn value(shown: ShownMessage) -> Value {
    let mut message: Dict = [
        ("number", Value::from(shown.number)),
        ("at", Timestamp::from_unix(shown.at).to_string().into()),
        ("session", shown.session.get().into()),
        ("direction", shown.direction.name().into()),
        ("type", shown.name.into()),
        ("request", shown.request.map(|request| request.get()).into()),
        ("uri", shown.uri.as_deref().into()),
        ("error", shown.error.into()),
        ("progress", shown.progress.into()),
        ("bytes", count(shown.length)),
        ("cause", shown.cause.into()),
    ]
    .into_iter()
    .collect();
    match shown.payload {
        Some(ShownPayload::Shown(args, kwargs, masked)) => {
            message.insert("args", args);
            message.insert("kwargs", kwargs);
            message.insert("masked", masked);
        }
        Some(ShownPayload::TooLong) => drop(message.insert("payload", "too_long")),
        Some(ShownPayload::Unreadable) => drop(message.insert("payload", "unreadable")),
        None => {}
    }
    Value::Dict(message)
}
