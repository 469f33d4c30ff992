//! What a run under valgrind's `callgrind` executed, from the profile that it leaves.

use super::machine_code::MachineCode;
use crate::Failure;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

/// The functions of the system's allocator that give memory.
const ALLOCATING: [&str; 6] = ["malloc", "calloc", "realloc", "memalign", "posix_memalign", "aligned_alloc"];

/// What was executed, of everything in one run or, of two, for each operation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counted {
    pub(super) instructions: f64,
    /// Atomic operations, see [`MachineCode`].
    pub(super) atomics: f64,
    /// Calls of the system's allocator for memory, by our code and by what it calls.
    pub(super) allocations: f64,
}

impl Counted {
    /// What each of `operations` took by which `longer` exceeds this one.
    pub(super) fn each(self, longer: Self, operations: u64) -> Self {
        let each = |few: f64, many: f64| (many - few) / operations as f64;
        Self {
            instructions: each(self.instructions, longer.instructions),
            atomics: each(self.atomics, longer.atomics),
            allocations: each(self.allocations, longer.allocations),
        }
    }

    /// The least of two runs of the same.
    pub(super) fn least(self, other: Self) -> Self {
        Self {
            instructions: self.instructions.min(other.instructions),
            atomics: self.atomics.min(other.atomics),
            allocations: self.allocations.min(other.allocations),
        }
    }

    /// Reads the profile at `path`, made with `--dump-instr=yes --compress-pos=no`.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        Self::parse(&std::fs::read_to_string(path)?, MachineCode::read)
            .map_err(|failure| format!("{}: {failure}", path.display()).into())
    }

    /// Reads a profile; `code` finds what a file executes.
    fn parse(text: &str, code: impl Fn(&Path) -> Result<MachineCode, Failure>) -> Result<Self, Failure> {
        let mut counted = Self::default();
        let (mut objects, mut functions) = (Names::default(), Names::default());
        let mut files: HashMap<u64, MachineCode> = HashMap::new();
        let (mut object, mut function, mut called) = (0, 0, 0);
        let mut behind_call = false;
        for line in text.lines() {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            match key {
                "ob" => object = objects.read(value)?,
                "cob" => _ = objects.read(value)?,
                "fn" => function = functions.read(value)?,
                "cfn" => called = functions.read(value)?,
                "calls" => {
                    // Within the allocator one of its functions may call another.
                    if functions.is_one_of(called, &ALLOCATING) && !functions.is_one_of(function, &ALLOCATING)
                    {
                        let calls = value.split(' ').next().unwrap_or_default();
                        counted.allocations += calls.parse::<u64>()? as f64;
                    }
                    behind_call = true;
                }
                _ if line.starts_with("0x") => {
                    // Behind `calls` stands what was executed in the called function, which has lines of its own.
                    if std::mem::take(&mut behind_call) {
                        continue;
                    }
                    let mut fields = line[2..].split(' ');
                    let address = u64::from_str_radix(fields.next().unwrap_or_default(), 16)?;
                    let times = fields.nth(1).ok_or("an instruction without a count")?.parse::<u64>()? as f64;
                    counted.instructions += times;
                    let file = match files.entry(object) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(place) => place.insert(code(Path::new(objects.name(object)))?),
                    };
                    if file.is_atomic(address) {
                        counted.atomics += times;
                    }
                }
                _ => {}
            }
        }
        if counted.instructions == 0.0 {
            return Err("a profile without instructions".into());
        }
        Ok(counted)
    }
}

/// Names that stand in full where they are first mentioned, and are a number from there on.
#[derive(Default)]
struct Names(HashMap<u64, String>);

impl Names {
    /// The number in `(number) name` or `(number)`.
    fn read(&mut self, text: &str) -> Result<u64, Failure> {
        let (number, name) = text
            .strip_prefix('(')
            .and_then(|text| text.split_once(')'))
            .ok_or_else(|| format!("no name but {text:?}"))?;
        let number = number.parse()?;
        if !name.is_empty() {
            self.0.insert(number, name.trim_start().to_owned());
        }
        Ok(number)
    }

    fn name(&self, number: u64) -> &str {
        self.0.get(&number).map_or("", String::as_str)
    }

    fn is_one_of(&self, number: u64, names: &[&str]) -> bool {
        names.contains(&self.name(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "\
events: Ir
summary: 60

ob=(5) /tmp/t
fl=(139) ???
fn=(502) main
0x1060 0 1
0x1062 0 10
cob=(3) /lib/libc.so.6
cfi=(146) malloc.c
cfn=(544) malloc
calls=10 0x98930 3281
0x1062 0 40

ob=(3)
fl=(146)
fn=(544)
0x98930 3281 9
cfn=(545) calloc
calls=2 0x98940 3290
0x98930 3281 20

fn=(545)
0x98940 0 20
";

    #[test]
    fn instructions_and_calls_of_the_allocator_are_counted_once() {
        let counted = Counted::parse(PROFILE, |_| Ok(MachineCode::default())).unwrap();
        assert_eq!(counted, Counted { instructions: 40.0, atomics: 0.0, allocations: 10.0 });
        let none = Counted::default().each(counted, 10);
        assert_eq!((none.instructions, none.allocations), (4.0, 1.0));
        for damaged in ["", "fn=main\n", "fn=(1) main\n0x10 0\n", "fn=(1) main\n0xzz 0 1\n"] {
            assert!(Counted::parse(damaged, |_| Ok(MachineCode::default())).is_err(), "{damaged:?}");
        }
    }
}
