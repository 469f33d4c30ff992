//! WebSocket and RawSocket: serializers and options.

use super::super::Keys;
use super::super::fields::{Fields, Findings};
use super::super::toml_text::{bytes, list, quoted, time};
use serverwamp::websocket::OriginPattern;

/// Options of Autobahn that no client relies on.
const OF_AUTOBAHN: [&str; 11] = [
    "apply_mask",
    "auto_fragment_size",
    "auto_ping_restart_on_any_traffic",
    "auto_ping_size",
    "echo_close_codereason",
    "enable_webstatus",
    "external_port",
    "fail_by_drop",
    "max_frame_size",
    "show_server_version",
    "tcp_nodelay",
];

/// Serializers that are here.
const SERIALIZERS: [&str; 3] = ["json", "msgpack", "cbor"];

/// What a WebSocket has of its own, and the timeout of the handshake, which belongs to HTTP.
#[derive(Debug, Default)]
pub(super) struct WebSocketKeys {
    pub(super) keys: Keys,
    pub(super) http: Keys,
}

/// Reads what is common to the transport and to the web service; `auth` is left to the caller.
pub(super) fn websocket(fields: &mut Fields<'_, '_>, wants_certificates: bool) -> WebSocketKeys {
    let findings = fields.findings;
    let mut read = WebSocketKeys::default();
    fields.skip(&["id", "type"]);
    fields.needless(&["debug", "url"], "the program knows what it needs, and its log has levels");
    fields.leave(
        &["cookie"],
        "this server sets no cookies",
        "let a web server set one, and `auth` ask it: `serverwamp config explain realm.auth.http`",
    );
    if let Some(names) = serializers(fields) {
        let both = names.iter().flat_map(|name| [format!("wamp.2.{name}"), format!("wamp.2.{name}.batched")]);
        read.keys.push(("subprotocols", list(both)));
    }
    let Some(options) = fields.take("options") else {
        any_origin(&mut read.keys, wants_certificates, &fields.path, findings);
        return read;
    };
    let Some(mut options) = options.fields(findings) else { return read };
    origins(&mut options, &mut read.keys, wants_certificates);
    if let Some(number) = message_size(&mut options) {
        read.keys.push(("max_message", bytes(number)));
    }
    for (theirs, ours) in [
        ("auto_ping_interval", "ping_interval"),
        ("auto_ping_timeout", "ping_timeout"),
        ("close_handshake_timeout", "close_timeout"),
    ] {
        if let Some(milliseconds) = milliseconds(&mut options, theirs) {
            read.keys.push((ours, time(milliseconds)));
        }
    }
    if let Some(milliseconds) = milliseconds(&mut options, "open_handshake_timeout") {
        read.http.push(("handshake_timeout", time(milliseconds)));
    }
    compression(&mut options, &mut read.keys);
    options.needless(&OF_AUTOBAHN, "how Autobahn writes frames and closes: no client relies on it");
    strictness(&mut options);
    options.finish();
    read
}

/// What is always so here, unless somebody has switched it off there.
fn strictness(options: &mut Fields<'_, '_>) {
    let findings = options.findings;
    for (key, always, what) in [
        ("enable_rfc6455", true, "RFC 6455 is the protocol"),
        ("enable_hybi10", false, "drafts of the protocol are not supported"),
        ("validate_utf8", true, "texts are always checked for UTF-8"),
        ("require_masked_client_frames", true, "frames of clients are always masked"),
        ("mask_server_frames", false, "frames of the server are never masked"),
        ("require_websocket_subprotocol", true, "clients have to name a subprotocol"),
        ("enable_flash_policy", false, "Flash is gone"),
    ] {
        let path = format!("{}.{key}", options.path);
        match options.boolean(key) {
            Some(value) if value != always && key != "enable_hybi10" => {
                findings.left(&path, what, "clients that need it otherwise have to be updated");
            }
            Some(value) if value != always => findings.needless(&path, what),
            _ => {}
        }
    }
    options.needless(&["flash_policy"], "Flash is gone");
}

/// The serializers that are chosen; `None` if all of ours are.
fn serializers(fields: &mut Fields<'_, '_>) -> Option<Vec<&'static str>> {
    let findings = fields.findings;
    let mut names = Vec::new();
    let items = fields.take("serializers")?.list(findings)?;
    for item in &items {
        let Some(text) = item.text(findings) else { continue };
        match SERIALIZERS.iter().find(|name| **name == text) {
            Some(name) if names.contains(name) => {}
            Some(name) => names.push(*name),
            None => findings.left(
                &item.path,
                "the serializer is not supported: there are json, msgpack and cbor",
                "let clients that use another one offer one of these",
            ),
        }
    }
    if names.is_empty() {
        if !items.is_empty() {
            findings.changed(
                &fields.path,
                "none of the serializers is supported: all of ours are offered",
                "choose some",
            );
        }
        return None;
    }
    (names.len() < SERIALIZERS.len()).then_some(names)
}

/// Crossbar.io lets pages of any origin connect unless it is told otherwise.
fn any_origin(keys: &mut Keys, wants_certificates: bool, path: &str, findings: &Findings) {
    if wants_certificates {
        // Any page could use the certificate of a browser's user.
        let reason = "pages of any origin may connect there, here those of the same host, because clients have certificates";
        findings.changed(path, reason, "list the pages that may connect in `websocket.origins`");
    } else {
        keys.push(("origins", list(["*"])));
    }
}

fn origins(options: &mut Fields<'_, '_>, keys: &mut Keys, wants_certificates: bool) {
    let findings = options.findings;
    // A page of any origin can make itself one of none, so that only who says so gets it.
    let null = options.boolean("allow_null_origin").unwrap_or(false);
    let path = options.path.clone();
    let Some(items) = options.take("allowed_origins") else {
        return any_origin(keys, wants_certificates, &path, findings);
    };
    let Some(items) = items.list(findings) else { return };
    let texts: Vec<_> = items.iter().filter_map(|item| Some((item.text(findings)?, item))).collect();
    if texts.iter().any(|(text, _)| *text == "*") {
        return any_origin(keys, wants_certificates, &path, findings);
    }
    let mut origins: Vec<&str> = Vec::new();
    for (text, item) in texts {
        match text.parse::<OriginPattern>() {
            Ok(_) => origins.push(text),
            Err(why) => findings.left(&item.path, why.to_string(), "list the pages in `websocket.origins`"),
        }
    }
    if null && !origins.is_empty() && !origins.contains(&"null") {
        origins.push("null");
    }
    keys.push(("origins", list(origins)));
}

/// A bound of messages; without one Crossbar.io has none.
fn message_size(options: &mut Fields<'_, '_>) -> Option<u64> {
    let number = options.number("max_message_size")?;
    if number == 0 {
        let path = format!("{}.max_message_size", options.path);
        options.findings.changed(
            &path,
            "messages are always bounded: the default is kept",
            "set `max_message`",
        );
    }
    (number > 0).then_some(number)
}

/// A time; 0 is none, which is not here.
fn milliseconds(options: &mut Fields<'_, '_>, key: &str) -> Option<u64> {
    let number = options.number(key)?;
    if number == 0 {
        let path = format!("{}.{key}", options.path);
        options.findings.changed(&path, "the time is always bounded: the default is kept", "set a time");
    }
    (number > 0).then_some(number)
}

fn compression(options: &mut Fields<'_, '_>, keys: &mut Keys) {
    let findings = options.findings;
    let Some(item) = options.take("compression") else { return };
    let Some(mut methods) = item.fields(findings) else { return };
    if let Some(mut deflate) = methods.take("deflate").and_then(|item| item.fields(findings)) {
        keys.push(("deflate", "true".to_owned()));
        deflate.needless(
            &[
                "max_window_bits",
                "memory_level",
                "no_context_takeover",
                "request_max_window_bits",
                "request_no_context_takeover",
            ],
            "the parameters of the compression are negotiated with each client",
        );
        deflate.finish();
    }
    methods.finish();
}

/// Reads what RawSocket has of its own; `auth` is left to the caller.
pub(super) fn rawsocket(fields: &mut Fields<'_, '_>) -> Keys {
    let findings = fields.findings;
    let mut keys = Keys::new();
    fields.skip(&["id", "type"]);
    fields.needless(&["debug", "url"], "the program knows what it needs, and its log has levels");
    if let Some(names) = serializers(fields) {
        keys.push(("serializers", list(names)));
    }
    // Before 0.13 there was one.
    if let Some(item) = fields.take("serializer") {
        match item.text(findings) {
            Some(text) if SERIALIZERS.contains(&text) => {
                keys.push(("serializers", format!("[{}]", quoted(text))))
            }
            Some(_) => {
                findings.left(&item.path, "the serializer is not supported", "use json, msgpack or cbor")
            }
            None => {}
        }
    }
    if let Some(mut options) = fields.take("options").and_then(|item| item.fields(findings)) {
        if let Some(number) = message_size(&mut options) {
            keys.push(("max_message", bytes(number)));
        }
        options.finish();
    }
    keys
}
