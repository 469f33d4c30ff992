//! Times.

use crate::node::Value;
use crate::reading::{NodeRef, Reading, Setting};
use crate::shape::Shape;
use std::time::Duration;

/// What an editor lets pass.
pub(crate) const DURATION_PATTERN: &str = "^([0-9]+ ?(ms|s|m|h|d) ?)+$";

/// The units, the longest first, and the milliseconds of each.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// A time, `"250ms"`, `"20s"` or `"1h 30m"`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Time(Duration);

impl Time {
    /// The time.
    pub const fn get(self) -> Duration {
        self.0
    }

    /// The time that a text stands for: whole numbers with `ms`, `s`, `m`, `h` or `d`, added up. `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let mut all: u64 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
            let (number, behind) = rest.split_at(digits);
            let letters = behind.trim_start();
            let end = letters.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(letters.len());
            let (unit, behind) = letters.split_at(end);
            let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
            all = all.checked_add(number.parse::<u64>().ok()?.checked_mul(*size)?)?;
            rest = behind.trim_start();
        }
        (!text.trim().is_empty()).then_some(Self(Duration::from_millis(all)))
    }
}

impl From<Duration> for Time {
    fn from(time: Duration) -> Self {
        Self(time)
    }
}

impl Setting for Time {
    fn shape() -> Shape {
        Shape::Duration
    }

    fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        match &node.0.value {
            Value::Text(text) => match Self::parse(text) {
                Some(time) => Some(time),
                None => reading.wrong_value(
                    node,
                    format!(
                        "{text:?} is not a time: write numbers with ms, s, m, h or d, such as \"1m 30s\""
                    ),
                ),
            },
            Value::Integer(number) if *number < 0 => {
                reading.wrong_value(node, format!("expected a time, such as \"1m 30s\", found {number}"))
            }
            Value::Integer(number) => reading.wrong_value(
                node,
                format!(
                    "a time needs a unit: \"{number}s\" is {number} seconds, \"{number}ms\" milliseconds"
                ),
            ),
            _ => reading.wrong_type(node, &Self::shape()),
        }
    }

    fn show(&self) -> String {
        let mut left = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let mut parts = Vec::new();
        for (unit, size) in UNITS {
            if left >= size {
                parts.push(format!("{}{unit}", left / size));
                left %= size;
            }
        }
        if parts.is_empty() { "\"0s\"".to_owned() } else { format!("\"{}\"", parts.join(" ")) }
    }
}
