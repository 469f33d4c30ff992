//! The folders of the framework are floors: imports run down only, whatever name they use.

use crate::{files, none, read, root};
use std::collections::HashMap;

const SOURCES: &str = "crates/serverwamp/src/";

/// The rooms of the framework, from the lowest floor to the highest. Each imports from those before it.
const FLOORS: [&str; 11] = [
    "base",
    "rt",
    "transport",
    "peering",
    "router",
    "api",
    "client",
    "peer",
    "application",
    "admin",
    "server",
];

/// Imports that run up although they should not, each with its reason: `(file, path, reason)`. None at present.
const EXCEPTIONS: [(&str, &str, &str); 0] = [];

/// Which room each public name of `lib.rs` comes from, so that `crate::Session` counts as `crate::router::..`.
fn rooms_of_public_names(lib: &str) -> HashMap<String, String> {
    let mut rooms = HashMap::new();
    for import in without_comments(lib).split("pub use ").skip(1) {
        let Some((path, _)) = import.split_once(';') else { continue };
        let room = path.split("::").next().unwrap_or_default().trim();
        for name in leaves(path) {
            rooms.insert(name, room.to_owned());
        }
    }
    rooms
}

/// The names that an import brings in: `a::{b, c::d}` brings in `b` and `d`.
fn leaves(path: &str) -> Vec<String> {
    paths("", path).iter().filter_map(|path| path.rsplit("::").next().map(str::to_owned)).collect()
}

/// Each path of an import on its own: `a::{b, c::d}` names `a::b` and `a::c::d`.
fn paths(before: &str, import: &str) -> Vec<String> {
    let import = import.trim();
    let Some((head, group)) = import.split_once('{') else {
        let name = import.split(" as ").next().unwrap_or_default().trim();
        return if name.is_empty() { Vec::new() } else { vec![format!("{before}{name}")] };
    };
    let group = group.strip_suffix('}').unwrap_or(group);
    let before = format!("{before}{head}");
    let (mut depth, mut start, mut found) = (0_usize, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.extend(paths(&before, &group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.extend(paths(&before, &group[start..]));
    found
}

fn without_comments(text: &str) -> String {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// Everything behind `prefix` in the code that belongs to a path, groups in braces included.
fn named_behind(code: &str, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        if before.is_alphanumeric() || before == '_' || before == ':' || before == '$' {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let (mut depth, mut end) = (0_usize, rest.len());
        for (at, character) in rest.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                _ if depth > 0 => {}
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | ':' => {}
                _ => {
                    end = at;
                    break;
                }
            }
        }
        found.extend(paths("", &rest[..end]));
    }
    found
}

/// Imports of one file that run up, or across two rooms of which neither is below the other.
fn complaints_about_imports(path: &str, text: &str, public: &HashMap<String, String>) -> Vec<String> {
    let Some(inside) = path.strip_prefix(SOURCES).filter(|path| !path.contains("/tests/")) else {
        return Vec::new();
    };
    let room = inside.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    if room == "lib" || inside.ends_with("/tests.rs") {
        return Vec::new();
    }
    let floor = |room: &str| FLOORS.iter().position(|of| *of == room);
    let Some(own) = floor(room) else {
        return vec![format!("{path} is in no room: FLOORS in tests/tidy/floors.rs does not know {room:?}")];
    };
    let code = without_comments(text);
    let depth = inside.trim_end_matches(".rs").trim_end_matches("/mod").split('/').count();
    // So many times `super` leads to the root of the crate.
    let to_the_root = "super::".repeat(depth);
    let mut complaints = Vec::new();
    for named in named_behind(&code, "crate::").into_iter().chain(named_behind(&code, &to_the_root)) {
        let first = named.split("::").next().unwrap_or_default();
        let target = if floor(first).is_some() { Some(first) } else { public.get(first).map(String::as_str) };
        let excepted =
            EXCEPTIONS.iter().any(|(file, import, _)| *file == inside && named.starts_with(import));
        match target.and_then(floor) {
            _ if excepted => {}
            Some(other) if other <= own => {}
            Some(_) => complaints.push(format!("{path} imports {named}, which is above {room}")),
            None => complaints.push(format!("{path} imports {named}, and nobody knows from which room")),
        }
    }
    complaints
}

#[test]
fn the_floors_of_the_framework_depend_downwards() {
    let public = rooms_of_public_names(&read(&root().join(SOURCES).join("lib.rs")));
    assert_eq!(public.get("WampError").map(String::as_str), Some("base"), "names of lib.rs are resolved");
    none(files(SOURCES, "rs").iter().flat_map(|(path, text)| complaints_about_imports(path, text, &public)));
}

#[test]
fn an_import_that_runs_up_is_found() {
    let public = rooms_of_public_names(
        "pub use base::error::{ConfigError, WampError};\npub use server::Server;\npub use api::{\n    auth,\n    reply,\n};\n",
    );
    let found =
        |path: &str, text: &str| complaints_about_imports(&format!("{SOURCES}{path}"), text, &public).len();
    assert_eq!(found("router/dealer/call.rs", "use crate::base::locks::Mutex;\nuse crate::WampError;\n"), 0);
    assert_eq!(found("router/dealer/call.rs", "use crate::server::service::full;\n"), 1);
    assert_eq!(found("router/dealer/call.rs", "// use crate::server::service::full;\n"), 0);
    assert_eq!(found("router/dealer/call.rs", "fn f() { crate::peer::f() }\n"), 1);
    // A name of `lib.rs` does not hide where it comes from.
    assert_eq!(found("router/realm/mod.rs", "use crate::{Server, WampError};\n"), 1);
    assert_eq!(found("router/realm/mod.rs", "use crate::{\n    WampError, api::{reply, auth},\n};\n"), 2);
    assert_eq!(found("router/realm/mod.rs", "use crate::reply::IntoReply;\n"), 1);
    assert_eq!(found("router/realm/mod.rs", "use super::super::api::Handler;\n"), 1);
    assert_eq!(found("router/realm/mod.rs", "use super::dealer::Call;\n"), 0);
    assert_eq!(found("router/realm/mod.rs", "use crate::nowhere::Call;\n"), 1);
    assert_eq!(found("cellar/mod.rs", "use std::fmt;\n"), 1);
}

/// The one file of router and peers that puts anything into an outbox.
const SENDING: &str = "crates/serverwamp/src/router/session/sending.rs";

fn pushes_into_an_outbox(path: &str, text: &str) -> bool {
    let above_transport =
        ["router", "api", "peer"].iter().any(|room| path.starts_with(&format!("{SOURCES}{room}/")));
    let code = without_comments(text).replace(char::is_whitespace, "");
    above_transport && ["outbox.push", "outbox().push"].iter().any(|call| code.contains(call))
}

#[test]
fn everything_that_is_sent_goes_out_through_one_file() {
    let files = files(SOURCES, "rs");
    let found = files.iter().filter(|(path, text)| pushes_into_an_outbox(path, text));
    assert_eq!(found.map(|(path, _)| path.as_str()).collect::<Vec<_>>(), [SENDING]);
}

#[test]
fn who_pushes_into_an_outbox_is_found() {
    let found = |path: &str, text: &str| pushes_into_an_outbox(&format!("{SOURCES}{path}"), text);
    assert!(found("router/broker/deliver.rs", "session.outbox()\n    .push_event(bytes, None)"));
    assert!(found("peer/mod.rs", "self.outbox.push(class, encode)"));
    assert!(!found("peer/mod.rs", "// self.outbox.push(class, encode)\nself.outbox.close(1000, \"\")"));
    assert!(!found("transport/websocket/echo.rs", "self.outbox.push_as(kind, message)"));
}

/// The file with the methods of `serverwamp::Session`, the handle that handlers hold.
const HANDLE: &str = "crates/serverwamp/src/router/session/handle.rs";

/// What the handle has for the router: how it is made, and how the router gets at what is behind it.
const FOR_THE_ROUTER: [&str; 2] = ["new", "inner"];

/// Methods of the handle that are for the router: they belong to `RouterSession`.
fn complaints_about_the_handle(path: &str, text: &str) -> Vec<String> {
    let code = without_comments(text);
    let mut complaints = Vec::new();
    if path != HANDLE && code.lines().any(|line| line == "impl Session {") {
        complaints.push(format!("{path} has methods of Session, which stand in {HANDLE}"));
    }
    let crate_methods = code.split("pub(crate) fn ").skip(1).filter(|_| path == HANDLE);
    let names = crate_methods.map(|rest| rest.split(['(', '<']).next().unwrap_or_default());
    let others = names.filter(|name| !FOR_THE_ROUTER.contains(name));
    complaints.extend(others.map(|name| format!("{path}: {name} is for the router: RouterSession gets it")));
    complaints
}

#[test]
fn the_session_handle_has_what_handlers_use_and_nothing_else() {
    none(files(SOURCES, "rs").iter().flat_map(|(path, text)| complaints_about_the_handle(path, text)));
    let found = |path: &str, text: &str| complaints_about_the_handle(path, text).len();
    let thin = "impl Session {\n    pub(crate) fn new() {}\n    pub fn id(&self) {}\n}\n";
    assert_eq!(found(HANDLE, thin), 0);
    assert_eq!(found("crates/serverwamp/src/router/session/sending.rs", thin), 1);
    assert_eq!(found(HANDLE, "impl Session {\n    pub(crate) fn outbox(&self) {}\n}\n"), 1);
    assert_eq!(found("crates/serverwamp/src/router/session/mod.rs", "impl RouterSession {\n}\n"), 0);
}
