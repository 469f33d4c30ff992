//! The demo's procedures: arguments, progress, cancellation, errors, each in its plainest form.

use serde::Deserialize;
use serverwamp::extract::Params;
use serverwamp::{Progress, RouteSet, WampError};
use std::time::Duration;

/// The longest countdown, so that nobody starts one for ever.
const LONGEST_COUNTDOWN: u64 = 1000;
/// The longest pause in a countdown, in milliseconds.
const LONGEST_INTERVAL: u64 = 60_000;
/// The longest time `demo.slow` takes, in seconds.
const LONGEST_SLOW: f64 = 3600.0;

pub(crate) fn routes() -> RouteSet {
    RouteSet::new()
        .procedure("demo.add", add)
        .procedure("demo.countdown", countdown)
        .procedure("demo.slow", slow)
        .procedure("demo.fail", fail)
}

#[derive(Deserialize)]
struct Add {
    a: i64,
    b: i64,
}

/// `[2, 3]`, `{"a": 2, "b": 3}` and `[2], {"b": 3}` all give 5.
async fn add(Params(Add { a, b }): Params<Add>) -> Result<i64, WampError> {
    a.checked_add(b).ok_or_else(|| WampError::invalid_argument("the sum does not fit into 64 bits"))
}

#[derive(Deserialize)]
struct Countdown {
    #[serde(default = "three")]
    from: u64,
    #[serde(default = "one_second")]
    interval_ms: u64,
}

fn three() -> u64 {
    3
}

fn one_second() -> u64 {
    1000
}

/// Counts down in progressive results, and ends with `"liftoff"`.
async fn countdown(
    Params(Countdown { from, interval_ms }): Params<Countdown>,
    progress: Progress,
) -> Result<&'static str, WampError> {
    at_most("from", from, LONGEST_COUNTDOWN)?;
    at_most("interval_ms", interval_ms, LONGEST_INTERVAL)?;
    for number in (1..=from).rev() {
        progress.send(number).await?;
        tokio::time::sleep(Duration::from_millis(interval_ms)).await;
    }
    Ok("liftoff")
}

fn at_most(name: &str, given: u64, most: u64) -> Result<(), WampError> {
    if given <= most {
        return Ok(());
    }
    Err(WampError::invalid_argument(format!(
        "argument `{name}`: expected a number from 0 to {most}, got {given}"
    )))
}

#[derive(Deserialize)]
struct Slow {
    #[serde(default = "ten")]
    seconds: f64,
}

fn ten() -> f64 {
    10.0
}

/// Takes its time; a caller that cancels does not have to wait for it.
async fn slow(Params(Slow { seconds }): Params<Slow>) -> Result<&'static str, WampError> {
    if !(0.0..=LONGEST_SLOW).contains(&seconds) {
        let text = format!("argument `seconds`: expected a number from 0 to {LONGEST_SLOW}, got {seconds}");
        return Err(WampError::invalid_argument(text));
    }
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    Ok("done")
}

#[derive(Deserialize)]
struct Fail {
    #[serde(default)]
    kind: Kind,
}

/// A word that is neither is answered with `wamp.error.invalid_argument`, which names both.
#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Error,
    Panic,
}

/// Fails, either with an error of its own or with a bug.
async fn fail(Params(Fail { kind }): Params<Fail>) -> Result<(), WampError> {
    match kind {
        Kind::Error => Err(WampError::new("demo.error.failed")
            .arg("this procedure always fails")
            .kwarg("hint", "call it with \"panic\" to see what a bug in a handler looks like")),
        Kind::Panic => panic!("demo.fail was asked to panic"),
    }
}
