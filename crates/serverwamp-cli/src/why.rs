//! `serverwamp why`: whether a role may do something, by the configuration alone; or a live session, as a running server says.

use crate::configuration::FileOption;
use crate::failure::Failure;
use crate::serve::Configured;
use crate::shell::admin::{AdminOptions, why};
use crate::shell::{Out, note};
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use serverwamp::{Action, RoutePattern, prefix, wildcard};
use serverwamp_config::{Mistakes, distance};

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
  serverwamp why --realm shop backend register shop. --match prefix
  serverwamp why 4507129812345 call shop.order --realm shop --socket /run/serverwamp/admin.sock")]
pub(crate) struct WhyOptions {
    #[command(flatten)]
    file: FileOption,
    /// How SUBSCRIBE and REGISTER mean the URI
    #[arg(long = "match", value_name = "KIND", value_enum, default_value_t)]
    meant: Meant,
    /// The role, or the id of a session of a running server
    #[arg(value_name = "ROLE|SESSION")]
    role: String,
    /// The action
    #[arg(value_enum)]
    action: Asked,
    /// The URI
    uri: String,
    /// Where the running server is that knows the session; `--realm` is needed as well if a configuration has several.
    #[command(flatten)]
    admin: AdminOptions,
}

pub(crate) fn run(options: &WhyOptions) -> Result<(), Failure> {
    if let Ok(session) = options.role.parse() {
        let name = |value: Option<PossibleValue>| {
            value.map_or_else(String::new, |value| value.get_name().to_owned())
        };
        let (action, meant) =
            (name(options.action.to_possible_value()), name(options.meant.to_possible_value()));
        return why::ask(&options.admin, session, (&action, &meant, &options.uri));
    }
    let configured = Configured::read(&options.file)?;
    let names: Vec<String> =
        configured.assembly.config().realm.iter().map(|realm| realm.name.as_str().to_owned()).collect();
    let name = match (options.admin.realm(), names.as_slice()) {
        (Some(name), _) => name,
        (None, [name]) => name,
        (None, []) => return Err(Failure::usage("the configuration has no realm")),
        (None, names) => {
            return Err(Failure::usage(format!("say which realm with --realm: {}", names.join(", "))));
        }
    };
    let mut mistakes = Mistakes::default();
    let Some((app, running)) = configured.assembly.application(&mut mistakes) else {
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
    let config = running.config();
    let roles = config.realm.iter().find(|realm| realm.name.as_str() == name).map(|realm| &realm.role);
    let listed: Vec<&str> = roles.into_iter().flat_map(|roles| roles.iter()).map(|(role, _)| role).collect();
    if let Some(text) = unlisted(name, &options.role, &listed) {
        note(&text);
    }
    if ruling.is_allowed() { Ok(()) } else { Err(Failure::Refused) }
}

/// The most roles that are named.
const FEW: usize = 12;

/// What to say of a role that a realm with roles does not list, so that a slip of the pen is not taken for a denial.
pub(crate) fn unlisted(realm: &str, role: &str, listed: &[&str]) -> Option<String> {
    if listed.is_empty() || listed.contains(&role) {
        return None;
    }
    let near = listed.iter().map(|known| (distance(role, known), known)).min();
    let tolerated = (role.chars().count() / 3).max(2);
    let hint = match near.filter(|(letters, _)| *letters <= tolerated) {
        Some((_, known)) => format!("; did you mean {known:?}?"),
        None => ".".to_owned(),
    };
    let mut named = listed.iter().take(FEW).copied().collect::<Vec<_>>().join(", ");
    if listed.len() > FEW {
        named += &format!(" and {} others", listed.len() - FEW);
    }
    Some(format!("the realm {realm:?} has no permissions for a role {role:?}{hint} It has them for {named}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_is_not_listed_is_told_with_the_nearest_and_a_few_others() {
        assert_eq!(unlisted("shop", "anybody", &[]), None, "a realm without roles has no names for them");
        assert_eq!(unlisted("shop", "customer", &["backend", "customer"]), None);
        assert_eq!(
            unlisted("shop", "custmer", &["backend", "customer"]).as_deref(),
            Some(
                "the realm \"shop\" has no permissions for a role \"custmer\"; did you mean \"customer\"? \
                 It has them for backend, customer"
            )
        );
        let many: Vec<String> = (0..20).map(|number| format!("role-{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let told = unlisted("shop", "x\u{1b}[2J", &many).expect("it is not listed");
        assert!(told.contains("\"x\\u{1b}[2J\". It has them for role-0, "), "{told}");
        assert!(told.ends_with("role-11 and 8 others"), "{told}");
    }
}
