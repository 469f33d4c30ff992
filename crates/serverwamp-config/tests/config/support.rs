//! The folder in which configurations are checked, and the day on which.

use serverwamp_config::{Environment, Printer, ReadConfig, Style, check_at};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

/// The folder of the tests in the sources.
pub(crate) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// A copy of the files, with modes that the sources cannot have: secrets are for their owner, except for one that is exposed.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let copy = std::env::temp_dir().join(format!("serverwamp-config-{}", std::process::id()));
        copy_all(&sources().join("files"), &copy);
        copy
    });
    &FOLDER
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let copy = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &copy);
        } else {
            fs::write(&copy, fs::read(entry.path()).unwrap()).unwrap();
            set_mode(&copy);
        }
    }
}

#[cfg(unix)]
fn set_mode(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let exposed = file.file_name().is_some_and(|name| name == "exposed.secret");
    fs::set_permissions(file, fs::Permissions::from_mode(if exposed { 0o644 } else { 0o600 })).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path) {}

/// 2027-01-15: the certificates among the files are of around that day.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// Checks a configuration in the folder.
pub(crate) fn checked(text: &str, environment: &Environment) -> ReadConfig {
    check_at(text, environment, folder(), now())
}

/// What is printed about it.
pub(crate) fn printed(text: &str, environment: &Environment) -> String {
    let mistakes = checked(text, environment).mistakes;
    Printer::new("serverwamp.toml", text, environment, Style::Plain).print(&mistakes)
}

/// The variables that lines such as `# environment: NAME=VALUE` of a file set.
pub(crate) fn environment_of(text: &str) -> Environment {
    let set = |line: &str| {
        let (name, value) = line.strip_prefix("# environment: ")?.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    text.lines().filter_map(set).collect()
}

/// Compares with a file, or writes it with `SERVERWAMP_BLESS=1`.
pub(crate) fn compare(path: &Path, found: &str) -> Result<(), String> {
    if std::env::var_os("SERVERWAMP_BLESS").is_some() {
        fs::write(path, found).unwrap();
        return Ok(());
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    Err(format!("{} differs; SERVERWAMP_BLESS=1 writes it again. Found:\n{found}", path.display()))
}
