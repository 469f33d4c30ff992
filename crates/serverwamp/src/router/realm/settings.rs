//! The permissions of a realm's clients, and the settings of single topics and procedures.

use crate::base::error::Problem;
use crate::peering::{Compiled, RoutePattern};
use serverwamp_proto::broker::Share;
use serverwamp_proto::pattern::{PatternMap, UriPattern};
use serverwamp_proto::uri::UriRules;
use std::borrow::Cow;
use std::panic::Location;
use std::time::Duration;

/// Whether callers and publishers are made known to those they reach.
///
/// Spec: advanced, "Caller Identification", "Publisher Identification".
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Disclosure {
    /// No session is; a request with `disclose_me` is refused with `wamp.error.option_disallowed.disclose_me`.
    Refused,
    /// Sessions that ask for it with `disclose_me`, or call a callee that registered with `disclose_caller`. The default: it is
    /// what the specification describes.
    #[default]
    OnRequest,
    /// Everybody is, asked or not.
    Always,
}

/// The settings of some topics; see [`Realm::topic_settings`](crate::Realm::topic_settings).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct TopicSettings {
    pub(crate) no_retain: bool,
    pub(crate) history: usize,
    pub(crate) trustlevel: Option<u64>,
    pub(crate) disclose_publisher: bool,
    pub(crate) history_bytes: Option<usize>,
    pub(crate) retain_limit: Option<Share>,
    pub(crate) retain_for: Option<Duration>,
    pub(crate) clear_retained: bool,
}

impl TopicSettings {
    /// Settings that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether publishers may leave an event behind for later subscribers (`retain`); they may by default.
    ///
    /// If they may not, `retain` is ignored, as the specification allows.
    pub fn retain(mut self, allowed: bool) -> Self {
        self.no_retain = !allowed;
        self
    }

    /// The number of events that may be retained of all topics of these settings together, and the bytes of memory
    /// they may take. By default as many as the realm retains ([`Limits::retained_events`](crate::Limits::retained_events)).
    ///
    /// Beyond, PUBLISH with `retain` is refused as beyond the limits of the realm.
    ///
    /// ```
    /// use serverwamp::{Realm, TopicSettings, prefix};
    /// use std::time::Duration;
    ///
    /// let lamps = TopicSettings::new()
    ///     .retain_limit(500, 1 << 20)
    ///     .retain_for(Duration::from_secs(24 * 3600))
    ///     .clear_retained(true);
    /// let realm: Realm = Realm::router("realm1").topic_settings(prefix("lamp."), lamps);
    /// ```
    pub fn retain_limit(mut self, events: usize, bytes: usize) -> Self {
        self.retain_limit = Some(Share { events, bytes });
        self
    }

    /// The time that an event of these topics is retained; by default as long as
    /// [`Limits::retained_age`](crate::Limits::retained_age) says.
    ///
    /// Nobody gets it later. Its memory is given back when the next event is retained, or
    /// [`RealmHandle::retained`](crate::RealmHandle::retained) is asked, 64 events at a time.
    pub fn retain_for(mut self, age: Duration) -> Self {
        self.retain_for = Some(age);
        self
    }

    /// Whether a publication without arguments and with `retain` ends what is retained of its topic, in place of being
    /// retained itself. It is delivered as any other. By default it is an event like any other.
    ///
    /// One that is restricted to some receivers is retained nevertheless: it affects no others.
    pub fn clear_retained(mut self, clears: bool) -> Self {
        self.clear_retained = clears;
        self
    }

    /// Keeps the last `events` events for `wamp.subscription.get_events`.
    ///
    /// It applies to the subscription of exactly the pattern the settings are given for, which exists from the start
    /// whether anybody is subscribed or not. By default nothing is kept: history costs memory, up to
    /// [`history_bytes`](Self::history_bytes).
    ///
    /// The keyword results of `get_events` say what the answer is worth:
    ///
    /// | keyword | |
    /// |---|---|
    /// | `complete` | whether nothing that belongs to the answer is missing, up to its last event if there is `more`: not forgotten, not withheld, and not from before the history began where a time says since when. False also where the filters name a publication that is not in the history: whoever continues from it may have missed anything |
    /// | `more` | whether `limit` left events out: ask again with `after_publication` of the last one, or `before_publication` with `reverse` |
    /// | `epoch` | a random id of this history, another one when it began anew, as after a restart; absent if none is kept |
    ///
    /// A client that comes back asks with `after_publication`: if the epoch is the one it knows and the answer is complete, it
    /// has missed what it gets and nothing else. [`Subscribing::recover`](crate::client::Subscribing::recover) does that.
    ///
    /// Publications with `exclude`, and those of sessions that may leave nothing in the history, are delivered and not kept: an answer that
    /// would have had one is not complete. Those with `eligible` are for single sessions, and missed by no other.
    pub fn history(mut self, events: usize) -> Self {
        self.history = events;
        self
    }

    /// The bytes of memory that these events may take; the oldest go first. Default 64 MiB, as much as all retained events
    /// of a realm.
    pub fn history_bytes(mut self, bytes: usize) -> Self {
        self.history_bytes = Some(bytes);
        self
    }

    /// Sends subscribers the trust level of publishers of these topics (`trustlevel`, 0 is the least).
    pub fn trustlevel(mut self, level: u64) -> Self {
        self.trustlevel = Some(level);
        self
    }

    /// Makes publishers known to the subscribers, whether they ask for it or not.
    pub fn disclose_publisher(mut self) -> Self {
        self.disclose_publisher = true;
        self
    }
}

/// The settings of some procedures; see [`Realm::procedure_settings`](crate::Realm::procedure_settings).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ProcedureSettings {
    pub(crate) trustlevel: Option<u64>,
    pub(crate) disclose_caller: bool,
    pub(crate) forward_timeout: Option<bool>,
}

impl ProcedureSettings {
    /// Settings that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends callees the trust level of callers of these procedures (`trustlevel`, 0 is the least).
    pub fn trustlevel(mut self, level: u64) -> Self {
        self.trustlevel = Some(level);
        self
    }

    /// Makes callers known to the callees, whether anybody asks for it or not.
    pub fn disclose_caller(mut self) -> Self {
        self.disclose_caller = true;
        self
    }

    /// Whether callees that can look after a call's timeout themselves are left to it, whatever they registered with.
    ///
    /// Never for callees that did not announce `call_timeout`.
    pub fn forward_timeout(mut self, forward: bool) -> Self {
        self.forward_timeout = Some(forward);
        self
    }
}

/// What a realm offers its clients.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offers {
    pub(crate) meta_api: bool,
    pub(crate) disclosure: Disclosure,
    /// Roles that may end sessions and revoke registrations and subscriptions through the meta API.
    pub(crate) administrators: Vec<Cow<'static, str>>,
    /// Whether no callee loses a registration to another session of its authid.
    pub(crate) no_takeover: bool,
}

impl Offers {
    /// Returns whether a role is among the administrators.
    pub(crate) fn administrates(&self, role: &str) -> bool {
        self.administrators.iter().any(|one| one == role)
    }
}

/// Settings for a pattern, and where they were made.
pub(crate) type SettingsEntry<T> = (RoutePattern, T, &'static Location<'static>);

/// The settings of all topics or procedures; the best match counts, as for calls.
#[derive(Debug)]
pub(crate) struct SettingsTable<T> {
    /// The index of the settings of a pattern.
    places: PatternMap<usize>,
    /// All of them, each with its number.
    settings: Vec<(UriPattern, T, usize)>,
    /// The next number.
    next: usize,
}

impl<T> Default for SettingsTable<T> {
    fn default() -> Self {
        Self { places: PatternMap::new(), settings: Vec::new(), next: 0 }
    }
}

impl<T> SettingsTable<T> {
    /// The settings for a URI, if there are any.
    #[inline]
    pub(crate) fn of(&self, uri: &str) -> Option<&T> {
        self.numbered(uri).map(|(_, settings)| settings)
    }

    /// The same, with a number that only the settings of their pattern have, in all configurations of the realm.
    #[inline]
    pub(crate) fn numbered(&self, uri: &str) -> Option<(usize, &T)> {
        if self.settings.is_empty() {
            return None;
        }
        let (_, place) = self.places.best(uri)?;
        self.settings.get(*place).map(|(_, settings, number)| (*number, settings))
    }

    /// Everything that was set.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&UriPattern, &T)> {
        self.settings.iter().map(|(pattern, settings, _)| (pattern, settings))
    }

    /// The settings that were made for exactly this pattern.
    pub(crate) fn exactly(&self, pattern: &UriPattern) -> Option<&T> {
        let place = self.places.get(pattern.kind(), pattern.as_str())?;
        self.settings.get(*place).map(|(_, settings, _)| settings)
    }

    /// Numbers the settings as the table did that this one replaces, and new ones behind all numbers there ever were.
    pub(crate) fn replace(&mut self, former: &Self) {
        let known = |pattern: &UriPattern| {
            let place = former.places.get(pattern.kind(), pattern.as_str())?;
            former.settings.get(*place).map(|(_, _, number)| *number)
        };
        self.next = former.next;
        for (pattern, _, number) in &mut self.settings {
            *number = known(pattern).unwrap_or_else(|| {
                self.next += 1;
                self.next - 1
            });
        }
    }

    /// Checks the patterns; what is wrong goes to `problems`.
    pub(crate) fn compile(
        entries: Vec<SettingsEntry<T>>,
        rules: &UriRules,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut table = Self::default();
        for (pattern, settings, place) in entries {
            let compiled = match pattern.compile(rules) {
                Ok(Compiled::Uri(compiled)) => compiled,
                Ok(Compiled::Regex(_)) => {
                    let text =
                        format!("settings are made for a URI, a prefix or a wildcard, not for {pattern:?}");
                    problems.push(Problem::new(place, text));
                    continue;
                }
                Err(text) => {
                    problems.push(Problem::new(place, text));
                    continue;
                }
            };
            if table.places.insert(&compiled, table.settings.len()).is_some() {
                problems.push(Problem::new(place, format!("{pattern:?} already has settings")));
            }
            table.settings.push((compiled, settings, table.next));
            table.next += 1;
        }
        table
    }
}
