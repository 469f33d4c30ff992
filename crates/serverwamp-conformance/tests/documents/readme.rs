//! The programs of README.md, which the build script took from there, and the page beside them.

use crate::{blocks, can_be_had, document};
use serde_json::json;
use serverwamp_conformance::client::Client;
use serverwamp_conformance::{Connect, DEADLINE, ServerProcess, Signal, Subprotocol, interop, output};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What a browser has and Node.js has not.
const BROWSER: &str = "import './autobahnjs_browser.mjs';\n";

/// What a page does not do and a test has to: leave when it has seen enough.
const LEAVE: &str = "
const log = console.log;
let lines = 0;
console.log = (...words) => { log(...words); if (++lines === 2) { connection.close(); } };
";

#[test]
fn the_program_of_the_readme_and_its_page_meet() {
    if !can_be_had(Client::AutobahnJs) {
        return;
    }
    let mut server = ServerProcess::start(Path::new(env!("CARGO_BIN_EXE_readme")), &[], &[]);
    let readme = document("README.md");
    let [page] = &blocks(&readme, "```js")[..] else { panic!("README.md has one block of JavaScript") };
    assert!(page.lines().count() <= 12, "it is to be read at a glance:\n{page}");
    let here = page.replace("ws://127.0.0.1:8080/ws", server.url());
    assert_ne!(page, &here, "the page connects to the program above it");
    let script = interop::node().expect("prepared").join(format!("readme-{}.mjs", std::process::id()));
    std::fs::write(&script, format!("{BROWSER}{here}{LEAVE}")).expect("target can be written");
    let seen = output::run(Command::new("node").arg(&script), Duration::from_secs(30));
    std::fs::remove_file(&script).expect("it was written");
    let seen = seen.unwrap_or_else(|why| panic!("{why}\n{}", server.log()));
    assert_eq!(seen.stdout, "2 + 3 = 5\nada: hello\n", "{}", seen.stderr);
    assert!(seen.status.success(), "{}", seen.stderr);
    server.signal(Signal::Terminate);
    assert!(server.wait_exit(DEADLINE).success(), "{}", server.log());
}

#[test]
fn only_logged_in_users_join_the_changed_program_of_the_readme() {
    let server = ServerProcess::start(Path::new(env!("CARGO_BIN_EXE_readme_logged_in")), &[], &[]);
    let hello = json!([1, "realm1", { "roles": { "caller": {} } }]);
    let connect = || Connect::to(server.url()).subprotocol(Subprotocol::JSON);
    for stranger in [connect(), connect().header("Cookie", "session=guessed")] {
        let mut peer = stranger.open().expect("the handshake tells nobody apart");
        peer.send(hello.clone());
        peer.expect(json!([3, "$dict", "$contains:wamp.error."]));
    }
    let mut ada = connect().header("Cookie", "session=7f3c9a51d2").open().expect("a page of the web site");
    ada.send(hello);
    ada.expect(json!([2, "$id", { "$has": { "authid": "ada", "authrole": "member" } }]));
    ada.send(json!([48, 1, {}, "math.add", [2, 3]]));
    ada.expect(json!([50, 1, {}, [5]]));
}
