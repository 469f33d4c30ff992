//! The methods in which both sides prove something: WAMP-SCRAM and WAMP-cryptosign, on one connection.
//!
//! Invariant: a router that has to prove something and does not gets no session.

#[cfg(feature = "scram")]
use super::answerer::{AnswerToChallenge, ChallengeAnswer};
use super::login::{ClientMethod, Login};
#[cfg(feature = "scram")]
use serverwamp_proto::auth::Secret;
use serverwamp_proto::auth::channel::ChannelId;
#[cfg(feature = "cryptosign")]
use serverwamp_proto::auth::cryptosign::{CryptosignClient, CryptosignKey, CryptosignPublicKey};
#[cfg(feature = "scram")]
use serverwamp_proto::auth::scram::{ScramClient, ScramError};
use serverwamp_proto::codec::Dict;
#[cfg(feature = "scram")]
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::Encoded;
#[cfg(feature = "scram")]
use serverwamp_proto::message::WelcomeDetails;
#[cfg(feature = "scram")]
use std::sync::Arc;
use std::sync::OnceLock;

/// The content of HELLO that proofs refer to, and what the router has to prove for it.
#[derive(Debug)]
pub(super) struct Proofs {
    hello: Dict,
    /// Until a challenge of SCRAM is answered.
    #[cfg(feature = "scram")]
    scram: Option<ScramClient>,
    /// Set by the answer.
    #[cfg(feature = "scram")]
    expected: Arc<OnceLock<ScramClient>>,
    #[cfg(feature = "cryptosign")]
    channel: Option<ChannelId>,
    /// The challenge that the router is to sign, if its key is known.
    #[cfg(feature = "cryptosign")]
    challenge: Option<[u8; 32]>,
    /// Set once the router has signed.
    #[cfg(feature = "cryptosign")]
    proved: OnceLock<()>,
}

impl Proofs {
    pub(super) fn new(login: &Login, channel: Option<ChannelId>) -> Result<Self, String> {
        let mut hello = Dict::new();
        let mut add = |extra: Dict| {
            extra.into_iter().for_each(|(key, value)| drop(hello.insert(key, value)));
        };
        #[cfg(feature = "scram")]
        let scram = scram(login, channel.clone())?;
        #[cfg(feature = "scram")]
        if let Some(client) = &scram {
            add(client.hello());
        }
        #[cfg(feature = "cryptosign")]
        let challenge = login.router_key.as_ref().map(|_| random());
        #[cfg(feature = "cryptosign")]
        if let Some(key) = cryptosign_key(login) {
            add(CryptosignClient::new(key, channel.clone(), challenge).hello());
        } else if login.router_key.is_some() {
            return Err(
                "the router's key is checked with cryptosign, and the login has no key for that".to_owned()
            );
        }
        Ok(Self {
            hello,
            #[cfg(feature = "scram")]
            scram,
            #[cfg(feature = "scram")]
            expected: Arc::default(),
            #[cfg(feature = "cryptosign")]
            channel,
            #[cfg(feature = "cryptosign")]
            challenge,
            #[cfg(feature = "cryptosign")]
            proved: OnceLock::new(),
        })
    }

    /// `HELLO.Details.authextra`.
    pub(super) fn hello(&self) -> Dict {
        self.hello.clone()
    }

    /// The answer to a challenge of SCRAM, which takes long.
    #[cfg(feature = "scram")]
    pub(super) fn answer_scram(
        &mut self,
        serializer: Serializer,
        password: Secret,
        extra: &Encoded,
    ) -> Result<ChallengeAnswer, String> {
        let challenge = dictionary(extra)?;
        let Some(mut client) = self.scram.take() else {
            return Err("it asks for the password a second time".to_owned());
        };
        let expected = Arc::clone(&self.expected);
        Ok(ChallengeAnswer::Slow(Box::new(move || {
            let answer = client.answer(&challenge, &password).map_err(|error| unanswered(&error));
            let (signature, extra) = answer?;
            let extra = Encoded::new(serializer, &extra).map_err(|error| error.to_string())?;
            drop(expected.set(client));
            Ok(AnswerToChallenge { signature, extra })
        })))
    }

    /// Checks that a router that has seen a proof by SCRAM knows the verifier; one that could see no other proof has to ask for it.
    #[cfg(feature = "scram")]
    pub(super) fn check_welcome(&self, login: &Login, details: &WelcomeDetails) -> Result<(), String> {
        let only = |method: &ClientMethod| matches!(method, ClientMethod::Scram { .. });
        match self.expected.get() {
            Some(client) => {
                let extra = details.authextra.as_ref().map(dictionary).transpose()?.unwrap_or_default();
                client.check_welcome(&extra).map_err(|error| error.to_string())
            }
            None if !login.methods.is_empty() && login.methods.iter().all(only) => {
                Err("it asked for no proof by SCRAM, and so gave none".to_owned())
            }
            None => Ok(()),
        }
    }

    /// The signature for a challenge of cryptosign.
    #[cfg(feature = "cryptosign")]
    pub(super) fn answer_cryptosign(
        &self,
        key: &CryptosignKey,
        extra: &Encoded,
        router: Option<&CryptosignPublicKey>,
    ) -> Result<String, String> {
        let client = CryptosignClient::new(key, self.channel.clone(), self.challenge);
        let signature = client.answer(&dictionary(extra)?, router).map_err(|error| error.to_string())?;
        let _first = self.proved.set(());
        Ok(signature)
    }

    /// Checks that a router whose key is known has been asked for its signature.
    #[cfg(feature = "cryptosign")]
    pub(super) fn check_router_key(&self, login: &Login) -> Result<(), String> {
        match (&login.router_key, self.proved.get()) {
            (Some(_), None) => Err("it has not proved that it has the expected key".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Why a challenge of SCRAM gets no answer, and what to do.
#[cfg(feature = "scram")]
fn unanswered(error: &ScramError) -> String {
    match error {
        ScramError::TooCheap(_) => format!(
            "{error}: derive the router's verifier with `ScramKdf::default()`, or answer all the same with `Login::cheap_scram`"
        ),
        ScramError::TooCostly(_) => format!(
            "{error}: derive the router's verifier with `ScramKdf::default()`, or allow more with `Login::scram_memory`"
        ),
        _ => error.to_string(),
    }
}

#[cfg(feature = "scram")]
fn scram(login: &Login, channel: Option<ChannelId>) -> Result<Option<ScramClient>, String> {
    let cheap = login.methods.iter().find_map(|method| match method {
        ClientMethod::Scram { cheap, .. } => Some(*cheap),
        _ => None,
    });
    let Some(cheap) = cheap else { return Ok(None) };
    let Some(authid) = &login.authid else {
        return Err("SCRAM needs an authid: write `Login::new(authid)`".to_owned());
    };
    let client = ScramClient::new(authid, &random::<16>(), channel).map_err(|error| error.to_string())?;
    let client = if cheap { client.allow_cheap() } else { client };
    Ok(Some(match login.scram_memory {
        Some(kib) => client.allow_memory(kib),
        None => client,
    }))
}

#[cfg(feature = "cryptosign")]
fn cryptosign_key(login: &Login) -> Option<&CryptosignKey> {
    login.methods.iter().find_map(|method| match method {
        ClientMethod::Cryptosign(key) => Some(&**key),
        _ => None,
    })
}

fn dictionary(extra: &Encoded) -> Result<Dict, String> {
    extra.decode().map_err(|error| format!("its extra is malformed: {error}"))
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes
}
