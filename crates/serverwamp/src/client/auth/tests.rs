//! Answers to challenges, without a connection.

use super::{Answerer, ChallengeAnswer, Login};
use bytes::Bytes;
use serverwamp_proto::auth::{CraKey, Derivation, Secret};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::{HelloDetails, Message};

fn answerer(login: Login) -> Answerer {
    Answerer::new(login, None).unwrap()
}

fn offer(answerer: &Answerer) -> HelloDetails {
    let mut details = HelloDetails::default();
    answerer.offer(Serializer::Json, &mut details);
    details
}

fn answer(answerer: &mut Answerer, challenge: &str) -> Result<String, String> {
    let frame = Bytes::copy_from_slice(challenge.as_bytes());
    let Ok(Message::Challenge(challenge)) = Message::decode(Serializer::Json, &frame) else {
        panic!("{challenge}")
    };
    let answer = match answerer.answer(Serializer::Json, &challenge)? {
        ChallengeAnswer::Now(answer) => answer,
        ChallengeAnswer::Slow(hash) => hash()?,
    };
    Ok(answer.signature)
}

#[test]
fn a_ticket_is_sent_as_it_is_and_to_nobody_who_asks_for_something_else() {
    let mut joe = answerer(Login::new("joe").ticket("s3cret"));
    assert_eq!(offer(&joe).authmethods, Some(vec!["ticket".to_owned()]));
    assert_eq!(answer(&mut joe, r#"[4,"ticket",{}]"#), Ok("s3cret".to_owned()));
    let refused = answer(&mut joe, r#"[4,"wampcra",{"challenge":"x"}]"#);
    assert_eq!(refused, Err("the client offered ticket alone".to_owned()));
}

#[test]
fn a_challenge_is_signed_with_the_secret_or_with_the_key_derived_from_it() {
    let mut joe = answerer(Login::new("joe").cra("s3cret"));
    let plain = CraKey::from_secret(Secret::from("s3cret")).sign("text");
    assert_eq!(answer(&mut joe, r#"[4,"wampcra",{"challenge":"text"}]"#), Ok(plain));
    let key =
        Derivation { salt: "pepper".into(), keylen: 16, iterations: 10 }.derive(&Secret::from("s3cret"));
    let salted = r#"[4,"wampcra",{"challenge":"text","salt":"pepper","keylen":16,"iterations":10}]"#;
    assert_eq!(answer(&mut joe, salted), Ok(key.sign("text")));
}

#[test]
fn a_router_cannot_ask_for_work_without_end_or_for_nothing() {
    let mut joe = answerer(Login::new("joe").cra("s3cret"));
    let endless = r#"[4,"wampcra",{"challenge":"text","salt":"x","iterations":4000000000}]"#;
    assert!(answer(&mut joe, endless).unwrap_err().contains("4000000000 iterations"));
    let long = r#"[4,"wampcra",{"challenge":"text","salt":"x","iterations":1000000,"keylen":1024}]"#;
    assert!(
        answer(&mut joe, long).unwrap_err().contains("32000000 iterations"),
        "each 32 bytes take as many"
    );
    assert!(answer(&mut joe, r#"[4,"wampcra",{}]"#).unwrap_err().contains("malformed"));
    let anonymous = answer(&mut answerer(Login::anonymous()), r#"[4,"ticket",{}]"#).unwrap_err();
    assert!(anonymous.contains("this client offers none: add `.ticket(..)`"), "{anonymous}");
}
