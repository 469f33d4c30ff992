//! Whole numbers within a range, and booleans.

use crate::node::Value;
use crate::reading::{NodeRef, Reading, Setting};
use crate::shape::Shape;

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Number<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Number<MIN, MAX> {
    /// The number, moved into the range if it lies outside.
    pub const fn new(number: u64) -> Self {
        Self(if number < MIN {
            MIN
        } else if number > MAX {
            MAX
        } else {
            number
        })
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number, as the library counts; all that fits where it does not.
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The number in 32 bits; all that fits where it does not.
    pub fn small(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}

impl<const MIN: u64, const MAX: u64> From<usize> for Number<MIN, MAX> {
    fn from(number: usize) -> Self {
        Self::new(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

impl<const MIN: u64, const MAX: u64> Setting for Number<MIN, MAX> {
    fn shape() -> Shape {
        Shape::Integer { min: MIN, max: MAX }
    }

    fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let Value::Integer(number) = node.0.value else {
            return reading.wrong_type(node, &Self::shape());
        };
        match u64::try_from(number) {
            Ok(number) if (MIN..=MAX).contains(&number) => Some(Self(number)),
            _ => reading.wrong_value(node, format!("expected {}, found {number}", Self::shape().words())),
        }
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}

impl Setting for bool {
    fn shape() -> Shape {
        Shape::Boolean
    }

    fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        match node.0.value {
            Value::Boolean(whether) => Some(whether),
            _ => reading.wrong_type(node, &Self::shape()),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}
