//! The messages that are exchanged, byte by byte: what is sent, and the only right answer to it.

use crate::frame;
use crate::message::{Item, message};
use serde::Serialize;

/// Ids have as many digits from the first to the last call, so that all frames are equally long.
pub(crate) const FIRST_ID: u64 = 1_000_001;

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub(crate) enum Format {
    Json,
    MsgPack,
    Cbor,
}

impl Format {
    pub(crate) const ALL: [Self; 3] = [Self::Json, Self::MsgPack, Self::Cbor];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MsgPack => "msgpack",
            Self::Cbor => "cbor",
        }
    }

    pub(crate) const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "wamp.2.json",
            Self::MsgPack => "wamp.2.msgpack",
            Self::Cbor => "wamp.2.cbor",
        }
    }

    pub(crate) const fn opcode(self) -> u8 {
        match self {
            Self::Json => frame::TEXT,
            Self::MsgPack | Self::Cbor => frame::BINARY,
        }
    }

    /// HELLO to a realm, in every role.
    pub(crate) fn hello(self, realm: &str) -> Vec<u8> {
        let details: &[u8] = match self {
            Self::Json => br#"{"roles":{"caller":{},"callee":{},"publisher":{},"subscriber":{}}}"#,
            Self::MsgPack => {
                b"\x81\xa5roles\x84\xa6caller\x80\xa6callee\x80\xa9publisher\x80\xaasubscriber\x80"
            }
            Self::Cbor => b"\xa1\x65roles\xa4\x66caller\xa0\x66callee\xa0\x69publisher\xa0\x6asubscriber\xa0",
        };
        message(self, &[Item::Int(1), Item::Text(realm), Item::Raw(details)])
    }

    /// Whether `message` begins as a WELCOME does.
    pub(crate) fn is_welcome(self, message: &[u8]) -> bool {
        message.starts_with(match self {
            Self::Json => b"[2,",
            Self::MsgPack => b"\x93\x02",
            Self::Cbor => b"\x83\x02",
        })
    }
}

/// What is asked, in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exchange {
    /// `demo.add`: two integers to their sum.
    Call(Format),
    /// Messages that come back as they are, as long as request and answer of a call are on average.
    Echo(Format, usize),
}

impl Exchange {
    pub(crate) fn echo_of(format: Format) -> Self {
        let call = Self::Call(format);
        Self::Echo(format, (call.request_len() + call.answer_len()).div_ceil(2))
    }

    pub(crate) const fn format(self) -> Format {
        match self {
            Self::Call(format) | Self::Echo(format, _) => format,
        }
    }

    pub(crate) fn request_len(self) -> usize {
        let mut out = Vec::new();
        self.request(FIRST_ID, &mut out);
        out.len()
    }

    pub(crate) fn answer_len(self) -> usize {
        let mut out = Vec::new();
        self.answer(FIRST_ID, &mut out);
        out.len()
    }

    /// Appends the request with this id.
    pub(crate) fn request(self, id: u64, out: &mut Vec<u8>) {
        let a = addend(id);
        match self {
            Self::Call(Format::Json) => {
                out.extend_from_slice(b"[48,");
                digits(id, out);
                out.extend_from_slice(b",{},\"demo.add\",[");
                digits(a.into(), out);
                out.extend_from_slice(b",50]]");
            }
            Self::Call(Format::MsgPack) => {
                out.extend_from_slice(b"\x95\x30\xce");
                out.extend_from_slice(&(id as u32).to_be_bytes());
                out.extend_from_slice(b"\x80\xa8demo.add\x92\xcc");
                out.extend_from_slice(&[a, 50]);
            }
            Self::Call(Format::Cbor) => {
                out.extend_from_slice(b"\x85\x18\x30\x1a");
                out.extend_from_slice(&(id as u32).to_be_bytes());
                out.extend_from_slice(b"\xa0\x68demo.add\x82\x18");
                out.extend_from_slice(&[a, 0x18, 50]);
            }
            Self::Echo(_, len) => {
                let end = out.len() + len;
                digits(id, out);
                out.resize(end, b'.');
            }
        }
    }

    /// Appends what the server must answer to the request with this id.
    pub(crate) fn answer(self, id: u64, out: &mut Vec<u8>) {
        let sum = addend(id) + 50;
        match self {
            Self::Call(Format::Json) => {
                out.extend_from_slice(b"[50,");
                digits(id, out);
                out.extend_from_slice(b",{},[");
                digits(sum.into(), out);
                out.extend_from_slice(b"]]");
            }
            Self::Call(Format::MsgPack) => {
                out.extend_from_slice(b"\x94\x32\xce");
                out.extend_from_slice(&(id as u32).to_be_bytes());
                out.extend_from_slice(&[0x80, 0x91, 0xcc, sum]);
            }
            Self::Call(Format::Cbor) => {
                out.extend_from_slice(b"\x84\x18\x32\x1a");
                out.extend_from_slice(&(id as u32).to_be_bytes());
                out.extend_from_slice(&[0xa0, 0x81, 0x18, sum]);
            }
            Self::Echo(..) => self.request(id, out),
        }
    }
}

/// An integer that has the same length in every call, as its sum with 50 has.
const fn addend(id: u64) -> u8 {
    130 + (id % 64) as u8
}

/// Appends a number in decimal.
pub(crate) fn digits(mut number: u64, out: &mut Vec<u8>) {
    let mut buffer = [0; 20];
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&buffer[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_as_long_as_their_neighbours() {
        for exchange in Format::ALL.map(Exchange::Call).into_iter().chain(Format::ALL.map(Exchange::echo_of))
        {
            for id in FIRST_ID..FIRST_ID + 200 {
                let (mut request, mut answer) = (Vec::new(), Vec::new());
                exchange.request(id, &mut request);
                exchange.answer(id, &mut answer);
                assert_eq!((request.len(), answer.len()), (exchange.request_len(), exchange.answer_len()));
            }
        }
    }

    #[test]
    fn json_is_what_one_would_write() {
        let (mut request, mut answer) = (Vec::new(), Vec::new());
        Exchange::Call(Format::Json).request(1_000_064, &mut request);
        Exchange::Call(Format::Json).answer(1_000_064, &mut answer);
        assert_eq!(String::from_utf8_lossy(&request), r#"[48,1000064,{},"demo.add",[130,50]]"#);
        assert_eq!(String::from_utf8_lossy(&answer), "[50,1000064,{},[180]]");
    }
}
