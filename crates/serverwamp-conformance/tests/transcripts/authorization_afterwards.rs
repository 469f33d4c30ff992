//! What comes after a request that was allowed needs no permission of its own, and what a session leaves behind does.

use crate::router::{play_at, tickets};
use serverwamp::{Actions, Application, Realm, prefix};

/// Plays a transcript in a realm of each kind.
#[track_caller]
fn play_in(app: impl Fn(fn(&'static str) -> Realm) -> Application, text: &str) {
    play_at(|| app(Realm::router), text);
    play_at(|| app(|name| Realm::new(name).meta_api()), text);
}

#[test]
fn authz_08_answers_and_endings_need_no_permission() {
    let app = |new: fn(&'static str) -> Realm| {
        let realm = new("realm1")
            .allow_anonymous("guest")
            .authenticator(tickets())
            .role("guest", |role| role.allow(Actions::CALL, "com.p"))
            .role("user", |role| role.allow(Actions::REGISTER | Actions::SUBSCRIBE, prefix("com.")));
        Application::builder().realm(realm).build().expect("nothing is wrong with this realm")
    };
    play_in(
        app,
        r#"
        joe joins as joe secret
        joe registers com.p as $p
        joe subscribes com.t as $t
        gus joins
        gus > [48, 1, {}, "com.p"]
        joe < [68, 1, $p, {}]
        joe > [70, 1, {}, ["yielded"]]
        gus < [50, 1, {}, ["yielded"]]
        gus > [48, 2, {}, "com.p"]
        joe < [68, 2, $p, {}]
        joe > [8, 68, 2, {}, "com.error.no"]
        gus < [8, 48, 2, {}, "com.error.no"]
        gus > [48, 3, {}, "com.p"]
        joe < [68, 3, $p, {}]
        gus > [49, 3, {"mode": "kill"}]
        joe < [69, 3, {...}]
        joe > [8, 68, 3, {}, "wamp.error.canceled"]
        gus < [8, 48, 3, {}, "wamp.error.canceled"]
        joe > [34, 3, $t]
        joe < [35, 3]
        joe > [66, 4, $p]
        joe < [67, 4]
    "#,
    );
}

#[test]
fn test_10_a_testament_needs_the_permission_to_publish() {
    let app = |new: fn(&'static str) -> Realm| {
        let realm = new("realm1").allow_anonymous("guest").role("guest", |role| {
            role.allow(Actions::PUBLISH | Actions::SUBSCRIBE, prefix("com.open."))
                .allow(Actions::SUBSCRIBE, "com.closed")
                .allow(Actions::CALL, "wamp.session.add_testament")
        });
        Application::builder().realm(realm).build().expect("nothing is wrong with this realm")
    };
    play_in(
        app,
        r#"
        bob joins
        bob subscribes com.closed
        bob subscribes com.open.t as $t
        gus joins
        gus > [48, 1, {}, "wamp.session.add_testament", ["com.closed", ["forged"], {}]]
        gus < [8, 48, 1, {}, "wamp.error.not_authorized", ["not authorized to publish to \"com.closed\""]]
        gus > [48, 2, {}, "wamp.session.add_testament", ["com.open.t", ["left"], {}]]
        gus < [50, 2, {}]
        gus lost
        bob < [36, $t, _id, {}, ["left"]]
        bob silent
    "#,
    );
}
