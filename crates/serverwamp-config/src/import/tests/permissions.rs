//! Permissions: what an entry decides there is decided here.

use super::{finding, imported, node};

fn role(permissions: &str) -> String {
    let realm = format!(r#"{{"name": "r", "roles": [{{"name": "x", "permissions": [{permissions}]}}]}}"#);
    node(&realm, "")
}

fn table<'c>(config: &'c str, head: &str) -> &'c str {
    let (_, rest) = config.split_once(head).unwrap_or_else(|| panic!("no {head} in\n{config}"));
    rest.split("\n\n").next().unwrap_or(rest).trim()
}

#[test]
fn what_an_exception_does_not_allow_is_denied_where_a_wider_permission_allows_it() {
    let config = imported(&role(
        r#"{"uri": "a.", "match": "prefix", "allow": {"call": true, "publish": true}},
           {"uri": "a.secret", "match": "exact", "allow": {"publish": true}},
           {"uri": "b.", "match": "prefix", "allow": {"subscribe": true}}"#,
    ))
    .config;
    assert_eq!(
        table(&config, "[realm.role.x.allow]"),
        "\"a.*\" = [\"call\", \"publish\"]\n\"a.secret\" = [\"publish\"]\n\"b.*\" = [\"subscribe\"]"
    );
    assert_eq!(table(&config, "[realm.role.x.deny]"), "\"a.secret\" = [\"call\"]");
}

#[test]
fn an_exception_that_cannot_be_written_takes_away_what_it_closes() {
    for exception in [r#""uri": "a.sec", "match": "prefix""#, r#""uri": "a..", "match": "wildcard""#] {
        let imported = imported(&role(&format!(
            r#"{{"uri": "a.", "match": "prefix", "allow": {{"call": true, "publish": true}}}},
               {{"uri": "a.security", "match": "exact", "allow": {{"call": true}}}},
               {{{exception}, "allow": {{"publish": true}}}}"#
        )));
        let allowed = table(&imported.config, "[realm.role.x.allow]");
        assert!(allowed.starts_with("\"a.*\" = [\"publish\"]\n\"a.security\" = [\"call\"]"), "{allowed}");
        assert_eq!(table(&imported.config, "[realm.role.x.deny]"), "\"a.security\" = [\"publish\"]");
        assert!(finding(&imported, "permissions[0]").reason.contains("`call` is not allowed"));
    }
}

#[test]
fn the_last_of_two_permissions_for_a_uri_counts() {
    let imported = imported(&role(
        r#"{"uri": "a", "match": "exact", "allow": {"call": true}}, {"uri": "a", "match": "exact", "allow": {"publish": true}}"#,
    ));
    assert_eq!(table(&imported.config, "[realm.role.x.allow]"), "a = [\"publish\"]");
    assert!(finding(&imported, "permissions[0]").reason.contains("last one"));
}

#[test]
fn who_is_disclosed_is_told_by_procedure_and_topic() {
    let all = r#"{"uri": "", "match": "prefix", "allow": {"call": true, "publish": true}, "disclose": {"caller": true, "publisher": true}}"#;
    let config = imported(&role(all)).config;
    assert!(config.contains("[[realm.procedure]]\nuri = \"*\"\ndisclose_caller = true"), "{config}");
    assert!(config.contains("[[realm.topic]]\nuri = \"*\"\ndisclose_publisher = true"), "{config}");
    let quiet = r#"{"uri": "q.", "match": "prefix", "allow": {"call": true}, "disclose": {"caller": false, "publisher": false}}"#;
    let config = imported(&role(quiet)).config;
    assert!(config.contains("rules.disclosure = \"refused\""), "{config}");
    // The router knows anyway, and takes no settings for what is its own.
    let own = all.replace(r#""uri": """#, r#""uri": "wamp.""#);
    let config = imported(&role(&own)).config;
    assert!(!config.contains("disclose_caller") && !config.contains("disclose_publisher"), "{config}");
    // Whoever may stay unknown by one permission is not made known because of another one.
    let both = imported(&role(&format!("{all}, {quiet}")));
    assert!(!both.config.contains("disclose_caller"), "{}", both.config);
    assert!(both.config.contains("[realm.role.x.withhold]\n\"q.*\" = [\"disclose\"]"), "{}", both.config);
    assert!(finding(&both, "permissions[0]").reason.contains("disclosure"));
}

#[test]
fn a_role_with_more_permissions_than_can_be_compared_may_do_nothing() {
    let one = r#"{"uri": "a", "allow": {"call": true}},"#;
    let many = one.repeat(4097);
    let imported = imported(&role(many.trim_end_matches(',')));
    assert!(imported.config.contains("[realm.role.x]\ndeny = { \"*\" ="), "{}", imported.config);
    assert!(finding(&imported, "permissions[4096]").reason.contains("4096"));
}

#[test]
fn types_of_payloads_are_listed() {
    let imported = imported(&role(r#"{"uri": "a", "allow": {"call": true}, "validate": {"call": "t"}}"#));
    assert!(finding(&imported, "validate").reason.contains("types"));
}
