//! What goes both ways: it may, where both routers keep `forward_for`, which is found out in each session.

use super::ends::{Ends, Side};
use super::pattern::LinkPattern;
use super::place::PROCEDURE;
use super::probe::{self, Found};
use super::{LinkOptions, shown};
use crate::failure::Failure;
use serverwamp::client::ConnectionState;
use serverwamp::{SessionId, WampError, uris};
use std::fmt;
use std::time::Duration;

/// The time after which a lost connection shows in the state of a client.
const SETTLED: Duration = Duration::from_millis(300);

/// The errors of whoever should have answered and did not, this time.
const PASSING: [&str; 6] = [
    uris::error::CANCELED,
    uris::error::NETWORK_FAILURE,
    uris::error::NO_AVAILABLE_CALLEE,
    uris::error::NO_SUCH_PROCEDURE,
    uris::error::TIMEOUT,
    uris::error::UNAVAILABLE,
];

/// Calls or events.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Traffic {
    Calls,
    Events,
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Calls => "calls",
            Self::Events => "events",
        })
    }
}

/// Two patterns that have URIs in common, of which one goes to the right and one to the left.
#[derive(Debug)]
pub(super) struct BothWays {
    traffic: Traffic,
    right: LinkPattern,
    left: LinkPattern,
}

impl BothWays {
    /// All of them.
    pub(super) fn of(options: &LinkOptions) -> Vec<Self> {
        let mut found = Vec::new();
        for (traffic, rights, lefts) in [
            (Traffic::Calls, &options.calls_right, &options.calls_left),
            (Traffic::Events, &options.events_right, &options.events_left),
        ] {
            for right in rights {
                let overlapping = lefts.iter().filter(|left| right.overlaps(left));
                found.extend(overlapping.map(|left| Self {
                    traffic,
                    right: right.clone(),
                    left: left.clone(),
                }));
            }
        }
        found
    }

    /// Why these cannot be, because of one side.
    fn refused(&self, side: Side, why: fmt::Arguments<'_>) -> Failure {
        let Self { traffic, right, left } = self;
        Failure::usage(format!(
            "{traffic} of the same URIs would go both ways, and round and round: --{traffic}-right {right} and --{traffic}-left {left}\n  {side} {why}"
        ))
    }

    async fn check(&self, ends: &Ends, side: Side) -> Result<(), Refusal> {
        let pattern = match side {
            Side::Left => &self.right,
            Side::Right => &self.left,
        };
        let found = match self.traffic {
            Traffic::Calls => probe::calls(ends, side, pattern).await,
            Traffic::Events => probe::events(ends, side, pattern).await,
        };
        let why = "does not keep forward_for, which says where they have been; Crossbar.io does if the permission for them discloses";
        match found {
            Found::Kept => Ok(()),
            Found::Dropped => {
                Err(Refusal { failure: self.refused(side, format_args!("{why}")), may_pass: false })
            }
            Found::Failed(error) => {
                let why = "does not let this link look whether it keeps forward_for";
                let failure = self.refused(side, format_args!("{why}: {}", shown(&error.to_string())));
                Err(Refusal { failure, may_pass: may_pass(&error) })
            }
        }
    }
}

/// What the check of a session has come to.
pub(super) enum Outcome {
    Checked,
    /// The session ended meanwhile: another one is checked then.
    Gone,
    Refused(Refusal),
}

/// Why something would go round and round.
pub(super) struct Refusal {
    pub(super) failure: Failure,
    /// It may be otherwise later: somebody did not answer, such as this link's own former session, which its router has not missed
    /// yet.
    pub(super) may_pass: bool,
}

/// Agrees with other links on what the place is called, and looks whether what goes both ways keeps `forward_for`, in this session
/// of one side.
pub(super) async fn check(
    ends: &Ends,
    both: &[BothWays],
    (side, session): (Side, SessionId),
    unserved: Option<&WampError>,
) -> Outcome {
    let Err(refusal) = find(ends, both, side, unserved).await else {
        ends.set_checked(side, session);
        return Outcome::Checked;
    };
    // The loss of a connection is known to who waits for an answer before it is a state.
    tokio::time::sleep(SETTLED).await;
    if is_present(ends, side, session) { Outcome::Refused(refusal) } else { Outcome::Gone }
}

async fn find(
    ends: &Ends,
    both: &[BothWays],
    side: Side,
    unserved: Option<&WampError>,
) -> Result<(), Refusal> {
    let end = ends.end(side);
    let agreed = end.place.agree(&end.client).await;
    if let (Err(error), Some(first)) = (agreed, both.first()) {
        let error = unserved.unwrap_or(&error);
        let why = format!("does not let links meet at {PROCEDURE}: {}", shown(&error.to_string()));
        let failure = first.refused(side, format_args!("{why}"));
        return Err(Refusal { failure, may_pass: may_pass(error) });
    }
    for pair in both {
        pair.check(ends, side).await?;
    }
    Ok(())
}

fn may_pass(error: &WampError) -> bool {
    error.unanswered().is_some() || PASSING.contains(&error.uri())
}

fn is_present(ends: &Ends, side: Side, session: SessionId) -> bool {
    matches!(ends.at(side).state(), ConnectionState::Connected { session: present, .. } if present == session)
}
