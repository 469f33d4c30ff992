//! Durations on the command line: `500ms`, `2s`, `1.5m`.

use std::str::FromStr;
use std::time::Duration;

/// A duration above zero and of a year at the most.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Span(pub(crate) Duration);

const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
const YEAR: f64 = 365.0 * 86_400.0;

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = &text[digits.len()..];
        let Some((_, seconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err("expected a number and a unit, such as 500ms, 2s, 1.5m or 1h".to_owned());
        };
        let number: f64 =
            digits.parse().map_err(|_| format!("{digits:?} is no number: write 2s or 500ms"))?;
        let total = number * seconds;
        if !(total > 0.0 && total <= YEAR) {
            return Err("expected more than 0, and a year at the most".to_owned());
        }
        Ok(Self(Duration::from_secs_f64(total)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_needs_a_unit() {
        for (text, millis) in [("500ms", 500), ("2s", 2000), ("1.5m", 90_000), ("1h", 3_600_000)] {
            assert_eq!(text.parse(), Ok(Span(Duration::from_millis(millis))), "{text}");
        }
        for wrong in ["", "5", "s", "-1s", "0s", "1e9h", "infs", "1d", "1 s"] {
            wrong.parse::<Span>().unwrap_err();
        }
    }
}
