//! What a link says of its two sides, on the standard error.

use super::both_ways::{self, BothWays, Outcome};
use super::ends::{Ends, Side};
use crate::failure::Failure;
use crate::shell::clock::time_of_day;
use crate::shell::output::visible;
use serverwamp::client::ConnectionState;
use std::fmt;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One line about refusals in this time: events may be many.
const SELDOM: Duration = Duration::from_secs(1);

/// After this long a session is checked again in which somebody did not answer.
const AGAIN: Duration = Duration::from_secs(2);

/// Writes a line with the time of day.
pub(super) fn say(text: fmt::Arguments<'_>) {
    // Nobody who reads it is no reason to stop.
    drop(writeln!(std::io::stderr(), "{} {}", time_of_day(), visible(&text.to_string())));
}

/// Writes a line unless one like it was written just before; counts those that are left out.
pub(super) fn say_seldom(text: &str) {
    static LAST: Mutex<(Option<Instant>, u64)> = Mutex::new((None, 0));
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let (at, left_out) = &mut *last;
    if at.is_some_and(|at| at.elapsed() < SELDOM) {
        *left_out += 1;
        return;
    }
    let more = std::mem::take(left_out);
    *at = Some(Instant::now());
    drop(last);
    match more {
        0 => say(format_args!("{text}")),
        more => say(format_args!("{text} ({more} such lines were left out)")),
    }
}

/// Tells each change of a side's connection and checks each session, until no session follows or something would go round and
/// round.
pub(super) async fn until_gone(ends: &Ends, side: Side, both: &[BothWays]) -> Failure {
    let client = ends.at(side);
    let mut states = client.states();
    let mut was_away = false;
    while let Some(state) = states.next().await {
        match state {
            ConnectionState::Connected { session, .. } if !ends.was_checked(side, session) => {
                match both_ways::check(ends, both, (side, session), None).await {
                    Outcome::Checked if was_away => {
                        was_away = false;
                        say(format_args!("{side}: connected again"));
                    }
                    Outcome::Checked | Outcome::Gone => {}
                    Outcome::Refused(refusal) if refusal.may_pass => {
                        say_seldom(&format!("{side}: nothing goes both ways yet: {}", refusal.failure));
                        tokio::time::sleep(AGAIN).await;
                        states = client.states();
                    }
                    Outcome::Refused(refusal) => return refusal.failure,
                }
            }
            ConnectionState::Waiting { cause, .. } if !was_away => {
                was_away = true;
                say(format_args!("{side}: away: {cause}"));
            }
            ConnectionState::Ended(_) => break,
            _ => {}
        }
    }
    Failure::Connection(format!("{side}: {}", super::super::subscribe::end_of(client).await))
}
