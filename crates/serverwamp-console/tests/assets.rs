//! The files that are compiled in: whether they are those of `web`, small, and free of what a page must not do.
//!
//! `SERVERWAMP_BLESS=1 cargo test -p serverwamp-console --test assets` packs `web` again. A file that is new stands in
//! `src/assets.rs` as well, and is empty in `packed` before (`touch packed/NAME.gz`), because the crate is compiled first.

#![expect(clippy::unwrap_used, reason = "a test fails there")]

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// What the console may add to a program, in bytes.
const MOST: u64 = 200 * 1000;

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// The paths of all files below a folder, with slashes, in order.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(one) = folders.pop() {
        for entry in fs::read_dir(one).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/")),
            }
        }
    }
    found.sort();
    found
}

/// The files of `web` that are served.
fn served() -> Vec<String> {
    let mut served = files(&here("web"));
    served.retain(|path| path != "vendor/vendor.lock" && !path.ends_with(".d.ts"));
    served
}

fn unpacked(path: &str) -> Vec<u8> {
    let packed = fs::read(here("packed").join(format!("{path}.gz"))).unwrap_or_default();
    let mut content = Vec::new();
    // What is empty, or no gzip, is as no file.
    match GzDecoder::new(packed.as_slice()).read_to_end(&mut content) {
        Ok(_) => content,
        Err(_) => Vec::new(),
    }
}

fn pack(path: &str, content: &[u8]) {
    let to = here("packed").join(format!("{path}.gz"));
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    fs::write(to, encoder.finish().unwrap()).unwrap();
}

#[test]
fn what_is_compiled_in_is_what_stands_in_web() {
    let bless = std::env::var_os("SERVERWAMP_BLESS").is_some();
    let mut stale = Vec::new();
    for path in served() {
        let content = fs::read(here("web").join(&path)).unwrap();
        if unpacked(&path) == content {
            continue;
        }
        match bless {
            true => pack(&path, &content),
            false => stale.push(path),
        }
    }
    assert!(
        stale.is_empty(),
        "not packed: {stale:?}; run SERVERWAMP_BLESS=1 cargo test -p serverwamp-console --test assets"
    );
    let packed: Vec<String> = served().iter().map(|path| format!("{path}.gz")).collect();
    assert_eq!(files(&here("packed")), packed, "in packed is nothing else");
    let table = fs::read_to_string(here("src/assets.rs")).unwrap();
    for path in served() {
        assert!(table.contains(&format!("\"{path}\"\n")), "{path} is not in src/assets.rs");
    }
}

#[test]
fn the_console_is_small() {
    let packed = here("packed");
    let all: u64 = files(&packed).iter().map(|path| fs::metadata(packed.join(path)).unwrap().len()).sum();
    assert!(all > 30_000, "{all} bytes are no console");
    assert!(all < MOST, "{all} bytes are too many");
}

/// Names made by peers are shown by what can only make text of them.
#[test]
fn no_page_makes_elements_of_text() {
    const NOT: [&str; 13] = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "unsafeHTML",
        "unsafeSVG",
        "eval(",
        "new Function",
        "createContextualFragment",
        "DOMParser",
        "srcdoc",
        "setHTML",
        "href=${",
    ];
    let own: Vec<String> = served().into_iter().filter(|path| !path.starts_with("vendor/")).collect();
    assert!(own.len() > 10, "{own:?}");
    for path in own {
        let text = fs::read_to_string(here("web").join(&path)).unwrap();
        for not in NOT {
            assert!(!text.contains(not), "{path} has {not}");
        }
        // Neither inline scripts nor inline styles, which the policy of the console forbids.
        assert!(
            !text.contains(" style=") && !text.contains(" onclick="),
            "{path} has an attribute that is a style or a script"
        );
        assert!(!text.contains("http://") || path == "icon.svg", "{path} names an address");
    }
}

#[test]
fn what_is_vendored_is_what_the_list_says() {
    let lock = fs::read_to_string(here("web/vendor/vendor.lock")).unwrap();
    let licences = fs::read_to_string(here("web/vendor/LICENSES")).unwrap();
    let mut listed = vec!["LICENSES".to_owned(), "vendor.lock".to_owned()];
    for line in lock.lines().filter(|line| !line.starts_with('#')) {
        let [file, package, version, _licence, hash] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let content = fs::read(here("web/vendor").join(file)).unwrap();
        let is: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(is, hash, "{file} was changed by hand: run tools/vendor.mjs");
        assert!(licences.contains(&format!("{package} {version}\n")), "no licence of {package} {version}");
        listed.push(file.to_owned());
    }
    listed.sort();
    // Types for tools/tsconfig.json stand beside them.
    let mut all = files(&here("web/vendor"));
    all.retain(|path| !path.ends_with(".d.ts"));
    assert_eq!(all, listed);
}
