//! The programs under test: building and finding them.
//!
//! Cargo builds a program together with the tests of its package and names it to them. A test of another package asks Cargo
//! for it, and gets the one that `cargo test --workspace` has built. An environment variable names another program instead,
//! to run the tests against one that is installed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::output;

/// The time that a build may take.
const BUILD: Duration = Duration::from_secs(1200);

/// The `serverwamp` command line, or what `SERVERWAMP_CLI` names.
///
/// # Panics
///
/// When it cannot be built; with the compiler's messages.
#[must_use]
pub fn cli() -> PathBuf {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    given_or_built(&BUILT, &["SERVERWAMP_CLI", "CARGO_BIN_EXE_serverwamp"], "command_line", "serverwamp")
}

/// The server with every fixture the tests need, or what `SERVERWAMP_FIXTURE` names.
///
/// An older Cargo names it to the compiler alone; there it is built, as it is for other packages.
///
/// # Panics
///
/// When it cannot be built; with the compiler's messages.
#[must_use]
pub fn fixture() -> PathBuf {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    given_or_built(&BUILT, &["SERVERWAMP_FIXTURE", "CARGO_BIN_EXE_fixture"], "process", "fixture")
}

/// The server whose realms ask somebody else who a peer is, or what `SERVERWAMP_AUTHENTICATORS` names.
///
/// # Panics
///
/// When it cannot be built; with the compiler's messages.
#[must_use]
pub fn authenticators() -> PathBuf {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let variables = ["SERVERWAMP_AUTHENTICATORS", "CARGO_BIN_EXE_authenticators"];
    given_or_built(&BUILT, &variables, "process", "authenticators")
}

fn given_or_built(
    built: &OnceLock<Result<PathBuf, String>>,
    variables: &[&str],
    test: &str,
    name: &str,
) -> PathBuf {
    if let Some(path) = variables.iter().find_map(env::var_os) {
        return path.into();
    }
    match built.get_or_init(|| build(test, name)) {
        Ok(path) => path.clone(),
        Err(reason) => panic!("{reason}"),
    }
}

/// Builds a program as `cargo test --workspace` does, with a test of its package, and gives its path. Built alone, it has
/// fewer features, and everything it depends on is built again.
fn build(test: &str, name: &str) -> Result<PathBuf, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["test", "--no-run", "--workspace", "--test", test]);
    command.args(["--quiet", "--message-format=json-render-diagnostics"]);
    if let Some(profile) = profile() {
        command.args(["--profile", &profile]);
    }
    // Cargo's variables about the package of a test do not concern other packages: ring's build script takes them for a
    // change, and is built anew by every second command.
    let of_this_package = |name: &str| {
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "OUT_DIR"
    };
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(of_this_package)) {
        command.env_remove(name);
    }
    let finished = output::run(&mut command, BUILD)?;
    if !finished.status.success() {
        return Err(format!("the program {name} cannot be built:\n{}", finished.stderr));
    }
    // One line of JSON for every artifact; ours is the only one with an executable of that name.
    let mut executables = finished.stdout.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == name).then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    executables.next().ok_or_else(|| format!("cargo names no executable for the program {name}"))
}

/// The profile these tests were built with, which the directory of their program tells, if it is not the usual one.
fn profile() -> Option<String> {
    let directory = profile_directory();
    let name = directory.file_name().and_then(|name| name.to_str())?;
    (name != "debug").then(|| name.to_owned())
}

/// `target/PROFILE`, the directory above the one tests are in.
fn profile_directory() -> PathBuf {
    let program = env::current_exe().expect("a running program has a path");
    let directory = program.parent().expect("a program is in a directory");
    match directory.parent() {
        Some(above) if directory.ends_with("deps") => above.to_owned(),
        _ => directory.to_owned(),
    }
}

/// The directory for what tests install.
#[must_use]
pub fn target_directory() -> PathBuf {
    profile_directory().parent().map_or_else(env::temp_dir, Path::to_owned)
}
