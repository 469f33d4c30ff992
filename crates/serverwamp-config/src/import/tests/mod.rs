//! Configurations of Crossbar.io and nexus, whole ones and broken ones.

mod broken;
mod nexus;
mod permissions;
mod ways;

use super::{Finding, FindingKind, Import, Imported, import};
use crate::{Environment, read};

/// A node with everything that there is.
const NODE: &str = include_str!("node.json");

#[track_caller]
fn imported(json: &str) -> Imported {
    let imported = import(json, &Import { credentials: "users.toml".to_owned() }).expect("a configuration");
    let read = read(&imported.config, &Environment::empty());
    let mistakes: Vec<&str> = read.mistakes.iter().map(crate::Mistake::title).collect();
    assert!(mistakes.is_empty(), "{mistakes:?} in\n{}", imported.config);
    imported
}

/// A node with one realm and one transport.
fn node(realm: &str, transports: &str) -> String {
    format!(
        r#"{{"version": 2, "workers": [{{"type": "router", "realms": [{realm}], "transports": [{transports}]}}]}}"#
    )
}

fn finding<'i>(imported: &'i Imported, path: &str) -> &'i Finding {
    let found = imported.findings.iter().find(|finding| finding.path.ends_with(path));
    found.unwrap_or_else(|| panic!("nothing about {path} in {:#?}", imported.findings))
}

#[test]
fn everything_that_there_is_becomes_ours_or_is_listed() {
    let imported = imported(NODE);
    let expected = include_str!("node.toml");
    if std::env::var_os("SERVERWAMP_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/import/tests/node.toml");
        std::fs::write(path, &imported.config).expect("the file is written");
    } else {
        assert_eq!(imported.config, expected);
    }
    for path in [
        "transports[0].options.hsts",
        "transports[0].paths[\"/\"].options.enable_directory_listing",
        "transports[0].paths.ws.serializers[2]",
        "transports[0].paths.ws.cookie",
        "transports[0].paths.ws.auth.cookie",
        "principals.env.ticket",
        "transports[0].paths.ws.options.allowed_origins[2]",
        "transports[0].paths.ws.options.require_websocket_subprotocol",
        "transports[0].paths.other",
        "transports[0].paths.info",
        "transports[0].paths.publish",
        "transports[0].paths.app",
        "transports[1].auth",
        "transports[2].mqtt",
        "transports[3]",
        "components[0]",
        "workers[1]",
        "workers[2]",
        "workers[3]",
        "store.call-queue",
    ] {
        assert_eq!(finding(&imported, path).kind, FindingKind::Left, "{path}");
    }
    for path in
        ["endpoint.tls", "users.bob", "transports[4].endpoint.port", "transports[4]", "permissions[3]"]
    {
        assert_eq!(finding(&imported, path).kind, FindingKind::Changed, "{path}");
    }
    assert_eq!(finding(&imported, "ws.options.auto_fragment_size").kind, FindingKind::Needless);
}

#[test]
fn no_secret_is_in_the_configuration_or_among_the_findings() {
    let imported = imported(NODE);
    let shown = format!("{imported:?}\n{}", imported.config);
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn users_become_a_file_of_credentials_that_is_read() {
    let imported = imported(NODE);
    let [file] = imported.credentials.as_slice() else { panic!("{:?}", imported.credentials) };
    assert_eq!((file.path(), file.users()), ("users.toml", 6));
    for hashes_cra in [false, true] {
        let text = file.text(hashes_cra);
        assert!(!text.contains("hunter2-ticket"), "a ticket is hashed");
        // `autobahn.wamp.auth.derive_key("hunter2-salted", "salt123", 100, 32)`, and a key as it is.
        assert!(
            text.contains(
                "cra = \"$wampcra$i=100,l=32$salt123$vVbOb9p7j8t1/TjIexxHZXNSoJoBL2wMp9tpl+iEktY=\""
            ),
            "{}",
            *text
        );
        assert!(text.contains("cra = \"$wampcra$i=100,l=16$salt1$kYJhkaWmJBQpwGSnhz9kHg==\""));
        assert_eq!(text.contains("hunter2-cra"), !hashes_cra);
        let path =
            std::env::temp_dir().join(format!("serverwamp-import-{}-{hashes_cra}", std::process::id()));
        std::fs::write(&path, &*text).expect("a file");
        let read = serverwamp::auth::Credentials::from_file(&path);
        std::fs::remove_file(&path).expect("it is there");
        assert!(read.is_ok(), "{read:?}");
    }
}

#[test]
fn realms_with_other_users_have_a_file_of_their_own() {
    let user = |realm: &str, key: &str| {
        format!(r#""{realm}-user": {{"authorized_keys": ["{key}"], "role": "user", "realm": "{realm}"}}"#)
    };
    let auth = format!(
        r#"{{"cryptosign": {{"type": "static", "principals": {{{}, {}}}}}}}"#,
        user("one", "545efb0a2192db8d43f118e9bf9aee081466e1ef36c708b96ee6f62dddad9122"),
        user("two", "20e8c05d0ede9506462bb049c4843032b18e8e75b314583d0c8d8a4942f9be40"),
    );
    let role = r#""roles": [{"name": "user", "permissions": [{"uri": "*", "allow": {"call": true}}]}]"#;
    let imported = imported(&node(
        &format!(r#"{{"name": "one", {role}}}, {{"name": "two", {role}}}"#),
        &format!(r#"{{"type": "rawsocket", "endpoint": {{"type": "tcp", "port": 1}}, "auth": {auth}}}"#),
    ));
    let files: Vec<_> = imported.credentials.iter().map(|file| (file.path(), file.users())).collect();
    assert_eq!(files, [("users.toml", 1), ("users-2.toml", 1)]);
    assert!(imported.credentials[0].text(false).contains("one-user"));
    assert!(imported.credentials[1].text(false).contains("two-user"));
}

#[test]
fn several_workers_become_one_process() {
    let realm = r#"{"name": "realm1", "roles": [{"name": "anonymous", "allow-by-default": true}]}"#;
    let web = r#"{"type": "web", "endpoint": {"type": "tcp", "port": 8080, "shared": true}, "paths": {"ws": {"type": "websocket"}}}"#;
    let worker = format!(r#"{{"type": "router", "realms": [{realm}], "transports": [{web}]}}"#);
    let other = r#"{"type": "router", "realms": [{"name": "realm2"}], "transports": [
        {"type": "rawsocket", "endpoint": {"type": "tcp", "port": 8081}}]}"#;
    let imported = imported(&format!(r#"{{"workers": [{worker}, {worker}, {other}]}}"#));
    assert_eq!(imported.config.matches("[[listen]]").count(), 2);
    assert_eq!(imported.config.matches("[[realm]]").count(), 2);
    assert!(
        imported.config.contains("realms = [\"realm1\"]")
            && imported.config.contains("realms = [\"realm2\"]")
    );
    // What a realm without roles lets nobody do there, it lets nobody do here.
    assert!(imported.config.contains("[realm.role.anonymous]\ndeny = { \"*\" ="));
    assert_eq!(finding(&imported, "workers[1].transports[0]").kind, FindingKind::Needless);
}

#[test]
fn a_proxy_is_a_listener_of_its_routes() {
    let backend = r#"{"type": "rawsocket", "endpoint": {"type": "unix", "path": "b.sock"}, "auth": {"anonymous-proxy": {"type": "static"}}}"#;
    let router = format!(
        r#"{{"type": "router", "realms": [{{"name": "realm1"}}, {{"name": "realm2"}}], "transports": [{backend}]}}"#
    );
    let proxy = r#"{"type": "proxy", "routes": {"realm1": {"anonymous": "c"}}, "connections": {"c": {}},
        "transports": [{"type": "web", "endpoint": {"type": "tcp", "port": 80}, "paths": {"ws": {"type": "websocket"}}}]}"#;
    let imported = imported(&format!(r#"{{"workers": [{router}, {proxy}]}}"#));
    assert_eq!(imported.config.matches("[[listen]]").count(), 1);
    assert!(imported.config.contains("realms = [\"realm1\"]"));
    assert_eq!(imported.config.matches("anonymous = {").count(), 1, "realm2 has no way in");
}
