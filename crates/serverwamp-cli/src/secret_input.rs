//! Secrets that a person types, or that come from a file or the standard input.
//!
//! Invariant: no secret is part of the command line, which every user of the machine can read; none is shown on the terminal; and the
//! memory that it was read into is overwritten.

use crate::failure::Failure;
use clap::Args;
use serverwamp::auth::Secret;
use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The longest secret that is read.
const LONGEST: usize = 4096;

/// Where a secret comes from.
#[derive(Args, Clone, Debug)]
pub(crate) struct SecretSource {
    /// Read the secret from this file, without the line break at its end [default: asked for at a terminal, otherwise the
    /// standard input]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

/// Reads a secret.
pub(crate) fn read(source: &SecretSource) -> Result<Secret, Failure> {
    if let Some(path) = &source.secret_file {
        return of_file(path, "--secret-file");
    }
    if std::io::stdin().is_terminal() {
        return typed();
    }
    let name = "the standard input";
    input().map_err(|error| unreadable(name, &error)).and_then(|input| all_of(input, name))
}

/// Reads the secret in the file that this option names.
pub(crate) fn of_file(path: &Path, option: &str) -> Result<Secret, Failure> {
    let name = format!("{} ({option})", path.display());
    File::open(path).map_err(|error| unreadable(&name, &error)).and_then(|file| all_of(file, &name))
}

/// Asks for a secret that exists already, at the terminal, whatever the standard input is: `files` are the options that take its place.
#[cfg(unix)]
pub(crate) fn asked_once(prompt: &str, files: &str) -> Result<Secret, Failure> {
    let mut quiet = unix::QuietTerminal::of_process(files)?;
    let line = quiet.line(prompt)?;
    drop(quiet);
    checked(&line, "the terminal")
}

/// Returns whether a person is being asked for a secret.
pub(crate) fn is_asking() -> bool {
    #[cfg(unix)]
    return unix::is_asking();
    #[cfg(not(unix))]
    false
}

/// Lets the terminal show again what is typed, before the process ends without returning from a prompt.
pub(crate) fn give_terminal_back() {
    #[cfg(unix)]
    unix::give_back();
}

#[cfg(not(unix))]
pub(crate) fn asked_once(_: &str, files: &str) -> Result<Secret, Failure> {
    Err(Failure::usage(format!("this terminal would show the secret: write {files}")))
}

/// Reads a key of 32 bytes in hex from the file that this option names; `None` if it holds something else.
pub(crate) fn key_of_file(path: &Path, option: &str) -> Result<Option<Zeroizing<[u8; 32]>>, Failure> {
    let name = format!("{} ({option})", path.display());
    let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
    Ok(hex_32(without_line_break(&whole(file, &name)?)))
}

fn hex_32(digits: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    let half = |digit: u8| char::from(digit).to_digit(16).and_then(|half| u8::try_from(half).ok());
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = half(*high)? << 4 | half(*low)?;
    }
    Some(bytes)
}

/// Everything in a file but one line break at its end.
fn all_of(input: impl Read, name: &str) -> Result<Secret, Failure> {
    checked(without_line_break(&whole(input, name)?), name)
}

fn whole(input: impl Read, name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 3));
    input.take(LONGEST as u64 + 3).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    Ok(bytes)
}

fn without_line_break(bytes: &[u8]) -> &[u8] {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn unreadable(name: &str, error: &std::io::Error) -> Failure {
    Failure::runtime(format!("no secret can be read from {name}: {error}"))
}

fn checked(secret: &[u8], name: &str) -> Result<Secret, Failure> {
    match secret.len() {
        0 => Err(Failure::runtime(format!("the secret from {name} is empty"))),
        1..=LONGEST => Ok(Secret::new(secret)),
        _ => Err(Failure::runtime(format!("the secret from {name} has more than {LONGEST} bytes"))),
    }
}

/// The standard input without the buffer that the standard library keeps.
#[cfg(unix)]
fn input() -> std::io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(std::io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn input() -> std::io::Result<std::io::Stdin> {
    Ok(std::io::stdin())
}

#[cfg(not(unix))]
fn typed() -> Result<Secret, Failure> {
    Err(Failure::usage("this terminal would show the secret: write --secret-file FILE"))
}

/// Asks twice, and shows nothing of what is typed.
#[cfg(unix)]
fn typed() -> Result<Secret, Failure> {
    let mut quiet = unix::QuietTerminal::new()?;
    let first = quiet.line("Secret: ")?;
    let second = quiet.line("Once more: ")?;
    drop(quiet);
    let first = checked(&first, "the terminal")?;
    match first.matches(&**second) {
        true => Ok(first),
        false => Err(Failure::runtime("the two secrets differ")),
    }
}

#[cfg(unix)]
mod unix {
    //! The terminal while a secret is typed.

    use super::{Failure, File, LONGEST, Zeroizing, input};
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
    use std::io::{Read as _, Write as _};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// The terminal that shows nothing at present, and how it was before.
    static QUIET: Mutex<Option<(File, Termios)>> = Mutex::new(None);

    fn quiet() -> MutexGuard<'static, Option<(File, Termios)>> {
        QUIET.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_asking() -> bool {
        quiet().is_some()
    }

    pub(super) fn give_back() {
        let was_quiet = quiet().take();
        if let Some((terminal, before)) = was_quiet {
            // A terminal that is gone needs nothing.
            let _restored = tcsetattr(&terminal, OptionalActions::Now, &before);
        }
    }

    /// A terminal that shows nothing and sends no signals, until it is dropped: a Ctrl-C that ended the program would leave it like that.
    pub(super) struct QuietTerminal {
        input: File,
    }

    impl QuietTerminal {
        /// The terminal at the standard input.
        pub(super) fn new() -> Result<Self, Failure> {
            Self::at(input(), "--secret-file FILE")
        }

        /// The terminal that the process belongs to, wherever its standard input comes from.
        pub(super) fn of_process(files: &str) -> Result<Self, Failure> {
            Self::at(File::options().read(true).write(true).open("/dev/tty"), files)
        }

        fn at(input: std::io::Result<File>, files: &str) -> Result<Self, Failure> {
            let unusable = |error: std::io::Error| {
                Failure::runtime(format!(
                    "no secret can be asked for, because the terminal cannot be read ({error}): write {files}"
                ))
            };
            let input = input.map_err(unusable)?;
            let before = tcgetattr(&input).map_err(|error| unusable(error.into()))?;
            let mut modes = before.clone();
            modes.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
            modes.special_codes[SpecialCodeIndex::VMIN] = 1;
            modes.special_codes[SpecialCodeIndex::VTIME] = 0;
            *quiet() = Some((input.try_clone().map_err(unusable)?, before));
            let terminal = Self { input };
            tcsetattr(&terminal.input, OptionalActions::Flush, &modes)
                .map_err(|error| unusable(error.into()))?;
            Ok(terminal)
        }

        /// The line that is typed after a prompt.
        pub(super) fn line(&mut self, prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
            let mut line = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
            let mut byte = Zeroizing::new([0_u8; 1]);
            let mut shown = std::io::stderr();
            drop(shown.write_all(prompt.as_bytes()));
            loop {
                let read = self.input.read(byte.as_mut_slice());
                match (read, *byte) {
                    (Ok(1), [b'\r' | b'\n']) => break,
                    // Ctrl-D behind a secret ends it.
                    (Ok(1), [4]) if !line.is_empty() => break,
                    // Ctrl-U begins again.
                    (Ok(1), [21]) => line.clear(),
                    // Ctrl-C, Ctrl-\, Ctrl-D in place of a secret, and a terminal that is gone.
                    (Ok(1), [3 | 4 | 28]) | (Ok(0), _) => {
                        drop(shown.write_all(b"\n"));
                        return Err(Failure::Stopped("stopped: no secret was read".to_owned()));
                    }
                    // Backspace takes one character, which may have several bytes.
                    (Ok(1), [8 | 127]) => while line.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {},
                    (Ok(_), [other]) if line.len() <= LONGEST => line.push(other),
                    (Ok(_), _) => {}
                    (Err(error), _) => {
                        return Err(Failure::runtime(format!("the terminal cannot be read: {error}")));
                    }
                }
            }
            drop(shown.write_all(b"\n"));
            Ok(line)
        }
    }

    impl Drop for QuietTerminal {
        fn drop(&mut self) {
            give_back();
        }
    }
}
