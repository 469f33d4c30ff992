//! The web console of `serverwamp dev` in a browser: Debian's Chromium, driven by playwright-core.
//!
//! `cargo test -p serverwamp-cli --test console`. Where there is no Chromium or no Node.js these tests are skipped, with a message; with
//! `SERVERWAMP_REQUIRE_INTEROP=1` they fail. What a person does stands in the files that `scenarios.mjs` lists, what makes every
//! scenario fail in `browser.mjs`. `SERVERWAMP_BLESS=1` takes the pictures of `docs` again: look at them.

#![expect(clippy::unwrap_used, reason = "a test fails there")]

use serverwamp_conformance::interop::Browser;
use serverwamp_conformance::output::Output;
use serverwamp_conformance::router::{ForeignRouter, Make};
use serverwamp_conformance::{ServerProcess, binary, interop, output};
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The time for one scenario, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(300);

/// The most bytes of a picture: the repository keeps them for ever.
const MOST: u64 = 256 * 1024;

/// The pictures, as they are named in `frame.mjs` and in `docs`.
const PICTURES: [&str; 3] =
    ["console-overview.png", "console-messages-dark.png", "console-playground-small.png"];

/// The browser. `None` where it cannot be had, which is said.
fn browser() -> Option<Browser> {
    match interop::browser() {
        Ok(browser) => Some(browser),
        Err(reason) => {
            assert!(!interop::is_required(), "there is no browser: {reason}");
            eprintln!("skipped, there is no browser: {reason}");
            None
        }
    }
}

fn dev(listen: &str) -> ServerProcess {
    ServerProcess::start(&binary::cli(), &["dev", "--listen", listen], &[])
}

/// The link of the banner.
fn link(server: &ServerProcess) -> String {
    let banner = server.stdout();
    let line = banner.lines().find_map(|line| line.trim().strip_prefix("Console")).unwrap();
    line.trim().to_owned()
}

/// What a scenario is played with.
struct Place<'a> {
    /// The link of the console.
    link: &'a str,
    /// Where pictures go.
    pictures: &'a Path,
    /// A router of somebody else.
    router: Option<&'a str>,
    /// The private key of a user of the server.
    key: &'a str,
}

/// Begins a scenario in a browser.
fn begin(scenario: &str, place: &Place<'_>, browser: &Browser) -> (Child, Output, Output) {
    let (origin, _) = place.link.split_once("/console/").unwrap();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console");
    let mut child = Command::new("node")
        .arg(scripts.join("scenarios.mjs"))
        .arg(scenario)
        .env("BROWSER_PACKAGES", &browser.packages)
        .env("CHROMIUM", which(browser.program))
        .env("SERVERWAMP", binary::cli())
        .env("CONSOLE_LINK", place.link)
        .env("CONSOLE_ORIGIN", origin)
        .env("CONSOLE_PICTURES", place.pictures)
        .env("CONSOLE_ROUTER", place.router.unwrap_or_default())
        .env("CONSOLE_KEY", place.key)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = Output::collect(child.stdout.take().unwrap());
    let complained = Output::collect(child.stderr.take().unwrap());
    (child, said, complained)
}

/// The path of a program, which playwright wants.
fn which(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| program.into())
}

/// Waits for the end of a scenario, which is that all is as expected.
fn end(scenario: &str, (mut child, said, complained): (Child, Output, Output)) {
    let status = output::wait(&mut child, PATIENCE);
    output::kill(&mut child);
    let succeeded = status.is_some_and(|status| status.success());
    let is_whole = said.text().contains(&format!("{scenario}: all as expected"));
    assert!(succeeded && is_whole, "{scenario} ({status:?}):\n{}\n{}", said.text(), complained.text());
}

/// Plays a scenario to its end.
fn play(name: &str, link: &str, browser: &Browser, pictures: &Path) {
    end(name, begin(name, &Place { link, pictures, router: None, key: "" }, browser));
}

fn scenario(name: &str) {
    let Some(browser) = browser() else { return };
    let server = dev("127.0.0.1:0");
    play(name, &link(&server), &browser, &std::env::temp_dir());
}

#[test]
fn the_link_logs_one_browser_in() {
    scenario("link");
}

#[test]
fn every_page_is_drawn_and_accessible_light_and_dark_large_and_small() {
    scenario("pages");
}

#[test]
fn the_playground_calls_publishes_subscribes_and_registers() {
    scenario("playground");
}

#[test]
fn a_keyboard_is_enough() {
    scenario("keyboard");
}

#[test]
fn every_control_of_every_page_is_reached_by_keys() {
    scenario("reached");
}

#[test]
fn pages_are_used_by_keys() {
    scenario("byKeys");
}

#[test]
fn sessions_are_listed_and_ended() {
    scenario("sessions");
}

#[test]
fn a_call_and_its_result_are_one_row() {
    scenario("messages");
}

#[test]
fn single_procedures_and_topics_have_rates_and_a_tree() {
    scenario("rates");
}

#[test]
fn what_is_copied_runs() {
    if let Err(reason) = interop::python().and_then(|_| interop::node()) {
        assert!(!interop::is_required(), "there is no Autobahn, or no wampy: {reason}");
        eprintln!("skipped, there is no Autobahn, or no wampy: {reason}");
        return;
    }
    scenario("copied");
}

#[test]
fn what_peers_call_themselves_is_text() {
    scenario("hostile");
}

#[test]
fn a_hidden_tab_asks_for_nothing_and_is_told_nothing() {
    scenario("hidden");
}

#[test]
fn ten_tabs_share_the_watches_that_there_are() {
    scenario("ten");
}

#[test]
fn what_is_no_file_of_the_console_is_not_run() {
    scenario("locked");
}

#[test]
fn a_token_is_in_no_address_and_a_second_link_logs_in_where_a_tab_is_open() {
    scenario("token");
}

#[test]
fn keys_that_mean_something_to_javascript_are_names() {
    scenario("keys");
}

#[test]
fn a_page_goes_on_when_its_router_is_back() {
    let Some(browser) = browser() else { return };
    let first = dev("127.0.0.1:0");
    let (address, folder) = (first.address().to_owned(), std::env::temp_dir());
    let (child, said, complained) =
        begin("restart", &Place { link: &link(&first), pictures: &folder, router: None, key: "" }, &browser);
    let says =
        |line: &str| said.wait_for(PATIENCE, |text| text.lines().any(|said| said == line).then_some(()));
    assert!(says("stop").is_some(), "{}\n{}", said.text(), complained.text());
    drop(first);
    assert!(says("start").is_some(), "{}\n{}", said.text(), complained.text());
    let _second = dev(&address);
    end("restart", (child, said, complained));
}

#[test]
fn without_the_admin_interface_pages_show_what_the_meta_api_tells() {
    let Some(browser) = browser() else { return };
    // Where other machines can connect, nobody is an administrator.
    let server = ServerProcess::start(&binary::cli(), &["dev", "--insecure", "--listen", "0.0.0.0:0"], &[]);
    play("standard", &link(&server), &browser, &std::env::temp_dir());
}

/// A console at a listener of its own, with an administrator who may read. `ROUTERS` are those of others that pages may connect to.
const CONFIG: &str = r#"
[[listen]]
address = "127.0.0.1:0"
serve = ["console"]
console = { routers = [ROUTERS] }

[[realm]]
name = "realm1"
auth = [{ anonymous = { role = "guest" } }]
[realm.role.guest]
allow = { "wamp.*" = ["call"], "demo.*" = ["subscribe"] }

[admin]
auth = [{ file = { path = "users.toml" } }]
role = { reader = ["read"] }
"#;

/// A user who has a key, as an entry for a file of users, and the private key, in a new file.
fn user_with_key(name: &str, folder: &Path) -> (String, String) {
    let file = folder.join("private.key");
    let made =
        Command::new(binary::cli()).args(["keygen", "--user", name, "--key"]).arg(&file).output().unwrap();
    let entry = format!("{}role = \"reader\"\n", String::from_utf8(made.stdout).unwrap());
    (entry, fs::read_to_string(file).unwrap().trim().to_owned())
}

/// An entry for a file of users, made by the program.
fn user(method: &str, name: &str, secret: &str) -> String {
    let mut hash = Command::new(binary::cli())
        .args(["hash", method, "--user", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    hash.stdin.take().unwrap().write_all(secret.as_bytes()).unwrap();
    let entry = hash.wait_with_output().unwrap();
    format!("{}role = \"reader\"\n", String::from_utf8(entry.stdout).unwrap())
}

/// Runs a scenario at a server with a file, whose pages may connect to `router`.
fn scenario_with_a_file(name: &str, browser: &Browser, router: Option<&str>) {
    let folder = std::env::temp_dir().join(format!("serverwamp-console-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("serverwamp.toml");
    // The path of a router is not part of what a page may connect to.
    let routers = router.map(|router| format!("{:?}", router.trim_end_matches("/ws"))).unwrap_or_default();
    fs::write(&file, CONFIG.replace("ROUTERS", &routers)).unwrap();
    let (device, key) = user_with_key("device", &folder);
    let users = [user("ticket", "ann", "of ann"), user("cra", "bob", "of bob"), device].join("\n");
    fs::write(folder.join("users.toml"), users).unwrap();
    let mut command = Command::new(binary::cli());
    // What is meant for tests is no key of a configuration.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SERVERWAMP_"))
    {
        command.env_remove(name);
    }
    let mut server =
        command.args(["serve", "-c"]).arg(&file).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let log = Output::collect(server.stderr.take().unwrap());
    let address = log.wait_for(PATIENCE, |text| {
        let (_, rest) = text.split_once("listening address=")?;
        rest.split_once([' ', '\n']).map(|(address, _)| address.to_owned())
    });
    let ended = std::panic::catch_unwind(|| {
        let address = address.unwrap_or_else(|| panic!("it listens nowhere:\n{}", log.text()));
        let link = format!("http://{address}/console/");
        let place = Place { link: &link, pictures: &folder, router, key: &key };
        end(name, begin(name, &place, browser));
    });
    output::kill(&mut server);
    fs::remove_dir_all(folder).unwrap();
    if let Err(why) = ended {
        std::panic::resume_unwind(why);
    }
}

#[test]
fn a_server_with_a_file_has_the_console_and_its_login() {
    let Some(browser) = browser() else { return };
    scenario_with_a_file("login", &browser, None);
}

#[test]
fn each_proof_of_the_login_form_joins_our_own_server() {
    let Some(browser) = browser() else { return };
    scenario_with_a_file("proofs", &browser, None);
}

#[test]
fn pages_of_the_meta_api_are_those_of_crossbar_too() {
    let Some(browser) = browser() else { return };
    if let Err(reason) = Make::Crossbar.prepare() {
        assert!(!interop::is_required(), "there is no Crossbar.io: {reason}");
        eprintln!("skipped, there is no Crossbar.io: {reason}");
        return;
    }
    let router = ForeignRouter::start(Make::Crossbar).unwrap_or_else(|reason| panic!("{reason}"));
    scenario_with_a_file("crossbar", &browser, Some(&router.websocket()));
}

/// Plays a scenario that is a router itself, at a port that was free.
fn scenario_with_a_false_router(name: &str) {
    let Some(browser) = browser() else { return };
    let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).unwrap();
    scenario_with_a_file(name, &browser, Some(&format!("ws://{free}/ws")));
}

#[test]
fn a_router_that_is_gone_talks_nonsense_or_floods_is_shown_as_that() {
    scenario_with_a_false_router("nonsense");
}

#[test]
fn names_of_a_router_are_text_on_every_page_and_large_numbers_exact() {
    scenario_with_a_false_router("hostileRouter");
}

#[test]
fn a_router_that_answers_with_something_else_is_survived_on_every_page() {
    scenario_with_a_false_router("wrongAnswers");
}

#[test]
fn a_flood_leaves_time_for_a_person() {
    scenario_with_a_false_router("floods");
}

#[test]
fn lists_of_a_hundred_thousand_rows_draw_what_is_seen() {
    scenario_with_a_false_router("many");
}

#[test]
fn pictures_are_small() {
    let Some(browser) = browser() else { return };
    let server = dev("127.0.0.1:0");
    let folder = std::env::temp_dir().join(format!("serverwamp-pictures-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    play("pictures", &link(&server), &browser, &folder);
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for picture in PICTURES {
        let bytes = fs::metadata(folder.join(picture)).unwrap().len();
        assert!((4096..MOST).contains(&bytes), "{picture} has {bytes} bytes");
        if std::env::var_os("SERVERWAMP_BLESS").is_some() {
            fs::copy(folder.join(picture), docs.join(picture)).unwrap();
        }
        assert!(docs.join(picture).is_file(), "docs has no {picture}");
    }
    fs::remove_dir_all(folder).unwrap();
}
