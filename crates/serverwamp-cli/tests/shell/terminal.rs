//! A terminal with the program in it, as a person sees it.

use crate::{PATIENCE, demo, shell};
use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use serverwamp_conformance::output::Output;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A terminal whose input, output and errors are those of a command.
pub(crate) struct Terminal {
    keyboard: File,
    shown: Output,
    program: Child,
}

impl Terminal {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// The same with these variables.
    pub(crate) fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let master = openpt(flags).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("ours");
        let terminal = File::from(ioctl_tiocgptpeer(&master, flags).expect("its other side"));
        rustix::fs::fcntl_setfl(&master, OFlags::empty()).expect("a blocking terminal");
        let copy = || Stdio::from(terminal.try_clone().expect("a second handle"));
        // In a session of its own, whose terminal this is: that is where secrets are asked for.
        let mut command = std::process::Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(serverwamp_conformance::binary::cli()).args(arguments);
        let clean = shell(None, &[]);
        for (name, value) in clean.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.arg0("setsid").env("TERM", "xterm").envs(environment.iter().copied());
        let program = command.stdin(copy()).stdout(copy()).stderr(copy()).spawn().expect("it starts");
        drop(terminal);
        let keyboard = File::from(master);
        let shown = Output::collect(keyboard.try_clone().expect("a second handle"));
        Self { keyboard, shown, program }
    }

    /// Waits until this is shown.
    #[track_caller]
    pub(crate) fn sees(&self, part: &str) {
        let seen = self.shown.wait_for(PATIENCE, |text| text.contains(part).then_some(()));
        assert!(seen.is_some(), "{part:?} in {:?}", self.shown.text());
    }

    /// Types after a prompt.
    #[track_caller]
    pub(crate) fn answer(&mut self, prompt: &str, typed: &[u8]) {
        self.sees(prompt);
        self.keyboard.write_all(typed).expect("a keyboard");
    }

    /// Whether the terminal shows what is typed.
    pub(crate) fn echoes(&self) -> bool {
        let modes = rustix::termios::tcgetattr(&self.keyboard).expect("a terminal");
        modes.local_modes.contains(rustix::termios::LocalModes::ECHO)
    }

    /// Sends a signal to the program at the terminal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let group = rustix::termios::tcgetpgrp(&self.keyboard).expect("a program");
        rustix::process::kill_process_group(group, signal).expect("it runs");
    }

    /// All that was shown, once the program has ended with this status.
    #[track_caller]
    pub(crate) fn end(mut self, status: i32) -> String {
        let shown = self.shown.wait_for_end(PATIENCE);
        let deadline = Instant::now() + PATIENCE;
        let ended = loop {
            match self.program.try_wait().expect("it can be asked") {
                Some(ended) => break ended,
                None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
                None => {
                    self.program.kill().expect("it runs");
                    panic!("it does not end: {shown:?}");
                }
            }
        };
        assert_eq!(ended.code(), Some(status), "{shown}");
        shown
    }
}

#[test]
fn progress_is_on_one_line_with_how_long_it_took() {
    let server = demo();
    let words = ["call", "demo.countdown", "from=3", "interval_ms=1", "--progress", "--url", server.url()];
    let shown = Terminal::start(&words).end(0);
    assert!(shown.starts_with("3 … 2 … 1 … liftoff   (3 progressive results, 0."), "{shown:?}");
}

#[test]
fn colours_are_for_terminals_and_can_be_turned_off() {
    let server = demo();
    let words = ["subscribe", "demo.clock", "-n", "1", "--url", server.url()];
    let shown = Terminal::start(&words).end(0);
    assert!(shown.contains("\x1b[1mdemo.clock\x1b[0m"), "{shown:?}");
}

#[test]
fn ctrl_c_at_the_keyboard_cancels_a_call() {
    let server = demo();
    let mut terminal = Terminal::start(&["register", "test.x", "--reply", "1", "--url", server.url()]);
    terminal.answer("serving test.x in realm1; Ctrl-C stops", b"\x03");
    terminal.end(0);
    let mut terminal = Terminal::start(&["subscribe", "chat", "--url", server.url()]);
    terminal.answer("subscribed to chat in realm1; Ctrl-C stops", b"\x03");
    terminal.end(0);
    let words = ["call", "demo.countdown", "from=60", "--progress", "--url", server.url()];
    let mut terminal = Terminal::start(&words);
    terminal.answer("60 … ", b"\x03");
    assert!(terminal.end(1).contains("canceled; once more Ctrl-C stops at once"));
}

#[test]
fn top_is_a_screen_that_obeys_keys_and_gives_the_terminal_back() {
    let server = demo();
    let mut terminal = Terminal::start(&["top", "--every", "200ms", "--url", server.url()]);
    terminal.answer("by traffic", b"s");
    terminal.sees("by queue");
    assert!(!terminal.echoes(), "keys are not shown");
    terminal.answer("SESSION", b"/nobody");
    terminal.sees("/nobody_ 0 of 0");
    terminal.answer("/nobody", b"\r");
    terminal.sees("/nobody 0 of 0");
    terminal.answer("q end", b"p");
    terminal.sees("paused");
    terminal.answer("paused", b"q");
    let shown = terminal.end(0);
    assert!(shown.contains("\x1b[?1049h\x1b[?25l"), "{shown:?}");
    assert!(shown.ends_with("\x1b[?25h\x1b[?1049l"), "{shown:?}");
}

#[test]
fn top_shows_what_single_uris_do_for_as_long_as_that_is_looked_at() {
    let server = demo();
    let mut calls =
        shell(Some(&server), &["bench", "call", "demo.add", "2", "3", "--for", "60s", "--rate", "50"]);
    let mut calls = calls.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut terminal = Terminal::start(&["top", "--every", "200ms", "--url", server.url()]);
    terminal.answer("u URIs", b"u");
    terminal.sees("u sessions");
    terminal.answer("demo.add", b"s");
    terminal.answer("by failures", b"/nothing\r");
    terminal.answer("/nothing 0 of ", b"\x1b");
    terminal.answer("by failures  ", b"u");
    terminal.answer("by traffic", b"q");
    let shown = terminal.end(0);
    calls.kill().and_then(|()| calls.wait()).expect("it is there");
    assert!(shown.lines().any(|line| line.contains("call   ") && line.contains("demo.add")), "{shown:?}");
}

#[test]
fn a_measurement_shows_how_far_it_is() {
    let server = demo();
    let words = ["bench", "call", "demo.add", "2", "3", "--for", "1s", "--url", server.url()];
    let terminal = Terminal::start(&words);
    terminal.sees("a second");
    let shown = terminal.end(0);
    assert!(shown.contains(" %  ") && shown.contains("p99.9"), "{shown:?}");
}
