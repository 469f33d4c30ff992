//! Help, completions and manual pages, which are made of the same words.

use crate::scratch::Scratch;
use crate::{PATIENCE, shell};
use serverwamp_conformance::output;

pub(crate) fn printed(arguments: &[&str]) -> String {
    let finished = output::run(&mut shell(None, arguments), PATIENCE).expect("it ends by itself");
    assert_eq!((finished.status.code(), &*finished.stderr), (Some(0), ""), "{arguments:?}");
    finished.stdout
}

/// The commands that `--help` lists below a command.
pub(crate) fn commands(above: &[&str]) -> Vec<String> {
    let help = printed(&[above, &["--help"]].concat());
    let list = help.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    let words =
        lines.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    words.filter(|word| *word != "help").map(str::to_owned).collect()
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let scratch = Scratch::new();
    let folder = scratch.file("man1");
    printed(&["man", "--dir", &folder]);
    let program = commands(&[]);
    assert!(program.len() >= 12, "{program:?}");
    for shell in ["bash", "zsh", "fish"] {
        let script = printed(&["completions", shell]);
        for command in &program {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    for command in &program {
        let page = std::fs::read_to_string(format!("{folder}/serverwamp-{command}.1")).expect("a page");
        assert!(page.starts_with(".ie") && page.contains(".SH SYNOPSIS"), "{page}");
        assert_eq!(page, printed(&["man", command]));
        for part in [".SH \"EXIT STATUS\"", ".SH NAME", ".SH OPTIONS"] {
            assert!(page.contains(part), "{command}: {part}");
        }
        // Those with commands below them have examples there or here.
        assert!(
            page.contains("\\nserverwamp ")
                || page.contains("  serverwamp ")
                || page.contains("| serverwamp "),
            "{command}: {page}"
        );
        assert_eq!(
            page.contains("WAMP_SECRET_FILE"),
            page.contains("\\-\\-secret\\-file") && page.contains(".SH ROUTER"),
            "{command}"
        );
    }
}

#[test]
fn the_help_of_every_command_has_an_example() {
    let mut left: Vec<Vec<String>> = commands(&[]).into_iter().map(|command| vec![command]).collect();
    let mut seen = 0;
    while let Some(path) = left.pop() {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let help = printed(&[&words[..], &["--help"]].concat());
        assert!(
            help.contains("\n  serverwamp ") || help.contains("| serverwamp "),
            "{words:?} has no example: {help}"
        );
        left.extend(commands(&words).into_iter().map(|command| [&path[..], &[command]].concat()));
        seen += 1;
    }
    assert!(seen >= 18, "{seen}");
}
