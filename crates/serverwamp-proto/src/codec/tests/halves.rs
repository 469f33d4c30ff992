//! Half of a surrogate pair, as a browser makes it of a cut emoji. It is passed on in JSON and is no text for anybody.

use super::well_formed;
use crate::codec::json::JsonReader;
use crate::codec::reader::{Reader, Token};
use crate::codec::{DecodeError, ListReader, Serializer, Value, from_slice, transcode};
use crate::message::Message;
use crate::payload::Payload;
use bytes::Bytes;
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;

const HALF: &str = "unpaired surrogate";
/// Strings that hold a half, as they stand between their quotes.
const HALVES: [&str; 9] = [
    r"\ud83d",
    r"\ude00",
    r"a\uD83Db",
    r"\ud83d\u0041",
    r"\ud83d\ud83d",
    r"\ude00\ud83d",
    // A whole pair behind a half.
    r"\ud83d\ud83d\ude00",
    r"\ud83d\n",
    r"\u00e9\udfff\u00e9",
];

/// Reads a value token by token.
fn read(bytes: &[u8]) -> Result<(), DecodeError> {
    fn value(reader: &mut JsonReader<'_>) -> Result<(), DecodeError> {
        let (mut frame, dict) = match reader.token()? {
            Token::List(frame) => (frame, false),
            Token::Dict(frame) => (frame, true),
            _ => return Ok(()),
        };
        while reader.more(&mut frame)? {
            if dict {
                reader.key_token()?;
            }
            value(reader)?;
        }
        Ok(())
    }
    let mut reader = JsonReader::new(bytes)?;
    value(&mut reader)?;
    reader.finish()
}

fn passed(bytes: &[u8]) -> Result<(), DecodeError> {
    let mut reader = JsonReader::new(bytes)?;
    reader.skip()?;
    reader.finish()
}

#[test]
fn ser_13_half_a_pair_is_passed_on_and_read_by_nobody() {
    for half in HALVES {
        for text in [format!("\"{half}\""), format!("[1,{{\"a\":\"{half}\"}}]"), format!("{{\"{half}\":1}}")]
        {
            assert_eq!((passed(text.as_bytes()), read(text.as_bytes())), (Ok(()), Ok(())), "{text}");
            for to in [Serializer::MessagePack, Serializer::Cbor] {
                let mut out = b"kept".to_vec();
                let error = transcode(Serializer::Json, text.as_bytes(), to, &mut out).unwrap_err();
                assert_eq!((&*error.reason, &out[..]), (HALF, &b"kept"[..]), "{text}");
            }
            let error = from_slice::<Value>(Serializer::Json, text.as_bytes()).unwrap_err();
            assert_eq!(error.reason, HALF, "{text}");
            from_slice::<IgnoredAny>(Serializer::Json, text.as_bytes()).unwrap();
            // Where WAMP itself reads, it is refused.
            assert_eq!(well_formed(Serializer::Json, text.as_bytes()).unwrap_err().reason, HALF, "{text}");
        }
        let text = format!("\"{half}\"");
        assert!(from_slice::<String>(Serializer::Json, text.as_bytes()).is_err());
        assert!(from_slice::<Vec<u8>>(Serializer::Json, text.as_bytes()).is_err());
        let bytes = format!("\"\\u0000{half}\"");
        let reason = "a string that starts with NUL must continue with base64";
        assert_eq!(passed(bytes.as_bytes()).unwrap_err().reason, reason);
        assert_eq!(read(bytes.as_bytes()).unwrap_err().reason, reason);
    }
    // The text after a half has to be valid.
    for wrong in [r#""\ud83d\u12""#, r#""\ud83d\uzzzz""#, r#""\ud83d\x""#, r#""\ud83d"#] {
        assert!(passed(wrong.as_bytes()).is_err() && read(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn ser_13_half_a_pair_may_stand_in_arguments_and_nowhere_else() {
    let decoded =
        |text: &str| Message::decode(Serializer::Json, &Bytes::copy_from_slice(text.as_bytes())).map(drop);
    for half in HALVES {
        for fine in [
            format!(r#"[16,1,{{}},"com.t",["{half}"]]"#),
            format!(r#"[48,1,{{}},"com.p",[],{{"{half}":["{half}"]}}]"#),
            format!(r#"[70,1,{{}},["{half}"]]"#),
            format!(r#"[70,1,{{"progress":true}},["{half}"]]"#),
            format!(r#"[8,68,1,{{}},"com.error",["{half}"]]"#),
        ] {
            assert_eq!(decoded(&fine), Ok(()), "{fine}");
        }
        for bad in [
            format!(r#"[16,1,{{}},"com.{half}"]"#),
            format!(r#"[16,1,{{"exclude_authid":["{half}"]}},"com.t"]"#),
            format!(r#"[16,1,{{"unknown":"{half}"}},"com.t"]"#),
            format!(r#"[16,1,{{"{half}":1}},"com.t"]"#),
            format!(r#"[1,"realm{half}",{{"roles":{{}}}}]"#),
            format!(r#"[1,"realm1",{{"roles":{{}},"authextra":{{"a":"{half}"}}}}]"#),
            format!(r#"[5,"{half}",{{}}]"#),
            format!(r#"[8,68,1,{{}},"com.{half}"]"#),
        ] {
            let violation = decoded(&bad).unwrap_err();
            assert!(violation.message.contains(HALF), "{bad}: {violation}");
        }
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Named {
    a: u8,
}

#[test]
fn a_type_that_does_not_look_at_the_half_is_bound() {
    let payload = |args: &str, kwargs: &str| Payload {
        args: args.as_bytes().to_vec().into(),
        kwargs: kwargs.as_bytes().to_vec().into(),
        ..Payload::empty(Serializer::Json)
    };
    let error = payload(r#"["\ud83d"]"#, "").bind::<(String,)>().unwrap_err();
    assert_eq!(error.0, "argument 1: unpaired surrogate");
    let error = payload(r#"["\ud83d"]"#, "").bind::<String>().unwrap_err();
    assert_eq!(error.0, HALF);
    assert_eq!(payload("", r#"{"a":1,"b":"\ud83d"}"#).bind::<Named>(), Ok(Named { a: 1 }));
    let mut list = ListReader::open(Serializer::Json, br#"["\ud83d",1]"#).unwrap();
    assert_eq!(list.argument(), Ok(&br#""\ud83d""#[..]));
    assert_eq!(list.unsigned(), Ok(1));
}

proptest! {
    /// Handing a payload out as raw bytes must not let anything through that reading it would refuse.
    #[test]
    fn ser_08_passing_and_reading_accept_the_same_strings_and_numbers(
        text in "(\"(\\\\u[dD][89a-fA-F][0-9a-f]{2}|\\\\u0000|[a-cA-Q=\\\\]|é){0,5}\"|[-+0-9.eE]{1,9}|1e[0-9]{1,4}|[\\[\\]{}:,]|\"[ab]\":){1,6}"
    ) {
        prop_assert_eq!(passed(text.as_bytes()), read(text.as_bytes()), "{}", text);
    }
}
