//! Numbers of bytes.

use crate::node::Value;
use crate::reading::{NodeRef, Reading, Setting};
use crate::shape::Shape;

/// What an editor lets pass.
pub(crate) const BYTES_PATTERN: &str = "^[0-9]+ ?(B|kB|KiB|MB|MiB|GB|GiB)$";

/// The units, and the bytes of each. Those that are written are powers of 1024; the others are read.
const UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
    ("B", 1),
];

/// A number of bytes, `65536` or `"64 KiB"`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bytes(u64);

impl Bytes {
    /// So many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number, as the library counts; all that fits where it does not.
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    fn parse(text: &str) -> Option<Self> {
        let (unit, size) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(*size).map(Self)
    }
}

impl From<usize> for Bytes {
    fn from(bytes: usize) -> Self {
        Self(u64::try_from(bytes).unwrap_or(u64::MAX))
    }
}

impl Setting for Bytes {
    fn shape() -> Shape {
        Shape::Bytes
    }

    fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        match &node.0.value {
            Value::Integer(number) => match u64::try_from(*number) {
                Ok(number) => Some(Self(number)),
                Err(_) => reading.wrong_value(node, format!("expected a number of bytes, found {number}")),
            },
            Value::Text(text) => match Self::parse(text) {
                Some(bytes) => Some(bytes),
                None => reading.wrong_value(
                    node,
                    format!(
                        "{text:?} is not a number of bytes: write a whole one with B, kB, KiB, MB, MiB, GB or GiB, such as \"64 KiB\""
                    ),
                ),
            },
            _ => reading.wrong_type(node, &Self::shape()),
        }
    }

    fn show(&self) -> String {
        let written = UNITS.iter().filter(|(unit, _)| unit.ends_with("iB"));
        let fits = |(_, size): &&(&str, u64)| self.0 >= *size && self.0.is_multiple_of(*size);
        match written.clone().find(fits) {
            Some((unit, size)) => format!("\"{} {unit}\"", self.0 / size),
            None => self.0.to_string(),
        }
    }
}
