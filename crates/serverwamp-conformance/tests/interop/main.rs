//! Clients that others wrote, in other languages, against a server as its users start it.
//!
//! `cargo test -p serverwamp-conformance --test interop [PART OF A NAME]`. A client that cannot be had here is
//! skipped, and counted as such; with `SERVERWAMP_REQUIRE_INTEROP=1` it fails.

mod expected;
mod polling;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use expected::{
    administrated, authorizer, calls, cancel, end, history, identity, progress, read_only, refused, subscribe,
};
use polling::{address, nginx_before, polled};
use serde_json::{Value, json};
use serverwamp_conformance::client::Client;
use serverwamp_conformance::tls::Authority;
use serverwamp_conformance::{Nginx, ServerProcess, Signal, binary, difference, interop};

/// Conversations held at the same time: most of each is waiting.
const SIDE_BY_SIDE: usize = 4;

/// What a test with one client sees, in JSON as [`serverwamp_conformance::expect`] describes it.
struct Scenario {
    name: &'static str,
    server: Server,
    expected: fn(Client) -> Value,
    batched_too: bool,
    /// These clients hold it and no other.
    only: &'static [Client],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Server {
    /// `serverwamp dev`, one for all.
    Demo,
    /// `serverwamp dev`, for this test alone, which stops it.
    OwnDemo,
    /// `serverwamp serve` with an admin interface in which everybody may read and do nothing else.
    Guarded,
    /// The fixture with users in the realm `secure`.
    Fixture,
    /// The fixture, for this test alone.
    OwnFixture,
}

const fn demo(name: &'static str, expected: fn(Client) -> Value) -> Scenario {
    Scenario { name, server: Server::Demo, expected, batched_too: false, only: &[] }
}

const fn fixture(name: &'static str, expected: fn(Client) -> Value) -> Scenario {
    Scenario { name, server: Server::Fixture, expected, batched_too: false, only: &[] }
}

/// The clients that look into a server.
const TOOLS: &[Client] = &[Client::Autobahn, Client::Wampy];

const SCENARIOS: &[Scenario] = &[
    Scenario { batched_too: true, ..demo("calls", calls) },
    demo("progress", |_| progress()),
    demo("cancel", cancel),
    demo("subscribe", |_| subscribe()),
    // For clients that poll.
    demo("idle", |_| json!({ "empty_receives": true, "doubled": 42, "heard": ["awake"] })),
    Scenario { batched_too: true, ..demo("goodbye", |_| end("wamp.close.goodbye_and_out")) },
    Scenario { server: Server::OwnDemo, ..demo("shutdown", |_| end("wamp.close.system_shutdown")) },
    Scenario { only: TOOLS, ..demo("admin", |_| administrated()) },
    Scenario { only: TOOLS, server: Server::Guarded, ..demo("admin_read_only", |_| read_only()) },
    fixture("ticket", |_| identity("ticket", "joe")),
    fixture("cra", |_| identity("wampcra", "peter")),
    fixture("cra_salted", |_| identity("wampcra", "anna")),
    fixture("ticket_wrong", |_| refused("wamp.error.authentication_denied", &["ticket"])),
    fixture("cra_wrong", |_| refused("wamp.error.authentication_denied", &["wampcra"])),
    fixture("unknown_user", |_| refused("wamp.error.authentication_denied", &["ticket"])),
    fixture("no_credentials", |_| refused("$contains:wamp.error.", &[])),
    Scenario {
        server: Server::OwnFixture,
        only: &[Client::Autobahn],
        ..fixture("authorizer", |_| authorizer())
    },
    Scenario { server: Server::OwnFixture, only: &[Client::Autobahn], ..fixture("history", |_| history()) },
    fixture("unknown_realm", |_| refused("wamp.error.no_such_realm", &[])),
];

/// What carries a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    WebSocket,
    RawSocketTcp,
    RawSocketUnix,
    WebSocketTls,
    RawSocketTls,
    LongPoll,
    /// Long-polling through nginx.
    LongPollNginx,
}

impl Carrier {
    /// Those that a client speaks, beside WebSocket over TCP.
    const fn others(client: Client) -> &'static [(Self, &'static str)] {
        match client {
            Client::Autobahn => &[
                (Self::RawSocketTcp, "rawsocket"),
                (Self::RawSocketUnix, "rawsocket_unix"),
                (Self::WebSocketTls, "websocket_tls"),
                (Self::RawSocketTls, "rawsocket_tls"),
            ],
            Client::Wampy => &[],
            Client::AutobahnJs => &[(Self::LongPoll, "long_poll"), (Self::LongPollNginx, "long_poll_nginx")],
        }
    }

    /// Whether a client says this over it, to which no other client gets this way.
    fn carries(self, scenario: &Scenario, serializer: &str) -> bool {
        match self {
            Self::WebSocket => scenario.name != "idle",
            // The one client that polls speaks JSON then.
            Self::LongPoll | Self::LongPollNginx => {
                serializer == "json" && scenario.server != Server::Fixture
            }
            _ => OVER_ALL.contains(&scenario.name),
        }
    }
}

/// The scenarios that are held over every carrier.
const OVER_ALL: [&str; 4] = ["calls", "progress", "cancel", "subscribe"];

struct Test {
    name: String,
    client: Client,
    carrier: Carrier,
    serializer: &'static str,
    scenario: &'static Scenario,
}

enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for client in Client::ALL {
        for scenario in SCENARIOS.iter().filter(|one| one.only.is_empty() || one.only.contains(&client)) {
            for serializer in client.serializers() {
                let batched = serializer.ends_with(".batched");
                let here = [(Carrier::WebSocket, "")];
                for &(carrier, carrier_name) in here.iter().chain(Carrier::others(client)) {
                    let may_batch = carrier == Carrier::WebSocket && scenario.batched_too;
                    if carrier.carries(scenario, serializer) && (may_batch || !batched) {
                        let parts =
                            [client.name(), carrier_name, &serializer.replace('.', "_"), scenario.name];
                        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                        tests.push(Test { name: parts.join("_"), client, carrier, serializer, scenario });
                    }
                }
            }
        }
    }
    tests
}

/// The servers several tests share: each is started when the first test needs it, and ends with this.
#[derive(Default)]
struct Servers {
    demo: OnceLock<Result<ServerProcess, String>>,
    secure: OnceLock<Result<ServerProcess, String>>,
    fixture: OnceLock<Result<ServerProcess, String>>,
    nginx: OnceLock<Result<Nginx, String>>,
}

impl Servers {
    fn demo(&self) -> Result<&str, String> {
        self.demo.get_or_init(start_demo).as_ref().map(ServerProcess::url).map_err(Clone::clone)
    }

    /// Where the demo is reached by this carrier.
    fn demo_over(&self, carrier: Carrier) -> Result<String, String> {
        let secure = || self.secure.get_or_init(start_secure_demo).as_ref().map_err(Clone::clone);
        let raw = |url: &str| url.replacen("ws", "rs", 1).trim_end_matches("/ws").to_owned();
        Ok(match carrier {
            Carrier::WebSocket => self.demo()?.to_owned(),
            Carrier::RawSocketTcp => raw(self.demo()?),
            Carrier::RawSocketUnix => {
                self.demo()?;
                format!("rs://unix:{}", unix_socket().display())
            }
            Carrier::WebSocketTls => secure()?.url().to_owned(),
            Carrier::RawSocketTls => raw(secure()?.url()),
            Carrier::LongPoll => polled(address(self.demo()?)),
            Carrier::LongPollNginx => {
                let demo = address(self.demo()?);
                let nginx = self.nginx.get_or_init(|| nginx_before(demo)).as_ref().map_err(Clone::clone)?;
                polled(nginx.address())
            }
        })
    }

    fn fixture(&self) -> Result<&str, String> {
        self.fixture.get_or_init(start_fixture).as_ref().map(ServerProcess::url).map_err(Clone::clone)
    }
}

fn start_demo() -> Result<ServerProcess, String> {
    let unix = unix_socket();
    let unix = unix.to_str().ok_or("the directory for temporary files has a strange name")?;
    ServerProcess::try_start(&binary::cli(), &["dev", "--listen", "127.0.0.1:0", "--unix", unix], &[])
}

/// A demo for this test alone, which stops it.
fn start_own_demo() -> Result<ServerProcess, String> {
    ServerProcess::try_start(&binary::cli(), &["dev", "--listen", "127.0.0.1:0"], &[])
}

/// The configuration of a server with an admin interface.
const GUARDED: &str = r#"
[[listen]]
address = "127.0.0.1:0"
[[realm]]
name = "realm1"
auth = [{ anonymous = {} }]
[admin]
auth = [{ anonymous = { role = "reader" } }]
role = { reader = ["read"] }
"#;

/// A server with an admin interface for one test alone. Several start at a time, each from a file of its own.
fn start_guarded() -> Result<ServerProcess, String> {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let file = own_path(&format!("guarded-{number}.toml"));
    std::fs::write(&file, GUARDED).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let path = file.to_str().ok_or("the directory for temporary files has a strange name")?;
    let started = ServerProcess::try_serve(&binary::cli(), path);
    drop(std::fs::remove_file(&file));
    started
}

fn start_secure_demo() -> Result<ServerProcess, String> {
    let directory = own_path("tls");
    let authority = Authority::new("interop");
    let (certificate, key) = authority
        .issue(&["127.0.0.1"])
        .write(&directory)
        .and_then(|files| std::fs::write(authority_file(), authority.certificate()).map(|()| files))
        .map_err(|error| error.to_string())?;
    let [certificate, key] = [certificate, key].map(|path| path.display().to_string());
    let arguments = ["dev", "--listen", "127.0.0.1:0", "--tls-certificates", &certificate, "--tls-key", &key];
    ServerProcess::try_start(&binary::cli(), &arguments, &[])
}

/// A path of this process among the files for a while.
fn own_path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("serverwamp-interop-{}-{name}", std::process::id()))
}

fn unix_socket() -> PathBuf {
    own_path("socket")
}

fn authority_file() -> PathBuf {
    own_path("tls").join("authority.pem")
}

fn start_fixture() -> Result<ServerProcess, String> {
    ServerProcess::try_start(&binary::fixture(), &[], &[])
}

fn hold(test: &Test, servers: &Servers) -> Result<(), String> {
    let scenario = test.scenario;
    let converse =
        |url: &str| test.client.start_trusting(&authority_file(), url, test.serializer, scenario.name);
    let summary = match scenario.server {
        Server::Demo => converse(&servers.demo_over(test.carrier)?)?.finish()?,
        Server::Fixture => converse(servers.fixture()?)?.finish()?,
        Server::Guarded => converse(start_guarded()?.url())?.finish()?,
        Server::OwnFixture => converse(start_fixture()?.url())?.finish()?,
        Server::OwnDemo => {
            let mut server = start_own_demo()?;
            let (url, _nginx) = polling::own(test.carrier, &server)?;
            let conversation = converse(&url)?;
            conversation.wait_until_ready()?;
            server.signal(Signal::Terminate);
            let summary = conversation.finish()?;
            let status = server.wait_exit(Duration::from_secs(10));
            if !status.success() {
                return Err(format!("the server ended with {status}; it wrote:\n{}", server.log()));
            }
            summary
        }
    };
    let mut expected = (scenario.expected)(test.client);
    expected["subprotocol"] = format!("wamp.2.{}", test.serializer).into();
    let found = difference(&expected, &summary);
    if found.is_empty() { Ok(()) } else { Err(format!("{}\nall it saw: {summary}", found.join("\n"))) }
}

fn run(test: &Test, servers: &Servers) -> Outcome {
    let nginx = if test.carrier == Carrier::LongPollNginx { Nginx::prepare() } else { Ok(()) };
    if let Err(reason) = test.client.prepare().and(nginx) {
        return if interop::is_required() { Outcome::Failed(reason) } else { Outcome::Skipped(reason) };
    }
    match catch_unwind(AssertUnwindSafe(|| hold(test, servers))) {
        Ok(Ok(())) => Outcome::Passed,
        Ok(Err(reason)) => Outcome::Failed(reason),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Outcome::Failed(said.unwrap_or_else(|| "it panicked".to_owned()))
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let all = tests();
    let count = all.len();
    let chosen: VecDeque<Test> =
        all.into_iter().filter(|test| filter.is_none_or(|part| test.name.contains(part.as_str()))).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        for test in &chosen {
            println!("{}: test", test.name);
        }
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", chosen.len());
    let filtered = count - chosen.len();
    let outcomes = run_all(chosen);
    drop(std::fs::remove_dir_all(own_path("tls")));
    finish(&outcomes, filtered)
}

fn run_all(tests: VecDeque<Test>) -> Vec<(String, Outcome)> {
    let waiting = Mutex::new(tests);
    let outcomes = Mutex::new(Vec::new());
    let servers = Servers::default();
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(test) = next(&waiting) {
                    let outcome = run(&test, &servers);
                    match &outcome {
                        Outcome::Passed => println!("test {} ... ok", test.name),
                        Outcome::Failed(_) => println!("test {} ... FAILED", test.name),
                        Outcome::Skipped(reason) => println!("test {} ... skipped: {reason}", test.name),
                    }
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner).push((test.name, outcome));
                }
            });
        }
    });
    outcomes.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn next(waiting: &Mutex<VecDeque<Test>>) -> Option<Test> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

fn finish(outcomes: &[(String, Outcome)], filtered: usize) -> ExitCode {
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (name, outcome) in outcomes {
        match outcome {
            Outcome::Passed => passed += 1,
            Outcome::Skipped(_) => skipped += 1,
            Outcome::Failed(reason) => {
                failed += 1;
                println!("\n---- {name} ----\n{reason}");
            }
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {verdict}. {passed} passed; {failed} failed; {skipped} skipped; {filtered} filtered out\n"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
