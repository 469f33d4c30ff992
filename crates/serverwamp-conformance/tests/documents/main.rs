//! What README.md and the guides show: their programs run, and their clients meet them.
//!
//! `cargo test -p serverwamp-conformance --test documents`. What needs a client of another language is skipped where that cannot be
//! had, with a message; with `SERVERWAMP_REQUIRE_INTEROP=1` it fails.

mod copied;
mod from_crossbar;
mod from_crossbar_program;
mod from_python;
mod from_python_program;
mod readme;

use serverwamp_conformance::client::Client;
use serverwamp_conformance::interop;
use std::path::Path;

/// The text of a document, by its path from the root of the repository.
fn document(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The blocks of code that begin with this line, such as "```js".
fn blocks(document: &str, first_line: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = document.lines();
    while lines.by_ref().any(|line| line == first_line) {
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(block.join("\n") + "\n");
    }
    blocks
}

/// Returns whether this client can be had here, and says so if not.
fn can_be_had(client: Client) -> bool {
    match client.prepare() {
        Ok(()) => true,
        Err(reason) if interop::is_required() => panic!("{}: {reason}", client.name()),
        Err(reason) => {
            println!("{} is skipped: {reason}", client.name());
            false
        }
    }
}

#[test]
fn blocks_of_code_are_found_by_their_first_line() {
    let document = "```js\na\nb\n```\ntext\n```rust\nc\n```\n```js\nd\n```\n";
    assert_eq!(blocks(document, "```js"), ["a\nb\n", "d\n"]);
    assert_eq!(blocks(document, "```rust"), ["c\n"]);
}
