//! What git keeps: texts that people wrote, and nothing that a program left behind.

use crate::{none, root};
use std::process::Command;

/// Longer than any text of the project will be, and shorter than what nobody meant to add: a core dump, a binary.
const LARGEST: usize = 256 * 1024;

/// What is binary and kept all the same, by folder and ending, each with its reason.
const KEPT: [(&str, &str, &str); 2] = [
    (
        "crates/serverwamp-console/packed/",
        ".gz",
        "compiled in as it is; a test of the crate compares it with its text",
    ),
    ("docs/", ".png", "a picture that a document shows; made by a test of the program"),
];

fn is_kept(path: &str) -> bool {
    KEPT.iter().any(|(folder, ending, _)| path.starts_with(folder) && path.ends_with(ending))
}

fn complaint(path: &str, content: &[u8]) -> Option<String> {
    let length = content.len();
    if length > LARGEST {
        return Some(format!(
            "{path} has {length} bytes, more than {LARGEST}: git rm --cached {path}, and name it in .gitignore"
        ));
    }
    if is_kept(path) {
        return None;
    }
    let nul = content.iter().position(|byte| *byte == 0)?;
    Some(format!(
        "{path} has a NUL byte at {nul}, so it is no text: what is binary is made where it is needed"
    ))
}

#[test]
fn git_keeps_no_large_and_no_binary_files() {
    let root = root();
    let listed = Command::new("git").arg("-C").arg(&root).args(["ls-files", "-z"]).output();
    let listed = listed.expect("git is there, as the tests are run from a checkout");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("names are UTF-8");
    let tracked: Vec<&str> = names.split('\0').filter(|name| !name.is_empty()).collect();
    assert!(tracked.len() > 100, "the check looks in the wrong place: {tracked:?}");
    none(tracked.into_iter().filter_map(|name| {
        // A file that is deleted and not yet committed so is nothing to complain about.
        let content = std::fs::read(root.join(name)).ok()?;
        complaint(name, &content)
    }));
}

#[test]
fn a_large_or_binary_file_is_found() {
    assert_eq!(complaint("a.rs", b"//! A file.\n"), None);
    assert_eq!(complaint("a.txt", &vec![b'a'; LARGEST]), None);
    let large = complaint("core", &vec![b'a'; LARGEST + 1]).unwrap();
    assert!(large.starts_with("core has 262145 bytes"), "{large}");
    let binary = complaint("a.out", b"\x7fELF\x02\x01\x01\0\0").unwrap();
    assert!(binary.starts_with("a.out has a NUL byte at 7"), "{binary}");
    assert_eq!(complaint("docs/a.png", b"\x89PNG\0"), None);
    assert!(complaint("docs/a.png", &vec![0; LARGEST + 1]).is_some());
    for elsewhere in ["docs/a.bin", "crates/a.png", "crates/serverwamp-console/web/a.gz"] {
        assert!(complaint(elsewhere, b"\0").is_some(), "{elsewhere}");
    }
}
