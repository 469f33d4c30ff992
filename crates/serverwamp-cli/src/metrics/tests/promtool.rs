//! The checker that comes with Prometheus. Debian has it in the package `prometheus`.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// What it says about this input; `None`, and why on the standard output, where it is not there and need not be.
pub(super) fn promtool(arguments: &[&str], input: &str) -> Option<String> {
    let mut command = Command::new("promtool");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let reason = format!("promtool does not start: {error}; Debian has it in `prometheus`");
            assert!(std::env::var_os("SERVERWAMP_REQUIRE_INTEROP").is_none(), "{reason}");
            println!("skipped: {reason}");
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    Some(said)
}
