//! Reading a history from a position to its end, and the decision whether that is all that was missed.

use super::page::{HistoryPage, PAGE, PageRequest};
use crate::base::error::WampError;
use crate::client::topics::TopicKey;
use crate::peering::{GapReason, HistoryPosition, Missed, RECOVERED_BYTES, RECOVERED_EVENTS, ReceivedEvent};
use crate::rt::BoxFuture;
use hashbrown::HashSet;
use serverwamp_proto::id::PublicationId;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::uris;

/// The most pages, those that were asked for in vain included: whoever gets so far reads from a router that makes fun of it, or one
/// whose events come faster than they are read.
pub(super) const MOST_PAGES: usize = 256;

/// Where pages come from.
pub(in crate::client) trait PageSource: Send + Sync {
    /// Asks for a page; the results of the call as they are.
    fn page(&self, request: PageRequest) -> BoxFuture<'_, Result<Payload, WampError>>;

    /// How many live events of the subscription were dropped so far because too many waited.
    fn dropped(&self) -> u64;
}

/// Reads what came behind `position`.
pub(in crate::client) async fn recover(
    source: &impl PageSource,
    key: &TopicKey,
    position: &HistoryPosition,
) -> Missed {
    let mut reading = HistoryReading::new(source, key, position);
    match reading.read().await {
        Ok(()) => {
            let mut position = position.clone();
            reading.events.iter().for_each(|event| position.advance(event.publication()));
            Missed::Known { events: reading.events, position }
        }
        Err(reason) => match reason {
            GapReason::Forgotten | GapReason::NewHistory | GapReason::TooMuch | GapReason::TooFast => {
                // From here on it is known what is missed.
                let position = begin(source, key).await.ok();
                Missed::Unknown { reason, position }
            }
            _ => Missed::Unknown { reason, position: None },
        },
    }
}

/// The position of a subscription that has just begun.
///
/// # Errors
/// When none can be known.
pub(in crate::client) async fn begin(
    source: &impl PageSource,
    key: &TopicKey,
) -> Result<HistoryPosition, GapReason> {
    let request = PageRequest { after: None, reverse: true, limit: 1 };
    let page = page(source, key, request).await?;
    let epoch = page.worth.epoch.ok_or(GapReason::NoHistory)?;
    let newest = page.events.first().map(ReceivedEvent::publication);
    Ok(newest
        .map_or_else(|| HistoryPosition::beginning(epoch), |newest| HistoryPosition::behind(epoch, newest)))
}

struct HistoryReading<'a, S> {
    source: &'a S,
    key: &'a TopicKey,
    position: &'a HistoryPosition,
    limit: u32,
    pages: usize,
    events: Vec<ReceivedEvent>,
    bytes: usize,
    /// What the subscriber has, or is about to get.
    known: HashSet<PublicationId>,
}

impl<'a, S: PageSource> HistoryReading<'a, S> {
    fn new(source: &'a S, key: &'a TopicKey, position: &'a HistoryPosition) -> Self {
        let known = position.recent().collect();
        Self { source, key, position, limit: PAGE, pages: 0, events: Vec::new(), bytes: 0, known }
    }

    async fn read(&mut self) -> Result<(), GapReason> {
        // The last event may be one that no history keeps: then an earlier one is where reading begins.
        let mut recent = self.position.recent();
        let mut after = recent.next();
        let mut dropped = self.source.dropped();
        let mut page = self.page(after).await?;
        while after.is_some() && !page.is_complete() && page.events.is_empty() {
            after = Some(recent.next().ok_or(GapReason::Forgotten)?);
            page = self.page(after).await?;
        }
        loop {
            let (complete, more) = (page.is_complete(), page.worth.more);
            let newest = page.events.last().map(ReceivedEvent::publication);
            if !complete {
                return Err(GapReason::Forgotten);
            }
            if more && newest.is_none() {
                let text = "the router says that there is more of the history, and tells none of it";
                return Err(GapReason::Failed(WampError::invalid_payload(text)));
            }
            self.take(page)?;
            after = newest.or(after);
            // What was dropped before the last page was asked for is on that, or on one before.
            let before = std::mem::replace(&mut dropped, self.source.dropped());
            if !more && before == dropped {
                return Ok(());
            }
            page = self.page(after).await?;
        }
    }

    /// The next page behind this event, which is as long as the router can tell it.
    async fn page(&mut self, after: Option<PublicationId>) -> Result<HistoryPage, GapReason> {
        loop {
            self.pages += 1;
            if self.pages > MOST_PAGES {
                return Err(GapReason::TooFast);
            }
            let request = PageRequest { after, reverse: false, limit: self.limit };
            match page(self.source, self.key, request).await {
                Err(GapReason::Failed(error)) if is_too_long(&error) && self.limit > 1 => {
                    self.limit = (self.limit / 4).max(1);
                }
                Err(reason) => return Err(reason),
                Ok(page) => {
                    let epoch = page.worth.epoch.ok_or(GapReason::NoHistory)?;
                    return if epoch == self.position.epoch() {
                        Ok(page)
                    } else {
                        Err(GapReason::NewHistory)
                    };
                }
            }
        }
    }

    fn take(&mut self, page: HistoryPage) -> Result<(), GapReason> {
        for event in page.events {
            if !self.known.insert(event.publication()) {
                continue;
            }
            self.bytes += event.size();
            if self.events.len() == RECOVERED_EVENTS || self.bytes > RECOVERED_BYTES {
                return Err(GapReason::TooMuch);
            }
            self.events.push(event);
        }
        Ok(())
    }
}

async fn page(
    source: &impl PageSource,
    key: &TopicKey,
    request: PageRequest,
) -> Result<HistoryPage, GapReason> {
    let results = source.page(request).await.map_err(|error| match error.uri() {
        uris::error::NO_SUCH_PROCEDURE => GapReason::NoMetaApi,
        uris::error::NOT_AUTHORIZED
        | uris::error::AUTHORIZATION_DENIED
        | uris::error::AUTHORIZATION_REQUIRED => GapReason::NotAuthorized,
        _ => GapReason::Failed(error),
    })?;
    let page = HistoryPage::read(&results, key).map_err(GapReason::Failed)?;
    if page.worth.complete.is_some() { Ok(page) } else { Err(GapReason::NotSupported) }
}

fn is_too_long(error: &WampError) -> bool {
    error.uri() == uris::error::PAYLOAD_SIZE_EXCEEDED
}
