//! What README.md, docs/shell.md and the help of the program tell people to type: it runs, and shows what the document shows.

use crate::manual::{commands, printed};
use crate::scratch::Scratch;
use crate::snapshot::numbers;
use crate::terminal::Terminal;
use crate::{PATIENCE, demo, shell};
use serverwamp_conformance::output;
use std::path::Path;

/// A command as it is typed, and what the document shows below it.
struct Typed {
    line: String,
    shown: String,
}

/// What is known of a command.
enum How {
    /// It shows what the document shows, and ends with this status.
    Shows(i32),
    /// It shows something else each time, and ends in good order.
    Ends,
    /// It goes on until Ctrl-C.
    Stopped,
    /// It is about routers that are elsewhere: the command line is one that can be followed.
    IsRead,
}

fn how(line: &str) -> How {
    let is = |beginning: &str| line.starts_with(beginning);
    if line.contains("example.com") && !is("context add")
        || line.contains("--context")
        || is("link")
        || is("call docs.list")
    {
        return How::IsRead;
    }
    match line {
        _ if is("call demo.ad ") => How::Shows(1),
        _ if is("doctor") => How::Shows(3),
        _ if is("call") || is("context") => How::Shows(0),
        _ if is("publish") || is("bench") || line.contains(" -n ") => How::Ends,
        _ if is("subscribe") || is("register") => How::Stopped,
        _ => panic!("{line:?}: say in the test how it ends"),
    }
}

/// The commands in the blocks of a document that begin with this line; each stands behind `prompt`.
fn typed(document: &str, block: &str, prompt: &str) -> Vec<Typed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut typed: Vec<Typed> = Vec::new();
    let mut lines = text.lines();
    while lines.by_ref().any(|line| line == block) {
        for line in lines.by_ref().take_while(|line| *line != "```") {
            match (line.strip_prefix(prompt), typed.last_mut()) {
                (Some(line), _) => typed.push(Typed { line: line.to_owned(), shown: String::new() }),
                (None, Some(last)) => last.shown += &format!("{line}\n"),
                (None, None) => {}
            }
        }
    }
    typed
}

/// The words of a line, as a shell reads quotes and comments.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            '#' | '|' | '>' | '<' if !quoted && word.is_none() => break,
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

fn run(typed: &Typed, address: &str, environment: &[(&str, &str)], picture: &str) {
    let line = typed.line.replace("localhost:8080", address).replace("--for 10s", "--for 300ms");
    let line = line.replace("latency.svg", picture);
    let mut words = words(&line);
    if words[0] == "bench" && !line.contains("--for") {
        words.extend(["--for".to_owned(), "300ms".to_owned()]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let status = match how(&typed.line) {
        How::IsRead => return is_read(&words),
        How::Stopped => {
            let mut terminal = Terminal::start_with(&words, environment);
            terminal.answer("; Ctrl-C stops", b"\x03");
            terminal.end(0);
            return;
        }
        How::Ends => return drop(Terminal::start_with(&words, environment).end(0)),
        How::Shows(status) => status,
    };
    let seen = Terminal::start_with(&words, environment).end(status).replace("\r\n", "\n");
    // How names of this machine are looked up is its own affair.
    let plain = |text: &str| {
        let text = numbers(&text.replace(address, "localhost:8080"));
        text.lines()
            .filter(|line| !line.starts_with("ok DNS"))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    assert_eq!(plain(&seen), plain(&typed.shown), "{line}");
}

/// Requires that a command line can be followed, as far as the program can tell without doing so.
fn is_read(words: &[&str]) {
    let at = words.iter().position(|word| *word == "--").unwrap_or(words.len());
    let words = [&words[..at], &["--help"], &words[at..]].concat();
    let finished = output::run(&mut shell(None, &words), PATIENCE).expect("it ends by itself");
    assert_eq!((finished.status.code(), &*finished.stderr), (Some(0), ""), "{words:?}");
}

#[test]
fn what_the_documents_tell_to_type_does_what_they_show() {
    let server = demo();
    let scratch = Scratch::new();
    let contexts = scratch.file("contexts.toml");
    let picture = scratch.file("latency.svg");
    let address = format!("localhost:{}", server.address().rsplit(':').next().expect("a port"));
    let readme = typed("README.md", "```sh", "cargo run -q -- ");
    assert!(readme.len() >= 4, "{}", readme.len());
    for typed in &readme {
        let typed = Typed { line: typed.line.clone(), shown: String::new() };
        let environment =
            [("WAMP_URL", server.url()), ("SERVERWAMP_CONTEXTS", &*contexts), ("NO_COLOR", "1")];
        match how(&typed.line) {
            // It shows no output; docs/shell.md shows that of the same commands.
            How::Shows(status) => {
                let words = words(&typed.line);
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                drop(Terminal::start_with(&words, &environment).end(status));
            }
            _ => run(&typed, &address, &environment, &picture),
        }
    }
    let guide = typed("docs/shell.md", "```console", "$ serverwamp ");
    assert!(guide.len() >= 15, "{}", guide.len());
    for typed in &guide {
        let environment =
            [("WAMP_URL", server.url()), ("SERVERWAMP_CONTEXTS", &*contexts), ("NO_COLOR", "1")];
        run(typed, &address, &environment, &picture);
    }
}

#[test]
fn the_examples_of_the_help_are_command_lines_that_can_be_followed() {
    let mut left: Vec<Vec<String>> = commands(&[]).into_iter().map(|command| vec![command]).collect();
    let mut seen = 0;
    while let Some(path) = left.pop() {
        let above: Vec<&str> = path.iter().map(String::as_str).collect();
        let help = printed(&[&above[..], &["--help"]].concat());
        for line in help.lines().filter_map(|line| {
            line.split_once("serverwamp ")
                .filter(|(before, _)| before.trim().is_empty() || before.ends_with("| "))
        }) {
            let words = words(line.1);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            // Usage: lines and words of sentences are none.
            if help.contains("Examples:")
                && !line.1.contains('[')
                && commands(&[]).iter().any(|command| *command == words[0])
            {
                is_read(&words);
                seen += 1;
            }
        }
        left.extend(commands(&above).into_iter().map(|command| [&path[..], &[command]].concat()));
    }
    assert!(seen >= 40, "{seen}");
}

#[test]
fn words_are_read_as_a_shell_reads_them() {
    assert_eq!(words("call a '{\"b\": 1}' x=1  # comment"), ["call", "a", "{\"b\": 1}", "x=1"]);
    assert_eq!(words("keygen --key k >> f"), ["keygen", "--key", "k"]);
}
