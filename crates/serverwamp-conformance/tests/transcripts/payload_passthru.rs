//! Spec: advanced, "Payload Passthru Mode".

use crate::router::play;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

/// Every attribute of the mode.
const ALL: &str = r#""ppt_scheme": "wamp", "ppt_serializer": "cbor", "ppt_cipher": "xsalsa20poly1305", "ppt_keyid": "key 7""#;

#[test]
fn ppt_04_05_and_06_who_did_not_announce_it_is_out() {
    let silent = r#"{"roles": {"caller": {}, "publisher": {}, "callee": {}, "subscriber": {}}}"#;
    for message in [
        r#"[48, 1, {"ppt_scheme": "x_mine"}, "com.p", ["\u0000AQID"]]"#,
        r#"[16, 1, {"ppt_scheme": "x_mine"}, "com.t", ["\u0000AQID"]]"#,
        r#"[16, 1, {"ppt_scheme": "x_mine", "acknowledge": true}, "com.t", ["\u0000AQID"]]"#,
    ] {
        play(&format!(
            r#"
            alice joins realm1 {silent}
            alice > {message}
            alice < [3, {{...}}, "wamp.error.protocol_violation"]
            alice closed
        "#
        ));
    }
    play(&format!(
        r#"
        alice joins realm1 {silent}
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        alice > [70, 1, {{"ppt_scheme": "x_mine"}}, ["\u0000AQID"]]
        alice < [3, {{...}}, "wamp.error.protocol_violation"]
        alice closed
        bob < [8, 48, 1, {{}}, "wamp.error.canceled", ...]
    "#
    ));
}

#[test]
fn ppt_07_where_the_realm_does_not_announce_it_nobody_may_use_it() {
    play(
        r#"
        alice joins app
        alice > [48, 1, {"ppt_scheme": "x_mine"}, "com.add", ["\u0000AQID"]]
        alice < [3, {...}, "wamp.error.protocol_violation"]
        alice closed
    "#,
    );
}

#[test]
fn ppt_08_a_callee_that_does_not_announce_it_is_not_asked() {
    play(
        r#"
        alice joins realm1 {"roles": {"callee": {}, "subscriber": {}, "caller": {}}}
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"ppt_scheme": "x_mine"}, "com.p", ["\u0000AQID"]]
        bob < [8, 48, 1, {}, "wamp.error.feature_not_supported", ...]
        alice silent
        carol joins guarded
        carol > [48, 1, {"ppt_scheme": "x_mine"}, "com.served", ["\u0000AQID"]]
        carol < [8, 48, 1, {}, "wamp.error.feature_not_supported", ...]
    "#,
    );
}

#[test]
fn ppt_09_a_result_the_caller_cannot_take_is_an_error_for_both() {
    play(
        r#"
        alice joins
        bob joins realm1 {"roles": {"caller": {}, "subscriber": {}}}
        alice registers com.p as $r
        bob calls com.p reaching alice
        alice > [70, 1, {"ppt_scheme": "x_mine"}, ["\u0000AQID"]]
        alice < [8, 70, 1, {}, "wamp.error.feature_not_supported", ...]
        bob < [8, 48, 1, {}, "wamp.error.feature_not_supported", ...]
        alice > [70, 1, {}]
        bob silent
    "#,
    );
}

#[test]
fn ppt_01_without_a_scheme_the_mode_is_off() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        alice subscribes com.t as $s
        bob > [48, 1, {"ppt_scheme": "", "ppt_cipher": "x"}, "com.p", [1]]
        alice < [68, 1, $r, {}, [1]]
        alice > [70, 1, {"ppt_serializer": "cbor"}, [2]]
        bob < [50, 1, {}, [2]]
        bob > [16, 2, {"ppt_keyid": "k", "ppt_scheme": ""}, "com.t", [3]]
        alice < [36, $s, _, {}, [3]]
        bob calls com.p reaching alice
        alice > [8, 68, 2, {"ppt_cipher": "x"}, "com.e"]
        bob < [8, 48, 3, {}, "com.e"]
    "#,
    );
}

#[test]
fn ppt_02_and_03_what_is_there_is_carried_unchanged_all_ways() {
    for attributes in [
        r#""ppt_scheme": "x_unknown""#,
        r#""ppt_scheme": "mqtt", "ppt_serializer": "json""#,
        r#""ppt_scheme": "x_my_ppt", "ppt_cipher": "foo""#,
        r#""ppt_scheme": "wamp", "ppt_keyid": "\u00e4""#,
        ALL,
    ] {
        play(&format!(
            r#"
            alice joins
            bob joins
            alice registers com.p as $r
            alice subscribes com.t as $s
            bob > [48, 1, {{{attributes}, "receive_progress": true}}, "com.p", ["\u0000AQID"]]
            alice < [68, 1, $r, {{{attributes}, "receive_progress": true}}, ["\u0000AQID"]]
            alice > [70, 1, {{{attributes}, "progress": true}}, ["\u0000AA=="]]
            bob < [50, 1, {{{attributes}, "progress": true}}, ["\u0000AA=="]]
            alice > [70, 1, {{{attributes}}}, ["\u0000BAUG"]]
            bob < [50, 1, {{{attributes}}}, ["\u0000BAUG"]]
            bob calls com.p reaching alice
            alice > [8, 68, 2, {{{attributes}}}, "com.e", ["\u0000AQID"]]
            bob < [8, 48, 2, {{{attributes}}}, "com.e", ["\u0000AQID"]]
            bob > [16, 3, {{{attributes}}}, "com.t", ["\u0000AQID"]]
            alice < [36, $s, _, {{{attributes}}}, ["\u0000AQID"]]
        "#
        ));
    }
}

#[test]
fn ppt_10_subscribers_get_it_whatever_they_announced() {
    play(&format!(
        r#"
        alice joins realm1 {{"roles": {{"subscriber": {{}}, "caller": {{}}}}}}
        bob joins
        alice subscribes com.t as $s
        bob > [16, 1, {{{ALL}}}, "com.t", ["\u0000AQID"]]
        alice < [36, $s, _, {{{ALL}}}, ["\u0000AQID"]]
    "#
    ));
}

#[test]
fn ppt_11_and_13_neither_payload_nor_values_are_looked_at() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"ppt_scheme": "x_my_ppt", "ppt_cipher": "foo"}, "com.p", ["\u0000AQID", 2], {"k": 1}]
        alice < [68, 1, $r, {"ppt_scheme": "x_my_ppt", "ppt_cipher": "foo"}, ["\u0000AQID", 2], {"k": 1}]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
    "#,
    );
}

#[test]
fn ppt_12_bytes_are_bytes_in_every_serializer() {
    // Played in mixed tongues as well: base64 behind a zero in JSON, binary in the others.
    play(
        r#"
        alice joins
        bob joins
        carol joins
        alice registers com.p as $r
        carol > [64, 2, {}, "com.q"]
        carol < [65, 2, $q]
        bob > [48, 1, {"ppt_scheme": "x_mine"}, "com.p", ["\u0000EOP/kFMHXFJvX8BtT+N82w=="]]
        alice < [68, 1, $r, {"ppt_scheme": "x_mine"}, ["\u0000EOP/kFMHXFJvX8BtT+N82w=="]]
        alice > [70, 1, {"ppt_scheme": "x_mine"}, ["\u0000/w=="]]
        bob < [50, 1, {"ppt_scheme": "x_mine"}, ["\u0000/w=="]]
        alice > [48, 2, {"ppt_scheme": "x_mine"}, "com.q", ["\u0000EOP/kFMHXFJvX8BtT+N82w=="]]
        carol < [68, 1, $q, {"ppt_scheme": "x_mine"}, ["\u0000EOP/kFMHXFJvX8BtT+N82w=="]]
        carol > [70, 1, {}]
        alice < [50, 2, {}]
    "#,
    );
}

#[test]
fn ppt_14_the_mode_of_the_first_input_is_that_of_all() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"progress": true, "ppt_scheme": "x_mine"}, "com.p", ["\u0000AQ=="]]
        alice < [68, 1, $r, {"progress": true, "ppt_scheme": "x_mine"}, ["\u0000AQ=="]]
        bob > [48, 1, {"progress": true}, "com.p", ["\u0000Ag=="]]
        alice < [68, 1, $r, {"progress": true, "ppt_scheme": "x_mine"}, ["\u0000Ag=="]]
        bob > [48, 1, {}, "com.p", ["\u0000Aw=="]]
        alice < [68, 1, $r, {"ppt_scheme": "x_mine"}, ["\u0000Aw=="]]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
    "#,
    );
}

#[test]
fn ppt_15_it_is_announced_for_both_roles() {
    play(
        r#"
        alice connects
        alice > [1, "realm1", {"roles": {"caller": {}}}]
        alice < [2, _id, {..., "roles": {"dealer": {..., "features": {..., "payload_passthru_mode": true}}, "broker": {..., "features": {..., "payload_passthru_mode": true}}}}]
    "#,
    );
}

#[test]
fn ppt_16_the_older_form_passes_with_its_payload_in_one_piece() {
    play(
        r#"
        alice joins
        bob joins
        alice subscribes com.t as $s
        bob > [16, 1, {"enc_algo": "cryptobox", "enc_key": "k", "enc_serializer": "json"}, "com.t", "\u0000AQID"]
        alice < [36, $s, _, {"enc_algo": "cryptobox", "enc_key": "k", "enc_serializer": "json"}, "\u0000AQID"]
    "#,
    );
}

#[test]
fn ppt_03_every_byte_is_the_same_on_the_other_side() {
    // All 256 of them, and an empty string.
    let bytes: Vec<u8> = (0..=255).collect();
    let all = BASE64.encode(bytes);
    for payload in [format!("\\u0000{all}"), "\\u0000".to_owned()] {
        play(&format!(
            r#"
            alice joins
            bob joins
            alice registers com.p as $r
            bob > [48, 1, {{"ppt_scheme": "x_mine", "ppt_serializer": "none such"}}, "com.p", ["{payload}"]]
            alice < [68, 1, $r, {{"ppt_scheme": "x_mine", "ppt_serializer": "none such"}}, ["{payload}"]]
            alice > [70, 1, {{"ppt_scheme": "x_mine"}}, ["{payload}"]]
            bob < [50, 1, {{"ppt_scheme": "x_mine"}}, ["{payload}"]]
        "#
        ));
    }
}

#[test]
fn ppt_05_who_publishes_so_without_having_announced_it_is_out_and_nobody_hears_it() {
    play(
        r#"
        bob joins
        bob subscribes com.t as $s
        alice joins realm1 {"roles": {"publisher": {}, "caller": {"features": {"payload_passthru_mode": true}}}}
        alice > [16, 1, {"ppt_scheme": "x_mine"}, "com.t", ["\u0000AQID"]]
        alice < [3, {...}, "wamp.error.protocol_violation"]
        alice closed
        bob silent
    "#,
    );
}

#[test]
fn ppt_06_progress_of_this_kind_without_an_announcement_ends_the_call_once() {
    play(
        r#"
        alice joins realm1 {"roles": {"callee": {"features": {"call_canceling": true, "progressive_call_results": true}}}}
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        alice > [70, 1, {"progress": true, "ppt_scheme": "x_mine"}, ["\u0000AQID"]]
        alice < [3, {...}, "wamp.error.protocol_violation"]
        alice closed
        bob < [8, 48, 1, {}, "wamp.error.canceled", ...]
        bob silent
    "#,
    );
}

#[test]
fn ppt_07_nobody_may_publish_so_where_the_realm_does_not_announce_it() {
    play(
        r#"
        alice joins app
        alice > [16, 1, {"ppt_scheme": "x_mine"}, "com.t", ["\u0000AQID"]]
        alice < [3, {...}, "wamp.error.protocol_violation"]
        alice closed
    "#,
    );
}

#[test]
fn ppt_13_schemes_serializers_and_ciphers_are_texts_to_the_router() {
    for attributes in [
        r#""ppt_scheme": "mqtt""#,
        r#""ppt_scheme": "mqtt", "ppt_serializer": "native""#,
        r#""ppt_scheme": "wamp", "ppt_serializer": "flatbuffers", "ppt_cipher": "aes256gcm""#,
        // The scheme wants a serializer; that is between the endpoints.
        r#""ppt_scheme": "wamp""#,
        r#""ppt_scheme": "neither predefined nor x_""#,
    ] {
        play(&format!(
            r#"
            alice joins
            bob joins
            alice registers com.p as $r
            bob > [48, 1, {{{attributes}}}, "com.p", ["\u0000AQID"]]
            alice < [68, 1, $r, {{{attributes}}}, ["\u0000AQID"]]
            alice > [8, 68, 1, {{{attributes}}}, "com.e", ["\u0000AQID"]]
            bob < [8, 48, 1, {{{attributes}}}, "com.e", ["\u0000AQID"]]
        "#
        ));
    }
}
