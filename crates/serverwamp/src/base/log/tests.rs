//! Log lines, as a subscriber of this thread gets them.

use super::*;
use crate::base::locks::{Mutex, MutexGuard};
use std::io::{self, Write};
use std::sync::Arc;
use tracing::Level;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// The lines of this thread since it was made.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn start(level: Level) -> (Self, DefaultGuard) {
        let captured = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .without_time()
            .with_writer(captured.clone())
            .finish();
        (captured, tracing::subscriber::set_default(subscriber))
    }

    /// Those that have this target.
    fn of(&self, target: &str) -> Vec<String> {
        let bytes = self.bytes();
        let lines = std::str::from_utf8(&bytes).unwrap().lines();
        let of_target = lines.filter(|line| line.contains(&format!(" {target}: ")));
        of_target.map(|line| line.trim_start().to_owned()).collect()
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[test]
fn a_line_has_its_fields_and_those_that_there_are_and_what_a_peer_chose_cannot_get_out_of_its_own() {
    let (captured, _guard) = Captured::start(Level::DEBUG);
    let nobody: Option<u64> = None;
    line!(WARN, "test1", "something happens", topic = "a\x1b[2J\nWARN made up", session = 7; peer = nobody, by = Some("joe"));
    assert_eq!(
        captured.of("serverwamp::test1"),
        [r#"WARN serverwamp::test1: something happens topic="a\u{1b}[2J\nWARN made up" session=7 by=joe"#]
    );
}

#[test]
fn a_peer_whose_port_a_proxy_does_not_name_is_told_without_one() {
    for (address, shown) in [
        ("192.0.2.7:41432", "192.0.2.7:41432"),
        ("192.0.2.7:0", "192.0.2.7"),
        ("[2001:db8::1]:0", "2001:db8::1"),
    ] {
        let whose = Whose::from(address.parse::<SocketAddr>().ok());
        assert_eq!(whose.peer.map(|peer| peer.to_string()).as_deref(), Some(shown));
    }
}

#[test]
fn a_value_that_nobody_listens_to_is_not_even_computed() {
    let (captured, _guard) = Captured::start(Level::INFO);
    let compute = || -> u64 { panic!("it was computed") };
    line!(DEBUG, "test2", "something happens", value = compute());
    line_later!(DEBUG, "test2", "something happens", value = compute());
    assert!(captured.bytes().is_empty());
}

#[test]
fn under_a_lock_a_line_is_written_down_and_comes_when_it_is_free() {
    let (captured, _guard) = Captured::start(Level::DEBUG);
    for number in 0..100 {
        let text = format!("of before {number}");
        line_later!(DEBUG, "test3", "something happens", value = text; peer = None::<u64>);
        drop(text);
        assert!(captured.of("serverwamp::test3").is_empty());
        flush();
        let lines = captured.of("serverwamp::test3");
        // Other tests of this process call `flush` as well; then it has been logged where we do not listen.
        if !lines.is_empty() {
            let line = format!("DEBUG serverwamp::test3: something happens value=\"of before {number}\"");
            return assert_eq!(lines, [line]);
        }
    }
    panic!("it never came");
}

#[test]
fn of_a_flood_there_are_a_few_lines_and_the_count_of_all_others() {
    let (captured, _guard) = Captured::start(Level::DEBUG);
    for number in 0..20_000 {
        line!(ERROR, "test4", "much happens", number = number);
    }
    let lines = captured.of("serverwamp::test4");
    assert!((10..20).contains(&lines.len()), "{lines:?}");
    // Exactly, in a process of its own, in crates/serverwamp/tests/logs.rs: other tests here call `flush` as well.
    let told: u64 = lines.iter().filter_map(|line| suppressed(line)).sum();
    assert!(lines.len() as u64 + told + rate::owed("much happens") <= 20_000);
}

/// The count at the end of a line.
fn suppressed(line: &str) -> Option<u64> {
    line.split_once("suppressed=")?.1.parse().ok()
}
