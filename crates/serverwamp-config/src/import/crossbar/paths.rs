//! The paths of a web transport: what is served at each.

use super::super::fields::{Fields, Findings, Item};
use super::super::toml_text::{quoted, time};
use super::super::{Keys, fault_of};
use crate::values::FilePath;

/// What the paths have.
#[derive(Default)]
pub(super) struct Paths<'j> {
    /// Paths of WebSockets.
    pub(super) websockets: Vec<(String, Item<'j>)>,
    pub(super) long_poll: Option<Keys>,
    pub(super) files: Vec<Keys>,
}

/// The services that have no counterpart, and what is there in their place.
const OTHERS: [(&str, &str, &str); 14] = [
    (
        "archive",
        "this server serves folders, not archives",
        "unpack it, and serve it with `[[listen.files]]`",
    ),
    ("caller", "there is no bridge from HTTP to calls", "let a client of the realm take the requests"),
    ("catalog", "there are no catalogues of types", "serve the file with `[[listen.files]]`"),
    ("cgi", "this server runs no programs", "let a web server run them, beside this one or in front"),
    ("json", "this server serves files, not values", "write the value into a file below `[[listen.files]]`"),
    (
        "nodeinfo",
        "there is no page about the node",
        "`serve = [\"health\"]` answers whether the server lives and is ready",
    ),
    ("publisher", "there is no bridge from HTTP to events", "let a client of the realm take the requests"),
    ("redirect", "this server does not redirect", "let a web server do so, in front of this one"),
    ("resource", "this server runs no Python", "let it run in a web server of its own"),
    ("reverseproxy", "this server is no proxy", "let a web server do so, in front of this one"),
    ("upload", "this server takes no files", "let a web server take them, which publishes as a client"),
    ("wap", "this server renders no pages", "let a web server do so, which calls as a client"),
    ("webhook", "there is no bridge from HTTP to events", "let a client of the realm take the requests"),
    ("wsgi", "this server runs no Python", "let it run in a web server of its own"),
];

/// Reads the paths, those within others included.
pub(super) fn read<'j>(item: &Item<'j>, above: &str, paths: &mut Paths<'j>, findings: &Findings) {
    for (name, item) in item.named(findings).unwrap_or_default() {
        let path = format!("{above}/{}", name.trim_start_matches('/'));
        let path = if name == "/" && !above.is_empty() { above.to_owned() } else { path };
        if path
            .contains(|letter: char| letter.is_whitespace() || letter.is_control() || "?#\"".contains(letter))
        {
            findings.left(
                &item.path,
                "this is no path of a URL",
                "write it without `?`, `#` and white space",
            );
            continue;
        }
        let Some(mut fields) = item.fields(findings) else { continue };
        fields.skip(&["id"]);
        let Some(kind) = fields.text("type") else {
            if !fields.has("type") {
                findings.left(&item.path, "`type` is missing", "write what is served there");
            }
            continue;
        };
        match kind {
            "websocket" => paths.websockets.push((path, item)),
            "path" => {
                if let Some(item) = fields.take("paths") {
                    read(&item, &path, paths, findings);
                }
                fields.finish();
            }
            "static" => paths.files.extend(files(&path, fields)),
            "longpoll" => long_poll(&path, fields, paths),
            _ => {
                let other = OTHERS.iter().find(|(name, _, _)| *name == kind);
                let (reason, help) = other.map_or(
                    (
                        "this kind of service is not here",
                        "let a web server serve it, beside this one or in front",
                    ),
                    |(_, reason, help)| (*reason, *help),
                );
                findings.left(&item.path, reason, help);
            }
        }
    }
}

fn files(path: &str, mut fields: Fields<'_, '_>) -> Option<Keys> {
    let findings = fields.findings;
    let mut max_age = None;
    if let Some(mut options) = fields.take("options").and_then(|item| item.fields(findings)) {
        let listing = format!("{}.enable_directory_listing", options.path);
        if options.boolean("enable_directory_listing") == Some(true) {
            findings.left(
                &listing,
                "folders are not listed",
                "let a page have the links, or a web server list them",
            );
        }
        options.leave(
            &["mime_types", "default_file"],
            "types go by the name of the file, and the page of a folder is index.html",
            "rename the file",
        );
        options.leave(
            &["allow_cross_origin"],
            "files are for pages of the same origin",
            "let a web server add the header",
        );
        max_age = options.number("cache_timeout");
        options.finish();
    }
    if fields.has("package") || fields.has("resource") {
        fields.skip(&["package", "resource"]);
        findings.left(
            &fields.path,
            "files of a Python package",
            "copy them into a folder, and serve it with `[[listen.files]]`",
        );
        return None;
    }
    let folder = fields.text("directory");
    let at = fields.path.clone();
    fields.finish();
    let folder = folder?;
    if let Some(why) = fault_of::<FilePath>(folder) {
        findings.left(&at, why, "name the folder in `[[listen.files]]`");
        return None;
    }
    let mut keys: Keys = vec![("path", quoted(path)), ("folder", quoted(folder))];
    // No browser keeps a file longer than a year.
    keys.extend(max_age.map(|seconds| ("max_age", time(seconds.min(31_536_000) * 1000))));
    Some(keys)
}

fn long_poll(path: &str, mut fields: Fields<'_, '_>, paths: &mut Paths<'_>) {
    let findings = fields.findings;
    if paths.long_poll.is_some() {
        findings.left(
            &fields.path,
            "a listener has one path for long-polling",
            "let its clients use the first one",
        );
        return;
    }
    let mut keys: Keys = vec![("path", quoted(path))];
    if let Some(mut options) = fields.take("options").and_then(|item| item.fields(findings)) {
        for (theirs, ours) in [("session_timeout", "idle_timeout"), ("request_timeout", "receive_timeout")] {
            let seconds = options.number(theirs).filter(|seconds| (1..=86_400).contains(seconds));
            keys.extend(seconds.map(|seconds| (ours, time(seconds * 1000))));
        }
        options.needless(&["debug", "debug_transport_id"], "the log has levels");
        options.leave(
            &["queue_limit_bytes", "queue_limit_messages"],
            "queues are bounded for all transports together",
            "set `limits.outgoing_bytes` and `limits.outgoing_messages`",
        );
        options.finish();
    }
    fields.finish();
    paths.long_poll = Some(keys);
}
