//! Procedures that know what users prove: WAMP-SCRAM and WAMP-cryptosign.

use super::answer;
use super::question::PeerQuestion;
use super::{AskingPeer, DynamicSettings};
use crate::auth::Authenticator;
#[cfg(feature = "cryptosign")]
use crate::auth::{CryptosignOptions, CryptosignPublicKey, Principal, PublicKey, cryptosign_with};
#[cfg(feature = "scram")]
use crate::auth::{ScramCredential, ScramKdf, ScramKeys, ScramOptions, ScramVerifier, scram_with};
use crate::router::auth::Denial;
use serverwamp_proto::codec::Value;

/// Authenticates by WAMP-SCRAM with what a client's procedure has stored of a password; see [`DynamicSettings`].
///
/// The procedure answers with `kdf`, `iterations`, `memory`, and in hex `salt`, `stored-key` and `server-key`, as in a configuration of
/// Crossbar.io; with `argon2id-13` only clients that speak its dialect get in, under the name `scram`. Or it answers with `verifier`, the
/// text of [`ScramVerifier::to_text`], which serves both dialects. An authid that it denies is challenged like any other, in one of the
/// forms of `options`.
#[cfg(feature = "scram")]
pub fn dynamic_scram<S: Send + Sync + 'static>(
    settings: DynamicSettings,
    options: ScramOptions,
) -> Authenticator<S> {
    scram_with(options, move |peer: AskingPeer| {
        let settings = settings.clone();
        async move { settings.find(&peer, scram_credential).await }
    })
}

#[cfg(feature = "scram")]
fn scram_credential(answer: &Value, question: &PeerQuestion<'_>) -> Result<ScramCredential, Denial> {
    let principal = answer::principal(answer, question)?;
    let verifier = verifier(answer).map_err(Denial::failed)?;
    Ok(ScramCredential::new(verifier, principal))
}

#[cfg(feature = "scram")]
fn verifier(answer: &Value) -> Result<ScramVerifier, String> {
    /// No more than what a configuration has.
    const LONGEST: usize = 1024;
    let text = |name| {
        let text = answer::text(answer, name, LONGEST)?;
        text.ok_or_else(|| format!("the answer has no {name:?}"))
    };
    if let Some(text) = answer::text(answer, "verifier", LONGEST)? {
        return ScramVerifier::from_text(&text).map_err(|error| error.to_string());
    }
    let hex = |name| unhex(&text(name)?).ok_or_else(|| format!("the answer's {name:?} is not hex"));
    let key = |name| {
        let bytes: Result<[u8; 32], _> = hex(name)?.try_into();
        bytes.map_err(|_| format!("the answer's {name:?} is not hex of 32 bytes"))
    };
    let iterations = answer::number(answer, "iterations").ok_or("the answer has no \"iterations\"")?;
    let kdf = ScramKdf::new(&text("kdf")?, iterations, answer::number(answer, "memory"));
    let kdf = kdf.map_err(|error| error.to_string())?;
    let keys = ScramKeys::new(key("stored-key")?, key("server-key")?);
    ScramVerifier::from_crossbar(kdf, &hex("salt")?, keys).map_err(|error| error.to_string())
}

#[cfg(feature = "scram")]
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect::<Option<_>>();
    bytes.filter(|_| rest.is_empty())
}

/// Authenticates by WAMP-cryptosign with the public key that a client's procedure answers with; see [`DynamicSettings`].
///
/// The client's own word for its key (`authextra.pubkey`) is among the details that the procedure gets. The answer has the user's key as
/// `pubkey`, or a list of keys; a peer with another one is denied after its answer, like one that the procedure denies.
#[cfg(feature = "cryptosign")]
pub fn dynamic_cryptosign<S: Send + Sync + 'static>(
    settings: DynamicSettings,
    options: CryptosignOptions,
) -> Authenticator<S> {
    cryptosign_with(options, move |peer: AskingPeer, PublicKey(shown): PublicKey| {
        let settings = settings.clone();
        async move {
            let found = settings.find(&peer, owner).await?;
            Ok::<_, crate::WampError>(found.filter(|(keys, _)| keys.contains(&shown)).map(|(_, owner)| owner))
        }
    })
}

/// The keys of a user, in hex of small letters, and its principal.
#[cfg(feature = "cryptosign")]
fn owner(answer: &Value, question: &PeerQuestion<'_>) -> Result<(Vec<String>, Principal), Denial> {
    let principal = answer::principal(answer, question)?;
    let key = |value: &Value| {
        let key = value.as_str().and_then(|hex| hex.parse::<CryptosignPublicKey>().ok());
        key.map(|key| key.to_string())
    };
    let keys = match answer.get("pubkey") {
        Some(Value::List(several)) => several.iter().map(key).collect::<Option<Vec<_>>>(),
        Some(one) => key(one).map(|key| vec![key]),
        None => None,
    };
    let keys = keys.ok_or_else(|| {
        Denial::failed("the answer's \"pubkey\" is no public key in hex, nor a list of them")
    })?;
    Ok((keys, principal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp_proto::codec::{Serializer, from_slice};

    fn answered(json: &str) -> Value {
        from_slice(Serializer::Json, json.as_bytes()).unwrap()
    }

    #[cfg(feature = "scram")]
    #[test]
    fn a_verifier_is_read_as_crossbar_writes_it_and_as_we_do() {
        let key = "00ff".repeat(16);
        let crossbar = |kdf: &str, more: &str| {
            answered(&format!(
                r#"{{"kdf":"{kdf}","iterations":4096,"salt":"accb","stored-key":"{key}","server-key":"{key}"{more}}}"#
            ))
        };
        let pbkdf2 = verifier(&crossbar("pbkdf2", r#","memory":null"#)).unwrap();
        assert_eq!((pbkdf2.kdf(), pbkdf2.salt()), (ScramKdf::Pbkdf2 { iterations: 4096 }, &[0xAC, 0xCB][..]));
        let argon2 = verifier(&crossbar("argon2id-13", r#","memory":512"#)).unwrap();
        assert_eq!(argon2.kdf(), ScramKdf::Argon2id13 { iterations: 4096, memory: 512 });
        let text = argon2.to_text();
        let again = verifier(&answered(&format!(r#"{{"verifier":"{text}"}}"#))).unwrap();
        assert_eq!(again.to_text(), text);
        for (answer, part) in [
            (crossbar("argon2id-13", ""), "memory"),
            (crossbar("sha1", ""), "neither pbkdf2"),
            (crossbar("pbkdf2", r#","salt":"abc""#), "\"salt\" is not hex"),
            (crossbar("pbkdf2", r#","stored-key":"abcd""#), "32 bytes"),
            (answered(r#"{"verifier":"hunter2"}"#), "$scram$"),
            (answered("{}"), "\"iterations\""),
        ] {
            let why = verifier(&answer).unwrap_err();
            assert!(why.contains(part), "{part}: {why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
