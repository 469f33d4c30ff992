//! Realms and templates.

use super::Building;
use super::users::keeping;
use crate::model::{
    self, AdminPermitted, Disclosure, Permitted, Procedure, RealmLimits, RealmRules, Role, Topic, Withheld,
};
use crate::reading::At;
use crate::values::{Named, UriPattern};
use serverwamp::{
    Actions, Admin, AdminPermission, Allowance, ProcedureSettings, Realm, RealmTemplate, RoleRules,
    RoutePattern, TopicSettings, prefix,
};

/// What realms and templates have in common.
#[derive(Clone)]
struct Inside {
    rules: RealmRules,
    limits: RealmLimits,
    role: Named<Role>,
    topic: Vec<At<Topic>>,
    procedure: Vec<At<Procedure>>,
}

impl Building<'_> {
    pub(super) fn realm_of(&mut self, realm: &model::Realm) -> Realm {
        self.users.clear();
        let inside = Inside {
            rules: realm.rules.value().clone(),
            limits: realm.limits.value().clone(),
            role: realm.role.value().clone(),
            topic: realm.topic.value().clone(),
            procedure: realm.procedure.value().clone(),
        };
        self.with_ways_in(inside.realm(realm.name.as_str()), &realm.auth)
    }

    /// The admin interface, without what only the program can do.
    pub(super) fn admin_of(&mut self, admin: &model::Admin) -> Admin {
        self.users.clear();
        let built = Admin::new().realm(|realm| self.with_ways_in(realm, &admin.auth));
        admin.role.iter().fold(built, |built, (name, permitted)| {
            let permissions = permitted.iter().map(|one| match one.value() {
                AdminPermitted::Read => AdminPermission::Read,
                AdminPermitted::Payloads => AdminPermission::Payloads,
                AdminPermitted::Write => AdminPermission::Write,
            });
            built.role(name.to_owned(), permissions)
        })
    }

    fn with_ways_in(&mut self, mut built: Realm, ways: &[At<model::Auth>]) -> Realm {
        for auth in ways {
            built = match auth.value() {
                model::Auth::Anonymous(anonymous) => {
                    built.allow_anonymous(anonymous.role.as_str().to_owned())
                }
                auth => self.authenticators(auth).into_iter().fold(built, Realm::authenticator),
            };
        }
        let built = keeping(built, &self.users);
        if ways.is_empty() { built.application_only() } else { built }
    }

    pub(super) fn template_of(&mut self, template: &model::Template) -> Option<RealmTemplate> {
        let inside = Inside {
            rules: template.rules.value().clone(),
            limits: template.limits.value().clone(),
            role: template.role.value().clone(),
            topic: template.topic.value().clone(),
            procedure: template.procedure.value().clone(),
        };
        let names = template.names.pattern();
        let names = self.usable(template.names.place(), names)?;
        let prefers_own_order = *inside.rules.prefer_own_order;
        self.users.clear();
        let ways: Vec<_> = template.auth.iter().flat_map(|auth| self.authenticators(auth.value())).collect();
        let users = self.users.clone();
        let mut built = RealmTemplate::new(names, move |name| keeping(inside.realm(name), &users))
            .most_realms(template.most_realms.count())
            .linger(template.linger.get());
        if prefers_own_order {
            built = built.prefer_own_order();
        }
        Some(ways.into_iter().fold(built, RealmTemplate::authenticator))
    }
}

impl Inside {
    /// A realm of this name, without a way in.
    fn realm(&self, name: &str) -> Realm {
        let open = self.role.is_empty();
        let mut realm = if open {
            Realm::new(name).allow_register().allow_publish()
        } else {
            Realm::new(name).listed_roles_only()
        };
        realm = self.with_rules(realm).limits(|limits| set_limits(&self.limits, limits));
        for (name, role) in self.role.iter() {
            realm = realm.role(name.to_owned(), |rules| rules_of(role, rules));
        }
        for topic in &self.topic {
            realm = realm.topic_settings(pattern(&topic.uri), topic_settings(topic));
        }
        for procedure in &self.procedure {
            realm = realm.procedure_settings(pattern(&procedure.uri), procedure_settings(procedure));
        }
        realm
    }

    fn with_rules(&self, mut realm: Realm) -> Realm {
        let rules = &self.rules;
        if *rules.meta_api {
            realm = realm.meta_api();
        }
        if !rules.administrators.is_empty() {
            realm = realm.administrators(rules.administrators.iter().map(|role| role.as_str().to_owned()));
        }
        realm = realm.disclosure(match *rules.disclosure {
            Disclosure::Refused => serverwamp::Disclosure::Refused,
            Disclosure::OnRequest => serverwamp::Disclosure::OnRequest,
            Disclosure::Always => serverwamp::Disclosure::Always,
        });
        realm = realm.force_reregister(*rules.force_reregister);
        if *rules.strict_uris {
            realm = realm.strict_uris();
        }
        if *rules.prefer_own_order {
            realm = realm.prefer_own_order();
        }
        if *rules.keep_expired_sessions {
            realm = realm.keep_expired_sessions();
        }
        if *rules.allow_renewal {
            realm = realm.allow_renewal();
        }
        if let Some(procedure) = rules.authorizer.value() {
            realm = realm.authorizer_procedure(procedure.as_str());
        }
        if let Some(topic) = rules.forget_decisions_on.value() {
            realm = realm.forget_decisions_on(topic.as_str());
        }
        realm
    }
}

fn set_limits(settings: &RealmLimits, limits: &mut serverwamp::RealmLimits) {
    limits.sessions = settings.sessions.map(|most| most.count());
    limits.calls_in_flight = settings.calls_in_flight.map(|most| most.count());
    limits.retained_events = settings.retained_events.map(|most| most.count());
    limits.retained_bytes = settings.retained_bytes.map(|most| most.count());
    limits.retained_events_of_session = settings.retained_events_of_session.map(|most| most.count());
    limits.retained_bytes_of_session = settings.retained_bytes_of_session.map(|most| most.count());
    limits.retained_age = settings.retained_age.map(|time| time.get());
    limits.cached_decisions = settings.cached_decisions.map(|most| most.count());
    limits.cached_decision_time = settings.cached_decision_time.map(|time| time.get());
}

/// The pattern, which was checked when it was read.
fn pattern(text: &UriPattern) -> RoutePattern {
    text.pattern().unwrap_or_else(|_| RoutePattern::from(text.as_str()))
}

fn rules_of(role: &Role, mut rules: RoleRules) -> RoleRules {
    for (uri, permitted) in role.allow.iter() {
        let mut allowance = Allowance::FULL;
        for withheld in role.withhold.get(uri).into_iter().flat_map(|list| list.iter()) {
            match withheld.value() {
                Withheld::Disclose => allowance.disclose = false,
                Withheld::Retain => allowance.retain = false,
                Withheld::History => allowance.history = false,
            }
        }
        rules = rules.allow_with(actions(permitted), pattern(&UriPattern::new(uri)), allowance);
    }
    for (uri, denied) in role.deny.iter() {
        rules = rules.deny(actions(denied), pattern(&UriPattern::new(uri)));
    }
    match role.authorizer.value() {
        Some(procedure) => rules = rules.authorizer_procedure(procedure.as_str()),
        // A role that is listed with nothing may do nothing.
        None if role.allow.is_empty() && role.deny.is_empty() => rules = rules.deny(Actions::ALL, prefix("")),
        None => {}
    }
    let limits = role.limits.value();
    if let Some(most) = *limits.calls_in_flight {
        rules = rules.calls_in_flight(most.count());
    }
    if let Some(most) = *limits.subscriptions {
        rules = rules.subscriptions(most.count());
    }
    if let Some(rate) = *limits.requests_per_second {
        rules = rules.requests_per_second(rate.small(), limits.requests_burst.small());
    }
    if let Some(most) = *limits.outgoing_bytes {
        rules = rules.outgoing_bytes(most.count());
    }
    if let Some(most) = *limits.sessions_per_authid {
        rules = rules.sessions_per_authid(most.count());
    }
    rules
}

fn actions(permitted: &[At<Permitted>]) -> Actions {
    let action = |permitted: &At<Permitted>| match permitted.value() {
        Permitted::Call => Actions::CALL,
        Permitted::Register => Actions::REGISTER,
        Permitted::Publish => Actions::PUBLISH,
        Permitted::Subscribe => Actions::SUBSCRIBE,
    };
    permitted.iter().fold(Actions::default(), |all, one| all | action(one))
}

fn topic_settings(topic: &Topic) -> TopicSettings {
    let mut settings = TopicSettings::new().retain(*topic.retain).clear_retained(*topic.clear_retained);
    if let (Some(events), Some(bytes)) = (*topic.retain_events, *topic.retain_bytes) {
        settings = settings.retain_limit(events.count(), bytes.count());
    }
    if let Some(time) = *topic.retain_for {
        settings = settings.retain_for(time.get());
    }
    if topic.history.count() > 0 {
        settings = settings.history(topic.history.count());
    }
    if let Some(bytes) = *topic.history_bytes {
        settings = settings.history_bytes(bytes.count());
    }
    if let Some(level) = *topic.trustlevel {
        settings = settings.trustlevel(level.get());
    }
    if *topic.disclose_publisher { settings.disclose_publisher() } else { settings }
}

fn procedure_settings(procedure: &Procedure) -> ProcedureSettings {
    let mut settings = ProcedureSettings::new();
    if let Some(level) = *procedure.trustlevel {
        settings = settings.trustlevel(level.get());
    }
    if *procedure.disclose_caller {
        settings = settings.disclose_caller();
    }
    if procedure.forward_timeout.place().is_some() {
        settings = settings.forward_timeout(*procedure.forward_timeout);
    }
    settings
}
