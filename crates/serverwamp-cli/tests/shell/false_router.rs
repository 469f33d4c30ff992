//! A router that says what a test wants it to say: RawSocket in JSON, on a free port, for as many clients as come.

use serde_json::{Value, json};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// What it answers to a message of a client.
pub(crate) type Answers = fn(&Value) -> Vec<Value>;

/// The options that reach it.
pub(crate) struct FalseRouter(String);

impl FalseRouter {
    /// Listens until the test ends.
    pub(crate) fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("rs://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                std::thread::spawn(move || drop(serve(stream, answers)));
            }
        });
        Self(url)
    }

    pub(crate) fn url(&self) -> &str {
        &self.0
    }

    /// These words and the options that reach it, before a `--`.
    pub(crate) fn with<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        let at = words.iter().position(|word| *word == "--").unwrap_or(words.len());
        [&words[..at], &["--url", self.url(), "--serializer", "json"], &words[at..]].concat()
    }
}

fn serve(mut stream: TcpStream, answers: Answers) -> io::Result<()> {
    let mut octets = [0; 4];
    stream.read_exact(&mut octets)?;
    stream.write_all(&[0x7F, octets[1], 0, 0])?;
    loop {
        stream.read_exact(&mut octets)?;
        let [kind, length @ ..] = octets;
        let mut message = vec![0; length.iter().fold(0, |length, octet| length << 8 | usize::from(*octet))];
        stream.read_exact(&mut message)?;
        if kind != 0 {
            continue;
        }
        let message: Value = serde_json::from_slice(&message)?;
        for answer in answers(&message) {
            let answer = answer.to_string();
            let length = u32::try_from(answer.len()).expect("short").to_be_bytes();
            stream.write_all(&length)?;
            stream.write_all(answer.as_bytes())?;
        }
        if message[0] == 6 && !answers(&message).is_empty() {
            return Ok(());
        }
    }
}

/// The WELCOME of a router with these names in it.
pub(crate) fn welcome(names: &str) -> Value {
    let features = json!({"features": {"progressive_call_results": true, "call_canceling": true}});
    json!([2, 123, {"roles": {"dealer": features, "broker": {}}, "authid": names, "authrole": names, "authmethod": "anonymous",
        "agent": names}])
}

/// What a router says to a GOODBYE.
pub(crate) fn goodbye() -> Vec<Value> {
    vec![json!([6, {}, "wamp.close.goodbye_and_out"])]
}
