//! The offers of permessage-deflate that are accepted, and the answers to them, as a server and as a client.

use crate::websocket::extension::{ExtensionError, MalformedExtensions, OFFER, accepted, negotiate};

fn answer(header: &str) -> Option<String> {
    negotiate([header]).unwrap().map(|deflate| deflate.response())
}

const PLAIN: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

#[test]
fn usable_offers_are_accepted_without_context_takeover() {
    for offer in [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate;client_max_window_bits=10;server_no_context_takeover",
        "permessage-deflate ; client_no_context_takeover ; client_max_window_bits = \"15\"",
        "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits",
        "unknown; a; b=c; d=\"e\", permessage-deflate, permessage-deflate; server_max_window_bits=9",
    ] {
        assert_eq!(answer(offer).as_deref(), Some(PLAIN), "{offer}");
    }
}

#[test]
fn a_window_for_the_server_is_honoured() {
    let expected = format!("{PLAIN}; server_max_window_bits=10");
    assert_eq!(answer("permessage-deflate; server_max_window_bits=10"), Some(expected));
}

#[test]
fn the_next_offer_is_taken_when_the_first_is_unusable() {
    let offers = "permessage-deflate; server_max_window_bits=8, permessage-deflate; client_max_window_bits";
    assert_eq!(answer(offers).as_deref(), Some(PLAIN));
}

#[test]
fn unusable_offers_are_declined() {
    for offer in [
        "",
        "permessage-bzip2",
        "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; server_no_context_takeover=true",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=09",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=1",
    ] {
        assert_eq!(answer(offer), None, "{offer}");
    }
}

#[test]
fn headers_that_are_no_list_of_extensions_are_malformed() {
    for header in
        ["permessage-deflate;", "a b", "a; =1", "a; b=", "a; b=\"", "a; b=\"c", "=", "a; b=\"c d\"", "\u{fc}"]
    {
        assert_eq!(negotiate([header]), Err(MalformedExtensions), "{header}");
    }
}

#[test]
fn the_answer_of_this_server_to_the_offer_of_this_client_is_accepted() {
    let deflate = negotiate([OFFER]).unwrap().unwrap();
    assert_eq!(accepted([&*deflate.response()], true), Ok(Some(deflate)));
    assert_eq!(accepted([], true), Ok(None));
    let small_window = "permessage-deflate; server_no_context_takeover; server_max_window_bits=8";
    assert_eq!(accepted([small_window], true), Ok(Some(deflate)));
}

#[test]
fn a_client_takes_nothing_that_it_has_not_offered() {
    let plain = "permessage-deflate; server_no_context_takeover";
    for (answer, offered, expected) in [
        (plain, false, ExtensionError::NotOffered),
        ("x-webkit-deflate-frame", true, ExtensionError::NotOffered),
        (&*format!("{plain}, {plain}"), true, ExtensionError::NotOffered),
        ("permessage-deflate", true, ExtensionError::Context),
        ("permessage-deflate; client_no_context_takeover", true, ExtensionError::Context),
        (&*format!("{plain}; client_max_window_bits=10"), true, ExtensionError::Parameter),
        (&*format!("{plain}; server_max_window_bits=16"), true, ExtensionError::Parameter),
        (&*format!("{plain}; server_no_context_takeover"), true, ExtensionError::Parameter),
        ("permessage-deflate; =", true, ExtensionError::Malformed(MalformedExtensions)),
    ] {
        assert_eq!(accepted([answer], offered), Err(expected), "{answer}");
    }
}
