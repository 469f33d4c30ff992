//! Answers computed by others: RFC 7677, and Python's hashlib with argon2-cffi.

use super::super::keys::client_proof;
use super::super::message::Said;
use super::*;

struct Known {
    client_nonce: &'static str,
    nonce: &'static str,
    salt: &'static str,
    stored: &'static str,
    server: &'static str,
    proof: &'static str,
    verifier: &'static str,
}

const RFC_7677: Known = Known {
    client_nonce: "rOprNGfwEbeRWgbNEkqO",
    nonce: "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    salt: SALT,
    stored: "586e5df283e6dceb5c3e791d8b8528ec191e664045ce971792e2e6b5bb13e2a6",
    server: "c1f3cbc1c13a9d35a14c0990eed97629ea225863e566a4314ab99f3f00e5d9d5",
    proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    verifier: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

/// The specification's nonces and salt; its example has the proof of the RFC beside them, which does not fit.
const SPECIFICATION: Known = Known {
    client_nonce: "egVDf3DMJh0=",
    nonce: "egVDf3DMJh0=SBmkFIh7sSo=",
    salt: "aBc+fx0NAVA=",
    stored: "d1f0abec4618f18c284b455032d112ed804607b0e510b7c2b0521e3af953ce47",
    server: "682b71788a06b87566b32779d102f34976563e0608f6b8d9a8667b95dc8d99ce",
    proof: "L1uwjEEL7BdbtlWMKxNcQ1A/CmNjct+7xdAguB/rpnA=",
    verifier: "AyTAljdPHv74Zx+gn+6DqiFnl4XOZUXpC7k/pSkjBOg=",
};

/// The same, as Autobahn writes the text that is authenticated.
const AUTOBAHN: Known = Known {
    proof: "gxhBmdiKPWN4bQdkBh54u8lYPxCa8kVSpamruiv9sEo=",
    verifier: "aPQrsQ6p6DLHw4hBMrZMUMs5jKIeULIduxZ0drUyJcc=",
    ..SPECIFICATION
};

fn check(known: &Known, dialect: Dialect) {
    let Known { client_nonce, nonce, salt, .. } = *known;
    let said = Said { authid: "user", client_nonce, nonce, salt, kdf: PBKDF2 };
    let message = match dialect {
        Dialect::Specification => said.in_specification(None),
        Dialect::Autobahn => said.in_autobahn(),
    };
    let salted = PBKDF2.derive(b"pencil", &STANDARD.decode(salt).unwrap()).unwrap();
    let keys = ScramKeys::derive(&*salted);
    assert_eq!(hex(keys.stored_key()), known.stored);
    assert_eq!(hex(keys.server_key()), known.server);
    assert_eq!(STANDARD.encode(client_proof(&*salted, &message).as_slice()), known.proof);
    assert!(keys.verify(&message, &decode_32(known.proof, "").unwrap()));
    assert_eq!(STANDARD.encode(keys.server_signature(&message).as_slice()), known.verifier);
}

#[test]
fn scr_09_scr_10_the_answers_of_rfc_7677_and_of_the_specification() {
    check(&RFC_7677, Dialect::Specification);
    check(&SPECIFICATION, Dialect::Specification);
    check(&AUTOBAHN, Dialect::Autobahn);
}

/// Keys, and the server's signature for the proof, in an exchange with [`CLIENT_NONCE`] and [`SERVER_NONCE`].
fn exchange(dialect: Dialect, kdf: ScramKdf, keys: [&str; 2], proof: &str, signature: &str) {
    let verifier = verifier("pencil", kdf);
    let own = verifier.keys(dialect).unwrap();
    assert_eq!([hex(own.stored_key()), hex(own.server_key())], keys);
    let server =
        ScramServer::new("user", hello(None), dialect, SERVER_NONCE, &verifier, Some(channel())).unwrap();
    let nonce = server.challenge().get("nonce").cloned().unwrap();
    assert_eq!(server.verify(proof.as_bytes(), &dict([("nonce", nonce)])).as_deref(), Ok(signature));
}

#[test]
fn scr_14_the_answers_of_argon2_cffi_in_both_dialects() {
    let specification = [
        "45cbac84114f69c9e87b1c4105b623527ed73234f99d780a29975e4022d1cd5e",
        "8f9a300936b210f128283fadad07e2baf928a46c7bc407d54b0ca09e5ae51e96",
    ];
    exchange(
        Dialect::Specification,
        ARGON2,
        specification,
        "V0UNTwWWZH/f98fvjP/rzO0VyIMZs0wnJy844Q4Rti4=",
        "H92RoWiE/L9ijR+Iws7MGsqU1jGkQ7Z2gw/9SLu6Wlo=",
    );
    let autobahn = [
        "1cd917bc786a1896358cf554f951207f9c4def6421385a5229a155b34edf9126",
        "3fb3427924976e5ceee5e5dbbed1ea6e94429d0b14214a424d8a3d0836ccd2cd",
    ];
    exchange(
        Dialect::Autobahn,
        ARGON2,
        autobahn,
        "FOmHUJ5e+xVzKn9KAD2WhJ2CgGfRecNcqErxAL1ZJgw=",
        "ggI+kHd44UuG4ZExYKJZEoCFaumsWaw7HLiQMt5kfu0=",
    );
}

#[test]
fn scr_08_scr_09_the_answer_with_a_binding_and_a_name_that_has_to_be_escaped() {
    let verifier = verifier("pencil", PBKDF2);
    let hello = hello(Some("tls-exporter"));
    let server =
        ScramServer::new("a=,b", hello, Dialect::Specification, SERVER_NONCE, &verifier, Some(channel()))
            .unwrap();
    let extra = dict([
        ("nonce", server.challenge().get("nonce").cloned().unwrap()),
        ("channel_binding", "tls-exporter".into()),
        ("cbind_data", STANDARD.encode(channel().expose()).into()),
    ]);
    let signature = server.verify(b"gMZNVDX5Ar5fSxVJXCRYjR0looTMGkrRVguBf10drz0=", &extra);
    assert_eq!(signature.as_deref(), Ok("GjO+bMWd6efowTW1F7yXaOG/ZM6/hY5AUoKUcF873gQ="));
}

#[test]
fn scr_13_names_and_passwords_are_prepared_with_saslprep() {
    // RFC 4013, section 3.
    for (text, prepared) in [
        ("I\u{ad}X", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u{aa}", "a"),
        ("\u{2168}", "IX"),
        ("a\u{a0}b", "a b"),
    ] {
        assert_eq!(prepare(text).as_deref(), Ok(prepared), "{text:?}");
    }
    for prohibited in ["\u{7}", "\u{627}\u{31}", "", "\u{ad}", "a\u{0}b"] {
        assert_eq!(prepare(prohibited), Err(ScramError::Text), "{prohibited:?}");
    }
    let written_otherwise = verifier("I\u{ad}X", PBKDF2);
    let plain = verifier("IX", PBKDF2);
    let stored = |verifier: &ScramVerifier, dialect| *verifier.keys(dialect).unwrap().stored_key();
    assert_eq!(stored(&written_otherwise, Dialect::Specification), stored(&plain, Dialect::Specification));
    // Autobahn's client does not prepare a password.
    assert_ne!(stored(&written_otherwise, Dialect::Autobahn), stored(&plain, Dialect::Autobahn));
}
