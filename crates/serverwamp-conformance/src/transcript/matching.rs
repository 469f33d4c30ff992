//! Whether a message is what a pattern says, and what its variables stand for then.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::pattern::{Kind, Pattern};
use crate::expect::MAX_ID;

/// The values of variables.
pub(super) type Bindings = BTreeMap<String, Value>;

impl Pattern {
    /// The message to send, with what its variables stand for.
    ///
    /// # Errors
    ///
    /// When a variable stands for nothing, or a place is left open.
    pub(super) fn fill(&self, bindings: &Bindings) -> Result<Value, String> {
        let closed = |open: bool| if open { Err("what is sent has no ellipsis".to_owned()) } else { Ok(()) };
        match self {
            Self::Open(_) => Err("what is sent has no open places".to_owned()),
            Self::Variable(name) => {
                bindings.get(name).cloned().ok_or_else(|| format!("${name} stands for nothing"))
            }
            Self::Plain(value) => Ok(value.clone()),
            Self::Absent => Err("what is absent cannot be sent".to_owned()),
            Self::List(items, open) => {
                closed(*open)?;
                Ok(Value::Array(items.iter().map(|item| item.fill(bindings)).collect::<Result<_, _>>()?))
            }
            Self::Dict(items, open) => {
                closed(*open)?;
                let filled = items.iter().map(|(key, item)| Ok((key.clone(), item.fill(bindings)?)));
                Ok(Value::Object(filled.collect::<Result<Map<_, _>, String>>()?))
            }
        }
    }

    /// Compares, and binds the variables that stand for nothing yet.
    ///
    /// # Errors
    ///
    /// At the first difference, which it names; then nothing is bound.
    pub(super) fn bind(&self, value: &Value, bindings: &mut Bindings) -> Result<(), String> {
        let mut trial = bindings.clone();
        compare(self, value, "$", &mut trial)?;
        *bindings = trial;
        Ok(())
    }
}

fn compare(pattern: &Pattern, value: &Value, path: &str, bindings: &mut Bindings) -> Result<(), String> {
    match (pattern, value) {
        (Pattern::Open(kind), _) if is(*kind, value) => Ok(()),
        (Pattern::Open(kind), _) => Err(format!("{path}: expected {kind:?}, received {value}")),
        (Pattern::Variable(name), _) => match bindings.get(name) {
            None => {
                bindings.insert(name.clone(), value.clone());
                Ok(())
            }
            Some(bound) if bound == value => Ok(()),
            Some(bound) => Err(format!("{path}: expected ${name}, which is {bound}, received {value}")),
        },
        (Pattern::Plain(expected), _) if expected == value => Ok(()),
        (Pattern::Plain(expected), _) => Err(format!("{path}: expected {expected}, received {value}")),
        (Pattern::List(items, open), Value::Array(values)) => {
            for (at, (item, value)) in items.iter().zip(values).enumerate() {
                compare(item, value, &format!("{path}[{at}]"), bindings)?;
            }
            if values.len() < items.len() || values.len() > items.len() && !open {
                return Err(format!("{path}: expected {} elements, received {}", items.len(), values.len()));
            }
            Ok(())
        }
        (Pattern::Dict(items, open), Value::Object(values)) => {
            for (key, item) in items {
                if *item == Pattern::Absent && !values.contains_key(key) {
                    continue;
                }
                let value = values.get(key).ok_or_else(|| format!("{path}.{key}: received nothing"))?;
                compare(item, value, &format!("{path}.{key}"), bindings)?;
            }
            match values.keys().find(|key| !open && !items.iter().any(|(known, _)| known == *key)) {
                Some(key) => Err(format!("{path}.{key}: expected nothing, received {}", values[key])),
                None => Ok(()),
            }
        }
        (Pattern::List(..), _) => Err(format!("{path}: expected a list, received {value}")),
        (Pattern::Dict(..), _) => Err(format!("{path}: expected a dict, received {value}")),
        (Pattern::Absent, _) => Err(format!("{path}: expected nothing, received {value}")),
    }
}

fn is(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Any => true,
        Kind::Int => value.is_i64() || value.is_u64(),
        Kind::Id => value.as_u64().is_some_and(|id| (1..=MAX_ID).contains(&id)),
        Kind::String => value.is_string(),
        Kind::Bool => value.is_boolean(),
        Kind::List => value.is_array(),
        Kind::Dict => value.is_object(),
        Kind::Time => value.as_str().is_some_and(is_time),
    }
}

/// Returns whether this is a time of RFC 3339, section 5.6. The numbers are not checked against the calendar.
fn is_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else { return false };
    let digits = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
    };
    let Some(zone_at) = time.find(['Z', 'z', '+', '-']) else { return false };
    let (clock, zone) = time.split_at(zone_at);
    let (seconds, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    digits(date, "0000-00-00")
        && digits(seconds, "00:00:00")
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && (zone.eq_ignore_ascii_case("z") || digits(&zone[1..], "00:00"))
}

/// Finds for every message a pattern of its own. `Err` names the pattern that got furthest and still fits none.
pub(super) fn bind_all(
    patterns: &[Pattern],
    values: &[Value],
    bindings: &mut Bindings,
) -> Result<(), String> {
    let mut used = vec![false; patterns.len()];
    if assign(patterns, values, &mut used, bindings) {
        return Ok(());
    }
    let lonely = values
        .iter()
        .find(|value| patterns.iter().all(|pattern| pattern.bind(value, &mut bindings.clone()).is_err()));
    Err(match lonely {
        Some(value) => format!("no line is met by {value}"),
        None => "the messages do not meet these lines together".to_owned(),
    })
}

fn assign(patterns: &[Pattern], values: &[Value], used: &mut [bool], bindings: &mut Bindings) -> bool {
    let Some((value, rest)) = values.split_first() else { return true };
    for at in 0..patterns.len() {
        if used[at] {
            continue;
        }
        let mut trial = bindings.clone();
        if patterns[at].bind(value, &mut trial).is_err() {
            continue;
        }
        used[at] = true;
        if assign(patterns, rest, used, &mut trial) {
            *bindings = trial;
            return true;
        }
        used[at] = false;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn meets(pattern: &str, value: &Value) -> bool {
        Pattern::parse(pattern).unwrap().bind(value, &mut Bindings::new()).is_ok()
    }

    #[test]
    fn a_variable_is_the_same_value_wherever_it_stands() {
        assert!(meets("[$a, $a, $b]", &json!([1, 1, 2])));
        assert!(!meets("[$a, $a]", &json!([1, 2])));
        assert!(!meets("[$a, $a]", &json!([1, 1.0])));
    }

    #[test]
    fn what_is_left_open_may_be_anything_and_nothing_else_may() {
        assert!(meets("[1, ...]", &json!([1])) && meets("[1, ...]", &json!([1, 2, 3])));
        assert!(!meets("[1, _, ...]", &json!([1])) && !meets("[1]", &json!([1, 2])));
        assert!(meets(r#"{..., "a": 1}"#, &json!({ "a": 1, "b": 2 })));
        assert!(!meets(r#"{..., "a": 1}"#, &json!({ "b": 2 })));
        assert!(meets(r#"{..., "a": absent}"#, &json!({ "b": 2 })));
        assert!(!meets(r#"{..., "a": absent}"#, &json!({ "a": 1 })));
        assert!(!meets(r#"{"a": 1}"#, &json!({ "a": 1, "b": 2 })) && !meets("{}", &json!([])));
    }

    #[test]
    fn types_are_told_apart() {
        assert!(meets("[_int, _id, _string]", &json!([-1, 1, ""])));
        assert!(!meets("_id", &json!(0)) && !meets("_int", &json!(1.5)) && !meets("_string", &json!(1)));
        for time in ["2026-01-31T23:59:59Z", "2026-01-31T23:59:59.123456Z", "2026-01-31T23:59:59+01:00"] {
            assert!(meets("_time", &json!(time)), "{time}");
        }
        for time in [
            "",
            "yesterday",
            "2026-01-31",
            "2026-01-31T23:59Z",
            "2026-01-31T23:59:59",
            "2026-01-31T23:59:59.Z",
        ] {
            assert!(!meets("_time", &json!(time)), "{time}");
        }
    }

    #[test]
    fn messages_in_any_order_find_their_lines() {
        let patterns = ["[33, $s]", "[_, 7]"].map(|text| Pattern::parse(text).unwrap());
        let mut bindings = Bindings::new();
        // Taken greedily, the first line would keep the first message from the only line it can meet.
        bind_all(&patterns, &[json!([33, 7]), json!([33, 8])], &mut bindings).unwrap();
        assert_eq!(bindings["s"], 8);
        assert!(bind_all(&patterns, &[json!([33, 9]), json!([33, 8])], &mut bindings).is_err());
    }

    #[test]
    fn what_is_sent_has_no_open_places() {
        let bindings = Bindings::from([("a".to_owned(), json!([1]))]);
        let fill = |text: &str| Pattern::parse(text).unwrap().fill(&bindings);
        assert_eq!(fill(r#"[$a, {"b": $a}]"#), Ok(json!([[1], { "b": [1] }])));
        assert!(fill("[$b]").is_err() && fill("[_]").is_err() && fill("[...]").is_err());
    }
}
