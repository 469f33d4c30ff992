//! What was read of a server at one time, and how it is looked at.

use super::terminal::Key;
use super::uris::UriOrder;
use crate::failure::Failure;
use crate::shell::admin::AdminClient;
use crate::shell::admin::answers::shown;
use serverwamp::{Dict, Value};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Instant;

/// The sessions of a page, and the pages that are read each time: a screen shows the busiest of these, and says if there are more.
const PAGE: u64 = 500;
const PAGES: usize = 4;

/// What was read of a server at one time.
#[derive(Debug)]
pub(super) struct Sample {
    at: Instant,
    pub(super) version: String,
    /// Sessions in all realms.
    pub(super) connections: u64,
    pub(super) realm: RealmSample,
    pub(super) sessions: Vec<SessionSample>,
    /// Whether the realm has more sessions than were read.
    pub(super) more: bool,
}

/// The numbers of the realm, and how many there were of each per second.
#[derive(Debug, Default)]
pub(super) struct RealmSample {
    pub(super) sessions: u64,
    pub(super) registrations: u64,
    pub(super) subscriptions: u64,
    pub(super) queue_bytes: u64,
    pub(super) slow: u64,
    /// Answered calls, failed ones among them, events sent, bytes in and out.
    totals: [u64; 5],
    pub(super) rates: [f64; 5],
}

/// One session.
#[derive(Debug)]
pub(super) struct SessionSample {
    pub(super) id: u64,
    pub(super) authid: String,
    pub(super) authrole: String,
    pub(super) address: String,
    pub(super) agent: String,
    pub(super) queue_bytes: u64,
    pub(super) calls: u64,
    pub(super) slow: bool,
    totals: [u64; 2],
    /// Bytes per second, in and out.
    pub(super) rates: [f64; 2],
}

/// The orders in which sessions can stand.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum SortBy {
    #[default]
    Traffic,
    Queue,
    Calls,
    Authid,
    Id,
}

/// How a sample is looked at.
#[derive(Debug, Default)]
pub(super) struct View {
    /// URIs are looked at, and not sessions.
    pub(super) of_uris: bool,
    pub(super) sort: SortBy,
    pub(super) sort_uris: UriOrder,
    pub(super) filter: String,
    /// The filter is being typed.
    pub(super) typing: bool,
    pub(super) paused: bool,
    /// The rows that are above the screen.
    pub(super) above: usize,
}

pub(super) fn number(value: &Value, field: &str) -> u64 {
    value.get(field).and_then(Value::as_u64).unwrap_or_default()
}

/// The sum of the counts of a dictionary whose names are like this.
fn sum(value: &Value, field: &str, is_counted: impl Fn(&str) -> bool) -> u64 {
    let counts = value.get(field).and_then(Value::as_dict);
    let counted = counts.into_iter().flat_map(Dict::iter).filter(|(name, _)| is_counted(name));
    counted.filter_map(|(_, count)| count.as_u64()).sum()
}

/// How many there were per second.
#[expect(clippy::cast_precision_loss, reason = "a rate is no exact number")]
fn rate(now: u64, before: u64, seconds: f64) -> f64 {
    now.saturating_sub(before) as f64 / seconds
}

impl Sample {
    /// Looks at the server; rates are since the sample before.
    pub(super) async fn read(admin: &AdminClient, before: Option<&Self>) -> Result<Self, Failure> {
        let info = admin.ask("serverwamp.node.info", Dict::new()).await?;
        let snapshot = admin.ask("serverwamp.stats.snapshot", Dict::new()).await?;
        let at = Instant::now();
        let seconds = before.map(|before| at.duration_since(before.at).as_secs_f64().max(0.001));
        let realms = snapshot.get("realms").and_then(Value::as_list).unwrap_or_default();
        let is_it = |realm: &&Value| realm.get("realm").and_then(Value::as_str) == Some(&admin.realm);
        let mut realm = realms.iter().find(is_it).map(RealmSample::of).unwrap_or_default();
        let (mut sessions, more) = sessions(admin).await?;
        if let (Some(before), Some(seconds)) = (before, seconds) {
            for (place, now) in realm.totals.iter().enumerate() {
                realm.rates[place] = rate(*now, before.realm.totals[place], seconds);
            }
            let known: HashMap<u64, [u64; 2]> =
                before.sessions.iter().map(|session| (session.id, session.totals)).collect();
            for session in &mut sessions {
                let Some(former) = known.get(&session.id) else { continue };
                session.rates = [0, 1].map(|place| rate(session.totals[place], former[place], seconds));
            }
        }
        let connections = number(&info, "connections");
        Ok(Self { at, version: shown(&info, "version"), connections, realm, sessions, more })
    }
}

#[cfg(test)]
impl Sample {
    /// A realm in which nobody is.
    #[expect(clippy::disallowed_methods, reason = "any time will do")]
    pub(super) fn empty() -> Self {
        Self {
            at: Instant::now(),
            version: "0".to_owned(),
            connections: 0,
            realm: RealmSample::default(),
            sessions: Vec::new(),
            more: true,
        }
    }
}

async fn sessions(admin: &AdminClient) -> Result<(Vec<SessionSample>, bool), Failure> {
    let mut sessions = Vec::new();
    let mut cursor = Value::Null;
    for _ in 0..PAGES {
        let mut arguments = Dict::new();
        arguments.insert("limit", PAGE);
        arguments.insert("cursor", cursor);
        let answer = admin.ask_of_realm("serverwamp.session.query", arguments).await?;
        let rows = answer.get("sessions").and_then(Value::as_list).unwrap_or_default();
        sessions.extend(rows.iter().map(SessionSample::of));
        cursor = answer.get("next").cloned().unwrap_or_default();
        if cursor.is_null() {
            return Ok((sessions, false));
        }
    }
    Ok((sessions, true))
}

impl RealmSample {
    fn of(realm: &Value) -> Self {
        let totals = [
            sum(realm, "calls", |_| true),
            sum(realm, "calls", |outcome| outcome != "result"),
            sum(realm, "messages", |name| name == "sent EVENT"),
            number(realm, "received_bytes"),
            number(realm, "sent_bytes"),
        ];
        Self {
            sessions: number(realm, "sessions"),
            registrations: number(realm, "registrations"),
            subscriptions: number(realm, "subscriptions"),
            queue_bytes: number(realm, "send_queue_bytes"),
            slow: number(realm, "slow_sessions"),
            totals,
            rates: [0.0; 5],
        }
    }
}

impl SessionSample {
    fn of(row: &Value) -> Self {
        Self {
            id: number(row, "session"),
            authid: shown(row, "authid"),
            authrole: shown(row, "authrole"),
            address: shown(row, "address"),
            agent: shown(row, "agent"),
            queue_bytes: number(row, "queue_bytes"),
            calls: number(row, "calls_in_flight"),
            slow: row.get("slow").and_then(Value::as_bool).unwrap_or_default(),
            totals: [number(row, "received_bytes"), number(row, "sent_bytes")],
            rates: [0.0; 2],
        }
    }

    fn contains(&self, text: &str) -> bool {
        [&self.authid, &self.authrole, &self.address, &self.agent].iter().any(|field| field.contains(text))
            || self.id.to_string().contains(text)
    }
}

impl SortBy {
    const ALL: [Self; 5] = [Self::Traffic, Self::Queue, Self::Calls, Self::Authid, Self::Id];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Traffic => "traffic",
            Self::Queue => "queue",
            Self::Calls => "calls",
            Self::Authid => "authid",
            Self::Id => "id",
        }
    }

    fn next(self, steps: usize) -> Self {
        let place = Self::ALL.iter().position(|one| *one == self).unwrap_or_default();
        Self::ALL[(place + steps) % Self::ALL.len()]
    }

    fn compare(self, one: &SessionSample, other: &SessionSample) -> Ordering {
        let traffic = |session: &SessionSample| session.rates[0] + session.rates[1];
        let most_first = match self {
            Self::Traffic => traffic(other).total_cmp(&traffic(one)),
            Self::Queue => other.queue_bytes.cmp(&one.queue_bytes),
            Self::Calls => other.calls.cmp(&one.calls),
            Self::Authid => one.authid.cmp(&other.authid),
            Self::Id => Ordering::Equal,
        };
        most_first.then(one.id.cmp(&other.id))
    }
}

impl View {
    /// The sessions that are looked at, in their order.
    pub(super) fn sessions<'s>(&self, sample: &'s Sample) -> Vec<&'s SessionSample> {
        let mut sessions: Vec<_> =
            sample.sessions.iter().filter(|session| session.contains(&self.filter)).collect();
        sessions.sort_by(|one, other| self.sort.compare(one, other));
        sessions
    }

    /// Obeys a key, on a screen of so many rows of which `shown` sessions or URIs can be.
    pub(super) fn obey(&mut self, key: Key, rows: usize, shown: usize) {
        let page = rows.saturating_sub(6).max(1);
        // Below the last one there is nothing.
        let lowest = shown.saturating_sub(page);
        match key {
            Key::Letter('\r' | '\n') if self.typing => self.typing = false,
            Key::Back if self.typing => drop(self.filter.pop()),
            Key::Escape => {
                self.typing = false;
                self.filter.clear();
            }
            Key::Letter(letter) if self.typing && !letter.is_control() => self.filter.push(letter),
            Key::Letter('u') => {
                self.of_uris = !self.of_uris;
                self.above = 0;
            }
            Key::Letter(letter @ ('s' | 'S')) if self.of_uris => {
                self.sort_uris = self.sort_uris.next(letter == 'S');
            }
            Key::Letter('s') => self.sort = self.sort.next(1),
            Key::Letter('S') => self.sort = self.sort.next(SortBy::ALL.len() - 1),
            Key::Letter('p') => self.paused = !self.paused,
            Key::Letter('/') => self.typing = true,
            Key::Up => self.above = self.above.saturating_sub(1),
            Key::Down => self.above = (self.above + 1).min(lowest),
            Key::PageUp => self.above = self.above.saturating_sub(page),
            Key::PageDown => self.above = (self.above + page).min(lowest),
            Key::Back | Key::Letter(_) | Key::Resized | Key::End => {}
        }
    }

    /// Whether this key ends the program: where nothing is typed.
    pub(super) const fn is_end(&self, key: Key) -> bool {
        matches!(key, Key::End) || (!self.typing && matches!(key, Key::Letter('q')))
    }
}
