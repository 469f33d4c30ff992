//! Configurations of nexus.

use super::{finding, imported};
use crate::import::FindingKind;

pub(super) const NEXUS: &str = r#"{
    "WebSocket": {
        "address": ":8080", "cert_file": "cert.pem", "key_file": "key.pem", "keep_alive": 30, "enable_compression": true,
        "allow_origins": ["*.example.com", "https://app.example.org", "a b"], "out_queue_size": 64
    },
    "rawsocket": {
        "tcp_address": "127.0.0.1:8081", "unix_address": "/tmp/wamp.sock", "max_msg_len": 65536, "tcp_keepalive_interval": 180
    },
    "log_path": "/var/log/nexus",
    "router": {
        "debug": true,
        "realms": [
            {
                "uri": "realm1", "strict_uri": true, "allow_disclose": true, "anonymous_auth": true, "enable_meta_kill": true,
                "event_history": [{"topic": "a.b", "match": "exact", "limit": 100}, {"topic": "c", "match": "prefix", "limit": 5}]
            },
            {"uri": "closed"}
        ],
        "realm_template": {"anonymous_auth": true}
    }
}"#;

#[test]
fn a_configuration_of_nexus_becomes_ours() {
    let imported = imported(NEXUS);
    let expected = r#"# Made of a configuration of nexus by `serverwamp config import`.
# `serverwamp config explain KEY` tells what a key does.

[[listen]]
address = "0.0.0.0:8080"
serve = ["websocket"]

[listen.tls]
certificates = "cert.pem"
key = "key.pem"

[listen.websocket]
path = "/"
ping_interval = "30s"
deflate = true
origins = ["http://*.example.com", "https://*.example.com", "https://app.example.org"]

[[listen]]
address = "127.0.0.1:8081"
serve = ["rawsocket"]

[listen.rawsocket]
max_message = "64 KiB"

[[listen]]
address = "unix:/tmp/wamp.sock"
serve = ["rawsocket"]

[listen.rawsocket]
max_message = "64 KiB"

[[realm]]
name = "realm1"
rules.strict_uris = true

[[realm.auth]]
anonymous = { role = "anonymous" }

[[realm.topic]]
uri = "a.b"
history = 100

[[realm.topic]]
uri = "c"
history = 5

[[realm.topic]]
uri = "c.*"
history = 5

[[realm]]
name = "closed"
rules.disclosure = "refused"

[[template]]
names = "*"
rules.disclosure = "refused"

[[template.auth]]
anonymous = { role = "anonymous" }
"#;
    assert_eq!(imported.config, expected);
    for path in ["allow_origins[2]", "out_queue_size", "log_path", "enable_meta_kill", "realms[1]"] {
        assert_eq!(finding(&imported, path).kind, FindingKind::Left, "{path}");
    }
}

#[test]
fn a_listener_with_half_of_its_tls_is_left_out() {
    let json = r#"{"websocket": {"address": ":1", "cert_file": "c"}, "rawsocket": {"tcp_address": ":2"}, "router": {}}"#;
    let imported = imported(json);
    assert_eq!(imported.config.matches("[[listen]]").count(), 1);
    assert!(finding(&imported, "websocket").reason.contains("TLS"));
}
