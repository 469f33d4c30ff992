//! Known answers, whole exchanges, and what must not be accepted.

mod exchanges;
mod known_answers;
mod stored;

use super::*;
use crate::auth::channel::ChannelId;
use crate::codec::{Dict, Value};

const CLIENT_NONCE: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const SERVER_NONCE: &[u8] = &[16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];
const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";
const PBKDF2: ScramKdf = ScramKdf::Pbkdf2 { iterations: 4096 };
const ARGON2: ScramKdf = ScramKdf::Argon2id13 { iterations: 2, memory: 64 };

fn salt() -> Vec<u8> {
    STANDARD.decode(SALT).unwrap()
}

fn verifier(password: &str, kdf: ScramKdf) -> ScramVerifier {
    ScramVerifier::derive(&Secret::from(password), &salt(), kdf).unwrap()
}

fn channel() -> ChannelId {
    ChannelId::new(std::array::from_fn(|index| u8::try_from(index).unwrap()))
}

fn dict<const N: usize>(entries: [(&str, Value); N]) -> Dict {
    entries.into_iter().collect()
}

/// `authextra` of a client with [`CLIENT_NONCE`].
fn hello(binding: Option<&str>) -> ScramHello {
    let nonce = Value::from(STANDARD.encode(CLIENT_NONCE));
    ScramHello::from_extra(&dict([("nonce", nonce), ("channel_binding", binding.into())])).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
