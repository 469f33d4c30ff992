//! Configurations of nexus (`nexusd -c`).
//!
//! In: JSON. Out: our text, and what was not carried over. It has no users: everybody comes in, or nobody does.

use super::fields::{Fields, Findings, Item};
use super::json::Json;
use super::pattern::{Pattern, Written};
use super::toml_text::{bytes, list, quoted, time};
use super::{ImportError, Imported, fault_of};
use crate::values::{Address, FilePath, RealmName};
use serverwamp::websocket::OriginPattern;
use std::collections::{BTreeMap, HashSet};

/// Whether a file is a configuration of nexus at all.
pub(super) fn recognizes(json: &Json) -> bool {
    let Json::Object(entries) = json else { return false };
    entries.iter().any(|(key, value)| key.eq_ignore_ascii_case("router") && matches!(value, Json::Object(_)))
}

/// Makes ours of it.
pub(super) fn import(json: Json) -> Result<Imported, ImportError> {
    let json = in_small_letters(json);
    let findings = Findings::default();
    let root = Item { json: &json, path: String::new() };
    let Some(mut fields) = root.fields(&findings) else {
        return Err(ImportError::other("this is not a configuration of nexus"));
    };
    let mut lines = vec![
        "# Made of a configuration of nexus by `serverwamp config import`.".to_owned(),
        "# `serverwamp config explain KEY` tells what a key does.".to_owned(),
    ];
    let before = lines.len();
    if let Some(fields) = fields.take("websocket").and_then(|item| item.fields(&findings)) {
        websocket(fields, &mut lines);
    }
    if let Some(fields) = fields.take("rawsocket").and_then(|item| item.fields(&findings)) {
        rawsocket(fields, &mut lines);
    }
    if lines.len() == before {
        findings.left(
            "",
            "there is no listener: the default is used, 127.0.0.1:8080",
            "write a `[[listen]]`",
        );
    }
    if fields.text("log_path").is_some_and(|path| !path.is_empty()) {
        findings.left(
            "log_path",
            "the log goes to the standard error",
            "let systemd keep it, or redirect it",
        );
    }
    if let Some(mut router) = fields.take("router").and_then(|item| item.fields(&findings)) {
        router.needless(
            &["debug", "mem_stats_log_sec"],
            "the log has levels, and `serve = [\"metrics\"]` the numbers",
        );
        let mut names = HashSet::new();
        for item in router.list("realms") {
            realm(&item, Some(&mut names), &mut lines, &findings);
        }
        if let Some(item) = router.take("realm_template") {
            realm(&item, None, &mut lines, &findings);
        }
        router.finish();
    }
    fields.finish();
    let config = lines.join("\n") + "\n";
    Ok(Imported { config, credentials: Vec::new(), findings: findings.into_list() })
}

/// Go reads keys whatever their case.
fn in_small_letters(json: Json) -> Json {
    match json {
        Json::List(items) => Json::List(items.into_iter().map(in_small_letters).collect()),
        Json::Object(entries) => {
            let small = |(key, value): (String, Json)| (key.to_ascii_lowercase(), in_small_letters(value));
            Json::Object(entries.into_iter().map(small).collect())
        }
        other => other,
    }
}

/// An address of Go: without a host it is any.
fn address(text: &str, path: &str, findings: &Findings) -> Option<String> {
    let address = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    let why = fault_of::<Address>(&address);
    if let Some(why) = why {
        findings.left(path, why, "write a `[[listen]]` with its address");
        return None;
    }
    Some(address)
}

/// The files of TLS; `None` if they cannot be read.
fn tls(fields: &mut Fields<'_, '_>) -> Option<Vec<String>> {
    let certificate = fields.text("cert_file").unwrap_or_default();
    let key = fields.text("key_file").unwrap_or_default();
    if certificate.is_empty() && key.is_empty() {
        return Some(Vec::new());
    }
    if [certificate, key].iter().any(|path| fault_of::<FilePath>(path).is_some()) {
        let reason = "TLS needs `cert_file` and `key_file`: the listener is left out";
        fields.findings.left(&fields.path, reason, "write a `[listen.tls]`");
        return None;
    }
    let [certificate, key] = [certificate, key].map(quoted);
    Some(vec![
        String::new(),
        "[listen.tls]".to_owned(),
        format!("certificates = {certificate}"),
        format!("key = {key}"),
    ])
}

fn listener(address: &str, service: &str) -> [String; 4] {
    let (address, serve) = (quoted(address), list([service]));
    [String::new(), "[[listen]]".to_owned(), format!("address = {address}"), format!("serve = {serve}")]
}

const QUEUES: (&str, &str) = (
    "queues are bounded for all sessions together",
    "set `limits.outgoing_messages` and `limits.outgoing_bytes`",
);

fn websocket(mut fields: Fields<'_, '_>, lines: &mut Vec<String>) {
    let findings = fields.findings;
    let path = fields.path.clone();
    let at = fields.text("address").filter(|at| !at.is_empty()).and_then(|at| address(at, &path, findings));
    let tls = tls(&mut fields);
    let mut keys = vec![String::new(), "[listen.websocket]".to_owned(), "path = \"/\"".to_owned()];
    if let Some(seconds) = fields.number("keep_alive").filter(|seconds| (1..=86_400).contains(seconds)) {
        keys.push(format!("ping_interval = {}", time(seconds * 1000)));
    }
    if fields.boolean("enable_compression") == Some(true) {
        keys.push("deflate = true".to_owned());
    }
    let origins = origins(&mut fields);
    if !origins.is_empty() {
        keys.push(format!("origins = {}", list(origins)));
    }
    fields.needless(&["enable_tracking_cookie", "enable_request_capture"], "nexus does not use it");
    fields.leave(&["out_queue_size"], QUEUES.0, QUEUES.1);
    fields.finish();
    if let (Some(at), Some(tls)) = (at, tls) {
        findings.changed(
            &path,
            "every path leads to the WebSocket there, here / alone",
            "set `websocket.path`, if clients use another one",
        );
        lines.extend(listener(&at, "websocket"));
        lines.extend(tls);
        lines.extend(keys);
    }
}

/// Patterns of hosts become origins of both schemes.
fn origins(fields: &mut Fields<'_, '_>) -> Vec<String> {
    let findings = fields.findings;
    let mut origins = Vec::new();
    for item in fields.list("allow_origins") {
        let Some(text) = item.text(findings) else { continue };
        let texts = match text.contains("://") {
            _ if text == "*" => vec![text.to_owned()],
            true => vec![text.to_owned()],
            false => vec![format!("http://{text}"), format!("https://{text}")],
        };
        let fault = texts.iter().find_map(|text| text.parse::<OriginPattern>().err());
        match fault.filter(|_| text != "*") {
            None => origins.extend(texts),
            Some(why) => findings.left(&item.path, why.to_string(), "list the pages in `websocket.origins`"),
        }
    }
    if origins.iter().any(|origin| origin == "*") { vec!["*".to_owned()] } else { origins }
}

fn rawsocket(mut fields: Fields<'_, '_>, lines: &mut Vec<String>) {
    let findings = fields.findings;
    let path = fields.path.clone();
    let tcp =
        fields.text("tcp_address").filter(|at| !at.is_empty()).and_then(|at| address(at, &path, findings));
    let unix = fields.text("unix_address").filter(|at| !at.is_empty());
    let unix = unix.and_then(|at| address(&format!("unix:{at}"), &path, findings));
    let tls = tls(&mut fields);
    let size = fields.number("max_msg_len").filter(|size| *size > 0);
    let keys = size.map(|size| {
        [String::new(), "[listen.rawsocket]".to_owned(), format!("max_message = {}", bytes(size))]
    });
    fields.needless(&["tcp_keepalive_interval"], "the operating system notices dead peers");
    fields.leave(&["out_queue_size"], QUEUES.0, QUEUES.1);
    fields.finish();
    if let (Some(at), Some(tls)) = (tcp, tls) {
        lines.extend(listener(&at, "rawsocket"));
        lines.extend(tls);
        lines.extend(keys.iter().flatten().cloned());
    }
    if let Some(at) = unix {
        lines.extend(listener(&at, "rawsocket"));
        lines.extend(keys.into_iter().flatten());
    }
}

/// A realm, or the template of realms if there are no names.
fn realm(item: &Item<'_>, names: Option<&mut HashSet<String>>, lines: &mut Vec<String>, findings: &Findings) {
    let Some(mut fields) = item.fields(findings) else { return };
    let name = fields.text("uri");
    let table = if names.is_some() { "realm" } else { "template" };
    lines.extend([String::new(), format!("[[{table}]]")]);
    let start = lines.len();
    if let Some(names) = names {
        let fault = match name {
            None => Some("`uri` is missing".to_owned()),
            Some(name) if !names.insert(name.to_owned()) => {
                Some("there is a realm of this name already".to_owned())
            }
            Some(name) => fault_of::<RealmName>(name),
        };
        if let Some(why) = fault {
            findings.left(&item.path, why, "name the realm");
            lines.truncate(start - 2);
            return;
        }
        lines.push(format!("name = {}", quoted(name.unwrap_or_default())));
    } else {
        lines.push("names = \"*\"".to_owned());
    }
    if fields.boolean("strict_uri") == Some(true) {
        lines.push("rules.strict_uris = true".to_owned());
    }
    if fields.boolean("allow_disclose") != Some(true) {
        lines.push("rules.disclosure = \"refused\"".to_owned());
    }
    let is_open = fields.boolean("anonymous_auth") == Some(true);
    let mut topics: BTreeMap<String, u64> = BTreeMap::new();
    for item in fields.list("event_history") {
        history(&item, &mut topics, findings);
    }
    for (key, reason, help) in [
        (
            "enable_meta_kill",
            "everybody may end the sessions of others there, here nobody",
            "name roles in `rules.administrators`",
        ),
        (
            "enable_meta_modify",
            "details of sessions are not changed from outside",
            "let the application keep them",
        ),
        (
            "meta_strict",
            "what the meta API tells of sessions is not chosen",
            "give permissions for it to fewer roles",
        ),
    ] {
        let path = format!("{}.{key}", item.path);
        if fields.boolean(key) == Some(true) {
            findings.left(&path, reason, help);
        }
    }
    fields.needless(
        &["meta_include_session_details", "require_local_auth", "require_local_authz"],
        "it is about sessions inside of the process, or about what `meta_strict` keeps back",
    );
    fields.finish();
    if is_open {
        lines.extend([
            String::new(),
            format!("[[{table}.auth]]"),
            "anonymous = { role = \"anonymous\" }".to_owned(),
        ]);
    } else {
        findings.left(&item.path, "nobody comes in", "write `auth`: `serverwamp config explain realm.auth`");
    }
    for (uri, limit) in topics {
        lines.extend([
            String::new(),
            format!("[[{table}.topic]]"),
            format!("uri = {}", quoted(&uri)),
            format!("history = {limit}"),
        ]);
    }
}

fn history(item: &Item<'_>, topics: &mut BTreeMap<String, u64>, findings: &Findings) {
    let Some(mut fields) = item.fields(findings) else { return };
    let (uri, matching) =
        (fields.text("topic"), fields.text("match").filter(|matching| !matching.is_empty()));
    let limit = fields.number("limit").unwrap_or(0).min(u64::from(u32::MAX));
    fields.finish();
    let Some(uri) = uri else {
        findings.left(&item.path, "a history without `topic` is of nothing", "name the topic");
        return;
    };
    let pattern = Pattern::of(uri, Some(matching.unwrap_or("exact")));
    if pattern.as_ref().is_ok_and(Pattern::is_reserved) {
        findings.left(&item.path, "events of the router itself are not kept", "let a client write them down");
        return;
    }
    match pattern.map(|pattern| pattern.written()) {
        Ok(Written::Fully(text)) => {
            topics.insert(text, limit);
        }
        Ok(Written::Narrower(texts)) => {
            let reason = format!(
                "a prefix ends with a dot here: carried over for {:?} and what is below it",
                texts[0]
            );
            findings.changed(&item.path, reason, "name other topics, if there are any");
            topics.extend(texts.into_iter().map(|text| (text, limit)));
        }
        Ok(Written::Not(why)) | Err(why) => findings.left(&item.path, why, "write `history` of a topic"),
    }
}
