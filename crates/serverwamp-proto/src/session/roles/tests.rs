//! The features that peers announce, and those that are none.

use bytes::Bytes;

use super::*;
use crate::message::Message;

fn roles(json: &str) -> ClientRoles {
    let frame = Bytes::from(format!(r#"[1,"r",{{"roles":{json}}}]"#));
    let Ok(Message::Hello(hello)) = Message::decode(Serializer::Json, &frame) else { panic!("{json}") };
    ClientRoles::read(hello.details.roles.as_ref()).unwrap()
}

fn callee(features: &str) -> Features {
    roles(&format!(r#"{{"callee":{{"features":{features}}}}}"#)).callee.unwrap()
}

#[test]
fn ppt_16_a_router_that_announces_the_legacy_mode_alone_has_no_passthru_mode() {
    let dealer = |features: &str| {
        let frame = Bytes::from(format!(r#"[2,1,{{"roles":{{"dealer":{{"features":{features}}}}}}}]"#));
        let Ok(Message::Welcome(welcome)) = Message::decode(Serializer::Json, &frame) else {
            panic!("{features}")
        };
        RouterRoles::read(welcome.details.roles.as_ref()).unwrap().dealer.unwrap()
    };
    assert!(!dealer(r#"{"payload_transparency":true}"#).has(Feature::PayloadPassthruMode));
    assert!(dealer(r#"{"payload_passthru_mode":true}"#).has(Feature::PayloadPassthruMode));
}

#[test]
fn feat_05_only_true_counts() {
    assert!(callee(r#"{"call_canceling":true}"#).has(Feature::CallCanceling));
    for value in ["1", "false", "\"true\"", "null", "{}"] {
        assert_eq!(callee(&format!(r#"{{"call_canceling":{value}}}"#)), Features::default());
    }
    assert_eq!(callee("[]"), Features::default());
    assert_eq!(callee(r#"{"bogus":true,"x":[1]}"#), Features::default());
}

#[test]
fn feat_synonyms_are_understood() {
    assert!(callee(r#"{"call_cancelling":true}"#).has(Feature::CallCanceling));
    assert!(callee(r#"{"progressive_calls":true}"#).has(Feature::ProgressiveCallInvocations));
    assert!(callee(r#"{"payload_transparency":true}"#).has(Feature::PayloadPassthruMode));
}

#[test]
fn roles_without_features_are_roles() {
    let read = roles(r#"{"subscriber":{},"caller":{"x":1}}"#);
    let none = Some(Features::default());
    assert_eq!(read, ClientRoles { subscriber: none, caller: none, ..ClientRoles::default() });
}

#[test]
fn client_roles_read_what_they_write() {
    let caller = Features::default().with(Feature::CallTimeout).with(Feature::PayloadPassthruMode);
    let written =
        ClientRoles { caller: Some(caller), callee: Some(Features::default()), ..ClientRoles::default() };
    for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
        assert_eq!(ClientRoles::read(Some(&written.encode(serializer))), Ok(written));
    }
}

#[test]
fn feat_01_to_03_welcome_announces_what_is_true_and_nothing_else() {
    let json =
        |features: RouterFeatures| String::from_utf8(features.encode(Serializer::Json).bytes().to_vec());
    assert_eq!(json(RouterFeatures::default()).unwrap(), r#"{"broker":{},"dealer":{}}"#);
    let features =
        RouterFeatures { session_meta_api: true, event_history: true, ..RouterFeatures::default() };
    assert_eq!(
        json(features).unwrap(),
        r#"{"broker":{"features":{"event_history":true,"session_meta_api":true}},"dealer":{"features":{"session_meta_api":true}}}"#
    );
}

#[test]
fn a_client_reads_the_roles_of_a_router_as_the_router_writes_them() {
    let features = RouterFeatures { event_history: true, call_timeout: true, ..RouterFeatures::default() };
    for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
        let read = RouterRoles::read(Some(&features.encode(serializer))).unwrap();
        assert_eq!(read.broker, Some(Features::default().with(Feature::EventHistory)));
        assert_eq!(read.dealer, Some(Features::default().with(Feature::CallTimeout)));
    }
    assert_eq!(RouterRoles::read(None), Ok(RouterRoles::default()));
    let wrong =
        Encoded::new(Serializer::Json, &std::collections::BTreeMap::from([("broker", true)])).unwrap();
    let violation = RouterRoles::read(Some(&wrong)).unwrap_err();
    assert_eq!(violation.to_string(), "WELCOME: Details.roles.broker must be a dictionary");
}

#[test]
fn feat_04_progress_implies_canceling() {
    let features = RouterFeatures { progressive_call_results: true, ..RouterFeatures::default() };
    let json = String::from_utf8(features.encode(Serializer::Json).bytes().to_vec()).unwrap();
    assert!(json.contains(r#""call_canceling":true"#), "{json}");
}

#[test]
fn msg_06_feature_names_are_attribute_names() {
    assert!(Feature::ALL.len() < 32, "Features holds one bit for each");
    for feature in Feature::ALL {
        assert!(
            feature.name().len() >= 3 && feature.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        );
        assert_eq!(Feature::from_name(feature.name()), Some(*feature));
    }
}
