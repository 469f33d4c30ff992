//! The opening handshake's arithmetic and the subprotocols.

use crate::codec::Serializer;
use crate::websocket::handshake::{accept_key, has_token, is_valid_key, parse_list};
use crate::websocket::{Opcode, Subprotocol, choose};

#[test]
fn the_rfcs_example_key_is_accepted() {
    assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn a_key_is_sixteen_bytes_of_base64() {
    assert!(is_valid_key("dGhlIHNhbXBsZSBub25jZQ=="));
    for key in [
        "",
        "x",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ=x",
        "dGhlIHNhbXBsZSBub25jZSEh",
        "!!!!!!!!!!!!!!!!!!!!!!==",
    ] {
        assert!(!is_valid_key(key), "{key:?}");
    }
}

#[test]
fn lists_are_split_at_commas() {
    assert_eq!(parse_list("a,b , \tc,,").collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(parse_list("").count(), 0);
    assert!(has_token("keep-alive, Upgrade", "upgrade"));
    assert!(!has_token("upgraded", "upgrade"));
}

#[test]
fn names_and_subprotocols_correspond() {
    for subprotocol in Subprotocol::ALL {
        assert_eq!(Subprotocol::parse(subprotocol.name()), Some(subprotocol));
        assert_eq!(subprotocol.opcode() == Opcode::Text, subprotocol.name().contains("json"));
    }
    assert_eq!(Subprotocol::parse("wamp.2.JSON"), None);
    assert_eq!(Subprotocol::new(Serializer::Cbor).batched().to_string(), "wamp.2.cbor.batched");
}

#[test]
fn the_clients_order_decides() {
    let offer = ["foo", "wamp.2.cbor", "wamp.2.json"];
    assert_eq!(choose(offer, &Subprotocol::ALL), Some(Subprotocol::new(Serializer::Cbor)));
    let json_only = [Subprotocol::new(Serializer::Json)];
    assert_eq!(choose(offer, &json_only), Some(json_only[0]));
    assert_eq!(choose(["wamp.1"], &Subprotocol::ALL), None);
    assert_eq!(choose([], &Subprotocol::ALL), None);
}
