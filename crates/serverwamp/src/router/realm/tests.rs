//! A realm whose configuration is replaced while it serves.

use super::{Permissions, RealmConfig, SettingsTable, TopicSettings};
use crate::router::realm::Disclosure;
use crate::{Application, Realm};
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
        permissions: Permissions { register: true, ..Permissions::default() },
    });
    assert!(problems.is_empty());
    handle.publish("com.Loose", 1).unwrap_err();
    handle.publish("com.strict", 1).unwrap();
    let after = context.config();
    assert_eq!(after.topic_settings.of("com.kept").and_then(|settings| settings.trustlevel), Some(7));
    assert!(after.permissions.register && after.permissions.disclosure == Disclosure::OnRequest);
    // Who began with the former one goes on with it.
    assert!(!before.permissions.register && before.permissions.disclosure == Disclosure::Always);
    assert!(before.topic_settings.of("com.kept").is_none());
}
