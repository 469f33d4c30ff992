//! `ListReader` and `DictReader`: the envelope of a message, walked element by element.
//!
//! Invariant: raw bytes that they hand out were checked to be well formed.

use super::reader::{AnyReader, Frame, Hidden, Token, fail};
use super::{DecodeError, Kind, Nesting, Serializer};
use std::borrow::Cow;

/// Walks the elements of one encoded list, most of them without decoding.
#[derive(Clone, Debug)]
pub struct ListReader<'a> {
    reader: AnyReader<'a>,
    frame: Frame,
    /// Whether the reader stands before an element (`Some(true)`), behind the list (`Some(false)`), or in between.
    at_element: Option<bool>,
}

impl<'a> ListReader<'a> {
    /// Starts to read `bytes`, which must hold a list.
    ///
    /// # Errors
    /// When `bytes` does not start with a list.
    pub fn open(serializer: Serializer, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::open_within(serializer, bytes, Nesting::MOST)
    }

    /// The same, where fewer levels may follow.
    pub(crate) fn open_within(
        serializer: Serializer,
        bytes: &'a [u8],
        nesting: Nesting,
    ) -> Result<Self, DecodeError> {
        let mut reader = AnyReader::open(serializer, bytes)?;
        reader.descended(nesting.used());
        match reader.token()? {
            Token::List(frame) => Ok(Self { reader, frame, at_element: None }),
            other => fail(format!("expected a list, got {}", other.name()), 0),
        }
    }

    /// Reads on at byte `at` of `bytes`, behind some element of the outermost list.
    ///
    /// `left` elements follow where the serializer announces their number. `None` when `bytes` is not even text where
    /// it has to be.
    pub(crate) fn resume(
        serializer: Serializer,
        bytes: &'a [u8],
        (at, left): (usize, usize),
        nesting: Nesting,
    ) -> Option<Self> {
        let mut reader = AnyReader::resume(serializer, bytes, at)?;
        reader.descended(nesting.used());
        Some(Self { reader, frame: Frame { left, open: false, dict: false }, at_element: None })
    }

    fn advance(&mut self) -> Result<bool, DecodeError> {
        if let Some(at_element) = self.at_element {
            return Ok(at_element);
        }
        let more = self.reader.more(&mut self.frame)?;
        self.at_element = Some(more);
        Ok(more)
    }

    fn element(&mut self) -> Result<&mut AnyReader<'a>, DecodeError> {
        if !self.advance()? {
            return fail("unexpected end of the list", self.reader.offset());
        }
        self.at_element = None;
        Ok(&mut self.reader)
    }

    /// The kind of the next element, or `None` at the end of the list.
    ///
    /// # Errors
    /// Also when the element has a type that only this serializer knows, such as a MessagePack extension; those can
    /// be carried as [`raw`](Self::raw) bytes only.
    #[inline]
    pub fn peek(&mut self) -> Result<Option<Kind>, DecodeError> {
        if self.advance()? { self.reader.peek().map(Some) } else { Ok(None) }
    }
    /// The next element as an unsigned integer. Errors: not an integer, negative, or past 2^64, or at the list's end.
    pub fn unsigned(&mut self) -> Result<u64, DecodeError> {
        self.element()?.unsigned()
    }
    /// The next element as text; borrowed unless an escape or a chunked string forces a copy.
    pub fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        self.element()?.text()
    }
    /// The next element as a boolean; an integer is not a boolean.
    pub fn boolean(&mut self) -> Result<bool, DecodeError> {
        self.element()?.boolean()
    }
    /// The next element as a byte string.
    pub fn binary(&mut self) -> Result<Cow<'a, [u8]>, DecodeError> {
        self.element()?.binary()
    }
    /// The next element, whatever it is: checked to be well formed (depth, UTF-8, base64 of JSON's binary strings),
    /// and handed out as it stands in the bytes.
    ///
    /// MessagePack and CBOR maps may have any scalar as a key here: a router forwards them although WAMP's own
    /// dictionaries, read with [`DictReader`], have strings only.
    pub fn raw(&mut self) -> Result<&'a [u8], DecodeError> {
        self.element()?.raw()
    }
    /// As [`raw`](Self::raw), for what applications say to each other: arguments.
    ///
    /// In JSON a string in there may hold half of a surrogate pair (`"\\ud83d"`, what a browser makes of a cut emoji). It can
    /// be passed on in JSON, and neither be read as text nor be said in another serializer.
    ///
    /// # Errors
    /// When it is not well formed.
    pub fn argument(&mut self) -> Result<&'a [u8], DecodeError> {
        self.element()?.raw_argument()
    }
    /// The next element, which must be a dictionary, entry by entry: so it is passed only once, and no further than somebody
    /// wants to read it. When it has been read to its end, [`behind`](Self::behind) goes on with the list.
    pub(crate) fn entries(&mut self) -> Result<DictReader<'a>, DecodeError> {
        let mut reader = self.element()?.clone();
        let from = reader.start();
        match reader.token()? {
            Token::Dict(frame) => {
                Ok(DictReader { reader, frame, state: DictState::BeforeKey, whole: false, from })
            }
            other => fail(format!("expected a dictionary, got {}", other.name()), from),
        }
    }
    /// Goes on behind a dictionary that was read to its end, and gives its bytes.
    pub(crate) fn behind(&mut self, dict: DictReader<'a>) -> &'a [u8] {
        self.reader = dict.reader;
        self.reader.since(dict.from)
    }
    /// The offset of what comes next.
    pub(crate) fn offset(&self) -> usize {
        self.reader.offset()
    }
    /// Hides all but the next `most` bytes, unless there are no more.
    pub(crate) fn narrow(&mut self, most: usize) -> Option<Hidden<'a>> {
        self.reader.narrow(most)
    }
    /// Shows again what was hidden.
    pub(crate) fn widen(&mut self, hidden: Option<Hidden<'a>>) {
        self.reader.widen(hidden);
    }
    /// Ends the list: no further element, and nothing behind the list.
    pub fn finish(mut self) -> Result<(), DecodeError> {
        if self.advance()? {
            return fail("unexpected further element", self.reader.offset());
        }
        self.reader.finish()
    }
}

/// Walks the entries of one encoded dictionary.
#[derive(Debug)]
pub struct DictReader<'a> {
    reader: AnyReader<'a>,
    frame: Frame,
    state: DictState,
    /// Whether nothing may follow.
    whole: bool,
    /// The offset of its beginning.
    from: usize,
}

#[derive(Debug, PartialEq)]
enum DictState {
    BeforeKey,
    BeforeValue,
    Done,
}

impl<'a> DictReader<'a> {
    /// Starts to read `bytes`, which must hold a dictionary.
    pub fn open(serializer: Serializer, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = AnyReader::open(serializer, bytes)?;
        match reader.token()? {
            Token::Dict(frame) => {
                Ok(Self { reader, frame, state: DictState::BeforeKey, whole: true, from: 0 })
            }
            other => fail(format!("expected a dictionary, got {}", other.name()), 0),
        }
    }

    /// The next key, or `None` at the end (where nothing may trail). A value that was not asked for is passed over.
    pub fn key(&mut self) -> Result<Option<Cow<'a, str>>, DecodeError> {
        match self.state {
            DictState::BeforeKey => {}
            DictState::BeforeValue => {
                self.raw()?;
            }
            DictState::Done => return Ok(None),
        }
        if !self.reader.more(&mut self.frame)? {
            if self.whole {
                self.reader.finish()?;
            }
            self.state = DictState::Done;
            return Ok(None);
        }
        let key = self.reader.key()?;
        self.state = DictState::BeforeValue;
        Ok(Some(key))
    }

    /// The offset of what comes next.
    pub(crate) fn offset(&self) -> usize {
        self.reader.offset()
    }
    /// Hides all but the next `most` bytes, unless there are no more.
    pub(crate) fn narrow(&mut self, most: usize) -> Option<Hidden<'a>> {
        self.reader.narrow(most)
    }
    /// Shows again what was hidden.
    pub(crate) fn widen(&mut self, hidden: Option<Hidden<'a>>) {
        self.reader.widen(hidden);
    }

    fn value(&mut self) -> Result<&mut AnyReader<'a>, DecodeError> {
        if self.state != DictState::BeforeValue {
            return fail("no key was read before the value", self.reader.offset());
        }
        self.state = DictState::BeforeKey;
        Ok(&mut self.reader)
    }

    /// The kind of the value behind the key just read.
    ///
    /// # Errors
    /// As for [`ListReader::peek`].
    pub fn peek(&mut self) -> Result<Kind, DecodeError> {
        let kind = self.value()?.peek();
        self.state = DictState::BeforeValue;
        kind
    }
    /// The value as an unsigned integer.
    pub fn unsigned(&mut self) -> Result<u64, DecodeError> {
        self.value()?.unsigned()
    }
    /// The value as text.
    pub fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        self.value()?.text()
    }
    /// The value as a boolean; an integer is not a boolean.
    pub fn boolean(&mut self) -> Result<bool, DecodeError> {
        self.value()?.boolean()
    }
    /// The value as a byte string.
    pub fn binary(&mut self) -> Result<Cow<'a, [u8]>, DecodeError> {
        self.value()?.binary()
    }
    /// The value, which must be a list, element by element. Whatever became of that, [`behind`](Self::behind) goes on with
    /// the dictionary.
    pub(crate) fn elements(&mut self) -> Result<ListReader<'a>, DecodeError> {
        let mut reader = self.value()?.clone();
        let from = reader.start();
        match reader.token()? {
            Token::List(frame) => Ok(ListReader { reader, frame, at_element: None }),
            other => fail(format!("expected a list, got {}", other.name()), from),
        }
    }
    /// Goes on behind a list, of which the rest is passed.
    pub(crate) fn behind(&mut self, list: ListReader<'a>) -> Result<(), DecodeError> {
        let ListReader { mut reader, frame, at_element } = list;
        if at_element == Some(true) {
            reader.raw()?;
        }
        if at_element != Some(false) {
            reader.leave(frame)?;
        }
        self.reader = reader;
        Ok(())
    }
    /// The value as it stands in the bytes, checked to be well formed as by [`ListReader::raw`].
    pub fn raw(&mut self) -> Result<&'a [u8], DecodeError> {
        self.value()?.raw()
    }

    /// As [`raw`](Self::raw), for what applications say to each other; see [`ListReader::argument`].
    ///
    /// # Errors
    /// When it is not well formed.
    pub fn argument(&mut self) -> Result<&'a [u8], DecodeError> {
        self.value()?.raw_argument()
    }
}
