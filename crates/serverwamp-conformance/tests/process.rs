//! Child processes: a shell plays the server.
#![cfg(unix)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serverwamp_conformance::{ServerProcess, Signal, output};

const SOON: Duration = Duration::from_secs(5);

fn shell(script: &str) -> Result<ServerProcess, String> {
    ServerProcess::try_start(Path::new("/bin/sh"), &["-c", script], &[("GREETING", "hello there")])
}

#[test]
fn a_server_has_an_address_a_log_and_an_end() {
    let script = r#"
        trap 'echo "stopping" >&2; exit 7' TERM
        echo "some banner"; echo "  WebSocket  ws://127.0.0.1:4711/ws  json"; echo "$GREETING" >&2
        while true; do sleep 0.05; done"#;
    let mut server = shell(script).unwrap();
    assert_eq!((server.url(), server.address()), ("ws://127.0.0.1:4711/ws", "127.0.0.1:4711"));
    assert_eq!(server.wait_for_log("hello", SOON), "hello there");
    assert!(server.stdout().starts_with("some banner\n"));
    assert!(server.is_running());
    server.signal(Signal::Terminate);
    assert_eq!(server.wait_exit(SOON).code(), Some(7));
    assert!(server.log().ends_with("stopping\n"), "{}", server.log());
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let reason = shell("echo 'address in use' >&2; exit 3").unwrap_err();
    assert!(reason.contains("exit status: 3") && reason.contains("address in use"), "{reason}");
    let reason = ServerProcess::try_start(Path::new("/there/is/none"), &[], &[]).unwrap_err();
    assert!(reason.contains("cannot start /there/is/none"), "{reason}");
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_server_uses_can_be_read() {
    let server = shell("echo ws://127.0.0.1:1/ws; while true; do :; done").unwrap();
    assert!(server.resident_bytes() > 100_000);
    assert!(server.open_files() >= 3);
    let deadline = Instant::now() + SOON;
    while server.cpu_time() < Duration::from_millis(50) {
        assert!(Instant::now() < deadline, "a busy loop uses the processor");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_does_not_outlive_its_test() {
    let server =
        shell("trap '' TERM INT; echo ws://127.0.0.1:1/ws; while true; do sleep 0.05; done").unwrap();
    let directory = format!("/proc/{}", server.pid());
    assert!(Path::new(&directory).exists());
    drop(server);
    assert!(!Path::new(&directory).exists());
}

#[test]
fn a_program_that_takes_too_long_is_killed() {
    let started = Instant::now();
    let reason = output::run(
        Command::new("/bin/sh").args(["-c", "echo so far; exec sleep 60"]),
        Duration::from_millis(100),
    );
    assert!(reason.unwrap_err().contains("so far"));
    assert!(started.elapsed() < SOON);
    let finished =
        output::run(Command::new("/bin/sh").args(["-c", "echo out; echo err >&2; exit 2"]), SOON).unwrap();
    assert_eq!((finished.status.code(), &*finished.stdout, &*finished.stderr), (Some(2), "out\n", "err\n"));
}
