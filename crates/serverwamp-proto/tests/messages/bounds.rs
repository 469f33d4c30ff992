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
            let options = |count| json!({ "_a": true, list: entries(count) });
            let bounds = Bounds { entries: 3, options: 60, ..Bounds::NONE };
            // All but the four that are read count, in JSON with the commas before them and the bracket.
            let comma = usize::from(serializer == Serializer::Json);
            let each = length(serializer, &entry) + comma;
            let other = attributes(serializer, &json!({ "_a": true, list: 0 }));
            let beyond = (bounds.options - (other - length(serializer, &json!(0))) - comma) / each;
            let read = |count| {
                let frame = publication(serializer, &options(count));
                let Ok(Message::Publish(publish)) = decode(serializer, &frame, &bounds) else { return None };
                let kept = publish.options.receivers.as_ref().map_or(0, |receivers| receivers.len());
                Some((kept, publish.unread.is_any(), publish.topic.into_owned()))
            };
            assert_eq!(read(3), Some((3, false, "com.x".to_owned())), "{serializer:?} {list}");
            assert_eq!(read(4 + beyond), Some((4, false, "com.x".to_owned())), "{serializer:?} {list}");
            assert_eq!(read(5 + beyond), None, "{serializer:?} {list}");
        }
    }
}

/// Its sender waits for an answer, to which nothing behind them matters.
#[test]
fn nothing_is_read_behind_too_many_receivers_of_a_publication_with_an_answer() {
    for serializer in SERIALIZERS {
        let is_left = |count: usize| {
            let options = json!({ "acknowledge": true, "exclude": vec![1; count] });
            let bounds = Bounds { entries: 3, ..Bounds::NONE };
            unread(&decode(serializer, &publication(serializer, &options), &bounds).unwrap()) > 0
        };
        assert!(!is_left(3) && is_left(4), "{serializer:?}");
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
        let frame = Bytes::from(format!(r#"[16,7,{{{lists},"eligible":[1]}},"com.x"]"#));
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

/// The bytes of entries of a list, in JSON with the commas between them.
fn entry_bytes(serializer: Serializer, entries: &[Value]) -> usize {
    let commas = if serializer == Serializer::Json { entries.len() - 1 } else { 0 };
    entries.iter().map(|entry| length(serializer, entry)).sum::<usize>() + commas
}

#[test]
fn entries_are_read_up_to_their_bound_in_bytes() {
    for serializer in SERIALIZERS {
        for list in ["exclude", "exclude_authid", "exclude_authrole", "eligible", "eligible_authid"] {
            let entries = match list.len() < 9 {
                true => vec![json!(1), json!(1_234_567_890_123_u64), json!(200)],
                false => vec![json!("abc"), json!("\u{e4}\n\u{1f600}".repeat(12)), json!(""), json!("d")],
            };
            let all = entry_bytes(serializer, &entries);
            for acknowledge in [true, false] {
                let mut options = json!({ list: entries });
                if acknowledge {
                    options["acknowledge"] = json!(true);
                }
                let frame = publication(serializer, &options);
                let read = |entry_bytes| {
                    let bounds = Bounds { entry_bytes, ..Bounds::NONE };
                    let Ok(Message::Publish(publish)) = decode(serializer, &frame, &bounds) else {
                        panic!("{serializer:?} {list} {entry_bytes}")
                    };
                    assert_eq!(publish.options.acknowledge, acknowledge, "{serializer:?} {list}");
                    let kept = publish.options.receivers.map_or(0, |receivers| receivers.len());
                    let is_whole = publish.topic == "com.x" && publish.payload.size() > 0;
                    (kept, is_whole, publish.unread.is_any(), publish.unread.is_behind_long_lists())
                };
                assert_eq!(read(all), (entries.len(), true, false, false), "{serializer:?} {list}");
                for most in 0..all {
                    let (kept, is_whole, is_unread, is_long) = read(most);
                    let is_as_expected = kept < entries.len() && !is_whole && is_unread && is_long;
                    assert!(is_as_expected, "{serializer:?} {list} {most} of {all}");
                }
            }
        }
    }
}

#[test]
fn bytes_of_entries_of_all_lists_count_together() {
    for serializer in SERIALIZERS {
        let entries = vec![json!("abc"), json!("de")];
        let frame =
            publication(serializer, &json!({ "eligible_authid": entries, "exclude_authid": entries }));
        let all = 2 * entry_bytes(serializer, &entries);
        let is_left = |entry_bytes| {
            let bounds = Bounds { entry_bytes, ..Bounds::NONE };
            unread(&decode(serializer, &frame, &bounds).unwrap()) > 0
        };
        assert!(!is_left(all) && is_left(all - 1), "{serializer:?}");
    }
}

/// Whether its sender waits is known where it stands before the lists, or behind them and not far away.
#[test]
fn lists_that_are_too_long_are_not_read_to_their_end() {
    let bounds = Bounds { entry_bytes: 100, options: 100, ..Bounds::NONE };
    let frame = |before: &str, name: &str, behind: &str| {
        Bytes::from(format!(r#"[16,7,{{{before}"exclude_authid":["a","{name}"]{behind}}},"com.x"]"#))
    };
    let decoded = |frame: &Bytes| match decode(Serializer::Json, frame, &bounds) {
        Ok(Message::Publish(publish)) => Ok((publish.options.acknowledge, publish.unread.is_any())),
        Ok(other) => panic!("{other:?}"),
        Err(violation) => Err(violation.to_string()),
    };
    // No string of JSON has such an end.
    let broken = "x".repeat(300) + r"\q";
    assert_eq!(decoded(&frame(r#""acknowledge":true,"#, &broken, "")), Ok((true, true)));
    let expected = "PUBLISH #7: Options.exclude_authid makes more than 100 bytes of entries, and more than 100 bytes follow";
    assert_eq!(decoded(&frame("", &broken, "")), Err(expected.to_owned()));
    let behind = r#","acknowledge":true"#;
    assert_eq!(decoded(&frame("", &"x".repeat(300), behind)), Err(expected.to_owned()));
    let bounds = Bounds { entry_bytes: 10, ..bounds };
    let short = frame("", "xxxxxxxxxxxx", behind);
    let Ok(Message::Publish(publish)) = decode(Serializer::Json, &short, &bounds) else {
        panic!("{short:?}")
    };
    assert!(publish.options.acknowledge && publish.unread.is_any() && publish.topic.is_empty());
}

/// No other message is refused for its lists alone.
#[test]
fn lists_of_other_messages_that_are_too_long_are_violations() {
    for serializer in SERIALIZERS {
        let methods = vec!["ticket"; 20];
        let frame = to_frame(serializer, &json!([1, "realm1", { "authmethods": methods, "roles": {} }]));
        let bounds = Bounds { entry_bytes: 50, ..Bounds::NONE };
        assert!(decode(serializer, &frame, &bounds).is_err(), "{serializer:?}");
        assert!(decode(serializer, &frame, &Bounds { entry_bytes: 500, ..bounds }).is_ok(), "{serializer:?}");
    }
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
