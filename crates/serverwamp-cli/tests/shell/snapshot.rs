//! What commands print, in a file beside the tests: each command, its output, its status.
//!
//! `SERVERWAMP_BLESS=1 cargo test -p serverwamp-cli --test shell` writes the files again; review the difference.

use serverwamp_conformance::output::Finished;
use std::fmt::Write as _;
use std::path::Path;

/// One file.
pub(crate) struct Snapshot {
    name: &'static str,
    text: String,
    /// Texts that differ from run to run, and what stands for them.
    known: Vec<(String, &'static str)>,
}

impl Snapshot {
    pub(crate) fn new(name: &'static str, known: &[(&str, &'static str)]) -> Self {
        let known = known.iter().map(|(text, stand_in)| ((*text).to_owned(), *stand_in)).collect();
        Self { name, text: String::new(), known }
    }

    /// What a command in a pipe did.
    pub(crate) fn piped(&mut self, words: &[&str], finished: &Finished) {
        self.command(words);
        self.output("", &finished.stdout);
        self.output("! ", &finished.stderr);
        self.status(finished.status.code());
    }

    /// What a person at a terminal has seen of it.
    pub(crate) fn seen(&mut self, words: &[&str], shown: &str, status: i32) {
        self.command(words);
        self.output("", &shown.replace("\r\n", "\n"));
        self.status(Some(status));
    }

    fn command(&mut self, words: &[&str]) {
        let quoted: Vec<String> = words.iter().map(|word| self.plain(&quoted(word))).collect();
        let _infallible = writeln!(self.text, "$ serverwamp {}", quoted.join(" "));
    }

    fn output(&mut self, mark: &str, text: &str) {
        for line in self.plain(text).split_inclusive('\n') {
            let (line, end) = line.strip_suffix('\n').map_or((line, "%"), |line| (line, ""));
            // Bytes that a terminal obeys are written out, so that a difference can be seen.
            let _infallible = writeln!(self.text, "{mark}{}{end}", written_out(line));
        }
    }

    fn status(&mut self, status: Option<i32>) {
        let status = status.map_or_else(|| "killed".to_owned(), |status| status.to_string());
        let _infallible = writeln!(self.text, "[{status}]\n");
    }

    /// The text without what differs from run to run.
    fn plain(&self, text: &str) -> String {
        let text =
            self.known.iter().fold(text.to_owned(), |text, (known, stand_in)| text.replace(known, stand_in));
        numbers(&text)
    }

    /// Compares all of it with the file.
    #[track_caller]
    pub(crate) fn check(self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shell/snapshots");
        let path = folder.join(format!("{}.txt", self.name));
        if std::env::var_os("SERVERWAMP_BLESS").is_some() {
            std::fs::create_dir_all(&folder)
                .and_then(|()| std::fs::write(&path, &self.text))
                .expect("a file");
            return;
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        let (is, was) = (self.text.split("\n\n"), expected.split("\n\n"));
        for (is, was) in is.zip(was) {
            assert_eq!(is, was, "{}: review the difference; SERVERWAMP_BLESS=1 writes it", path.display());
        }
        assert_eq!(
            self.text,
            expected,
            "{}: review the difference; SERVERWAMP_BLESS=1 writes it",
            path.display()
        );
    }
}

fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@,".contains(letter);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn written_out(line: &str) -> String {
    line.chars()
        .map(
            |letter| {
                if letter.is_control() { letter.escape_unicode().to_string() } else { letter.to_string() }
            },
        )
        .collect()
}

/// Times of day, ids and measured times as letters.
pub(crate) fn numbers(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let length = from.find(|letter: char| !letter.is_ascii_digit() && letter != '.' && letter != ':');
        let (number, after) = from.split_at(length.unwrap_or(from.len()));
        let measured = after.starts_with(" ms") || after.starts_with(" s)") || after.starts_with(" s,");
        match number {
            time if time.matches(':').count() == 2 && time.len() == 12 => plain.push_str("TIME"),
            id if id.len() > 9 && id.bytes().all(|digit| digit.is_ascii_digit()) => plain.push_str("ID"),
            _ if measured && number.contains('.') => plain.push('N'),
            other => plain.push_str(other),
        }
        rest = after;
    }
    plain + rest
}

#[test]
fn what_differs_from_run_to_run_is_left_out() {
    assert_eq!(numbers("12:00:01.003 chat 5 x1.5"), "TIME chat 5 x1.5");
    assert_eq!(numbers("id 5804170459373271, (0.52 ms) in 3.01 s, 4"), "id ID, (N ms) in N s, 4");
    assert_eq!(
        (quoted("a b"), quoted("it's"), quoted("a=1")),
        ("'a b'".to_owned(), "'it'\\''s'".to_owned(), "a=1".to_owned())
    );
    assert_eq!(written_out("a\u{1b}[1m"), "a\\u{1b}[1m");
}
