//! The screen: a head with the numbers of the realm, and sessions in columns.

use super::sample::{Sample, SessionSample, View};
use crate::shell::admin::answers::{counted, cut};
use crate::shell::output::visible_on_a_line;

/// What keys do.
const KEYS: &str = "s order   / filter   p pause   q end";

/// The names of the columns. What is looked for first stands where narrow screens have it too.
const HEADING: [&str; 9] = ["SESSION", "IN/s", "OUT/s", "QUEUE", "CALLS", "AUTHID", "ROLE", "FROM", "AGENT"];

/// Draws a sample on a screen of so many columns and rows.
pub(super) fn draw(
    sample: &Sample,
    view: &View,
    realm: &str,
    (columns, rows): (usize, usize),
    colours: bool,
) -> Vec<String> {
    let sessions = view.sessions(sample);
    let (bold, plain) = if colours { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let mut lines = head(sample, realm, columns);
    lines.push(cut(&status(sample, view, sessions.len(), columns), columns));
    lines.push(format!("{bold}{}{plain}", cut(&in_columns(HEADING), columns)));
    let room = rows.saturating_sub(lines.len());
    let above = view.above.min(sessions.len().saturating_sub(room));
    for session in sessions.iter().skip(above).take(room) {
        let line = cut(&row(session), columns);
        lines.push(if session.slow { format!("{bold}{line}{plain}") } else { line });
    }
    lines.truncate(rows);
    lines
}

fn head(sample: &Sample, realm: &str, columns: usize) -> Vec<String> {
    let numbers = &sample.realm;
    let [calls, failed, events, received, sent] = numbers.rates;
    let lines = [
        format!(
            "serverwamp {}  realm {}  {}",
            sample.version,
            visible_on_a_line(realm),
            counted(sample.connections, "connection")
        ),
        format!(
            "{}, {} slow, {} queued   {}   {}",
            counted(numbers.sessions, "session"),
            numbers.slow,
            bytes(as_float(numbers.queue_bytes)),
            counted(numbers.registrations, "registration"),
            counted(numbers.subscriptions, "subscription")
        ),
        format!(
            "calls {}/s, failed {}/s   events {}/s   in {}/s   out {}/s",
            rate(calls),
            rate(failed),
            rate(events),
            bytes(received),
            bytes(sent)
        ),
    ];
    lines.iter().map(|line| cut(line, columns)).collect()
}

fn status(sample: &Sample, view: &View, shown: usize, columns: usize) -> String {
    let mut parts = vec![format!("by {}", view.sort.name())];
    if view.typing || !view.filter.is_empty() {
        let cursor = if view.typing { "_" } else { "" };
        parts.push(format!(
            "/{}{cursor} {shown} of {}",
            visible_on_a_line(&view.filter),
            sample.sessions.len()
        ));
    }
    if sample.more {
        parts.push(format!("the first {} sessions by id", sample.sessions.len()));
    }
    if view.paused {
        parts.push("paused".to_owned());
    }
    let said = parts.join("   ");
    // What keys do is said where there is room for it.
    let room = columns.saturating_sub(said.chars().count() + KEYS.len());
    if room > 2 && !view.typing { format!("{said}{:room$}{KEYS}", "") } else { said }
}

fn row(session: &SessionSample) -> String {
    let [received, sent] = session.rates.map(bytes);
    let (queued, calls) = (bytes(as_float(session.queue_bytes)), session.calls.to_string());
    let (authid, role, from) =
        (cut(&session.authid, 16), cut(&session.authrole, 12), cut(&session.address, 21));
    let id = session.id.to_string();
    in_columns([&id, &received, &sent, &queued, &calls, &authid, &role, &from, &session.agent])
}

fn in_columns([id, received, sent, queued, calls, authid, role, from, agent]: [&str; 9]) -> String {
    format!(
        "{id:<16}  {received:>7}  {sent:>7}  {queued:>7}  {calls:>5}  {authid:<16}  {role:<12}  {from:<21}  {agent}"
    )
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with three digits")]
const fn as_float(number: u64) -> f64 {
    number as f64
}

/// Three digits and a unit: `12.3k`.
fn rate(number: f64) -> String {
    scaled(number, 1000.0, &["", "k", "M", "G"])
}

fn bytes(number: f64) -> String {
    scaled(number, 1024.0, &["B", "KiB", "MiB", "GiB"])
}

fn scaled(mut number: f64, step: f64, units: &[&str]) -> String {
    let mut unit = 0;
    while number >= step && unit + 1 < units.len() {
        number /= step;
        unit += 1;
    }
    if unit == 0 || number >= 100.0 {
        format!("{number:.0}{}", units[unit])
    } else {
        format!("{number:.1}{}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_as_large_as_the_terminal_and_no_larger() {
        let sample = Sample::empty();
        for size in [(0, 0), (1, 1), (20, 3), (80, 24), (200, 60)] {
            for view in [View::default(), View { typing: true, filter: "x".repeat(300), ..View::default() }] {
                let lines = draw(&sample, &view, "realm1", size, false);
                assert!(lines.len() <= size.1, "{size:?}");
                assert!(lines.iter().all(|line| line.chars().count() <= size.0), "{size:?} {lines:?}");
            }
        }
        let lines = draw(&sample, &View::default(), "realm1", (80, 24), false);
        assert!(lines[3].starts_with("by traffic ") && lines[3].ends_with("q end"), "{lines:?}");
    }

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        for (number, expected) in
            [(0.0, "0"), (999.0, "999"), (1500.0, "1.5k"), (123_456.0, "123k"), (2_500_000.0, "2.5M")]
        {
            assert_eq!(rate(number), expected);
        }
        assert_eq!(bytes(1536.0), "1.5KiB");
        assert_eq!(bytes(17.0), "17B");
    }
}
