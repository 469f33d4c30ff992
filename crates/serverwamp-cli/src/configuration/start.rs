//! `serverwamp config init`: a file to begin with, which `check` accepts.

use super::print;
use crate::failure::Failure;
use clap::Args;
use std::path::{Path, PathBuf};

/// The options of `config init`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp config init > serverwamp.toml
  serverwamp config init --listen 0.0.0.0:443 --tls-certificates fullchain.pem --tls-key privkey.pem --users users.toml > serverwamp.toml")]
pub(crate) struct StartOptions {
    /// The address to listen at
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
    /// The name of the realm
    #[arg(long, value_name = "NAME", default_value = "realm1")]
    realm: String,
    /// Speak TLS, with the certificates in this PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificates: Option<PathBuf>,
    /// The key of the first certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificates")]
    tls_key: Option<PathBuf>,
    /// Let in the users of this file, which `serverwamp hash` and `serverwamp keygen` write, and nobody else
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
}

pub(crate) fn run(options: &StartOptions) -> Result<(), Failure> {
    print(&text(options))
}

fn text(options: &StartOptions) -> String {
    let (auth, role, actions) = match &options.users {
        Some(users) => (
            format!("    # The users of a file: `serverwamp hash scram --user joe >> {}` adds one.\n    {{ file = {{ path = {} }} }},", users.display(), quoted(users)),
            "authenticated",
            r#""call", "register", "publish", "subscribe""#,
        ),
        None => (
            "    # Everybody who reaches the listener. Others are `file`, `jwt`, `http`: serverwamp config explain realm.auth\n    { anonymous = { role = \"guest\" } },".to_owned(),
            "guest",
            r#""call", "register", "publish", "subscribe""#,
        ),
    };
    let tls = match (&options.tls_certificates, &options.tls_key) {
        (Some(certificates), Some(key)) => format!(
            "# The certificate; a renewed one is used without a reload.\ntls = {{ certificates = {}, key = {} }}\n",
            quoted(certificates),
            quoted(key)
        ),
        _ => "# tls = { certificates = \"fullchain.pem\", key = \"privkey.pem\" }\n".to_owned(),
    };
    let listen = toml::Value::String(options.listen.clone());
    let realm = toml::Value::String(options.realm.clone());
    format!(
        r#"# The configuration of serverwamp.
#   serverwamp check -c serverwamp.toml      finds every mistake
#   serverwamp config explain listen         says what can stand in a table
#   serverwamp serve -c serverwamp.toml      runs it

[[listen]]
address = {listen}
{tls}# Pages of other hosts that may connect:
# websocket = {{ origins = ["https://app.example.com"] }}

# Metrics and health, for this machine alone:
# [[listen]]
# address = "127.0.0.1:9090"
# serve = ["metrics", "health"]

[[realm]]
name = {realm}
# The ways in.
auth = [
{auth}
]

# What a role may do. Nothing else is allowed.
[realm.role.{role}]
allow = {{ "*" = [{actions}] }}
# allow = {{ "shop.*" = ["call", "subscribe"], "shop.orders.*" = ["publish"] }}
# deny = {{ "shop.admin.*" = ["call"] }}

# The socket by which `serverwamp reload` reaches the running program:
# [control]
# socket = "/run/serverwamp/control.sock"
"#
    )
}

/// As a string of TOML.
fn quoted(path: &Path) -> String {
    toml::Value::String(path.display().to_string()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp_config::{Environment, check};

    fn options() -> StartOptions {
        let (listen, realm) = ("127.0.0.1:8080".to_owned(), "realm1".to_owned());
        StartOptions { listen, realm, tls_certificates: None, tls_key: None, users: None }
    }

    fn mistakes(options: &StartOptions) -> Vec<String> {
        let checked = check(&text(options), &Environment::empty(), Path::new("."));
        checked
            .mistakes
            .iter()
            .map(|mistake| format!("{} {}", mistake.code().id(), mistake.title()))
            .collect()
    }

    #[test]
    fn the_file_that_one_begins_with_has_no_mistake() {
        assert_eq!(mistakes(&options()), [""; 0]);
    }

    #[test]
    fn what_is_commented_out_has_no_mistake_either() {
        let text = text(&options());
        let keys = ["# websocket", "# [", "# address", "# serve", "# socket"];
        let with: Vec<&str> = text
            .lines()
            .map(|line| {
                if keys.iter().any(|key| line.starts_with(key)) {
                    line.trim_start_matches("# ")
                } else {
                    line
                }
            })
            .map(|line| line.replace("/run/serverwamp/", "").leak() as &str)
            .collect();
        let with = with.join("\n");
        let checked = check(&with, &Environment::empty(), Path::new("."));
        assert!(checked.mistakes.is_empty(), "{:?}\n{with}", checked.mistakes);
    }

    #[test]
    fn files_that_are_named_are_looked_for() {
        let missing = Some(PathBuf::from("no \"such\" file"));
        let options = StartOptions {
            tls_certificates: missing.clone(),
            tls_key: missing.clone(),
            users: missing,
            ..options()
        };
        let mistakes = mistakes(&options);
        assert!(mistakes.iter().all(|mistake| mistake.starts_with("SW0301")), "{mistakes:?}");
        assert_eq!(mistakes.len(), 3);
    }
}
