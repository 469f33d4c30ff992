//! The configuration file: where it is looked for, and its text.
//!
//! Order: `-c FILE`, then `SERVERWAMP_CONFIG`, then `serverwamp.toml` here, then `/etc/serverwamp/serverwamp.toml`.

use crate::failure::Failure;
use crate::shell::visible;
use clap::Args;
use serverwamp_config::{Environment, open_file};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The variable that names the file.
const VARIABLE: &str = "SERVERWAMP_CONFIG";
/// Where the file is looked for.
const USUAL: [&str; 2] = ["serverwamp.toml", "/etc/serverwamp/serverwamp.toml"];
/// The longest file that is read. Files that people write are a thousand times shorter.
const LONGEST: u64 = 16 << 20;

/// The option that names the file.
#[derive(Args, Clone, Debug)]
pub(crate) struct FileOption {
    /// The configuration file, - for the standard input [default: what SERVERWAMP_CONFIG names, or ./serverwamp.toml, or
    /// /etc/serverwamp/serverwamp.toml]
    #[arg(short, long = "config", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// A file that was read.
#[derive(Debug)]
pub(crate) struct ConfigurationFile {
    /// Its name, for people.
    pub(crate) shown: String,
    pub(crate) text: String,
    /// What relative paths in it are relative to.
    pub(crate) folder: PathBuf,
    /// The variables that stand in place of its values.
    pub(crate) environment: Environment,
}

impl FileOption {
    /// Reads the file.
    ///
    /// # Errors
    /// When there is none, or it cannot be read as text.
    pub(crate) fn read(&self) -> Result<ConfigurationFile, Failure> {
        self.read_by(|path| File::open(path))
    }

    /// Reads a file that is read again later: a pipe, which has nothing then, is none.
    ///
    /// # Errors
    /// As [`read`](Self::read); what is no file.
    pub(crate) fn read_again(&self) -> Result<ConfigurationFile, Failure> {
        self.read_by(open_file)
    }

    fn read_by(&self, open: impl Fn(&Path) -> io::Result<File>) -> Result<ConfigurationFile, Failure> {
        let path = self.path()?;
        let is_input = path.as_os_str() == "-";
        let shown = if is_input { "standard input".to_owned() } else { visible(&path.display().to_string()) };
        let unreadable = |why: String| Failure::runtime(format!("{shown} cannot be read: {why}"));
        let bytes = if is_input { bytes_of(io::stdin()) } else { open(&path).and_then(bytes_of) };
        let bytes = bytes.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => unreadable("there is no such file".to_owned()),
            io::ErrorKind::IsADirectory => unreadable("it is a folder, write the file in it".to_owned()),
            _ => unreadable(error.to_string()),
        })?;
        if bytes.len() as u64 > LONGEST {
            return Err(unreadable("it is longer than any configuration".to_owned()));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
            unreadable(format!("line {line} is not UTF-8"))
        })?;
        let parent = path.parent().filter(|parent| !is_input && !parent.as_os_str().is_empty());
        let folder = parent.map_or_else(|| PathBuf::from("."), Path::to_owned);
        Ok(ConfigurationFile { shown, text, folder, environment: Environment::of_process() })
    }

    /// The file that is meant.
    pub(crate) fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.config {
            return Ok(path.clone());
        }
        if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
            return Ok(path.into());
        }
        let usual = USUAL.iter().map(PathBuf::from).find(|path| path.exists());
        usual.ok_or_else(|| {
            let [here, there] = USUAL;
            Failure::usage(format!(
                "there is no configuration: write -c FILE or set {VARIABLE}; neither {here} nor {there} is there. \
                 `serverwamp config init > {here}` begins one"
            ))
        })
    }
}

/// One byte more than may be read tells that there are too many.
fn bytes_of(input: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(LONGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
