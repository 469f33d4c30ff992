//! Known answers, whole exchanges, and what must not be accepted.

use super::*;
use crate::codec::{Dict, Value};
use proptest::prelude::*;

/// What PyNaCl computes.
struct Known {
    channel: Option<&'static str>,
    key: &'static str,
    public_key: &'static str,
    challenge: &'static str,
    signature: &'static str,
}

const KNOWN: [Known; 4] = [
    Known {
        channel: None,
        key: "227ba5f2c6c9109fe5c44a0696f393379607493a377f522ee27d9a7ae3227d89",
        public_key: "3a772f3514bbc06af276b16c43b8afdf0e0358e6146e1856a6f1e4a5c32c026f",
        challenge: "ac32f650fe3528143e1d45d7f584ccb92fa144e3983c691f0b55a5196fa0bb52",
        signature: concat!(
            "edda917a7d08fd223e91d2a0ff5477b5252174993ad8bae6050a9975c33d735012e34598e496a25d4ac3962f37d32cd2",
            "544eb18a5dce68eb86de53a6cad7970bac32f650fe3528143e1d45d7f584ccb92fa144e3983c691f0b55a5196fa0bb52",
        ),
    },
    Known {
        channel: None,
        key: "08f225fe08e94a5b1da2da4079fcd1a7647d375cc95624a6c6d65a6fc84b3243",
        public_key: "ec727d9833c9696a18650359030240cd83bbfca8dde880fb03c775c770728dba",
        challenge: "a92a30e1bfcccd5c4abe986fda3f70acaa6acb2d6450dfb1546e6b8d86fd794c",
        signature: concat!(
            "e303d7a36f05fa3022f46735ba4e06879830387f763483913039f6f2f5b96aa67d9e79dcb23cafd8b21adb482d7cfc38",
            "b97b63989884c0b5b0ba0d8f5dccf404a92a30e1bfcccd5c4abe986fda3f70acaa6acb2d6450dfb1546e6b8d86fd794c",
        ),
    },
    Known {
        channel: Some("0a6566da2501092d23a984c00758061c76a2258e3be56e6d30b3de5137634043"),
        key: "227ba5f2c6c9109fe5c44a0696f393379607493a377f522ee27d9a7ae3227d89",
        public_key: "3a772f3514bbc06af276b16c43b8afdf0e0358e6146e1856a6f1e4a5c32c026f",
        challenge: "ac32f650fe3528143e1d45d7f584ccb92fa144e3983c691f0b55a5196fa0bb52",
        signature: concat!(
            "ba22f7ac26e966d4ee2fe6379613798b20901b26a6c0aca378c3f60a8fa440962fa4c3e5dc7b2b8aa1fd16b5db194302",
            "8352677cf0ea04487b49a1dbc9a77c0ba657908adb3421391db4c117f2dccaa55903616da3d907723be67b4858c3fb11",
        ),
    },
    Known {
        channel: Some("e55dc34a458db17e667b11f4b9f688837ff908de0eded2a71769e6769b8248fa"),
        key: "08f225fe08e94a5b1da2da4079fcd1a7647d375cc95624a6c6d65a6fc84b3243",
        public_key: "ec727d9833c9696a18650359030240cd83bbfca8dde880fb03c775c770728dba",
        challenge: "a92a30e1bfcccd5c4abe986fda3f70acaa6acb2d6450dfb1546e6b8d86fd794c",
        signature: concat!(
            "bda1487284b1d236c4d507721f8dc077b2e8871298a5aa3d8d5455d767bbf2deb7e0ad4ca066c63b19395858182a1acc",
            "7e49cc6f49d0ff6a47732b7d3e6c38014c77f3abfa417c222cc5899b63c9f82fd593c3f36a8e0d1643078dfb1d7f31b6",
        ),
    },
];

fn key(number: u8) -> CryptosignKey {
    CryptosignKey::new(&[number; 32])
}

fn channel(number: u8) -> ChannelId {
    ChannelId::new([number; 32])
}

fn extra(key: &CryptosignKey, binding: Option<&str>) -> Dict {
    [("pubkey", Value::from(key.public_key().to_string())), ("channel_binding", binding.into())]
        .into_iter()
        .collect()
}

fn challenge(key: &CryptosignKey, binding: Option<&str>, channel: Option<ChannelId>) -> CryptosignChallenge {
    let hello = CryptosignHello::from_extra(&extra(key, binding)).unwrap();
    CryptosignChallenge::new(hello, [42; 32], channel)
}

#[test]
fn csg_06_csg_10_the_answers_of_pynacl() {
    for known in KNOWN {
        let key = CryptosignKey::from_hex(known.key).unwrap();
        assert_eq!(key.public_key().to_string(), known.public_key);
        let channel = known.channel.map(|hex| ChannelId::new(decode_hex(hex).unwrap()));
        let random = decode_hex(known.challenge).unwrap();
        assert_eq!(key.sign(&message(&random, channel.as_ref())), known.signature);
        let binding = channel.as_ref().map(|_| "tls-exporter");
        let hello = CryptosignHello::from_extra(&extra(&key, binding)).unwrap();
        let challenge = CryptosignChallenge::new(hello, random, channel.clone());
        assert_eq!(challenge.verify(known.signature.as_bytes()), Ok(()));
        let client = CryptosignClient::new(&key, channel, None);
        assert_eq!(client.answer(&challenge.extra(None), None).as_deref(), Ok(known.signature));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn csg_07_csg_13_both_sides_prove_their_keys_on_one_channel(
        seeds in any::<[[u8; 32]; 3]>(),
        challenges in any::<[[u8; 32]; 2]>(),
        channels in proptest::option::of(any::<[[u8; 32]; 2]>()),
    ) {
        let [client_key, router_key, other_key] = seeds.map(|seed| CryptosignKey::new(&seed));
        let channel = channels.map(|channels| ChannelId::new(channels[0]));
        let client = CryptosignClient::new(&client_key, channel.clone(), Some(challenges[0]));
        let hello = CryptosignHello::from_extra(&client.hello()).unwrap();
        let challenge = CryptosignChallenge::new(hello.clone(), challenges[1], channel);
        let extra = challenge.extra(Some(&router_key));
        let answer = client.answer(&extra, Some(&router_key.public_key())).unwrap();
        prop_assert_eq!(challenge.verify(answer.as_bytes()), Ok(()));
        prop_assert_eq!(challenge.verify(answer.to_uppercase().as_bytes()), Ok(()));
        if seeds[1] != seeds[2] {
            prop_assert!(client.answer(&extra, Some(&other_key.public_key())).is_err());
        }
        if let Some([_, elsewhere]) = channels {
            let elsewhere = CryptosignChallenge::new(hello, challenges[1], Some(ChannelId::new(elsewhere)));
            prop_assert_eq!(elsewhere.verify(answer.as_bytes()), Err(CryptosignError::Message));
        }
    }

    #[test]
    fn csg_08_no_other_bytes_are_a_signature(at in 0..96_usize, bit in 0..8_u8, other in any::<Vec<u8>>()) {
        let challenge = challenge(&key(1), None, None);
        let right: [u8; 96] = decode_hex(&key(1).sign(&[42; 32])).unwrap();
        let mut wrong = right;
        wrong[at] ^= 1 << bit;
        prop_assert!(challenge.verify(encode_hex(&wrong).as_bytes()).is_err());
        prop_assert!(challenge.verify(&other).is_err());
    }
}

#[test]
fn csg_02_csg_09_each_malformed_extra_is_refused() {
    let with = |name: &str, value: Value| {
        let mut extra = extra(&key(1), None);
        extra.insert(name, value);
        CryptosignHello::from_extra(&extra).map(|_| ())
    };
    let public_key = key(1).public_key().to_string();
    for wrong in ["", &public_key[2..], &public_key[1..], &format!("{public_key}00"), &"g".repeat(64)] {
        assert_eq!(
            with("pubkey", wrong.into()),
            Err(CryptosignError::Encoding("the public key")),
            "{wrong:?}"
        );
    }
    // No point of the curve, and one of small order under which signatures fit many messages.
    let (no_point, identity) = (format!("02{}", "00".repeat(31)), format!("01{}", "00".repeat(31)));
    for wrong in [no_point, identity, "00".repeat(32)] {
        assert_eq!(with("pubkey", wrong.as_str().into()), Err(CryptosignError::PublicKey), "{wrong:?}");
    }
    for wrong in [Value::Null, 5.into(), Value::Binary(vec![1; 32])] {
        assert!(matches!(with("pubkey", wrong), Err(CryptosignError::Missing(_))));
    }
    assert!(with("pubkey", public_key.to_uppercase().into()).is_ok());
    for (name, is_known) in [
        ("tls-exporter", true),
        ("tls-unique", true),
        ("foo", false),
        ("", false),
        ("TLS-UNIQUE", false),
        ("tls-server-end-point", false),
    ] {
        assert_eq!(with("channel_binding", name.into()).is_ok(), is_known, "{name}");
    }
    assert!(with("channel_binding", true.into()).is_err());
    for (wrong, is_right) in
        [(Value::Null, true), ("AB".repeat(32).into(), true), ("ab".into(), false), (7.into(), false)]
    {
        assert_eq!(with("challenge", wrong.clone()).is_ok(), is_right, "{wrong:?}");
    }
}

#[test]
fn csg_15_csg_16_trustroots_certificates_and_attestation_are_ignored() {
    let mut extra = extra(&key(1), None);
    extra.insert("trustroot", "0x72b3486d38E9f49215b487CeAaDF27D6acf22115");
    extra.insert("certificates", vec![Value::Null]);
    let hello = CryptosignHello::from_extra(&extra).unwrap();
    assert_eq!(*hello.public_key(), key(1).public_key());
    let extra = CryptosignChallenge::new(hello, [42; 32], None).extra(Some(&key(9)));
    assert_eq!(extra.len(), 2, "{extra:?}");
}

#[test]
fn csg_10_csg_11_csg_12_a_binding_is_in_use_only_where_both_sides_have_it_and_challenge_says_so() {
    for (binding, channel, in_use) in [
        (None, None, None),
        (None, Some(channel(3)), None),
        (Some("tls-unique"), Some(channel(3)), None),
        (Some("tls-unique"), None, None),
        (Some("tls-exporter"), None, None),
        (Some("tls-exporter"), Some(channel(3)), Some("tls-exporter")),
    ] {
        let challenge = challenge(&key(1), binding, channel.clone());
        assert_eq!(challenge.extra(None).get("channel_binding").and_then(Value::as_str), in_use);
        assert_eq!(challenge.is_bound(), in_use.is_some());
        let plain = key(1).sign(&[42; 32]);
        assert_eq!(challenge.verify(plain.as_bytes()).is_ok(), in_use.is_none());
        let bound = key(1).sign(&message(&[42; 32], Some(&self::channel(3))));
        assert_eq!(challenge.verify(bound.as_bytes()).is_ok(), in_use.is_some());
    }
}

#[test]
fn csg_07_a_valid_signature_of_another_message_is_refused() {
    let challenge = challenge(&key(1), None, None);
    assert_eq!(challenge.verify(key(1).sign(&[41; 32]).as_bytes()), Err(CryptosignError::Message));
    assert_eq!(challenge.verify(key(2).sign(&[42; 32]).as_bytes()), Err(CryptosignError::Signature));
    assert_eq!(challenge.verify(key(1).sign(&[42; 32]).as_bytes()), Ok(()));
}

#[test]
fn csg_08_signatures_of_other_lengths_and_other_digits_are_refused() {
    let challenge = challenge(&key(1), None, None);
    let right = key(1).sign(&[42; 32]);
    let malformed = Err(CryptosignError::Encoding("the signature"));
    for wrong in [
        "",
        &right[..128],
        &right[2..],
        &right[..right.len() - 1],
        &format!("{right}00"),
        &right.replace(&right[..1], "x"),
        &format!(" {}", &right[1..]),
        &format!("+{}", &right[1..]),
    ] {
        assert_eq!(challenge.verify(wrong.as_bytes()), malformed, "{wrong:?}");
    }
    assert_eq!(challenge.verify(&[0xff; 192]), malformed);
}

#[test]
fn csg_13_csg_14_a_router_without_a_key_leaves_its_signature_out_and_a_client_that_wants_one_does_not_sign() {
    let client_key = key(1);
    let client = CryptosignClient::new(&client_key, None, Some([5; 32]));
    let hello = CryptosignHello::from_extra(&client.hello()).unwrap();
    let challenge = CryptosignChallenge::new(hello, [42; 32], None);
    let without = challenge.extra(None);
    assert!(without.get("signature").is_none() && without.get("pubkey").is_none());
    assert!(client.answer(&without, Some(&key(9).public_key())).is_err());
    assert!(client.answer(&without, None).is_ok());
    let unasked = self::challenge(&client_key, None, None).extra(Some(&key(9)));
    assert!(unasked.get("signature").is_none(), "nobody asked for it");
    // A client that asked for a binding does not go on without.
    let bound = CryptosignClient::new(&client_key, Some(channel(3)), None);
    assert_eq!(bound.answer(&without, None), Err(CryptosignError::BindingMismatch));
}

#[test]
fn auth_20_private_keys_and_channels_do_not_print_themselves() {
    let printed = format!("{:?} {:?}", key(0xab), ChannelId::new([0xab; 32]));
    assert!(!printed.contains("171") && !printed.contains("abab"), "{printed}");
}
