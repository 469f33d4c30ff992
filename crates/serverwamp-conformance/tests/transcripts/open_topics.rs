//! Topics of an application's realm: those that somebody named are there, others are not.

use crate::router::{play_at, tickets};
use serverwamp::{Actions, Application, Realm, RealmHandle, RouteSet, WampError, prefix, wildcard};

fn realms() -> Application {
    let admin = RouteSet::new()
        .procedure("restart", || async { "restarted" })
        .open_topic("alerts")
        .topic("handled", || async {})
        .require_role("admin");
    let routes = RouteSet::new()
        .procedure("com.publish", publish)
        .topic("com.handled", || async {})
        .topic(wildcard("org..refused"), || async { Err::<(), _>(WampError::not_authorized("not you")) })
        .open_topic("com.opened")
        .open_topic(prefix("com.all."))
        .open_topic(prefix("org."))
        .nest("admin.", admin);
    Application::builder()
        .realm(
            Realm::new("realm1")
                .allow_anonymous("guest")
                .authenticator(tickets())
                .meta_api()
                .allow_publish_to(prefix("com.chat."))
                .allow_register_of(wildcard("com.device."))
                .role("user", |role| {
                    role.allow(Actions::SUBSCRIBE, "com.users").allow(Actions::CALL, "com.publish")
                })
                .routes(routes),
        )
        .build()
        .expect("nothing is wrong with this realm")
}

async fn publish(realm: RealmHandle) -> Result<(), WampError> {
    for topic in
        ["com.handled", "com.opened", "com.all.a", "com.chat.a", "com.users", "com.nobody", "admin.alerts"]
    {
        realm.publish(topic, topic)?;
    }
    Ok(())
}

#[test]
fn sub_09_a_topic_that_nobody_named_is_not_there() {
    play_at(
        realms,
        r#"
        gus joins
        gus > [32, 1, {}, "com.nobody"]
        gus < [8, 32, 1, {}, "wamp.error.invalid_uri", ["there is no topic \"com.nobody\" in this realm"]]
        gus > [32, 2, {"match": "prefix"}, ""]
        gus < [8, 32, 2, {}, "wamp.error.invalid_uri", ["not all that prefix \"\" matches are topics of this realm"]]
        gus > [32, 3, {"match": "wildcard"}, "com."]
        gus < [8, 32, 3, {}, "wamp.error.invalid_uri", [_string]]
        gus > [32, 4, {}, "com.users"]
        gus < [8, 32, 4, {}, "wamp.error.invalid_uri", [_string]]
        gus > [48, 5, {}, "com.publish"]
        gus < [50, 5, {}]
    "#,
    );
}

#[test]
fn topics_with_a_handler_opened_ones_and_those_of_allow_publish_to_are_there() {
    play_at(
        realms,
        r#"
        gus joins
        gus subscribes com.handled as $handled
        gus subscribes com.opened as $opened
        gus subscribes com.all. {"match": "prefix"} as $all
        gus subscribes com.chat. {"match": "prefix"} as $chat
        gus subscribes wamp.session.on_join
        gus > [48, 6, {}, "com.publish"]
        gus < any of
            [36, $handled, _id, {}, ["com.handled"]]
            [36, $opened, _id, {}, ["com.opened"]]
            [36, $all, _id, {"topic": "com.all.a"}, ["com.all.a"]]
            [36, $chat, _id, {"topic": "com.chat.a"}, ["com.chat.a"]]
            [50, 6, {}]
        gus > [16, 7, {"acknowledge": true, "exclude_me": false}, "com.chat.b"]
        gus < any of
            [17, 7, _id]
            [36, $chat, _id, {"topic": "com.chat.b"}]
        gus > [16, 8, {"acknowledge": true}, "com.opened"]
        gus < [8, 16, 8, {}, "wamp.error.not_authorized", ["not authorized to publish to \"com.opened\""]]
        gus > [64, 9, {}, "com.device.seven"]
        gus < [65, 9, _id]
        gus > [64, 10, {}, "com.other"]
        gus < [8, 64, 10, {}, "wamp.error.not_authorized", ["not authorized to register \"com.other\""]]
        gus > [64, 11, {"match": "prefix"}, "com.device."]
        gus < [8, 64, 11, {}, "wamp.error.not_authorized", ["not authorized to register \"com.device.\""]]
    "#,
    );
}

#[test]
fn a_broad_open_topic_takes_no_handler_its_say() {
    play_at(
        realms,
        r#"
        gus joins
        gus > [32, 1, {}, "org.all.refused"]
        gus < [8, 32, 1, {}, "wamp.error.not_authorized", ["not you"]]
        gus > [32, 2, {"match": "prefix"}, "org."]
        gus < [8, 32, 2, {}, "wamp.error.not_authorized", ["not you"]]
    "#,
    );
}

#[test]
fn a_permission_to_subscribe_opens_a_topic_for_its_role_and_for_no_other() {
    play_at(
        realms,
        r#"
        joe joins as joe secret
        joe subscribes com.users as $users
        joe > [32, 2, {}, "com.opened"]
        joe < [8, 32, 2, {}, "wamp.error.not_authorized", ["not authorized to subscribe to \"com.opened\""]]
        joe > [32, 3, {}, "com.nobody"]
        joe < [8, 32, 3, {}, "wamp.error.not_authorized", ["not authorized to subscribe to \"com.nobody\""]]
        joe > [48, 4, {}, "com.publish"]
        joe < any of
            [36, $users, _id, {}, ["com.users"]]
            [50, 4, {}]
    "#,
    );
}

#[test]
fn a_route_that_requires_a_role_refuses_all_others() {
    play_at(
        realms,
        r#"
        gus joins
        gus > [48, 1, {}, "admin.restart"]
        gus < [8, 48, 1, {}, "wamp.error.not_authorized", ["not authorized to call \"admin.restart\""]]
        gus > [32, 2, {}, "admin.alerts"]
        gus < [8, 32, 2, {}, "wamp.error.not_authorized", ["not authorized to subscribe to \"admin.alerts\""]]
        gus > [32, 3, {}, "admin.handled"]
        gus < [8, 32, 3, {}, "wamp.error.not_authorized", ["not authorized to subscribe to \"admin.handled\""]]
        root joins as root secret
        root subscribes admin.alerts as $alerts
        root subscribes admin.handled
        root > [48, 3, {}, "admin.restart"]
        root < [50, 3, {}, ["restarted"]]
        gus > [48, 4, {}, "com.publish"]
        gus < [50, 4, {}]
        root < [36, $alerts, _id, {}, ["admin.alerts"]]
    "#,
    );
}
