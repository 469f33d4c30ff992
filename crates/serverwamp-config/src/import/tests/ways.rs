//! Ways in: what belongs to a transport there belongs to a realm here.

use super::{finding, imported, node};

const REALM: &str = r#"{"name": "r", "roles": [{"name": "guest", "allow-by-default": true}]}"#;

fn raw(port: u16, interface: &str, auth: &str) -> String {
    let endpoint = format!(r#"{{"type": "tcp", "port": {port}, "interface": "{interface}"}}"#);
    format!(r#"{{"type": "rawsocket", "endpoint": {endpoint}, "auth": {auth}}}"#)
}

fn anonymous(role: &str) -> String {
    format!(r#"{{"anonymous": {{"type": "static", "role": "{role}"}}}}"#)
}

#[test]
fn everybody_comes_in_where_all_public_listeners_let_everybody_in_with_that_role() {
    let guest = anonymous("guest");
    let two = format!("{}, {}", raw(1, "", &guest), raw(2, "", &guest));
    assert!(imported(&node(REALM, &two)).config.contains("anonymous = { role = \"guest\" }"));
    for other in
        [raw(2, "", &anonymous("admin")), raw(2, "", r#"{"ticket": {"type": "static", "principals": {}}}"#)]
    {
        let imported = imported(&node(REALM, &format!("{}, {other}", raw(1, "", &guest))));
        assert!(!imported.config.contains("anonymous = {"), "{}", imported.config);
        assert!(finding(&imported, "transports[0].auth").reason.contains("everybody gets in"));
    }
}

#[test]
fn what_everybody_may_do_on_the_machine_is_not_for_the_network() {
    let transports =
        format!("{}, {}", raw(1, "127.0.0.1", &anonymous("admin")), raw(2, "", &anonymous("guest")));
    let imported = imported(&node(REALM, &transports));
    assert!(imported.config.contains("anonymous = { role = \"guest\" }"), "{}", imported.config);
    assert!(!imported.config.contains("admin"), "{}", imported.config);
    assert!(finding(&imported, "transports[0].auth").reason.contains("\"admin\""));
}

#[test]
fn a_transport_without_auth_lets_everybody_in_and_one_with_a_broken_one_nobody() {
    let raw =
        |auth: &str| format!(r#"{{"type": "rawsocket", "endpoint": {{"type": "tcp", "port": 1}}{auth}}}"#);
    assert!(imported(&node(REALM, &raw(""))).config.contains("anonymous = { role = \"anonymous\" }"));
    for auth in ["[]", "{}", "null", r#"{"anonymous": 1}"#, r#"{"anonymous": {"type": "static", "role": 1}}"#]
    {
        let imported = imported(&node(REALM, &raw(&format!(r#", "auth": {auth}"#))));
        assert!(!imported.config.contains("anonymous = {"), "{auth}: {}", imported.config);
        assert!(imported.findings.iter().any(|finding| finding.reason.contains("nobody comes")), "{auth}");
    }
}

#[test]
fn dynamic_authenticators_are_procedures() {
    let auth = r#"{"ticket": {"type": "dynamic", "authenticator": "auth.ticket", "authenticator-realm": "other"},
                   "wampcra": {"type": "dynamic", "authenticator": "auth.cra"},
                   "scram": {"type": "function", "create": "x.y"}}"#;
    let imported = imported(&node(REALM, &raw(1, "", auth)));
    for line in [
        r#"procedure = { method = "ticket", procedure = "auth.ticket", realm = "other" }"#,
        r#"procedure = { method = "wampcra", procedure = "auth.cra" }"#,
    ] {
        assert!(imported.config.contains(line), "{line} is not in\n{}", imported.config);
    }
    assert!(finding(&imported, "auth.scram").help.contains("procedure"));
}

#[test]
fn of_users_that_contradict_each_other_the_first_counts() {
    let user = |secret: &str, role: &str| {
        let users = format!(r#"{{"joe": {{"secret": "{secret}", "role": "{role}"}}}}"#);
        format!(r#"{{"wampcra": {{"type": "static", "users": {users}}}}}"#)
    };
    let first = raw(1, "", &user("one", "guest"));
    for (other, why) in [(user("two", "guest"), "another secret"), (user("one", "admin"), "another role")] {
        let imported = imported(&node(REALM, &format!("{first}, {}", raw(2, "", &other))));
        assert_eq!(imported.credentials[0].users(), 1);
        assert!(imported.credentials[0].text(false).contains("cra_secret = \"one\""));
        assert!(finding(&imported, "transports[1].auth.wampcra.users.joe").reason.contains(why));
    }
}

#[test]
fn pages_of_any_origin_may_connect_unless_clients_have_certificates() {
    let web = |tls: &str| {
        format!(
            r#"{{"type": "web", "endpoint": {{"type": "tcp", "port": 1{tls}}}, "paths": {{"ws": {{"type": "websocket"}}}}}}"#
        )
    };
    assert!(imported(&node(REALM, &web(""))).config.contains("origins = [\"*\"]"));
    let tls = r#", "tls": {"key": "k", "certificate": "c", "ca_certificates": ["ca"]}"#;
    let imported = imported(&node(REALM, &web(tls)));
    assert!(!imported.config.contains("origins"), "{}", imported.config);
    assert!(imported.config.contains("client_certificates = \"required\""), "{}", imported.config);
}

#[test]
fn a_listener_whose_tls_cannot_be_read_is_left_out() {
    for tls in ["1", "{}", r#"{"key": "k"}"#, r#"{"key": "k", "certificate": "c", "ca_certificates": []}"#] {
        let transport =
            format!(r#"{{"type": "rawsocket", "endpoint": {{"type": "tcp", "port": 1, "tls": {tls}}}}}"#);
        assert!(!imported(&node(REALM, &transport)).config.contains("[[listen]]"), "{tls}");
    }
}

#[test]
fn a_role_that_nobody_can_get_is_a_comment_and_opens_nothing() {
    let realm = r#"{"name": "r", "roles": [{"name": "app", "permissions": [{"uri": "a.", "match": "prefix", "allow": {"call": true}}]},
                    {"name": "guest", "allow-by-default": true}]}"#;
    let imported_guest = imported(&node(realm, &raw(1, "", &anonymous("guest"))));
    assert!(
        imported_guest.config.contains("\n# [realm.role.app.allow]\n# \"a.*\" = [\"call\"]\n"),
        "{}",
        imported_guest.config
    );
    assert!(imported_guest.config.contains("\n[realm.role.guest.allow]\n"));
    assert!(finding(&imported_guest, "realms[0]").reason.contains("\"app\""));
    // Of a realm whose roles are all comments, the only one that there is may do nothing.
    let other = imported(&node(realm, &raw(1, "", &anonymous("other"))));
    assert!(other.config.contains("\n[realm.role.other]\ndeny = { \"*\" ="), "{}", other.config);
    // A user may get it.
    let ticket = r#"{"ticket": {"type": "static", "principals": {"joe": {"ticket": "t", "role": "app"}}}}"#;
    assert!(imported(&node(realm, &raw(1, "", ticket))).config.contains("\n[realm.role.app.allow]\n"));
}
