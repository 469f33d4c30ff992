//! A configuration that is looked at from time to time.

use crate::program::{FILE, Program, Scratch};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::thread;
use std::time::Duration;

const LOOK: Duration = Duration::from_millis(100);

/// A configuration with so many subscriptions, to tell one from another.
fn config(subscriptions: u32) -> String {
    format!(
        r#"
[reload]
watch = "100ms"
[[listen]]
address = "127.0.0.1:0"
[[realm]]
name = "realm1"
[[realm.auth]]
anonymous = {{}}
[[realm.auth]]
file = {{ path = "users.toml", look_every = "1h" }}
[limits]
subscriptions = {subscriptions}
"#
    )
}

#[test]
fn a_file_that_has_changed_is_reloaded_once_it_is_whole() {
    let scratch = Scratch::new();
    scratch.write("users.toml", "");
    // As Kubernetes does it: a link to a link to a folder.
    let version = |number: u32| {
        let folder = scratch.file(&format!("v{number}"));
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join(FILE), config(number)).expect("a file");
        symlink(&folder, scratch.file("next")).expect("a link");
        fs::rename(scratch.file("next"), scratch.file("current")).expect("a link");
    };
    version(1);
    symlink("current/serverwamp.toml", scratch.file(FILE)).expect("a link");
    let program = Program::start_command(&scratch, &mut scratch.command(&["serve"]));
    let mut peer = program.joined("realm1");
    // A link that is swapped.
    version(2);
    program.wait_for("subscriptions: 1 is now 2");
    // A file that takes the name of another.
    scratch.replace(FILE, config(3));
    program.wait_for("subscriptions: 2 is now 3");
    // One that is written in parts, slowly: nothing of it counts but the whole.
    let (text, before) = (config(4), program.log().len());
    for end in (0..text.len()).step_by(text.len() / 8) {
        scratch.write(FILE, &text[..end]);
        thread::sleep(LOOK / 3);
    }
    scratch.write(FILE, &text);
    program.wait_for_after(before, "subscriptions: 3 is now 4");
    // One that stays half written, and one that is gone, change nothing.
    let before = program.log().len();
    scratch.write(FILE, &text[..text.len() - 3]);
    program.wait_for_after(before, "was not reloaded");
    let before = program.log().len();
    fs::remove_file(scratch.file(FILE)).expect("it is there");
    thread::sleep(5 * LOOK);
    assert_eq!(program.log().get(before..), Some(""), "a file that is gone is not looked for");
    scratch.write(FILE, config(5));
    program.wait_for_after(before, "subscriptions: 4 is now 5");
    // A file that it names.
    let before = program.log().len();
    scratch.replace("users.toml", scratch.made_of("tick3t", &["hash", "ticket", "--user", "ann"]));
    program.wait_for_after(before, "reload: 1 realm replaced (1 session kept)");
    assert_eq!(program.connect().join_with_ticket("realm1", "ann", "tick3t")[0], 2);
    // To look no more is a change as well.
    scratch.replace(FILE, config(6).replace("watch = \"100ms\"", ""));
    program.wait_for("subscriptions: 5 is now 6");
    let before = program.log().len();
    scratch.replace(FILE, config(7));
    thread::sleep(5 * LOOK);
    assert_eq!(program.log().get(before..), Some(""));
    let answer = peer.call("nothing", Value::Null, Value::Null, Value::Null);
    assert_eq!(answer[4], "wamp.error.no_such_procedure", "nobody was dropped");
}
