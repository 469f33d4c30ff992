//! The terminal while `top` runs: keys come one by one, nothing typed is shown, and all of it is given back at the end.

use crate::failure::Failure;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::io::{Read as _, Write as _};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// A key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Key {
    Letter(char),
    Back,
    Escape,
    Up,
    Down,
    PageUp,
    PageDown,
    /// No key: the screen has another size.
    Resized,
    /// Ctrl-C, or the end of the input.
    End,
}

/// A terminal whose keys are read one by one, until this is dropped.
pub(super) struct RawTerminal {
    before: Termios,
    keys: mpsc::Receiver<Key>,
    resizes: Signal,
}

impl RawTerminal {
    /// Takes the terminal over.
    pub(super) fn enter() -> Result<Self, Failure> {
        let unusable = |error: std::io::Error| {
            Failure::runtime(format!("the terminal cannot be used ({error}): write --once for one table"))
        };
        let input = std::io::stdin();
        let before = tcgetattr(&input).map_err(|error| unusable(error.into()))?;
        let resizes = signal(SignalKind::window_change()).map_err(unusable)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&input, OptionalActions::Now, &raw).map_err(|error| unusable(error.into()))?;
        // The other screen, so that what was on this one is there again at the end; and no cursor. Names of peers have letters that take
        // two columns: what is beyond the last one is cut off rather than put on the next line.
        write_out(b"\x1b[?1049h\x1b[?25l\x1b[?7l");
        let (sender, keys) = mpsc::channel(64);
        // It ends with the process: a read of a terminal cannot be taken back.
        std::thread::spawn(move || read_keys(&sender));
        Ok(Self { before, keys, resizes })
    }

    /// Its columns and rows.
    pub(super) fn size(&self) -> (usize, usize) {
        match tcgetwinsize(std::io::stdout()) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
                (usize::from(size.ws_col), usize::from(size.ws_row))
            }
            _ => (80, 24),
        }
    }

    /// The next key; `None` if no more can come.
    pub(super) async fn key(&mut self) -> Option<Key> {
        tokio::select! {
            key = self.keys.recv() => key,
            Some(()) = self.resizes.recv() => Some(Key::Resized),
        }
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        write_out(b"\x1b[?7h\x1b[?25h\x1b[?1049l");
        // A terminal that is gone needs nothing.
        let _restored = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}

fn write_out(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    // Who does not see the screen needs none.
    drop(out.write_all(bytes).and_then(|()| out.flush()));
}

/// What replaces the screen by these lines.
pub(super) fn screen(lines: &[String]) -> Vec<u8> {
    let mut bytes = b"\x1b[H".to_vec();
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            bytes.extend_from_slice(b"\r\n");
        }
        // First, because a cursor behind the last column may erase what is in it.
        bytes.extend_from_slice(b"\x1b[2K");
        bytes.extend_from_slice(line.as_bytes());
    }
    bytes.extend_from_slice(b"\x1b[J");
    bytes
}

fn read_keys(keys: &mpsc::Sender<Key>) {
    let mut input = std::io::stdin().lock();
    let mut buffer = [0; 256];
    loop {
        let read = match input.read(&mut buffer) {
            Ok(read) if read > 0 => &buffer[..read],
            _ => {
                // Who does not wait for keys has ended already.
                let _sent = keys.blocking_send(Key::End);
                return;
            }
        };
        for key in decode(read) {
            if keys.blocking_send(key).is_err() {
                return;
            }
        }
    }
}

/// The keys of what a terminal sends.
fn decode(bytes: &[u8]) -> Vec<Key> {
    const SEQUENCES: [(&[u8], Key); 6] = [
        (b"\x1b[A", Key::Up),
        (b"\x1b[B", Key::Down),
        (b"\x1b[5~", Key::PageUp),
        (b"\x1b[6~", Key::PageDown),
        (b"\x1bOA", Key::Up),
        (b"\x1bOB", Key::Down),
    ];
    let mut keys = Vec::new();
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        if let Some((sequence, key)) = SEQUENCES.iter().find(|(sequence, _)| rest.starts_with(sequence)) {
            keys.push(*key);
            rest = &rest[sequence.len()..];
            continue;
        }
        let (key, length) = match *first {
            0x03 | 0x04 => (Some(Key::End), 1),
            0x7f | 0x08 => (Some(Key::Back), 1),
            // Another sequence: whatever it is, none of its bytes is a letter. Behind a key that was typed at once stands no bracket.
            0x1b if matches!(rest.get(1), Some(b'[' | b'O')) => (None, sequence_length(rest)),
            0x1b => (Some(Key::Escape), 1),
            _ => letter(rest),
        };
        keys.extend(key);
        rest = &rest[length..];
    }
    keys
}

/// The bytes of a sequence that begins with ESC.
fn sequence_length(bytes: &[u8]) -> usize {
    let end = bytes.iter().skip(2).position(|byte| (0x40..=0x7e).contains(byte));
    end.map_or(bytes.len(), |end| end + 3)
}

/// A letter in UTF-8.
fn letter(bytes: &[u8]) -> (Option<Key>, usize) {
    for length in 1..=bytes.len().min(4) {
        if let Some(letter) = std::str::from_utf8(&bytes[..length]).ok().and_then(|text| text.chars().next())
        {
            return (Some(Key::Letter(letter)), length);
        }
    }
    (None, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart() {
        assert_eq!(decode(b"q\x1b[A\x1b[6~"), [Key::Letter('q'), Key::Up, Key::PageDown]);
        assert_eq!(decode(b"\x1b"), [Key::Escape]);
        assert_eq!(decode(b"\x1b[1;5Cx"), [Key::Letter('x')]);
        assert_eq!(decode(b"\x1bu"), [Key::Escape, Key::Letter('u')]);
        assert_eq!(decode("é\u{7f}\r".as_bytes()), [Key::Letter('é'), Key::Back, Key::Letter('\r')]);
        assert_eq!(decode(&[0x03, 0xff]), [Key::End]);
    }

    #[test]
    fn a_screen_leaves_nothing_of_the_former_one() {
        assert_eq!(screen(&["a".to_owned(), "b".to_owned()]), b"\x1b[H\x1b[2Ka\r\n\x1b[2Kb\x1b[J");
    }
}
