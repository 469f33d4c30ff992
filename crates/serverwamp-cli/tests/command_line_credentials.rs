//! `serverwamp hash` and `serverwamp keygen`: what they print lets users in, and what they are told stays secret.
//!
//! `cargo test -p serverwamp-cli --test command_line_credentials`.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use serde_json::{Value, json};
use serverwamp_conformance::cryptosign::{hex, key_from_hex, sign_with};
use serverwamp_conformance::output::{self, Finished, Output};
use serverwamp_conformance::scram::{NONCE, ScramUser};
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol, binary};

/// Hashing takes a while where it is not optimised.
const PATIENCE: Duration = Duration::from_secs(60);

/// The files of one test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("serverwamp-hash-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path of ASCII").to_owned()
    }

    fn write(&self, name: &str, contents: &str) -> String {
        fs::write(self.0.join(name), contents).expect("a file");
        self.file(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Runs the program with this on its standard input.
fn run(arguments: &[&str], input: &str) -> Finished {
    let mut command = Command::new("sh");
    command.args(["-c", "printf %s \"$INPUT\" | \"$0\" \"$@\""]).arg(binary::cli()).args(arguments);
    output::run(command.env("INPUT", input), PATIENCE).expect("it ends by itself")
}

#[track_caller]
fn printed(arguments: &[&str], input: &str) -> String {
    let finished = run(arguments, input);
    assert!(finished.status.success(), "{arguments:?}: {}", finished.stderr);
    finished.stdout
}

/// Requires that the program says this in one line on its standard error, and ends with that status.
#[track_caller]
fn fails(arguments: &[&str], input: &str, status: i32, said: &str) {
    let finished = run(arguments, input);
    assert_eq!(finished.stderr, format!("serverwamp: {said}\n"), "{arguments:?}");
    assert_eq!((finished.status.code(), &*finished.stdout), (Some(status), ""), "{arguments:?}");
}

/// The end of a dialogue of one CHALLENGE.
#[track_caller]
fn log_in(server: &ServerProcess, details: Value, answer: impl FnOnce(&Value) -> (String, Value)) -> Value {
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let challenge = peer.hello("credentials", details);
    assert_eq!(challenge[0], 4, "{challenge}");
    let (signature, extra) = answer(&challenge[2]);
    peer.send(json!([5, signature, extra]));
    peer.receive()
}

#[track_caller]
fn by_scram(server: &ServerProcess, method: &str, authid: &str, password: &str) -> Value {
    let details = json!({ "authmethods": [method], "authid": authid, "authextra": { "nonce": NONCE } });
    let user = ScramUser { autobahn: method == "scram", ..ScramUser::new(authid, password) };
    log_in(server, details, |challenge| {
        let answer = user.answer(challenge);
        (answer.signature, answer.extra)
    })
}

#[test]
fn what_hash_and_keygen_print_lets_their_users_in() {
    let directory = Directory::new();
    let key = directory.file("joe.key");
    let password = directory.write("password", "secret of anna\n");
    let mut entries = printed(&["hash", "ticket", "--user", "joe"], "secret!!!\n");
    assert!(entries.starts_with("[user.joe]\nticket = \"$argon2id$v=19$m=19456,t=2,p=1$"), "{entries}");
    entries += "role = \"customer\"\n";
    entries += &printed(&["keygen", "--key", &key], "");
    entries += &printed(&["hash", "scram", "--memory", "64"], "secret!!!");
    entries += &printed(&["hash", "cra", "--user", "ada@example.com", "--secret-file", &password], "");
    assert!(entries.contains("[user.\"ada@example.com\"]\ncra = \"$wampcra$i=100000,l=32$"), "{entries}");
    let pbkdf2 = ["hash", "scram", "--kdf", "pbkdf2", "--iterations", "4096", "--user", "anna"];
    entries += &printed(&pbkdf2, "secret of anna\r\n");
    assert!(!entries.contains("secret"), "{entries}");

    let mode = fs::metadata(&key).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let private = key_from_hex(fs::read_to_string(&key).expect("a file").trim_end());
    let public = hex(private.verifying_key().as_bytes());
    assert!(entries.contains(&format!("cryptosign = \"{public}\"\n")), "{entries}");

    let file = directory.write("users.toml", &entries);
    let server = ServerProcess::start(&binary::authenticators(), &[&format!("credentials={file}")], &[]);
    let expects = |welcome: &Value, authid: &str, role: &str| {
        assert_eq!(welcome[0], 2, "{welcome}");
        assert_eq!((&welcome[2]["authid"], &welcome[2]["authrole"]), (&json!(authid), &json!(role)));
    };
    let connect = || RawPeer::connect(server.url(), Subprotocol::JSON);
    expects(&connect().join_with_ticket("credentials", "joe", "secret!!!"), "joe", "customer");
    let ada = "ada@example.com";
    expects(&connect().join_with_cra("credentials", ada, "secret of anna"), ada, "authenticated");
    for method in ["wamp-scram", "scram"] {
        expects(&by_scram(&server, method, "joe", "secret!!!"), "joe", "customer");
        expects(&by_scram(&server, method, "anna", "secret of anna"), "anna", "authenticated");
        assert_eq!(by_scram(&server, method, "anna", "secret!!!")[2], "wamp.error.authentication_denied");
    }
    let details = json!({ "authmethods": ["cryptosign"], "authextra": { "pubkey": public } });
    let sign = |challenge: &Value| {
        (sign_with(&private, challenge["challenge"].as_str().expect("a text"), None), json!({}))
    };
    expects(&log_in(&server, details, sign), "joe", "customer");
}

#[test]
fn what_hash_and_keygen_cannot_do_is_one_line() {
    let directory = Directory::new();
    let key = directory.write("key", "an older key\n");
    fails(&["keygen", "--key", &key], "", 1, &format!("{key} is there already: choose another file"));
    assert_eq!(fs::read_to_string(&key).expect("a file"), "an older key\n");
    fails(&["keygen"], "", 2, "--key is missing; see serverwamp help keygen");
    let nowhere = directory.file("nowhere/key");
    let said = format!("{nowhere} cannot be written: No such file or directory (os error 2)");
    fails(&["keygen", "--key", &nowhere], "", 1, &said);
    for input in ["", "\n", "\r\n"] {
        fails(&["hash", "ticket"], input, 1, "the secret from the standard input is empty");
    }
    for (kind, what) in [("ticket", "ticket"), ("cra", "password")] {
        let said = format!("the {what} has a line break in it, expected one line");
        fails(&["hash", kind], "one\ntwo\n", 1, &said);
    }
    let latin = directory.file("latin1");
    fs::write(&latin, b"caf\xe9\n").expect("a file");
    for (kind, what) in [("ticket", "ticket"), ("cra", "password")] {
        let said = format!("the {what} is not UTF-8, as it is in clients");
        fails(&["hash", kind, "--secret-file", &latin], "", 1, &said);
    }
    let refused = run(&["hash", "ticket", "--user", ""], "secret!!!");
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr);
    fails(
        &["hash", "cra"],
        &"x".repeat(5000),
        1,
        "the secret from the standard input has more than 4096 bytes",
    );
    let missing = directory.file("missing");
    let said = format!(
        "no secret can be read from {missing} (--secret-file): No such file or directory (os error 2)"
    );
    fails(&["hash", "cra", "--secret-file", &missing], "", 1, &said);
    let said = "a user name or password is empty or has characters that SASLprep (RFC 4013) prohibits";
    fails(&["hash", "scram", "--memory", "64"], "a\u{7}b", 1, said);
    fails(
        &["hash", "scram", "--kdf", "pbkdf2", "--memory", "64"],
        "secret!!!",
        2,
        "--memory is for argon2id13: pbkdf2 needs none",
    );
    let warned = run(&["hash", "scram", "--kdf", "pbkdf2", "--iterations", "4095"], "secret!!!");
    assert_eq!(
        (warned.status.code(), &*warned.stderr),
        (
            Some(0),
            "serverwamp: warning: the key derivation pbkdf2 with 4095 iterations is too cheap, expected 4096 at least; the client of \
             serverwamp does not answer it\n"
        )
    );
    assert!(
        printed(&["hash", "scram", "--kdf", "pbkdf2", "--iterations", "4096"], "secret!!!")
            .starts_with("scram = ")
    );
    let refused = run(&["hash", "scram", "--memory", "7"], "secret!!!");
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stderr.contains("8 to 1048576 KiB"), "{}", refused.stderr);
    // A secret is no word of the command line, and is not repeated where it is one.
    for command in [
        &["hash", "ticket", "hunter2"][..],
        &["hash", "scram", "hunter2", "--user", "joe"],
        &["keygen", "hunter2"],
        &["token", "check", "hunter2"],
        &["token", "make", "hunter2"],
    ] {
        let refused = run(command, "");
        assert_eq!((refused.status.code(), &*refused.stdout), (Some(2), ""), "{}", refused.stderr);
        assert!(refused.stderr.contains("one word too many: secrets"), "{}", refused.stderr);
        assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
    }
}

/// A terminal with the program in it.
struct Terminal {
    keyboard: File,
    shown: Output,
    terminal: File,
    printed: Output,
    program: std::process::Child,
}

impl Terminal {
    fn start(arguments: &[&str]) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let master = openpt(flags).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("a terminal that can be opened");
        let terminal = File::from(ioctl_tiocgptpeer(&master, flags).expect("its other end"));
        rustix::fs::fcntl_setfl(&master, OFlags::empty()).expect("a blocking terminal");
        let copy = || Stdio::from(terminal.try_clone().expect("a second handle"));
        let mut program = Command::new(binary::cli());
        let program = program.args(arguments).stdin(copy()).stderr(copy()).stdout(Stdio::piped());
        let mut program = program.spawn().expect("it starts");
        let printed = Output::collect(program.stdout.take().expect("piped"));
        let keyboard = File::from(master);
        let shown = Output::collect(keyboard.try_clone().expect("a second handle"));
        Self { keyboard, shown, terminal, printed, program }
    }

    /// Types this once the prompt is there.
    #[track_caller]
    fn answer(&mut self, prompt: &str, typed: &[u8]) {
        let found = self.shown.wait_for(PATIENCE, |text| text.contains(prompt).then_some(()));
        assert!(found.is_some(), "{prompt:?}: {}", self.shown.text());
        self.keyboard.write_all(typed).expect("it is typed");
    }

    /// The exit status, what it printed, and what was to be seen, which ends like this.
    #[track_caller]
    fn end(mut self, last: &str) -> (Option<i32>, String, String) {
        let status = self.program.wait().expect("it ends");
        let echoes = tcgetattr(&self.terminal).expect("a terminal").local_modes;
        assert!(echoes.contains(LocalModes::ECHO | LocalModes::ICANON), "the terminal is as it was before");
        let ends = self.shown.wait_for(PATIENCE, |text| text.trim_end().ends_with(last).then_some(()));
        assert!(ends.is_some(), "{last:?}: {}", self.shown.text());
        (status.code(), self.printed.wait_for_end(PATIENCE), self.shown.text())
    }
}

#[test]
fn a_secret_that_is_typed_is_not_shown() {
    let mut terminal = Terminal::start(&["hash", "ticket"]);
    terminal.answer("Secret: ", b"secrte\x7f\x7fet\xc3\xbc\x7f!!!\r");
    terminal.answer("Once more: ", b"secret!!!\n");
    let (status, printed, shown) = terminal.end("Once more:");
    assert_eq!(status, Some(0), "{shown}");
    assert_eq!(shown.replace('\r', "").trim_end(), "Secret: \nOnce more:");
    let directory = Directory::new();
    let file = directory.write("users.toml", &format!("[user.joe]\n{printed}"));
    let server = ServerProcess::start(&binary::authenticators(), &[&format!("credentials={file}")], &[]);
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    assert_eq!(peer.join_with_ticket("credentials", "joe", "secret!!!")[0], 2);
}

#[test]
fn two_secrets_that_differ_a_ctrl_c_and_a_ctrl_d_make_no_entry() {
    let mut terminal = Terminal::start(&["hash", "cra"]);
    terminal.answer("Secret: ", b"\x04");
    let (status, printed, shown) = terminal.end("serverwamp: stopped: no secret was read");
    assert_eq!((status, &*printed), (Some(1), ""), "{shown}");
    assert!(!shown.contains("Once more"), "{shown}");
    for (second, said) in
        [(&b"secret\r"[..], "the two secrets differ"), (b"sec\x03", "stopped: no secret was read")]
    {
        let mut terminal = Terminal::start(&["hash", "cra"]);
        terminal.answer("Secret: ", b"secret!!!\r");
        terminal.answer("Once more: ", second);
        let (status, printed, shown) = terminal.end(&format!("serverwamp: {said}"));
        assert_eq!((status, &*printed), (Some(1), ""), "{shown}");
        assert!(!shown.contains("secret!!!"), "{shown}");
    }
}
