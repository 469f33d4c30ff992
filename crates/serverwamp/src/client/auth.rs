//! How a client proves who it is.
//!
//! A method is one [`ClientMethod`]: what HELLO offers, and the answer to each CHALLENGE. Anonymous, ticket and WAMP-CRA are here.

use serde::Deserialize;
use serverwamp_proto::auth::{CraKey, Derivation, Secret, method};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::{Challenge, Encoded};

/// The most PBKDF2 iterations that a router may ask for: a few seconds of work.
const MOST_ITERATIONS: u32 = 10_000_000;

/// What a client offers in HELLO, and how it answers challenges.
#[derive(Debug)]
pub(super) struct Answerer {
    pub(super) authid: Option<String>,
    method: ClientMethod,
}

/// One method of authentication.
#[derive(Debug)]
enum ClientMethod {
    Anonymous,
    Ticket(Secret),
    Cra(Secret),
}

/// AUTHENTICATE, to be.
#[derive(Debug)]
pub(super) struct AnswerToChallenge {
    pub(super) signature: String,
    pub(super) extra: Encoded,
}

impl Answerer {
    pub(super) const fn anonymous() -> Self {
        Self { authid: None, method: ClientMethod::Anonymous }
    }

    pub(super) fn ticket(authid: String, ticket: Secret) -> Self {
        Self { authid: Some(authid), method: ClientMethod::Ticket(ticket) }
    }

    pub(super) fn cra(authid: String, secret: Secret) -> Self {
        Self { authid: Some(authid), method: ClientMethod::Cra(secret) }
    }

    /// The methods, as HELLO offers them. None without a proof: then a router looks at the transport first, and takes who it
    /// does not know for anonymous.
    pub(super) fn methods(&self) -> Option<Vec<String>> {
        self.name().map(|name| vec![name.to_owned()])
    }

    const fn name(&self) -> Option<&'static str> {
        match self.method {
            ClientMethod::Anonymous => None,
            ClientMethod::Ticket(_) => Some(method::TICKET),
            ClientMethod::Cra(_) => Some(method::WAMPCRA),
        }
    }

    /// The answer to a challenge, or why there is none.
    pub(super) fn answer(
        &self,
        serializer: Serializer,
        challenge: &Challenge<'_>,
    ) -> Result<AnswerToChallenge, String> {
        let signature = match (&self.method, &*challenge.method) {
            (ClientMethod::Ticket(ticket), method::TICKET) => std::str::from_utf8(ticket.expose())
                .map_err(|_| "the ticket is not UTF-8, which AUTHENTICATE requires".to_owned())?
                .to_owned(),
            (ClientMethod::Cra(secret), method::WAMPCRA) => sign(secret, challenge)?,
            (ClientMethod::Anonymous, _) => {
                return Err("the client joins anonymously: give it a ticket or a secret".to_owned());
            }
            (ClientMethod::Ticket(_) | ClientMethod::Cra(_), _) => {
                return Err(format!("the client offered {} alone", self.name().unwrap_or_default()));
            }
        };
        Ok(AnswerToChallenge { signature, extra: Encoded::empty_dict(serializer) })
    }
}

/// `CHALLENGE.Extra` of WAMP-CRA.
#[derive(Deserialize)]
struct CraQuestion {
    challenge: String,
    salt: Option<String>,
    keylen: Option<u32>,
    iterations: Option<u32>,
}

fn sign(secret: &Secret, challenge: &Challenge<'_>) -> Result<String, String> {
    let extra: CraQuestion =
        challenge.extra.decode().map_err(|error| format!("its extra is malformed: {error}"))?;
    let key = match extra.salt {
        None => CraKey::from_secret(secret.clone()),
        Some(salt) => {
            let usual = Derivation::with_salt(salt);
            let derivation = Derivation {
                keylen: extra.keylen.unwrap_or(usual.keylen),
                iterations: extra.iterations.unwrap_or(usual.iterations),
                ..usual
            };
            if derivation.iterations > MOST_ITERATIONS {
                let asked = derivation.iterations;
                return Err(format!("it asks for {asked} iterations of PBKDF2, more than {MOST_ITERATIONS}"));
            }
            derivation.derive(secret)
        }
    };
    Ok(key.sign(&extra.challenge))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use serverwamp_proto::message::Message;

    fn answer(answerer: &Answerer, challenge: &str) -> Result<String, String> {
        let frame = Bytes::copy_from_slice(challenge.as_bytes());
        let Ok(Message::Challenge(challenge)) = Message::decode(Serializer::Json, &frame) else {
            panic!("{challenge}")
        };
        answerer.answer(Serializer::Json, &challenge).map(|answer| answer.signature)
    }

    #[test]
    fn a_ticket_is_sent_as_it_is_and_to_nobody_who_asks_for_something_else() {
        let joe = Answerer::ticket("joe".into(), Secret::from("s3cret"));
        assert_eq!(joe.methods(), Some(vec!["ticket".to_owned()]));
        assert_eq!(answer(&joe, r#"[4,"ticket",{}]"#), Ok("s3cret".to_owned()));
        let refused = answer(&joe, r#"[4,"wampcra",{"challenge":"x"}]"#);
        assert_eq!(refused, Err("the client offered ticket alone".to_owned()));
    }

    #[test]
    fn a_challenge_is_signed_with_the_secret_or_with_the_key_derived_from_it() {
        let joe = Answerer::cra("joe".into(), Secret::from("s3cret"));
        let plain = CraKey::from_secret(Secret::from("s3cret")).sign("text");
        assert_eq!(answer(&joe, r#"[4,"wampcra",{"challenge":"text"}]"#), Ok(plain));
        let key =
            Derivation { salt: "pepper".into(), keylen: 16, iterations: 10 }.derive(&Secret::from("s3cret"));
        let salted = r#"[4,"wampcra",{"challenge":"text","salt":"pepper","keylen":16,"iterations":10}]"#;
        assert_eq!(answer(&joe, salted), Ok(key.sign("text")));
    }

    #[test]
    fn a_router_cannot_ask_for_work_without_end_or_for_nothing() {
        let joe = Answerer::cra("joe".into(), Secret::from("s3cret"));
        let endless = r#"[4,"wampcra",{"challenge":"text","salt":"x","iterations":4000000000}]"#;
        assert!(answer(&joe, endless).unwrap_err().contains("4000000000 iterations"));
        assert!(answer(&joe, r#"[4,"wampcra",{}]"#).unwrap_err().contains("malformed"));
        let anonymous = answer(&Answerer::anonymous(), r#"[4,"ticket",{}]"#).unwrap_err();
        assert!(anonymous.contains("give it a ticket"), "{anonymous}");
    }
}
