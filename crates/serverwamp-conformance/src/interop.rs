//! Installs the clients of other languages, once, below the target directory.
//!
//! Versions are pinned in `interop/requirements.txt`, `interop/crossbar_requirements.txt`, `interop/nats_requirements.txt` and `interop/package-lock.json`. The lock file names no
//! download addresses, so that any registry serves, and leaves out the optional native accelerators of
//! wampy's serializers, so that nothing has to be compiled.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::binary::target_directory;
use crate::output;

/// The time that one command of an installation may take.
const INSTALL: Duration = Duration::from_secs(300);

/// The same of Crossbar.io, which has a hundred packages, some of which are compiled.
const INSTALL_MANY: Duration = Duration::from_secs(900);

/// After this long a lock is left over from a run that was killed.
const STALE: Duration = Duration::from_secs(1200);

const REQUIREMENTS: &str = include_str!("../interop/requirements.txt");
const CROSSBAR: &str = include_str!("../interop/crossbar_requirements.txt");
const NATS: &str = include_str!("../interop/nats_requirements.txt");
const OLD_NATS: &str = include_str!("../interop/nats_old_requirements.txt");
const PACKAGE: &str = include_str!("../interop/package.json");
const PACKAGE_LOCK: &str = include_str!("../interop/package-lock.json");
const BROWSER: &str = include_str!("../interop/browser/package.json");
const BROWSER_LOCK: &str = include_str!("../interop/browser/package-lock.json");
/// The names under which systems have Chromium.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// The scripts that run on Node.js, with their names.
const NODE_SCRIPTS: [(&str, &str); 6] = [
    ("wampy_admin.mjs", include_str!("../interop/wampy_admin.mjs")),
    ("wampy_client.mjs", include_str!("../interop/wampy_client.mjs")),
    ("wampy_company.mjs", include_str!("../interop/wampy_company.mjs")),
    ("autobahnjs_browser.mjs", include_str!("../interop/autobahnjs_browser.mjs")),
    ("autobahnjs_client.mjs", include_str!("../interop/autobahnjs_client.mjs")),
    ("autobahnjs_company.mjs", include_str!("../interop/autobahnjs_company.mjs")),
];

/// Returns whether a missing client fails the tests: `SERVERWAMP_REQUIRE_INTEROP=1`.
#[must_use]
pub fn is_required() -> bool {
    std::env::var("SERVERWAMP_REQUIRE_INTEROP").is_ok_and(|value| !value.is_empty() && value != "0")
}

/// The Python interpreter that has Autobahn|Python.
///
/// # Errors
///
/// With the reason why there is none: no Python, no pip, no registry.
pub fn python() -> Result<PathBuf, String> {
    static PREPARED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PREPARED.get_or_init(|| prepare("py", REQUIREMENTS, install_python)).clone().map(|dir| python_in(&dir))
}

/// The Python interpreter that has Crossbar.io, in a directory of its own: it needs other versions of some packages.
///
/// # Errors
///
/// With the reason why there is none: no Python, no pip, no registry, no compiler for the packages that need one.
pub fn crossbar() -> Result<PathBuf, String> {
    static PREPARED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PREPARED
        .get_or_init(|| {
            prepare("crossbar", CROSSBAR, |directory| install_packages(directory, CROSSBAR, "crossbar"))
        })
        .clone()
        .map(|directory| python_in(&directory))
}

/// The program `nats-server`, of the release that a cluster is tested with.
///
/// # Errors
///
/// With the reason why there is none: no Python, no pip, no registry, no build of it for this machine.
pub fn nats_server() -> Result<PathBuf, String> {
    static PREPARED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PREPARED
        .get_or_init(|| prepare("nats", NATS, |directory| install_program(directory, NATS, "nats-server")))
        .clone()
        .map(|directory| program_in(&directory, "nats-server"))
}

/// The same of the last release that is too old for a cluster.
///
/// # Errors
///
/// As [`nats_server`].
pub fn old_nats_server() -> Result<PathBuf, String> {
    static PREPARED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PREPARED
        .get_or_init(|| {
            prepare("nats-old", OLD_NATS, |directory| install_program(directory, OLD_NATS, "nats-server"))
        })
        .clone()
        .map(|directory| program_in(&directory, "nats-server"))
}

/// The directory whose scripts find wampy.js and autobahn-js.
///
/// # Errors
///
/// With the reason why there is none: no Node.js, no npm, no registry.
pub fn node() -> Result<PathBuf, String> {
    static PREPARED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let stamp = [PACKAGE, PACKAGE_LOCK].concat() + &NODE_SCRIPTS.map(|(_, script)| script).concat();
    PREPARED.get_or_init(|| prepare("node", &stamp, install_node)).clone()
}

/// A browser of the system, and the directory with what drives it.
#[derive(Clone, Debug)]
pub struct Browser {
    /// The program.
    pub program: &'static str,
    /// The directory whose `node_modules` has playwright-core and axe-core.
    pub packages: PathBuf,
}

/// Chromium as the system has it, driven by playwright-core: the newest that Node.js 18 runs, which Debian 12 has.
///
/// # Errors
///
/// With the reason why there is none: no Chromium, no Node.js, no npm, no registry.
pub fn browser() -> Result<Browser, String> {
    static PREPARED: OnceLock<Result<Browser, String>> = OnceLock::new();
    PREPARED
        .get_or_init(|| {
            let answers = |name: &&&'static str| {
                let mut command = Command::new(name);
                output::run(command.arg("--version"), INSTALL).is_ok_and(|run| run.status.success())
            };
            let program = BROWSERS.iter().find(answers).copied();
            let program = program.ok_or_else(|| format!("none of {} is installed", BROWSERS.join(", ")))?;
            let packages = prepare("browser", &[BROWSER, BROWSER_LOCK].concat(), install_browser)?;
            Ok(Browser { program, packages })
        })
        .clone()
}

/// The scripts, as they are in the repository.
#[must_use]
pub fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}

fn python_in(directory: &Path) -> PathBuf {
    program_in(directory, "python")
}

fn program_in(directory: &Path, name: &str) -> PathBuf {
    let folder = directory.join(if cfg!(windows) { "Scripts" } else { "bin" });
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Installs into `target/interop/NAME` unless what is there was installed from the same `stamp`.
fn prepare(name: &str, stamp: &str, install: fn(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
    let base = target_directory().join("interop");
    fs::create_dir_all(&base).map_err(|error| format!("cannot create {}: {error}", base.display()))?;
    let directory = base.join(name);
    let _lock = Lock::acquire(base.join(format!("{name}.lock")))?;
    let stamp_file = directory.join("installed-from");
    if fs::read_to_string(&stamp_file).is_ok_and(|installed| installed == stamp) {
        return Ok(directory);
    }
    match fs::remove_dir_all(&directory) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(format!("cannot remove {}: {error}", directory.display()));
        }
        _ => {}
    }
    fs::create_dir_all(&directory)
        .map_err(|error| format!("cannot create {}: {error}", directory.display()))?;
    install(&directory)?;
    // Last of all: an installation that broke off has no stamp.
    write(&stamp_file, stamp)?;
    Ok(directory)
}

fn install_python(directory: &Path) -> Result<(), String> {
    install_packages(directory, REQUIREMENTS, "autobahn.asyncio.wamp")
}

/// Installs `requirements` into an environment of its own, in which `module` can be imported then.
fn install_packages(directory: &Path, requirements_text: &str, module: &str) -> Result<(), String> {
    install_requirements(directory, requirements_text)?;
    let import = format!("import {module}");
    step(&import, Command::new(python_in(directory)).args(["-c", &import]))
}

/// Installs `requirements` into an environment of its own, which has the program `name` then.
fn install_program(directory: &Path, requirements_text: &str, name: &str) -> Result<(), String> {
    install_requirements(directory, requirements_text)?;
    step(&format!("{name} --version"), Command::new(program_in(directory, name)).arg("--version"))
}

fn install_requirements(directory: &Path, requirements_text: &str) -> Result<(), String> {
    step("python3 -m venv", Command::new("python3").args(["-m", "venv"]).arg(directory))?;
    let requirements = directory.join("requirements.txt");
    write(&requirements, requirements_text)?;
    let mut pip = Command::new(python_in(directory));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip.args(["--no-deps", "--retries", "1", "--timeout", "20", "--requirement"]).arg(requirements);
    step_within(INSTALL_MANY, "pip install", &mut pip)
}

fn install_node(directory: &Path) -> Result<(), String> {
    // Node looks for packages from where the script is.
    for (name, script) in NODE_SCRIPTS {
        write(&directory.join(name), script)?;
    }
    install_by_npm(directory, PACKAGE, PACKAGE_LOCK)
}

fn install_browser(directory: &Path) -> Result<(), String> {
    install_by_npm(directory, BROWSER, BROWSER_LOCK)
}

fn install_by_npm(directory: &Path, package: &str, lock: &str) -> Result<(), String> {
    step("node --version", Command::new("node").arg("--version"))?;
    write(&directory.join("package.json"), package)?;
    write(&directory.join("package-lock.json"), lock)?;
    let mut npm = Command::new("npm");
    npm.current_dir(directory);
    npm.args(["ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"]);
    npm.args(["--fetch-retries=1", "--fetch-timeout=20000"]);
    step("npm ci", &mut npm)
}

/// Runs one command of an installation. Its reason to fail is short enough for one line of a report.
fn step(name: &str, command: &mut Command) -> Result<(), String> {
    step_within(INSTALL, name, command)
}

fn step_within(time: Duration, name: &str, command: &mut Command) -> Result<(), String> {
    let finished = output::run(command, time)?;
    if finished.status.success() {
        return Ok(());
    }
    let said = finished.stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let last: Vec<&str> = said.collect();
    Err(format!("{name}: {}: {}", finished.status, last[last.len().saturating_sub(3)..].join(" / ")))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// A file that exists while one process installs. Others wait until it is gone.
struct Lock(PathBuf);

impl Lock {
    fn acquire(path: PathBuf) -> Result<Self, String> {
        let deadline = Instant::now() + STALE;
        loop {
            match fs::File::options().write(true).create_new(true).open(&path) {
                Ok(mut file) => {
                    // The number only helps a person who finds the file.
                    drop(write!(file, "{}", std::process::id()));
                    return Ok(Self(path));
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("cannot create {}: {error}", path.display())),
            }
            if is_abandoned(&path) {
                drop(fs::remove_file(&path));
            } else if Instant::now() > deadline {
                return Err(format!("{} is held by another process", path.display()));
            } else {
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

/// Returns whether the process that made this lock is gone.
fn is_abandoned(path: &Path) -> bool {
    let old = fs::metadata(path)
        .and_then(|data| data.modified())
        .is_ok_and(|made| SystemTime::now().duration_since(made).is_ok_and(|age| age > STALE));
    let owner = fs::read_to_string(path).ok().and_then(|text| text.parse::<u32>().ok());
    let gone = Path::new("/proc/self").exists()
        && owner.is_some_and(|owner| !Path::new(&format!("/proc/{owner}")).exists());
    old || gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_installs_and_the_next_finds_it_done() {
        let name = format!("test-{}", std::process::id());
        let first = prepare(&name, "one", |dir| write(&dir.join("made"), "by the first")).unwrap();
        assert_eq!(prepare(&name, "one", |_| Err("installed twice".to_owned())).as_ref(), Ok(&first));
        assert!(prepare(&name, "two", |_| Err("no registry".to_owned())).is_err());
        assert!(!first.join("made").exists(), "other requirements start afresh");
        assert!(prepare(&name, "two", |_| Ok(())).is_ok(), "a failure is not remembered");
        fs::remove_dir_all(first).unwrap();
    }

    #[test]
    fn a_lock_of_a_process_that_is_gone_is_taken_over() {
        let path = std::env::temp_dir().join(format!("serverwamp-lock-{}", std::process::id()));
        write(&path, "4294967295").unwrap();
        let lock = Lock::acquire(path.clone()).unwrap();
        assert!(!is_abandoned(&path));
        drop(lock);
        assert!(!path.exists());
    }
}
