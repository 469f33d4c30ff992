//! `serverwamp token`: makes JSON Web Tokens for clients, and says what is wrong with one.
//!
//! In: files with keys, claims as options, a token on the standard input. Out: a token, or what it says, on the standard output. Keys
//! and tokens are never part of the command line, which every user of the machine can read.

use crate::failure::Failure;
use crate::shell::{Out, visible};
use clap::{Args, Subcommand};
use serverwamp::Value;
use serverwamp::auth::{JwtKeys, JwtSettings, JwtSigner};
use serverwamp_proto::codec::{Serializer, from_slice, to_writer};
use std::io::Read as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest token that is read.
const LONGEST: u64 = 64 * 1024;

/// The longest time that a token is valid, in seconds: 100 years.
const LONGEST_TIME: u64 = 36_500 * 86_400;

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
  serverwamp token check --keys issuer.pub.pem < token")]
    Check(CheckOptions),
}

/// The options of `token make`.
#[derive(Args, Clone, Debug)]
pub(crate) struct MakeOptions {
    /// The key: an Ed25519 key in PEM (openssl genpkey -algorithm ed25519), or a secret of at least 32 bytes
    /// (openssl rand -hex 32)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
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

/// The options of `token check`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CheckOptions {
    /// The public keys: PEM, a JWK or a JWKS
    #[arg(long, value_name = "FILE", required_unless_present = "secret")]
    keys: Option<PathBuf>,
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
    let signer = JwtSigner::from_file(&options.key);
    let signer = signer.map_err(|error| Failure::runtime(format!("--key: {error}")))?;
    let signer = options.key_id.iter().fold(signer, JwtSigner::key_id);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut claims = vec![
        ("sub", Value::from(options.subject.as_str())),
        ("iat", now.as_secs().into()),
        ("exp", now.saturating_add(options.expires_in).as_secs().into()),
    ];
    claims.extend(options.issuer.iter().map(|issuer| ("iss", issuer.as_str().into())));
    claims.extend(options.audience.iter().map(|audience| ("aud", audience.as_str().into())));
    claims.extend(options.claim.iter().map(|(name, value)| (name.as_str(), value.clone())));
    let token = signer.sign(claims).map_err(|error| Failure::runtime(error.to_string()))?;
    Out::plain().line(&token)
}

fn check(options: &CheckOptions) -> Result<(), Failure> {
    let (option, keys) = match (&options.keys, &options.secret) {
        (Some(file), _) => ("--keys", JwtKeys::from_file(file)),
        (None, Some(file)) => ("--secret", JwtKeys::from_secret_file(file)),
        (None, None) => return Err(Failure::usage("--keys or --secret is missing")),
    };
    let keys = keys.map_err(|error| Failure::runtime(format!("{option}: {error}")))?;
    let settings = JwtSettings::new(keys);
    let settings = options.issuer.iter().fold(settings, JwtSettings::issuer);
    let settings = options.audience.iter().fold(settings, JwtSettings::audience);
    let mut token = String::new();
    let read = std::io::stdin().take(LONGEST).read_to_string(&mut token);
    read.map_err(|error| Failure::runtime(format!("no token on the standard input: {error}")))?;
    if token.trim().is_empty() {
        return Err(Failure::runtime("no token on the standard input: it is empty"));
    }
    let (principal, claims) = settings
        .check(token.trim())
        .map_err(|error| Failure::runtime(format!("the token is refused: {error}")))?;
    Out::plain().line(&format!("accepted: authid {}", visible(principal.authid())))?;
    let mut json = Vec::new();
    to_writer(Serializer::Json, claims.all(), &mut json)
        .map_err(|error| Failure::runtime(error.to_string()))?;
    Out::plain().line(&String::from_utf8_lossy(&json))
}

/// A time as a person types it.
fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let seconds = match text.get(digits.len()..) {
        Some("" | "s") => 1,
        Some("m") => 60,
        Some("h") => 3600,
        Some("d") => 86_400,
        _ => return Err("expected a number with s, m, h or d behind it".to_owned()),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("expected a number with s, m, h or d behind it".to_owned());
    }
    // A number that does not fit is more than the longest as well.
    let time = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds));
    match time {
        Some(0) => Err("this is a token that is never valid, expected 1s at least".to_owned()),
        Some(time) if time <= LONGEST_TIME => Ok(Duration::from_secs(time)),
        _ => Err("this is too long, expected 100 years at the most (36500d)".to_owned()),
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
        for (text, seconds) in [("90s", 90), ("15m", 900), ("12h", 43_200), ("30d", 2_592_000), ("7", 7)] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in
            ["", "h", "1w", "-1h", "1.5h", "0s", "0", "99999999999s", "36501d", "99999999999999999999999d"]
        {
            assert!(time(text).is_err(), "{text}");
        }
        assert_eq!(claim("roles=[\"a\"]"), Ok(("roles".to_owned(), Value::List(vec!["a".into()]))));
        assert!(claim("role=admin").unwrap_err().contains("quotes"));
        assert_eq!(time("36500d"), Ok(Duration::from_secs(LONGEST_TIME)));
        assert!(claim("role").unwrap_err().contains("NAME=JSON"));
        for (text, option) in [("sub=1", "--subject"), ("exp=1", "--expires-in"), ("aud=[]", "--audience")] {
            assert_eq!(claim(text), Err(format!("{option} says that")));
        }
    }
}
