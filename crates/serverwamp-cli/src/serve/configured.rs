//! A configuration, read, checked and built: what `serve`, a reload and `why` begin with.

use serverwamp_config::build::Assembly;
use serverwamp_config::{Environment, Mistakes, Printer, Style};
use std::path::{Path, PathBuf};

/// A configuration that can be used.
#[derive(Debug)]
pub(crate) struct Configured {
    /// What is made of it.
    pub(crate) assembly: Assembly,
    /// What is questionable.
    pub(crate) mistakes: Mistakes,
    /// What it was read from, to print what else is found.
    pub(crate) source: ConfigSource,
}

/// The text of a configuration.
#[derive(Debug)]
pub(crate) struct ConfigSource {
    shown: String,
    text: String,
    environment: Environment,
    /// The folder of the file, which relative paths are relative to.
    pub(crate) folder: PathBuf,
}

impl Configured {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is wrong, as it is printed.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let source = ConfigSource::read(path)?;
        let read = serverwamp_config::read(&source.text, &source.environment);
        let mut mistakes = read.mistakes;
        let Some(config) = read.config.filter(|_| mistakes.errors() == 0) else {
            return Err(source.print(&mistakes));
        };
        match Assembly::new(config, &source.folder, &mut mistakes) {
            Some(assembly) => Ok(Self { assembly, mistakes, source }),
            None => Err(source.print(&mistakes)),
        }
    }
}

impl ConfigSource {
    fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("serverwamp: cannot read the configuration {shown}: {error}"))?;
        let folder = folder_of(path);
        Ok(Self { shown, text, environment: Environment::of_process(), folder })
    }

    /// As `check` prints it, without colours.
    pub(crate) fn print(&self, mistakes: &Mistakes) -> String {
        let printer = Printer::new(&self.shown, &self.text, &self.environment, Style::Plain);
        printer.print(mistakes).trim_end().to_owned()
    }
}

/// The folder of a file.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .map_or_else(|| PathBuf::from("."), Path::to_owned)
}
