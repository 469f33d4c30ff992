//! Durations on the command line, in the form that they have in configurations: `500ms`, `2s`, `1m 30s`.

use serverwamp_config::values::Time;
use std::str::FromStr;
use std::time::Duration;

/// A duration above zero and of a year at the most.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Span(pub(crate) Duration);

const YEAR: Duration = Duration::from_secs(365 * 86_400);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match duration(text)? {
            time if time.is_zero() || time > YEAR => {
                Err("expected more than 0, and a year at the most".to_owned())
            }
            time => Ok(Self(time)),
        }
    }
}

/// The duration that a text stands for.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if let Some(time) = Time::parse(text) {
        return Ok(time.get());
    }
    let number = text.trim();
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("a time needs a unit: {number}s is {number} seconds, {number}ms milliseconds"));
    }
    Err("expected whole numbers with ms, s, m, h or d, such as 500ms, 2s or 1m 30s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_needs_a_unit() {
        for (text, millis) in [
            ("500ms", 500),
            ("2s", 2000),
            ("1m 30s", 90_000),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("365d", 31_536_000_000),
        ] {
            assert_eq!(text.parse(), Ok(Span(Duration::from_millis(millis))), "{text}");
        }
        for wrong in ["", "s", "-1s", "1.5m", "1e9h", "infs", "1w", "99999999999999999999d"] {
            let said = wrong.parse::<Span>().unwrap_err();
            assert_eq!(
                said, "expected whole numbers with ms, s, m, h or d, such as 500ms, 2s or 1m 30s",
                "{wrong}"
            );
        }
        let said = "5".parse::<Span>().unwrap_err();
        assert_eq!(said, "a time needs a unit: 5s is 5 seconds, 5ms milliseconds");
        for wrong in ["0s", "366d"] {
            assert_eq!(wrong.parse::<Span>().unwrap_err(), "expected more than 0, and a year at the most");
        }
    }
}
