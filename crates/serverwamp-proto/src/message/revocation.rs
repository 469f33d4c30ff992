//! UNSUBSCRIBED and UNREGISTERED: the answer to a request, or news that nobody asked for.

use super::violation::Violation;
use super::wire::{Element, Elements};
use crate::codec::{EncodeError, Serializer, Writer};
use crate::id::RequestId;

/// The end of a subscription or a registration: requested or revoked.
///
/// On the wire a revocation has the request id 0, which no request has, and details.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum End<D> {
    /// The request with this id is done.
    Answer(RequestId),
    /// The router took it away.
    Revoked(D),
}

impl<'a, D: Element<'a>> Element<'a> for End<D> {
    fn read(elements: &mut Elements<'a>, label: &'static str) -> Result<Self, Violation> {
        match elements.request_or_zero(label)? {
            Some(request) => Ok(Self::Answer(request)),
            None => D::read(elements, "Details").map(Self::Revoked),
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Answer(_) => 1,
            Self::Revoked(_) => 2,
        }
    }

    fn write(&self, writer: &mut Writer<'_>, target: Serializer) -> Result<(), EncodeError> {
        match self {
            Self::Answer(request) => request.write(writer, target),
            Self::Revoked(details) => {
                writer.unsigned(0);
                details.write(writer, target)
            }
        }
    }
}
