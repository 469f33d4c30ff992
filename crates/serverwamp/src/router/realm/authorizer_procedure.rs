//! A procedure of a client as authorizer, called as Crossbar.io calls its dynamic authorizers.
//!
//! It gets `session`, a dictionary, `uri`, `action` and `options`, and answers with a boolean or a dictionary: `allow`,
//! `disclose`, `cache`, and here `retain` and `history` as well. Anything else is no answer, which denies. Only a registration of
//! exactly this URI is called, whoever has registered a pattern that matches it.

use super::{RunningRealm, Unasked};
use crate::WampError;
use crate::peering::payload::ToArguments;
use crate::peering::{CallResult, Calling};
use crate::router::request::{Purpose, Question, Verdict};
use crate::router::session::RouterSession;
use crate::transport::TransportKind;
use serverwamp_proto::codec::{Dict, Serializer, Value};
use serverwamp_proto::permissions::{Action, Allowance};
use serverwamp_proto::uris;
use std::sync::Arc;
use std::time::Duration;

/// Asks the procedure `uri` whether the session may do this.
///
/// # Errors
/// When nobody has registered it, when it fails, and when its answer is none.
pub(super) async fn ask(
    uri: &str,
    session: &Arc<RouterSession>,
    question: &Question,
) -> Result<Verdict, WampError> {
    let arguments = (details(session), question.uri(), question.action().as_str(), options(question));
    let payload = arguments.to_arguments(Serializer::MessagePack);
    let realm: Arc<RunningRealm> = Arc::clone(session.running_realm());
    realm.somebody_decides(uri).map_err(|why| match why {
        Unasked::Nobody(text) => WampError::new(uris::error::NO_SUCH_PROCEDURE).arg(text),
        Unasked::Error(error) => error,
    })?;
    let calling = Calling::<CallResult>::new(realm, uri.to_owned(), payload).of_exact_registration();
    let answer = calling.about(session.id()).await?;
    let answer: Value = answer.payload().arg()?;
    read(&answer).map_err(|fault| WampError::invalid_argument(format!("it {fault}")))
}

/// The session that asks.
fn details(session: &RouterSession) -> Dict {
    let text = |text: &str| Value::from(text);
    let mut details = Dict::new();
    details.insert("session", session.id().get());
    details.insert("realm", &**session.running_realm().name());
    details.insert("authid", session.authid());
    details.insert("authrole", session.authrole());
    details.insert("authmethod", session.authmethod());
    details.insert("authprovider", session.principal().map_or(Value::Null, |one| text(one.authprovider())));
    details.insert("authextra", Value::Null);
    let info = session.transport();
    let mut transport = Dict::new();
    let kind = match info.kind {
        TransportKind::WebSocket => "websocket",
        TransportKind::RawSocket => "rawsocket",
        TransportKind::LongPoll => "longpoll",
        TransportKind::Memory => "memory",
    };
    transport.insert("type", kind);
    transport.insert("peer", info.peer_address.map_or(Value::Null, |peer| text(&peer.to_string())));
    transport.insert("protocol", info.protocol);
    details.insert("transport", transport);
    details
}

/// The options of the request, by their names on the wire.
fn options(question: &Question) -> Dict {
    let (asked, action) = (question.options(), question.action());
    let mut options = Dict::new();
    if matches!(action, Action::Register | Action::Subscribe) {
        options.insert("match", question.match_policy().as_str());
    }
    if let Some(invoke) = asked.invoke {
        options.insert("invoke", invoke.as_str());
    }
    let disclose = if action == Action::Register { "disclose_caller" } else { "disclose_me" };
    let retain = if action == Action::Subscribe { "get_retained" } else { "retain" };
    let flags = [(asked.disclose, disclose), (asked.retain, retain), (asked.acknowledge, "acknowledge")];
    for (_, name) in flags.into_iter().filter(|(is_set, _)| *is_set) {
        options.insert(name, true);
    }
    match asked.purpose {
        Purpose::Request => {}
        Purpose::Testament => drop(options.insert("testament", true)),
        Purpose::History => drop(options.insert("history", true)),
    }
    options
}

/// Reads an answer.
///
/// # Errors
/// What is wrong with it.
fn read(answer: &Value) -> Result<Verdict, String> {
    let answer = match answer {
        Value::Bool(allowed) => return Ok(Verdict::from(*allowed)),
        Value::Dict(answer) => answer,
        _ => return Err("answered neither a boolean nor a dictionary".to_owned()),
    };
    let flag = |name: &str| match answer.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(format!("answered a {name:?} that is no boolean")),
    };
    for (name, value) in answer.iter() {
        match name {
            "allow" | "disclose" | "cache" | "retain" | "history" => {}
            "validate" if *value == Value::Null => {}
            "validate" => return Err("asks to validate payloads, which is not supported".to_owned()),
            _ => return Err(format!("answered the unknown key {name:?}")),
        }
    }
    let allowed = flag("allow")?.ok_or("answered a dictionary without \"allow\"")?;
    let disclose = flag("disclose")?;
    let allowance = Allowance {
        disclose: disclose != Some(false),
        retain: flag("retain")? != Some(false),
        history: flag("history")? != Some(false),
    };
    let mut verdict = Verdict::from(allowed).with(allowance);
    verdict.disclosed = allowed && disclose == Some(true);
    if flag("cache")? == Some(true) {
        verdict = verdict.cache_for(Duration::MAX);
    }
    Ok(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dict(entries: &[(&str, Value)]) -> Value {
        Value::Dict(entries.iter().map(|(key, value)| (*key, value.clone())).collect())
    }

    #[test]
    fn crossbars_answers_are_read_as_crossbar_reads_them() {
        let (yes, no) = (Value::Bool(true), Value::Bool(false));
        let allow = ("allow", yes.clone());
        assert_eq!(read(&yes), Ok(Verdict::allow()));
        assert_eq!(read(&no), Ok(Verdict::deny()));
        assert_eq!(read(&dict(&[("allow", no.clone())])), Ok(Verdict::deny()));
        assert_eq!(read(&dict(&[allow.clone(), ("validate", Value::Null)])), Ok(Verdict::allow()));
        let disclosing = read(&dict(&[allow.clone(), ("disclose", yes.clone())]));
        assert_eq!(disclosing, Ok(Verdict::allow().disclosed()));
        let hiding = read(&dict(&[allow.clone(), ("disclose", no.clone())]));
        assert_eq!(hiding, Ok(Verdict::allow().with(Allowance { disclose: false, ..Allowance::FULL })));
        let cached = read(&dict(&[allow.clone(), ("cache", yes)]));
        assert_eq!(cached, Ok(Verdict::allow().cache_for(Duration::MAX)));
        let modest = read(&dict(&[allow, ("retain", no.clone()), ("history", no)]));
        let nothing_kept = Allowance { disclose: true, retain: false, history: false };
        assert_eq!(modest, Ok(Verdict::allow().with(nothing_kept)));
    }

    #[test]
    fn what_is_no_answer_is_none() {
        let allow = ("allow", Value::Bool(true));
        for (answer, expected) in [
            (Value::Null, "neither a boolean"),
            (Value::from("yes"), "neither a boolean"),
            (dict(&[]), "without \"allow\""),
            (dict(&[("allow", Value::from(1))]), "\"allow\" that is no boolean"),
            (dict(&[allow.clone(), ("cache", Value::from(5))]), "\"cache\" that is no boolean"),
            (dict(&[allow.clone(), ("allowed", Value::Bool(false))]), "unknown key \"allowed\""),
            (dict(&[allow, ("validate", dict(&[("call", Value::from("a.B"))]))]), "not supported"),
        ] {
            let fault = read(&answer).expect_err("this is no answer");
            assert!(fault.contains(expected), "{answer:?}: {fault}");
        }
    }
}
