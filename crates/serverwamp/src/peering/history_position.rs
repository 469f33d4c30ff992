//! Where a subscriber is in the history of its subscription.

use serverwamp_proto::id::{EpochId, PublicationId};
use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

/// The number of publications in a position. Not every event is in the history: those for single sessions, and those that the
/// application sends to one subscriber, are not. So a position has some that came before the last one.
const RECENT: usize = 8;

/// A position in the history of a subscription: which history, and the last events of it that are known.
///
/// It is a text to be stored (`to_string`, `parse`), from which a program that starts again goes on:
/// [`Subscribing::recover_from`](crate::client::Subscribing::recover_from).
///
/// ```
/// use serverwamp::HistoryPosition;
///
/// let position: HistoryPosition = "8412003455.77120034.991".parse()?;
/// assert_eq!(position.publication().unwrap().get(), 77120034);
/// assert_eq!(position.to_string(), "8412003455.77120034.991");
/// # Ok::<(), serverwamp::InvalidPosition>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HistoryPosition {
    epoch: EpochId,
    /// The newest first.
    recent: VecDeque<PublicationId>,
}

/// The text is no position.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "expected a position such as 8412003455.77120034: an epoch and the ids of up to {RECENT} publications, with dots"
)]
pub struct InvalidPosition;

impl HistoryPosition {
    /// Behind this event of this history.
    pub fn behind(epoch: EpochId, publication: PublicationId) -> Self {
        Self { epoch, recent: [publication].into() }
    }

    /// At the beginning of this history.
    pub fn beginning(epoch: EpochId) -> Self {
        Self { epoch, recent: VecDeque::new() }
    }

    /// The history: the `epoch` that `wamp.subscription.get_events` tells.
    pub fn epoch(&self) -> EpochId {
        self.epoch
    }

    /// The last event; `None` at the beginning of the history.
    pub fn publication(&self) -> Option<PublicationId> {
        self.recent.front().copied()
    }

    /// The last events, the newest first.
    pub(crate) fn recent(&self) -> impl Iterator<Item = PublicationId> {
        self.recent.iter().copied()
    }

    /// Goes on behind this event.
    pub(crate) fn advance(&mut self, publication: PublicationId) {
        self.recent.push_front(publication);
        self.recent.truncate(RECENT);
    }
}

impl fmt::Display for HistoryPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.epoch)?;
        self.recent.iter().try_for_each(|publication| write!(f, ".{publication}"))
    }
}

impl FromStr for HistoryPosition {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let mut numbers = text.split('.').map(|number| number.parse().map_err(|_| InvalidPosition));
        let epoch = numbers.next().ok_or(InvalidPosition)?;
        let epoch = EpochId::new(epoch?).ok_or(InvalidPosition)?;
        let recent: VecDeque<_> = numbers
            .map(|number| PublicationId::new(number?).ok_or(InvalidPosition))
            .collect::<Result<_, _>>()?;
        if recent.len() > RECENT { Err(InvalidPosition) } else { Ok(Self { epoch, recent }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_has_the_last_events_and_is_read_as_it_is_written() {
        let mut position = HistoryPosition::beginning(EpochId::new(7).unwrap());
        assert_eq!((position.publication(), position.to_string()), (None, "7".to_owned()));
        for number in 1..=10 {
            position.advance(PublicationId::new(number).unwrap());
        }
        assert_eq!(position.to_string(), "7.10.9.8.7.6.5.4.3");
        assert_eq!(position.to_string().parse(), Ok(position));
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for text in
            ["", ".", "7.", "7.x", "x", "0", "7.0", "-1", "7..8", "9007199254740993", "7.1.2.3.4.5.6.7.8.9"]
        {
            assert_eq!(text.parse::<HistoryPosition>(), Err(InvalidPosition), "{text}");
        }
    }
}
