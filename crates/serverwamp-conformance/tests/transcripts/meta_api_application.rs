//! META-10: the application in the meta API of its own realm, where it is a callee and a subscriber, and no session.

use std::sync::{Arc, Mutex};

use crate::router::play_at;
use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::{Application, Realm, RealmHandle, RouteSet, WampError};

/// A router with a procedure of its own.
fn serving() -> Application {
    async fn check(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
        ticket.matches("secret").then(|| Principal::new(authid).role("admin"))
    }
    async fn hello() -> &'static str {
        "hello"
    }
    // What the application serves and hears from `com.begin` to `com.end`.
    let held = Arc::new(Mutex::new(None));
    let begin = {
        let held = Arc::clone(&held);
        async move |realm: RealmHandle| {
            let registration = realm.register("com.late", hello)?;
            *held.lock().expect("nobody panics with it") = Some((registration, realm.subscribe("com.t")?));
            Ok::<_, WampError>(())
        }
    };
    let end = async move || drop(held.lock().expect("nobody panics with it").take());
    let realm = Realm::router("realm1").authenticator(auth::ticket(check)).administrators(["admin"]);
    let realm = realm.routes(
        RouteSet::new().procedure("com.hello", hello).procedure("com.begin", begin).procedure("com.end", end),
    );
    Application::builder().realm(realm).build().expect("nothing is wrong with this realm")
}

#[test]
fn meta_10_the_application_is_a_callee_and_no_session() {
    play_at(
        serving,
        r#"
        root joins as root secret
        root > [48, 1, {}, "wamp.registration.match", ["com.hello"]]
        root < [50, 1, {}, [$r]]
        root > [48, 2, {}, "wamp.registration.list_callees", [$r]]
        root < [50, 2, {}, [[$application]]]
        root > [48, 3, {}, "wamp.session.get", [$application]]
        root < [8, 48, 3, {}, "wamp.error.no_such_session", [_string]]
        root > [48, 4, {}, "wamp.session.kill", [$application]]
        root < [8, 48, 4, {}, "wamp.error.no_such_session", [_string]]
        root > [48, 5, {}, "wamp.registration.remove_callee", [$r, $application]]
        root < [8, 48, 5, {}, "wamp.error.no_such_session", [_string]]
        root > [48, 6, {}, "wamp.session.list"]
        root < [50, 6, {}, [[$root]]]
        root > [48, 7, {}, "wamp.session.count"]
        root < [50, 7, {}, [1]]
        root > [48, 8, {}, "wamp.session.kill_all"]
        root < [50, 8, {}, [0]]
        root > [48, 9, {}, "com.hello"]
        root < [50, 9, {}, ["hello"]]
        all different $application $root
    "#,
    );
}

#[test]
fn meta_10_what_the_application_serves_and_hears_is_told_under_one_session() {
    play_at(
        serving,
        r#"
        root joins as root secret
        root subscribes wamp.. {"match": "wildcard"} as $meta
        root > [48, 2, {}, "com.begin"]
        root < [36, $meta, _id, {"topic": "wamp.registration.on_create"}, [$application,
            {"id": $r, "created": _time, "uri": "com.late", "match": "exact", "invoke": "single"}]]
        root < [36, $meta, _id, {"topic": "wamp.registration.on_register"}, [$application, $r]]
        root < [36, $meta, _id, {"topic": "wamp.subscription.on_create"}, [$application, {..., "id": $s}]]
        root < [36, $meta, _id, {"topic": "wamp.subscription.on_subscribe"}, [$application, $s]]
        root < [50, 2, {}]
        root > [48, 3, {}, "wamp.registration.list_callees", [$r]]
        root < [50, 3, {}, [[$application]]]
        root > [48, 4, {}, "wamp.registration.count_callees", [$r]]
        root < [50, 4, {}, [1]]
        root > [48, 5, {}, "wamp.subscription.list_subscribers", [$s]]
        root < [50, 5, {}, [[$application]]]
        root subscribes com.t as $s
        root < [36, $meta, _id, {"topic": "wamp.subscription.on_subscribe"}, [$root, $s]]
        root > [48, 7, {}, "wamp.subscription.count_subscribers", [$s]]
        root < [50, 7, {}, [2]]
        root > [48, 8, {}, "wamp.session.kill_all"]
        root < [50, 8, {}, [0]]
        root > [48, 9, {}, "com.late"]
        root < [50, 9, {}, ["hello"]]
        root > [48, 10, {}, "com.end"]
        root < any of
            [36, $meta, _id, {"topic": "wamp.registration.on_unregister"}, [$application, $r]]
            [36, $meta, _id, {"topic": "wamp.registration.on_delete"}, [$application, $r]]
            [36, $meta, _id, {"topic": "wamp.subscription.on_unsubscribe"}, [$application, $s]]
            [50, 10, {}]
        root silent
        all different $application $root
    "#,
    );
}
