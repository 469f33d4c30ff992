//! What a procedure answers about a peer: a role, or a dictionary.

use super::question::PeerQuestion;
use crate::auth::{Principal, Salting, Secret};
use crate::router::auth::Denial;
use serverwamp_proto::codec::Value;

/// The longest authid and role, which are shown in every log line and in the meta API.
const LONGEST_NAME: usize = 256;
/// The most work for one key: an answer decides how long a thread is busy.
const MOST_ITERATIONS: u32 = 1_000_000;

/// The principal.
pub(super) fn principal(answer: &Value, question: &PeerQuestion<'_>) -> Result<Principal, Denial> {
    read(answer, question.authid, question.realm()).map_err(Denial::failed)
}

/// The secret, how the key is derived from it, and the principal of whoever has it.
pub(super) fn cra_secret(
    answer: &Value,
    question: &PeerQuestion<'_>,
) -> Result<(Secret, Option<Salting>, Principal), Denial> {
    let principal = principal(answer, question)?;
    let secret =
        Secret::from(text(answer, "secret", usize::MAX).map_err(Denial::failed)?.unwrap_or_default());
    if secret.expose().is_empty() {
        return Err(Denial::failed("the answer has no \"secret\""));
    }
    let Some(salt) = answer.get("salt").and_then(Value::as_str) else {
        return Ok((secret, None, principal));
    };
    match (number(answer, "iterations"), number(answer, "keylen")) {
        (Some(iterations @ 1..=MOST_ITERATIONS), Some(keylen @ 1..=64)) => {
            Ok((secret, Some(Salting::new(salt, iterations, keylen)), principal))
        }
        _ => Err(Denial::failed(format!(
            "the answer has a \"salt\", but no \"iterations\" up to {MOST_ITERATIONS} and no \"keylen\" up to 64"
        ))),
    }
}

/// A small number, if the answer has it.
pub(super) fn number(answer: &Value, name: &str) -> Option<u32> {
    answer.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok())
}

fn read(answer: &Value, asked: Option<&str>, own_realm: &str) -> Result<Principal, String> {
    let role = match answer {
        Value::Text(role) if role.is_empty() || role.len() > LONGEST_NAME => {
            return Err(format!("the role is empty or longer than {LONGEST_NAME} bytes"));
        }
        Value::Text(role) => role.clone(),
        Value::Dict(_) => text(answer, "role", LONGEST_NAME)?.ok_or("the answer has no \"role\"")?,
        _ => return Err("the answer is neither a role nor a dictionary".to_owned()),
    };
    match text(answer, "realm", usize::MAX)? {
        Some(realm) if realm != own_realm => {
            return Err(format!("the answer leads to the realm {realm:?}, the peer asked for {own_realm:?}"));
        }
        _ => {}
    }
    let authid = text(answer, "authid", LONGEST_NAME)?.or_else(|| asked.map(str::to_owned));
    let authid = authid.ok_or("neither HELLO nor the answer has an authid")?;
    let mut principal = Principal::new(authid).role(role).provider("dynamic").said_by_procedure();
    match answer.get("extra") {
        None | Some(Value::Null) => {}
        Some(Value::Dict(extra)) => {
            for (name, value) in extra.iter() {
                principal = principal.authextra(name, value.clone());
            }
        }
        Some(_) => return Err("the answer's \"extra\" is not a dictionary".to_owned()),
    }
    Ok(principal)
}

pub(super) fn text(answer: &Value, name: &str, longest: usize) -> Result<Option<String>, String> {
    match answer.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) if text.is_empty() || text.len() > longest => {
            Err(format!("the answer's {name:?} is empty or longer than {longest} bytes"))
        }
        Some(Value::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("the answer's {name:?} is not text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp_proto::codec::{Serializer, from_slice};

    fn answered(json: &str) -> Result<Principal, String> {
        read(&from_slice(Serializer::Json, json.as_bytes()).unwrap(), Some("joe"), "shop")
    }

    #[test]
    fn an_answer_is_a_role_or_a_dictionary() {
        let one = answered("\"member\"").unwrap();
        assert_eq!((one.authid(), one.authrole(), one.authprovider()), ("joe", "member", "dynamic"));
        assert!(one.is_said_by_procedure());
        let one = answered(r#"{"role":"member","authid":"john","realm":"shop","extra":{"a":1},"foo":null}"#)
            .unwrap();
        assert_eq!((one.authid(), one.authrole()), ("john", "member"));
    }

    #[test]
    fn another_answer_is_a_failure() {
        for json in [
            "null",
            "true",
            "7",
            "[]",
            "\"\"",
            "{}",
            r#"{"role":null}"#,
            r#"{"role":7}"#,
            r#"{"role":""}"#,
            r#"{"role":"member","authid":7}"#,
            r#"{"role":"member","extra":[]}"#,
            r#"{"role":"member","realm":"elsewhere"}"#,
        ] {
            assert!(answered(json).is_err(), "{json}");
        }
        let nobody = read(&Value::Text("member".to_owned()), None, "shop");
        assert!(nobody.unwrap_err().contains("authid"));
    }
}
