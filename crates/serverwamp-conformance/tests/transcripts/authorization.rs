//! AUTHZ: what each role may do, as permissions say it.
//!
//! | realm | role | what it may do |
//! |---|---|---|
//! | `realm1` | `guest` | call, register, publish and subscribe below `com.open.`, and subscribe to `com.exact` |
//! | | `user` | everything below `com.`, but for `com.secret` and what `wildcard "com..hidden"` matches |
//! | | `member` | nothing is said of it, so what the router allows everybody: everything |
//! | | `admin` | call below `wamp.` all but `wamp.session.kill_all`, subscribe to `wamp.session.on_join`; it administrates |
//! | `quiet` | `guest` | everything, but nothing is disclosed, retained or kept |
//!
//! Every conversation is held in realms made by `Realm::router`, and in such by `Realm::new`, in which everything has to be
//! allowed: there `member` has a permission for everything.

use crate::router::{play_at, tickets};
use serverwamp::{
    Actions, Allowance, Application, ApplicationBuilder, Realm, RoleRules, RouteSet, TopicSettings,
    WampError, prefix, wildcard,
};
use std::fmt::Write as _;

/// Plays a transcript in realms of both kinds.
#[track_caller]
fn play(text: &str) {
    play_at(|| realms(Realm::router).build().expect("nothing is wrong with these realms"), text);
    play_at(|| realms(application).build().expect("nothing is wrong with these realms"), text);
}

/// An application's realm, which has a meta API as a router's has.
fn application(name: &'static str) -> Realm {
    let realm = Realm::new(name).meta_api();
    match name {
        "realm1" => realm.role("member", |role| role.allow(Actions::ALL, prefix(""))),
        _ => realm,
    }
}

fn realms(new: fn(&'static str) -> Realm) -> ApplicationBuilder {
    let quiet = Allowance { disclose: false, retain: false, history: false };
    Application::builder()
        .realm(
            new("realm1")
                .allow_anonymous("guest")
                .authenticator(tickets())
                .administrators(["admin"])
                .topic_settings("com.secret", TopicSettings::new().history(10))
                .routes(RouteSet::new().procedure("com.served", || async { "by the application" }))
                .role("guest", |role| {
                    role.allow(Actions::ALL, prefix("com.open.")).allow(Actions::SUBSCRIBE, "com.exact")
                })
                .role("user", user)
                .role("admin", |role| {
                    role.allow(Actions::CALL, prefix("wamp."))
                        .deny(Actions::CALL, "wamp.session.kill_all")
                        .allow(Actions::SUBSCRIBE, "wamp.session.on_join")
                }),
        )
        .realm(
            new("quiet")
                .allow_anonymous("guest")
                .topic_settings(prefix(""), TopicSettings::new().history(10))
                .role("guest", |role| {
                    role.allow_with(Actions::ALL, prefix("com."), quiet).allow(Actions::CALL, prefix("wamp."))
                }),
        )
        .realm(new("refusing").allow_anonymous("guest").on_join(refuse))
}

fn user(role: RoleRules) -> RoleRules {
    role.allow(Actions::ALL, prefix("com."))
        .deny(Actions::ALL, "com.secret")
        .deny(Actions::ALL, wildcard("com..hidden"))
        .allow(Actions::CALL, "wamp.subscription.get_events")
        .allow(Actions::CALL, "wamp.subscription.lookup")
}

async fn refuse() -> Result<(), WampError> {
    Err(WampError::not_authorized("nobody comes in today"))
}

#[test]
fn authz_01_a_session_acts_under_the_role_that_welcome_names() {
    play(
        r#"
        gus joins
        joe joins as joe secret
        mia joins as mia secret
        gus > [48, 1, {}, "com.served"]
        gus < [8, 48, 1, {}, "wamp.error.not_authorized", ["not authorized to call \"com.served\""]]
        joe > [48, 1, {}, "com.served"]
        joe < [50, 1, {}, ["by the application"]]
        mia > [48, 1, {}, "com.served"]
        mia < [50, 1, {}, ["by the application"]]
        mia > [48, 2, {}, "wamp.session.get", [$joe]]
        mia < [50, 2, {}, [{"session": $joe, "authid": "joe", "authrole": "user", ...}]]
    "#,
    );
}

/// A request of each action, for a URI and a match.
fn request(action: &str, id: usize, uri: &str, kind: &str) -> (u64, String) {
    let options = format!("{{\"match\": \"{kind}\"}}");
    match action {
        "call" => (48, format!("[48, {id}, {{}}, \"{uri}\"]")),
        "publish" => (16, format!("[16, {id}, {{\"acknowledge\": true}}, \"{uri}\"]")),
        "register" => (64, format!("[64, {id}, {options}, \"{uri}\"]")),
        _ => (32, format!("[32, {id}, {options}, \"{uri}\"]")),
    }
}

#[test]
fn authz_02_03_each_action_is_allowed_or_denied_for_uris_and_patterns() {
    let mut text = String::from("gus joins\n");
    let cells = [
        ("com.open.a", "exact", true),
        ("com.open.", "prefix", true),
        ("com.open..a", "wildcard", true),
        ("com.closed", "exact", false),
        ("com.", "prefix", false),
        ("com..a", "wildcard", false),
        ("", "prefix", false),
    ];
    let mut id = 0;
    for (uri, kind, allowed) in cells {
        for action in ["register", "subscribe", "publish", "call"] {
            if matches!(action, "publish" | "call") && kind != "exact" {
                continue;
            }
            id += 1;
            let (code, request) = request(action, id, uri, kind);
            writeln!(text, "gus > {request}").unwrap();
            let answer = match (allowed, action) {
                (false, _) => format!("[8, {code}, {id}, {{}}, \"wamp.error.not_authorized\", [_string]]"),
                // By itself.
                (true, "call") => {
                    writeln!(text, "gus < [68, 1, _id, {{...}}]\ngus > [70, 1, {{}}]").unwrap();
                    format!("[50, {id}, {{}}]")
                }
                (true, _) => format!("[{}, {id}, _id]", code + 1),
            };
            writeln!(text, "gus < {answer}").unwrap();
        }
    }
    play(&text);
}

#[test]
fn authz_06_no_denial_asks_for_a_capability() {
    // Whoever may not do something learns that, in the one way there is, whatever the reason: a rule, none, or a handler.
    let denied = "wamp.error.not_authorized";
    let requests = [
        ("gus", r#"[48, 1, {}, "com.served"]"#, "48, 1"),
        ("gus", r#"[16, 2, {"acknowledge": true}, "com.secret"]"#, "16, 2"),
        ("gus", r#"[64, 3, {}, "com.served"]"#, "64, 3"),
        ("gus", r#"[32, 4, {}, "com.secret"]"#, "32, 4"),
        ("joe", r#"[32, 1, {}, "com.secret"]"#, "32, 1"),
        ("joe", r#"[48, 2, {}, "org.a"]"#, "48, 2"),
        ("mia", r#"[48, 1, {}, "wamp.session.kill_all"]"#, "48, 1"),
    ];
    let mut text = String::from("gus joins\njoe joins as joe secret\nmia joins as mia secret\n");
    for (who, request, number) in requests {
        writeln!(text, "{who} > {request}\n{who} < [8, {number}, {{}}, \"{denied}\", [_string]]").unwrap();
    }
    play(&text);
}

#[test]
fn authz_05_a_denied_publication_without_acknowledgement_is_dropped_in_silence() {
    play(
        r#"
        mia joins as mia secret
        mia subscribes com.closed
        gus joins
        gus > [16, 1, {}, "com.closed", ["forged"]]
        gus silent
        mia silent
        gus > [16, 2, {"acknowledge": true}, "com.closed", ["forged"]]
        gus < [8, 16, 2, {}, "wamp.error.not_authorized", ["not authorized to publish to \"com.closed\""]]
        mia silent
    "#,
    );
}

#[test]
fn authz_07_14_a_denial_tells_neither_what_exists_nor_what_the_rules_are() {
    play(
        r#"
        mia joins as mia secret
        mia registers com.taken
        gus joins
        gus > [48, 1, {}, "com.served"]
        gus < [8, 48, 1, {}, "wamp.error.not_authorized", ["not authorized to call \"com.served\""]]
        gus > [48, 2, {}, "com.taken"]
        gus < [8, 48, 2, {}, "wamp.error.not_authorized", ["not authorized to call \"com.taken\""]]
        gus > [48, 3, {}, "com.nobody"]
        gus < [8, 48, 3, {}, "wamp.error.not_authorized", ["not authorized to call \"com.nobody\""]]
        gus > [48, 4, {"disclose_me": true}, "com.nobody"]
        gus < [8, 48, 4, {}, "wamp.error.not_authorized", ["not authorized to call \"com.nobody\""]]
        gus > [64, 5, {}, "com.taken"]
        gus < [8, 64, 5, {}, "wamp.error.not_authorized", ["not authorized to register \"com.taken\""]]
        gus > [64, 6, {}, "com.free"]
        gus < [8, 64, 6, {}, "wamp.error.not_authorized", ["not authorized to register \"com.free\""]]
        gus > [32, 7, {}, "com.secret"]
        gus < [8, 32, 7, {}, "wamp.error.not_authorized", ["not authorized to subscribe to \"com.secret\""]]
        gus > [48, 8, {}, "com.open.nobody"]
        gus < [8, 48, 8, {}, "wamp.error.no_such_procedure", [_string]]
    "#,
    );
}

#[test]
fn authz_09_a_pattern_needs_the_permission_for_all_it_can_reach() {
    play(
        r#"
        gus joins
        gus > [32, 1, {"match": "prefix"}, "com.exact"]
        gus < [8, 32, 1, {}, "wamp.error.not_authorized", ["not authorized to subscribe to \"com.exact\""]]
        gus > [32, 2, {"match": "prefix"}, "com"]
        gus < [8, 32, 2, {}, "wamp.error.not_authorized", ["not authorized to subscribe to \"com\""]]
        gus > [32, 3, {}, "com.exact"]
        gus < [33, 3, _id]
        joe joins as joe secret
        joe > [32, 1, {"match": "prefix"}, "com."]
        joe < [8, 32, 1, {}, "wamp.error.not_authorized", ["not authorized to subscribe to \"com.\""]]
        joe > [64, 2, {"match": "wildcard"}, "com.a."]
        joe < [8, 64, 2, {}, "wamp.error.not_authorized", ["not authorized to register \"com.a.\""]]
        joe > [32, 3, {"match": "wildcard"}, "com..seen"]
        joe < [33, 3, _id]
    "#,
    );
}

#[test]
fn authz_11_who_is_refused_at_the_door_gets_abort() {
    play(
        r#"
        gus connects
        gus > [1, "refusing", {"roles": {"caller": {}}}]
        gus < [3, {"message": "nobody comes in today"}, "wamp.error.not_authorized"]
        gus closed
    "#,
    );
}

#[test]
fn authz_12_meta_procedures_and_events_need_a_permission_like_others() {
    play(
        r#"
        gus joins
        gus > [48, 1, {}, "wamp.session.list"]
        gus < [8, 48, 1, {}, "wamp.error.not_authorized", ["not authorized to call \"wamp.session.list\""]]
        gus > [48, 2, {}, "wamp.session.nothing"]
        gus < [8, 48, 2, {}, "wamp.error.not_authorized", ["not authorized to call \"wamp.session.nothing\""]]
        gus > [32, 3, {}, "wamp.session.on_join"]
        gus < [8, 32, 3, {}, "wamp.error.not_authorized", ["not authorized to subscribe to \"wamp.session.on_join\""]]
        root joins as root secret
        root > [32, 1, {}, "wamp.session.on_leave"]
        root < [8, 32, 1, {}, "wamp.error.not_authorized", ["not authorized to subscribe to \"wamp.session.on_leave\""]]
        root > [32, 2, {}, "wamp.session.on_join"]
        root < [33, 2, $s]
        mia joins as mia secret
        root < [36, $s, _id, {}, [{"session": $mia, ...}]]
        mia > [48, 1, {}, "wamp.session.kill", [$gus]]
        mia < [8, 48, 1, {}, "wamp.error.not_authorized", ["role \"member\" is not an administrator"]]
        root > [48, 3, {}, "wamp.session.kill_all"]
        root < [8, 48, 3, {}, "wamp.error.not_authorized", ["not authorized to call \"wamp.session.kill_all\""]]
        root > [48, 4, {}, "wamp.session.kill", [$gus]]
        root < [50, 4, {}]
        gus < [6, {}, "wamp.close.killed"]
    "#,
    );
}

#[test]
fn authz_13_of_permissions_that_overlap_the_most_specific_decides() {
    play(
        r#"
        mia joins as mia secret
        mia subscribes com. {"match": "prefix"} as $s
        joe joins as joe secret
        joe > [16, 1, {"acknowledge": true}, "com.secret"]
        joe < [8, 16, 1, {}, "wamp.error.not_authorized", ["not authorized to publish to \"com.secret\""]]
        joe > [16, 2, {"acknowledge": true}, "com.a.hidden"]
        joe < [8, 16, 2, {}, "wamp.error.not_authorized", ["not authorized to publish to \"com.a.hidden\""]]
        joe > [16, 3, {"acknowledge": true}, "com.a.b.hidden"]
        joe < [17, 3, _id]
        mia < [36, $s, _id, {"topic": "com.a.b.hidden"}]
        joe > [16, 4, {"acknowledge": true}, "org.a"]
        joe < [8, 16, 4, {}, "wamp.error.not_authorized", ["not authorized to publish to \"org.a\""]]
    "#,
    );
}

#[test]
fn authz_13_what_a_permission_withholds_is_not_disclosed_not_retained_and_not_kept() {
    play(
        r#"
        gus joins quiet
        gus > [16, 1, {"acknowledge": true, "disclose_me": true}, "com.t"]
        gus < [8, 16, 1, {}, "wamp.error.option_disallowed.disclose_me", [_string]]
        gus > [48, 2, {"disclose_me": true}, "com.p"]
        gus < [8, 48, 2, {}, "wamp.error.no_such_procedure", [_string]]
        gus > [64, 3, {"disclose_caller": true}, "com.p"]
        gus < [8, 64, 3, {}, "wamp.error.option_disallowed.disclose_me", [_string]]
        gus > [64, 4, {}, "com.p"]
        gus < [65, 4, _id]
        gus > [48, 5, {"disclose_me": true}, "com.p"]
        gus < [8, 48, 5, {}, "wamp.error.option_disallowed.disclose_me", [_string]]
        gus > [16, 6, {"acknowledge": true, "retain": true}, "com.t", ["not retained"]]
        gus < [17, 6, _id]
        gus > [32, 7, {"get_retained": true}, "com.t"]
        gus < [33, 7, $s]
        gus silent
        gus > [48, 8, {}, "wamp.subscription.get_events", [$s]]
        gus < [8, 48, 8, {}, "wamp.error.not_authorized", ["not authorized to read the history of this topic"]]
    "#,
    );
}

#[test]
fn hist_14_reading_a_history_needs_the_permission_to_subscribe() {
    play(
        r#"
        mia joins as mia secret
        mia > [16, 1, {"acknowledge": true}, "com.secret", ["kept"]]
        mia < [17, 1, _id]
        mia > [48, 2, {}, "wamp.subscription.lookup", ["com.secret"]]
        mia < [50, 2, {}, [$s]]
        mia > [48, 3, {}, "wamp.subscription.get_events", [$s]]
        mia < [50, 3, {}, [{"args": ["kept"], ...}], {...}]
        joe joins as joe secret
        joe > [48, 1, {}, "wamp.subscription.get_events", [$s]]
        joe < [8, 48, 1, {}, "wamp.error.not_authorized", ["not authorized to read the history of this topic"]]
        gus joins
        gus > [48, 1, {}, "wamp.subscription.get_events", [$s]]
        gus < [8, 48, 1, {}, "wamp.error.not_authorized", ["not authorized to call \"wamp.subscription.get_events\""]]
    "#,
    );
}
