//! Transports: what becomes a listener, and the ways in that it has.

use super::super::Keys;
use super::super::fields::{Fields, Findings, Item};
use super::super::toml_text::quoted;
use super::auth::{self, Ways};
use super::endpoint::{self, Endpoint};
use super::paths::{self, Paths};
use super::websocket::{rawsocket, websocket};
use std::collections::BTreeSet;

/// A listener.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listener {
    pub(super) address: String,
    pub(super) serve: Vec<&'static str>,
    pub(super) realms: Option<BTreeSet<String>>,
    pub(super) tls: Keys,
    pub(super) websocket: Keys,
    pub(super) rawsocket: Keys,
    pub(super) long_poll: Keys,
    pub(super) http: Keys,
    pub(super) files: Vec<Keys>,
}

/// Where sessions come in: the realms that can be joined there, and how.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) path: String,
    pub(super) is_local: bool,
    pub(super) realms: BTreeSet<String>,
    pub(super) ways: Ways,
}

/// A transport, read.
#[derive(Debug)]
pub(super) struct Transport {
    pub(super) listener: Listener,
    pub(super) doors: Vec<Door>,
}

/// The types that have no counterpart, and what is there in their place.
const OTHERS: [(&str, &str, &str); 4] = [
    ("mqtt", "MQTT is not spoken here", "let a program bridge it, as a client of both"),
    ("flashpolicy", "Flash is gone", "remove it"),
    ("websocket.testee", "this server has no echo for tests of the protocol", "remove it"),
    ("stream.testee", "this server has no echo for tests of the protocol", "remove it"),
];

/// Reads a transport. `realms` are those that can be joined by it.
pub(super) fn read(item: &Item<'_>, realms: &BTreeSet<String>, findings: &Findings) -> Option<Transport> {
    let mut fields = item.fields(findings)?;
    let Some(kind) = fields.text("type") else {
        if !fields.has("type") {
            findings.left(&item.path, "`type` is missing", "write what is spoken there");
        }
        return None;
    };
    if let Some((_, reason, help)) = OTHERS.iter().find(|(name, _, _)| *name == kind) {
        findings.left(&item.path, *reason, *help);
        return None;
    }
    if !["web", "websocket", "rawsocket", "universal"].contains(&kind) {
        findings.left(
            &item.path,
            "this type of transport is not here",
            "there are web, websocket, rawsocket and universal",
        );
        return None;
    }
    let Some(endpoint) = fields.take("endpoint") else {
        findings.left(&item.path, "`endpoint` is missing", "write where it listens");
        return None;
    };
    let endpoint = endpoint::read(&endpoint, findings)?;
    let mut building = Building {
        listener: Listener {
            address: endpoint.address.clone(),
            serve: Vec::new(),
            realms: None,
            tls: endpoint.tls.clone(),
            websocket: Keys::new(),
            rawsocket: Keys::new(),
            long_poll: Keys::new(),
            http: Keys::new(),
            files: Vec::new(),
        },
        doors: Vec::new(),
        endpoint,
        realms,
    };
    match kind {
        "web" => building.web(fields),
        "websocket" => {
            building.plain_websocket(fields);
        }
        "rawsocket" => building.rawsocket(fields),
        _ => building.universal(fields),
    }
    if building.listener.serve.is_empty() && building.listener.files.is_empty() {
        findings.left(
            &item.path,
            "nothing of what is served there is carried over: there is no listener for it",
            "",
        );
        return None;
    }
    Some(Transport { listener: building.listener, doors: building.doors })
}

struct Building<'r> {
    listener: Listener,
    doors: Vec<Door>,
    endpoint: Endpoint,
    realms: &'r BTreeSet<String>,
}

impl Building<'_> {
    fn door(&mut self, path: &str, ways: Ways) {
        self.doors.push(Door {
            path: path.to_owned(),
            is_local: self.endpoint.is_local,
            realms: self.realms.clone(),
            ways,
        });
    }

    fn web(&mut self, mut fields: Fields<'_, '_>) {
        let findings = fields.findings;
        fields.skip(&["id"]);
        if let Some(mut options) = fields.take("options").and_then(|item| item.fields(findings)) {
            options.leave(
                &["hsts", "hsts_max_age"],
                "this server sends no header HSTS",
                "let a web server add it",
            );
            options.needless(
                &["access_log", "display_tracebacks", "client_timeout"],
                "requests are bounded by `http.request_timeout`, and the log has levels",
            );
            options.finish();
        }
        let mut paths = Paths::default();
        match fields.take("paths") {
            Some(item) => paths::read(&item, "", &mut paths, findings),
            None => findings.left(&fields.path, "`paths` is missing", "write what is served there"),
        }
        self.web_paths(paths, findings);
        fields.finish();
    }

    /// The WebSocket, files and long-polling of a transport.
    fn web_paths(&mut self, mut paths: Paths<'_>, findings: &Findings) {
        // By name, or else the first one.
        let at = paths.websockets.iter().position(|(path, _)| path == "/ws").unwrap_or(0);
        let chosen = if paths.websockets.is_empty() { None } else { Some(paths.websockets.remove(at)) };
        for (_, item) in &paths.websockets {
            let path = chosen.as_ref().map_or("/ws", |(path, _)| path.as_str());
            let reason = format!("a listener has one path for WebSockets, which is {path}");
            findings.left(
                &item.path,
                reason,
                format!("let its clients use {path}, or write a `[[listen]]` at another port"),
            );
        }
        if let Some((path, item)) = chosen
            && let Some(fields) = item.fields(findings)
        {
            self.websocket(&path, fields);
        }
        if let Some(keys) = paths.long_poll {
            self.listener.serve.push("long-poll");
            self.listener.long_poll = keys;
            if self.doors.is_empty() {
                let path = self.listener.address.clone();
                self.door(&path, Ways::anonymous());
            }
        }
        self.listener.files.extend(paths.files);
    }

    fn websocket(&mut self, path: &str, mut fields: Fields<'_, '_>) {
        let ways = auth::read(&mut fields);
        let read = websocket(&mut fields, self.endpoint.wants_certificates);
        self.listener.serve.push("websocket");
        self.listener.websocket = vec![("path", quoted(path))];
        self.listener.websocket.extend(read.keys);
        self.listener.http.extend(read.http);
        self.door(&fields.path.clone(), ways);
        fields.finish();
    }

    /// The transport without a web server, which looks at no path.
    fn plain_websocket(&mut self, mut fields: Fields<'_, '_>) {
        let url = fields.text("url").unwrap_or_default();
        let authority = url.split_once("://").map_or("", |(_, rest)| rest);
        let path = authority.split_once('/').map_or("", |(_, path)| path);
        let is_path = |letter: char| letter.is_ascii_alphanumeric() || "-_./~".contains(letter);
        let path = if path.chars().all(is_path) { format!("/{path}") } else { "/".to_owned() };
        let reason = format!("every path leads to this WebSocket there, here {path} alone");
        fields.findings.changed(&fields.path, reason, "set `websocket.path`, if clients use another one");
        self.websocket(&path, fields);
    }

    fn rawsocket(&mut self, mut fields: Fields<'_, '_>) {
        let ways = auth::read(&mut fields);
        self.listener.rawsocket = rawsocket(&mut fields);
        self.listener.serve.push("rawsocket");
        self.door(&fields.path.clone(), ways);
        fields.finish();
    }

    fn universal(&mut self, mut fields: Fields<'_, '_>) {
        let findings = fields.findings;
        fields.skip(&["id"]);
        let mut paths = Paths::default();
        if let Some(item) = fields.take("websocket") {
            paths::read(&item, "", &mut paths, findings);
        }
        if let Some(mut web) = fields.take("web").and_then(|item| item.fields(findings)) {
            web.skip(&["id", "type"]);
            web.leave(
                &["options"],
                "options of the web server",
                "let a web server have them, in front of this one",
            );
            if let Some(item) = web.take("paths") {
                paths::read(&item, "", &mut paths, findings);
            }
            web.finish();
        }
        fields.leave(&["mqtt"], OTHERS[0].1, OTHERS[0].2);
        self.web_paths(paths, findings);
        if let Some(fields) = fields.take("rawsocket").and_then(|item| item.fields(findings)) {
            self.rawsocket(fields);
        }
        fields.finish();
    }
}
