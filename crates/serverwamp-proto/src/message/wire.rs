//! The layout of messages as lists: the elements, their order, and the text for a missing one.
//!
//! [`message!`] declares a message as a struct whose fields are the elements behind the code. Reading stops at the first
//! element that is not as it must be; a list that is shorter or longer than the message is never accepted.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use bytes::Bytes;

use super::bounds::Bounds;
use super::dictionary::Source;
use super::violation::{Fault, Violation, kind_name};
use crate::codec::{DecodeError, EncodeError, Kind, ListReader, Serializer, Writer};
use crate::id::{Id, MAX_ID, RequestId};

/// A message that can be read from and written to a list.
pub(super) trait Layout<'a>: Sized {
    fn read(elements: &mut Elements<'a>) -> Result<Self, Violation>;

    /// The number of elements after the code.
    fn count(&self) -> usize;

    fn write(&self, writer: &mut Writer<'_>, target: Serializer) -> Result<(), EncodeError>;
}

/// A field of a message.
pub(super) trait Element<'a>: Sized {
    fn read(elements: &mut Elements<'a>, label: &'static str) -> Result<Self, Violation>;

    /// The number of elements of the list that the field takes.
    fn count(&self) -> usize {
        1
    }

    fn write(&self, writer: &mut Writer<'_>, target: Serializer) -> Result<(), EncodeError>;
}

/// Declares one message: a struct, and its layout in the order of the fields.
macro_rules! message {
    (
        $(#[$doc:meta])*
        pub struct $name:ident $(<$lifetime:lifetime>)? {
            $($(#[$field_doc:meta])* $label:literal => $field:ident: $ty:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name $(<$lifetime>)? {
            $($(#[$field_doc])* pub $field: $ty,)*
        }

        impl<'f> $crate::message::wire::Layout<'f> for $crate::message::wire::message!(@type 'f $name $($lifetime)?) {
            fn read(
                elements: &mut $crate::message::wire::Elements<'f>,
            ) -> std::result::Result<Self, $crate::message::Violation> {
                Ok(Self { $($field: $crate::message::wire::Element::read(elements, $label)?,)* })
            }

            fn count(&self) -> usize {
                0 $(+ $crate::message::wire::Element::count(&self.$field))*
            }

            fn write(
                &self,
                writer: &mut $crate::codec::Writer<'_>,
                target: $crate::codec::Serializer,
            ) -> std::result::Result<(), $crate::codec::EncodeError> {
                $($crate::message::wire::Element::write(&self.$field, writer, target)?;)*
                Ok(())
            }
        }
    };
    (@type $f:lifetime $name:ident) => { $name };
    (@type $f:lifetime $name:ident $lifetime:lifetime) => { $name<$f> };
}
pub(super) use message;

/// The elements of a message, being read.
#[derive(Debug)]
pub(super) struct Elements<'a> {
    pub(super) source: Source<'a>,
    pub(super) list: ListReader<'a>,
    name: &'static str,
    lengths: RangeInclusive<usize>,
    /// Elements read so far, the code included.
    index: usize,
    pub(super) request: Option<RequestId>,
    /// Whether the attribute was there that lets one string stand in place of the arguments.
    pub(super) transparent: bool,
    /// How many bytes are read behind the procedure of a CALL.
    behind_procedure: usize,
    /// The bytes at the end that are left unread.
    pub(super) unread: usize,
    pub(super) bounds: Bounds,
}

impl<'a> Elements<'a> {
    /// Opens a frame and reads the code.
    pub(super) fn open(
        serializer: Serializer,
        frame: &'a Bytes,
        bounds: Bounds,
    ) -> Result<(u64, Self), Violation> {
        let malformed = |error: DecodeError| Violation::new(format!("not a message: {error}"));
        let mut list = ListReader::open_within(serializer, frame, bounds.nesting).map_err(malformed)?;
        let code = match list.peek().map_err(malformed)? {
            Some(Kind::Integer) => list.unsigned().map_err(malformed)?,
            Some(kind) => {
                let kind = kind_name(kind);
                return Err(Violation::new(format!(
                    "a message must start with an integer type code, got {kind}"
                )));
            }
            None => return Err(Violation::new("a message must not be an empty list")),
        };
        let source = Source::new(serializer, frame, &bounds);
        let elements = Self {
            source,
            list,
            name: "",
            lengths: 0..=0,
            index: 1,
            request: None,
            transparent: false,
            behind_procedure: usize::MAX,
            unread: 0,
            bounds,
        };
        Ok((code, elements))
    }

    /// Elements of which the first `index` were read already, the code and the request's id among them.
    pub(super) fn resume(
        serializer: Serializer,
        frame: &'a Bytes,
        list: ListReader<'a>,
        name: &'static str,
        lengths: RangeInclusive<usize>,
        index: usize,
        request: RequestId,
    ) -> Self {
        let source = Source::new(serializer, frame, &Bounds::NONE);
        Self {
            source,
            list,
            name,
            lengths,
            index,
            request: Some(request),
            transparent: false,
            behind_procedure: usize::MAX,
            unread: 0,
            bounds: Bounds::NONE,
        }
    }

    /// Reads the message itself, and makes sure that the list ends with it.
    pub(super) fn message<T: Layout<'a>>(
        mut self,
        name: &'static str,
        lengths: RangeInclusive<usize>,
    ) -> Result<T, Violation> {
        self.name = name;
        self.lengths = lengths;
        self.complete(T::read)
    }

    /// Reads what is left, and makes sure that the list ends with it.
    #[inline]
    pub(super) fn complete<T>(
        mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Violation>,
    ) -> Result<T, Violation> {
        let message = read(&mut self)?;
        if self.unread > 0 {
            return Ok(message);
        }
        if self.peek()?.is_some() {
            return Err(self.violation(format_args!(" has more than {} elements", self.lengths.end())));
        }
        let (name, request) = (self.name, self.request);
        self.list.finish().map_err(|error| malformed(name, request, &error))?;
        Ok(message)
    }

    /// The kind of the next element; an error if the list ends before it should.
    #[inline]
    pub(super) fn kind(&mut self) -> Result<Kind, Violation> {
        match self.peek()? {
            Some(kind) => Ok(kind),
            None => {
                let (first, last) = (self.lengths.start(), self.lengths.end());
                let due = if first == last { first.to_string() } else { format!("{first} to {last}") };
                Err(self.violation(format_args!(" has {} elements, expected {due}", self.index)))
            }
        }
    }

    #[inline]
    pub(super) fn peek(&mut self) -> Result<Option<Kind>, Violation> {
        self.list.peek().map_err(|error| malformed(self.name, self.request, &error))
    }

    /// Reads the next element if it is of `kind`.
    #[inline]
    pub(super) fn element<T>(
        &mut self,
        label: &'static str,
        expected: &'static str,
        kind: Kind,
        read: impl FnOnce(&mut ListReader<'a>) -> Result<T, Fault>,
    ) -> Result<T, Violation> {
        let found = self.kind()?;
        if found != kind {
            return Err(self.fault(label, Fault::kind(expected, found)));
        }
        match read(&mut self.list) {
            Ok(value) => {
                self.index += 1;
                Ok(value)
            }
            Err(fault) => Err(self.fault(label, fault)),
        }
    }

    #[inline]
    pub(super) fn raw(&mut self, label: &'static str) -> Result<&'a [u8], Violation> {
        let raw = self.list.raw();
        self.passed(label, raw)
    }

    /// As [`raw`](Self::raw), of what applications say to each other.
    #[inline]
    pub(super) fn argument(&mut self, label: &'static str) -> Result<&'a [u8], Violation> {
        let raw = self.list.argument();
        self.passed(label, raw)
    }

    #[inline]
    fn passed(
        &mut self,
        label: &'static str,
        raw: Result<&'a [u8], DecodeError>,
    ) -> Result<&'a [u8], Violation> {
        match raw {
            Ok(bytes) => {
                self.index += 1;
                Ok(bytes)
            }
            Err(error) => Err(self.fault(label, Fault::Malformed(error))),
        }
    }

    /// A procedure was read, which may be one of the specification's own.
    pub(super) fn note_procedure(&mut self, procedure: &str) {
        self.behind_procedure = self.bounds.behind_procedure(procedure);
    }

    /// Returns how many bytes are left unread from here on.
    pub(super) fn leave_rest(&mut self) -> usize {
        let rest = self.rest();
        if rest > self.behind_procedure {
            self.unread = rest;
        }
        self.unread
    }

    /// Returns whether nothing more is read.
    #[inline]
    pub(super) const fn is_left(&self) -> bool {
        self.unread > 0
    }

    /// The number of bytes from here on.
    fn rest(&self) -> usize {
        self.source.frame.len() - self.list.offset()
    }

    #[inline]
    pub(super) fn id<T: Id>(&mut self, label: &'static str) -> Result<T, Violation> {
        const EXPECTED: &str = "an id";
        const RANGE: &str = "an id from 1 to 9007199254740992";
        self.element(label, EXPECTED, Kind::Integer, |list| {
            // A number that does not fit 64 bits is outside the range, as zero is.
            let number = list.unsigned().ok();
            number.and_then(T::new).ok_or_else(|| Fault::Wrong {
                expected: RANGE,
                got: number.map_or(Cow::Borrowed("another integer"), |number| number.to_string().into()),
            })
        })
    }

    /// Reads a request id for which 0 may stand.
    pub(super) fn request_or_zero(&mut self, label: &'static str) -> Result<Option<RequestId>, Violation> {
        const RANGE: &str = "an id from 1 to 9007199254740992, or 0 before details";
        let request = self.element(label, "an id", Kind::Integer, |list| {
            let number = list.unsigned().ok().filter(|number| *number <= MAX_ID);
            number
                .map(RequestId::new)
                .ok_or(Fault::Wrong { expected: RANGE, got: Cow::Borrowed("another integer") })
        })?;
        if request.is_some() {
            self.request = request;
            self.lengths = 2..=2;
        } else {
            self.lengths = 3..=3;
        }
        Ok(request)
    }

    #[inline]
    pub(super) fn dict(&mut self, label: &'static str) -> Result<&'a [u8], Violation> {
        self.element(label, "a dictionary", Kind::Dict, |list| Ok(list.raw()?))
    }

    #[cold]
    pub(super) fn fault(&self, label: &str, fault: Fault) -> Violation {
        match fault {
            Fault::Malformed(error) => malformed(self.name, self.request, &error),
            Fault::Wrong { expected, got } => self
                .violation(format_args!(": element {} ({label}) must be {expected}, got {got}", self.index)),
            Fault::TooManyAttributes(most) => {
                self.violation(format_args!(": {label} has more than {most} attributes"))
            }
            Fault::TooLong | Fault::TooMany => {
                let most = self.bounds.options;
                self.violation(format_args!(": {label} has more than {most} bytes beside lists of receivers"))
            }
        }
    }

    #[cold]
    pub(super) fn violation(&self, what: std::fmt::Arguments<'_>) -> Violation {
        violation(self.name, self.request, what)
    }
}

#[cold]
fn malformed(name: &str, request: Option<RequestId>, error: &DecodeError) -> Violation {
    violation(name, request, format_args!(" is malformed: {error}"))
}

fn violation(name: &str, request: Option<RequestId>, what: std::fmt::Arguments<'_>) -> Violation {
    let mut text = String::from(name);
    if let Some(request) = request {
        let _ = write!(text, " #{request}");
    }
    let _ = text.write_fmt(what);
    Violation::new(text)
}
