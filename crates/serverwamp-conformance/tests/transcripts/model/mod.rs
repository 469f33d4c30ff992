//! Random clients against a reference model: every message every peer receives is one the model has predicted.
//!
//! The model shares nothing with the router; it is written from the specification's rules with plain lists. An operation
//! is a handful of numbers that always mean something, so any subset of a failing sequence is a sequence too: before a
//! failure is shown, the operations it does not need are left out. `SERVERWAMP_MODEL_CASES` says how many sequences are
//! played (`SERVERWAMP_MODEL_SEED` with which to begin).

mod authorizers;
mod broker;
mod clients;
mod dealer;
mod due;
mod our_clients;
mod play;
mod roles;
mod slow_readers;

use play::Failure;
use roles::Roles;
use serde_json::Value;

/// In the place of an id that the router has just chosen.
const NEW_ID: &str = "$new";

/// In the place of a publication's id: any, but the same for all who receive it.
const PUBLICATION: &str = "$publication";

/// Messages, and who is to receive them.
type Expected = Vec<(usize, Value)>;

/// How a topic or a procedure is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Exact,
    Prefix,
    Wildcard,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Wildcard => "wildcard",
        }
    }
}

/// What a client announced: all features of the advanced profile, or none.
#[derive(Clone, Copy, Debug)]
struct Traits {
    advanced: bool,
}

/// Does a pattern match a URI?
pub(crate) fn matches(kind: Kind, pattern: &str, uri: &str) -> bool {
    match kind {
        Kind::Exact => pattern == uri,
        Kind::Prefix => uri.starts_with(pattern),
        Kind::Wildcard => {
            let (pattern, uri): (Vec<&str>, Vec<&str>) =
                (pattern.split('.').collect(), uri.split('.').collect());
            pattern.len() == uri.len()
                && pattern.iter().zip(uri).all(|(part, component)| part.is_empty() || *part == component)
        }
    }
}

/// The model as a whole, and what it says to operations.
#[derive(Debug, Default)]
struct Model {
    broker: broker::Broker,
    dealer: dealer::Dealer,
    /// Of every client that ever joined.
    traits: Vec<Traits>,
    /// Who is there.
    present: Vec<usize>,
}

/// An operation: what is done, and four numbers to choose with.
#[derive(Clone, Copy, Debug)]
struct Operation {
    what: u32,
    with: [u32; 4],
}

/// A small generator of numbers, the same for the same seed.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// One of so many, counted from 0.
    pub(crate) fn below(&mut self, many: usize) -> usize {
        self.next() as usize % many
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 >> 33).unwrap_or(0)
    }
}

fn sequence(seed: u64, length: usize) -> Vec<Operation> {
    let mut numbers = Numbers::new(seed);
    std::iter::repeat_with(|| Operation {
        what: numbers.next(),
        with: [numbers.next(), numbers.next(), numbers.next(), numbers.next()],
    })
    .take(length)
    .collect()
}

pub(crate) fn from_environment(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn whatever_clients_do_everybody_receives_what_the_model_says() {
    let first = from_environment("SERVERWAMP_MODEL_SEED", 1);
    let cases = from_environment("SERVERWAMP_MODEL_CASES", 60);
    for seed in first..first + cases {
        let operations = sequence(seed, 120);
        report(seed, &operations, play::run);
    }
}

#[test]
fn whatever_our_own_clients_do_their_streams_and_calls_give_what_the_model_says() {
    let first = from_environment("SERVERWAMP_MODEL_SEED", 1);
    let cases = from_environment("SERVERWAMP_MODEL_CASES", 40);
    for seed in first..first + cases {
        let operations = sequence(seed, 120);
        report(seed, &operations, our_clients::run);
    }
}

// AUTHZ-02, AUTHZ-03, AUTHZ-05, AUTHZ-09, AUTHZ-12, AUTHZ-13
#[test]
fn whatever_clients_of_some_roles_do_everybody_receives_what_the_model_says() {
    let first = from_environment("SERVERWAMP_MODEL_SEED", 1);
    let cases = from_environment("SERVERWAMP_MODEL_CASES", 40);
    with_roles(first, cases, Roles::random);
}

// AUTHZ-02, AUTHZ-10, AUTHZ-13
#[test]
fn whatever_clients_that_authorizers_decide_about_do_everybody_receives_what_the_model_says() {
    let first = from_environment("SERVERWAMP_MODEL_SEED", 1);
    let cases = from_environment("SERVERWAMP_MODEL_CASES", 40);
    with_roles(first, cases, Roles::random_with_authorizers);
}

fn with_roles(first: u64, cases: u64, roles: fn(&mut Numbers) -> Roles) {
    let (mut denied, mut asked) = (0, 0);
    for seed in first..first + cases {
        let roles = roles(&mut Numbers::new(seed + 1000));
        let operations = sequence(seed, 120);
        asked += operations.len();
        denied += report(seed, &operations, |operations| play::run_with(&roles, operations));
    }
    // Rules that deny nearly everything, or nearly nothing, would show nothing.
    assert!(denied > asked / 20 && denied < asked / 2, "{denied} of {asked} requests were denied");
}

/// Plays, and panics with the operations that are needed for a failure.
fn report<T>(seed: u64, operations: &[Operation], run: impl Fn(&[Operation]) -> Result<T, Failure>) -> T {
    run(operations).unwrap_or_else(|failure| {
        let needed = smallest(&operations[..=failure.at], &run);
        let failure = run(&needed).err().unwrap_or(failure);
        panic!("seed {seed}: {}\nthe operations:\n{}", failure.text, failure.log.join("\n"));
    })
}

/// Leaves out operations as long as the rest still fails.
fn smallest<T>(operations: &[Operation], run: impl Fn(&[Operation]) -> Result<T, Failure>) -> Vec<Operation> {
    let mut needed = operations.to_vec();
    let mut at = needed.len();
    while at > 0 {
        at -= 1;
        let mut fewer = needed.clone();
        fewer.remove(at);
        if run(&fewer).is_err() {
            needed = fewer;
        }
    }
    needed
}
