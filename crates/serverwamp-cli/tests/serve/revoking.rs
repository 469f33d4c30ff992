//! What a reload takes away from sessions that are there, and what it leaves them.

use crate::PATIENCE;
use crate::program::{Program, Scratch};
use serde_json::{Value, json};
use serverwamp_conformance::{Arrival, RawPeer};

/// A configuration with these permissions of guests, and what stands behind.
fn config(guest: &str, more: &str) -> String {
    format!(
        r#"
[control]
socket = "control.sock"
[[listen]]
address = "127.0.0.1:0"
[[realm]]
name = "shop"
[[realm.auth]]
anonymous = {{ role = "guest" }}
[[realm.auth]]
file = {{ path = "users.toml", look_every = "1h" }}
[realm.role.guest]
{guest}
[realm.role.clerk]
allow = {{ "shop.*" = ["call", "register", "publish", "subscribe"] }}
{more}
"#
    )
}

const ALL: &str = r#"allow = { "shop.*" = ["call", "register", "publish", "subscribe"] }"#;

/// The file of users: names and roles, all with the same ticket.
fn users(scratch: &Scratch, users: &[(&str, &str)]) {
    let entry = scratch.made_of("tick3t", &["hash", "ticket", "--user", "x"]);
    let entry =
        |(name, role): &(&str, &str)| entry.replace("[user.x]", &format!("[user.{name}]\nrole = \"{role}\""));
    scratch.write("users.toml", users.iter().map(entry).collect::<String>());
}

/// A guest who understands that something is revoked.
fn guest(program: &Program<'_>) -> RawPeer {
    let mut peer = program.connect();
    let roles = json!({
        "caller": {}, "publisher": {},
        "callee": { "features": { "registration_revocation": true } },
        "subscriber": { "features": { "subscription_revocation": true } },
    });
    let answer = peer.hello("shop", json!({ "roles": roles }));
    peer.welcomed(&answer);
    peer
}

fn user(program: &Program<'_>, name: &str) -> RawPeer {
    let mut peer = program.connect();
    let welcome = peer.join_with_ticket("shop", name, "tick3t");
    peer.welcomed(&welcome);
    peer
}

/// The end of a session: the reason and the text of its GOODBYE.
#[track_caller]
fn goodbye(peer: &mut RawPeer) -> (String, String) {
    match peer.next(PATIENCE) {
        Arrival::Message(message) if message[0] == 6 => {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&message[2]), text(&message[1]["message"]))
        }
        other => panic!("{other:?}\n{}", peer.transcript()),
    }
}

/// Whether the session still serves its peer.
#[track_caller]
fn lives(peer: &mut RawPeer) {
    let answer = peer.call("shop.nothing", Value::Null, Value::Null, Value::Null);
    assert_eq!(answer[4], "wamp.error.no_such_procedure", "{}", peer.transcript());
}

#[test]
fn tightened_permissions_revoke_what_they_do_not_allow_any_more() {
    let scratch = Scratch::new();
    users(&scratch, &[("ann", "clerk")]);
    let program = Program::start(&scratch, &config(ALL, ""));
    let (mut peer, mut clerk) = (guest(&program), user(&program, "ann"));
    let subscription = peer.subscribe("shop.news", Value::Null);
    let kept = peer.subscribe("shop.prices", Value::Null);
    let registration = peer.register("shop.order");
    let call = clerk.start_call("shop.order", json!([1]), Value::Null, Value::Null);
    let invocation = peer.receive();
    let tight = r#"allow = { "shop.*" = ["call"], "shop.prices" = ["subscribe"] }"#;
    let report = program.reload(&config(tight, ""));
    assert!(report.starts_with("reload: 1 realm replaced, 2 keys changed (2 sessions kept)\n"), "{report}");
    let reason = json!("wamp.error.not_authorized");
    let revoked = |kind: u64, what: &str, id: u64| json!([kind, 0, { what: id, "reason": reason }]);
    peer.expect_in_any_order(&[
        revoked(35, "subscription", subscription),
        revoked(67, "registration", registration),
    ]);
    // What was asked before is answered, and what is still allowed goes on.
    peer.send(json!([70, invocation[1], {}, ["done"]]));
    assert_eq!(clerk.final_answer(call)[3], json!(["done"]));
    clerk.publish("shop.news", json!(["unheard"]), Value::Null);
    clerk.publish("shop.prices", json!([3]), Value::Null);
    assert_eq!(peer.event(kept, PATIENCE)[4], json!([3]));
    lives(&mut peer);
    peer.send(json!([32, 1000, {}, "shop.news"]));
    peer.expect(json!([8, 32, 1000, "$dict", "wamp.error.not_authorized", "$list"]));
}

#[test]
fn who_could_not_come_in_any_more_is_told_and_everybody_else_stays() {
    let scratch = Scratch::new();
    let (realm, role) = (
        "[[realm]]\nname = \"extra\"\n[[realm.auth]]\nanonymous = {}",
        "[realm.role.boss]\nallow = { \"shop.*\" = [\"call\"] }\n",
    );
    users(&scratch, &[("ann", "clerk"), ("bob", "clerk"), ("cyd", "boss"), ("dan", "clerk")]);
    let more = [role, realm].concat();
    let program = Program::start(&scratch, &config(ALL, &more));
    let mut ann = user(&program, "ann");
    lives(&mut ann);
    let killed = |peer: &mut RawPeer, text: &str| {
        assert_eq!(goodbye(peer), ("wamp.close.killed".to_owned(), text.to_owned()));
    };

    // A realm.
    let mut outside = program.joined("extra");
    let report = program.reload(&config(ALL, role));
    assert!(report.starts_with("reload: 1 realm removed, 1 key changed ("), "{report}");
    assert_eq!(goodbye(&mut outside).0, "wamp.close.close_realm");
    assert_eq!(program.hello("extra")[2], "wamp.error.no_such_realm");

    // A role.
    let mut cyd = user(&program, "cyd");
    program.reload(&config(ALL, ""));
    killed(&mut cyd, "the permissions of the role \"boss\", or its authorizer, were taken away");
    let mut cyd = user(&program, "cyd");
    let answer = cyd.call("shop.nothing", Value::Null, Value::Null, Value::Null);
    assert_eq!(answer[4], "wamp.error.not_authorized", "a role that is not listed may do nothing");

    // A user who is removed from the file, and one who gets another role.
    let (mut bob, mut dan) = (user(&program, "bob"), user(&program, "dan"));
    users(&scratch, &[("ann", "clerk"), ("dan", "guest")]);
    let report = program.reload(&config(ALL, ""));
    assert!(report.starts_with("reload: 1 realm replaced ("), "{report}");
    for peer in [&mut bob, &mut dan, &mut cyd] {
        killed(peer, "this user is not let in any more");
    }
    lives(&mut user(&program, "dan"));
    assert_eq!(
        program.connect().join_with_ticket("shop", "bob", "tick3t")[2],
        "wamp.error.authentication_denied"
    );

    // A way in.
    let mut guest = guest(&program);
    program.reload(
        &config(ALL, "").replace("anonymous = { role = \"guest\" }", "anonymous = { role = \"clerk\" }"),
    );
    killed(&mut guest, "anonymous sessions with this role are not let in any more");
    lives(&mut ann);
}

#[test]
fn lowered_limits_apply_to_those_who_come() {
    let scratch = Scratch::new();
    users(&scratch, &[("ann", "clerk")]);
    let program = Program::start(&scratch, &config(ALL, ""));
    let mut before = guest(&program);
    for topic in 0..3 {
        before.subscribe(&format!("shop.topic{topic}"), Value::Null);
    }
    let report = program.reload(&config(ALL, "[realm.limits]\nsessions = 2\n[limits]\nsubscriptions = 2\n"));
    assert_eq!(report.lines().next(), Some("reload: 1 realm replaced, 2 keys changed (1 session kept)"));
    let mut after = guest(&program);
    for topic in 0..3 {
        after.send(json!([32, topic + 1, {}, format!("shop.topic{topic}")]));
    }
    let kinds: Vec<Value> = (0..3).map(|_| after.receive()[0].clone()).collect();
    assert_eq!(kinds, [33, 33, 8], "{}", after.transcript());
    let refused = program.hello("shop");
    assert_eq!(refused[0], 3, "a third session: {refused}");
    lives(&mut before);
}

#[test]
fn realms_of_a_template_are_reloaded_with_it() {
    let scratch = Scratch::new();
    users(&scratch, &[("ann", "clerk"), ("bob", "clerk")]);
    let template = |permissions: &str| {
        format!(
            r#"
[control]
socket = "control.sock"
[[listen]]
address = "127.0.0.1:0"
[[template]]
names = "tenant.*"
[[template.auth]]
file = {{ path = "users.toml", look_every = "1h" }}
[[template.auth]]
anonymous = {{ role = "guest" }}
[template.role.clerk]
allow = {{ "a.*" = {permissions} }}
[template.role.guest]
allow = {{ "a.*" = ["call"] }}
"#
        )
    };
    let program = Program::start(&scratch, &template(r#"["call", "subscribe"]"#));
    let joined = |name: &str, realm: &str| {
        let mut peer = program.connect();
        let welcome = peer.join_with_ticket(realm, name, "tick3t");
        peer.welcomed(&welcome);
        peer
    };
    let (mut ann, mut bob) = (joined("ann", "tenant.one"), joined("bob", "tenant.two"));
    let mut guest = program.joined("tenant.one");
    ann.subscribe("a.b", Value::Null);
    assert_eq!(program.hello("other")[2], "wamp.error.no_such_realm");
    users(&scratch, &[("ann", "clerk")]);
    program.reload(&template(r#"["call"]"#));
    // It did not say that it understands a revocation.
    assert_eq!(goodbye(&mut ann).0, "wamp.close.killed");
    assert_eq!(goodbye(&mut bob).1, "this user is not let in any more");
    let call = |peer: &mut RawPeer| peer.call("a.none", Value::Null, Value::Null, Value::Null)[4].clone();
    assert_eq!(call(&mut guest), "wamp.error.no_such_procedure");
    let mut ann = joined("ann", "tenant.one");
    assert_eq!(call(&mut ann), "wamp.error.no_such_procedure");
    let report =
        program.reload("[control]\nsocket = \"control.sock\"\n[[listen]]\naddress = \"127.0.0.1:0\"\n[[realm]]\nname = \"one\"\nauth = [{ anonymous = {} }]\n");
    assert!(report.contains("template[\"tenant.*\"]: removed"), "{report}");
    assert_eq!(goodbye(&mut guest).0, "wamp.close.close_realm");
}
