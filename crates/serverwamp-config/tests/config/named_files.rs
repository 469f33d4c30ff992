//! What stands where a file is expected and is none: it is named, and nobody waits for it.

use crate::support::{checked, folder};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serverwamp_config::Environment;

const REALM: &str = "[[realm]]\nname = \"shop\"\n";

/// Each key that names a file, with `NAME` for it.
const KEYS: [&str; 9] = [
    "auth_secret = { file = \"NAME\" }\nREALM",
    "[[listen]]\ntls = { certificates = \"NAME\", key = \"privkey.pem\" }\nREALM",
    "[[listen]]\ntls = { certificates = \"fullchain.pem\", key = \"NAME\" }\nREALM",
    "[[listen]]\ntls = { certificates = \"fullchain.pem\", key = \"privkey.pem\", client_certificates = \"optional\", client_authorities = \"NAME\" }\nREALM",
    "REALM_auth = [{ file = { path = \"NAME\" } }]\n",
    "REALM_auth = [{ file = { path = \"users.toml\", router_key = \"NAME\" } }]\n",
    "REALM_auth = [{ jwt = { key_file = \"NAME\" } }]\n",
    "REALM_auth = [{ jwt = { secret = { file = \"NAME\" } } }]\n",
    "REALM_auth = [{ jwt = { jwks_url = \"https://auth.example.com/keys\", fetch = { authorities = \"NAME\" } } }]\n",
];

#[test]
fn what_is_no_file_is_named_wherever_a_file_is_expected() {
    let pipe = folder().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR | Mode::ROTH, 0).unwrap();
    let anonymous = format!("{REALM}auth = [{{ anonymous = {{}} }}]\n");
    for (name, what) in [("pipe", "a named pipe"), ("site", "a folder"), ("/dev/zero", "a device")] {
        for key in KEYS {
            let text = key.replace("REALM_", REALM).replace("REALM", &anonymous).replace("NAME", name);
            let mistakes = checked(&text, &Environment::empty()).mistakes;
            let found: Vec<&str> = mistakes.iter().map(|mistake| mistake.title()).collect();
            let said = format!("{name} cannot be read: it is {what}, and a file is expected");
            assert_eq!(found, [said.as_str()], "{text}");
        }
    }
    std::fs::remove_file(&pipe).unwrap();
}

#[test]
fn a_pipe_is_no_folder_of_pages() {
    let pipe = folder().join("pipe-of-pages");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
    let text = format!(
        "[[listen]]\nfiles = [{{ folder = \"pipe-of-pages\" }}]\n{REALM}auth = [{{ anonymous = {{}} }}]\n"
    );
    let mistakes = checked(&text, &Environment::empty()).mistakes;
    std::fs::remove_file(&pipe).unwrap();
    let found: Vec<&str> = mistakes.iter().map(|mistake| mistake.title()).collect();
    assert_eq!(found, ["pipe-of-pages is no folder"]);
}
