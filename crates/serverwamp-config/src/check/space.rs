//! What a realm and a template have in common.

use crate::model::{
    Auth, Config, Listener, Procedure, Realm, RealmLimits, RealmRules, Role, Template, Topic,
};
use crate::node::Place;
use crate::reading::At;
use crate::section::defaults;
use crate::values::{Named, UriPattern};
use serverwamp_proto::pattern::UriPattern as Pattern;
use std::sync::LazyLock;

/// What the realm of the admin interface does not have: its permissions are not of URIs.
static NO_ROLES: LazyLock<At<Named<Role>>> = LazyLock::new(|| At::default_of(Named::none()));
static NO_LIMITS: LazyLock<RealmLimits> = LazyLock::new(defaults);
static NO_RULES: LazyLock<RealmRules> = LazyLock::new(defaults);

/// A realm, or the realms of a template.
#[derive(Clone, Copy)]
pub(super) struct Space<'a> {
    /// `realm` or `template`.
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    /// Where it begins.
    pub(super) place: Option<&'a Place>,
    /// Where its name stands.
    pub(super) name_place: Option<&'a Place>,
    pub(super) auth: &'a At<Vec<At<Auth>>>,
    pub(super) role: &'a At<Named<Role>>,
    pub(super) topic: &'a [At<Topic>],
    pub(super) procedure: &'a [At<Procedure>],
    pub(super) limits: &'a RealmLimits,
    pub(super) rules: &'a RealmRules,
}

impl<'a> Space<'a> {
    /// All realms and templates.
    pub(super) fn all(config: &'a Config) -> Vec<Self> {
        let realms = config.realm.iter().map(Self::of_realm);
        realms.chain(config.template.iter().map(Self::of_template)).collect()
    }

    /// All realms that can be named.
    pub(super) fn with_admin(config: &'a Config) -> Vec<Self> {
        Self::all(config).into_iter().chain(Self::admin(config)).collect()
    }

    /// The realm of the admin interface: its ways in, and nothing of the rest.
    pub(super) fn admin(config: &'a Config) -> Option<Self> {
        let admin = config.admin.value().as_ref()?;
        let place = config.admin.place();
        Some(Self {
            kind: "realm",
            name: serverwamp::Admin::REALM,
            place,
            name_place: place,
            auth: &admin.auth,
            role: &NO_ROLES,
            topic: &[],
            procedure: &[],
            limits: &NO_LIMITS,
            rules: &NO_RULES,
        })
    }

    fn of_realm(realm: &'a At<Realm>) -> Self {
        Self {
            kind: "realm",
            name: realm.name.as_str(),
            place: realm.place(),
            name_place: realm.name.place(),
            auth: &realm.auth,
            role: &realm.role,
            topic: &realm.topic,
            procedure: &realm.procedure,
            limits: &realm.limits,
            rules: &realm.rules,
        }
    }

    fn of_template(template: &'a At<Template>) -> Self {
        Self {
            kind: "template",
            name: template.names.as_str(),
            place: template.place(),
            name_place: template.names.place(),
            auth: &template.auth,
            role: &template.role,
            topic: &template.topic,
            procedure: &template.procedure,
            limits: &template.limits,
            rules: &template.rules,
        }
    }

    /// `realm "shop"`.
    pub(super) fn title(&self) -> String {
        match self.name {
            "" => format!("a {} without a name", self.kind),
            name => format!("{} {name:?}", self.kind),
        }
    }

    /// Where to say something of the whole.
    pub(super) fn at(&self) -> Option<&'a Place> {
        self.name_place.or(self.place)
    }

    /// Whether a realm of this name is this one, or is made by this template.
    pub(super) fn has_realm(&self, name: &str) -> bool {
        if self.kind == "realm" { self.name == name } else { pattern(self.name).matches(name) }
    }

    /// Whether a pattern of names has one of it. Of a realm that is its name, of a template some that it could make.
    pub(super) fn is_named_by(&self, names: &str) -> bool {
        pattern(names).overlaps(&pattern(self.name))
    }

    /// Whether a realm of it can be joined at this listener.
    pub(super) fn is_served_by(&self, listener: &Listener) -> bool {
        let listed = listener.realms.value().as_ref();
        let names = |list: &Vec<At<UriPattern>>| list.iter().any(|names| self.is_named_by(names.as_str()));
        listener.speaks_wamp() && listed.is_none_or(names)
    }
}

/// The pattern as the router has it; one that was not checked matches nothing but itself.
pub(super) fn pattern(text: &str) -> Pattern {
    if text == "*" {
        return Pattern::prefix("");
    }
    match text.strip_suffix(".*") {
        Some(start) => Pattern::prefix(format!("{start}.")),
        None if text.contains('*') => Pattern::wildcard(text.replace('*', "")),
        None => Pattern::exact(text),
    }
}

/// Whether it is one URI.
pub(super) fn is_uri(uri: &UriPattern) -> bool {
    !uri.as_str().contains('*')
}
