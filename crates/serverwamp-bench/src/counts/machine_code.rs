//! Which instructions of a program are atomic operations, by their bytes in its file.
//!
//! Two kinds are: those with the prefix `lock`, and `xchg` with memory, which needs no prefix. Only for x86-64; programs of
//! another architecture are said to have none.

use crate::Failure;
use std::fs;
use std::path::Path;

/// The longest instruction of x86-64, in bytes.
const LONGEST: usize = 15;

/// The executable parts of an ELF file.
#[derive(Debug, Default)]
pub(super) struct MachineCode {
    bytes: Vec<u8>,
    /// Address, place in the file and length of each part.
    parts: Vec<[u64; 3]>,
}

impl MachineCode {
    /// Reads the file at `path`; one that is no 64-bit ELF file for x86-64, such as the code of the kernel that every process
    /// has, is empty.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        if !path.is_file() {
            return Ok(Self::default());
        }
        let bytes = fs::read(path)?;
        if !bytes.starts_with(b"\x7fELF\x02\x01") || number(&bytes, 18, 2) != Some(62) {
            return Ok(Self::default());
        }
        let read = || {
            let headers = number(&bytes, 32, 8)?;
            let (size, count) = (number(&bytes, 54, 2)?, number(&bytes, 56, 2)?);
            let mut parts = Vec::new();
            for header in (0..count).map(|index| headers + index * size) {
                let field = |at| number(&bytes, header + at, 8);
                // Loaded, and may be executed.
                if number(&bytes, header, 4)? == 1 && number(&bytes, header + 4, 4)? & 1 == 1 {
                    parts.push([field(16)?, field(8)?, field(32)?]);
                }
            }
            Some(parts)
        };
        let parts = read().ok_or_else(|| format!("{} is cut off", path.display()))?;
        Ok(Self { bytes, parts })
    }

    /// Whether the instruction at this address is an atomic operation.
    pub(super) fn is_atomic(&self, address: u64) -> bool {
        let part = self.parts.iter().find(|[start, _, length]| address.wrapping_sub(*start) < *length);
        let place = part.and_then(|[start, at, _]| usize::try_from(address - start + at).ok());
        place.and_then(|place| self.bytes.get(place..)).is_some_and(is_atomic)
    }
}

/// Whether the instruction at the beginning of `code` is an atomic operation.
fn is_atomic(code: &[u8]) -> bool {
    let code = &code[..code.len().min(LONGEST)];
    let is_prefix = |byte: &u8| {
        matches!(byte, 0x26 | 0x2e | 0x36 | 0x3e | 0x64 | 0x65 | 0x66 | 0x67 | 0xf0 | 0xf2 | 0xf3)
    };
    let prefixes = code.iter().take_while(|byte| is_prefix(byte)).count();
    let (prefixes, mut rest) = code.split_at(prefixes);
    if let [0x40..=0x4f, behind @ ..] = rest {
        rest = behind;
    }
    // The second byte says with what it exchanges: a register if both upper bits are set.
    prefixes.contains(&0xf0) || matches!(rest, [0x86 | 0x87, operands, ..] if operands >> 6 != 3)
}

/// The number in these bytes, the lowest first.
fn number(bytes: &[u8], at: u64, length: usize) -> Option<u64> {
    let at = usize::try_from(at).ok()?;
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_instructions_and_exchanges_with_memory_are_atomic() {
        for (code, atomic) in [
            (&b"\xf0\x83\x45\xf8\x01"[..], true), // lock addl $1, -8(%rbp)
            (b"\xf0\x48\xff\x08", true),          // lock decq (%rax)
            (b"\x66\xf0\x0f\xb1\x0e", true),      // lock cmpxchgw %cx, (%rsi)
            (b"\x87\x07", true),                  // xchgl %eax, (%rdi)
            (b"\x48\x87\x07", true),              // xchgq %rax, (%rdi)
            (b"\x86\x47\x10", true),              // xchgb %al, 16(%rdi)
            (b"\x48\x87\xc7", false),             // xchgq %rax, %rdi
            (b"\x83\x45\xf8\x01", false),         // addl $1, -8(%rbp)
            (b"\x0f\xb1\x0e", false),             // the same cmpxchg, where the prefix was jumped over
            (b"\x66\x90", false),                 // a nop
            (b"", false),
        ] {
            assert_eq!(is_atomic(code), atomic, "{code:x?}");
        }
    }

    #[test]
    fn this_program_has_code_and_something_else_has_none() {
        let own = MachineCode::read(&std::env::current_exe().unwrap()).unwrap();
        assert_eq!(own.parts.is_empty(), !cfg!(target_arch = "x86_64"));
        assert!(!own.is_atomic(u64::MAX), "an address outside");
        let text = MachineCode::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))).unwrap();
        assert!(text.parts.is_empty());
        assert!(MachineCode::read(Path::new("???")).unwrap().parts.is_empty());
    }
}
