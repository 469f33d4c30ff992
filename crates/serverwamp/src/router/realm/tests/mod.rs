//! A realm whose configuration is replaced while it serves.

#[cfg(feature = "tokio")]
mod flips;

use super::Disclosure;
#[cfg(feature = "tokio")]
use crate::{Actions, prefix};
use crate::{Application, Realm, TopicSettings};
#[cfg(feature = "tokio")]
use serverwamp_proto::codec::Serializer;

#[test]
fn a_replaced_configuration_counts_as_a_whole_from_the_next_request() {
    let realm = Realm::<()>::new("realm1").application_only().disclosure(Disclosure::Always);
    let application = Application::builder().realm(realm).build().unwrap();
    let handle = application.realm("realm1").unwrap();
    let context = &application.inner().realms.get("realm1").unwrap().context;
    let before = context.kept_config();
    handle.publish("com.Loose", 1).unwrap();
    let kept = TopicSettings::new().trustlevel(7);
    let strict = Realm::new("realm1").application_only().strict_uris().meta_api();
    application.realms().reconfigure(strict.topic_settings("com.kept", kept)).unwrap();
    handle.publish("com.Loose", 1).unwrap_err();
    handle.publish("com.strict", 1).unwrap();
    let after = context.config();
    assert_eq!(after.topic_settings.of("com.kept").and_then(|settings| settings.trustlevel), Some(7));
    assert!(after.offers.meta_api && after.offers.disclosure == Disclosure::OnRequest);
    // Who began with the former one goes on with it.
    assert!(!before.offers.meta_api && before.offers.disclosure == Disclosure::Always);
    assert!(before.topic_settings.of("com.kept").is_none());
    assert_eq!((before.number, after.number), (0, 1));
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn test_10_a_testament_is_not_published_once_its_permission_is_gone() {
    let guests = || Realm::<()>::router("realm1").allow_anonymous("guest");
    let callers = || guests().role("guest", |role| role.allow(Actions::CALL, prefix("")));
    let publishers =
        || guests().role("guest", |role| role.allow(Actions::CALL | Actions::PUBLISH, prefix("")));
    let asking = |allows: bool| callers().authorizer(move || async move { allows });
    for (before, after, published) in [
        (guests(), callers(), false),
        (publishers(), callers(), false),
        // The authorizer has never been asked about it.
        (publishers(), asking(true), false),
        // What it has said holds, because nobody waits for it at the end of a session.
        (asking(true), asking(false), true),
        (asking(true), callers(), false),
        (asking(true), publishers(), true),
    ] {
        let application = Application::builder().realm(before).build().unwrap();
        let handle = application.realm("realm1").unwrap();
        let mut heard = handle.subscribe("com.t").unwrap();
        let mut peer = application.connect(Serializer::Json);
        for message in [
            r#"[1,"realm1",{"roles":{"caller":{}}}]"#,
            r#"[48,1,{},"wamp.session.add_testament",["com.t",["left"],{}]]"#,
        ] {
            peer.send(message.to_owned()).await.unwrap();
            peer.receive().await.unwrap();
        }
        application.realms().reconfigure(after).unwrap().settled().await;
        peer.send(r#"[6,{},"wamp.close.normal"]"#.to_owned()).await.unwrap();
        peer.receive().await.unwrap();
        while !handle.sessions().is_empty() {
            tokio::task::yield_now().await;
        }
        // Behind the testament, if there is one.
        handle.publish("com.t", "last").unwrap();
        let first = heard.recv().await.unwrap().bind::<(String,)>().unwrap().0;
        assert_eq!(first == "left", published, "{first}");
    }
}

#[test]
fn settings_of_the_same_pattern_keep_their_number_and_others_get_new_ones() {
    let with = |topics: &[&'static str]| {
        let settings = || TopicSettings::new().retain_limit(1, 1000);
        let realm = Realm::<()>::new("realm1").application_only();
        topics.iter().fold(realm, |realm, topic| realm.topic_settings(*topic, settings()))
    };
    let application = Application::builder().realm(with(&["a", "b"])).build().unwrap();
    let context = &application.inner().realms.get("realm1").unwrap().context;
    let number = |topic: &str| context.config().topic_settings.numbered(topic).unwrap().0;
    assert_eq!((number("a"), number("b")), (0, 1));
    application.realms().reconfigure(with(&["b", "c"])).unwrap();
    assert_eq!((number("b"), number("c")), (1, 2));
    application.realms().reconfigure(with(&["a"])).unwrap();
    assert_eq!(number("a"), 3, "what is retained of it counts for the former settings");
}
