//! The answer of the HTTP hook: who the peer is, or why it does not get in.

use crate::auth::Principal;
use crate::auth::fetch::WebAddress;
use crate::router::auth::Denial;
use serverwamp_proto::codec::{Serializer, Value, from_slice};
use std::time::{Duration, UNIX_EPOCH};

/// The longest authid, role and provider, which are shown in every log line and in the meta API.
const LONGEST_NAME: usize = 256;

/// Why an answer lets nobody in.
#[derive(Debug, PartialEq)]
pub(super) enum NotAllowed {
    /// The web server says no, maybe with a reason.
    Denied(Option<String>),
    /// The answer cannot be understood.
    Unclear(String),
}

impl NotAllowed {
    pub(super) fn denial(self, address: &WebAddress) -> Denial {
        match self {
            Self::Denied(Some(reason)) => Denial::denied(format!("{address} denies it: {reason}")),
            Self::Denied(None) => Denial::denied(format!("{address} denies it")),
            Self::Unclear(problem) => Denial::failed(format!("{address}: {problem}")),
        }
    }
}

/// Reads the answer about a peer that asks for this authid.
pub(super) fn principal(json: &[u8], asked: Option<&str>) -> Result<Principal, NotAllowed> {
    let unclear = |problem: &str| NotAllowed::Unclear(problem.to_owned());
    let answer: Value = from_slice(Serializer::Json, json)
        .map_err(|error| NotAllowed::Unclear(format!("the answer is not JSON: {error}")))?;
    let text = |name: &str| match answer.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) if text.is_empty() || text.len() > LONGEST_NAME => {
            Err(NotAllowed::Unclear(format!("{name:?} is empty or longer than {LONGEST_NAME} bytes")))
        }
        Some(Value::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(NotAllowed::Unclear(format!("{name:?} is not text"))),
    };
    match answer.get("allow").map(Value::as_bool) {
        Some(Some(true)) => {}
        Some(Some(false)) => {
            let reason = answer.get("reason").and_then(Value::as_str);
            return Err(NotAllowed::Denied(reason.map(str::to_owned)));
        }
        _ => return Err(unclear("the answer has no boolean \"allow\"")),
    }
    let role = text("role")?.ok_or_else(|| unclear("the answer allows, and has no \"role\""))?;
    let Some(authid) = text("authid")?.or_else(|| asked.map(str::to_owned)) else {
        return Err(unclear("neither HELLO nor the answer has an authid"));
    };
    let provider = text("provider")?.unwrap_or_else(|| "http".to_owned());
    let mut principal = Principal::new(authid).role(role).provider(provider);
    match answer.get("extra") {
        None | Some(Value::Null) => {}
        Some(Value::Dict(extra)) => {
            for (name, value) in extra.iter() {
                principal = principal.authextra(name, value.clone());
            }
        }
        Some(_) => return Err(unclear("\"extra\" is not an object")),
    }
    match answer.get("expires") {
        None | Some(Value::Null) => {}
        Some(expires) => {
            let seconds = expires.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let time = seconds.and_then(|seconds| UNIX_EPOCH.checked_add(seconds));
            principal = principal.expires_at(
                time.ok_or_else(|| unclear("\"expires\" is not a number of seconds since 1970"))?,
            );
        }
    }
    Ok(principal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, asked: Option<&str>) -> Result<Principal, NotAllowed> {
        principal(json.as_bytes(), asked)
    }

    #[test]
    fn an_answer_names_the_principal() {
        let one =
            read(r#"{"allow": true, "role": "member", "provider": "ldap", "authid": "joe"}"#, Some("jo"))
                .unwrap();
        assert_eq!((one.authid(), one.authrole(), one.authprovider()), ("joe", "member", "ldap"));
        let one = read(r#"{"allow": true, "role": "member", "expires": null}"#, Some("joe")).unwrap();
        assert_eq!((one.authid(), one.authprovider()), ("joe", "http"));
    }

    #[test]
    fn nothing_but_a_clear_yes_lets_anybody_in() {
        for answer in [
            "",
            "yes",
            "[]",
            "{}",
            r#"{"allow": 1}"#,
            r#"{"allow": "true", "role": "member"}"#,
            r#"{"allow": true}"#,
            r#"{"allow": true, "role": ""}"#,
            r#"{"allow": true, "role": 7}"#,
            r#"{"allow": true, "role": "member", "authid": ["joe"]}"#,
            r#"{"allow": true, "role": "member", "extra": 7}"#,
            r#"{"allow": true, "role": "member", "expires": "tomorrow"}"#,
            r#"{"allow": true, "role": "member", "expires": -1}"#,
        ] {
            assert!(matches!(read(answer, Some("joe")), Err(NotAllowed::Unclear(_))), "{answer}");
        }
        let nobody = read(r#"{"allow": true, "role": "member"}"#, None);
        assert!(matches!(nobody, Err(NotAllowed::Unclear(_))));
        let denied = read(r#"{"allow": false, "reason": "locked"}"#, Some("joe")).unwrap_err();
        assert_eq!(denied, NotAllowed::Denied(Some("locked".to_owned())));
    }
}
