//! Set-up in one line: a registration, a subscription or a call that a transcript needs before it comes to its point.
//!
//! A line stands for the messages that the chapters of REGISTER, SUBSCRIBE and CALL write down, and compares as they do:
//! the request id is one more than the last request id of the peer, and the answer has to repeat it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::pattern::Pattern;
use super::run::Play;
use super::script::Deed;

/// A registration or a subscription.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Endpoint {
    pub(super) uri: String,
    pub(super) options: Pattern,
    /// The variable that is bound to the id.
    pub(super) id: Option<String>,
}

/// A call, and the receiver of its invocation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ReachingCall {
    pub(super) uri: String,
    /// Arguments and keyword arguments, as far as they are there.
    pub(super) payload: Vec<Pattern>,
    pub(super) callee: String,
}

/// The ids used in a session so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// The highest request id that the peer sent.
    request: u64,
    /// The highest request id of an INVOCATION that the peer received.
    invocation: u64,
    /// Registration ids, by the URI of the line that made them.
    registrations: BTreeMap<String, Value>,
}

impl Numbers {
    /// Counts a message that the peer sends.
    pub(super) fn sent(&mut self, message: &Value) {
        if let (Some(16 | 32 | 34 | 48 | 64 | 66), Some(id)) = (message[0].as_u64(), message[1].as_u64()) {
            self.request = self.request.max(id);
        }
    }

    /// Counts a message that the peer receives.
    pub(super) fn received(&mut self, message: &Value) {
        match (message[0].as_u64(), message[1].as_u64()) {
            (Some(2), _) => *self = Self::default(),
            (Some(68), Some(id)) => self.invocation = self.invocation.max(id),
            _ => {}
        }
    }
}

/// Reads a line of set-up behind the name of its peer. `None`: it is no set-up.
///
/// # Errors
///
/// When the line begins like one and goes on differently.
pub(super) fn read(deed: &str) -> Result<Option<Deed>, String> {
    let (verb, rest) = deed.split_once(' ').unwrap_or((deed, ""));
    Ok(Some(match verb {
        "registers" => Deed::Registers(
            read_endpoint(rest)
                .map_err(|reason| format!("registers PROCEDURE [OPTIONS] [as $VARIABLE]: {reason}"))?,
        ),
        "subscribes" => Deed::Subscribes(
            read_endpoint(rest)
                .map_err(|reason| format!("subscribes TOPIC [OPTIONS] [as $VARIABLE]: {reason}"))?,
        ),
        "calls" => Deed::Calls(
            read_call(rest)
                .map_err(|reason| format!("calls PROCEDURE [ARGS [KWARGS]] reaching PEER: {reason}"))?,
        ),
        _ => return Ok(None),
    }))
}

fn read_endpoint(text: &str) -> Result<Endpoint, String> {
    let (text, id) = match text.rsplit_once(" as ") {
        Some((before, name)) if !name.contains(['{', '}', '"']) => {
            (before, Some(read_variable(name.trim())?))
        }
        _ => (text, None),
    };
    let (uri, rest) = read_uri(text)?;
    let options = match &Pattern::parse_all(rest)?[..] {
        [] => Pattern::Dict(Vec::new(), false),
        [options @ Pattern::Dict(..)] => options.clone(),
        _ => return Err(format!("{rest} are no options")),
    };
    Ok(Endpoint { uri, options, id })
}

fn read_call(text: &str) -> Result<ReachingCall, String> {
    let (text, callee) = text.rsplit_once(" reaching ").ok_or("no callee is named")?;
    let callee = callee.trim();
    if !super::script::is_peer(callee) {
        return Err(format!("{callee:?} is no name of a peer"));
    }
    let (uri, rest) = read_uri(text)?;
    let payload = Pattern::parse_all(rest)?;
    match payload[..] {
        [] | [Pattern::List(..)] | [Pattern::List(..), Pattern::Dict(..)] => {}
        _ => return Err(format!("{rest} is no list of arguments with a dict of keyword arguments")),
    }
    Ok(ReachingCall { uri, payload, callee: callee.to_owned() })
}

/// The URI that a text begins with, and what is behind it.
fn read_uri(text: &str) -> Result<(String, &str), String> {
    let text = text.trim();
    let (uri, rest) = text.split_once(' ').unwrap_or((text, ""));
    if uri.is_empty() || uri.contains(['"', '{', '}', '[', ']', '$', ',']) {
        return Err(format!("{uri:?} is no URI; it stands without quotation marks"));
    }
    Ok((uri.to_owned(), rest.trim()))
}

fn read_variable(text: &str) -> Result<String, String> {
    match Pattern::parse(text) {
        Ok(Pattern::Variable(name)) => Ok(name),
        _ => Err(format!("{text} is no variable")),
    }
}

impl Play {
    /// REGISTER and REGISTERED.
    pub(super) fn registers(&mut self, peer: usize, endpoint: &Endpoint) -> Result<(), String> {
        let id = self.answered(peer, 64, 65, endpoint)?;
        self.numbers(peer).registrations.insert(endpoint.uri.clone(), id);
        Ok(())
    }

    /// SUBSCRIBE and SUBSCRIBED.
    pub(super) fn subscribes(&mut self, peer: usize, endpoint: &Endpoint) -> Result<(), String> {
        self.answered(peer, 32, 33, endpoint).map(drop)
    }

    /// Sends a request of the type `kind`, and gives the id that its answer of the type `answer` has.
    fn answered(
        &mut self,
        peer: usize,
        kind: u64,
        answer: u64,
        endpoint: &Endpoint,
    ) -> Result<Value, String> {
        let request = self.numbers(peer).request + 1;
        let options = self.filled(&endpoint.options)?;
        self.send(peer, &json!([kind, request, options, endpoint.uri]))?;
        let id = match &endpoint.id {
            Some(name) => Pattern::Variable(name.clone()),
            None => Pattern::parse("_id")?,
        };
        let expected = vec![Pattern::Plain(answer.into()), Pattern::Plain(request.into()), id];
        let message = self.expect(peer, &Pattern::List(expected, false))?;
        Ok(message[2].clone())
    }

    /// CALL, and the INVOCATION of it that another peer receives.
    pub(super) fn calls(&mut self, peer: usize, call: &ReachingCall) -> Result<(), String> {
        let callee = self.peer(&call.callee)?;
        let Numbers { invocation, registrations, .. } = self.numbers(callee);
        let invocation = *invocation + 1;
        let registration = registrations.get(&call.uri).cloned().ok_or_else(|| {
            format!(
                "{} registers {} in no line above; then CALL and INVOCATION are written down",
                call.callee, call.uri
            )
        })?;
        let request = self.numbers(peer).request + 1;
        let mut message = vec![json!(48), json!(request), Value::Object(Map::new()), json!(call.uri)];
        for part in &call.payload {
            message.push(self.filled(part)?);
        }
        let mut expected = vec![json!(68), json!(invocation), registration, Value::Object(Map::new())];
        expected.extend_from_slice(&message[4..]);
        self.send(peer, &Value::Array(message))?;
        self.expect(callee, &Pattern::exactly(&Value::Array(expected))).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> String {
        read(line).expect_err(line)
    }

    #[test]
    fn set_up_that_says_something_else_is_refused_with_what_can_be_said() {
        let registers = "registers PROCEDURE [OPTIONS] [as $VARIABLE]: ";
        let calls = "calls PROCEDURE [ARGS [KWARGS]] reaching PEER: ";
        for (line, reason) in [
            ("registers", format!("{registers}\"\" is no URI; it stands without quotation marks")),
            (
                "registers \"com.p\"",
                format!("{registers}\"\\\"com.p\\\"\" is no URI; it stands without quotation marks"),
            ),
            ("registers com.p as r", format!("{registers}r is no variable")),
            ("registers com.p as 7", format!("{registers}7 is no variable")),
            ("registers com.p [1]", format!("{registers}[1] are no options")),
            ("registers com.p {} {}", format!("{registers}{{}} {{}} are no options")),
            ("calls com.p [1]", format!("{calls}no callee is named")),
            ("calls com.p reaching Alice", format!("{calls}\"Alice\" is no name of a peer")),
            (
                "calls com.p {} reaching alice",
                format!("{calls}{{}} is no list of arguments with a dict of keyword arguments"),
            ),
        ] {
            assert_eq!(refused(line), reason, "{line}");
        }
        assert!(refused("subscribes com.t {").starts_with("subscribes TOPIC [OPTIONS] [as $VARIABLE]: "));
    }

    #[test]
    fn set_up_has_options_and_names_an_id() {
        let endpoint = |line: &str| match read(line) {
            Ok(Some(Deed::Registers(endpoint) | Deed::Subscribes(endpoint))) => endpoint,
            other => panic!("{line}: {other:?}"),
        };
        let plain = endpoint("registers com.p");
        assert_eq!((plain.uri.as_str(), &plain.id), ("com.p", &None));
        assert_eq!(plain.options, Pattern::parse("{}").unwrap());
        let full = endpoint(r#"subscribes com..t {"match": "wildcard", "a": " as "} as $s.x"#);
        assert_eq!((full.uri.as_str(), full.id.as_deref()), ("com..t", Some("s.x")));
        assert_eq!(full.options, Pattern::parse(r#"{"match": "wildcard", "a": " as "}"#).unwrap());
        assert_eq!(endpoint(r#"registers com. {"a": " as "}"#).id, None);
    }

    #[test]
    fn a_call_has_arguments_and_names_its_callee() {
        let call = |line: &str| match read(line) {
            Ok(Some(Deed::Calls(call))) => call,
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(call("calls com.p reaching alice").payload, []);
        let full = call(r#"calls com.p [1, "a b"] {"c": $d} reaching alice2"#);
        assert_eq!((full.uri.as_str(), full.callee.as_str()), ("com.p", "alice2"));
        assert_eq!(full.payload, [r#"[1, "a b"]"#, r#"{"c": $d}"#].map(|text| Pattern::parse(text).unwrap()));
    }

    #[test]
    fn what_begins_differently_is_no_set_up() {
        for line in ["joins", "> [64, 1, {}, \"registers\"]", "silent", "registersx com.p"] {
            assert_eq!(read(line), Ok(None), "{line}");
        }
    }

    #[test]
    fn numbers_begin_again_with_each_session() {
        let mut numbers = Numbers::default();
        numbers.sent(&json!([48, 7, {}, "com.p"]));
        // Going on with a call and canceling it are no requests of their own.
        numbers.sent(&json!([48, 3, { "progress": true }, "com.p"]));
        numbers.sent(&json!([49, 90, {}]));
        numbers.received(&json!([68, 4, 1, {}]));
        assert_eq!((numbers.request, numbers.invocation), (7, 4));
        numbers.received(&json!([2, 9, {}]));
        assert_eq!((numbers.request, numbers.invocation), (0, 0));
    }
}
