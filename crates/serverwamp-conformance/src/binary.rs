//! The programs under test: building and finding them.
//!
//! Cargo builds the fixture together with the tests of this package and names it to them. The command line belongs to another
//! package: the first test that needs it builds it, with the profile the tests were built with. An environment variable
//! names another program instead, to run the tests against one that is installed.

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
    given_or_built(&BUILT, &["SERVERWAMP_CLI"], "serverwamp-cli", "--bin", "serverwamp")
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
    // To build it alone is to build everything again that it depends on, because other features are enabled then.
    let variables = ["SERVERWAMP_FIXTURE", "CARGO_BIN_EXE_fixture"];
    given_or_built(&BUILT, &variables, "serverwamp-conformance", "--bin", "fixture")
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
    given_or_built(&BUILT, &variables, "serverwamp-conformance", "--bin", "authenticators")
}

fn given_or_built(
    built: &OnceLock<Result<PathBuf, String>>,
    variables: &[&str],
    package: &str,
    kind: &str,
    name: &str,
) -> PathBuf {
    if let Some(path) = variables.iter().find_map(env::var_os) {
        return path.into();
    }
    match built.get_or_init(|| build(package, kind, name)) {
        Ok(path) => path.clone(),
        Err(reason) => panic!("{reason}"),
    }
}

/// Builds a target of this workspace and gives the path of its program. `kind` is `--bin` or `--example`.
///
/// # Errors
///
/// When it cannot be built; with the compiler's messages.
pub fn build(package: &str, kind: &str, name: &str) -> Result<PathBuf, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["build", "--quiet", "--message-format=json-render-diagnostics"]);
    command.args(["--package", package, kind, name]);
    command.args(["--profile", &profile()]);
    // Cargo's variables about the package of a test do not concern other packages: ring's build script takes them for a
    // change, and is built anew by every second command.
    let of_this_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(of_this_package)) {
        command.env_remove(name);
    }
    let finished = output::run(&mut command, BUILD)?;
    if !finished.status.success() {
        return Err(format!("{package} {kind} {name} cannot be built:\n{}", finished.stderr));
    }
    // One line of JSON for every artifact; ours is the only one with an executable of that name.
    let mut executables = finished.stdout.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == name).then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    executables.next().ok_or_else(|| format!("cargo names no executable for {package} {kind} {name}"))
}

/// The profile these tests were built with, which the directory of their program tells.
fn profile() -> String {
    let directory = profile_directory();
    match directory.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => "dev".to_owned(),
        Some(other) => other.to_owned(),
    }
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
