//! Payloads in passthru mode: bytes that the application packs and unpacks, and that routers carry unread.
//!
//! In goes an application's bytes with their attributes, out comes a payload with one binary argument, and back.

use super::{Payload, ToArguments, ToPayload, unreadable_because, via};
use crate::base::error::WampError;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::Serialize;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::Passthru;
use serverwamp_proto::payload::{Part, encode_single};
use serverwamp_proto::uris;
use std::fmt;

/// A payload in passthru mode: bytes that the application has serialized and encrypted itself, which routers carry as they are.
///
/// It takes the place of arguments and results: it is given to calls and publications, returned by handlers, extracted by them, and
/// calls are awaited for it. The scheme says how the bytes are packed; the other attributes belong to the scheme, and routers look at
/// none. `mqtt` and `wamp` are the specification's schemes, those of an application's own begin with `x_`. Both ends and the router
/// have to announce `payload_passthru_mode`. Spec: advanced, "Payload Passthru Mode".
///
/// ```
/// use serverwamp::PassthruPayload;
/// # fn encrypt(_: &[u8]) -> Vec<u8> { Vec::new() }
/// # fn decrypt(_: &[u8]) -> Vec<u8> { Vec::new() }
///
/// # async fn example(client: serverwamp::client::Client) -> Result<(), serverwamp::WampError> {
/// let question = PassthruPayload::new("x_ours", encrypt(b"question")).with_keyid("2026");
/// let answer: PassthruPayload = client.call("oracle.ask", question).await?;
/// let answer = decrypt(answer.bytes());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct PassthruPayload {
    attributes: Passthru,
    bytes: Vec<u8>,
}

impl PassthruPayload {
    /// Bytes that are packed by this scheme.
    pub fn new(scheme: impl Into<Box<str>>, bytes: impl Into<Vec<u8>>) -> Self {
        let attributes = Passthru { scheme: Some(scheme.into()), ..Passthru::default() };
        Self { attributes, bytes: bytes.into() }
    }

    /// Names the serializer of what is packed (`ppt_serializer`).
    pub fn with_serializer(mut self, name: impl Into<Box<str>>) -> Self {
        self.attributes.serializer = Some(name.into());
        self
    }

    /// Names the encryption (`ppt_cipher`).
    pub fn with_cipher(mut self, name: impl Into<Box<str>>) -> Self {
        self.attributes.cipher = Some(name.into());
        self
    }

    /// Names the key (`ppt_keyid`), which the other end has to know.
    pub fn with_keyid(mut self, id: impl Into<Box<str>>) -> Self {
        self.attributes.keyid = Some(id.into());
        self
    }

    /// The scheme.
    pub fn scheme(&self) -> &str {
        self.attributes.scheme.as_deref().unwrap_or_default()
    }

    /// The serializer of what is packed, if its sender names it.
    pub fn serializer(&self) -> Option<&str> {
        self.attributes.serializer.as_deref()
    }

    /// The encryption, if its sender names it.
    pub fn cipher(&self) -> Option<&str> {
        self.attributes.cipher.as_deref()
    }

    /// The key, if its sender names it.
    pub fn keyid(&self) -> Option<&str> {
        self.attributes.keyid.as_deref()
    }

    /// The packed bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The packed bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Reads a payload that came in passthru mode; `None` if it did not.
    ///
    /// # Errors
    /// `serverwamp.error.unreadable` when it is anything but one binary argument.
    pub fn of(payload: &Payload) -> Result<Option<Self>, WampError> {
        let Some(attributes) = payload.passthru.as_deref() else { return Ok(None) };
        let Binary(bytes) = payload.arg().map_err(|why| {
            unreadable_because(format!("the payload in passthru mode cannot be read: {why}"))
        })?;
        Ok(Some(Self { attributes: attributes.clone(), bytes }))
    }

    /// Reads a payload that has to be in passthru mode. `what` it is stands in the error.
    pub(crate) fn required(payload: &Payload, what: fmt::Arguments<'_>) -> Result<Self, WampError> {
        Self::of(payload)?.ok_or_else(|| {
            unreadable_because(format!("{what} are not in passthru mode: they have no ppt_scheme"))
        })
    }
}

impl ToPayload<via::Shape> for PassthruPayload {
    fn to_payload(&self, serializer: Serializer) -> Result<Payload, WampError> {
        if self.scheme().is_empty() {
            let text = "a payload in passthru mode needs a scheme, such as \"x_ours\"";
            return Err(WampError::new(uris::error::INVALID_PAYLOAD).arg(text));
        }
        let args = encode_single(serializer, &BinaryRef(&self.bytes)).map_err(super::cannot_encode)?;
        let payload = Payload::of_parts(serializer, args.into(), Part::new());
        Ok(payload.packed(Some(Box::new(self.attributes.clone()))))
    }
}

impl ToArguments<via::Shape> for PassthruPayload {
    fn to_arguments(&self, serializer: Serializer) -> Result<Payload, WampError> {
        self.to_payload(serializer)
    }
}

/// Bytes as one binary value, and not as a list of numbers.
struct BinaryRef<'a>(&'a [u8]);

struct Binary(Vec<u8>);

impl Serialize for BinaryRef<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BinaryVisitor)
    }
}

struct BinaryVisitor;

impl Visitor<'_> for BinaryVisitor {
    type Value = Binary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one binary argument")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Binary, E> {
        Ok(Binary(bytes.to_vec()))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Binary, E> {
        Ok(Binary(bytes))
    }
}

/// The attributes and the size, not the bytes.
impl fmt::Debug for PassthruPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassthruPayload")
            .field("scheme", &self.scheme())
            .field("serializer", &self.serializer())
            .field("cipher", &self.cipher())
            .field("keyid", &self.keyid())
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ppt_11_and_12_bytes_are_one_binary_argument_in_every_serializer() {
        let packed = PassthruPayload::new("x_ours", [0, 1, 255]).with_cipher("c").with_keyid("k");
        for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
            let payload = packed.to_arguments(serializer).unwrap();
            assert_eq!(PassthruPayload::of(&payload).unwrap().as_ref(), Some(&packed));
            for other in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
                let carried = payload.to_serializer(other).unwrap().detached();
                assert_eq!(PassthruPayload::of(&carried).unwrap().as_ref(), Some(&packed));
            }
            let mut open = payload.clone();
            open.passthru = None;
            assert_eq!(PassthruPayload::of(&open).unwrap(), None);
        }
        let json = packed.to_arguments(Serializer::Json).unwrap();
        assert_eq!(*json.args, *br#"["\u0000AAH/"]"#);
    }

    #[test]
    fn what_is_packed_is_read_as_nothing_else() {
        let payload = PassthruPayload::new("x_ours", *b"abc").to_arguments(Serializer::Json).unwrap();
        let error = payload.returned::<String>().unwrap_err().to_string();
        assert_eq!(
            error,
            "the payload is packed with the scheme \"x_ours\", which its receiver has to unpack"
        );
        assert!(payload.bind::<(String,)>().is_err());
        let open = Payload::of_parts(Serializer::Json, Part::copied(b"[1]"), Part::new());
        let attributes = Passthru { scheme: Some("x_ours".into()), ..Passthru::default() };
        let error = PassthruPayload::of(&open.packed(Some(Box::new(attributes)))).unwrap_err().to_string();
        assert!(error.contains("expected one binary argument"), "{error}");
    }

    #[test]
    fn without_a_scheme_nothing_is_sent() {
        let error = PassthruPayload::new("", *b"abc").to_arguments(Serializer::Cbor).unwrap_err();
        assert_eq!(error.uri(), "wamp.error.invalid_payload");
    }
}
