//! The message vectors of the WAMP specification, and our own in the same format.
//!
//! The specification's files are not part of this repository. They are read from the folder that the environment variable
//! `SERVERWAMP_VECTORS` names, or else from `shared/spec/vectors` beside the checkout; without it the tests say that they
//! did nothing. Our own files in `tests/own_vectors` cover what the others leave out.
#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod value;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::{Map, Value};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::Message;

use value::{SERIALIZERS, to_frame, to_value};

/// EVENT_RECEIVED is not in the specification; its own description calls the type code provisional. To a router it is
/// one of the codes nobody has implemented, and that is what the test wants to see.
const EVENT_RECEIVED: u64 = 337;

/// Samples that demand the types of attributes which only one implementation knows. The specification wants attributes
/// a router does not know to be ignored (MSG-07), so they are accepted.
const FOREIGN_ATTRIBUTES: [(u64, &str); 4] = [
    (16, "transaction_hash"),
    (32, "forward_for"),
    (36, "transaction_hash"),
    (36, "x_acknowledged_delivery"),
];

#[derive(Debug, Default)]
struct Counts {
    files: usize,
    serialization: usize,
    variants: usize,
    accepted: usize,
    rejected: usize,
    excluded: BTreeSet<(u64, String)>,
}

#[test]
fn vectors_of_the_specification() {
    let Some(folder) = vector_folder() else { return };
    let mut counts = Counts::default();
    for group in ["basic", "advanced"] {
        run_folder(&folder.join("singlemessage").join(group), &mut counts);
    }
    // A sample that upstream adds must be looked at, not passed over.
    assert_eq!(counts.files, 26);
    assert_eq!(counts.serialization, 35);
    assert_eq!(counts.variants, 59 + 35 + 35);
    assert_eq!((counts.accepted, counts.rejected), (39, 28));
    assert_eq!(counts.excluded, FOREIGN_ATTRIBUTES.map(|(code, key)| (code, key.to_owned())).into());
}

#[test]
fn vectors_of_our_own() {
    let mut counts = Counts::default();
    run_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/own_vectors"), &mut counts);
    assert!(counts.serialization > 0 && counts.accepted > 0 && counts.rejected > 0, "{counts:?}");
    assert!(counts.excluded.is_empty());
}

/// The folder of the specification's vectors, if it is there.
fn vector_folder() -> Option<PathBuf> {
    let folder = match std::env::var_os("SERVERWAMP_VECTORS") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/spec/vectors"),
    };
    if folder.join("singlemessage").is_dir() {
        return Some(folder);
    }
    println!("skipped: there is no folder {}/singlemessage; set SERVERWAMP_VECTORS", folder.display());
    None
}

fn run_folder(folder: &Path, counts: &mut Counts) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        counts.files += 1;
        for (number, sample) in file["samples"].as_array().unwrap().iter().enumerate() {
            let place = format!("{}, sample {}: {}", path.display(), number + 1, sample["description"]);
            match &sample["wmsg"] {
                Value::Null => check_serialization(&place, sample, counts),
                wmsg => check_validation(&place, wmsg, sample, counts),
            }
        }
    }
}

fn check_serialization(place: &str, sample: &Value, counts: &mut Counts) {
    counts.serialization += 1;
    let expected = sample["expected_attributes"].as_object().unwrap();
    let mut first = None;
    for (serializer, name) in SERIALIZERS.into_iter().zip(["json", "msgpack", "cbor"]) {
        let variants: Vec<Bytes> =
            sample["serializers"][name].as_array().unwrap().iter().map(variant_bytes).collect();
        for frame in &variants {
            counts.variants += 1;
            let value = to_value(serializer, frame);
            assert_eq!(
                value,
                *first.get_or_insert_with(|| value.clone()),
                "{place}: {name} says something else"
            );
            assert_eq!(attributes(&value), without_null(expected), "{place}: {name}");
            let message = match Message::decode(serializer, frame) {
                Ok(message) => message,
                Err(violation) if value[0] == EVENT_RECEIVED => {
                    assert_eq!(violation.to_string(), "unknown type code 337");
                    continue;
                }
                Err(violation) => panic!("{place}: {name}: {violation}"),
            };
            let mut encoded = Vec::new();
            message.encode(serializer, &mut encoded).unwrap();
            // The keys of a dictionary have no order: what is ours in another order says the same in as many octets.
            assert_eq!(to_value(serializer, &encoded), value, "{place}: {name}: {encoded:02x?}");
            let length = without_spaces(serializer, &encoded).len();
            let is_variant =
                variants.iter().any(|variant| without_spaces(serializer, variant).len() == length);
            assert!(is_variant, "{place}: {name}: {encoded:02x?}");
        }
    }
}

/// A payload that is carried unchanged keeps the spaces that JSON allows between its tokens.
fn without_spaces(serializer: Serializer, frame: &[u8]) -> Vec<u8> {
    if serializer != Serializer::Json {
        return frame.to_vec();
    }
    let (mut in_text, mut escaped) = (false, false);
    let mut kept = frame.to_vec();
    kept.retain(|byte| {
        let quote = *byte == b'"' && !escaped;
        escaped = in_text && *byte == b'\\' && !escaped;
        in_text ^= quote;
        in_text || quote || !byte.is_ascii_whitespace()
    });
    kept
}

fn variant_bytes(variant: &Value) -> Bytes {
    match (&variant["bytes_hex"], &variant["bytes"]) {
        (Value::String(hex), _) => unhex(hex).into(),
        (_, Value::String(text)) => Bytes::copy_from_slice(text.as_bytes()),
        _ => panic!("a variant without bytes: {variant}"),
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// The names of `expected_attributes` for the elements behind the type code.
fn element_names(code: u64) -> &'static [&'static str] {
    match code {
        1 => &["realm", "*"],
        2 => &["session_id", "*"],
        3 => &["details", "reason", "args", "kwargs"],
        4 => &["method", "extra"],
        5 => &["signature", "extra"],
        6 => &["details", "reason"],
        8 => &["request_type", "request_id", "details", "error", "args", "kwargs"],
        16 => &["request_id", "options", "topic", "args", "kwargs"],
        17 => &["request_id", "publication_id"],
        32 => &["request_id", "options", "topic"],
        33 | 34 => &["request_id", "subscription_id"],
        35 | 67 => &["request_id", "details"],
        36 => &["subscription", "publication", "details", "args", "kwargs"],
        48 => &["request_id", "options", "procedure", "args", "kwargs"],
        49 | 69 => &["request_id", "options"],
        50 => &["request_id", "details", "args", "kwargs"],
        64 => &["request_id", "options", "procedure"],
        65 | 66 => &["request_id", "registration_id"],
        68 => &["request_id", "registration_id", "details", "args", "kwargs"],
        70 => &["request_id", "options", "args", "kwargs"],
        EVENT_RECEIVED => &["publication_id"],
        code => panic!("no names for the elements of type code {code}"),
    }
}

/// The attributes of a message as the vectors name them.
fn attributes(message: &Value) -> Map<String, Value> {
    let elements = message.as_array().unwrap();
    let mut attributes = Map::from_iter([("message_type".to_owned(), elements[0].clone())]);
    let names = element_names(elements[0].as_u64().unwrap());
    assert!(elements.len() <= names.len() + 1);
    for (name, element) in names.iter().zip(&elements[1..]) {
        match (*name, element) {
            ("*", details) => attributes.extend(details.as_object().unwrap().clone()),
            // A payload that is one byte string is told in hexadecimal digits.
            ("args", Value::String(text)) => {
                let frame = to_frame(Serializer::Cbor, &Value::String(text.clone()));
                let ciborium::Value::Bytes(bytes) = ciborium::from_reader(&frame[..]).unwrap() else {
                    panic!("text in place of the arguments: {message}");
                };
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                attributes.insert("payload".to_owned(), hex.into());
            }
            (name, element) => drop(attributes.insert(name.to_owned(), element.clone())),
        }
    }
    attributes
}

/// Null stands for what is absent.
fn without_null(expected: &Map<String, Value>) -> Map<String, Value> {
    expected
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn check_validation(place: &str, wmsg: &Value, sample: &Value, counts: &mut Counts) {
    let contains = sample["expected_error"]["contains"].as_str();
    match contains {
        Some(_) => counts.rejected += 1,
        None => counts.accepted += 1,
    }
    let code = wmsg[0].as_u64().unwrap();
    let excluded = contains.filter(|key| FOREIGN_ATTRIBUTES.contains(&(code, key)));
    counts.excluded.extend(excluded.map(|key| (code, key.to_owned())));
    for serializer in SERIALIZERS {
        let frame = to_frame(serializer, wmsg);
        match (Message::decode(serializer, &frame), contains.xor(excluded)) {
            (Ok(_), None) => {}
            (Err(violation), Some(text)) => assert!(violation.message.contains(text), "{place}: {violation}"),
            (Ok(message), Some(_)) => panic!("{place}: accepted as {message:?}"),
            (Err(violation), None) => panic!("{place}: {violation}"),
        }
    }
}
