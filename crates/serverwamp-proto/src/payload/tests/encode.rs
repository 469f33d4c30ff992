//! Arguments out of types, and payloads carried to other serializers.

use super::{ALL, Add, payload, refused};
use crate::codec::{Serializer, Value, from_slice};
use crate::payload::{
    Part, Payload, encode_args, encode_args_part, encode_kwargs, encode_single, encode_single_part,
};
use bytes::Bytes;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

#[derive(Serialize)]
struct Doc {
    id: u64,
    title: &'static str,
}

const DOC: Doc = Doc { id: 1, title: "t" };

fn json(result: Result<Vec<u8>, crate::codec::EncodeError>) -> Result<String, String> {
    result.map(|bytes| String::from_utf8(bytes).unwrap()).map_err(|error| error.reason.into_owned())
}

#[test]
fn arguments_are_encoded_out_of_tuples_and_lists() {
    #[derive(Serialize)]
    struct Point(i64, i64);
    #[derive(Serialize)]
    struct Wrapper<T>(T);
    let text = |json: &str| Ok(json.to_owned());
    assert_eq!(json(encode_args(Serializer::Json, &(1, "a"))), text(r#"[1,"a"]"#));
    assert_eq!(json(encode_args(Serializer::Json, &[1, 2][..])), text("[1,2]"));
    assert_eq!(json(encode_args(Serializer::Json, &Point(1, 2))), text("[1,2]"));
    assert_eq!(json(encode_args(Serializer::Json, &Wrapper(Some((1,))))), text("[1]"));
    assert_eq!(json(encode_args(Serializer::Json, &(DOC,))), text(r#"[{"id":1,"title":"t"}]"#));
    let wrong = || refused("arguments must be a tuple or a list");
    assert_eq!(json(encode_args(Serializer::Json, &1)), wrong());
    assert_eq!(json(encode_args(Serializer::Json, "a")), wrong());
    assert_eq!(json(encode_args(Serializer::Json, &DOC)), wrong());
    assert_eq!(json(encode_args(Serializer::Json, &Ok::<(i64,), ()>((1,)))), wrong());
    assert!(encode_args(Serializer::Json, &(f64::NAN,)).is_err());
}

#[test]
fn keyword_arguments_are_encoded_out_of_structs_and_maps() {
    let text = |json: &str| Ok(json.to_owned());
    assert_eq!(json(encode_kwargs(Serializer::Json, &DOC)), text(r#"{"id":1,"title":"t"}"#));
    assert_eq!(json(encode_kwargs(Serializer::Json, &BTreeMap::from([("a", 1)]))), text(r#"{"a":1}"#));
    let wrong = || refused("keyword arguments must be a struct or a map");
    assert_eq!(json(encode_kwargs(Serializer::Json, &(1,))), wrong());
    assert_eq!(json(encode_kwargs(Serializer::Json, &true)), wrong());
}

#[test]
fn msg_10_no_arguments_are_no_bytes() {
    #[derive(Serialize)]
    struct Empty {}
    for serializer in ALL {
        assert_eq!(encode_args(serializer, &()), Ok(vec![]));
        assert_eq!(encode_args(serializer, &None::<(i64,)>), Ok(vec![]));
        assert_eq!(encode_args(serializer, &Vec::<i64>::new()), Ok(vec![]));
        assert_eq!(encode_kwargs(serializer, &()), Ok(vec![]));
        assert_eq!(encode_kwargs(serializer, &Empty {}), Ok(vec![]));
        assert_eq!(encode_kwargs(serializer, &HashMap::<String, i64>::new()), Ok(vec![]));
        // But an argument that is empty is an argument.
        assert_ne!(encode_args(serializer, &((),)), Ok(vec![]));
        assert_ne!(encode_args(serializer, &(Vec::<i64>::new(),)), Ok(vec![]));
    }
}

#[test]
fn what_is_encoded_can_be_bound_again() {
    for serializer in ALL {
        let args = Part::from(encode_single(serializer, &[1, 2]).unwrap());
        let payload = Payload { args, ..Payload::empty(serializer) };
        assert_eq!(payload.bind::<(Vec<i64>,)>(), Ok((vec![1, 2],)));
        assert_eq!(payload.arg::<[i64; 2]>(), Ok([1, 2]));
        assert_eq!(payload.args, encode_args(serializer, &([1, 2],)).unwrap());

        let args = encode_args(serializer, &(1,)).unwrap();
        let kwargs = encode_kwargs(serializer, &BTreeMap::from([("b", 2)])).unwrap();
        let payload = Payload::of_parts(serializer, args.into(), kwargs.into());
        assert_eq!(payload.bind::<Add>(), Ok(Add { a: 1, b: 2 }));
    }
    assert!(encode_single(Serializer::Json, &f64::INFINITY).is_err());
}

#[test]
fn ser_14_arguments_leave_room_for_the_levels_around_them() {
    let nested = |levels: usize| (1..levels).fold(Value::List(vec![]), |inner, _| Value::List(vec![inner]));
    for serializer in ALL {
        // The message and its list of arguments are two of the 64.
        assert!(encode_single(serializer, &nested(62)).is_ok());
        assert!(encode_single(serializer, &nested(63)).is_err());
        assert!(encode_args(serializer, &nested(63)).is_ok());
        assert!(encode_args(serializer, &nested(64)).is_err());
    }
}

#[test]
fn ser_06_a_payload_moves_to_another_serializer() {
    let args = r#"[1,"\u0000AQID",{"k":[1.5,null]}]"#;
    let kwargs = r#"{"z":1,"a":18446744073709551615}"#;
    for from in ALL {
        for to in ALL {
            let moved = payload(from, args, kwargs).to_serializer(to).unwrap();
            let expected = payload(to, args, kwargs);
            assert_eq!(
                (moved.serializer, &moved.args, &moved.kwargs),
                (to, &expected.args, &expected.kwargs)
            );
            let empty = Payload::empty(from).to_serializer(to).unwrap();
            assert!(empty.args.is_empty() && empty.kwargs.is_empty());
        }
    }
    let bytes = Bytes::from_static(b"[1,2,3,4,5,6,7,8,9,10,11,12]");
    let same = Payload { args: bytes.clone().into(), ..Payload::empty(Serializer::Json) };
    assert_eq!(same.to_serializer(Serializer::Json).unwrap().args.as_ptr(), bytes.as_ptr());
    // SER-13: a value that the other side cannot express is an error.
    let nan = Payload {
        args: encode_single(Serializer::Cbor, &f64::NAN).unwrap().into(),
        ..Payload::empty(Serializer::Cbor)
    };
    assert!(nan.to_serializer(Serializer::Json).is_err());
    assert!(
        from_slice::<(f64,)>(
            Serializer::MessagePack,
            &nan.to_serializer(Serializer::MessagePack).unwrap().args
        )
        .unwrap()
        .0
        .is_nan()
    );
}

#[test]
fn parts_are_what_is_encoded_also_of_values_that_encode_others_meanwhile() {
    /// Encodes its text by itself, and then the length of that.
    struct Nested(&'static str, Serializer);
    impl Serialize for Nested {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let part = encode_single_part(self.1, self.0).map_err(serde::ser::Error::custom)?;
            assert_eq!(part, encode_single(self.1, self.0).unwrap());
            (self.0, part.len()).serialize(serializer)
        }
    }
    for serializer in ALL {
        for text in [
            "",
            "short",
            "a text that is longer than what a part holds itself, so that it has memory of its own",
        ] {
            let nested = Nested(text, serializer);
            for _ in 0..2 {
                assert_eq!(
                    encode_single_part(serializer, &nested),
                    Ok(Part::from(encode_single(serializer, &nested).unwrap()))
                );
                assert_eq!(
                    encode_args_part(serializer, &nested),
                    Ok(Part::from(encode_args(serializer, &nested).unwrap()))
                );
            }
        }
        assert!(encode_args_part(serializer, &1).is_err(), "it is no list");
        assert_eq!(encode_args_part(serializer, &()), Ok(Part::new()), "and nothing is left of it");
    }
}
