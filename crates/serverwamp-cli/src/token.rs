//! `serverwamp token`: makes JSON Web Tokens for clients, and says what is wrong with one.
//!
//! In: files with keys, claims as options, a token on the standard input. Out: a token, or what it says, on the standard output. Keys
//! and tokens are never part of the command line, which every user of the machine can read.

use crate::configuration::FileOption;
use crate::failure::Failure;
use crate::serve::Configured;
use crate::shell::duration::duration;
use crate::shell::{Out, visible};
use clap::{Args, Subcommand};
use serverwamp::Value;
use serverwamp::auth::{JwtKeys, JwtSettings, JwtSigner};
use serverwamp_config::build::Building;
use serverwamp_config::model::{Auth, Jwt};
use serverwamp_config::values::Text;
use serverwamp_config::{At, Mistakes};
use serverwamp_proto::codec::{Serializer, from_slice, to_writer};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest token that is read.
const LONGEST: u64 = 64 * 1024;

/// The longest time that a token is valid: 100 years.
const LONGEST_TIME: Duration = Duration::from_secs(36_500 * 86_400);

/// What is done with a token.
#[derive(Clone, Debug, Subcommand)]
#[command(after_help = "Examples:
  serverwamp token make --key issuer.pem --subject joe --expires-in 1h
  serverwamp token check --keys issuer.pub.pem < token")]
pub(crate) enum TokenCommand {
    /// Print a token that is signed with the key in a file
    #[command(after_help = "Examples:
  serverwamp token make --key issuer.pem --subject joe --expires-in 1h")]
    Make(MakeOptions),
    /// Read a token from the standard input and say whom it names, or why it is not accepted
    #[command(after_help = "Examples:
  serverwamp token check --keys issuer.pub.pem < token
  serverwamp token check -c serverwamp.toml < token")]
    Check(CheckOptions),
}

/// The options of `token make`.
#[derive(Args, Clone, Debug)]
pub(crate) struct MakeOptions {
    /// The key: an Ed25519 key in PEM (openssl genpkey -algorithm ed25519), or a secret of at least 32 bytes
    /// (openssl rand -hex 32)
    #[arg(long, value_name = "FILE", required_unless_present = "config")]
    key: Option<PathBuf>,
    #[command(flatten)]
    of: TokensOf,
    /// The name of the key, for the token's header (kid)
    #[arg(long, value_name = "NAME")]
    key_id: Option<String>,
    /// Whom it lets in: the authid (sub)
    #[arg(long, value_name = "AUTHID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    subject: String,
    /// How long it is valid, such as 90s, 15m, 12h or 30d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time)]
    expires_in: Duration,
    /// Who issues it (iss)
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,
    /// Whom it is for (aud)
    #[arg(long, value_name = "NAME")]
    audience: Option<String>,
    /// Another claim, its value in JSON, such as role=\"admin\"; may be repeated
    #[arg(long, value_name = "NAME=JSON", value_parser = claim)]
    claim: Vec<(String, Value)>,
}

/// The realm whose tokens are meant.
#[derive(Args, Clone, Debug)]
struct TokensOf {
    /// The configuration that says how a realm checks tokens, in place of the options here
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["issuer", "audience"])]
    config: Option<PathBuf>,
    /// The realm; needed if several accept tokens
    #[arg(long, value_name = "REALM", requires = "config")]
    realm: Option<String>,
}

/// The options of `token check`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CheckOptions {
    /// The public keys: PEM, a JWK or a JWKS
    #[arg(long, value_name = "FILE", required_unless_present_any = ["secret", "config"])]
    keys: Option<PathBuf>,
    #[command(flatten)]
    of: TokensOf,
    /// The secret that the token is signed with
    #[arg(long, value_name = "FILE", conflicts_with = "keys")]
    secret: Option<PathBuf>,
    /// The issuer that it has to have
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,
    /// The audience that it has to have
    #[arg(long, value_name = "NAME")]
    audience: Option<String>,
}

pub(crate) fn run(command: &TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::Make(options) => make(options),
        TokenCommand::Check(options) => check(options),
    }
}

fn make(options: &MakeOptions) -> Result<(), Failure> {
    let (signer, issuer, audience) = match (&options.key, &options.of.config) {
        (Some(file), _) => {
            let signer = JwtSigner::from_file(file);
            let signer = signer.map_err(|error| Failure::runtime(format!("--key: {error}")))?;
            (signer, options.issuer.clone(), options.audience.clone())
        }
        (None, Some(config)) => signer_of(config, options.of.realm.as_deref())?,
        (None, None) => return Err(Failure::usage("--key or --config is missing")),
    };
    let signer = options.key_id.iter().fold(signer, JwtSigner::key_id);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut claims = vec![
        ("sub", Value::from(options.subject.as_str())),
        ("iat", now.as_secs().into()),
        ("exp", now.saturating_add(options.expires_in).as_secs().into()),
    ];
    claims.extend(issuer.iter().map(|issuer| ("iss", issuer.as_str().into())));
    claims.extend(audience.iter().map(|audience| ("aud", audience.as_str().into())));
    claims.extend(options.claim.iter().map(|(name, value)| (name.as_str(), value.clone())));
    let token = signer.sign(claims).map_err(|error| Failure::runtime(error.to_string()))?;
    Out::plain().line(&token)
}

/// How the options, or the realm of a configuration, check tokens.
fn settings(options: &CheckOptions) -> Result<Vec<JwtSettings>, Failure> {
    if let Some(config) = &options.of.config {
        return ways_of(config, options.of.realm.as_deref(), |building, jwt| building.jwt_settings(jwt));
    }
    let (option, keys) = match (&options.keys, &options.secret) {
        (Some(file), _) => ("--keys", JwtKeys::from_file(file)),
        (None, Some(file)) => ("--secret", JwtKeys::from_secret_file(file)),
        (None, None) => return Err(Failure::usage("--keys or --secret is missing")),
    };
    let keys = keys.map_err(|error| Failure::runtime(format!("{option}: {error}")))?;
    let settings = JwtSettings::new(keys);
    let settings = options.issuer.iter().fold(settings, JwtSettings::issuer);
    Ok(vec![options.audience.iter().fold(settings, JwtSettings::audience)])
}

/// What `make` makes of each way in by tokens that a configuration has.
fn ways_of<T>(
    config: &Path,
    realm: Option<&str>,
    make: impl Fn(&mut Building<'_>, &Jwt) -> Option<T>,
) -> Result<Vec<T>, Failure> {
    let configured = Configured::read(&FileOption { config: Some(config.to_owned()) })?;
    let settings = configured.assembly.config();
    let named = settings.realm.iter().filter(|one| realm.is_none_or(|name| one.name.as_str() == name));
    let with_tokens: Vec<_> = named
        .map(|realm| (realm.name.as_str(), realm.auth.iter()))
        .map(|(name, auth)| (name, auth.filter_map(|auth| jwt_of(auth.value())).collect::<Vec<_>>()))
        .filter(|(_, ways)| !ways.is_empty())
        .collect();
    let shown = config.display();
    let ways = match with_tokens.as_slice() {
        [(_, ways)] => ways,
        [] => {
            return Err(Failure::usage(format!(
                "no realm of {shown} that is meant accepts tokens: add a `jwt` to its `auth`"
            )));
        }
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
            return Err(Failure::usage(format!("say which realm with --realm: {}", names.join(", "))));
        }
    };
    let mut mistakes = Mistakes::default();
    let mut building = Building::new(&configured.source.folder, &mut mistakes);
    let made: Option<Vec<T>> = ways.iter().map(|jwt| make(&mut building, jwt)).collect();
    made.ok_or_else(|| configured.source.failure(&mistakes))
}

const fn jwt_of(auth: &Auth) -> Option<&Jwt> {
    match auth {
        Auth::Jwt(jwt) => Some(jwt),
        _ => None,
    }
}

/// The signer whose tokens a realm accepts, and what these have to say, if the configuration has its secret.
fn signer_of(
    config: &Path,
    realm: Option<&str>,
) -> Result<(JwtSigner, Option<String>, Option<String>), Failure> {
    let first = |names: &[At<Text>]| names.first().map(|name| name.as_str().to_owned());
    let made = ways_of(config, realm, |building, jwt| {
        let secret = match jwt.secret.value() {
            Some(secret) => Some(building.secret(secret, jwt.secret.place())?),
            None => None,
        };
        Some((secret, first(&jwt.issuers), first(&jwt.audiences)))
    })?;
    let found = made.into_iter().find_map(|(secret, issuer, audience)| Some((secret?, issuer, audience)));
    let (secret, issuer, audience) = found.ok_or_else(|| {
        Failure::usage("the realm has no `secret` of tokens, so it checks and somebody else signs: name their key with --key")
    })?;
    let signer = JwtSigner::from_secret(secret).map_err(|error| Failure::runtime(error.to_string()))?;
    Ok((signer, issuer, audience))
}

fn check(options: &CheckOptions) -> Result<(), Failure> {
    let all = settings(options)?;
    let mut token = String::new();
    let read = std::io::stdin().take(LONGEST).read_to_string(&mut token);
    read.map_err(|error| Failure::runtime(format!("no token on the standard input: {error}")))?;
    if token.trim().is_empty() {
        return Err(Failure::runtime("no token on the standard input: it is empty"));
    }
    let mut checked = all.iter().map(|settings| settings.check(token.trim()));
    // Of several ways in one that accepts it is enough; the last one's reason is as good as another's.
    let checked =
        checked.find(Result::is_ok).or_else(|| all.last().map(|settings| settings.check(token.trim())));
    let refused = |error| Failure::runtime(format!("the token is refused: {error}"));
    let (principal, claims) =
        checked.ok_or_else(|| Failure::usage("no way to check it"))?.map_err(refused)?;
    let (authid, role) = (visible(principal.authid()), visible(principal.authrole()));
    Out::plain().line(&format!("accepted: authid {authid}, role {role}"))?;
    let mut json = Vec::new();
    to_writer(Serializer::Json, claims.all(), &mut json)
        .map_err(|error| Failure::runtime(error.to_string()))?;
    Out::plain().line(&String::from_utf8_lossy(&json))
}

/// How long a token is valid.
fn time(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        // Tokens count seconds.
        time if time < Duration::from_secs(1) => {
            Err("this is a token that is never valid, expected 1s at least".to_owned())
        }
        time if time > LONGEST_TIME => {
            Err("this is too long, expected 100 years at the most (36500d)".to_owned())
        }
        time => Ok(time),
    }
}

/// A claim and its value.
fn claim(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=JSON")?;
    let elsewhere = match name {
        "" => return Err("expected NAME=JSON".to_owned()),
        "sub" => "--subject",
        "exp" | "iat" => "--expires-in",
        "iss" => "--issuer",
        "aud" => "--audience",
        _ => "",
    };
    if !elsewhere.is_empty() {
        return Err(format!("{elsewhere} says that"));
    }
    let value = from_slice(Serializer::Json, value.as_bytes())
        .map_err(|error| format!("expected a value in JSON, text in quotes: {error}"))?;
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_claims_are_read_as_they_are_typed() {
        for (text, seconds) in
            [("90s", 90), ("15m", 900), ("12h", 43_200), ("30d", 2_592_000), ("1h 30m", 5400)]
        {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for (text, said) in [
            ("", "expected whole numbers with"),
            ("h", "expected whole numbers with"),
            ("1w", "expected whole numbers with"),
            ("-1h", "expected whole numbers with"),
            ("1.5h", "expected whole numbers with"),
            ("99999999999999999999999d", "expected whole numbers with"),
            ("7", "a time needs a unit: 7s"),
            ("0s", "never valid"),
            ("999ms", "never valid"),
            ("99999999999s", "too long"),
            ("36501d", "too long"),
        ] {
            let refused = time(text).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
        assert_eq!(claim("roles=[\"a\"]"), Ok(("roles".to_owned(), Value::List(vec!["a".into()]))));
        assert!(claim("role=admin").unwrap_err().contains("quotes"));
        assert_eq!(time("36500d"), Ok(LONGEST_TIME));
        assert!(claim("role").unwrap_err().contains("NAME=JSON"));
        for (text, option) in [("sub=1", "--subject"), ("exp=1", "--expires-in"), ("aud=[]", "--audience")] {
            assert_eq!(claim(text), Err(format!("{option} says that")));
        }
    }
}
