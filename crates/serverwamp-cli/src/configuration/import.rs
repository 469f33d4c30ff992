//! `serverwamp config import`: a configuration of Crossbar.io or nexus becomes one of ours.
//!
//! In: JSON from a file or the standard input. Out: our configuration on the standard output or in a file, users in files of credentials,
//! and what was not carried over on the standard error. Invariants: no file is written over another one unless asked; secrets go into
//! files that their owner alone can read, and nowhere else.

use crate::failure::Failure;
use clap::Args;
use serverwamp_config::Environment;
use serverwamp_config::import::{CredentialsFile, Finding, FindingKind, Import, Imported, import};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};

/// The options of `config import`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp config import .crossbar/config.json
  serverwamp config import .crossbar/config.json -o .crossbar/serverwamp.toml --credentials .crossbar/users.toml")]
pub(crate) struct ImportOptions {
    /// The configuration of Crossbar.io or nexus, as JSON; - is the standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file for our configuration; keep it beside the former one, because paths are relative to it [default: the standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The file for users with secrets and keys, which you alone can read; tickets are hashed
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Hash secrets of WAMP-CRA that have no salt: clients then have to know what to do with one
    #[arg(long, requires = "credentials")]
    hash_cra: bool,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
}

/// The longest file that is read: a thousand times what people write.
const LONGEST: u64 = 16 << 20;

/// The file of credentials that the configuration names when none is written.
const CREDENTIALS: &str = "users.toml";

pub(crate) fn run(options: &ImportOptions) -> Result<(), Failure> {
    let name = options.file.display();
    let text = read(&options.file)?;
    let imported = import(&text, &Import { credentials: named_credentials(options)? })
        .map_err(|error| Failure::runtime(at(&options.file, error.place(), error.why())))?;
    check(&imported)?;
    let files = credential_files(options, &imported.credentials);
    let mut written = files.iter().map(|(path, _)| path.as_path()).chain(options.output.as_deref());
    if let Some(path) = written.find(|path| !options.force && fs::symlink_metadata(path).is_ok()) {
        return Err(Failure::runtime(format!(
            "{} is there already: choose another file, or write over it with --force",
            path.display()
        )));
    }
    for (path, file) in &files {
        write(path, file.text(options.hash_cra).as_bytes(), Some(0o600), options.force)?;
    }
    match &options.output {
        Some(path) => write(path, imported.config.as_bytes(), None, options.force)?,
        None => match std::io::stdout().write_all(imported.config.as_bytes()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(Failure::Unread),
            written => written
                .map_err(|error| Failure::runtime(format!("cannot write the configuration: {error}")))?,
        },
    }
    let report = report(&name.to_string(), &imported, &files, options);
    // Nobody can be told when this fails.
    drop(std::io::stderr().write_all(report.as_bytes()));
    Ok(())
}

/// What comes of it is a configuration, whatever it is made of.
fn check(imported: &Imported) -> Result<(), Failure> {
    let read = serverwamp_config::read(&imported.config, &Environment::empty());
    match read.mistakes.iter().next() {
        None => Ok(()),
        Some(mistake) => Err(Failure::runtime(format!(
            "the result is no configuration ({}), which is a fault of the import: please report it",
            mistake.title()
        ))),
    }
}

/// What is wrong with a file, with its place.
fn at(file: &Path, place: Option<(usize, usize)>, why: &str) -> String {
    match place {
        Some((line, column)) => format!("{}:{line}:{column}: {why}", file.display()),
        None => format!("{}: {why}", file.display()),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let cannot =
        |error: std::io::Error| Failure::runtime(format!("{} cannot be read: {error}", path.display()));
    let mut bytes = Vec::new();
    let source: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin()),
        false => Box::new(File::open(path).map_err(cannot)?),
    };
    source.take(LONGEST + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::runtime(format!(
            "{} is longer than 16 MiB: no configuration is",
            path.display()
        )));
    }
    String::from_utf8(bytes)
        .map_err(|_| Failure::runtime(format!("{} is not UTF-8, as JSON is", path.display())))
}

/// The path of the file of credentials as it is found from the folder of the configuration.
fn named_credentials(options: &ImportOptions) -> Result<String, Failure> {
    let Some(credentials) = &options.credentials else { return Ok(CREDENTIALS.to_owned()) };
    let folder = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
    let config = options.output.as_deref().map(folder).unwrap_or_default();
    let path = match credentials.file_name() {
        Some(name) if folder(credentials) == config => PathBuf::from(name),
        _ => std::path::absolute(credentials)
            .map_err(|error| Failure::runtime(format!("{}: {error}", credentials.display())))?,
    };
    path.into_os_string().into_string().map_err(|_| {
        Failure::usage("the path of --credentials is not UTF-8, as the configuration that names it")
    })
}

/// Where each file of credentials is written; none without `--credentials`.
fn credential_files<'i>(
    options: &ImportOptions,
    files: &'i [CredentialsFile],
) -> Vec<(PathBuf, &'i CredentialsFile)> {
    let Some(first) = &options.credentials else { return Vec::new() };
    // The names differ in their last part alone.
    files
        .iter()
        .filter_map(|file| Some((first.with_file_name(Path::new(file.path()).file_name()?), file)))
        .collect()
}

/// Writes a file as a whole: a new one, or in place of another one.
fn write(path: &Path, bytes: &[u8], mode: Option<u32>, force: bool) -> Result<(), Failure> {
    let cannot =
        |error: std::io::Error| Failure::runtime(format!("{} cannot be written: {error}", path.display()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if let Some(mode) = mode {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    }
    #[cfg(not(unix))]
    let _ = mode;
    // What is there has a mode and readers of its own, so that it is replaced, not written to.
    let new = if force { beside(path) } else { path.to_owned() };
    let mut file = options.open(&new).map_err(cannot)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let written = written.and_then(|()| if force { fs::rename(&new, path) } else { Ok(()) });
    written.map_err(|error| {
        drop(fs::remove_file(&new));
        cannot(error)
    })
}

/// A name for a file until it takes the place of another one.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

/// What has become of the file.
fn report(
    name: &str,
    imported: &Imported,
    files: &[(PathBuf, &CredentialsFile)],
    options: &ImportOptions,
) -> String {
    let mut text = String::new();
    let of = |kind: FindingKind| imported.findings.iter().filter(move |finding| finding.kind == kind);
    let [left, changed, needless] =
        [FindingKind::Left, FindingKind::Changed, FindingKind::Needless].map(|kind| of(kind).count());
    for (kind, number, title) in [
        (FindingKind::Left, left, "not carried over"),
        (FindingKind::Changed, changed, "carried over as something else"),
        (FindingKind::Needless, needless, "without a counterpart, which nobody misses"),
    ] {
        if number > 0 {
            line(&mut text, &format!("{title}:"));
            groups(&mut text, of(kind));
        }
    }
    for (path, file) in files {
        line(&mut text, &format!("serverwamp: users written to {}: {}", path.display(), file.users()));
    }
    let users: usize = imported.credentials.iter().map(CredentialsFile::users).sum();
    if options.credentials.is_none() && users > 0 {
        let file = CREDENTIALS;
        line(
            &mut text,
            &format!(
                "serverwamp: users with secrets that are not written: {users}; `--credentials {file}` writes the file that the configuration names"
            ),
        );
    }
    let sum = match (left, changed) {
        (0, 0) => "everything is carried over".to_owned(),
        _ => format!("carried over; left out: {left}, changed: {changed}, see above"),
    };
    line(&mut text, &format!("serverwamp: {name}: {sum}"));
    text
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Findings with the same reason together.
fn groups<'f>(text: &mut String, findings: impl Iterator<Item = &'f Finding>) {
    let mut numbers: HashMap<(&str, &str), usize> = HashMap::new();
    let mut groups: Vec<(&Finding, Vec<&str>)> = Vec::new();
    for finding in findings {
        let number = *numbers.entry((&finding.reason, &finding.help)).or_insert(groups.len());
        match groups.get_mut(number) {
            Some((_, paths)) => paths.push(&finding.path),
            None => groups.push((finding, vec![&finding.path])),
        }
    }
    for (finding, paths) in groups {
        // A string takes what is written to it.
        let _written = writeln!(text, "  {}", finding.reason);
        if !finding.help.is_empty() {
            let _written = writeln!(text, "  -> {}", finding.help);
        }
        for path in paths {
            let _written = writeln!(text, "       {path}");
        }
    }
}
