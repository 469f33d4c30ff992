//! Whether logins of users that exist can be told from logins of users that do not, by the time that they take.
//!
//! In: how often. Out: Welch's t for each method and each step, over attempts with a wrong secret whose order is drawn. Peers are in memory,
//! so that no network hides a difference. Times above the 90th percentile of all attempts are left out as well, because those of a busy
//! machine would hide it, too. Beyond 4.5, as in tests of cryptographic code, it is no coincidence.

use crate::Failure;
use crate::machine;
use crate::options::AuthTimingOptions;
use clap::ValueEnum;
use serde_json::{Value, json};
use serverwamp::auth::{Credentials, CryptosignKey, ScramKdf, Secret, hash_cra, hash_scram};
use serverwamp::{Application, Realm, Serializer};
use serverwamp_proto::auth::cryptosign::CryptosignClient;
use serverwamp_proto::codec::{Dict, from_slice};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Beyond this a difference shows.
const SHOWS: f64 = 4.5;
/// Users, and as many that are not there.
const USERS: u64 = 16;
/// Attempts that are not counted.
const WARM_UP: u32 = 200;

/// A method that can be tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum TimedMethod {
    /// Tickets, hashed by Argon2id with its smallest parameters.
    Ticket,
    /// WAMP-CRA, with salts.
    Wampcra,
    /// WAMP-SCRAM.
    Scram,
    /// WAMP-cryptosign.
    Cryptosign,
}

/// The times of one step, in nanoseconds.
#[derive(Debug, Default)]
struct Times {
    known: Vec<f64>,
    unknown: Vec<f64>,
}

pub(crate) fn run(options: &AuthTimingOptions) -> Result<(), Failure> {
    println!("{}", machine::describe());
    if let Some((cpu, _)) = machine::two_processors() {
        machine::pin(&[cpu])?;
    }
    let app = application()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    println!(
        "{:>10} {:>12} {:>8} | {:>10} {:>10} | {:>7} {:>12}",
        "method", "step", "attempts", "known us", "unknown us", "t", "t below p90"
    );
    let mut shows = Vec::new();
    for method in TimedMethod::value_variants() {
        if !options.only.is_empty() && !options.only.contains(method) {
            continue;
        }
        let steps = runtime.block_on(measure(&app, *method, options.attempts))?;
        for (step, times) in ["HELLO", "AUTHENTICATE"].into_iter().zip(steps) {
            let (all, most) = (times.t(), times.without_the_slowest().t());
            let name = method.name();
            println!(
                "{name:>10} {step:>12} {:>8} | {:>10.2} {:>10.2} | {all:>7.2} {most:>12.2}",
                times.known.len() + times.unknown.len(),
                crate::statistics::median(times.known.iter().copied()) / 1e3,
                crate::statistics::median(times.unknown.iter().copied()) / 1e3,
            );
            if all.abs() >= SHOWS || most.abs() >= SHOWS {
                shows.push(format!("{name} at {step}"));
            }
        }
    }
    match shows.is_empty() {
        true => {
            println!("no method tells known authids from unknown ones: |t| < {SHOWS}");
            Ok(())
        }
        false => Err(format!("known authids can be told from unknown ones: {}", shows.join(", ")).into()),
    }
}

/// Users with the same costs, in a file as operators have it.
fn application() -> Result<Application, Failure> {
    let mut users = String::new();
    // Nobody comes in, so that the hash need not be one of something.
    let ticket = format!("$argon2id$v=19$m=8,t=1,p=1$c2FsdCBvZiBqb2U${}", "A".repeat(43));
    for number in 0..USERS {
        let secret = Secret::from(format!("secret {number}"));
        let scram = hash_scram(&secret, ScramKdf::Argon2id13 { iterations: 1, memory: 8 })?;
        write!(
            users,
            "[user.{}]\nticket = \"{ticket}\"\ncra = \"{}\"\nscram = \"{scram}\"\ncryptosign = \"{}\"\n",
            name(number),
            hash_cra(&secret),
            key(number).public_key()
        )?;
    }
    let path = std::env::temp_dir().join(format!("serverwamp-bench-{}.toml", std::process::id()));
    std::fs::write(&path, users)?;
    let credentials = Credentials::from_file(&path).map(|users| users.look_every(Duration::MAX));
    std::fs::remove_file(&path)?;
    let credentials = credentials?;
    let realm = Realm::new("realm1")
        .authenticator(credentials.ticket())
        .authenticator(credentials.cra())
        .authenticator(credentials.scram())
        .authenticator(credentials.cryptosign());
    let app = Application::builder::<()>().realm(realm).auth_secret(Secret::from("of the benchmark"));
    // Delays after failures would be all that is measured.
    Ok(app.limits(|limits| limits.login_delay = Duration::ZERO).with_state(()).build()?)
}

/// Users have the first names, those that are not there the ones behind.
fn name(number: u64) -> String {
    format!("user{number:04}")
}

fn key(number: u64) -> CryptosignKey {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    CryptosignKey::new(&bytes)
}

async fn measure(app: &Application, method: TimedMethod, attempts: u32) -> Result<[Times; 2], Failure> {
    let (mut steps, mut drawn) = ([Times::default(), Times::default()], 0x9E37_79B9_7F4A_7C15_u64);
    for number in 0..attempts + WARM_UP {
        // xorshift: nothing on the way may guess what comes next.
        drawn ^= drawn << 13;
        drawn ^= drawn >> 7;
        drawn ^= drawn << 17;
        let is_known = drawn & 1 == 0;
        let user = (drawn >> 8) % USERS + if is_known { 0 } else { USERS };
        let times = attempt(app, method, user).await?;
        if number < WARM_UP {
            continue;
        }
        for (step, time) in steps.iter_mut().zip(times) {
            let times = if is_known { &mut step.known } else { &mut step.unknown };
            times.push(time.as_nanos() as f64);
        }
    }
    Ok(steps)
}

/// The times until CHALLENGE, and from AUTHENTICATE until ABORT.
async fn attempt(app: &Application, method: TimedMethod, user: u64) -> Result<[Duration; 2], Failure> {
    let mut peer = app.connect(Serializer::Json);
    let key = key(user);
    let client = CryptosignClient::new(&key, None, None);
    let authextra = match method {
        TimedMethod::Scram => json!({ "nonce": "AAECAwQFBgcICQoLDA0ODw==" }),
        TimedMethod::Cryptosign => json!({ "pubkey": key.public_key().to_string() }),
        TimedMethod::Ticket | TimedMethod::Wampcra => json!({}),
    };
    let hello = json!([1, "realm1", {
        "roles": { "caller": {} }, "authmethods": [method.name()], "authid": name(user), "authextra": authextra
    }]);
    let (challenge, first) = answer(&mut peer, &hello).await?;
    if challenge[0] != 4 {
        return Err(format!("no CHALLENGE but {challenge}").into());
    }
    let zeros = "A".repeat(43) + "=";
    let (signature, extra) = match method {
        TimedMethod::Ticket => ("a wrong secret".to_owned(), json!({})),
        TimedMethod::Wampcra => (zeros, json!({})),
        TimedMethod::Scram => (zeros, json!({ "nonce": challenge[2]["nonce"] })),
        TimedMethod::Cryptosign => {
            let extra: Dict = from_slice(Serializer::Json, challenge[2].to_string().as_bytes())?;
            let signature = client.answer(&extra, None)?;
            // The half that makes the signature wrong and leaves it a point and a number.
            (format!("{}{}", "01".repeat(63) + "00", &signature[128..]), json!({}))
        }
    };
    let (abort, second) = answer(&mut peer, &json!([5, signature, extra])).await?;
    match abort[2].as_str() {
        Some("wamp.error.authentication_denied") => Ok([first, second]),
        _ => Err(format!("no denial but {abort}").into()),
    }
}

async fn answer(
    peer: &mut serverwamp::memory::MemoryPeer,
    message: &Value,
) -> Result<(Value, Duration), Failure> {
    let message = message.to_string();
    let begun = Instant::now();
    peer.send(message).await?;
    let answer = peer.receive().await?;
    let time = begun.elapsed();
    Ok((serde_json::from_slice(&answer)?, time))
}

impl TimedMethod {
    /// The name in HELLO.
    const fn name(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Wampcra => "wampcra",
            Self::Scram => "wamp-scram",
            Self::Cryptosign => "cryptosign",
        }
    }
}

impl Times {
    /// Welch's t.
    fn t(&self) -> f64 {
        let moments = |times: &[f64]| {
            let count = times.len() as f64;
            let mean = times.iter().sum::<f64>() / count;
            let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
            (mean, variance / count)
        };
        let ((known, one), (unknown, other)) = (moments(&self.known), moments(&self.unknown));
        (known - unknown) / (one + other).sqrt()
    }

    /// The times up to the 90th percentile of both kinds together.
    fn without_the_slowest(&self) -> Self {
        let mut all: Vec<f64> = self.known.iter().chain(&self.unknown).copied().collect();
        all.sort_by(f64::total_cmp);
        let bound = all.get(all.len() * 9 / 10).copied().unwrap_or(f64::MAX);
        let below = |times: &[f64]| times.iter().copied().filter(|time| *time <= bound).collect();
        Self { known: below(&self.known), unknown: below(&self.unknown) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_is_that_of_welch_and_the_slowest_are_left_out() {
        // R: t.test(c(1,2,3,4), c(2,4,6,8,10))$statistic
        let times = Times { known: vec![1.0, 2.0, 3.0, 4.0], unknown: vec![2.0, 4.0, 6.0, 8.0, 10.0] };
        assert!((times.t() + 2.2514).abs() < 1e-3, "{}", times.t());
        let kept = times.without_the_slowest();
        assert_eq!((kept.known.len(), kept.unknown.len()), (4, 5));
        let many =
            Times { known: (0..50).map(f64::from).collect(), unknown: (50..100).map(f64::from).collect() };
        assert_eq!(many.without_the_slowest().unknown.len(), 41);
    }
}
