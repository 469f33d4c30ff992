//! Which setting counts where several have one.

use super::*;
use std::ffi::OsString;
use std::path::PathBuf;

fn settings(url: &str, authid: &str, secret: &str) -> TargetSettings {
    let set = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    TargetSettings {
        url: set(url),
        authid: set(authid),
        secret_file: set(secret).map(PathBuf::from),
        ..TargetSettings::default()
    }
}

fn resolved(
    options: TargetSettings,
    environment: TargetSettings,
    context: TargetSettings,
    named: bool,
) -> Target {
    let options = TargetOptions {
        context: named.then(|| "x".to_owned()),
        settings: options,
        ..TargetOptions::default()
    };
    let environment = Environment { settings: environment, ..Environment::default() };
    Target::resolve(&options, environment, context).unwrap()
}

#[test]
fn options_go_first_and_a_context_that_is_named_before_the_environment() {
    let nothing = TargetSettings::default;
    assert_eq!(resolved(nothing(), nothing(), nothing(), false).url, DEFAULT_URL);
    let of = |url| settings(url, "", "");
    assert_eq!(resolved(of("ws://o"), of("ws://e"), of("ws://c"), false).url, "ws://o");
    assert_eq!(resolved(nothing(), of("ws://e"), of("ws://c"), false).url, "ws://e");
    assert_eq!(resolved(nothing(), of("ws://e"), of("ws://c"), true).url, "ws://c");
    assert_eq!(resolved(nothing(), nothing(), of("ws://c"), false).url, "ws://c");
}

#[test]
fn a_proof_of_one_name_is_not_used_for_another() {
    let both = settings("", "joe", "joes").or(settings("", "ann", "anns"));
    assert_eq!((both.authid.as_deref(), both.secret_file), (Some("joe"), Some("joes".into())));
    let other = settings("", "joe", "").or(settings("", "ann", "anns"));
    assert_eq!((other.authid.as_deref(), other.secret_file), (Some("joe"), None));
    let same = settings("", "ann", "").or(settings("", "ann", "anns"));
    assert_eq!(same.secret_file, Some("anns".into()));
    let proof = TargetSettings { key: Some("k".into()), ..TargetSettings::default() };
    let proof = proof.or(settings("", "ann", "anns"));
    assert_eq!((proof.authid.as_deref(), proof.secret_file), (Some("ann"), None));
}

#[test]
fn settings_of_one_router_are_not_used_for_another() {
    let context = TargetSettings { realm: Some("shop".to_owned()), ..settings("ws://c", "ann", "anns") };
    let here = settings("ws://c", "", "").or(context.clone());
    assert_eq!((here.realm.as_deref(), here.authid.as_deref()), (Some("shop"), Some("ann")));
    let elsewhere = settings("ws://o", "", "").or(context);
    assert_eq!(elsewhere, settings("ws://o", "", ""));
}

#[test]
fn a_variable_that_is_empty_is_not_set() {
    let environment = Environment::of(|name| match name {
        "WAMP_URL" => Some(OsString::new()),
        "WAMP_REALM" => Some("r".into()),
        "WAMP_SECRET" => Some("s".into()),
        _ => None,
    });
    let environment = environment.unwrap();
    assert_eq!((environment.settings.url, environment.settings.realm.as_deref()), (None, Some("r")));
    assert!(environment.secrets.secret.is_some_and(|secret| secret.matches("s")));
    assert!(!format!("{:?}", environment.secrets.ticket).contains('s'));
}

#[test]
fn a_secret_needs_a_name_and_a_certificate_its_key() {
    let options = TargetOptions { settings: settings("", "", "f"), ..TargetOptions::default() };
    let error = Target::resolve(&options, Environment::default(), TargetSettings::default()).unwrap_err();
    assert!(error.to_string().contains("--authid is missing"), "{error}");
    let lonely = TargetSettings { tls_key: Some("k".into()), ..TargetSettings::default() };
    assert!(lonely.check().unwrap_err().to_string().contains("--tls-certificates is missing"));
    let wrong = TargetSettings { serializer: Some("xml".into()), ..TargetSettings::default() };
    assert!(wrong.check().unwrap_err().to_string().contains("expected json, msgpack or cbor"));
}

#[test]
fn manual_pages_name_every_variable_that_is_read() {
    let read = std::cell::RefCell::new(Vec::new());
    Environment::of(|name| {
        read.borrow_mut().push(name.to_owned());
        None
    })
    .unwrap();
    for name in read.into_inner() {
        assert!(VARIABLES.iter().any(|(known, _)| *known == name), "{name}");
    }
}
