//! WAMP's serializers for tests, built on other libraries than the server's own codec.
//!
//! A WAMP message is a [`Value`] array on every subprotocol. Byte strings are JSON strings that start with
//! NUL and go on in base64, as WAMP spells them in JSON; so a `bin` where text is due shows up in a
//! comparison. MessagePack extensions read as `{"$ext": type, "$data": "\0…"}`, CBOR tags as
//! `{"$tag": number, "$value": …}`.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Number, Value, json};
use tungstenite::Message;

/// How a message becomes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serializer {
    /// JSON in text frames.
    Json,
    /// MessagePack in binary frames.
    MsgPack,
    /// CBOR in binary frames.
    Cbor,
}

/// A WAMP WebSocket subprotocol: a serializer, plain or batched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subprotocol {
    /// How a message becomes bytes.
    pub serializer: Serializer,
    /// Whether a frame carries several messages.
    pub batched: bool,
    /// The octet that ends each message of a JSON batch: 0x1E, or 0x18 as Autobahn has it.
    pub separator: u8,
}

impl Subprotocol {
    /// `wamp.2.json`
    pub const JSON: Self = Self::new(Serializer::Json, false);
    /// `wamp.2.msgpack`
    pub const MSGPACK: Self = Self::new(Serializer::MsgPack, false);
    /// `wamp.2.cbor`
    pub const CBOR: Self = Self::new(Serializer::Cbor, false);
    /// `wamp.2.json.batched`
    pub const JSON_BATCHED: Self = Self::new(Serializer::Json, true);
    /// `wamp.2.msgpack.batched`
    pub const MSGPACK_BATCHED: Self = Self::new(Serializer::MsgPack, true);
    /// `wamp.2.cbor.batched`
    pub const CBOR_BATCHED: Self = Self::new(Serializer::Cbor, true);
    /// The three that carry one message in a frame.
    pub const PLAIN: [Self; 3] = [Self::JSON, Self::MSGPACK, Self::CBOR];
    /// All six.
    pub const ALL: [Self; 6] = [
        Self::JSON,
        Self::MSGPACK,
        Self::CBOR,
        Self::JSON_BATCHED,
        Self::MSGPACK_BATCHED,
        Self::CBOR_BATCHED,
    ];

    const fn new(serializer: Serializer, batched: bool) -> Self {
        Self { serializer, batched, separator: 0x1E }
    }

    /// The same subprotocol with another end of message in JSON batches.
    #[must_use]
    pub const fn with_separator(mut self, separator: u8) -> Self {
        self.separator = separator;
        self
    }

    /// The name that is negotiated.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match (self.serializer, self.batched) {
            (Serializer::Json, false) => "wamp.2.json",
            (Serializer::MsgPack, false) => "wamp.2.msgpack",
            (Serializer::Cbor, false) => "wamp.2.cbor",
            (Serializer::Json, true) => "wamp.2.json.batched",
            (Serializer::MsgPack, true) => "wamp.2.msgpack.batched",
            (Serializer::Cbor, true) => "wamp.2.cbor.batched",
        }
    }

    /// The subprotocol of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// One WebSocket message with these WAMP messages.
    ///
    /// # Panics
    ///
    /// When an unbatched subprotocol is given another number of messages than one.
    #[must_use]
    pub fn encode(self, messages: &[Value]) -> Message {
        assert!(self.batched || messages.len() == 1, "{self} carries one message in a frame");
        let mut bytes = Vec::new();
        for message in messages {
            let one = self.serializer.encode(message);
            match (self.batched, self.serializer) {
                (false, _) => bytes = one,
                (true, Serializer::Json) => {
                    bytes.extend(one);
                    bytes.push(self.separator);
                }
                (true, _) => {
                    let length = u32::try_from(one.len()).expect("a test message fits 32 bits of length");
                    bytes.extend(length.to_be_bytes());
                    bytes.extend(one);
                }
            }
        }
        match self.serializer {
            Serializer::Json => Message::text(String::from_utf8(bytes).expect("JSON is UTF-8")),
            _ => Message::binary(bytes),
        }
    }

    /// The WAMP messages in one WebSocket message.
    ///
    /// # Errors
    ///
    /// When the kind of frame is wrong for this subprotocol, or the bytes are.
    pub fn decode(self, message: &Message) -> Result<Vec<Value>, String> {
        let bytes: &[u8] = match (message, self.serializer) {
            (Message::Text(text), Serializer::Json) => text.as_bytes(),
            (Message::Binary(bytes), Serializer::MsgPack | Serializer::Cbor) => bytes,
            _ => return Err(format!("the wrong kind of frame for {self}: {message:?}")),
        };
        match (self.batched, self.serializer) {
            (false, _) => Ok(vec![self.serializer.decode(bytes)?]),
            (true, Serializer::Json) => self.split_json(bytes),
            (true, _) => self.split_prefixed(bytes),
        }
    }

    fn split_json(self, bytes: &[u8]) -> Result<Vec<Value>, String> {
        let Some(bytes) = bytes.strip_suffix(&[self.separator]) else {
            return Err(format!("a JSON batch that does not end in {:#04x}", self.separator));
        };
        bytes.split(|byte| *byte == self.separator).map(|one| Serializer::Json.decode(one)).collect()
    }

    fn split_prefixed(self, mut bytes: &[u8]) -> Result<Vec<Value>, String> {
        let mut messages = Vec::new();
        while !bytes.is_empty() {
            let (length, rest) = bytes.split_first_chunk::<4>().ok_or("a batch ends inside a length")?;
            let length = u32::from_be_bytes(*length) as usize;
            let (one, rest) = rest.split_at_checked(length).ok_or("a batch ends inside a message")?;
            messages.push(self.serializer.decode(one)?);
            bytes = rest;
        }
        if messages.is_empty() { Err("an empty batch".to_owned()) } else { Ok(messages) }
    }
}

impl fmt::Display for Subprotocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serializer {
    /// The bytes of one message.
    ///
    /// # Panics
    ///
    /// When a string starts with NUL and does not go on in base64.
    #[must_use]
    pub fn encode(self, message: &Value) -> Vec<u8> {
        match self {
            Self::Json => serde_json::to_vec(message).expect("a JSON value is written"),
            Self::MsgPack => {
                let mut bytes = Vec::new();
                rmpv::encode::write_value(&mut bytes, &to_msgpack(message)).expect("written to memory");
                bytes
            }
            Self::Cbor => {
                let mut bytes = Vec::new();
                ciborium::into_writer(&to_cbor(message), &mut bytes).expect("written to memory");
                bytes
            }
        }
    }

    /// The message in these bytes, all of them.
    ///
    /// # Errors
    ///
    /// When they are malformed or go on after the message, or hold what JSON cannot say (NaN, keys that are
    /// not text).
    pub fn decode(self, mut bytes: &[u8]) -> Result<Value, String> {
        let value = match self {
            Self::Json => return serde_json::from_slice(bytes).map_err(|error| error.to_string()),
            Self::MsgPack => {
                from_msgpack(rmpv::decode::read_value(&mut bytes).map_err(|error| error.to_string())?)?
            }
            Self::Cbor => from_cbor(ciborium::from_reader(&mut bytes).map_err(|error| error.to_string())?)?,
        };
        if bytes.is_empty() { Ok(value) } else { Err(format!("{} bytes after the message", bytes.len())) }
    }
}

/// A byte string as WAMP writes it in JSON.
#[must_use]
pub fn bytes(bytes: &[u8]) -> Value {
    Value::String(format!("\0{}", STANDARD.encode(bytes)))
}

fn as_bytes(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix('\0')?;
    Some(STANDARD.decode(text).expect("a string that starts with NUL goes on in base64"))
}

fn to_msgpack(value: &Value) -> rmpv::Value {
    match value {
        Value::Null => rmpv::Value::Nil,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(value), ..) => value.into(),
            (_, Some(value), _) => value.into(),
            (.., value) => value.expect("a JSON number is an integer or a float").into(),
        },
        Value::String(text) => match as_bytes(text) {
            Some(bytes) => rmpv::Value::Binary(bytes),
            None => text.as_str().into(),
        },
        Value::Array(items) => rmpv::Value::Array(items.iter().map(to_msgpack).collect()),
        Value::Object(items) => rmpv::Value::Map(
            items.iter().map(|(key, value)| (key.as_str().into(), to_msgpack(value))).collect(),
        ),
    }
}

fn from_msgpack(value: rmpv::Value) -> Result<Value, String> {
    Ok(match value {
        rmpv::Value::Nil => Value::Null,
        rmpv::Value::Boolean(value) => value.into(),
        rmpv::Value::Integer(value) => match (value.as_u64(), value.as_i64()) {
            (Some(value), _) => value.into(),
            (None, value) => value.expect("an integer is signed or unsigned").into(),
        },
        rmpv::Value::F32(value) => float(f64::from(value))?,
        rmpv::Value::F64(value) => float(value)?,
        rmpv::Value::String(text) => text.into_str().ok_or("a MessagePack str that is not UTF-8")?.into(),
        rmpv::Value::Binary(value) => bytes(&value),
        rmpv::Value::Array(items) => {
            Value::Array(items.into_iter().map(from_msgpack).collect::<Result<_, _>>()?)
        }
        rmpv::Value::Map(items) => {
            let items = items.into_iter().map(|(key, value)| Ok((from_msgpack(key)?, from_msgpack(value)?)));
            object(items)?
        }
        rmpv::Value::Ext(kind, data) => json!({ "$ext": kind, "$data": bytes(&data) }),
    })
}

fn to_cbor(value: &Value) -> ciborium::Value {
    match value {
        Value::Null => ciborium::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(value), ..) => value.into(),
            (_, Some(value), _) => value.into(),
            (.., value) => value.expect("a JSON number is an integer or a float").into(),
        },
        Value::String(text) => match as_bytes(text) {
            Some(bytes) => ciborium::Value::Bytes(bytes),
            None => text.as_str().into(),
        },
        Value::Array(items) => ciborium::Value::Array(items.iter().map(to_cbor).collect()),
        Value::Object(items) => ciborium::Value::Map(
            items.iter().map(|(key, value)| (key.as_str().into(), to_cbor(value))).collect(),
        ),
    }
}

fn from_cbor(value: ciborium::Value) -> Result<Value, String> {
    Ok(match value {
        ciborium::Value::Null => Value::Null,
        ciborium::Value::Bool(value) => value.into(),
        ciborium::Value::Integer(value) => match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => value.into(),
            (_, Ok(value)) => value.into(),
            _ => return Err("a CBOR integer beyond 64 bits".to_owned()),
        },
        ciborium::Value::Float(value) => float(value)?,
        ciborium::Value::Text(text) => text.into(),
        ciborium::Value::Bytes(value) => bytes(&value),
        ciborium::Value::Array(items) => {
            Value::Array(items.into_iter().map(from_cbor).collect::<Result<_, _>>()?)
        }
        ciborium::Value::Map(items) => {
            object(items.into_iter().map(|(key, value)| Ok((from_cbor(key)?, from_cbor(value)?))))?
        }
        ciborium::Value::Tag(tag, value) => json!({ "$tag": tag, "$value": from_cbor(*value)? }),
        other => return Err(format!("a CBOR value these tests do not know: {other:?}")),
    })
}

fn float(value: f64) -> Result<Value, String> {
    Number::from_f64(value).map(Value::Number).ok_or_else(|| format!("{value} cannot be said in JSON"))
}

fn object(items: impl Iterator<Item = Result<(Value, Value), String>>) -> Result<Value, String> {
    let mut map = Map::new();
    for item in items {
        let (key, value) = item?;
        let Value::String(key) = key else { return Err(format!("a key that is not text: {key}")) };
        if map.insert(key.clone(), value).is_some() {
            return Err(format!("the key {key:?} twice"));
        }
    }
    Ok(Value::Object(map))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subprotocol_returns_what_it_was_given() {
        let message = json!([48, 9_007_199_254_740_992_u64, { "receive_progress": true }, "a.b",
            [null, true, -1, i64::MIN, u64::MAX, 1.5, "ä", bytes(&[0, 255]), [], {}], { "k": [1] }]);
        for subprotocol in Subprotocol::ALL {
            let frame = subprotocol.encode(std::slice::from_ref(&message));
            assert_eq!(subprotocol.decode(&frame), Ok(vec![message.clone()]), "{subprotocol}");
            if subprotocol.batched {
                let frame = subprotocol.encode(&[message.clone(), json!([6, {}, "a"])]);
                assert_eq!(subprotocol.decode(&frame), Ok(vec![message.clone(), json!([6, {}, "a"])]));
            }
        }
    }

    #[test]
    fn bytes_and_text_are_told_apart() {
        assert_eq!(Serializer::MsgPack.decode(&[0xc4, 1, b'a']), Ok(bytes(b"a")));
        assert_eq!(Serializer::MsgPack.decode(&[0xa1, b'a']), Ok(json!("a")));
        assert_eq!(Serializer::Cbor.decode(&[0x41, b'a']), Ok(bytes(b"a")));
        assert_eq!(Serializer::Cbor.encode(&bytes(b"a")), [0x41, b'a']);
    }

    #[test]
    fn faulty_bytes_are_refused() {
        for serializer in [Serializer::Json, Serializer::MsgPack, Serializer::Cbor] {
            let mut bytes = serializer.encode(&json!([1, "a", {}]));
            assert!(serializer.decode(&bytes[..bytes.len() - 1]).is_err(), "{serializer:?} truncated");
            bytes.push(b'1');
            assert!(serializer.decode(&bytes).is_err(), "{serializer:?} with a byte too many");
        }
        assert!(Serializer::MsgPack.decode(&[0x81, 1, 1]).is_err(), "a key that is not text");
        assert!(Serializer::Cbor.decode(&[0xf9, 0x7e, 0x00]).is_err(), "not a number");
        assert!(Subprotocol::JSON.decode(&Message::binary(b"[]".to_vec())).is_err(), "the wrong frame");
        assert!(Subprotocol::JSON_BATCHED.decode(&Message::text("[1]")).is_err(), "no separator");
        assert!(
            Subprotocol::CBOR_BATCHED.decode(&Message::binary(vec![0, 0, 0, 9, 1])).is_err(),
            "too short"
        );
    }
}
