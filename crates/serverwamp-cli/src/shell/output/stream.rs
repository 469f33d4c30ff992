//! The standard output: whether a terminal is there, and what happens when nobody reads on.

use super::{Form, Item, visible, visible_below};
use crate::failure::Failure;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

/// Writes a line beside the output, for the person who runs the command.
pub(crate) fn note(text: &str) {
    // Who does not read the errors has nothing to be told.
    drop(writeln!(io::stderr(), "serverwamp: {}", visible_below(text)));
}

/// The standard output, in one form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    pub(crate) form: Form,
    /// Whether a person sees it at once.
    pub(crate) terminal: bool,
}

impl Out {
    pub(crate) fn new(form: Form) -> Self {
        Self { form, terminal: io::stdout().is_terminal() }
    }

    /// The standard output of commands that know no other form than text.
    pub(crate) fn plain() -> Self {
        Self::new(Form::Pretty)
    }

    /// Whether to write in colours: to a terminal, for people, unless `NO_COLOR` is set.
    pub(crate) fn colours(self) -> bool {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        self.terminal && self.form == Form::Pretty && !unwanted
    }

    /// Writes an item and a line break. Items that are nothing at all leave no empty line.
    ///
    /// # Errors
    /// [`Failure::Unread`] when nobody reads on.
    pub(in crate::shell) fn item(self, item: &Item) -> Result<(), Failure> {
        let mut bytes = self.shown(item);
        if bytes.is_empty() && self.form == Form::Pretty {
            return Ok(());
        }
        bytes.push(b'\n');
        self.bytes(&bytes)
    }

    /// Writes one value alone: text and bytes as they are in raw form, without a line break that is none of theirs.
    ///
    /// # Errors
    /// As for [`item`](Self::item).
    pub(in crate::shell) fn result(self, item: &Item) -> Result<(), Failure> {
        if self.form == Form::Raw && !self.terminal {
            return self.bytes(&self.shown(item));
        }
        self.item(item)
    }

    /// The item in its form; what a peer sent raw is not for a terminal to obey.
    fn shown(self, item: &Item) -> Vec<u8> {
        let bytes = item.to_bytes(self.form);
        match self.form == Form::Raw && self.terminal {
            true => visible(&String::from_utf8_lossy(&bytes)).into_bytes(),
            false => bytes,
        }
    }

    /// Writes a line of text.
    ///
    /// # Errors
    /// As for [`item`](Self::item).
    pub(crate) fn line(self, text: &str) -> Result<(), Failure> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// Writes bytes, in one piece.
    ///
    /// # Errors
    /// As for [`item`](Self::item).
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Failure::Unread,
            _ => Failure::runtime(format!("the output cannot be written: {error}")),
        })
    }
}
