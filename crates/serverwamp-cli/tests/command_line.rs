//! The `serverwamp` program as a person meets it: what it prints, what it serves, how it ends.

#![expect(clippy::disallowed_methods, reason = "what drives a program from outside has a clock of its own")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::output::{self, Finished};
use serverwamp_conformance::{RawPeer, ServerProcess, Signal, Subprotocol, binary};

const SOON: Duration = Duration::from_secs(5);

fn start(arguments: &[&str]) -> ServerProcess {
    ServerProcess::start(&binary::cli(), arguments, &[])
}

fn demo() -> ServerProcess {
    start(&["dev", "--listen", "127.0.0.1:0"])
}

fn joined(server: &ServerProcess) -> RawPeer {
    RawPeer::joined(server.url(), Subprotocol::JSON, "realm1")
}

fn run(arguments: &[&str]) -> Finished {
    output::run(Command::new(binary::cli()).args(arguments), SOON).expect("it ends by itself")
}

/// Requires that the program says this in one line on its standard error, and ends with that status.
#[track_caller]
fn fails(arguments: &[&str], status: i32, said: &str) {
    let finished = run(arguments);
    assert_eq!(finished.stderr, format!("serverwamp: {said}\n"), "{arguments:?}");
    assert_eq!((finished.status.code(), &*finished.stdout), (Some(status), ""), "{arguments:?}");
}

// What it prints.

#[test]
fn the_banner_says_where_it_is_and_what_to_type_next() {
    let server = demo();
    let url = server.url();
    server.wait_for_log("Stop", SOON);
    let banner = server.stdout();
    let token =
        banner.split_once("#token=").and_then(|(_, rest)| rest.split_once('\n')).map(|(token, _)| token);
    let token = token.filter(|token| token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let token = token.unwrap_or_else(|| panic!("no token: {banner}"));
    let expected = format!(
        "
  serverwamp {version}   DEV MODE: anonymous, realm realm1, loopback only
  WebSocket  {url}   json msgpack cbor, each also batched
  RawSocket  rs://{address}   json msgpack cbor, on the same port
  Long-poll  http://{address}/lp   for proxies that break WebSockets
  Console    http://{address}/console/#token={token}
  Demo       call demo.add  demo.countdown  demo.slow  demo.fail   subscribe demo.clock
  Try        cargo run -q -- call demo.add 2 3 --url {url}
             cargo run -q -- call demo.countdown from=3 --progress --url {url}
             cargo run -q -- subscribe demo.clock --url {url}
  Stop       Ctrl-C says GOODBYE to every session; once more stops at once

",
        version = env!("CARGO_PKG_VERSION"),
        address = server.address(),
    );
    assert_eq!((server.stdout(), server.stderr()), (expected, String::new()));
}

#[test]
fn every_serializer_of_the_banner_is_spoken() {
    let server = demo();
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        peer.send(json!([48, 1, {}, "demo.add", [2, 3]]));
        peer.expect(json!([50, 1, {}, [5]]));
        peer.leave();
    }
}

/// `cargo run` builds the workspace's default members and starts the only program among them.
#[test]
fn cargo_run_starts_it() {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let finished = output::run(&mut cargo, Duration::from_secs(60)).unwrap();
    let metadata: Value = serde_json::from_str(&finished.stdout).expect(&finished.stderr);
    let mut defaults = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        if metadata["workspace_default_members"].as_array().unwrap().contains(&package["id"]) {
            let targets = package["targets"].as_array().unwrap().iter();
            let programs = targets.filter(|target| target["kind"] == json!(["bin"]));
            defaults.extend(programs.map(|program| program["name"].clone()));
        }
    }
    assert_eq!(defaults, ["serverwamp"]);
}

#[test]
fn version_and_help_are_no_failures() {
    let version = run(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    assert_eq!(version.stdout, format!("serverwamp {}\n", env!("CARGO_PKG_VERSION")));
    for arguments in [&["--help"][..], &["dev", "--help"], &["-h"]] {
        let help = run(arguments);
        assert_eq!((help.status.code(), &*help.stderr), (Some(0), ""), "{arguments:?}");
        for part in ["--listen <ADDR:PORT>", "[default: 127.0.0.1:8080]", "--insecure", "--verbose"] {
            assert!(help.stdout.contains(part), "{arguments:?}: {}", help.stdout);
        }
    }
}

#[test]
fn logs_are_on_the_standard_error_refusals_by_default_and_more_on_demand() {
    let (joins, calls, refusals) =
        ("a session has joined", "a call is answered", "reason=protocol_violations");
    for (arguments, environment, told, untold) in [
        (&["--listen", "127.0.0.1:0"][..], &[][..], &[refusals][..], &["INFO", "DEBUG"][..]),
        (&["--listen", "127.0.0.1:0", "-v"], &[], &[joins, "a session has left", refusals], &["DEBUG"]),
        (&["--listen", "127.0.0.1:0", "-vv"], &[], &[joins, calls, refusals], &[]),
        (&["--listen", "127.0.0.1:0"], &[("RUST_LOG", "trace")], &[joins, calls, refusals], &[]),
        (
            &["--listen", "127.0.0.1:0"],
            &[("RUST_LOG", "serverwamp::call=debug")],
            &[calls],
            &[joins, refusals],
        ),
        (&["--listen", "127.0.0.1:0", "-vv"], &[("RUST_LOG", "off")], &[], &["serverwamp"]),
    ] {
        let mut server = ServerProcess::start(&binary::cli(), arguments, environment);
        let mut peer = joined(&server);
        peer.send(json!([48, 1, {}, "demo.add", [2, 3]]));
        peer.expect(json!([50, 1, {}, [5]]));
        assert!(!server.stderr().contains("WARN"), "nothing is refused yet: {}", server.stderr());
        peer.send(json!([1, "realm1", {}]));
        peer.expect_violation("");
        for part in told {
            server.wait_for_log(part, SOON);
        }
        server.signal(Signal::Terminate);
        server.wait_exit(SOON);
        for part in untold {
            assert!(!server.stderr().contains(part), "{arguments:?} {environment:?}: {}", server.stderr());
        }
        assert!(!server.stdout().contains("DEBUG"), "{}", server.stdout());
    }
    let server = ServerProcess::start(&binary::cli(), &["--listen", "127.0.0.1:0"], &[("RUST_LOG", "a=b=c")]);
    server.wait_for_log("RUST_LOG cannot be parsed", SOON);
}

// Where it listens.

#[test]
fn the_address_is_chosen_with_and_without_the_command() {
    for arguments in [
        &["--listen", "127.0.0.1:0"][..],
        &["dev", "--listen", "127.0.0.1:0"],
        &["--listen=127.0.0.1:0", "dev"],
    ] {
        let server = start(arguments);
        assert!(server.url().starts_with("ws://127.0.0.1:"), "{}", server.url());
        assert!(!server.url().ends_with(":0/ws"), "{}", server.url());
        joined(&server).leave();
    }
}

#[test]
fn localhost_is_both_loopbacks_at_one_port() {
    let server = start(&["--listen", "localhost:0"]);
    let port = server.address().rsplit(':').next().unwrap().to_owned();
    server.wait_for_log(&format!("[::1]:{port}"), SOON);
    for host in ["127.0.0.1", "[::1]"] {
        RawPeer::joined(&format!("ws://{host}:{port}/ws"), Subprotocol::JSON, "realm1").leave();
    }
}

/// A path for a socket of this test.
fn socket(name: &str) -> String {
    let path = std::env::temp_dir().join(format!("serverwamp-cli-{name}-{}", std::process::id()));
    path.to_str().expect("a path of ours is UTF-8").to_owned()
}

/// What is answered to a request over a Unix socket, as far as it comes at once.
fn over_unix(path: &str, request: &str) -> String {
    let mut stream = UnixStream::connect(path).expect("the socket is there");
    stream.set_read_timeout(Some(SOON)).expect("a socket has a timeout");
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut answer = [0; 4096];
    let read = stream.read(&mut answer).expect("the server answers");
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn a_unix_socket_stays_reachable_when_its_second_server_starts_before_the_first_is_over() {
    let path = socket("successor");
    let arguments = ["--listen", "127.0.0.1:0", "--unix", &path];
    let mut first = start(&arguments);
    let said = format!("{path} is in use: stop the other program or choose another path with --unix");
    fails(&arguments, 1, &said);
    let mut peer = joined(&first);
    first.signal(Signal::Terminate);
    peer.find("GOODBYE", SOON, |message| message[0] == 6);
    // The peer does not answer, so the first one drains.
    first.wait_for_log("waiting for 1 session to end", SOON);
    let mut second = start(&arguments);
    assert!(first.is_running());
    assert!(over_unix(&path, HEALTH).starts_with("HTTP/1.1 200"));
    first.signal(Signal::Interrupt);
    assert_eq!(first.wait_exit(SOON).code(), Some(0));
    assert!(
        over_unix(&path, HEALTH).starts_with("HTTP/1.1 200"),
        "the first one has removed the second's socket"
    );
    second.signal(Signal::Terminate);
    assert_eq!(second.wait_exit(SOON).code(), Some(0));
    assert!(!std::path::Path::new(&path).exists());
}

#[test]
fn a_unix_socket_has_the_mode_it_was_given_and_speaks_websocket() {
    let path = socket("mode");
    let _server = start(&["--listen", "127.0.0.1:0", "--unix", &path, "--unix-mode", "600"]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let upgrade = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n";
    let answer = over_unix(&path, upgrade);
    assert!(answer.starts_with("HTTP/1.1 101") && answer.contains("wamp.2.json"), "{answer}");
    fails(
        &["--unix", &path, "--unix-mode", "rw"],
        2,
        "--unix-mode \"rw\": a mode has three octal digits, write 660 for owner and group; see serverwamp --help",
    );
    fails(&["--unix-mode", "600"], 2, "--unix is missing: --unix-mode is the mode of its file");
}

#[test]
fn a_person_and_a_load_balancer_get_200() {
    let server = demo();
    let get = |path: &str| {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.address())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let page = get("/");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for part in [
        "This is a WAMP server",
        "/ws  WebSocket",
        "/lp  long-polling",
        "/console/  the web console",
        "/health  ",
    ] {
        assert!(page.contains(part), "{part:?} in {page}");
    }
    let health = get("/health");
    assert!(health.starts_with("HTTP/1.1 200") && health.ends_with("\r\n\r\nok\n"), "{health}");
    assert!(get("/other").starts_with("HTTP/1.1 404"));
}

#[test]
fn another_address_than_loopback_needs_insecure() {
    let said = "0.0.0.0:8123 can be reached from other machines, and this server lets everybody in: \
                listen at 127.0.0.1:8123, or add --insecure if you mean it";
    fails(&["--listen", "0.0.0.0:8123"], 2, said);
    fails(&["dev", "--listen", "[::]:8123"], 2, &said.replace("0.0.0.0:8123 can", "[::]:8123 can"));
    let server = start(&["--listen", "0.0.0.0:0", "--insecure"]);
    let warning = server.wait_for_log("WARNING", SOON);
    assert!(warning.contains("everybody who reaches 0.0.0.0:"), "{warning}");
    assert!(server.stdout().contains("NOT loopback only"), "{}", server.stdout());
    let port = server.address().rsplit(':').next().unwrap().to_owned();
    assert!(server.stdout().contains(&format!("--url ws://127.0.0.1:{port}/ws")), "{}", server.stdout());
    RawPeer::joined(&format!("ws://127.0.0.1:{port}/ws"), Subprotocol::JSON, "realm1").leave();
    // On loopback it changes nothing.
    let server = start(&["--listen", "127.0.0.1:0", "--insecure"]);
    assert!(!server.stdout().contains("WARNING"), "{}", server.stdout());
}

#[test]
fn a_port_in_use_is_one_line_that_says_what_to_do() {
    let server = demo();
    let address = server.address();
    let next = address.rsplit(':').next().unwrap().parse::<u16>().unwrap().checked_add(1).unwrap_or(8080);
    fails(
        &["--listen", address],
        1,
        &format!(
            "{address} is in use: stop the other program or choose another address with --listen 127.0.0.1:{next}"
        ),
    );
}

#[test]
fn of_two_loopbacks_the_one_whose_port_is_in_use_is_named() {
    let server = start(&["--listen", "[::1]:0"]);
    let port: u16 = server.address().rsplit(':').next().unwrap().parse().unwrap();
    let next = port.checked_add(1).unwrap_or(8080);
    fails(
        &["--listen", &format!("localhost:{port}")],
        1,
        &format!(
            "[::1]:{port} is in use: stop the other program or choose another address with --listen localhost:{next}"
        ),
    );
}

#[test]
fn an_address_of_another_machine_is_one_line_that_says_what_to_do() {
    let said =
        "192.0.2.1 is not an address of this machine: choose one that is, such as --listen 127.0.0.1:99";
    fails(&["--listen", "192.0.2.1:99", "--insecure"], 1, said);
}

#[test]
fn a_command_line_that_is_not_understood_is_one_line_that_says_what_to_write() {
    for (arguments, said) in [
        (&["--listen", "9000"][..], "--listen \"9000\": the address is missing, write 127.0.0.1:9000"),
        (
            &["--listen", "example.com:80"],
            "--listen \"example.com:80\": \"example.com\" is not an IP address, write one, such as 127.0.0.1:80",
        ),
        (
            &["dev", "--listen", "127.0.0.1:http"],
            "--listen \"127.0.0.1:http\": \"http\" is not a port, write a number from 0 to 65535",
        ),
        (&["--listen"], "--listen needs a value: --listen <ADDR:PORT>; see serverwamp --help"),
        (&["--lisen", "127.0.0.1:0"], "unknown option --lisen; did you mean --listen?"),
        (&["dev", "--nonsense"], "unknown option --nonsense; see serverwamp help dev"),
        (&["srve"], "unknown command \"srve\"; did you mean serve?"),
        (&["start", "--listen", "127.0.0.1:0"], "unknown command \"start\"; write serverwamp dev"),
        (&["help", "--help"], "unknown command \"--help\"; write serverwamp help or serverwamp dev --help"),
        (&["nonsense"], "unknown command \"nonsense\"; see serverwamp --help"),
        (
            &["--port", "9000"],
            "unknown option --port; the port is part of the address: --listen 127.0.0.1:PORT",
        ),
        (
            &["--listen", "ws://127.0.0.1:9000/ws"],
            "--listen \"ws://127.0.0.1:9000/ws\": an address has no scheme and no path, write 127.0.0.1:9000",
        ),
    ] {
        fails(arguments, 2, said);
    }
}

// How it ends.

#[test]
fn sigint_and_sigterm_say_goodbye_and_end_in_good_order() {
    for signal in [Signal::Interrupt, Signal::Terminate] {
        let mut server = demo();
        let mut peer = joined(&server);
        server.signal(signal);
        peer.expect(json!([6, "$dict", "wamp.close.system_shutdown"]));
        peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
        peer.expect_closed();
        assert_eq!(server.wait_exit(SOON).code(), Some(0), "{signal:?}");
        let output = server.stdout();
        assert!(output.ends_with("\n\nserverwamp has stopped; 1 session got GOODBYE\n"), "{output}");
        assert_eq!(server.stderr(), "");
    }
}

#[test]
fn before_a_restart_calls_are_answered_and_clients_are_left_to_come_back() {
    let mut server = start(&["dev", "--listen", "127.0.0.1:0", "--restart"]);
    let (mut caller, mut idle) = (joined(&server), joined(&server));
    let call = caller.start_call("demo.slow", json!([0.5]), Value::Null, Value::Null);
    // The answer to a later call shows that this one has begun.
    caller.call("demo.add", json!([2, 3]), Value::Null, Value::Null);
    server.signal(Signal::Terminate);
    assert_eq!(idle.expect_closed(), Some(1012));
    assert_eq!(caller.final_answer(call)[3], json!(["done"]));
    assert_eq!(caller.expect_closed(), Some(1012));
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
    let output = server.stdout();
    assert!(output.ends_with("\nserverwamp has stopped; 2 sessions may come back\n"), "{output}");
}

#[test]
fn sighup_does_not_end_it() {
    let server = demo();
    let mut peer = joined(&server);
    server.signal(Signal::Hangup);
    let answer = peer.call("demo.add", json!([2, 3]), Value::Null, Value::Null);
    assert_eq!(answer[3], json!([5]));
    joined(&server).leave();
}

#[test]
fn a_server_without_sessions_ends_at_once() {
    let mut server = demo();
    let started = Instant::now();
    server.signal(Signal::Terminate);
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn nobody_new_is_let_in_while_it_stops_and_a_second_signal_ends_it() {
    let mut server = demo();
    let mut peer = joined(&server);
    peer.start_call("demo.slow", json!([60]), Value::Null, Value::Null);
    server.signal(Signal::Terminate);
    // The call is not answered yet: the server waits for it, and says so.
    server.wait_for_log("waiting for 1 session to end, 10 s at the most", SOON);
    assert!(TcpStream::connect(server.address()).is_err());
    assert!(server.is_running());
    server.signal(Signal::Interrupt);
    assert_eq!(server.wait_exit(Duration::from_secs(2)).code(), Some(0));
    assert!(server.stdout().ends_with("stopped at once, without waiting for its sessions\n"));
}

// What it serves.

fn invalid(answer: &Value, parts: &[&str]) {
    assert_eq!(answer[4], "wamp.error.invalid_argument", "{answer}");
    let text = answer[5][0].as_str().unwrap_or_default();
    for part in parts {
        assert!(text.contains(part), "{part:?} in {answer}");
    }
}

#[test]
fn demo_add_takes_arguments_by_position_and_by_name() {
    let server = demo();
    let mut peer = joined(&server);
    for (args, kwargs, sum) in [
        (json!([2, 3]), Value::Null, 5),
        (Value::Null, json!({ "a": 2, "b": 3 }), 5),
        (json!([2]), json!({ "b": 40 }), 42),
    ] {
        assert_eq!(peer.call("demo.add", args, kwargs, Value::Null)[3], json!([sum]));
    }
    invalid(&peer.call("demo.add", json!(["two", 3]), Value::Null, Value::Null), &["`a`", "two"]);
    invalid(&peer.call("demo.add", json!([2]), Value::Null, Value::Null), &["`b`"]);
    invalid(&peer.call("demo.add", json!([i64::MAX, 1]), Value::Null, Value::Null), &["64 bits"]);
    let unknown = peer.call("demo.ad", json!([2, 3]), Value::Null, Value::Null);
    assert_eq!(unknown[4], "wamp.error.no_such_procedure");
}

#[test]
fn demo_countdown_reports_progress_to_whoever_asked() {
    let server = demo();
    let mut peer = joined(&server);
    let kwargs = json!({ "from": 3, "interval_ms": 1 });
    let (progress, answer) = peer.call_with_progress("demo.countdown", Value::Null, kwargs);
    let numbers: Vec<&Value> = progress.iter().map(|message| &message[3][0]).collect();
    assert_eq!((numbers, &answer[3]), (vec![&json!(3), &json!(2), &json!(1)], &json!(["liftoff"])));
    let answer = peer.call("demo.countdown", json!([1000, 0]), Value::Null, Value::Null);
    assert_eq!(answer[3], json!(["liftoff"]));
    peer.expect_silence_until_fence();
    let answer = peer.call("demo.countdown", json!([1001]), Value::Null, Value::Null);
    invalid(&answer, &["`from`", "from 0 to 1000", "1001"]);
    let answer = peer.call("demo.countdown", json!([1, 60_001]), Value::Null, Value::Null);
    invalid(&answer, &["`interval_ms`", "60001"]);
    let answer = peer.call("demo.countdown", json!([-1]), Value::Null, Value::Null);
    invalid(&answer, &["`from`"]);
}

#[test]
fn demo_countdown_takes_its_time_by_default() {
    let server = demo();
    let mut peer = joined(&server);
    let started = Instant::now();
    let (progress, _) = peer.call_with_progress("demo.countdown", Value::Null, json!({ "from": 1 }));
    assert_eq!(progress.len(), 1);
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[test]
fn demo_slow_can_be_canceled() {
    let server = demo();
    let mut peer = joined(&server);
    let answer = peer.call("demo.slow", json!([0.01]), Value::Null, Value::Null);
    assert_eq!(answer[3], json!(["done"]));
    for mode in ["skip", "kill", "killnowait"] {
        let call = peer.start_call("demo.slow", Value::Null, Value::Null, Value::Null);
        peer.send(json!([49, call, { "mode": mode }]));
        peer.expect(json!([8, 48, call, "$dict", "wamp.error.canceled"]));
    }
    let call = peer.start_call("demo.slow", Value::Null, Value::Null, json!({ "timeout": 10 }));
    assert_eq!(peer.final_answer(call)[4], "wamp.error.timeout");
    let answer = peer.call("demo.slow", json!([-1]), Value::Null, Value::Null);
    invalid(&answer, &["`seconds`", "from 0 to 3600", "-1"]);
}

#[test]
fn of_many_panics_a_few_are_told() {
    let server = demo();
    let mut peer = joined(&server);
    for _ in 0..300 {
        let answer = peer.call("demo.fail", json!(["panic"]), Value::Null, Value::Null);
        assert_eq!(answer[4], "wamp.error.runtime_error");
    }
    let told = server.stderr().matches("panicked at").count();
    assert!((10..100).contains(&told), "{told} panics are told");
}

#[test]
fn demo_fail_fails_with_an_error_or_a_bug() {
    let server = demo();
    let mut peer = joined(&server);
    let call = peer.start_call("demo.fail", Value::Null, Value::Null, Value::Null);
    peer.expect(json!([8, 48, call, {}, "demo.error.failed", ["$string"], { "hint": "$string" }]));
    let call = peer.start_call("demo.fail", json!(["panic"]), Value::Null, Value::Null);
    let answer = peer.expect(json!([8, 48, call, {}, "wamp.error.runtime_error", ["$string"]]));
    let text = answer[5][0].as_str().unwrap();
    let id = text.rsplit(' ').next().unwrap();
    let line = server.wait_for_log(id, SOON);
    assert!(line.contains("demo.fail was asked to panic"), "{line}");
    let answer = peer.call("demo.fail", json!(["surprise"]), Value::Null, Value::Null);
    invalid(&answer, &["surprise", "error", "panic"]);
    assert_eq!(peer.call("demo.add", json!([1, 1]), Value::Null, Value::Null)[3], json!([2]));
}

#[test]
fn demo_clock_ticks_once_a_second() {
    let server = demo();
    let mut peer = joined(&server);
    let subscription = peer.subscribe("demo.clock", Value::Null);
    let mut times = Vec::new();
    for _ in 0..3 {
        let tick = json!({ "now": "$int", "iso": "$string" });
        let event = peer.expect(json!([36, subscription, "$id", {}, [], tick]));
        let iso = event[5]["iso"].as_str().unwrap();
        assert!(iso.len() == 24 && iso.ends_with('Z'), "{iso}");
        times.push(event[5]["now"].as_u64().unwrap());
    }
    for pair in times.windows(2) {
        assert!((500..1500).contains(&(pair[1] - pair[0])), "{times:?}");
    }
}

// Tokens.

/// Runs `serverwamp token check` with a token on its standard input.
fn check_token(arguments: &[&str], token: &str) -> Finished {
    let mut command = Command::new("sh");
    command
        .args(["-c", "printf %s \"$TOKEN\" | \"$0\" token check \"$@\""])
        .arg(binary::cli())
        .args(arguments);
    output::run(command.env("TOKEN", token), SOON).expect("it ends by itself")
}

#[test]
fn a_token_that_was_made_is_accepted_and_others_are_not() {
    let path =
        |name: &str| std::env::temp_dir().join(format!("serverwamp-token-{}-{name}", std::process::id()));
    let write = |name: &str, contents: &str| {
        let path = path(name);
        std::fs::write(&path, contents).expect("a file");
        path.to_str().expect("a path of ASCII").to_owned()
    };
    let secret = write("secret", "a secret that has more than 32 bytes\n");
    let make = [
        "token",
        "make",
        "--key",
        &secret,
        "--subject",
        "joe",
        "--audience",
        "chat",
        "--claim",
        "role=\"admin\"",
    ];
    let made = run(&make);
    assert!(made.status.success(), "{}", made.stderr);
    let token = made.stdout.trim_end();
    let accepted = check_token(&["--secret", &secret, "--audience", "chat"], token);
    assert!(
        accepted.stdout.starts_with("accepted: authid joe, role authenticated\n"),
        "{}{}",
        accepted.stdout,
        accepted.stderr
    );
    assert!(accepted.stdout.contains("\"role\":\"admin\""), "{}", accepted.stdout);
    for (arguments, token, why) in [
        (&["--audience", "mail"][..], token.to_owned(), "the claim \"aud\" names others"),
        (&["--audience", "chat"], format!("{token}A"), "the signature is that of no key"),
        (&["--audience", "chat"], "abc".to_owned(), "the token has 1 parts, expected 3"),
    ] {
        let refused = check_token(&[&["--secret", &secret], arguments].concat(), &token);
        assert_eq!(refused.stderr, format!("serverwamp: the token is refused: {why}\n"));
        assert_eq!(refused.status.code(), Some(1));
    }
    let short = write("short", "short");
    let said = format!(
        "--key: {short} cannot be used: the secret has 5 bytes, expected at least 32: `openssl rand -hex 32` makes one"
    );
    fails(&["token", "make", "--key", &short, "--subject", "joe"], 1, &said);
    fails(&["token", "make", "--subject", "joe"], 2, "--key is missing; see serverwamp help token make");
    let empty = check_token(&["--secret", &secret], "\n");
    assert_eq!(empty.stderr, "serverwamp: no token on the standard input: it is empty\n");
    for path in [secret, short] {
        std::fs::remove_file(path).expect("it is there");
    }
}
