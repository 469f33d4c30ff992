//! From a realm as it is configured to the blueprint of the running one, with everything that is wrong with it.

use super::roles::ReservedUris;
use super::{Realm, WrapCalls, renewal};
use crate::api::auth::Authenticator;
use crate::api::handler::SharedState;
use crate::base::error::Problem;
use crate::base::limits::Limits;
use crate::peering::ProcedureService;
use crate::router::realm::{
    Anonymous, Blueprint, Entrance, RealmCode, RealmConfig, Routed, RunningRealm, SettingsTable,
};
use crate::router::routes::{RouteTable, TopicTable};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::uri::UriRules;
use std::sync::Arc;

/// What becomes of a realm that is compiled.
pub(crate) enum CompilePurpose<'r> {
    /// It is going to run.
    Running,
    /// Its configuration replaces that of this realm, which keeps its procedures and the handlers of its topics.
    Reconfiguring(&'r RunningRealm),
    /// It is made of a template, for this name, and whoever the template lets in joins it.
    OfTemplate(&'r str),
    /// It is made of a template that was replaced, and its configuration replaces that of this realm. What it brings of code is left out.
    OfReplacedTemplate(&'r RunningRealm),
}

impl CompilePurpose<'_> {
    /// Returns whether the realm is made of a template, which has the ways in.
    fn is_of_template(&self) -> bool {
        match self {
            Self::Running => false,
            Self::Reconfiguring(realm) => realm.template().is_some(),
            Self::OfTemplate(_) | Self::OfReplacedTemplate(_) => true,
        }
    }

    /// The realm whose configuration is replaced.
    const fn running(&self) -> Option<&RunningRealm> {
        match self {
            Self::Reconfiguring(realm) | Self::OfReplacedTemplate(realm) => Some(realm),
            Self::Running | Self::OfTemplate(_) => None,
        }
    }
}

impl Realm<()> {
    /// The blueprint of the running realm, or the new configuration of one; its faults go to `problems`.
    pub(crate) fn compile(
        mut self,
        limits: &Limits,
        purpose: &CompilePurpose<'_>,
        problems: &mut Vec<Problem>,
    ) -> Blueprint {
        if let CompilePurpose::OfReplacedTemplate(_) = purpose {
            self.leave_code_out();
        }
        let state = SharedState::none();
        let rules = self.rules(limits, problems);
        let of_template = purpose.is_of_template();
        problems.extend(match of_template {
            false => self.admission_problem(),
            true => self.template_problem(purpose),
        });
        let texts = self.limits.problems().into_iter();
        problems.extend(texts.map(|text| Problem::new(self.place, format!("realm {:?} {text}", self.name))));
        let mut required = self.routes.required_roles();
        let mut topics = TopicTable::default();
        if let Some(realm) = purpose.running() {
            problems.extend(self.bound_problem(realm));
            required.extend(realm.required_roles().map(|role| (role, self.place)));
            topics = realm.context.config().topics.with_handlers();
        }
        if self.authenticators.is_empty() && !of_template {
            problems.extend(self.access.problems_of_only_role(
                &self.name,
                self.anonymous.as_deref(),
                &required,
            ));
        }
        problems.extend(self.problems);
        let routes = match purpose {
            CompilePurpose::Running | CompilePurpose::OfTemplate(_) if self.renews => {
                self.routes.merge(renewal::routes())
            }
            _ => self.routes,
        };
        problems.extend(routes.problems);
        let mut table = RouteTable::default();
        for route in routes.procedures {
            problems.extend(route.enter(&mut table, &rules).err());
        }
        for route in routes.topics.0 {
            problems.extend(route.enter(&mut topics, &rules).err());
        }
        let routes = Arc::new(table);
        let all_calls =
            purpose.running().map_or_else(|| self.service.is_some(), |realm| realm.code.service.is_some());
        let reserved = ReservedUris { meta_api: self.offers.meta_api, all_calls };
        let access = self.access.compile(topics.patterns(), reserved, &rules, limits, problems);
        let access = self.authorizers.compile(access, &rules, problems);
        let service = service(self.service, self.layers, &routes);
        let mut topic_settings = SettingsTable::compile(self.topic_settings, &rules, problems);
        let procedure_settings = SettingsTable::compile(self.procedure_settings, &rules, problems);
        let mut number = 0;
        if let Some(realm) = purpose.running() {
            let former = realm.context.config();
            topic_settings.replace(&former.topic_settings);
            number = former.number + 1;
        }
        let entrance = Entrance {
            anonymous: self.anonymous.map(|authrole| Anonymous { authrole }),
            authenticators: self.authenticators.into_iter().map(Authenticator::run).collect(),
            prefers_own_order: self.prefers_own_order,
            keeps_expired: self.keeps_expired,
            renews: self.renews,
            on_connect: self.on_connect.into_iter().map(|handler| handler.bind(state)).collect(),
            on_join: self.on_join.into_iter().map(|handler| handler.bind(state)).collect(),
            keep: self.keep,
        };
        let config = RealmConfig {
            number,
            rules,
            entrance,
            offers: self.offers,
            limits: self.limits,
            access,
            topics,
            topic_settings,
            procedure_settings,
        };
        let code = RealmCode { routes, service, serial_calls: self.serial_calls };
        Blueprint { name: self.name.into(), config, code }
    }

    /// The rules for URIs, which the name of the realm has to follow as well.
    fn rules(&self, limits: &Limits, problems: &mut Vec<Problem>) -> UriRules {
        let mut rules = if self.strict_uris { UriRules::strict() } else { UriRules::loose() };
        rules.max_length = limits.uri_bytes;
        rules.max_components = limits.uri_components;
        if let Err(error) = rules.check(&self.name, Match::Exact) {
            problems.push(Problem::new(
                self.place,
                format!("{:?} is not a valid realm name: {error}", self.name),
            ));
        }
        rules
    }

    /// The parts that the template of a realm has and that the realm brings nevertheless, or a name that is not the one wanted.
    fn template_problem(&self, purpose: &CompilePurpose<'_>) -> Option<Problem> {
        let text = match purpose {
            CompilePurpose::OfTemplate(name) if *name != self.name => misnamed(name, &self.name),
            CompilePurpose::OfReplacedTemplate(realm) if **realm.name() != *self.name => {
                misnamed(realm.name(), &self.name)
            }
            _ if self.anonymous.is_some()
                || !self.authenticators.is_empty()
                || self.application_only
                || self.prefers_own_order =>
            {
                format!(
                    "realm {:?} is made of a template, which decides who is let in: give the authenticators to the template, and leave \
                 out `allow_anonymous` and `application_only`",
                    self.name
                )
            }
            _ => return None,
        };
        Some(Problem::new(self.place, text))
    }

    /// Takes out what a running realm keeps as it is.
    fn leave_code_out(&mut self) {
        self.routes.procedures.clear();
        self.routes.topics.0.retain(|topic| topic.handler.is_none());
        self.service = None;
        self.layers.clear();
        self.serial_calls = false;
    }

    /// The parts that a running realm keeps and that this one brings nevertheless.
    fn bound_problem(&self, realm: &RunningRealm) -> Option<Problem> {
        let handled = self.routes.topics.0.iter().any(|topic| topic.handler.is_some());
        let brought = [
            ("procedures", !self.routes.procedures.is_empty()),
            ("handlers of topics", handled),
            ("a service", self.service.is_some()),
            ("layers", !self.layers.is_empty()),
            ("`serial_calls`", self.serial_calls),
            (
                "`allow_renewal`",
                self.renews
                    && realm.template().is_none()
                    && realm.code.routes.procedure(renewal::RENEW).is_none(),
            ),
        ];
        let brought: Vec<_> =
            brought.into_iter().filter_map(|(what, brings)| brings.then_some(what)).collect();
        (!brought.is_empty()).then(|| {
            let text = format!(
                "realm {:?} runs and keeps its code, and its new configuration brings {}: leave that out, or stop the realm and \
                 add it again",
                self.name,
                brought.join(" and ")
            );
            Problem::new(self.place, text)
        })
    }
}

fn misnamed(wanted: &str, made: &str) -> String {
    format!("the template was asked for a realm {wanted:?} and made one of the name {made:?}")
}

/// The service every call goes through, when there is one: a replacement of the routes, or layers around them.
fn service(
    replacement: Option<ProcedureService>,
    layers: Vec<WrapCalls>,
    routes: &Arc<RouteTable>,
) -> Option<ProcedureService> {
    if replacement.is_none() && layers.is_empty() {
        return None;
    }
    let innermost = replacement.unwrap_or_else(|| ProcedureService::new(Routed(Arc::clone(routes))));
    Some(layers.into_iter().fold(innermost, |inner, layer| layer(inner)))
}
