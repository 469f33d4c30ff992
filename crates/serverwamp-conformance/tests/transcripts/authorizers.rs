//! AUTHZ: what an authorizer decides that is a procedure of a client, as Crossbar.io has them.
//!
//! | realm | role | what it may do |
//! |---|---|---|
//! | `realm1` | `admin` | everything below `com.` and `wamp.`, and so register `com.auth`, the authorizer |
//! | | `user` | call `com.open`, not call `com.denied`; of all else the authorizer is asked |
//! | | `guest`, `member` | the authorizer is asked about everything |
//! | `app` | `guest` | an application's realm, whose authorizer is a handler: it allows what starts with `com.yes` |
//! | `single` | `member` | the authorizer `com.auth` is asked; `guest` has no authorizer and no permissions |

use crate::router::{play_at, tickets};
use serverwamp::request::{Question, Verdict};
use serverwamp::{Actions, Application, Realm, RoleRules, RouteSet, TopicSettings, prefix};

pub(crate) fn realms() -> Application {
    realms_with(|_| {})
}

pub(crate) fn realms_with(limits: impl FnOnce(&mut serverwamp::Limits)) -> Application {
    Application::builder()
        .limits(limits)
        .realm(
            Realm::router("realm1")
                .allow_anonymous("guest")
                .authenticator(tickets())
                .topic_settings(prefix("com.kept."), TopicSettings::new().history(10))
                .routes(RouteSet::new().procedure("com.served", || async { "by the application" }))
                .role("admin", admin)
                .role("user", |role| role.allow(Actions::CALL, "com.open").deny(Actions::CALL, "com.denied"))
                .authorizer_procedure("com.auth")
                .forget_decisions_on("com.forget"),
        )
        .realm(
            Realm::new("app")
                .allow_anonymous("guest")
                .routes(RouteSet::new().procedure("com.yes.served", || async { "served" }))
                .authorizer(by_name),
        )
        .realm(
            Realm::router("single")
                .allow_anonymous("guest")
                .authenticator(tickets())
                .role("admin", admin)
                .role("member", |role| role.authorizer_procedure("com.auth")),
        )
        .build()
        .expect("nothing is wrong with these realms")
}

fn admin(role: RoleRules) -> RoleRules {
    role.allow(Actions::ALL, prefix("com.")).allow(Actions::CALL, prefix("wamp."))
}

async fn by_name(question: Question) -> Verdict {
    Verdict::from(question.uri().starts_with("com.yes"))
}

#[test]
fn authz_02_10_a_procedure_is_asked_with_session_uri_action_and_options() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        mia joins as mia secret
        mia > [48, 1, {}, "com.served", ["not for the authorizer"]]
        root < [68, 1, $r, {}, [{"session": $mia, "realm": "realm1", "authid": "mia", "authrole": "member", "authmethod": "ticket", "authprovider": _string, "authextra": null, "transport": {"type": _string, ...}}, "com.served", "call", {}]]
        root > [70, 1, {}, [true]]
        mia < [50, 1, {}, ["by the application"]]
        mia > [48, 2, {"disclose_me": true}, "com.served"]
        root < [68, 2, $r, {}, [{...}, "com.served", "call", {"disclose_me": true}]]
        root > [70, 2, {}, [false]]
        mia < [8, 48, 2, {}, "wamp.error.not_authorized", ["not authorized to call \"com.served\""]]
        mia > [32, 3, {"match": "prefix"}, "com.t"]
        root < [68, 3, $r, {}, [{...}, "com.t", "subscribe", {"match": "prefix"}]]
        root > [70, 3, {}, [{"allow": true}]]
        mia < [33, 3, $s]
        mia > [64, 4, {"match": "wildcard", "invoke": "first"}, "com..p"]
        root < [68, 4, $r, {}, [{...}, "com..p", "register", {"match": "wildcard", "invoke": "first"}]]
        root > [70, 4, {}, [{"allow": true, "cache": false}]]
        mia < [65, 4, _id]
        mia > [16, 5, {"acknowledge": true, "retain": true, "exclude_me": false}, "com.t.one", ["hello"]]
        root < [68, 5, $r, {}, [{...}, "com.t.one", "publish", {"acknowledge": true, "retain": true}]]
        root > [70, 5, {}, [{"allow": true, "disclose": false, "validate": null}]]
        mia < any of
            [17, 5, _id]
            [36, $s, _id, {"topic": "com.t.one"}, ["hello"]]
        mia > [16, 6, {"acknowledge": true}, "com.t.two"]
        root < [68, 6, $r, {}, [{...}, "com.t.two", "publish", {"acknowledge": true}]]
        root > [70, 6, {}, [{"allow": false}]]
        mia < [8, 16, 6, {}, "wamp.error.not_authorized", ["not authorized to publish to \"com.t.two\""]]
    "#,
    );
}

#[test]
fn authz_04_an_authorizer_that_fails_denies() {
    play_at(
        realms,
        r#"
        mia joins as mia secret
        mia > [48, 1, {}, "com.served"]
        mia < [8, 48, 1, {}, "wamp.error.authorization_failed", ["no decision whether to call \"com.served\""]]
        mia > [32, 2, {}, "com.t"]
        mia < [8, 32, 2, {}, "wamp.error.authorization_failed", ["no decision whether to subscribe to \"com.t\""]]
        root joins as root secret
        root registers com.auth as $r
        mia > [64, 3, {}, "com.p"]
        root < [68, 1, $r, {}, [{...}, "com.p", "register", {...}]]
        root > [8, 68, 1, {}, "com.error.database", ["the password of the database is wrong"]]
        mia < [8, 64, 3, {}, "wamp.error.authorization_failed", ["no decision whether to register \"com.p\""]]
        mia > [16, 4, {"acknowledge": true}, "com.t"]
        root < [68, 2, $r, {}, [{...}, "com.t", "publish", {...}]]
        root > [70, 2, {}, ["yes"]]
        mia < [8, 16, 4, {}, "wamp.error.authorization_failed", ["no decision whether to publish to \"com.t\""]]
        mia > [48, 5, {}, "com.served"]
        root < [68, 3, $r, {}, [{...}, "com.served", "call", {}]]
        root says goodbye
        mia < [8, 48, 5, {}, "wamp.error.authorization_failed", ["no decision whether to call \"com.served\""]]
    "#,
    );
}

#[test]
fn authz_05_a_publication_that_is_denied_later_is_dropped_in_silence() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        root subscribes com.t as $s
        mia joins as mia secret
        mia > [16, 1, {}, "com.t", ["no"]]
        root < [68, 1, $r, {}, [{...}, "com.t", "publish", {}]]
        root > [70, 1, {}, [false]]
        mia > [16, 2, {}, "com.t", ["broken"]]
        root < [68, 2, $r, {}, [{...}, "com.t", "publish", {}]]
        root > [8, 68, 2, {}, "com.error.broken"]
        mia silent
        root silent
        mia > [16, 3, {}, "com.t", ["yes"]]
        root < [68, 3, $r, {}, [{...}, "com.t", "publish", {}]]
        root > [70, 3, {}, [true]]
        root < [36, $s, _id, {}, ["yes"]]
        mia silent
    "#,
    );
}

#[test]
fn authz_13_permissions_decide_first_and_what_none_names_is_asked() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        joe joins as joe secret
        joe > [48, 1, {}, "com.open"]
        joe < [8, 48, 1, {}, "wamp.error.no_such_procedure", [_string]]
        joe > [48, 2, {}, "com.denied"]
        joe < [8, 48, 2, {}, "wamp.error.not_authorized", ["not authorized to call \"com.denied\""]]
        root silent
        joe > [48, 3, {}, "com.served"]
        root < [68, 1, $r, {}, [{"authid": "joe", ...}, "com.served", "call", {}]]
        root > [70, 1, {}, [true]]
        joe < [50, 3, {}, ["by the application"]]
    "#,
    );
}

#[test]
fn authz_07_a_denial_by_an_authorizer_does_not_tell_what_exists() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        root registers com.taken
        mia joins as mia secret
        mia > [64, 1, {}, "com.taken"]
        root < [68, 1, $r, {}, [{...}, "com.taken", "register", {...}]]
        root > [70, 1, {}, [false]]
        mia < [8, 64, 1, {}, "wamp.error.not_authorized", ["not authorized to register \"com.taken\""]]
        mia > [48, 2, {}, "com.nobody"]
        root < [68, 2, $r, {}, [{...}, "com.nobody", "call", {}]]
        root > [70, 2, {}, [false]]
        mia < [8, 48, 2, {}, "wamp.error.not_authorized", ["not authorized to call \"com.nobody\""]]
        mia > [48, 3, {}, "com.nobody"]
        root < [68, 3, $r, {}, [{...}, "com.nobody", "call", {}]]
        root > [70, 3, {}, [true]]
        mia < [8, 48, 3, {}, "wamp.error.no_such_procedure", [_string]]
    "#,
    );
}

#[test]
fn an_authorizer_may_disclose_who_does_not_ask_for_it_and_hide_who_does() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        root registers com.p as $p
        root subscribes com.t as $t
        mia joins as mia secret
        mia > [48, 1, {}, "com.p"]
        root < [68, 1, $r, {}, [{...}, "com.p", "call", {}]]
        root > [70, 1, {}, [{"allow": true, "disclose": true}]]
        root < [68, 2, $p, {"caller": $mia, "caller_authid": "mia", ...}]
        root > [70, 2, {}, ["hello"]]
        mia < [50, 1, {}, ["hello"]]
        mia > [16, 2, {}, "com.t"]
        root < [68, 3, $r, {}, [{...}, "com.t", "publish", {}]]
        root > [70, 3, {}, [{"allow": true, "disclose": true}]]
        root < [36, $t, _id, {"publisher": $mia, "publisher_authid": "mia", ...}]
        mia > [48, 3, {"disclose_me": true}, "com.p"]
        root < [68, 4, $r, {}, [{...}, "com.p", "call", {"disclose_me": true}]]
        root > [70, 4, {}, [{"allow": true, "disclose": false}]]
        mia < [8, 48, 3, {}, "wamp.error.option_disallowed.disclose_me", [_string]]
    "#,
    );
}

#[test]
fn a_decision_is_kept_for_the_authid_until_an_event_says_to_forget_it() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        mia joins as mia secret
        mia > [48, 1, {}, "com.served"]
        root < [68, 1, $r, {}, [{...}, "com.served", "call", {}]]
        root > [70, 1, {}, [{"allow": true, "cache": true}]]
        mia < [50, 1, {}, ["by the application"]]
        mia > [48, 2, {}, "com.served"]
        mia < [50, 2, {}, ["by the application"]]
        again joins as mia secret
        again > [48, 1, {}, "com.served"]
        again < [50, 1, {}, ["by the application"]]
        mia > [48, 3, {"disclose_me": true}, "com.served"]
        root < [68, 2, $r, {}, [{...}, "com.served", "call", {"disclose_me": true}]]
        root > [70, 2, {}, [false]]
        mia < [8, 48, 3, {}, "wamp.error.not_authorized", [_string]]
        gus joins
        gus > [48, 1, {}, "com.served"]
        root < [68, 3, $r, {}, [{"authid": $gus.authid, ...}, "com.served", "call", {}]]
        root > [70, 3, {}, [false]]
        gus < [8, 48, 1, {}, "wamp.error.not_authorized", [_string]]
        root > [16, 3, {"acknowledge": true}, "com.forget", ["jane"]]
        root < [17, 3, _id]
        mia > [48, 4, {}, "com.served"]
        mia < [50, 4, {}, ["by the application"]]
        root > [16, 4, {"acknowledge": true}, "com.forget", ["mia"]]
        root < [17, 4, _id]
        mia > [48, 5, {}, "com.served"]
        root < [68, 4, $r, {}, [{"authid": "mia", ...}, "com.served", "call", {}]]
        root > [70, 4, {}, [{"allow": true, "cache": true}]]
        mia < [50, 5, {}, ["by the application"]]
        root > [16, 5, {"acknowledge": true}, "com.forget", [], {"authrole": "member"}]
        root < [17, 5, _id]
        mia > [48, 6, {}, "com.served"]
        root < [68, 5, $r, {}, [{"authid": "mia", ...}, "com.served", "call", {}]]
        root > [70, 5, {}, [{"allow": true, "cache": true}]]
        mia < [50, 6, {}, ["by the application"]]
        root > [16, 6, {"acknowledge": true}, "com.forget"]
        root < [17, 6, _id]
        mia > [48, 7, {}, "com.served"]
        root < [68, 6, $r, {}, [{"authid": "mia", ...}, "com.served", "call", {}]]
        root > [70, 6, {}, [false]]
        mia < [8, 48, 7, {}, "wamp.error.not_authorized", [_string]]
    "#,
    );
}

#[test]
fn authz_02_nobody_gets_power_over_an_authorizer_by_asking_it() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        mia joins as mia secret
        mia > [64, 1, {}, "com.auth"]
        mia < [8, 64, 1, {}, "wamp.error.not_authorized", ["not authorized to register \"com.auth\""]]
        mia > [16, 2, {"acknowledge": true}, "com.forget"]
        mia < [8, 16, 2, {}, "wamp.error.not_authorized", ["not authorized to publish to \"com.forget\""]]
        root silent
        mia > [64, 3, {"match": "prefix"}, "com.au"]
        root < [68, 1, $r, {}, [{...}, "com.au", "register", {"match": "prefix", ...}]]
        root > [70, 1, {}, [true]]
        mia < [65, 3, _id]
        root > [66, 2, $r]
        root < [67, 2]
        mia > [48, 4, {}, "com.served"]
        mia < [8, 48, 4, {}, "wamp.error.authorization_failed", [_string]]
    "#,
    );
}

#[test]
fn authz_12_meta_procedures_and_events_are_asked_about_like_others() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        mia joins as mia secret
        mia > [48, 1, {}, "wamp.session.count"]
        root < [68, 1, $r, {}, [{...}, "wamp.session.count", "call", {}]]
        root > [70, 1, {}, [true]]
        mia < [50, 1, {}, [2]]
        mia > [32, 2, {}, "wamp.session.on_join"]
        root < [68, 2, $r, {}, [{...}, "wamp.session.on_join", "subscribe", {"match": "exact"}]]
        root > [70, 2, {}, [true]]
        mia < [33, 2, $s]
        gus joins
        mia < [36, $s, _id, {}, [{"session": $gus, ...}]]
        mia > [48, 3, {}, "wamp.session.kill", [$gus]]
        root < [68, 3, $r, {}, [{...}, "wamp.session.kill", "call", {}]]
        root > [70, 3, {}, [true]]
        mia < [8, 48, 3, {}, "wamp.error.not_authorized", ["role \"member\" is not an administrator"]]
    "#,
    );
}

#[test]
fn hist_14_an_authorizer_is_asked_for_the_history_behind_the_call() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        root > [16, 2, {"acknowledge": true}, "com.kept.t", ["kept"]]
        root < [17, 2, _id]
        root > [48, 3, {}, "wamp.subscription.match", ["com.kept.t"]]
        root < [50, 3, {}, [[$s]]]
        mia joins as mia secret
        mia > [48, 1, {}, "wamp.subscription.get_events", [$s]]
        root < [68, 1, $r, {}, [{...}, "wamp.subscription.get_events", "call", {}]]
        root > [70, 1, {}, [true]]
        root < [68, 2, $r, {}, [{...}, "com.kept.", "subscribe", {"match": "prefix", "history": true}]]
        root > [70, 2, {}, [true]]
        mia < [50, 1, {}, [{"args": ["kept"], ...}], {...}]
        mia > [48, 2, {}, "wamp.subscription.get_events", [$s]]
        root < [68, 3, $r, {}, [{...}, "wamp.subscription.get_events", "call", {}]]
        root > [70, 3, {}, [true]]
        root < [68, 4, $r, {}, [{...}, "com.kept.", "subscribe", {...}]]
        root > [70, 4, {}, [false]]
        mia < [8, 48, 2, {}, "wamp.error.not_authorized", ["not authorized to read the history of this topic"]]
        mia > [48, 3, {}, "wamp.subscription.get_events", [$s]]
        root < [68, 5, $r, {}, [{...}, "wamp.subscription.get_events", "call", {}]]
        root > [70, 5, {}, [true]]
        root < [68, 6, $r, {}, [{...}, "com.kept.", "subscribe", {...}]]
        root > [70, 6, {}, [{"allow": true, "history": false}]]
        mia < [8, 48, 3, {}, "wamp.error.not_authorized", ["not authorized to read the history of this topic"]]
        mia > [48, 4, {}, "wamp.subscription.get_events", [$s]]
        root < [68, 7, $r, {}, [{...}, "wamp.subscription.get_events", "call", {}]]
        root > [70, 7, {}, [true]]
        root < [68, 8, $r, {}, [{...}, "com.kept.", "subscribe", {...}]]
        root > [8, 68, 8, {}, "com.error.broken"]
        mia < [8, 48, 4, {}, "wamp.error.authorization_failed", ["no decision whether to subscribe to \"com.kept.\""]]
    "#,
    );
}

#[test]
fn test_10_an_authorizer_is_asked_for_the_testament_when_it_is_added() {
    play_at(
        realms,
        r#"
        root joins as root secret
        root registers com.auth as $r
        root subscribes com.t as $t
        mia joins as mia secret
        mia > [48, 1, {}, "wamp.session.add_testament", ["com.t", ["left"], {}]]
        root < [68, 1, $r, {}, [{...}, "wamp.session.add_testament", "call", {}]]
        root > [70, 1, {}, [true]]
        root < [68, 2, $r, {}, [{...}, "com.t", "publish", {"testament": true}]]
        root > [70, 2, {}, [true]]
        mia < [50, 1, {}]
        mia > [48, 2, {}, "wamp.session.add_testament", ["com.t", ["forged"], {}]]
        root < [68, 3, $r, {}, [{...}, "wamp.session.add_testament", "call", {}]]
        root > [70, 3, {}, [true]]
        root < [68, 4, $r, {}, [{...}, "com.t", "publish", {"testament": true}]]
        root > [70, 4, {}, [false]]
        mia < [8, 48, 2, {}, "wamp.error.not_authorized", ["not authorized to publish to \"com.t\""]]
        mia lost
        root < [36, $t, _id, {}, ["left"]]
        root silent
    "#,
    );
}

#[test]
fn what_an_authorizer_of_the_application_allows_needs_no_open_topic() {
    play_at(
        realms,
        r#"
        gus joins app
        gus > [48, 1, {}, "com.yes.served"]
        gus < [50, 1, {}, ["served"]]
        gus > [32, 2, {}, "com.yes.t"]
        gus < [33, 2, $s]
        gus > [16, 3, {"acknowledge": true, "exclude_me": false}, "com.yes.t"]
        gus < any of
            [17, 3, _id]
            [36, $s, _id, {}]
        gus > [64, 4, {}, "com.yes.p"]
        gus < [65, 4, _id]
        gus > [32, 5, {}, "com.no"]
        gus < [8, 32, 5, {}, "wamp.error.not_authorized", ["not authorized to subscribe to \"com.no\""]]
        gus > [32, 6, {"match": "prefix"}, ""]
        gus < [8, 32, 6, {}, "wamp.error.not_authorized", ["not authorized to subscribe to \"\""]]
        gus > [48, 7, {}, "wamp.session.count"]
        gus < [8, 48, 7, {}, "wamp.error.not_authorized", ["not authorized to call \"wamp.session.count\""]]
    "#,
    );
}

#[test]
fn the_authorizer_of_one_role_is_not_asked_for_others() {
    play_at(
        realms,
        r#"
        root joins single as root secret
        root registers com.auth as $r
        gus joins single
        gus > [32, 1, {}, "com.t"]
        gus < [33, 1, $s]
        mia joins single as mia secret
        mia > [16, 1, {}, "com.t", ["asked"]]
        root < [68, 1, $r, {}, [{"authrole": "member", ...}, "com.t", "publish", {}]]
        root > [70, 1, {}, [true]]
        gus < [36, $s, _id, {}, ["asked"]]
        gus > [64, 2, {}, "com.p"]
        gus < [65, 2, _id]
        gus > [64, 3, {}, "com.auth"]
        gus < [8, 64, 3, {}, "wamp.error.not_authorized", ["not authorized to register \"com.auth\""]]
        root silent
    "#,
    );
}
