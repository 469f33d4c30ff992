//! What an inbox keeps of a subscription that recovers: where it is in the history, and what it has from there.

use super::delivered::Delivery;
use super::history_position::HistoryPosition;
use hashbrown::HashSet;
use serverwamp_proto::id::PublicationId;

/// The events that are recovered at once, and that wait for the application after several cuts, and their bytes. Whoever has missed
/// more is served sooner by a state that is loaded anew.
pub(crate) const RECOVERED_EVENTS: usize = 10_000;
pub(crate) const RECOVERED_BYTES: usize = 16 << 20;

/// The number of live events behind recovered ones that are looked for among them: as many as can have been held back.
const LOOKED_FOR: usize = 1024;

/// The state of a subscription that recovers.
#[derive(Debug, Default)]
pub(super) struct Recovering {
    /// Behind the last event that was passed on, or of what is live; `None` where no history is known.
    pub(super) received: Option<HistoryPosition>,
    /// Behind the last event that the application has taken.
    pub(super) taken: Option<HistoryPosition>,
    /// Its subscriber has been told where it is, or that nobody knows.
    pub(super) begun: bool,
    /// Recovered events that may come as live ones, too.
    recovered: HashSet<PublicationId>,
    looked_for: usize,
}

impl Recovering {
    /// One that goes on from here, if it is known where it was.
    pub(super) fn from(position: Option<HistoryPosition>) -> Self {
        Self { begun: position.is_some(), received: position.clone(), taken: position, ..Self::default() }
    }

    /// Whether a live event is to be passed on: it has not been recovered.
    pub(super) fn admits(&mut self, publication: PublicationId) -> bool {
        if !self.recovered.is_empty() {
            self.looked_for += 1;
            if self.recovered.remove(&publication) {
                return false;
            }
            if self.looked_for >= LOOKED_FOR {
                self.recovered = HashSet::new();
            }
        }
        if let Some(position) = &mut self.received {
            position.advance(publication);
        }
        true
    }

    /// These events are recovered, and live ones are expected behind them.
    pub(super) fn recovers(&mut self, events: HashSet<PublicationId>, position: HistoryPosition) {
        self.received = Some(position);
        self.recovered = events;
        self.looked_for = 0;
    }

    /// Live events are expected behind this position, or none is known.
    pub(super) fn begins(&mut self, position: Option<HistoryPosition>) {
        self.received = position;
        self.recovered = HashSet::new();
        self.begun = true;
    }

    /// The application has taken this.
    pub(super) fn took(&mut self, delivered: &Delivery) {
        let taken = &mut self.taken;
        let mut advance = |publication| taken.iter_mut().for_each(|position| position.advance(publication));
        match delivered {
            Delivery::Event(event) if !event.is_retained() => advance(event.publication()),
            Delivery::Recovered(events) => events.iter().for_each(|event| advance(event.publication())),
            Delivery::Gap(gap) => self.taken.clone_from(&gap.position),
            Delivery::Event(_) | Delivery::Cut(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::peering::delivered::Delivery;
    use crate::peering::event_inbox::{EventDraft, EventInbox, Missed};
    use crate::peering::{GapReason, HistoryPosition, RECOVERED_EVENTS, ReceivedEvent};
    use futures_util::FutureExt;
    use serverwamp_proto::codec::Serializer;
    use serverwamp_proto::id::PublicationId;
    use serverwamp_proto::payload::Payload;
    use std::future::poll_fn;
    use std::sync::Arc;

    fn draft(payload: &Payload, publication: u64) -> EventDraft<'_> {
        EventDraft {
            topic: Arc::from("com.t"),
            publication: PublicationId::new(publication).unwrap(),
            payload,
            publisher: None,
            publisher_authid: None,
            publisher_authrole: None,
            trustlevel: None,
            retained: false,
            passthru: None,
            forward_for: None,
        }
    }

    fn live(inbox: &EventInbox, publication: u64) {
        inbox.receive(draft(&Payload::empty(Serializer::Json), publication));
    }

    fn events(publications: impl IntoIterator<Item = u64>) -> Vec<ReceivedEvent> {
        let payload = Payload::empty(Serializer::Json);
        publications.into_iter().map(|publication| ReceivedEvent::new(draft(&payload, publication))).collect()
    }

    fn at(text: &str) -> HistoryPosition {
        text.parse().unwrap()
    }

    fn known(publications: impl IntoIterator<Item = u64>, position: &str) -> Missed {
        Missed::Known { events: events(publications), position: at(position) }
    }

    fn unknown(position: &str) -> Missed {
        Missed::Unknown { reason: GapReason::Forgotten, position: Some(at(position)) }
    }

    fn tell(inbox: &EventInbox, missed: Missed) {
        inbox.tell(&inbox.recovers().unwrap(), missed);
    }

    fn next(inbox: &EventInbox) -> Option<Delivery> {
        poll_fn(|cx| inbox.poll_delivery(cx)).now_or_never().flatten()
    }

    /// What waits, in short: `5` an event, `[5, 6]` recovered ones, `gap`.
    fn waiting(inbox: &EventInbox) -> String {
        let numbers = |events: &[ReceivedEvent]| {
            events.iter().map(|event| event.publication().get()).collect::<Vec<_>>()
        };
        let shown = std::iter::from_fn(|| next(inbox)).map(|delivered| match delivered {
            Delivery::Event(event) => event.publication().to_string(),
            Delivery::Recovered(events) => format!("{:?}", numbers(&events)),
            Delivery::Gap(_) => "gap".to_owned(),
            Delivery::Cut(_) => "cut".to_owned(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    fn position(inbox: &EventInbox) -> Option<String> {
        inbox.position().map(|position| position.to_string())
    }

    #[test]
    fn live_events_come_behind_recovered_ones_and_none_of_them_twice() {
        let inbox = EventInbox::recovering(8, Some(at("9.1")));
        for publication in [3, 4, 5] {
            live(&inbox, publication);
        }
        assert!(next(&inbox).is_none());
        tell(&inbox, known([2, 3, 4], "9.4.3.2.1"));
        // Another publisher's event may come late.
        live(&inbox, 2);
        live(&inbox, 6);
        assert_eq!(waiting(&inbox), "[2, 3, 4] 5 6");
        assert_eq!(position(&inbox).as_deref(), Some("9.6.5.4.3.2.1"));
    }

    #[test]
    fn the_position_is_that_of_the_application_and_not_of_the_inbox() {
        let inbox = EventInbox::recovering(8, None);
        assert_eq!(position(&inbox), None);
        tell(&inbox, Missed::Nothing(at("9.1")));
        live(&inbox, 2);
        live(&inbox, 3);
        assert_eq!(position(&inbox).as_deref(), Some("9.1"));
        assert_eq!(inbox.take().unwrap().publication().get(), 2);
        assert_eq!(position(&inbox).as_deref(), Some("9.2.1"));
        assert_eq!(inbox.recovers().unwrap().position, Some(at("9.3.2.1")));
        inbox.hold();
        tell(&inbox, unknown("10.7"));
        assert_eq!(waiting(&inbox), "3 gap");
        assert_eq!(position(&inbox).as_deref(), Some("10.7"));
    }

    #[test]
    fn recovered_events_are_handed_out_one_by_one_where_marks_are_not_asked_for() {
        let inbox = EventInbox::recovering(2, Some(at("9")));
        tell(&inbox, known(1..=5, "9.5"));
        live(&inbox, 6);
        let mut taken = vec![inbox.take().unwrap(), inbox.take().unwrap()];
        assert_eq!(position(&inbox).as_deref(), Some("9.2.1"));
        // Those that come meanwhile do not drive them out.
        (7..=9).for_each(|publication| live(&inbox, publication));
        let Some(Delivery::Event(third)) = next(&inbox) else { panic!("no event") };
        taken.push(third);
        taken.extend(std::iter::from_fn(|| inbox.take()));
        let taken: Vec<_> = taken.iter().map(|event| event.publication().get()).collect();
        assert_eq!((taken, inbox.lost()), (vec![1, 2, 3, 4, 5, 8, 9], 2));
    }

    #[test]
    fn marks_that_say_no_more_than_the_one_beside_them_are_not_kept() {
        let inbox = EventInbox::recovering(8, Some(at("9")));
        for missed in
            [known([], "9"), known([], "9"), unknown("9"), unknown("9"), known([], "9"), known([1], "9.1")]
        {
            inbox.hold();
            tell(&inbox, missed);
        }
        assert_eq!(waiting(&inbox), "gap [1]");
        // Nor when the event between them has been dropped.
        let inbox = EventInbox::recovering(1, Some(at("9")));
        for publication in 1..=3 {
            inbox.hold();
            tell(&inbox, unknown("9"));
            live(&inbox, publication);
        }
        assert_eq!((waiting(&inbox), inbox.lost()), ("gap 3".to_owned(), 2));
    }

    #[test]
    fn what_waits_after_several_cuts_is_bounded() {
        let most = u64::try_from(RECOVERED_EVENTS).unwrap();
        let inbox = EventInbox::recovering(8, Some(at("9")));
        tell(&inbox, known(1..most, "9.1"));
        inbox.hold();
        tell(&inbox, known([most], "9.1"));
        inbox.hold();
        tell(&inbox, known([most + 1], "9.1"));
        assert!(
            matches!(next(&inbox), Some(Delivery::Recovered(events)) if events.len() == RECOVERED_EVENTS - 1)
        );
        assert_eq!(waiting(&inbox), format!("[{most}] gap"));
        inbox.hold();
        tell(&inbox, known(1..=most, "9.1"));
        assert!(matches!(next(&inbox), Some(Delivery::Recovered(_))), "there is room again");
    }

    #[test]
    fn what_comes_too_late_is_not_told() {
        let inbox = EventInbox::recovering(8, Some(at("9")));
        let before = inbox.recovers().unwrap();
        inbox.hold();
        live(&inbox, 2);
        inbox.tell(&before, unknown("9"));
        assert_eq!(waiting(&inbox), "");
        tell(&inbox, known([1], "9.1"));
        assert_eq!(waiting(&inbox), "[1] 2");
    }

    #[test]
    fn a_subscription_that_ends_before_it_is_known_what_was_missed_has_a_gap() {
        let inbox = EventInbox::recovering(8, Some(at("9")));
        live(&inbox, 2);
        inbox.end(crate::Ended::SessionOver);
        assert_eq!(waiting(&inbox), "gap 2");
    }
}
