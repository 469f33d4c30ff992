//! What the architecture promises and no compiler checks: the shape of files, who may name whom, documents that
//! agree with the tree.
//!
//! Every check is a function from texts to complaints, so that a sample can show that it does complain.

mod conformance;
mod dependencies;
mod documents;
mod floors;
mod limits;
mod names;
mod readme;
mod sources;
mod tracked;

use std::fs;
use std::path::{Path, PathBuf};

/// Directories that are no part of the project.
const FOREIGN: [&str; 4] = [".git", ".interop", "node_modules", "target"];

/// The workspace's root.
fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the tests are run from a checkout")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below `directory` with this extension, as paths from the root with their texts.
fn files(directory: &str, extension: &str) -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    walk(&root.join(directory), &mut |path| {
        if path.extension().is_some_and(|of| of == extension) {
            let name = path.strip_prefix(&root).expect("it was found below the root");
            found.push((name.to_string_lossy().replace('\\', "/"), read(path)));
        }
    });
    found.sort();
    assert!(
        !found.is_empty(),
        "there is no .{extension} file in {directory}: the check looks in the wrong place"
    );
    found
}

/// The text of a source file before its tests, if those stand at its end. A line `mod tests;` ends nothing.
fn before_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default()
}

/// Calls `visit` for everything below `directory`, files and directories.
fn walk(directory: &Path, visit: &mut impl FnMut(&Path)) {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    for entry in entries {
        let path = entry.expect("the directory can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if FOREIGN.contains(&name.as_str()) {
            continue;
        }
        visit(&path);
        if path.is_dir() {
            walk(&path, visit);
        }
    }
}

/// Fails with all complaints at once.
#[track_caller]
fn none(complaints: impl IntoIterator<Item = String>) {
    let complaints: Vec<String> = complaints.into_iter().collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
