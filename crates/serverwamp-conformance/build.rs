//! Writes down the programs of README.md, and the one that the web console copies, as programs that tests can start.
//!
//! What goes in is README.md: the first block of Rust, a program, and the one below "logged-in users", which is changes to
//! it. What comes out is `readme.rs` and `readme_logged_in.rs` in `OUT_DIR`. They differ from README.md in the port alone:
//! theirs is any that is free. `copied.rs` is the program of the console, which gets the address from the command line.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

const README: &str = "../../README.md";
const COPIED: &str = "../serverwamp-cli/tests/console/copied.rs";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={README}");
    println!("cargo::rerun-if-changed={COPIED}");
    println!("cargo::rerun-if-changed=build.rs");
    let readme = fs::read_to_string(README)?;
    let program = block(&readme, "```rust,no_run\n").ok_or("README.md has no program")?;
    let changes = block(&readme, "```rust,ignore\n").ok_or("README.md has no changes to its program")?;
    let out = env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?;
    let write = |name: &str, program: &str| {
        let anywhere = program.replace("127.0.0.1:8080", "127.0.0.1:0");
        if anywhere == program {
            Err("the program of README.md does not listen at 127.0.0.1:8080".into())
        } else {
            fs::write(Path::new(&out).join(name), anywhere).map_err(Box::<dyn Error>::from)
        }
    };
    write("readme.rs", program)?;
    write("readme_logged_in.rs", &changed(program, changes)?)?;
    let copied = fs::read_to_string(COPIED)?;
    let address = r#""ws://127.0.0.1:8080/console/ws""#;
    let given = copied.replace(address, "std::env::args().nth(1).unwrap_or_default()");
    if given == copied {
        return Err(format!("{COPIED} does not connect to {address}").into());
    }
    fs::write(Path::new(&out).join("copied.rs"), given).map_err(Box::<dyn Error>::from)
}

/// The first block of code that begins with this line.
fn block<'d>(document: &'d str, first_line: &str) -> Option<&'d str> {
    let (_, rest) = document.split_once(first_line)?;
    Some(rest.split_once("```")?.0)
}

/// The program with the realm of the changes in place of its own, and with all else that they add.
fn changed(program: &str, changes: &str) -> Result<String, &'static str> {
    let is_realm = |line: &&str| line.trim_start().starts_with("let realm = ");
    let realm = changes.lines().find(is_realm).ok_or("the changes name no realm")?;
    let replaced = program.lines().find(is_realm).ok_or("the program names no realm")?;
    let added: Vec<&str> = changes.lines().filter(|line| !is_realm(line)).collect();
    Ok(program.replacen(replaced, realm, 1) + &added.join("\n"))
}
