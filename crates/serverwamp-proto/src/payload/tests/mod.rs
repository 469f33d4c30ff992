//! Arguments bound to types.

use super::{ArgumentsError, Part, Payload};
use crate::codec::{Serializer, Value, transcode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

mod encode;

const ALL: [Serializer; 3] = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];

/// The payload that reads `args` and `kwargs` in JSON; nothing stands for nothing.
fn payload(serializer: Serializer, args: &str, kwargs: &str) -> Payload {
    let carry = |text: &str| {
        let mut out = Vec::new();
        if !text.is_empty() {
            transcode(Serializer::Json, text.as_bytes(), serializer, &mut out).unwrap();
        }
        Part::from(out)
    };
    Payload::of_parts(serializer, carry(args), carry(kwargs))
}

/// Applies `take` in all three serializers, which must agree.
fn agreed<T: PartialEq + Debug>(
    args: &str,
    kwargs: &str,
    take: impl Fn(&Payload) -> Result<T, ArgumentsError>,
) -> Result<T, String> {
    let [json, msgpack, cbor] =
        ALL.map(|serializer| take(&payload(serializer, args, kwargs)).map_err(|error| error.0));
    assert_eq!(json, msgpack);
    assert_eq!(json, cbor);
    json
}

fn bind<T: DeserializeOwned + PartialEq + Debug>(args: &str, kwargs: &str) -> Result<T, String> {
    agreed(args, kwargs, |payload| payload.bind())
}

fn refused<T>(text: &str) -> Result<T, String> {
    Err(text.to_owned())
}

#[derive(Debug, Deserialize, PartialEq)]
struct Add {
    a: i64,
    #[serde(default = "five")]
    b: i64,
}

fn five() -> i64 {
    5
}

#[test]
fn a_struct_binds_by_position_then_by_name() {
    for (args, kwargs, expected) in [
        ("[1,2]", "", Ok(Add { a: 1, b: 2 })),
        ("[1,2]", "{}", Ok(Add { a: 1, b: 2 })),
        ("", r#"{"a":4}"#, Ok(Add { a: 4, b: 5 })),
        ("[]", r#"{"b":1,"a":4}"#, Ok(Add { a: 4, b: 1 })),
        ("[1]", r#"{"b":9}"#, Ok(Add { a: 1, b: 9 })),
        ("[1]", r#"{"b":9,"unknown":[1,{}]}"#, Ok(Add { a: 1, b: 9 })),
        ("[1]", r#"{"a":9}"#, refused("`a` given both by position and by name")),
        ("[1,2]", r#"{"b":9}"#, refused("`b` given both by position and by name")),
        ("", "", refused("missing argument `a`")),
        ("[]", r#"{"b":1}"#, refused("missing argument `a`")),
        (r#"["x"]"#, "", refused(r#"`a`: invalid type: string "x", expected i64"#)),
        ("", r#"{"a":1,"b":null}"#, refused("`b`: invalid type: unit value, expected i64")),
        ("[1.5]", "", refused("`a`: invalid type: floating point `1.5`, expected i64")),
        ("[1,2,3]", "", refused("takes at most 2 arguments, got 3")),
        // The number of arguments says more than the fault in one of them.
        (r#"["x",2,3,4]"#, "", refused("takes at most 2 arguments, got 4")),
        ("", r#"{"a":1,"a":2}"#, refused("`a` given more than once")),
    ] {
        assert_eq!(bind::<Add>(args, kwargs), expected, "{args} {kwargs}");
    }
}

#[test]
fn a_dictionary_in_place_of_keywords_is_explained() {
    assert_eq!(
        bind::<Add>(r#"[{"a":1}]"#, ""),
        refused("`a`: invalid type: map, expected i64; got 1 dictionary; did you mean `Arg<Add>`?")
    );
    // Two arguments are no such case.
    assert_eq!(bind::<Add>(r#"[{"a":1},2]"#, ""), refused("`a`: invalid type: map, expected i64"));
    assert_eq!(bind::<Add>(r#"[{"a":1}]"#, r#"{"b":2}"#), refused("`a`: invalid type: map, expected i64"));
    // A first field that is a dictionary is bound to it.
    #[derive(Debug, Deserialize, PartialEq)]
    struct First {
        map: BTreeMap<String, i64>,
    }
    assert_eq!(bind::<First>(r#"[{"a":1}]"#, ""), Ok(First { map: [("a".into(), 1)].into() }));
}

#[test]
fn unknown_keywords_are_refused_only_if_the_type_says_so() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        a: i64,
    }
    assert_eq!(bind::<Strict>("[1]", ""), Ok(Strict { a: 1 }));
    assert_eq!(bind::<Strict>("[1]", r#"{"zz":1}"#), refused("unexpected keyword argument `zz`"));
}

#[test]
fn structs_within_arguments_are_not_bound_but_decoded() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Outer {
        inner: Add,
        rest: Option<Vec<u8>>,
    }
    let expected = Outer { inner: Add { a: 1, b: 5 }, rest: None };
    assert_eq!(bind::<Outer>(r#"[{"a":1}]"#, ""), Ok(expected));
    assert_eq!(
        bind::<Outer>("", r#"{"inner":{"b":1}}"#),
        // A field of an argument is no argument.
        refused("`inner`: missing field `a`")
    );
    let bytes = bind::<Outer>(r#"[{"a":1},"\u0000AQI="]"#, "").unwrap();
    assert_eq!(bytes.rest, Some(vec![1, 2]));
}

#[test]
fn tuples_take_positional_arguments() {
    type Pair = (i64, String);
    assert_eq!(bind::<Pair>(r#"[1,"z"]"#, ""), Ok((1, "z".into())));
    assert_eq!(bind::<Pair>("[1]", ""), refused("expected 2 positional arguments, got 1"));
    assert_eq!(bind::<Pair>("", ""), refused("expected 2 positional arguments, got 0"));
    assert_eq!(bind::<Pair>(r#"[1,"z",3]"#, ""), refused("expected 2 positional arguments, got 3"));
    assert_eq!(bind::<Pair>(r#"["x",1,3]"#, ""), refused("expected 2 positional arguments, got 3"));
    assert_eq!(
        bind::<Pair>("[1,2]", ""),
        refused("argument 2: invalid type: integer `2`, expected a string")
    );
    assert_eq!(bind::<Pair>(r#"[1,"z"]"#, r#"{"a":1}"#), refused("takes positional arguments only"));
    assert_eq!(bind::<(f64,)>("[2]", ""), Ok((2.0,)));
    assert_eq!(bind::<(f64,)>("", ""), refused("expected 1 positional argument, got 0"));

    #[derive(Debug, Deserialize, PartialEq)]
    struct Point(i64, i64);
    assert_eq!(bind::<Point>("[1,2]", ""), Ok(Point(1, 2)));
    assert_eq!(bind::<Point>("[1]", ""), refused("expected 2 positional arguments, got 1"));
}

#[test]
fn options_at_the_end_of_a_tuple_may_be_missing() {
    type Open = (i64, Option<String>, Option<i64>);
    assert_eq!(bind::<Open>("[1]", ""), Ok((1, None, None)));
    assert_eq!(bind::<Open>(r#"[1,"a"]"#, ""), Ok((1, Some("a".into()), None)));
    assert_eq!(bind::<Open>("[1,null,3]", ""), Ok((1, None, Some(3))));
    assert_eq!(bind::<Open>("", ""), refused("expected 3 positional arguments, got 0"));
    assert_eq!(bind::<(Option<i64>, i64)>("[1]", ""), refused("expected 2 positional arguments, got 1"));
}

#[test]
fn one_value_takes_exactly_one_argument() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct UserId(u64);
    #[derive(Debug, Deserialize, PartialEq)]
    enum Colour {
        Red,
        Mix(u8, u8),
    }
    assert_eq!(bind::<u64>("[5]", ""), Ok(5));
    assert_eq!(bind::<UserId>("[5]", ""), Ok(UserId(5)));
    assert_eq!(bind::<String>(r#"["a"]"#, ""), Ok("a".into()));
    assert_eq!(bind::<Colour>(r#"["Red"]"#, ""), Ok(Colour::Red));
    assert_eq!(bind::<Colour>(r#"[{"Mix":[1,2]}]"#, ""), Ok(Colour::Mix(1, 2)));
    assert_eq!(bind::<Value>("[[1]]", ""), Ok(Value::from(vec![1])));
    assert_eq!(bind::<u64>("", ""), refused("expected exactly 1 positional argument, got 0"));
    assert_eq!(bind::<u64>("[1,2]", ""), refused("expected exactly 1 positional argument, got 2"));
    assert_eq!(bind::<u64>(r#"["x",2]"#, ""), refused("expected exactly 1 positional argument, got 2"));
    assert_eq!(bind::<u64>(r#"["x"]"#, ""), refused(r#"invalid type: string "x", expected u64"#));
    assert_eq!(bind::<u64>("[1]", r#"{"a":1}"#), refused("takes positional arguments only"));
}

#[test]
fn lists_maps_units_and_options_take_what_they_can() {
    assert_eq!(bind::<Vec<i64>>("[1,2,3]", ""), Ok(vec![1, 2, 3]));
    assert_eq!(bind::<Vec<i64>>("", "{}"), Ok(vec![]));
    assert_eq!(bind::<Vec<i64>>("[1]", r#"{"a":1}"#), refused("takes positional arguments only"));
    assert_eq!(
        bind::<Vec<i64>>("[1,null]", ""),
        refused("argument 2: invalid type: unit value, expected i64")
    );

    type Map = HashMap<String, i64>;
    assert_eq!(bind::<Map>("", r#"{"a":1}"#), Ok([("a".into(), 1)].into()));
    assert_eq!(bind::<Map>("[]", ""), Ok(Map::new()));
    assert_eq!(bind::<Map>("[1]", r#"{"a":1}"#), refused("takes keyword arguments only"));
    assert_eq!(bind::<Map>("", r#"{"a":null}"#), refused("`a`: invalid type: unit value, expected i64"));

    #[derive(Debug, Deserialize, PartialEq)]
    struct Nothing;
    #[derive(Debug, Deserialize, PartialEq)]
    struct Empty {}
    assert_eq!(bind::<()>("", ""), Ok(()));
    assert_eq!(bind::<()>("[]", "{}"), Ok(()));
    assert_eq!(bind::<Nothing>("", ""), Ok(Nothing));
    assert_eq!(bind::<()>("[null]", ""), refused("takes no arguments"));
    assert_eq!(bind::<()>("", r#"{"a":1}"#), refused("takes no arguments"));
    assert_eq!(bind::<Empty>("", r#"{"a":1}"#), Ok(Empty {}));
    assert_eq!(bind::<Empty>("[1]", ""), refused("takes no arguments"));

    assert_eq!(bind::<Option<u64>>("", ""), Ok(None));
    assert_eq!(bind::<Option<u64>>("[null]", ""), Ok(None));
    assert_eq!(bind::<Option<u64>>("[1]", ""), Ok(Some(1)));
    assert_eq!(bind::<Option<u64>>("[null,1]", ""), refused("expected exactly 1 positional argument, got 2"));
    assert_eq!(bind::<Option<Add>>("", r#"{"a":1}"#), Ok(Some(Add { a: 1, b: 5 })));

    #[derive(Debug, Deserialize, PartialEq)]
    struct Flat {
        id: i64,
        #[serde(flatten)]
        rest: BTreeMap<String, i64>,
    }
    let flat = Flat { id: 1, rest: [("x".into(), 2)].into() };
    assert_eq!(bind::<Flat>("", r#"{"id":1,"x":2}"#), Ok(flat));
    assert_eq!(bind::<Flat>("[1]", ""), refused("takes keyword arguments only"));
}

#[test]
fn args_kwargs_and_arg_take_one_shape_only() {
    assert_eq!(agreed("[1,2]", "", |p| p.args::<(i64, i64)>()), Ok((1, 2)));
    assert_eq!(agreed("[1,2]", "", |p| p.args::<Vec<i64>>()), Ok(vec![1, 2]));
    assert_eq!(agreed("[1,2]", "", |p| p.args::<Add>()), Ok(Add { a: 1, b: 2 }));
    assert_eq!(agreed("[1]", r#"{"b":2}"#, |p| p.args::<Add>()), refused("takes positional arguments only"));

    assert_eq!(agreed("", r#"{"a":1}"#, |p| p.kwargs::<Add>()), Ok(Add { a: 1, b: 5 }));
    assert_eq!(agreed("[]", "", |p| p.kwargs::<Add>()), refused("missing argument `a`"));
    assert_eq!(agreed("[1]", r#"{"b":2}"#, |p| p.kwargs::<Add>()), refused("takes keyword arguments only"));
    let map = agreed("", r#"{"a":1}"#, |p| p.kwargs::<BTreeMap<String, i64>>());
    assert_eq!(map, Ok([("a".into(), 1)].into()));

    assert_eq!(agreed(r#"[{"a":1}]"#, "", |p| p.arg::<Add>()), Ok(Add { a: 1, b: 5 }));
    assert_eq!(agreed("[[1,2]]", "", |p| p.arg::<(i64, i64)>()), Ok((1, 2)));
    assert_eq!(agreed("[{}]", "", |p| p.arg::<Add>()), refused("missing field `a`"));
    assert_eq!(
        agreed("[{},1]", "", |p| p.arg::<Add>()),
        refused("expected exactly 1 positional argument, got 2")
    );
    assert_eq!(
        agreed(r#"[{"a":1}]"#, r#"{"b":1}"#, |p| p.arg::<Add>()),
        refused("takes positional arguments only")
    );
}

#[test]
fn arguments_may_borrow_from_the_payload() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Borrowing<'a> {
        name: &'a str,
        #[serde(borrow)]
        list: Vec<&'a str>,
    }
    for serializer in ALL {
        let payload = payload(serializer, r#"["a"]"#, r#"{"list":["b","c"]}"#);
        let bound: Borrowing<'_> = payload.bind().unwrap();
        assert_eq!(bound, Borrowing { name: "a", list: vec!["b", "c"] });
    }
}

#[test]
fn bytes_that_are_no_arguments_are_refused() {
    for (args, kwargs, text) in [
        ("{}", "", "arguments are not a list"),
        ("1", "", "arguments are not a list"),
        ("", "[]", "keyword arguments are not a dictionary"),
    ] {
        assert_eq!(bind::<Add>(args, kwargs), refused(text));
        assert_eq!(bind::<Vec<i64>>(args, kwargs), refused(text));
    }
    for args in ["[1", "[1]]", "[1,", "[1,2]x"] {
        let payload = Payload::of_parts(Serializer::Json, Part::copied(args.as_bytes()), Part::new());
        assert!(payload.bind::<Add>().is_err(), "{args}");
        assert!(payload.bind::<Vec<i64>>().is_err(), "{args}");
        assert!(payload.bind::<i64>().is_err(), "{args}");
    }
}

#[test]
fn an_error_does_not_repeat_all_that_the_caller_sent() {
    let long = format!(r#"["{}"]"#, "x".repeat(100_000));
    assert!(bind::<Add>(&long, "").unwrap_err().len() < 320);
    let key = format!(r#"{{"a":1,"{}":1}}"#, "x".repeat(100_000));
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        a: i64,
    }
    assert!(bind::<Strict>("", &key).unwrap_err().len() < 320);
    let key = format!(r#"{{"a":1,"{}":null}}"#, "x".repeat(100_000));
    assert!(bind::<HashMap<String, i64>>("", &key).unwrap_err().len() < 320);
}
