//! Comparing a received message with the one a test expects, and saying where they differ.
//!
//! Expected messages are written as JSON. In place of a value that a test cannot know stand:
//!
//! | written | matches |
//! |---|---|
//! | `"$any"` | anything |
//! | `"$id"` | an integer from 1 to 2^53 |
//! | `"$int"`, `"$number"`, `"$string"`, `"$bool"`, `"$list"`, `"$dict"` | any value of that type |
//! | `"$contains:text"` | a string with that text in it |
//! | `{"$has": {…}}` | a dict with at least these keys, their values matched likewise |
//! | `"$absent"` as a value inside `$has` | the key is not there |

use serde_json::Value;

/// The largest WAMP id, 2^53.
pub const MAX_ID: u64 = 1 << 53;

/// Returns whether `actual` is what `expected` describes.
#[must_use]
pub fn matches(expected: &Value, actual: &Value) -> bool {
    difference(expected, actual).is_empty()
}

/// Every place where `actual` is not what `expected` describes, one line each.
#[must_use]
pub fn difference(expected: &Value, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(expected, actual, "$", &mut found);
    found
}

fn compare(expected: &Value, actual: &Value, path: &str, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::String(pattern), _) if pattern.starts_with('$') => {
            if !placeholder(pattern, actual) {
                found.push(format!("{path}: expected {pattern}, received {actual}"));
            }
        }
        (Value::Array(wanted), Value::Array(got)) => {
            for (index, (wanted, got)) in wanted.iter().zip(got).enumerate() {
                compare(wanted, got, &format!("{path}[{index}]"), found);
            }
            if wanted.len() != got.len() {
                found.push(format!("{path}: expected {} elements, received {}", wanted.len(), got.len()));
            }
        }
        (Value::Object(wanted), Value::Object(got)) => {
            let (wanted, all) = match wanted.get("$has") {
                Some(Value::Object(some)) => (some, false),
                _ => (wanted, true),
            };
            for (key, wanted) in wanted {
                match got.get(key) {
                    None if wanted == "$absent" => {}
                    None => found.push(format!("{path}.{key}: expected {wanted}, received nothing")),
                    Some(got) => compare(wanted, got, &format!("{path}.{key}"), found),
                }
            }
            for (key, surplus) in got.iter().filter(|(key, _)| all && !wanted.contains_key(*key)) {
                found.push(format!("{path}.{key}: expected nothing, received {surplus}"));
            }
        }
        _ if expected == actual => {}
        _ => found.push(format!("{path}: expected {expected}, received {actual}")),
    }
}

fn placeholder(pattern: &str, actual: &Value) -> bool {
    if let Some(part) = pattern.strip_prefix("$contains:") {
        return actual.as_str().is_some_and(|text| text.contains(part));
    }
    match pattern {
        "$any" => true,
        "$absent" => false,
        "$id" => actual.as_u64().is_some_and(|id| (1..=MAX_ID).contains(&id)),
        "$int" => actual.is_i64() || actual.is_u64(),
        "$number" => actual.is_number(),
        "$string" => actual.is_string(),
        "$bool" => actual.is_boolean(),
        "$list" => actual.is_array(),
        "$dict" => actual.is_object(),
        other => panic!("the test expects {other}, and there is no such placeholder"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equal_messages_match_and_others_say_where_they_differ() {
        assert!(matches(&json!([50, 1, {}, [5]]), &json!([50, 1, {}, [5]])));
        assert_eq!(
            difference(&json!([50, 1, {}, [5]]), &json!([50, 2, { "a": 1 }, [5, 6]])),
            [
                "$[1]: expected 1, received 2",
                "$[2].a: expected nothing, received 1",
                "$[3]: expected 1 elements, received 2"
            ]
        );
        assert!(!matches(&json!([1]), &json!([1.0])), "an integer is no float");
    }

    #[test]
    fn placeholders_stand_for_what_a_test_cannot_know() {
        assert!(matches(&json!(["$id", "$dict", "$any"]), &json!([MAX_ID, {}, null])));
        assert!(!matches(&json!("$id"), &json!(0)));
        assert!(!matches(&json!("$id"), &json!(MAX_ID + 1)));
        assert!(!matches(&json!("$id"), &json!(1.0)));
        assert!(matches(&json!("$contains:ell"), &json!("hello")));
        let has = json!({ "$has": { "a": "$int", "b": "$absent" } });
        assert!(matches(&has, &json!({ "a": 1, "c": 2 })));
        assert_eq!(difference(&has, &json!({ "a": 1, "b": 2 })), ["$.b: expected $absent, received 2"]);
    }
}
