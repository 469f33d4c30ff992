//! The screen: a head with the numbers of the realm, and sessions or URIs in columns.

use super::sample::{Sample, SessionSample, View};
use super::uris::{UriSample, Uris};
use crate::shell::admin::answers::{counted, cut};
use crate::shell::output::visible_on_a_line;

/// What keys do.
const KEYS: &str = "u URIs   s order   / filter   p pause   q end";

/// The same where URIs are looked at.
const URI_KEYS: &str = "u sessions   s order   / filter   p pause   q end";

/// The names of the columns. What is looked for first stands where narrow screens have it too.
const HEADING: [&str; 9] = ["SESSION", "IN/s", "OUT/s", "QUEUE", "CALLS", "AUTHID", "ROLE", "FROM", "AGENT"];

/// The names of the columns of URIs.
const URI_HEADING: [&str; 8] = ["", "/s", "FAILED/s", "IN FLIGHT", "P50", "P99", "EVENTS/s", "URI"];

/// Draws a sample on a screen of so many columns and rows.
pub(super) fn draw(
    sample: &Sample,
    uris: &Uris,
    view: &View,
    realm: &str,
    (columns, rows): (usize, usize),
    colours: bool,
) -> Vec<String> {
    let (bold, plain) = if colours { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let (heading, table) = match view.of_uris {
        true => (uri_in_columns(URI_HEADING), uri_rows(uris, view)),
        false => (in_columns(HEADING), session_rows(sample, view)),
    };
    let mut lines = head(sample, realm, columns);
    lines.push(cut(&status(sample, uris, view, table.len(), columns), columns));
    lines.push(format!("{bold}{}{plain}", cut(&heading, columns)));
    let room = rows.saturating_sub(lines.len());
    let above = view.above.min(table.len().saturating_sub(room));
    for (line, stands_out) in table.into_iter().skip(above).take(room) {
        let line = cut(&line, columns);
        lines.push(if stands_out { format!("{bold}{line}{plain}") } else { line });
    }
    lines.truncate(rows);
    lines
}

/// The sessions that are looked at; those that are slow stand out.
fn session_rows(sample: &Sample, view: &View) -> Vec<(String, bool)> {
    view.sessions(sample).into_iter().map(|session| (row(session), session.slow)).collect()
}

/// The URIs that are looked at; those with failures stand out.
fn uri_rows(uris: &Uris, view: &View) -> Vec<(String, bool)> {
    let looked_at = uris.looked_at(&view.filter, view.sort_uris);
    looked_at.into_iter().map(|uri| (uri_row(uri), uri.failed > 0.0)).collect()
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

fn status(sample: &Sample, uris: &Uris, view: &View, shown: usize, columns: usize) -> String {
    let (order, all, keys) = match view.of_uris {
        true => (view.sort_uris.name(), uris.rows.len(), URI_KEYS),
        false => (view.sort.name(), sample.sessions.len(), KEYS),
    };
    let mut parts = vec![format!("by {order}")];
    if view.typing || !view.filter.is_empty() {
        let cursor = if view.typing { "_" } else { "" };
        parts.push(format!("/{}{cursor} {shown} of {all}", visible_on_a_line(&view.filter)));
    }
    if view.of_uris
        && let Some(trouble) = &uris.trouble
    {
        parts.push(visible_on_a_line(trouble));
    }
    if !view.of_uris && sample.more {
        parts.push(format!("the first {} sessions by id", sample.sessions.len()));
    }
    if view.paused {
        parts.push("paused".to_owned());
    }
    let said = parts.join("   ");
    // What keys do is said where there is room for it.
    let room = columns.saturating_sub(said.chars().count() + keys.len());
    if room > 2 && !view.typing { format!("{said}{:room$}{keys}", "") } else { said }
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

fn uri_row(uri: &UriSample) -> String {
    let time = |micros: Option<u64>| micros.map_or_else(|| "-".to_owned(), |micros| time(as_float(micros)));
    let (per_second, name) = (rate(uri.per_second), if uri.uri == "-" { "all others" } else { &uri.uri });
    if uri.topic {
        return uri_in_columns(["event", &per_second, "", "", "", "", &rate(uri.events), name]);
    }
    let (failed, in_flight) = (rate(uri.failed), uri.in_flight.to_string());
    uri_in_columns(["call", &per_second, &failed, &in_flight, &time(uri.p50), &time(uri.p99), "", name])
}

fn uri_in_columns([kind, per_second, failed, in_flight, p50, p99, events, uri]: [&str; 8]) -> String {
    format!("{kind:<5}  {per_second:>7}  {failed:>8}  {in_flight:>9}  {p50:>7}  {p99:>7}  {events:>8}  {uri}")
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

/// Microseconds, and larger units.
fn time(micros: f64) -> String {
    scaled(micros, 1000.0, &["µs", "ms", "s"])
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
            let typing = View { typing: true, filter: "x".repeat(300), ..View::default() };
            let of_uris = View { of_uris: true, ..View::default() };
            for view in [View::default(), typing, of_uris] {
                let lines = draw(&sample, &Uris::default(), &view, "realm1", size, false);
                assert!(lines.len() <= size.1, "{size:?}");
                assert!(lines.iter().all(|line| line.chars().count() <= size.0), "{size:?} {lines:?}");
            }
        }
        let lines = draw(&sample, &Uris::default(), &View::default(), "realm1", (96, 24), false);
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
        assert_eq!([17.0, 1_240.0, 2_500_000.0].map(time), ["17µs", "1.2ms", "2.5s"]);
    }
}
