//! The specification's vectors of several sessions, and one of our own in the same format, as transcripts.
//!
//! The specification's files are not part of this repository. They are read from the folder that the environment variable
//! `SERVERWAMP_VECTORS` names, or else from `shared/spec/vectors` beside the checkout; without it the test says that it did
//! nothing. Their ids that a router chooses are variables: the first time one is seen it is bound.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::router::play;
use serde_json::Value;

/// The elements of each message, by their names in vectors; the ids a router chooses have a mark.
const ELEMENTS: [(&str, u64, &[&str]); 8] = [
    ("SUBSCRIBE", 32, &["request_id", "options", "topic"]),
    ("SUBSCRIBED", 33, &["request_id", "$subscription_id"]),
    ("PUBLISH", 16, &["request_id", "options", "topic"]),
    ("EVENT", 36, &["$subscription_id", "$publication_id", "details"]),
    ("REGISTER", 64, &["request_id", "options", "procedure"]),
    ("REGISTERED", 65, &["request_id", "$registration_id"]),
    ("CALL", 48, &["request_id", "options", "procedure"]),
    ("INVOCATION", 68, &["invocation_id", "$registration_id", "details"]),
];

const ANSWERS: [(&str, u64, &[&str]); 2] =
    [("YIELD", 70, &["invocation_id", "options"]), ("RESULT", 50, &["request_id", "details"])];

/// A message as a transcript has it.
fn message(vector: &Value) -> String {
    let kind = vector["type"].as_str().expect("a message has a type");
    let (_, code, elements) = ELEMENTS
        .iter()
        .chain(&ANSWERS)
        .find(|(name, ..)| *name == kind)
        .unwrap_or_else(|| panic!("vectors with {kind} are new: add its elements"));
    let mut text = format!("[{code}");
    for element in *elements {
        let written = match element.strip_prefix('$') {
            Some(name) => write!(text, ", ${name}_{}", vector[name]),
            None => write!(text, ", {}", vector[element]),
        };
        written.expect("a string takes everything");
    }
    let args = &vector["args"];
    let kwargs = &vector["kwargs"];
    if !args.is_null() || !kwargs.is_null() {
        let empty = Value::Array(Vec::new());
        write!(text, ", {}", if args.is_null() { &empty } else { args }).expect("a string takes everything");
    }
    if !kwargs.is_null() {
        write!(text, ", {kwargs}").expect("a string takes everything");
    }
    text + "]"
}

fn transcript(vector: &Value) -> String {
    let mut text = String::new();
    for session in vector["sessions"].as_array().expect("there are sessions") {
        let (id, realm) = (session["session_id"].as_str(), session["realm"].as_str());
        text += &format!("{} joins {}\n", name(id), realm.unwrap_or("realm1"));
    }
    for step in vector["sequence"].as_array().expect("there is a sequence") {
        let message = message(&step["message"]);
        text += &match step["from"].as_str() {
            Some("router") => format!("{} < {message}\n", name(step["to"].as_str())),
            sender => format!("{} > {message}\n", name(sender)),
        };
    }
    text
}

/// Names in transcripts are words.
fn name(id: Option<&str>) -> String {
    id.expect("a session has an id").replace('_', "")
}

fn play_folder(folder: &Path) -> usize {
    let mut played = 0;
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("it can be read").path();
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        let vector: Value = serde_json::from_str(&text).expect("a vector is JSON");
        play(&transcript(&vector));
        played += 1;
    }
    played
}

#[test]
fn vectors_of_several_sessions_of_the_specification() {
    let folder = match std::env::var_os("SERVERWAMP_VECTORS") {
        Some(named) => PathBuf::from(named),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/spec/vectors"),
    };
    let folder = folder.join("multisession/advanced");
    if !folder.exists() {
        println!("skipped: {} does not exist, set SERVERWAMP_VECTORS", folder.display());
        return;
    }
    // A vector that upstream adds must be looked at, not passed over.
    assert_eq!(play_folder(&folder), 1);
}

#[test]
fn vectors_of_several_sessions_of_our_own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/own_vectors");
    assert_eq!(play_folder(&folder), 1);
}
