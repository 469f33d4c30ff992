//! The numbers in the tree, and what was counted beside them.

use super::profile::Counted;
use crate::Failure;
use std::fmt::Write as _;
use std::path::Path;

/// The part by which instructions may grow.
const TOLERANCE: f64 = 0.05;

/// The amount by which atomic operations and allocations of one operation may grow: less than one of them, more than runs differ by.
/// How many connections a server finds ready at once depends on what else the machine does, and with it the share of a wake.
const SOME: f64 = 0.5;

const HEADING: &str = "\
# What the server executes for each operation, built with the profile `measured`; docs/performance.md says how it is counted. Written by
#     cargo run --profile measured -p serverwamp-bench -- counts --accept
# operation: instructions, atomic operations, allocations
";

/// What was counted when somebody last looked.
#[derive(Debug)]
pub(super) struct Expected(Vec<(String, Counted)>);

impl Expected {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}; `counts --accept` writes it", path.display()))?;
        Self::parse(&text)
            .ok_or_else(|| format!("{} is damaged; `counts --accept` writes it anew", path.display()).into())
    }

    fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let read = |line: &str| {
            let (name, numbers) = line.split_once(':')?;
            let numbers: Result<Vec<f64>, _> =
                numbers.split(',').map(|number| number.trim().parse()).collect();
            let [instructions, atomics, allocations] = numbers.ok()?[..] else { return None };
            Some((name.to_owned(), Counted { instructions, atomics, allocations }))
        };
        lines.map(read).collect::<Option<_>>().map(Self)
    }

    /// Returns whether an operation takes more than is expected of it; not if nothing is.
    pub(super) fn is_exceeded_by(&self, name: &str, now: &Counted) -> bool {
        self.0.iter().any(|(expected, before)| expected == name && !excess(name, now, before).is_empty())
    }

    /// Prints all numbers side by side, and says which have grown by too much; if `whole`, also which are not there.
    pub(super) fn compare(&self, counted: &[(String, Counted)], whole: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        println!(
            "{:<20} {:>12} {:>9} {:>8} {:>9} {:>9} {:>11} {:>9}",
            "operation", "instructions", "expected", "", "atomics", "expected", "allocations", "expected"
        );
        for (name, now) in counted {
            let Some((_, before)) = self.0.iter().find(|(expected, _)| expected == name) else {
                wrong.push(format!(
                    "nothing is expected of {name}, which takes {:.0} instructions",
                    now.instructions
                ));
                continue;
            };
            let change = now.instructions / before.instructions - 1.0;
            println!(
                "{name:<20} {:>12.1} {:>9.1} {:>+7.1}% {:>9.2} {:>9.2} {:>11.2} {:>9.2}",
                now.instructions,
                before.instructions,
                change * 100.0,
                now.atomics,
                before.atomics,
                now.allocations,
                before.allocations,
            );
            wrong.extend(excess(name, now, before));
        }
        let is_counted = |name: &String| counted.iter().any(|(other, _)| other == name);
        let missing = self.0.iter().map(|(name, _)| name).filter(|name| whole && !is_counted(name));
        wrong.extend(missing.map(|name| format!("{name} is expected and not counted")));
        wrong
    }
}

/// What has grown by too much.
fn excess(name: &str, now: &Counted, before: &Counted) -> Vec<String> {
    let mut excess = Vec::new();
    let change = now.instructions / before.instructions - 1.0;
    if change > TOLERANCE {
        excess.push(format!(
            "{name} takes {:.0} instructions, {:.1} % more than {:.0}",
            now.instructions,
            change * 100.0,
            before.instructions
        ));
    }
    for (what, now, before) in [
        ("atomic operations", now.atomics, before.atomics),
        ("allocations", now.allocations, before.allocations),
    ] {
        if now > before + SOME {
            excess.push(format!("{name} takes {now:.2} {what}, more than {before:.2}"));
        }
    }
    excess
}

/// The file of numbers.
pub(super) fn write(counted: &[(String, Counted)]) -> String {
    let mut text = HEADING.to_owned();
    for (name, Counted { instructions, atomics, allocations }) in counted {
        // A string takes everything.
        let _ = writeln!(text, "{name}: {instructions:.1}, {atomics:.2}, {allocations:.2}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(instructions: f64, atomics: f64, allocations: f64) -> Vec<(String, Counted)> {
        vec![("call".to_owned(), Counted { instructions, atomics, allocations })]
    }

    #[test]
    fn what_grows_is_named_and_what_shrinks_is_not() {
        let expected = Expected::parse(&write(&counted(1000.0, 4.0, 0.0))).unwrap();
        assert!(expected.compare(&counted(1049.0, 4.1, 0.1), true).is_empty());
        assert!(expected.compare(&counted(500.0, 2.0, 0.0), true).is_empty());
        assert!(!expected.is_exceeded_by("call", &counted(1049.0, 4.4, 0.4)[0].1));
        assert!(expected.is_exceeded_by("call", &counted(1051.0, 4.0, 0.0)[0].1));
        assert!(!expected.is_exceeded_by("another", &counted(1051.0, 4.0, 0.0)[0].1));
        for (more, what) in [
            (counted(1051.0, 4.0, 0.0), "call takes 1051 instructions, 5.1 % more than 1000"),
            (counted(1000.0, 5.0, 0.0), "call takes 5.00 atomic operations, more than 4.00"),
            (counted(1000.0, 4.0, 1.0), "call takes 1.00 allocations, more than 0.00"),
            (Vec::new(), "call is expected and not counted"),
        ] {
            assert_eq!(expected.compare(&more, true), [what]);
        }
        assert!(expected.compare(&[], false).is_empty());
        assert_eq!(Expected::parse("").unwrap().compare(&counted(7.0, 0.0, 0.0), true).len(), 1);
    }

    #[test]
    fn a_damaged_file_is_noticed() {
        for damaged in ["call 1, 2, 3", "call: 1, 2", "call: 1, 2, x", "call: 1, 2, 3, 4"] {
            assert!(Expected::parse(damaged).is_none(), "{damaged}");
        }
    }
}
