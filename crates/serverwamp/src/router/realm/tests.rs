//! A realm whose configuration is replaced while it serves.

use super::{Access, Offers, RealmConfig, SettingsTable, TopicSettings};
use crate::router::realm::Disclosure;
use crate::{Application, Realm, Refusal};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::pattern::UriPattern;
use serverwamp_proto::permissions::{Actions, Permissions, Rule};
use serverwamp_proto::uri::UriRules;

#[test]
fn a_replaced_configuration_counts_as_a_whole_from_the_next_request() {
    let realm = Realm::<()>::new("realm1").application_only().disclosure(Disclosure::Always);
    let application = Application::builder().realm(realm).build().unwrap();
    let handle = application.realm("realm1").unwrap();
    let context = &application.inner().realms["realm1"].context;
    let before = context.config();
    handle.publish("com.Loose", 1).unwrap();
    let rules = UriRules::strict();
    let topics =
        vec![("com.kept".into(), TopicSettings::new().trustlevel(7), std::panic::Location::caller())];
    let mut problems = Vec::new();
    context.configure(RealmConfig {
        topic_settings: SettingsTable::compile(topics, &rules, &mut problems),
        procedure_settings: SettingsTable::compile(Vec::new(), &rules, &mut problems),
        rules,
        anonymous: None,
        prefers_own_order: false,
        offers: Offers { meta_api: true, ..Offers::default() },
        access: Access::default(),
    });
    assert!(problems.is_empty());
    handle.publish("com.Loose", 1).unwrap_err();
    handle.publish("com.strict", 1).unwrap();
    let after = context.config();
    assert_eq!(after.topic_settings.of("com.kept").and_then(|settings| settings.trustlevel), Some(7));
    assert!(after.offers.meta_api && after.offers.disclosure == Disclosure::OnRequest);
    // Who began with the former one goes on with it.
    assert!(!before.offers.meta_api && before.offers.disclosure == Disclosure::Always);
    assert!(before.topic_settings.of("com.kept").is_none());
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn test_10_a_testament_is_not_published_once_its_permission_is_gone() {
    let realm = Realm::<()>::router("realm1").allow_anonymous("guest");
    let application = Application::builder().realm(realm).build().unwrap();
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
    let callers = Permissions::new([Rule::allow(Actions::CALL, UriPattern::prefix(""))]);
    let rules = UriRules::loose();
    application.inner().realms["realm1"].context.configure(RealmConfig {
        topic_settings: SettingsTable::compile(Vec::new(), &rules, &mut Vec::new()),
        procedure_settings: SettingsTable::compile(Vec::new(), &rules, &mut Vec::new()),
        rules,
        anonymous: None,
        prefers_own_order: false,
        offers: Offers::default(),
        access: Access::new([("guest".into(), callers)].into(), Permissions::default()),
    });
    peer.send(r#"[6,{},"wamp.close.normal"]"#.to_owned()).await.unwrap();
    peer.receive().await.unwrap();
    while application.statistics().refused(Refusal::NotAuthorized) == 0 {
        tokio::task::yield_now().await;
    }
    assert!(heard.try_recv().is_none(), "nobody hears of it");
}
