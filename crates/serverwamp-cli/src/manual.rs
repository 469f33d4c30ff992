//! `serverwamp completions` and `serverwamp man`: what clap knows of the command line, for shells and for `man`.

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::shell::{Out, VARIABLES};
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use std::path::{Path, PathBuf};

/// The options of `completions`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp completions bash > ~/.local/share/bash-completion/completions/serverwamp
  serverwamp completions zsh > ~/.zfunc/_serverwamp
  serverwamp completions fish > ~/.config/fish/completions/serverwamp.fish")]
pub(crate) struct CompletionsOptions {
    /// The shell that reads it
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// The options of `man`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp man --dir ~/.local/share/man/man1
  serverwamp man call | man -l -")]
pub(crate) struct ManOptions {
    /// Print the page of this command [default: that of the whole program]
    #[arg(value_name = "COMMAND", num_args = 0..)]
    command: Vec<String>,
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

/// Prints the script for a shell.
pub(crate) fn completions(options: &CompletionsOptions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        options.shell,
        &mut <Arguments as CommandFactory>::command(),
        "serverwamp",
        &mut script,
    );
    Out::plain().bytes(&script)
}

/// Prints one page, or writes all.
pub(crate) fn pages(options: &ManOptions) -> Result<(), Failure> {
    let mut program = <Arguments as CommandFactory>::command().disable_help_subcommand(true);
    program.build();
    if let Some(folder) = &options.dir {
        std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        return write(&program, "serverwamp", folder);
    }
    let mut found = &program;
    let mut name = "serverwamp".to_owned();
    for word in &options.command {
        found = found
            .find_subcommand(word)
            .ok_or_else(|| Failure::usage(format!("there is no command {word:?}; see serverwamp --help")))?;
        name = format!("{name}-{word}");
    }
    Out::plain().bytes(&page(found, &name)?)
}

/// The page of a command and those of the commands below it.
fn write(command: &Command, name: &str, folder: &Path) -> Result<(), Failure> {
    let path = folder.join(format!("{name}.1"));
    std::fs::write(&path, page(command, name)?).map_err(|error| unwritable(&path, &error))?;
    for below in command.get_subcommands() {
        write(below, &format!("{name}-{}", below.get_name()), folder)?;
    }
    Ok(())
}

fn page(command: &Command, name: &str) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    // What stands behind the options in the help has a section of its own here.
    let named = command.clone().name(name.to_owned()).version(env!("CARGO_PKG_VERSION"));
    let named = named.after_help(clap::builder::Resettable::Reset);
    let rendered = clap_mangen::Man::new(named).manual("serverwamp").render(&mut page);
    rendered.map_err(|error| Failure::runtime(format!("the page of {name} cannot be made: {error}")))?;
    let (notes, examples) = examples.split_once("Examples:\n").unwrap_or((&examples, ""));
    // Notes may follow the examples, behind an empty line.
    let (examples, more) = examples.split_once("\n\n").unwrap_or((examples, ""));
    let connects = command.get_arguments().any(|argument| argument.get_id() == "url");
    let mut sections = vec![("NOTES", format!("{notes}\n{more}"))];
    if connects {
        let entry = |(name, text): &(&str, &str)| format!("{name}\n  {text}\n");
        sections.push(("ENVIRONMENT", VARIABLES.iter().map(entry).collect()));
        sections.push(("FILES", FILES.to_owned()));
    }
    sections.push(("EXIT STATUS", EXIT_STATUS.to_owned()));
    sections.push(("EXAMPLES", examples.to_owned()));
    for (title, text) in sections {
        page.extend(section(title, &text).into_bytes());
    }
    Ok(page)
}

/// The file of contexts, for pages.
const FILES: &str = "$XDG_CONFIG_HOME/serverwamp/contexts.toml, otherwise ~/.config/serverwamp/contexts.toml
  the contexts of a user, which nobody else can read (mode 0600)";

/// How commands end, for pages.
const EXIT_STATUS: &str = "0  in good order
1  an error of WAMP: of a callee, of the router; or of this machine
2  a command line, a file of contexts, an argument that cannot be used
3  no connection, or it was lost
4  the router does not let this user in";

/// A section of a page with these lines as they are; nothing if there are none.
fn section(title: &str, lines: &str) -> String {
    let lines = lines.trim_matches('\n');
    if lines.is_empty() {
        return String::new();
    }
    let escaped = lines.replace('\\', "\\\\").replace('-', "\\-");
    // A line that begins with one of these would be read as an instruction.
    let safe =
        |line: &str| if line.starts_with(['.', '\'']) { format!("\\&{line}\n") } else { format!("{line}\n") };
    let body: String = escaped.lines().map(safe).collect();
    format!(".SH \"{title}\"\n.nf\n{body}.fi\n")
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::runtime(format!("{} cannot be written: {error}", path.display()))
}
