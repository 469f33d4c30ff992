//! The HELLO of the peers of a transcript.

use serde_json::{Map, Value, json};

use super::matching::Bindings;
use super::script::Join;

/// All roles, with every feature a client can announce.
#[must_use]
pub fn all_features() -> Value {
    json!({
        "publisher": { "features": {
            "publisher_identification": true, "publisher_exclusion": true,
            "subscriber_blackwhite_listing": true, "payload_passthru_mode": true
        } },
        "subscriber": { "features": {
            "publisher_identification": true, "pattern_based_subscription": true,
            "publication_trustlevels": true, "subscription_revocation": true, "payload_passthru_mode": true
        } },
        "caller": { "features": {
            "caller_identification": true, "progressive_call_results": true,
            "progressive_call_invocations": true, "call_canceling": true, "call_timeout": true,
            "payload_passthru_mode": true
        } },
        "callee": { "features": {
            "caller_identification": true, "pattern_based_registration": true, "shared_registration": true,
            "registration_revocation": true, "progressive_call_results": true,
            "progressive_call_invocations": true, "call_canceling": true, "call_timeout": true,
            "call_trustlevels": true, "call_reroute": true, "payload_passthru_mode": true
        } },
    })
}

/// HELLO.
///
/// # Errors
///
/// When the details name variables that stand for nothing.
pub(super) fn hello(join: &Join, bindings: &Bindings) -> Result<Value, String> {
    let mut details = Map::from_iter([("roles".to_owned(), all_features())]);
    if let Some((authid, _)) = &join.ticket {
        details.insert("authmethods".to_owned(), json!(["ticket"]));
        details.insert("authid".to_owned(), json!(authid));
    }
    if let Some(own) = &join.details {
        let Value::Object(own) = own.fill(bindings)? else { return Err("details are a dict".to_owned()) };
        details.extend(own);
    }
    Ok(json!([1, join.realm, details]))
}

/// The roles a HELLO announces.
pub(super) fn announced(hello: &Value) -> Vec<String> {
    hello[2]["roles"].as_object().map(|roles| roles.keys().cloned().collect()).unwrap_or_default()
}
