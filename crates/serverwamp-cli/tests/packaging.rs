//! The units for systemd: that systemd reads them, and how much they take away from the program.
//!
//! `systemd-analyze` comes with systemd. Where it is missing, the test says so and is no failure, except with
//! `SERVERWAMP_REQUIRE_INTEROP=1`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serverwamp_conformance::output::{self, Finished};
use serverwamp_conformance::{binary, interop};

/// The exposure that the service may have by the reckoning of `systemd-analyze security`, in tenths: from 0, best, to 100. What
/// is left is the network, local sockets, the root directory, and the priority of the threads that compute hashes.
const EXPOSURE: u32 = 13;

fn units() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/systemd")
}

/// Runs `systemd-analyze`, if it is there.
fn analyze(arguments: &[&str]) -> Option<Finished> {
    let mut command = Command::new("systemd-analyze");
    command.env("SYSTEMD_COLORS", "0").env("SYSTEMD_PAGER", "").args(arguments);
    match output::run(&mut command, Duration::from_secs(60)) {
        Ok(finished) => Some(finished),
        Err(why) if interop::is_required() => panic!("{why}: install the package systemd"),
        Err(why) => {
            println!("1 skipped, because systemd-analyze is not there: {why}");
            None
        }
    }
}

#[test]
fn systemd_reads_the_units_without_complaint() {
    let folder = std::env::temp_dir().join(format!("serverwamp-units-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for name in ["serverwamp.service", "serverwamp.socket"] {
        let unit = fs::read_to_string(units().join(name)).unwrap();
        // The program has to be there.
        let unit = unit.replace("/usr/bin/serverwamp", binary::cli().to_str().unwrap());
        fs::write(folder.join(name), unit).unwrap();
    }
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let read = analyze(&["verify", "--man=no", &file("serverwamp.service"), &file("serverwamp.socket")]);
    if let Some(Finished { status, stdout, stderr }) = read {
        assert!(status.success() && stdout.is_empty() && stderr.is_empty(), "{status} {stdout} {stderr}");
        // What it complains about is a failure: it is asked the same about a mistake.
        fs::write(folder.join("serverwamp.service"), "[Service]\nType=nothing\nExecStart=/bin/true\n")
            .unwrap();
        let wrong = analyze(&["verify", "--man=no", &file("serverwamp.service")]).unwrap();
        assert!(!wrong.stderr.is_empty());
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_service_is_exposed_no_more_than_is_written_here() {
    let unit = units().join("serverwamp.service");
    let threshold = format!("--threshold={EXPOSURE}");
    let reckoned = analyze(&["security", "--offline=yes", "--no-pager", &threshold, unit.to_str().unwrap()]);
    if let Some(Finished { status, stdout, stderr }) = reckoned {
        assert!(stdout.contains("Overall exposure level"), "{stdout}{stderr}");
        assert!(status.success(), "{stdout}{stderr}");
    }
}
