//! One wrong input of each kind: one line and a hint, with the status that scripts look at.

use crate::scratch::Scratch;
use crate::{PATIENCE, demo, shell};
use serverwamp_conformance::output;

#[test]
fn every_mistake_is_one_line_and_a_hint() {
    let server = demo();
    let scratch = Scratch::new();
    let garbage = scratch.write("garbage", "no key\n");
    let usage = |arguments: &[&str], said: &str| check(&server, arguments, 2, said);
    usage(&["call"], "serverwamp: URI is missing; see serverwamp help call\n");
    usage(&["call", "a.b", "--progres"], "serverwamp: unknown option --progres; did you mean --progress?\n");
    usage(
        &["call", "a.b", "--timeout", "5"],
        "serverwamp: --timeout \"5\": expected a number and a unit, such as 500ms, 2s, 1.5m or 1h; see serverwamp --help\n",
    );
    usage(
        &["call", "a.b", "-o", "xml"],
        "serverwamp: --output \"xml\": expected pretty or json or jsonl or raw\n",
    );
    usage(
        &["call", "a.b", "{\"a\":"],
        "serverwamp: \"{\\\"a\\\":\" is no JSON: unexpected end of input at byte 5; quote JSON as a whole ('[\"a\", 1]'), or put text into quotes of its own ('\"[a]\"')\n",
    );
    usage(
        &["call", "a.b", "@/no/such/file"],
        "serverwamp: /no/such/file cannot be read: No such file or directory (os error 2); as text it is '\"@/no/such/file\"'\n",
    );
    usage(&["call", "a.b", "x=1", "x=2"], "serverwamp: the keyword argument x is given twice\n");
    usage(
        &["call", "a.b", "--serializer", "xml"],
        "serverwamp: --serializer \"xml\": expected json, msgpack or cbor, or json.batched and so on\n",
    );
    usage(
        &["call", "a.b", "--tls-key", "k"],
        "serverwamp: --tls-certificates is missing: it is given together with --tls-key\n",
    );
    usage(
        &["call", "a.b", "--secret-file", "s"],
        "serverwamp: --authid is missing: a ticket or a secret proves a name (or set WAMP_AUTHID)\n",
    );
    usage(
        &["call", "a.b", "--key", &garbage],
        &format!(
            "serverwamp: {garbage} (--key) holds no private key: expected 64 hex digits, as serverwamp keygen --key FILE writes them\n"
        ),
    );
}

#[test]
fn every_mistake_of_those_who_serve_publish_and_name_is_one_line() {
    let server = demo();
    let usage = |arguments: &[&str], said: &str| check(&server, arguments, 2, said);
    usage(
        &["register", "a.b"],
        "serverwamp: --echo or --reply JSON or --exec PROGRAM is missing; see serverwamp help register\n",
    );
    usage(
        &["register", "a.b", "--echo", "--reply", "1"],
        "serverwamp: --echo and --reply exclude each other\n",
    );
    usage(
        &["register", "a.b", "--exec", "no-such-program"],
        "serverwamp: --exec no-such-program: there is no such program\n",
    );
    usage(
        &["register", "a.b", "--exec", "wc -w"],
        "serverwamp: --exec wc -w: there is no such program; its arguments go behind --, as in --exec wc -- -w\n",
    );
    usage(
        &["publish", "a.b", "--exclude", "0"],
        "serverwamp: --exclude 0: ids of sessions are from 1 to 2^53\n",
    );
    usage(
        &["subscribe", "a.b", "--match", "suffix"],
        "serverwamp: --match \"suffix\": expected exact or prefix or wildcard\n",
    );
    usage(
        &["context"],
        "serverwamp: context needs a word behind it: add or ls or select or rm; see serverwamp help context\n",
    );
    usage(
        &["context", "add", "a b"],
        "serverwamp: \"a b\" is no name of a context: letters, digits, '-', '_' and '.', 100 at the most\n",
    );
    usage(
        &["bench"],
        "serverwamp: bench needs a word behind it: call or publish or fanout; see serverwamp help bench\n",
    );
    usage(
        &["call", "a.b", "--url", "rs://h"],
        "serverwamp: \"rs://h\" is no address of a router: it has no port, and RawSocket has no usual one\n",
    );
    check(
        &server,
        &["call", "a b"],
        1,
        "error: wamp.error.invalid_uri: \"a b\": character ' ' is not allowed\n",
    );
    check(
        &server,
        &["call", "a.b", "--realm", "nowhere"],
        1,
        "error: wamp.error.no_such_realm: there is no realm \"nowhere\"\n  the realm is \"nowhere\": --realm chooses another one\n",
    );
    check(
        &server,
        &["call", "a.b", "--url", "ws://127.0.0.1:1/ws"],
        3,
        "serverwamp: no connection to ws://127.0.0.1:1/ws: Connection refused (os error 111): start the router, or check the port\n  serverwamp doctor ws://127.0.0.1:1/ws looks at each step\n",
    );
}

#[track_caller]
fn check(server: &serverwamp_conformance::ServerProcess, arguments: &[&str], status: i32, said: &str) {
    let finished = output::run(&mut shell(Some(server), arguments), PATIENCE).expect("it ends by itself");
    assert_eq!((&*finished.stderr, &*finished.stdout), (said, ""), "{arguments:?}");
    assert_eq!(finished.status.code(), Some(status), "{arguments:?}");
}
