//! Events that go over a link, in the order in which they come.
//!
//! They are published without acknowledgement, so that a round trip is no limit of how many there are; the first one of a topic, and
//! one of it from time to time, is acknowledged, so that a refusal is noticed.

use super::ends::{Ends, Side};
use super::{probe, shown, watch};
use serverwamp::{Delivery, Forwarder, ReceivedEvent, Subscriber, WampError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// After this long the next event of a topic is acknowledged again.
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// The topics of which is known when they were accepted last.
const TOPICS: usize = 4096;

/// Publishes at the other side whatever comes and was not there before, until no more comes. At the URI `probed` the link publishes
/// to itself.
pub(super) async fn carry(ends: Arc<Ends>, from: Side, mut events: Subscriber, probed: Option<Arc<str>>) {
    let mut asked: HashMap<Arc<str>, Instant> = HashMap::new();
    let mut lost = 0;
    while let Some(delivery) = events.next_delivery().await {
        match delivery {
            Delivery::Event(event) if is_probe(&event, probed.as_deref()) => {}
            Delivery::Event(event) => {
                ends.open().await;
                if let Some(forward_for) = ends.onward(from, event.forward_for()) {
                    publish(&ends, from.other(), &event, forward_for, &mut asked).await;
                }
            }
            Delivery::Cut(_) => {
                watch::say(format_args!("{from}: events of a while are missing: the connection was lost"))
            }
            _ => {}
        }
        if events.lost() > lost {
            watch::say(format_args!(
                "{from}: {} events were lost: the other side is slower than they come",
                events.lost() - lost
            ));
            lost = events.lost();
        }
    }
    let why = events.ended().map_or_else(String::new, |ended| format!(": {ended}"));
    watch::say(format_args!("{from}: a subscription has ended{why}"));
}

fn is_probe(event: &ReceivedEvent, probed: Option<&str>) -> bool {
    probed == Some(event.topic()) && probe::number(event.payload()).is_some()
}

async fn publish(
    ends: &Ends,
    to: Side,
    event: &ReceivedEvent,
    forward_for: Vec<Forwarder>,
    asked: &mut HashMap<Arc<str>, Instant>,
) {
    // A prefix as short as "w" reaches the router's own events.
    if event.topic().starts_with("wamp.") {
        return;
    }
    let mut publication = ends.at(to).publication(event.topic());
    if !forward_for.is_empty() {
        publication = publication.forward_for(forward_for);
    }
    let now = Instant::now();
    let known = asked.get(event.topic()).is_some_and(|at| now.duration_since(*at) < ASK_AGAIN);
    let sent: Result<(), WampError> = match known {
        true => publication.send_unacknowledged(event.payload().clone()).await,
        false => publication.send(event.payload().clone()).await.map(drop),
    };
    if let Err(error) = sent {
        watch::say_seldom(&format!(
            "{to}: events of {} are not accepted: {}",
            shown(event.topic()),
            shown(&error.to_string())
        ));
        return;
    }
    if !known {
        if asked.len() >= TOPICS {
            asked.clear();
        }
        asked.insert(event.topic().into(), now);
    }
}
