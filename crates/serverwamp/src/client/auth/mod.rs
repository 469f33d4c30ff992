//! How a client proves who it is.
//!
//! A [`Login`] comes from the application; an [`Answerer`] is made of it for one connection: what HELLO offers, the answer
//! to each CHALLENGE, and the proof that WELCOME has to have. Invariant: no challenge is answered by a method that was not offered.

mod answerer;
mod cra;
mod login;
#[cfg(any(feature = "cryptosign", feature = "scram"))]
mod proofs;

pub(super) use self::answerer::{AnswerToChallenge, Answerer, ChallengeAnswer};
pub use self::login::Login;

#[cfg(test)]
mod tests;
