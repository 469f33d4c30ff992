//! Bytes that are no messages, messages that are too deep or too long inside, and errors that say too much.

use crate::bad_routers::FakeRouter;
use serverwamp::Serializer;
use serverwamp::client::{Client, ClientError, Login, SessionEnd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What a client says of a router whose first message this is.
async fn first_message(serializer: Serializer, message: &[u8]) -> ClientError {
    let mut router = FakeRouter::start().await;
    let connecting = Client::connect(format!("rs://{}", router.address())).realm("realm1");
    let client = tokio::spawn(connecting.serializer(serializer).into_future());
    let stream = router.stream().await;
    let mut octets = [0; 4];
    stream.read_exact(&mut octets).await.unwrap();
    stream.write_all(&[0x7f, 0xf0 | octets[1] & 0x0f, 0, 0]).await.unwrap();
    let length = u32::try_from(message.len()).unwrap();
    stream.write_all(&[&length.to_be_bytes(), message].concat()).await.unwrap();
    client.await.unwrap().unwrap_err()
}

#[tokio::test]
async fn what_is_no_message_ends_the_attempt_in_every_serializer() {
    let deep = |octet: u8| vec![octet; 100_000];
    for (serializer, message) in [
        (Serializer::Json, b"hello".to_vec()),
        (Serializer::Json, b"[2,".to_vec()),
        (Serializer::Json, b"[300,{}]".to_vec()),
        (Serializer::Json, br#"["2",1,{}]"#.to_vec()),
        (Serializer::Json, br#"[2,1,[]]"#.to_vec()),
        (Serializer::Json, br#"[2,1,{"roles":5}]"#.to_vec()),
        (Serializer::Json, deep(b'[')),
        (Serializer::MessagePack, b"[2,1,{}]".to_vec()),
        (Serializer::MessagePack, vec![0xc1]),
        // Lists, texts and bytes of 4 GiB.
        (Serializer::MessagePack, vec![0xdd, 0xff, 0xff, 0xff, 0xff]),
        (Serializer::MessagePack, vec![0x93, 2, 1, 0xdf, 0xff, 0xff, 0xff, 0xff]),
        (Serializer::MessagePack, vec![0x93, 0xdb, 0xff, 0xff, 0xff, 0xff]),
        (Serializer::MessagePack, deep(0x91)),
        (Serializer::Cbor, b"[2,1,{}]".to_vec()),
        (Serializer::Cbor, vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        (Serializer::Cbor, vec![0x83, 0x02, 0x01, 0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        (Serializer::Cbor, deep(0x81)),
        (Serializer::Cbor, deep(0x9f)),
    ] {
        let error = first_message(serializer, &message).await;
        assert!(matches!(error, ClientError::Protocol(_)), "{serializer:?} {message:.20?}: {error}");
    }
}

#[tokio::test]
async fn details_before_welcome_and_in_it_have_a_bound() {
    let welcome = |size: usize| {
        format!(r#"[2,1,{{"roles":{{"broker":{{}}}},"x_more":"{}"}}]"#, "a".repeat(size)).into_bytes()
    };
    let error = first_message(Serializer::Json, &welcome(200_000)).await;
    assert!(matches!(&error, ClientError::Protocol(text) if text.contains("131072")), "{error}");
    let error = first_message(Serializer::Json, &welcome(1 << 20)).await;
    let said = "frame of 1048617 bytes exceeds the limit of 262144; before WELCOME";
    assert!(matches!(&error, ClientError::Lost(text) if text.starts_with(said)), "{error}");
}

#[tokio::test]
async fn messages_of_a_session_that_are_too_deep_or_too_long_inside_end_it() {
    let long = "a".repeat(200_000);
    for (message, why) in [
        (format!("[36,7,1,{{}},{}", "[".repeat(100_000)), "nest"),
        (format!(r#"[36,7,1,{{"topic":"{long}"}}]"#), "131072"),
        (format!(r#"[68,1,7,{{"caller_authid":"{long}"}}]"#), "131072"),
        (r#"[36,7,1,{"publisher":"joe"}]"#.to_owned(), "publisher must be"),
        ("[36,7]".to_owned(), "EVENT"),
        (r#"[50,"x",{}]"#.to_owned(), "RESULT"),
        ("[36,-7,1,{}]".to_owned(), "EVENT"),
    ] {
        let (mut router, client) = FakeRouter::joined().await;
        router.say(&message).await;
        let SessionEnd::Violation(text) = client.closed().await else { panic!("{message:.40}") };
        assert!(text.contains(why), "{message:.40}: {text}");
        assert!(router.hear().await.unwrap().contains("wamp.error.protocol_violation"));
    }
}

#[tokio::test]
async fn long_arguments_of_an_error_are_left_out_and_that_is_said() {
    let (mut router, client) = FakeRouter::joined().await;
    let calling = tokio::spawn(async move { client.call::<(), _>("com.p", ()).await });
    router.hear().await.unwrap();
    // Each null would be 24 bytes and more.
    router.say(&format!(r#"[8,48,1,{{}},"com.wrong",[{}null]]"#, "null,".repeat(300_000))).await;
    let error = calling.await.unwrap().unwrap_err();
    assert_eq!(error.uri(), "com.wrong");
    let text = error.message().unwrap();
    assert_eq!(text, "its arguments of 1500006 bytes are left out, because they are longer than 1048576");
}

#[tokio::test]
async fn challenges_have_an_end() {
    let mut router = FakeRouter::start().await;
    let client = router.connect(Login::new("joe").ticket("s3cret"));
    router.hear().await.unwrap();
    for _ in 0..16 {
        router.say(r#"[4,"ticket",{}]"#).await;
        assert_eq!(router.hear().await.unwrap(), r#"[5,"s3cret",{}]"#);
    }
    router.say(r#"[4,"ticket",{}]"#).await;
    let error = client.await.unwrap().unwrap_err();
    let ClientError::Challenge { why, .. } = &error else { panic!("{error}") };
    assert_eq!(why, "it is the 17th in a row, more than 16");
    assert!(router.hear().await.unwrap().starts_with("[3,"));
}

#[tokio::test]
async fn a_key_derivation_that_takes_too_much_is_refused_before_it_begins() {
    for (login, challenge, why) in [
        (
            Login::new("joe").scram("pencil"),
            r#""kdf":"argon2id13","iterations":1,"memory":1048576"#,
            "argon2id13 with 1 passes over 1048576 KiB is too costly, expected 262144 KiB at most",
        ),
        (
            Login::new("joe").scram("pencil"),
            r#""kdf":"argon2id13","iterations":17,"memory":262144"#,
            "no more than 4194304 KiB in all passes together: derive the router's verifier with \
             `ScramKdf::default()`, or allow more with `Login::scram_memory`",
        ),
        (
            Login::new("joe").scram("pencil").scram_memory(16),
            r#""kdf":"argon2id13","iterations":2,"memory":19456"#,
            "expected 16384 KiB at most",
        ),
        (
            Login::new("joe").scram("pencil"),
            r#""kdf":"pbkdf2","iterations":2147483648"#,
            "pbkdf2 takes 1 to 10000000 iterations, not 2147483648",
        ),
    ] {
        let mut router = FakeRouter::start().await;
        let client = router.connect(login);
        let hello = router.hear().await.unwrap();
        let nonce = hello.split(r#""nonce":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let salt = "YSBzYWx0IG9mIDE2IC4uLg==";
        router
            .say(&format!(r#"[4,"wamp-scram",{{"nonce":"{nonce}abc","salt":"{salt}",{challenge}}}]"#))
            .await;
        let error = client.await.unwrap().unwrap_err();
        assert!(matches!(&error, ClientError::Challenge { why: text, .. } if text.contains(why)), "{error}");
    }
    let mut router = FakeRouter::start().await;
    let client = router.connect(Login::new("joe").cra("pencil"));
    router.hear().await.unwrap();
    router.say(r#"[4,"wampcra",{"challenge":"x","salt":"y","iterations":2147483648}]"#).await;
    let error = client.await.unwrap().unwrap_err();
    let said = "2147483648 iterations of PBKDF2, more than 10000000";
    assert!(matches!(&error, ClientError::Challenge { why, .. } if why.contains(said)), "{error}");
    let mut router = FakeRouter::start().await;
    let client = router.connect(Login::new("joe").cra("pencil"));
    router.hear().await.unwrap();
    router.say(&format!(r#"[4,"wampcra",{{"challenge":"{}"}}]"#, "x".repeat(70_000))).await;
    let error = client.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("its extra has 70016 bytes, more than 65536"), "{error}");
}
