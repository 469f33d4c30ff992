//! `serverwamp why`: whether a role may do something, by the configuration alone.

use crate::configuration::FileOption;
use crate::failure::Failure;
use crate::serve::Configured;
use crate::shell::Out;
use clap::{Args, ValueEnum};
use serverwamp::{Action, RoutePattern, prefix, wildcard};
use serverwamp_config::Mistakes;

/// What may be done or not.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Asked {
    Call,
    Register,
    Publish,
    Subscribe,
}

/// How a URI is meant.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Meant {
    #[default]
    Exact,
    Prefix,
    Wildcard,
}

/// The options of `why`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp why -c serverwamp.toml customer call shop.order
  serverwamp why --realm shop backend register shop. --match prefix")]
pub(crate) struct WhyOptions {
    #[command(flatten)]
    file: FileOption,
    /// The realm; needed if the configuration has several
    #[arg(long, value_name = "REALM")]
    realm: Option<String>,
    /// How SUBSCRIBE and REGISTER mean the URI
    #[arg(long = "match", value_name = "KIND", value_enum, default_value_t)]
    meant: Meant,
    /// The role
    role: String,
    /// The action
    #[arg(value_enum)]
    action: Asked,
    /// The URI
    uri: String,
}

pub(crate) fn run(options: &WhyOptions) -> Result<(), Failure> {
    let configured = Configured::read(&options.file)?;
    let names: Vec<String> =
        configured.assembly.config().realm.iter().map(|realm| realm.name.as_str().to_owned()).collect();
    let name = match (&options.realm, names.as_slice()) {
        (Some(name), _) => name,
        (None, [name]) => name,
        (None, []) => return Err(Failure::usage("the configuration has no realm")),
        (None, names) => {
            return Err(Failure::usage(format!("say which realm with --realm: {}", names.join(", "))));
        }
    };
    let mut mistakes = Mistakes::default();
    let Some((app, _)) = configured.assembly.application(&mut mistakes) else {
        return Err(configured.source.failure(&mistakes));
    };
    let realm = app.realm(name).ok_or_else(|| {
        Failure::usage(format!(
            "there is no realm {name:?} in the configuration, there is: {}",
            names.join(", ")
        ))
    })?;
    let action = match options.action {
        Asked::Call => Action::Call,
        Asked::Register => Action::Register,
        Asked::Publish => Action::Publish,
        Asked::Subscribe => Action::Subscribe,
    };
    let pattern = match options.meant {
        Meant::Exact => RoutePattern::from(options.uri.as_str()),
        Meant::Prefix => prefix(options.uri.as_str()),
        Meant::Wildcard => wildcard(options.uri.as_str()),
    };
    let ruling =
        realm.why(&options.role, action, pattern).map_err(|error| Failure::usage(error.to_string()))?;
    let verdict = if ruling.is_allowed() { "yes" } else { "no" };
    Out::plain().line(&format!("{verdict}: {ruling}"))?;
    if ruling.is_allowed() { Ok(()) } else { Err(Failure::Refused) }
}
