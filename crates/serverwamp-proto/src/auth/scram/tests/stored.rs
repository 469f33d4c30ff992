//! The text of a verifier, and its costs.

use super::*;

#[test]
fn scr_18_a_verifier_survives_its_text_and_has_no_password_in_it() {
    for kdf in [PBKDF2, ARGON2] {
        let verifier = verifier("pencil", kdf);
        let text = verifier.to_text();
        let read = ScramVerifier::from_text(&text).unwrap();
        assert_eq!(read.to_text(), text);
        assert_eq!((read.kdf(), read.salt()), (kdf, verifier.salt()));
        assert!(!text.contains("pencil") && !text.contains(char::is_whitespace), "{text}");
        for dialect in [Dialect::Specification, Dialect::Autobahn] {
            let keys = |verifier: &ScramVerifier| *verifier.keys(dialect).unwrap().stored_key();
            assert_eq!(keys(&read), keys(&verifier));
        }
        assert!(!format!("{verifier:?}").contains(&text[text.len() - 20..]));
    }
}

#[test]
fn scr_18_a_verifier_of_crossbar_serves_its_dialect_alone_with_argon2() {
    let keys = verifier("pencil", ARGON2).keys(Dialect::Autobahn).unwrap().clone();
    let verifier = ScramVerifier::from_crossbar(ARGON2, &salt(), keys).unwrap();
    assert!(verifier.keys(Dialect::Specification).is_none());
    let read = ScramVerifier::from_text(&verifier.to_text()).unwrap();
    assert!(read.keys(Dialect::Specification).is_none() && read.keys(Dialect::Autobahn).is_some());
}

#[test]
fn keys_of_another_verifier_fill_what_is_missing_and_nothing_else() {
    let (user, nobody) = (verifier("pencil", ARGON2), verifier("nobody's", ARGON2));
    let stored = |verifier: &ScramVerifier, dialect| *verifier.keys(dialect).unwrap().stored_key();
    let own = user.keys(Dialect::Autobahn).unwrap().clone();
    let filled = ScramVerifier::from_crossbar(ARGON2, &salt(), own).unwrap().or_keys_of(nobody.clone());
    assert_eq!(stored(&filled, Dialect::Autobahn), stored(&user, Dialect::Autobahn));
    assert_eq!(stored(&filled, Dialect::Specification), stored(&nobody, Dialect::Specification));
    assert_eq!(user.clone().or_keys_of(nobody).to_text(), user.to_text());
}

#[test]
fn damaged_texts_of_verifiers_are_refused() {
    let right = verifier("pencil", ARGON2).to_text();
    let cut = |fields| right.split('$').take(fields).collect::<Vec<_>>().join("$");
    let no_keys = format!("{}$$$$", cut(5));
    for wrong in [
        "",
        "pencil",
        &right[1..],
        &cut(8),
        &no_keys,
        &format!("{right}$"),
        &right.replace("argon2id13", "bcrypt"),
        &right.replace("i=2,m=64", "i=2"),
        &right.replace("i=2,m=64", "i=0,m=64"),
        &right.replace("i=2,m=64", "i=2,m=7"),
        &right.replace("i=2,m=64", "i=-2,m=64"),
        &right.replace("i=2,m=64", "m=64,i=2"),
        &right.replace("gQ==", "gR=="),
        &right.replace("gQ==", "gQ"),
        &right[..right.len() - 4],
    ] {
        assert!(ScramVerifier::from_text(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn costs_out_of_bounds_are_refused() {
    let argon2 = |iterations, memory| ScramKdf::Argon2id13 { iterations, memory };
    for kdf in [
        ScramKdf::Pbkdf2 { iterations: 0 },
        ScramKdf::Pbkdf2 { iterations: 10_000_001 },
        argon2(0, 64),
        argon2(1, 7),
        argon2(1, 1024 * 1024 + 1),
        argon2(10_001, 8),
        argon2(10_000, 1024 * 1024),
        argon2(u32::MAX, u32::MAX),
    ] {
        assert!(matches!(kdf.check(), Err(ScramError::Cost(_))), "{kdf:?}");
        assert!(ScramVerifier::derive(&Secret::from("pencil"), &salt(), kdf).is_err(), "{kdf:?}");
    }
    // What Autobahn's own tool uses.
    assert_eq!(argon2(4096, 512).check(), Ok(()));
    assert_eq!(ScramKdf::default().check(), Ok(()));
    assert!(ScramVerifier::derive(&Secret::from("pencil"), b"short", ARGON2).is_err());
}

#[test]
fn scr_04_the_salt_of_an_unknown_user_is_constant_and_needs_the_servers_key() {
    let key = Secret::from("server key");
    assert_eq!(made_up(&key, "mallory"), made_up(&key, "mallory"));
    assert_ne!(made_up(&key, "mallory").0, made_up(&key, "mallary").0);
    assert_ne!(made_up(&key, "mallory").0, made_up(&Secret::from("another"), "mallory").0);
}
