//! Whole exchanges of client and server, and what must not be accepted.

use super::*;
use proptest::prelude::*;

/// An exchange that goes well up to AUTHENTICATE.
struct Exchange {
    verifier: ScramVerifier,
    binding: Option<&'static str>,
    signature: String,
    extra: Dict,
}

impl Exchange {
    fn new(bound: bool) -> Self {
        let verifier = verifier("pencil", PBKDF2);
        let mut client = ScramClient::new("user", CLIENT_NONCE, bound.then(channel)).unwrap();
        let binding = bound.then_some("tls-exporter");
        let server = server(&verifier, hello(binding), Dialect::Specification, Some(channel())).unwrap();
        let (signature, extra) = client.answer(&server.challenge(), &Secret::from("pencil")).unwrap();
        Self { verifier: verifier.clone(), binding, signature, extra }
    }

    fn verify(&self) -> Result<String, ScramError> {
        self.verify_on(Some(channel()), SERVER_NONCE)
    }

    fn verify_on(&self, channel: Option<ChannelId>, nonce: &[u8]) -> Result<String, ScramError> {
        let hello = hello(self.binding);
        let server = ScramServer::new("user", hello, Dialect::Specification, nonce, &self.verifier, channel)?;
        server.verify(self.signature.as_bytes(), &self.extra)
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(key, value);
        self
    }

    fn signed(mut self, signature: impl Into<String>) -> Self {
        self.signature = signature.into();
        self
    }
}

fn server(
    verifier: &ScramVerifier,
    hello: ScramHello,
    dialect: Dialect,
    channel: Option<ChannelId>,
) -> Result<ScramServer<'_>, ScramError> {
    ScramServer::new("user", hello, dialect, SERVER_NONCE, verifier, channel)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn scr_07_scr_08_scr_11_who_knows_the_password_gets_in_and_knows_the_server(
        authid in "[a-z=,éß ]{1,12}",
        password in "[ -~é]{1,16}",
        other in "[ -~]{1,16}",
        argon2 in any::<bool>(),
        channel in proptest::option::of(any::<[u8; 32]>()),
        nonces in any::<[[u8; 16]; 2]>(),
    ) {
        let kdf = if argon2 { ScramKdf::Argon2id13 { iterations: 1, memory: 8 } } else { ScramKdf::Pbkdf2 { iterations: 2 } };
        let channel = channel.map(ChannelId::new);
        let verifier = ScramVerifier::derive(&Secret::from(password.as_str()), &nonces[0], kdf).unwrap();
        let log_in = |password: &str, serves: Option<ChannelId>| {
            let mut client = ScramClient::new(&authid, &nonces[0], channel.clone()).unwrap().allow_cheap();
            let hello = ScramHello::from_extra(&client.hello()).unwrap();
            let prepared = prepare(&authid).unwrap();
            let server =
                ScramServer::new(&prepared, hello, Dialect::Specification, &nonces[1], &verifier, serves)?;
            let (signature, extra) = client.answer(&server.challenge(), &Secret::from(password)).unwrap();
            let signature = server.verify(signature.as_bytes(), &extra)?;
            client.check_welcome(&dict([("verifier", signature.into())]))
        };
        prop_assert_eq!(log_in(&password, channel.clone()), Ok(()));
        if prepare(&other) != prepare(&password) {
            prop_assert_eq!(log_in(&other, channel.clone()), Err(ScramError::Proof));
        }
        if channel.is_some() {
            let elsewhere = log_in(&password, Some(ChannelId::new([7; 32])));
            prop_assert_eq!(elsewhere, Err(ScramError::BindingMismatch));
            let unbound = ScramError::UnsupportedBinding("tls-exporter".to_owned());
            prop_assert_eq!(log_in(&password, None), Err(unbound));
        }
    }
}

#[test]
fn scr_02_scr_15_a_nonce_is_canonical_base64_of_a_bearable_length() {
    let read = |nonce: Value| ScramHello::from_extra(&dict([("nonce", nonce)]));
    assert!(read("egVDf3DMJh0=".into()).is_ok());
    assert!(read("A".repeat(MAX_NONCE).into()).is_ok());
    for wrong in ["", "!", "egVDf3DMJh0", "egVDf3DMJh0=\n", " egVDf3DMJh0=", "egVDf3DMJh1=", "a,b="] {
        assert!(matches!(read(wrong.into()), Err(ScramError::Encoding(_))), "{wrong:?}");
    }
    assert!(read("A".repeat(MAX_NONCE + 4).into()).is_err());
    for wrong in [Value::Null, 5.into(), Value::Binary(vec![1; 16])] {
        assert!(matches!(read(wrong), Err(ScramError::Missing(_))));
    }
    assert!(matches!(ScramHello::from_extra(&Dict::new()), Err(ScramError::Missing(_))));
}

#[test]
fn scr_03_scr_16_a_binding_that_the_connection_has_not_ends_the_exchange() {
    let verifier = verifier("pencil", PBKDF2);
    let ask = |binding, channel| server(&verifier, hello(Some(binding)), Dialect::Specification, channel);
    assert!(ask("tls-exporter", Some(channel())).is_ok());
    for other in ["tls-unique", "tls-server-end-point", "foo", "", "TLS-EXPORTER"] {
        let error = ask(other, Some(channel())).unwrap_err();
        assert_eq!(error, ScramError::UnsupportedBinding(other.to_owned()));
        assert_eq!(error.server_error(), "unsupported-channel-binding-type");
    }
    assert!(ask("tls-exporter", None).is_err());
    let number = dict([("nonce", "egVDf3DMJh0=".into()), ("channel_binding", 1.into())]);
    assert!(matches!(ScramHello::from_extra(&number), Err(ScramError::Missing(_))));
}

#[test]
fn scr_05_a_challenge_has_five_keys_and_its_nonce_begins_with_the_clients() {
    let argon2 = verifier("pencil", ARGON2);
    let pbkdf2 = verifier("pencil", PBKDF2);
    let challenge = |verifier, dialect| server(verifier, hello(None), dialect, None).unwrap().challenge();
    let nonce = STANDARD.encode(CLIENT_NONCE) + &STANDARD.encode(SERVER_NONCE);
    let expected = |kdf: &str, iterations: u32, memory: Option<u32>| {
        dict([
            ("nonce", nonce.as_str().into()),
            ("salt", SALT.into()),
            ("kdf", kdf.into()),
            ("iterations", iterations.into()),
            ("memory", memory.into()),
        ])
    };
    assert_eq!(challenge(&argon2, Dialect::Specification), expected("argon2id13", 2, Some(64)));
    assert_eq!(challenge(&argon2, Dialect::Autobahn), expected("argon2id-13", 2, Some(64)));
    assert_eq!(challenge(&pbkdf2, Dialect::Specification), expected("pbkdf2", 4096, None));
    let without_memory: Dict = expected("pbkdf2", 4096, None)
        .iter()
        .filter(|(key, _)| *key != "memory")
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
    assert_eq!(challenge(&pbkdf2, Dialect::Autobahn), without_memory);
}

#[test]
fn scr_07_scr_08_whatever_is_changed_in_authenticate_it_proves_nothing_any_more() {
    assert!(Exchange::new(false).verify().is_ok());
    assert!(Exchange::new(true).verify().is_ok());
    let own = STANDARD.encode(channel().expose());
    let stranger = STANDARD.encode([9; 32]);
    for (wrong, error) in [
        (Exchange::new(false).with("nonce", "egVDf3DMJh0="), "other-error"),
        (Exchange::new(false).with("nonce", Value::Null), "invalid-encoding"),
        (Exchange::new(false).with("cbind_data", own.as_str()), "channel-bindings-dont-match"),
        (Exchange::new(false).with("cbind_data", 3), "invalid-encoding"),
        (Exchange::new(false).with("channel_binding", "tls-exporter"), "channel-bindings-dont-match"),
        (Exchange::new(true).with("channel_binding", Value::Null), "channel-bindings-dont-match"),
        (Exchange::new(true).with("channel_binding", "tls-unique"), "channel-bindings-dont-match"),
        (Exchange::new(true).with("cbind_data", Value::Null), "channel-bindings-dont-match"),
        (Exchange::new(true).with("cbind_data", stranger), "channel-bindings-dont-match"),
        (Exchange::new(true).with("cbind_data", own.trim_end_matches('=')), "invalid-encoding"),
        (Exchange::new(false).signed(""), "invalid-encoding"),
        (Exchange::new(false).signed("!!!"), "invalid-encoding"),
        (Exchange::new(false).signed(STANDARD.encode([0; 31])), "invalid-encoding"),
        (Exchange::new(false).signed(STANDARD.encode([0; 32])), "invalid-proof"),
        (Exchange::new(false).signed(STANDARD.encode([0; 33])), "invalid-encoding"),
    ] {
        assert_eq!(wrong.verify().unwrap_err().server_error(), error, "{:?}", wrong.extra);
    }
    let right = Exchange::new(false);
    let with_newline = format!("{}\n", right.signature);
    assert!(right.signed(with_newline).verify().is_err());
}

#[test]
fn auth_18_an_answer_is_good_for_one_exchange_and_one_connection() {
    let other_nonce = [99; 16];
    let replayed = Exchange::new(false);
    assert_eq!(replayed.verify_on(None, &other_nonce), Err(ScramError::Nonce));
    // The nonce is changed with it, but the proof is made for the other one.
    let nonce = STANDARD.encode(CLIENT_NONCE) + &STANDARD.encode(other_nonce);
    let replayed = replayed.with("nonce", nonce);
    assert_eq!(replayed.verify_on(None, &other_nonce), Err(ScramError::Proof));
    let bound = Exchange::new(true);
    let elsewhere = Some(ChannelId::new([1; 32]));
    assert_eq!(bound.verify_on(elsewhere, SERVER_NONCE), Err(ScramError::BindingMismatch));
}

#[test]
fn scr_09_a_proof_in_autobahns_form_is_none_where_the_name_is_the_specifications_or_a_binding_was_asked_for()
{
    let verifier = verifier("pencil", PBKDF2);
    let proof_of = |dialect, binding: Option<&str>, channel: Option<ChannelId>, extra: Dict| {
        let server = server(&verifier, hello(binding), dialect, channel).unwrap();
        let salted = PBKDF2.derive(b"pencil", &salt()).unwrap();
        let nonce = STANDARD.encode(CLIENT_NONCE) + &STANDARD.encode(SERVER_NONCE);
        let client_nonce = &STANDARD.encode(CLIENT_NONCE);
        let said = message::Said { authid: "user", client_nonce, nonce: &nonce, salt: SALT, kdf: PBKDF2 };
        let proof = keys::client_proof(&*salted, &said.in_autobahn());
        let mut extra = extra;
        extra.insert("nonce", nonce.as_str());
        server.verify(STANDARD.encode(proof.as_slice()).as_bytes(), &extra)
    };
    assert!(proof_of(Dialect::Autobahn, None, None, Dict::new()).is_ok());
    let refused = proof_of(Dialect::Specification, None, None, Dict::new());
    assert_eq!(refused, Err(ScramError::Proof));
    let bound = dict([
        ("channel_binding", "tls-exporter".into()),
        ("cbind_data", STANDARD.encode(channel().expose()).into()),
    ]);
    let refused = proof_of(Dialect::Autobahn, Some("tls-exporter"), Some(channel()), bound);
    assert_eq!(refused, Err(ScramError::Proof));
}

#[test]
fn a_client_answers_no_false_server() {
    let verifier = verifier("pencil", PBKDF2);
    let challenge = server(&verifier, hello(None), Dialect::Specification, None).unwrap().challenge();
    let answer = |change: Option<(&str, Value)>| {
        let mut challenge = challenge.clone();
        change.map(|(key, value)| challenge.insert(key, value));
        let mut client = ScramClient::new("user", CLIENT_NONCE, None).unwrap();
        let answer = client.answer(&challenge, &Secret::from("pencil"));
        answer.map(|_| client)
    };
    let client = answer(None).unwrap();
    let verifier = |signature: &str| client.check_welcome(&dict([("verifier", signature.into())]));
    assert_eq!(verifier(&STANDARD.encode([0; 32])), Err(ScramError::Verifier));
    assert!(matches!(verifier("x"), Err(ScramError::Encoding(_))));
    assert!(matches!(client.check_welcome(&Dict::new()), Err(ScramError::Missing(_))));
    for (key, value) in [
        ("nonce", Value::from("AAAA")),
        ("nonce", STANDARD.encode(CLIENT_NONCE).into()),
        ("iterations", 4095.into()),
        ("iterations", 4_000_000_000_u64.into()),
        ("iterations", Value::Null),
        ("kdf", "argon2id13".into()),
        ("kdf", "md5".into()),
        ("salt", "?".into()),
    ] {
        assert!(answer(Some((key, value.clone()))).is_err(), "{key} {value:?}");
    }
}

#[test]
fn a_client_computes_no_more_than_it_allows() {
    let argon = |iterations, memory| ScramKdf::Argon2id13 { iterations, memory };
    for (kdf, most, fits) in [
        (argon(16, 1024), 1024, true),
        (argon(17, 1024), 1024, false),
        (argon(1, 1025), 1024, false),
        (argon(4096, 512), 262_144, true),
        (ScramKdf::Pbkdf2 { iterations: 10_000_000 }, 0, true),
    ] {
        assert_eq!(kdf.check_not_costly(most).is_ok(), fits, "{kdf:?} {most}");
    }
    let kdf = argon(1, 16 * 1024);
    let verifier = verifier("pencil", kdf);
    let challenge = server(&verifier, hello(None), Dialect::Specification, None).unwrap().challenge();
    let answer = |most| {
        let mut client = ScramClient::new("user", CLIENT_NONCE, None).unwrap().allow_memory(most);
        client.answer(&challenge, &Secret::from("pencil")).map(drop)
    };
    assert_eq!(answer(16 * 1024), Ok(()));
    assert!(matches!(answer(16 * 1024 - 1), Err(ScramError::TooCostly(_))));
}
