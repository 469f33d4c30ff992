//! What is not read of a message: each bound at the limit and one past it, in every serializer.

use bytes::Bytes;
use serde_json::{Value, json};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::{Bounds, Message, Violation};

use super::value::{SERIALIZERS, to_frame};

/// Longer than anything that surrounds arguments.
const AROUND: usize = 1024;

fn decode<'a>(serializer: Serializer, frame: &'a Bytes, bounds: &Bounds) -> Result<Message<'a>, Violation> {
    Message::decode_within(serializer, frame, *bounds)
}

fn unread(message: &Message<'_>) -> usize {
    match message {
        Message::Call(call) => call.unread.bytes(),
        Message::Publish(publish) => publish.unread.bytes(),
        other => panic!("{other:?}"),
    }
}

/// The bytes of a value, as they stand in a message.
fn length(serializer: Serializer, value: &Value) -> usize {
    to_frame(serializer, value).len()
}

/// The length of the attributes of a dictionary; in JSON with the colon, and the comma or bracket, behind each.
fn attributes(serializer: Serializer, options: &Value) -> usize {
    let around = if serializer == Serializer::Json { 2 } else { 0 };
    let of_one = |(key, value): (&String, &Value)| {
        length(serializer, &json!(key)) + length(serializer, value) + around
    };
    options.as_object().unwrap().iter().map(of_one).sum()
}

#[test]
fn options_are_read_up_to_their_bound() {
    let values = [
        json!("x".repeat(50)),
        json!("\u{e4}\n".repeat(20)),
        json!([[1], [[]], {"a": [null, true]}, "x", -1.5]),
        json!({"k": {"k": [false, 1e300]}}),
        json!(1_234_567_890_123_u64),
    ];
    for serializer in SERIALIZERS {
        for (code, label) in [(48, "Options"), (16, "Options"), (32, "Options"), (64, "Options")] {
            for value in &values {
                let options = json!({ "_a": value, "_b": value });
                let all = attributes(serializer, &options);
                let frame = to_frame(serializer, &json!([code, 1, options, "com.x"]));
                let bounds = Bounds { options: all, ..Bounds::NONE };
                assert!(decode(serializer, &frame, &bounds).is_ok(), "{serializer:?} {code} {value}");
                for options in 0..all {
                    let bounds = Bounds { options, ..Bounds::NONE };
                    let text = decode(serializer, &frame, &bounds).unwrap_err().to_string();
                    let expected = format!("{label} has more than {options} bytes");
                    assert!(text.contains(&expected), "{serializer:?} {code} {value} {options}: {text}");
                }
            }
        }
    }
}

#[test]
fn known_attributes_count_as_well() {
    for serializer in SERIALIZERS {
        let options = json!({ "ppt_keyid": "k".repeat(100), "ppt_scheme": "x_s" });
        let all = attributes(serializer, &options);
        let frame = to_frame(serializer, &json!([48, 1, options, "com.x"]));
        let within = |options| decode(serializer, &frame, &Bounds { options, ..Bounds::NONE }).is_ok();
        assert!(within(all) && !within(all - 1), "{serializer:?}");
    }
}

/// What is malformed is so whether it is long or not.
#[test]
fn a_fault_before_the_bound_is_named() {
    let frame = Bytes::from(format!(r#"[48,1,{{"_a":[1,,2],"_b":"{}"}},"com.x"]"#, "x".repeat(200)));
    let bounds = Bounds { options: 100, ..Bounds::NONE };
    let text = decode(Serializer::Json, &frame, &bounds).unwrap_err().to_string();
    assert!(text.contains("malformed: unexpected character"), "{text}");
}

fn publication(serializer: Serializer, options: &Value) -> Bytes {
    to_frame(serializer, &json!([16, 1, options, "com.x", ["argument"]]))
}

#[test]
fn receivers_beyond_the_bound_are_read_if_they_are_short() {
    for serializer in SERIALIZERS {
        for list in ["exclude", "exclude_authid", "exclude_authrole", "eligible", "eligible_authid"] {
            let entry = if list.len() < 9 { json!(1) } else { json!("abc") };
            let entries = |count: usize| json!(vec![entry.clone(); count]);
            let options = |count| json!({ "acknowledge": true, list: entries(count) });
            let bounds = Bounds { entries: 3, options: 60, ..Bounds::NONE };
            // All but the four that are read count, in JSON with the commas before them and the bracket.
            let comma = usize::from(serializer == Serializer::Json);
            let each = length(serializer, &entry) + comma;
            let other = attributes(serializer, &json!({ "acknowledge": true, list: 0 }));
            let beyond = (bounds.options - (other - length(serializer, &json!(0))) - comma) / each;
            let read = |count| {
                let frame = publication(serializer, &options(count));
                let Ok(Message::Publish(publish)) = decode(serializer, &frame, &bounds) else {
                    panic!("{serializer:?} {list} {count}")
                };
                let kept = publish.options.receivers.as_ref().map_or(0, |receivers| receivers.len());
                (kept, publish.unread.is_any(), publish.topic.into_owned(), publish.options.acknowledge)
            };
            assert_eq!(read(3), (3, false, "com.x".to_owned(), true), "{serializer:?} {list}");
            assert_eq!(read(4 + beyond), (4, false, "com.x".to_owned(), true), "{serializer:?} {list}");
            let (_, is_unread, topic, acknowledge) = read(5 + beyond);
            assert!(is_unread && topic.is_empty() && acknowledge, "{serializer:?} {list}");
        }
    }
}

#[test]
fn nobody_is_left_waiting_by_receivers_that_are_not_read() {
    let names = vec![r#""abc""#; 100].join(",");
    let bounds = Bounds { entries: 3, options: 100, ..Bounds::NONE };
    for options in [
        format!(r#"{{"exclude_authid":[{names}],"acknowledge":true}}"#),
        format!(r#"{{"exclude_authid":[{names}]}}"#),
    ] {
        let frame = Bytes::from(format!(r#"[16,7,{options},"com.x"]"#));
        let text = decode(Serializer::Json, &frame, &bounds).unwrap_err().to_string();
        let expected =
            "PUBLISH #7: Options.exclude_authid makes more than 3 entries, and more than 100 bytes follow";
        assert!(text.starts_with(expected), "{text}");
    }
    // The same, and the answer that is waited for is asked for first.
    let frame = Bytes::from(format!(r#"[16,7,{{"acknowledge":true,"exclude_authid":[{names}]}},"com.x"]"#));
    assert!(unread(&decode(Serializer::Json, &frame, &bounds).unwrap()) > 0);
}

/// A list that stands there twice is read twice, though the second takes the place of the first.
#[test]
fn entries_of_all_lists_count_together() {
    let list = |count: usize| format!(r#""exclude_authid":[{}]"#, vec![r#""a""#; count].join(","));
    let read = |lists: &[usize]| {
        let lists = lists.iter().map(|count| list(*count)).collect::<Vec<_>>().join(",");
        let frame = Bytes::from(format!(r#"[16,7,{{"acknowledge":true,{lists},"eligible":[1]}},"com.x"]"#));
        let bounds = Bounds { entries: 5, ..Bounds::NONE };
        let Ok(Message::Publish(publish)) = decode(Serializer::Json, &frame, &bounds) else {
            panic!("{frame:?}")
        };
        publish.options.receivers.unwrap()
    };
    assert_eq!(read(&[2, 2]).eligible.unwrap().len(), 1);
    assert_eq!(read(&[2, 2]).exclude_authid.unwrap().len(), 2);
    let beyond = read(&[4, 4]);
    assert_eq!((beyond.exclude_authid.unwrap().len(), beyond.eligible.unwrap().len()), (2, 0));
}

#[test]
fn arguments_of_the_specifications_own_procedures_are_read_up_to_their_bound() {
    let bounds = Bounds { meta_arguments: 3000, testament: 2000, ..Bounds::NONE };
    for serializer in SERIALIZERS {
        for (procedure, most) in [
            ("wamp.session.count", Some(3000)),
            ("wamp.nothing.of.the.kind", Some(3000)),
            ("wamp.session.add_testament", Some(2000)),
            ("wampx.session.count", None),
            ("com.x", None),
        ] {
            for options in [json!({}), json!({ "timeout": 1 })] {
                let call = |argument: usize| {
                    let arguments = json!(["x".repeat(argument)]);
                    to_frame(serializer, &json!([48, 1, options, procedure, arguments]))
                };
                // Behind the procedure stand the arguments, and in JSON a comma and a bracket.
                let around = if serializer == Serializer::Json { 2 } else { 0 };
                let behind = |argument: usize| length(serializer, &json!(["x".repeat(argument)])) + around;
                let most = most.unwrap_or(3000) + AROUND;
                let argument = most - (behind(most) - most);
                assert_eq!(behind(argument), most);
                let frame = call(argument);
                let whole = decode(serializer, &frame, &bounds).unwrap();
                assert_eq!(unread(&whole), 0, "{serializer:?} {procedure} {options}");
                let frame = call(argument + 1);
                let longer = decode(serializer, &frame, &bounds).unwrap();
                let Message::Call(longer) = longer else { panic!("{longer:?}") };
                let is_own = procedure.starts_with("wamp.");
                assert_eq!(longer.unread.is_any(), is_own, "{serializer:?} {procedure} {options}");
                assert_eq!(longer.procedure, procedure);
                assert_eq!(longer.payload.args.is_empty(), is_own);
                let all = decode(serializer, &frame, &bounds.with_all_arguments()).unwrap();
                assert_eq!(unread(&all), 0);
                if is_own {
                    let unread = Message::Call(longer).encode(serializer, &mut Vec::new()).unwrap_err();
                    assert!(unread.to_string().contains("not read to its end"));
                }
            }
        }
    }
}

#[test]
fn what_is_not_read_is_not_looked_at() {
    let bounds = Bounds { meta_arguments: 0, ..Bounds::NONE };
    let frame = Bytes::from(format!(r#"[48,1,{{}},"wamp.session.count",{}"#, "]".repeat(AROUND)));
    assert_eq!(unread(&decode(Serializer::Json, &frame, &bounds).unwrap()), AROUND + 1);
    let frame = Bytes::from(format!(r#"[48,1,{{}},"wamp.session.count",{}"#, "]".repeat(AROUND - 1)));
    assert!(decode(Serializer::Json, &frame, &bounds).is_err());
    // REGISTER has no arguments, and a result is the callee's own.
    let frame = Bytes::from(format!(r#"[64,1,{{}},"wamp.session.count",{}"#, "]".repeat(AROUND)));
    assert!(decode(Serializer::Json, &frame, &bounds).is_err());
}
