//! Known answers, and what must not be accepted.

use super::*;
use crate::id::SessionId;

const CHALLENGE: &str = concat!(
    r#"{"nonce": "LHRTC9zeOIrt_9U3", "authprovider": "userdb", "authid": "peter", "#,
    r#""timestamp": "2014-06-22T16:36:25.448Z", "authrole": "user", "authmethod": "wampcra", "#,
    r#""session": 3251278072152162}"#
);

fn challenge(authid: &str) -> String {
    let challenge = CraChallenge {
        authid,
        authrole: "user",
        authprovider: "userdb",
        nonce: "LHRTC9zeOIrt_9U3",
        timestamp: "2014-06-22T16:36:25.448Z",
        session: SessionId::new(3_251_278_072_152_162).unwrap(),
    };
    challenge.to_json().unwrap()
}

/// `python -c "import hmac, base64; print(base64.b64encode(hmac.new(b'k' * 65, b'challenge', 'sha256').digest()))"`, and the same with
/// 64 and with 200.
#[test]
fn cra_05_keys_of_all_lengths_sign_as_hmac_does_and_take_as_long() {
    for (length, signature) in [
        (64, "XXH8eUHPW2WNeu9ilfqRSHsrNFbXY/v5G5hMbHhV5eo="),
        (65, "PbO+SexFMduXbbG1MZI6mLCWjnpYHJquv5Vtqy5bXuo="),
        (200, "g1+9Fb7nDQVaestMsVRn4s3hXB4mVrNlF+MtvV6IACI="),
    ] {
        let key = CraKey::from_secret(Secret::from("k".repeat(length)));
        assert_eq!(key.sign("challenge"), signature, "{length}");
        assert!(key.verify("challenge", signature));
        assert!(key.expose().len() <= 64, "HMAC has nothing more to hash");
        assert_eq!(CraKey::from_derived("k".repeat(length)).sign("challenge"), signature, "{length}");
    }
    let long = Derivation { salt: "salt".to_owned(), keylen: 100, iterations: 1 };
    assert!(long.key_of_nobody(&Secret::from("random")).expose().len() <= 64);
}

#[test]
fn cra_03_the_challenge_is_json_with_seven_keys() {
    let value: serde_json::Value = serde_json::from_str(&challenge("peter")).unwrap();
    assert_eq!(value, serde_json::from_str::<serde_json::Value>(CHALLENGE).unwrap());
    let nasty = "pe\"ter\\\n{}é";
    let value: serde_json::Value = serde_json::from_str(&challenge(nasty)).unwrap();
    assert_eq!(value["authid"], nasty);
    assert_eq!(value.as_object().unwrap().len(), 7);
}

#[test]
fn cra_05_06_unsalted_known_answer() {
    let key = CraKey::from_secret(Secret::from("secret1"));
    assert_eq!(key.sign(CHALLENGE), "vb/MUq65p6Xs4P09HfsDI4VmI8HWO3whf0vNe4IdogQ=");
    assert!(key.verify(CHALLENGE, "vb/MUq65p6Xs4P09HfsDI4VmI8HWO3whf0vNe4IdogQ="));
}

#[test]
fn cra_07_salted_known_answer_signs_with_the_base64_text() {
    let key = Derivation::with_salt("salt123").derive(&Secret::from("secret1"));
    assert_eq!(key.expose(), b"64xfzBvZhGDT7PB0bQwDeI8/WR1M9x6Cw5dt0yP9koc=");
    assert_eq!(key.sign(CHALLENGE), "gir1mSx+deCDUV7wRM5SGIn/+R/ClqLZuH4m7FJeBVI=");
}

#[test]
fn cra_08_keylen_counts_bytes_before_base64() {
    let derivation = Derivation { salt: "salt123".into(), keylen: 16, iterations: 100 };
    let key = derivation.derive(&Secret::from("secret1"));
    assert_eq!(key.expose().len(), 24);
}

#[test]
fn cra_11_anything_but_the_signature_is_refused() {
    let key = CraKey::from_secret(Secret::from("secret1"));
    let right = key.sign(CHALLENGE);
    let other = CraKey::from_secret(Secret::from("secret2")).sign(CHALLENGE);
    for wrong in ["", "!!!", &other, right.trim_end_matches('='), &right[4..], &format!("{right} ")] {
        assert!(!key.verify(CHALLENGE, wrong), "{wrong:?}");
    }
    assert!(!key.verify(&CHALLENGE.replace("peter", "petra"), &right));
}

#[test]
fn cra_12_a_stored_key_serves_as_the_password_does() {
    let stored = CraKey::from_derived("64xfzBvZhGDT7PB0bQwDeI8/WR1M9x6Cw5dt0yP9koc=");
    assert!(stored.verify(CHALLENGE, "gir1mSx+deCDUV7wRM5SGIn/+R/ClqLZuH4m7FJeBVI="));
}

#[test]
fn cra_02_extra_carries_the_salt_only_for_salted_users() {
    let json = |extra: &CraExtra<'_>| {
        let mut out = Vec::new();
        crate::codec::to_writer(crate::codec::Serializer::Json, extra, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(json(&CraExtra::new("c", None)), r#"{"challenge":"c"}"#);
    let derivation = Derivation::with_salt("s");
    assert_eq!(
        json(&CraExtra::new("c", Some(&derivation))),
        r#"{"challenge":"c","salt":"s","keylen":32,"iterations":1000}"#
    );
}

#[test]
fn auth_10_unknown_users_have_a_steady_salt() {
    let key = Secret::from("server key");
    assert_eq!(fake_salt(&key, "mallory"), fake_salt(&key, "mallory"));
    assert_ne!(fake_salt(&key, "mallory"), fake_salt(&key, "mallary"));
    assert_ne!(fake_salt(&key, "mallory"), fake_salt(&Secret::from("another"), "mallory"));
    assert_eq!(fake_salt(&key, "mallory").len(), 24);
}

#[test]
fn auth_10_the_key_of_nobody_is_as_long_as_a_stored_one_and_another() {
    for keylen in [1, 16, 32, 48, 49, 64, 1024, u32::MAX] {
        let derivation = Derivation { salt: "salt123".into(), keylen, iterations: 1 };
        let derived = derivation.derive(&Secret::from("secret1"));
        let derived = CraKey::from_derived(String::from_utf8(derived.expose().to_vec()).unwrap());
        let [one, other] = ["one", "other"].map(|random| derivation.key_of_nobody(&Secret::from(random)));
        assert_eq!(one.expose().len(), derived.expose().len(), "{keylen}");
        assert_ne!(one.expose(), derived.expose(), "{keylen}");
        assert!(one.expose() != other.expose() || keylen == 1, "{keylen}");
    }
}

#[test]
fn tkt_06_tickets_are_compared_as_they_are() {
    let ticket = Secret::from("sécret!!!");
    assert!(ticket_matches(&ticket, "sécret!!!"));
    for wrong in ["", "sécret!!! ", "Sécret!!!", "sécret!!", "se\u{301}cret!!!"] {
        assert!(!ticket_matches(&ticket, wrong), "{wrong:?}");
    }
}

#[test]
fn auth_20_secrets_do_not_print_themselves() {
    let key = CraKey::from_secret(Secret::from("hunter2"));
    assert!(!format!("{key:?} {:?}", Secret::from("hunter2")).contains("hunter2"));
}
