//! Lists of ids as answers: what could take longer than a turn is cut into turns.
//!
//! Ids are looked at some at a time, in their order, and written down as they come. Between two times whoever joins,
//! subscribes or registers has its turn, and so what comes and goes meanwhile is in the list or not. An answer that gets
//! too long is given up there and then.

use super::arguments::Page;
use super::text_set::TextSet;
use super::turns::{AT_ONCE, InTurns};
use crate::WampError;
use crate::base::statistics::Refusal;
use crate::router::realm::RunningRealm;
use crate::router::session::RouterSession;
use serverwamp_proto::codec::{Serializer, Writer};
use serverwamp_proto::id::{RegistrationId, SessionId, SubscriptionId};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::{Part, Payload};
use serverwamp_proto::uri;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// The things that are listed or counted.
#[derive(Debug)]
pub(super) enum Listed {
    /// Sessions with these roles, or all.
    Sessions(Option<TextSet>),
    /// The number of such sessions.
    SessionCount(TextSet),
    Registrations,
    Subscriptions,
    /// These, in this order.
    Ids(std::vec::IntoIter<u64>),
    /// These, in the order of the ids.
    Sorted(BinaryHeap<Reverse<u64>>),
}

/// An answer that consists of ids, as far as it has come.
#[derive(Debug)]
pub(super) struct Listing {
    listed: Listed,
    page: Page,
    serializer: Serializer,
    lists: [List; 3],
    counted: u64,
}

/// Encoded ids.
#[derive(Debug, Default)]
struct List {
    bytes: Vec<u8>,
    len: usize,
}

impl Listed {
    /// These ids as far as they are on this page; in their own order, unless a page was asked for.
    pub(super) fn ids(ids: impl Iterator<Item = u64>, page: Page, sorted: bool) -> Self {
        if page.asked || sorted {
            return Self::Sorted(ids.filter(|id| *id > page.after).map(Reverse).collect());
        }
        Self::Ids(ids.collect::<Vec<_>>().into_iter())
    }
}

impl InTurns for Listing {
    /// Looks at the next ids; the answer if there are no more.
    ///
    /// # Errors
    /// When the answer would be too long.
    fn go_on(&mut self, caller: &RouterSession) -> Option<Result<Payload, WampError>> {
        let realm = caller.running_realm();
        let complete = self.look_on(realm);
        let bytes: usize = self.lists.iter().map(|list| list.bytes.len()).sum();
        // Half of what may wait for a peer: an answer that fills it would end the connection.
        if bytes > caller.outbox().limit().min(caller.limits().outgoing_message_bytes) / 2 {
            let text = "the list is too long: ask for fewer at once, with `limit` and `after`";
            realm.context.counters.refused(Refusal::OutgoingMessageBytes, caller, text);
            return Some(Err(WampError::payload_size_exceeded(text)));
        }
        complete.then(|| Ok(self.answer()))
    }
}

impl Listing {
    pub(super) fn new(listed: Listed, page: Page, serializer: Serializer) -> Self {
        Self { listed, page, serializer, lists: Default::default(), counted: 0 }
    }

    /// Returns whether that was the last one.
    fn look_on(&mut self, realm: &RunningRealm) -> bool {
        let after = self.page.after;
        let many = AT_ONCE.min(self.page.limit.unwrap_or(AT_ONCE));
        let mut found: Vec<(u64, usize)> = Vec::with_capacity(many);
        let mut seen = 0;
        match &mut self.listed {
            Listed::Sessions(roles) => {
                let sessions = realm.sessions_by_id();
                for (id, session) in from(&sessions, after) {
                    if found.len() == many || seen == AT_ONCE {
                        break;
                    }
                    (seen, self.page.after) = (seen + 1, id.get());
                    if roles.as_ref().is_none_or(|roles| roles.contains(session.authrole())) {
                        found.push((id.get(), 0));
                    }
                }
            }
            Listed::SessionCount(roles) => {
                let sessions = realm.sessions_by_id();
                for (id, session) in from(&sessions, after).take(AT_ONCE) {
                    (seen, self.page.after) = (seen + 1, id.get());
                    self.counted += u64::from(roles.contains(session.authrole()));
                }
            }
            Listed::Registrations => {
                for (id, entry) in realm.changes().registrations.after(RegistrationId::new(after)).take(many)
                {
                    (seen, self.page.after) = (seen + 1, id.get());
                    found.push((id.get(), slot(entry.pattern.kind())));
                }
            }
            Listed::Subscriptions => {
                for (id, entry) in realm.changes().subscriptions.after(SubscriptionId::new(after)) {
                    if found.len() == many || seen == AT_ONCE {
                        break;
                    }
                    (seen, self.page.after) = (seen + 1, id.get());
                    if !uri::is_reserved(entry.pattern.as_str()) {
                        found.push((id.get(), slot(entry.pattern.kind())));
                    }
                }
            }
            Listed::Ids(ids) => found.extend(ids.take(many).map(|id| (id, 0))),
            Listed::Sorted(ids) => {
                found.extend((0..many).map_while(|_| ids.pop()).map(|Reverse(id)| (id, 0)));
            }
        }
        let exhausted = seen.max(found.len()) < many;
        for (id, slot) in &found {
            if let Some(list) = self.lists.get_mut(*slot) {
                list.push(*id, self.serializer);
            }
        }
        let Some(limit) = &mut self.page.limit else { return exhausted };
        *limit -= found.len();
        exhausted || *limit == 0
    }

    fn answer(&mut self) -> Payload {
        let [first, prefix, wildcard] = std::mem::take(&mut self.lists);
        let mut args = Vec::with_capacity(first.bytes.len() + prefix.bytes.len() + wildcard.bytes.len() + 64);
        let mut writer = Writer::new(self.serializer, &mut args);
        writer.list(1);
        match &self.listed {
            Listed::SessionCount(_) => writer.unsigned(self.counted),
            Listed::Registrations | Listed::Subscriptions => {
                writer.dict(3);
                let lists = [(Match::Exact, first), (Match::Prefix, prefix), (Match::Wildcard, wildcard)];
                for (kind, list) in lists {
                    writer.key(kind.as_str());
                    list.write(&mut writer);
                }
                writer.end();
            }
            _ => first.write(&mut writer),
        }
        writer.end();
        Payload::of_parts(self.serializer, args.into(), Part::new())
    }
}

impl List {
    fn push(&mut self, id: u64, serializer: Serializer) {
        if self.len > 0 && serializer == Serializer::Json {
            self.bytes.push(b',');
        }
        Writer::new(serializer, &mut self.bytes).unsigned(id);
        self.len += 1;
    }

    fn write(self, writer: &mut Writer<'_>) {
        writer.list(self.len);
        if self.len > 0 {
            writer.raw(&self.bytes);
        }
        writer.end();
    }
}

/// The entries after this id, in the order of the ids.
fn from(
    sessions: &std::collections::BTreeMap<SessionId, Arc<RouterSession>>,
    after: u64,
) -> impl Iterator<Item = (&SessionId, &Arc<RouterSession>)> {
    use std::ops::Bound::{Excluded, Unbounded};
    let after = SessionId::new(after).map_or(Unbounded, Excluded);
    sessions.range((after, Unbounded))
}

const fn slot(kind: Match) -> usize {
    match kind {
        Match::Exact => 0,
        Match::Prefix => 1,
        Match::Wildcard => 2,
    }
}
