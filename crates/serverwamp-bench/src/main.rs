//! `cargo run --release -p serverwamp-bench` prints one table; `--help` says what else it can do.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    serverwamp_bench::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("the benchmark reads processor times from /proc and runs on Linux only");
    ExitCode::FAILURE
}
