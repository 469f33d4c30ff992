//! What no text may do to the reader and the checks: panic, or take long.

use crate::support::checked;
use serverwamp_config::{Environment, Printer, Style};
use std::time::{Duration, SystemTime};

/// A file that uses everything.
const WHOLE: &str = include_str!("whole.toml");

/// Checks a text and prints what is found.
fn survive(text: &str) -> usize {
    let environment = Environment::empty();
    let mistakes = checked(text, &environment).mistakes;
    Printer::new("x.toml", text, &environment, Style::Colours).print(&mistakes).len()
}

#[test]
fn the_whole_file_has_no_mistake() {
    let mistakes = checked(WHOLE, &Environment::empty()).mistakes;
    let found: Vec<String> = mistakes.iter().map(|it| format!("{} {}", it.code().id(), it.title())).collect();
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_read_without_a_panic() {
    for end in (0..=WHOLE.len()).filter(|end| WHOLE.is_char_boundary(*end)) {
        survive(&WHOLE[..end]);
    }
}

#[test]
fn a_file_that_begins_anywhere_is_read_without_a_panic() {
    for start in (0..WHOLE.len()).step_by(7).filter(|start| WHOLE.is_char_boundary(*start)) {
        survive(&WHOLE[start..]);
    }
}

/// Numbers that look random and are the same each time (xorshift).
fn numbers(seed: u64) -> impl Iterator<Item = usize> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    })
}

#[test]
fn a_file_with_letters_changed_at_random_is_read_without_a_panic() {
    let letters: Vec<char> = "[]{}=\"'.,#\n\\ \u{0}\u{7f}ä*-_0129aez\u{1f600}".chars().collect();
    for seed in 1..=300 {
        let mut numbers = numbers(seed);
        let mut text: Vec<char> = WHOLE.chars().collect();
        for _ in 0..1 + seed % 7 {
            let (at, letter) = (numbers.next().unwrap(), numbers.next().unwrap());
            let length = text.len();
            text[at % length] = letters[letter % letters.len()];
        }
        survive(&text.into_iter().collect::<String>());
    }
}

#[test]
fn nothing_that_is_printed_is_obeyed_by_a_terminal() {
    let obeyed = ['\u{1b}', '\u{9b}', '\u{202e}', '\u{2066}'];
    let hostile: String = obeyed.iter().collect();
    let variable = format!("SERVERWAMP_{hostile}");
    let environment: Environment = [(variable, hostile.clone())].into_iter().collect();
    let text = format!("# {hostile}\n\"{hostile}\" = 1 # {hostile}\nmetrics = \"{hostile}\"\n");
    let mistakes = checked(&text, &environment).mistakes;
    let printed =
        Printer::new(&format!("{hostile}.toml"), &text, &environment, Style::Plain).print(&mistakes);
    let found: Vec<char> = obeyed.into_iter().filter(|letter| printed.contains(*letter)).collect();
    assert!(found.is_empty(), "{found:?} in {printed:?}");
}

#[test]
fn noise_is_read_without_a_panic() {
    for seed in 1..=300 {
        let bytes: Vec<u8> = numbers(seed).take(400).map(|number| number.to_le_bytes()[0]).collect();
        survive(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_long_or_deep_file_takes_no_longer_than_it_should() {
    let junk: String =
        numbers(7).take(1 << 20).map(|number| char::from(32 + u8::try_from(number % 95).unwrap())).collect();
    for (what, text) in [
        ("a line of a megabyte", junk),
        ("ten thousand unknown keys", (0..10_000).map(|number| format!("key_{number} = 1\n")).collect()),
        ("a megabyte of brackets", "[".repeat(1 << 20)),
        ("a deep list", format!("a = {}{}", "[".repeat(10_000), "]".repeat(10_000))),
        ("a deep table", format!("a{} = 1", ".b".repeat(10_000))),
        ("deep inline tables", format!("a = {}1{}", "{ b = ".repeat(5_000), " }".repeat(5_000))),
        ("many listeners", (0..500).map(|_| "[[listen]]\n").collect()),
        ("many realms", (0..500).map(|number| format!("[[realm]]\nname = \"r{number}\"\n")).collect()),
    ] {
        let begun = SystemTime::now();
        survive(&text);
        let taken = begun.elapsed().unwrap_or_default();
        assert!(taken < Duration::from_secs(20), "{what} took {taken:?}");
    }
}
