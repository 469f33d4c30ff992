//! The log of the program, as whoever keeps it gets it.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::output::{self, Output};
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol, binary};

const SOON: Duration = Duration::from_secs(10);

/// The lines of JSON on the standard error so far.
fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[test]
fn as_json_every_line_is_an_object_with_the_same_names() {
    let arguments = ["dev", "--listen", "127.0.0.1:0", "-vv", "--log-format", "json"];
    let server = ServerProcess::start(&binary::cli(), &arguments, &[]);
    let mut peer = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    let odd = "demo.\"two words\"\n\u{1b}[2J";
    drop(peer.call(odd, Value::Null, Value::Null, Value::Null));
    drop(peer.call("demo.fail", json!(["panic"]), Value::Null, Value::Null));
    peer.leave();
    server.wait_for_log("a session has left", SOON);
    let lines = objects(&server.stderr());
    for line in &lines {
        let names: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(names, ["fields", "level", "message", "target", "time"], "{line}");
        let time = line["time"].as_str().unwrap();
        assert!(time.len() == "2026-11-30T21:16:28.123Z".len() && time.ends_with('Z'), "{time}");
        assert!(["ERROR", "WARN", "INFO", "DEBUG"].contains(&line["level"].as_str().unwrap()));
        assert!(line["target"].as_str().unwrap().starts_with("serverwamp::"));
    }
    let find = |target: &str, message: &str| {
        let found = lines.iter().find(|line| line["target"] == target && line["message"] == message);
        found.unwrap_or_else(|| panic!("{target}: {message} in {lines:#?}"))["fields"].clone()
    };
    assert_eq!(find("serverwamp::session", "a session has joined")["realm"], "realm1");
    assert_eq!(find("serverwamp::call", "a call")["procedure"], odd, "the value itself");
    let panic = lines.iter().find(|line| line["target"] == "serverwamp::panic").expect("a panic");
    assert!(
        panic["message"].as_str().unwrap().starts_with("panicked at crates/serverwamp-cli/src/demo/"),
        "{panic}"
    );
    assert_eq!(panic["fields"]["panic"], "demo.fail was asked to panic");
}

#[test]
fn a_log_that_nobody_reads_stops_nobody() {
    let mut server = Command::new(binary::cli())
        .args(["dev", "--listen", "127.0.0.1:0", "-vvv"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = Output::collect(server.stdout.take().unwrap());
    let url = stdout.wait_for(SOON, |text| {
        let (_, rest) = text.split_once("ws://")?;
        Some(format!("ws://{}/ws", rest.split_once("/ws")?.0))
    });
    let url = url.expect("an address");
    let mut peer = RawPeer::joined(&url, Subprotocol::JSON, "realm1");
    // The pipe has 64 KiB; each call has two lines of 100 bytes and more, of which 1000 are written at once.
    let long = format!("demo.{}", "x".repeat(400));
    for _ in 0..1500 {
        assert_eq!(
            peer.call(&long, Value::Null, Value::Null, Value::Null)[4],
            "wamp.error.no_such_procedure"
        );
    }
    // A panic is told as well, and waits for nobody.
    let answer = peer.call("demo.fail", json!(["panic"]), Value::Null, Value::Null);
    assert_eq!(answer[4], "wamp.error.runtime_error");
    assert_eq!(peer.call("demo.add", json!([2, 3]), Value::Null, Value::Null)[3], json!([5]));
    // The reader goes away, and nothing happens.
    let mut unread = server.stderr.take().unwrap();
    let mut beginning = [0; 1024];
    unread.read_exact(&mut beginning).unwrap();
    drop(unread);
    drop(peer.call("demo.fail", json!(["panic"]), Value::Null, Value::Null));
    assert_eq!(peer.call("demo.add", json!([2, 3]), Value::Null, Value::Null)[3], json!([5]));
    assert!(Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    peer.expect(json!([6, "$dict", "wamp.close.system_shutdown"]));
    peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
    let ended = output::wait(&mut server, SOON);
    output::kill(&mut server);
    assert_eq!(ended.expect("it ends").code(), Some(0));
}

#[test]
fn a_program_ends_though_nobody_reads_its_log() {
    let mut server = Command::new(binary::cli())
        .args(["dev", "--listen", "127.0.0.1:0", "-vvv"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = Output::collect(server.stdout.take().unwrap());
    let url = stdout.wait_for(SOON, |text| {
        let (_, rest) = text.split_once("ws://")?;
        Some(format!("ws://{}/ws", rest.split_once("/ws")?.0))
    });
    let mut peer = RawPeer::joined(&url.expect("an address"), Subprotocol::JSON, "realm1");
    let long = format!("demo.{}", "x".repeat(400));
    for _ in 0..500 {
        drop(peer.call(&long, Value::Null, Value::Null, Value::Null));
    }
    peer.leave();
    assert!(Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    let ended = output::wait(&mut server, SOON);
    output::kill(&mut server);
    assert_eq!(ended.expect("it ends").code(), Some(0));
}

#[test]
fn a_wrong_directive_is_named_and_the_rest_goes_on() {
    let environment = [("RUST_LOG", "warn,serverwamp::sesion=info")];
    let server = ServerProcess::start(&binary::cli(), &["dev", "--listen", "127.0.0.1:0"], &environment);
    let line = server.wait_for_log("RUST_LOG cannot be parsed and is ignored", SOON);
    assert!(
        line.ends_with(
            r#"WARN serverwamp::program: RUST_LOG cannot be parsed and is ignored why="at character 6: there is no target serverwamp::sesion: write serverwamp::session""#
        ),
        "{line}"
    );
}

#[test]
fn what_ends_the_program_is_a_line_of_json_as_well() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = Command::new(binary::cli());
    command.args(["dev", "--listen", &address, "--log-format", "json"]).env("RUST_LOG", "wran");
    let finished = output::run(&mut command, SOON).unwrap();
    assert_eq!(finished.status.code(), Some(1));
    let [ignored, failed] = &*objects(&finished.stderr) else { panic!("{}", finished.stderr) };
    assert_eq!(ignored["fields"]["why"], "at character 1: \"wran\" is no level: write warn");
    assert_eq!((&failed["level"], &failed["target"]), (&"ERROR".into(), &"serverwamp::program".into()));
    let why = failed["fields"]["error"].as_str().unwrap();
    assert!(why.starts_with(&format!("{address} is in use: stop the other program")), "{why}");
}
