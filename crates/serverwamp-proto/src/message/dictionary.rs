//! Reads a dictionary of attributes, entry by entry, and no further than its bounds.
//!
//! Invariant: whatever stands in it, no more than [`MOST_ATTRIBUTES`] attributes, [`Bounds::options`] bytes, and beside them
//! one more than [`Bounds::entries`] entries of lists, in [`Bounds::entry_bytes`] bytes, are looked at.

use std::borrow::Cow;
use std::cell::Cell;

use bytes::Bytes;

use super::attributes::{AttributeSet, is_acknowledged};
use super::bounds::Bounds;
use super::violation::{Fault, Violation};
use super::wire::Elements;
use crate::codec::{DictReader, Kind, ListReader, Serializer};
use crate::payload::Part;

/// The number of attributes that a dictionary of options or details may have. The specification has a dozen at the most for one
/// message, and leaves room for those of applications; each one that is read costs time.
const MOST_ATTRIBUTES: usize = 256;

/// The attributes of a dictionary that were read so far.
struct SeenAttributes {
    attributes: usize,
    all_known: bool,
    transparent: bool,
}

/// Why a dictionary is read no further, and the known attribute at which that shows.
type StoppedAt<'a> = (Option<Cow<'a, str>>, Fault);

impl<'a> Elements<'a> {
    /// Reads a dictionary of attributes. Of one with too many entries of lists, whose sender waits for an answer, the rest is
    /// left unread, and the message as well: nothing in it matters to that answer. Lists that are too long leave the message
    /// unread in any case, once it is known whether its sender waits.
    pub(super) fn attributes<S: AttributeSet<'a>>(
        &mut self,
        label: &'static str,
        set: &mut S,
    ) -> Result<(), Violation> {
        let mut dict = self.element(label, "a dictionary", Kind::Dict, |list| Ok(list.entries()?))?;
        let mut seen = SeenAttributes { attributes: 0, all_known: true, transparent: false };
        loop {
            match read_next(&self.source, &mut dict, set, &mut seen) {
                Ok(true) => {}
                Ok(false) => break,
                Err((_, Fault::TooLong | Fault::TooMany))
                    if self.source.entries.get() == 0 && self.source.is_acknowledged.get() =>
                {
                    self.leave_from(&dict);
                    return Ok(());
                }
                Err((Some(key), fault)) => return Err(self.attribute_fault(label, &key, fault)),
                Err((None, fault)) => return Err(self.fault(label, fault)),
            }
        }
        if self.source.has_long_lists() {
            if !S::knows("acknowledge") {
                return Err(self.fault(label, Fault::TooLong));
            }
            self.leave_from(&dict);
            return Ok(());
        }
        let bytes = self.list.behind(dict);
        self.transparent = seen.transparent;
        if let (false, Some(unknown)) = (seen.all_known, set.unknown_mut()) {
            unknown.keep(&self.source, self.source.share(bytes));
        }
        Ok(())
    }

    /// Leaves unread what comes next in the dictionary, and what is behind it.
    fn leave_from(&mut self, dict: &DictReader<'a>) {
        self.unread = (self.source.frame.len() - dict.offset()).max(1);
    }

    #[cold]
    fn attribute_fault(&self, label: &str, key: &str, fault: Fault) -> Violation {
        match fault {
            Fault::Wrong { expected, got } => {
                self.violation(format_args!(": {label}.{key} must be {expected}, got {got}"))
            }
            Fault::TooMany => {
                let Bounds { entries, entry_bytes, options, .. } = self.bounds;
                let (most, of_what) = match self.source.has_long_lists() {
                    true => (entry_bytes, "bytes of entries"),
                    false => (entries, "entries"),
                };
                self.violation(format_args!(
                    ": {label}.{key} makes more than {most} {of_what}, and more than {options} bytes follow"
                ))
            }
            fault => self.fault(label, fault),
        }
    }
}

/// Reads the next attribute; `false` if there is none.
#[inline]
fn read_next<'a, S: AttributeSet<'a>>(
    source: &Source<'a>,
    dict: &mut DictReader<'a>,
    set: &mut S,
    seen: &mut SeenAttributes,
) -> Result<bool, StoppedAt<'a>> {
    let key = source.within(dict, |dict| Ok(dict.key()?)).map_err(|fault| (None, fault))?;
    let Some(key) = key else { return Ok(false) };
    if seen.attributes == MOST_ATTRIBUTES {
        return Err((None, Fault::TooManyAttributes(MOST_ATTRIBUTES)));
    }
    seen.attributes += 1;
    match set.take(&key, dict, source) {
        Ok(true) if key == "acknowledge" => source.is_acknowledged.set(is_acknowledged(set)),
        Ok(true) => seen.transparent |= key == "enc_algo",
        Ok(false) => {
            seen.all_known = false;
            source.within(dict, |dict| Ok(dict.raw()?)).map_err(|fault| (None, fault))?;
        }
        Err(fault) => return Err((Some(key), fault)),
    }
    Ok(true)
}

/// The source of a value that is being read.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) serializer: Serializer,
    pub(super) frame: &'a Bytes,
    /// The number of entries of lists that are read yet; with the last of them there are too many.
    pub(super) entries: Cell<usize>,
    /// The number of bytes of these entries that are read yet, if there can be more.
    entry_bytes: Cell<usize>,
    has_more_entry_bytes: bool,
    /// Whether lists have more bytes than that.
    has_long_lists: Cell<bool>,
    /// Whether the sender waits for an answer, as far as is known.
    is_acknowledged: Cell<bool>,
    /// The number of bytes of attributes that are read yet, if there are more behind them.
    bytes: Cell<usize>,
    has_more_bytes: bool,
}

impl<'a> Source<'a> {
    pub(super) fn new(serializer: Serializer, frame: &'a Bytes, bounds: &Bounds) -> Self {
        Self {
            serializer,
            frame,
            entries: Cell::new(bounds.entries.saturating_add(1)),
            entry_bytes: Cell::new(bounds.entry_bytes),
            has_more_entry_bytes: frame.len() > bounds.entry_bytes,
            has_long_lists: Cell::new(false),
            is_acknowledged: Cell::new(false),
            bytes: Cell::new(bounds.options),
            has_more_bytes: frame.len() > bounds.options,
        }
    }

    /// Lets `read` see no more of the message than is read of its attributes.
    #[inline]
    pub(super) fn within<T>(
        &self,
        dict: &mut DictReader<'a>,
        read: impl FnOnce(&mut DictReader<'a>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if !self.has_more_bytes {
            return read(dict);
        }
        let (from, most) = (dict.offset(), self.bytes.get());
        let hidden = dict.narrow(most);
        let result = read(dict);
        let is_cut = hidden.is_some();
        dict.widen(hidden);
        self.bytes.set(most.saturating_sub(dict.offset() - from));
        match result {
            Err(Fault::Malformed(error)) if is_cut && error.is_at_cut(from + most) => Err(Fault::TooLong),
            result => result,
        }
    }

    /// Whether lists have more bytes than are read of them.
    pub(super) fn has_long_lists(&self) -> bool {
        self.has_long_lists.get()
    }

    /// Lets `read` take the next entry of a list, `None` at its end, unless it needs more bytes than are read of lists.
    #[inline]
    pub(super) fn entry<T>(
        &self,
        list: &mut ListReader<'a>,
        read: impl FnOnce(&mut ListReader<'a>) -> Result<Option<T>, Fault>,
    ) -> Result<Option<T>, Fault> {
        if !self.has_more_entry_bytes {
            return read(list);
        }
        let before = list.clone();
        let (from, most) = (list.offset(), self.entry_bytes.get());
        // Behind the last byte may stand what ends the list.
        let seen = most.saturating_add(1);
        let hidden = list.narrow(seen);
        let is_cut = hidden.is_some();
        let result = read(list);
        list.widen(hidden);
        let taken = list.offset() - from;
        let is_beyond = match &result {
            Ok(None) => return Ok(None),
            Ok(Some(_)) => taken > most,
            Err(Fault::Malformed(error)) => is_cut && error.is_at_cut(from + seen),
            Err(_) => false,
        };
        if is_beyond {
            *list = before;
            self.has_long_lists.set(true);
            return Ok(None);
        }
        self.entry_bytes.set(most - taken.min(most));
        result
    }

    /// Goes on behind a list, of which the rest is passed if it is no more than is read of all attributes. Behind too many or
    /// too long ones it goes on only to find out whether the sender waits for an answer.
    pub(super) fn behind(&self, dict: &mut DictReader<'a>, mut list: ListReader<'a>) -> Result<(), Fault> {
        if self.entries.get() == 0 && self.is_acknowledged.get() {
            return Err(Fault::TooMany);
        }
        if !self.has_more_bytes {
            return Ok(dict.behind(list)?);
        }
        let (from, most) = (list.offset(), self.bytes.get());
        let hidden = list.narrow(most);
        let is_cut = hidden.is_some();
        match dict.behind(list) {
            Err(error) if is_cut && error.is_at_cut(from + most) => Err(Fault::TooMany),
            Err(error) => Err(error.into()),
            Ok(()) => {
                dict.widen(hidden);
                self.bytes.set(most.saturating_sub(dict.offset() - from));
                Ok(())
            }
        }
    }

    /// A slice of the frame that shares its memory.
    pub(super) fn share(&self, part: &'a [u8]) -> Bytes {
        self.frame.slice_ref(part)
    }

    /// A slice of the frame that is half of a payload.
    pub(super) fn part(&self, part: &'a [u8]) -> Part {
        Part::of_frame(self.frame, part)
    }
}
