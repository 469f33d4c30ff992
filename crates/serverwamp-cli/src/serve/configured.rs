//! A configuration, read, checked and built: what `serve`, a reload and `why` begin with.

use crate::configuration::{ConfigurationFile, FileOption};
use crate::failure::Failure;
use serverwamp_config::build::Assembly;
use serverwamp_config::{Mistakes, Printer, Style, check};
use std::path::PathBuf;

/// A configuration that can be used.
#[derive(Debug)]
pub(crate) struct Configured {
    /// What is made of it.
    pub(crate) assembly: Assembly,
    /// What is questionable.
    pub(crate) mistakes: Mistakes,
    /// What it was read from, to print what else is found.
    pub(crate) source: ConfigurationFile,
}

impl Configured {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is wrong, as it is printed.
    pub(crate) fn read(file: &FileOption) -> Result<Self, Failure> {
        // A pipe would keep a reload waiting for somebody who writes into it.
        let source = file.read_again()?;
        let read = check(&source.text, &source.environment, &source.folder);
        let mut mistakes = read.mistakes;
        let Some(config) = read.config.filter(|_| mistakes.errors() == 0) else {
            return Err(source.failure(&mistakes));
        };
        match Assembly::new(config, &source.folder, &mut mistakes) {
            Some(assembly) => Ok(Self { assembly, mistakes, source }),
            None => Err(source.failure(&mistakes)),
        }
    }
}

impl ConfigurationFile {
    /// As `check` prints it, without colours.
    pub(crate) fn print(&self, mistakes: &Mistakes) -> String {
        let printer = Printer::new(&self.shown, &self.text, &self.environment, Style::Plain);
        printer.print(mistakes).trim_end().to_owned()
    }

    /// What ends the program, or a reload.
    pub(crate) fn failure(&self, mistakes: &Mistakes) -> Failure {
        Failure::Mistakes(self.print(mistakes))
    }
}

/// Whatever is looked at again when the file has changed.
pub(super) fn path_of(file: &FileOption) -> Result<PathBuf, Failure> {
    let path = file.path()?;
    if path.as_os_str() == "-" {
        return Err(Failure::usage(
            "serve reads its configuration again, and cannot do that with the standard input: name a file",
        ));
    }
    Ok(path)
}
