//! How much of a message is read. What will be refused whatever it says is not read to its end, so that refusing it takes
//! no longer than reading what is allowed.

use super::violation::Violation;
use super::wire::{Element, Elements};
use crate::codec::{EncodeError, Nesting, Serializer, Writer};
use crate::{uri, uris};

/// The bounds of a message that the specification leaves open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// The allowed nesting.
    pub nesting: Nesting,
    /// How many entries of lists of receivers are kept, of all lists together; of more it is one more, so that they can be
    /// seen to be too many.
    pub entries: usize,
    /// How many bytes of these entries are kept, of all lists together, as they stand in the message and with what separates
    /// them. Of a PUBLISH with more, nothing is read that does not matter to the answer.
    pub entry_bytes: usize,
    /// How many bytes of a dictionary of options or details are read, beside the entries of lists of receivers that are kept.
    pub options: usize,
    /// How many bytes of arguments are read in a CALL of one of the specification's own procedures.
    pub meta_arguments: usize,
    /// The same for the procedure that keeps a testament.
    pub testament: usize,
}

/// The room for what a message has around its arguments, which is much shorter.
const AROUND: usize = 1024;

impl Bounds {
    /// The most that can be read.
    pub const NONE: Self = Self {
        nesting: Nesting::MOST,
        entries: usize::MAX - 1,
        entry_bytes: usize::MAX,
        options: usize::MAX,
        meta_arguments: usize::MAX,
        testament: usize::MAX,
    };

    /// The same bounds, but all arguments are read.
    #[must_use]
    pub const fn with_all_arguments(self) -> Self {
        Self { meta_arguments: usize::MAX, testament: usize::MAX, ..self }
    }

    /// How many bytes behind the procedure of a CALL are read.
    pub(super) fn behind_procedure(&self, procedure: &str) -> usize {
        match procedure {
            uris::session::ADD_TESTAMENT => self.testament.saturating_add(AROUND),
            procedure if uri::is_reserved(procedure) => self.meta_arguments.saturating_add(AROUND),
            _ => usize::MAX,
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::NONE
    }
}

/// The number of bytes at the end of a message that were not read, because its receiver refuses it whatever they are.
///
/// It is 0 but for a CALL of one of the specification's own procedures whose arguments are longer than [`Bounds`] allow, for a
/// PUBLISH whose lists of receivers are longer than they allow, and for one that asks for an answer and has more receivers than they
/// allow.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UnreadBytes {
    bytes: usize,
    is_behind_long_lists: bool,
}

impl UnreadBytes {
    /// Nothing.
    pub const NONE: Self = Self { bytes: 0, is_behind_long_lists: false };

    /// The number of bytes.
    pub const fn bytes(self) -> usize {
        self.bytes
    }

    /// Returns whether there are any.
    pub const fn is_any(self) -> bool {
        self.bytes > 0
    }

    /// Returns whether lists of receivers before them have more bytes than they may, be their entries few or many.
    pub const fn is_behind_long_lists(self) -> bool {
        self.is_behind_long_lists
    }
}

/// It stands before what is not read and takes no element itself.
impl<'a> Element<'a> for UnreadBytes {
    fn read(elements: &mut Elements<'a>, _: &'static str) -> Result<Self, Violation> {
        let bytes = elements.leave_rest();
        Ok(Self { bytes, is_behind_long_lists: elements.source.has_long_lists() })
    }

    fn count(&self) -> usize {
        0
    }

    fn write(&self, _: &mut Writer<'_>, _: Serializer) -> Result<(), EncodeError> {
        match self.is_any() {
            true => Err(EncodeError::new("a message that was not read to its end cannot be written")),
            false => Ok(()),
        }
    }
}
