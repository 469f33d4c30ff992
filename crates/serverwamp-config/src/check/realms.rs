//! Realms and templates: names that clash, realms that nobody can join, topics and procedures of theirs.

use super::Checking;
use super::space::{Space, is_uri};
use crate::codes;
use crate::mistake::Mistake;
use crate::model::{Auth, Config, Procedure, Topic};
use crate::nearest::nearest;
use crate::node::Place;
use crate::reading::At;
use crate::values::{Address, UriPattern};

impl Checking<'_> {
    pub(super) fn realms(&mut self) {
        let config = self.config;
        let spaces = Space::all(config);
        if spaces.is_empty() && !self.doubt.has_realms() {
            let title = "there is no realm, so no client could join anything";
            let help = "add `[[realm]]` with a `name` and `auth = [{ anonymous = {} }]`, or what else lets clients in";
            self.add(Mistake::new(&codes::NO_REALM, title).help(help));
        }
        for (number, space) in spaces.iter().enumerate() {
            self.name_clashes(&spaces[..number], space);
            self.ways_in(space);
            self.auths(space);
            self.topics(space);
            self.procedures(space);
            self.rules(space);
            if self.doubt.knows(space.place) {
                self.roles(space);
            }
            self.permissions(space);
            self.realm_bounds(space);
        }
        if let Some(space) = Space::admin(config) {
            self.ways_in(&space);
            self.auths(&space);
            self.administrators_from_everywhere(&space);
        }
        self.admin_effects();
    }

    /// Everybody from everywhere is an administrator.
    fn administrators_from_everywhere(&mut self, space: &Space<'_>) {
        let anonymous = space.auth.iter().find(|auth| matches!(auth.value(), Auth::Anonymous(_)));
        let listeners = self.config.placed_listeners();
        let public = listeners.iter().find(|listener| listener.is_public() && space.is_served_by(listener));
        if let (Some(anonymous), Some(listener)) = (anonymous, public) {
            let title = format!("everybody who reaches {} comes into the admin interface", *listener.address);
            self.add(
                Mistake::new(&codes::STRANGERS_ADMINISTER, title)
                    .at_if(anonymous.place())
                    .related(listener.address.place(), "reached from other machines")
                    .help("set `listen` to an address of this machine, such as \"unix:admin.sock\", or let in nobody unknown"),
            );
        }
    }

    fn admin_effects(&mut self) {
        let Some(admin) = self.config.admin.value() else { return };
        if !admin.listen.as_ref().is_some_and(|address| matches!(address, Address::Unix(_))) {
            let title = "`mode` has no effect where `listen` is no Unix socket";
            self.no_effect(
                admin.mode.place(),
                title,
                "write `listen = \"unix:admin.sock\"`, or leave `mode` out",
            );
        }
    }

    fn name_clashes(&mut self, earlier: &[Space<'_>], space: &Space<'_>) {
        if space.name.is_empty() {
            return;
        }
        if let Some(other) = earlier.iter().find(|other| (other.kind, other.name) == (space.kind, space.name))
        {
            let title = format!("{} is there twice", space.title());
            let mistake = Mistake::new(&codes::TWICE, title).at_if(space.at());
            self.add(mistake.related(other.at(), "the first").help("put everything of it into one table"));
        }
        if space.kind != "template" {
            return;
        }
        for realm in earlier
            .iter()
            .filter(|other| other.kind == "realm" && !other.name.is_empty() && space.has_realm(other.name))
        {
            let title =
                format!("{} fits the template {:?}, which will not make it", realm.title(), space.name);
            let mistake = Mistake::new(&codes::FITS_TEMPLATE, title).at_if(realm.at());
            self.add(mistake.related(space.at(), "the template").help(
                "if the realm is to differ from those of the template, leave it so; otherwise rename it",
            ));
        }
    }

    fn ways_in(&mut self, space: &Space<'_>) {
        if !self.doubt.knows(space.place) {
            return;
        }
        if space.auth.is_empty() {
            let title = format!("nobody can join {}: it has no way in", space.title());
            let mistake =
                Mistake::new(&codes::NO_WAY_IN, title).at_if(space.auth.place().or_else(|| space.at()));
            self.add(
                mistake.help("add one to `auth`, such as `auth = [{ anonymous = { role = \"guest\" } }]`"),
            );
        }
        let listeners = self.config.placed_listeners();
        let spaces = Space::with_admin(self.config);
        let unknown = |name: &str| !spaces.iter().any(|space| space.is_named_by(name));
        // Of a listener that serves nothing, or that names a realm that is not there, something else was said.
        let astray = listeners.iter().any(|listener| {
            listener.serve.is_empty() || listener.realms.iter().flatten().any(|name| unknown(name.as_str()))
        });
        if self.doubt.knows_listeners()
            && !listeners.is_empty()
            && !astray
            && !listeners.iter().any(|listener| space.is_served_by(listener))
        {
            let title = format!("no listener serves {}", space.title());
            let mistake = Mistake::new(&codes::NOT_SERVED, title).at_if(space.at());
            self.add(
                mistake
                    .help("add it to `realms` of a listener that serves WAMP, or leave `realms` out there"),
            );
        }
    }

    fn topics(&mut self, space: &Space<'_>) {
        for (number, topic) in space.topic.iter().enumerate() {
            self.topic(topic);
            if let Some(other) = space.topic[..number].iter().find(|other| other.uri == topic.uri) {
                self.twice("topic", &topic.uri, &other.uri);
            }
        }
    }

    fn topic(&mut self, topic: &Topic) {
        match (topic.retain_events.place(), topic.retain_bytes.place()) {
            (Some(place), None) => self.together("retain_events", "retain_bytes", place),
            (None, Some(place)) => self.together("retain_bytes", "retain_events", place),
            _ => {}
        }
        let retained = [
            ("retain_events", topic.retain_events.place()),
            ("retain_for", topic.retain_for.place()),
            ("clear_retained", topic.clear_retained.place().filter(|_| *topic.clear_retained)),
        ];
        for (key, place) in retained.into_iter().filter(|_| !*topic.retain) {
            let title = format!("`{key}` has no effect where `retain` is false");
            self.no_effect(place, title, "leave one of both out");
        }
        if topic.history.count() == 0 {
            let title = "`history_bytes` has no effect without `history`";
            self.no_effect(
                topic.history_bytes.place(),
                title,
                "say how many events are kept: `history = 100`",
            );
        }
    }

    fn procedures(&mut self, space: &Space<'_>) {
        let procedures: &[At<Procedure>] = space.procedure;
        for (number, procedure) in procedures.iter().enumerate() {
            if let Some(other) = procedures[..number].iter().find(|other| other.uri == procedure.uri) {
                self.twice("procedure", &procedure.uri, &other.uri);
            }
        }
    }

    fn rules(&mut self, space: &Space<'_>) {
        let rules = space.rules;
        self.one_uri(&rules.authorizer);
        self.one_uri(&rules.forget_decisions_on);
        let asked =
            rules.authorizer.is_some() || space.role.iter().any(|(_, role)| role.authorizer.is_some());
        if !asked && self.doubt.knows(space.place) {
            let title = "`forget_decisions_on` has no effect without an `authorizer`";
            self.no_effect(
                rules.forget_decisions_on.place(),
                title,
                "name the procedure in `authorizer`, or leave it out",
            );
        }
        if !*rules.meta_api {
            let title = "`administrators` has no effect without the meta API";
            let help = "leave `meta_api` at true: administrators act through the meta API";
            self.no_effect(
                rules.administrators.place().filter(|_| !rules.administrators.is_empty()),
                title,
                help,
            );
        }
    }

    /// Something that has to be one URI: a procedure that is called, a topic that is subscribed to.
    pub(super) fn one_uri(&mut self, uri: &At<Option<UriPattern>>) {
        if let Some(pattern) = uri.value()
            && !is_uri(pattern)
        {
            self.not_one_uri(pattern, uri.place());
        }
    }

    pub(super) fn not_one_uri(&mut self, pattern: &UriPattern, place: Option<&Place>) {
        let title = format!("{:?} is a pattern, and one URI is expected", pattern.as_str());
        self.add(Mistake::new(&codes::NOT_ONE_URI, title).at_if(place).help("write the URI without `*`"));
    }

    /// Two keys of which one needs the other.
    pub(super) fn together(&mut self, has: &str, lacks: &str, place: &Place) {
        let title = format!("`{has}` needs `{lacks}` beside it");
        self.add(
            Mistake::new(&codes::TOGETHER, title)
                .at(place.clone())
                .help(format!("add `{lacks}`, or leave `{has}` out")),
        );
    }

    fn twice(&mut self, what: &str, uri: &At<UriPattern>, other: &At<UriPattern>) {
        let title = format!("the {what} {:?} is there twice", uri.as_str());
        let mistake = Mistake::new(&codes::TWICE, title).at_if(uri.place());
        self.add(mistake.related(other.place(), "the first").help("put everything of it into one table"));
    }

    /// The name of a realm that has to exist.
    pub(super) fn known_realm(&mut self, name: &str, place: Option<&Place>, title: impl Fn(&str) -> String) {
        let config: &Config = self.config;
        let spaces = Space::with_admin(config);
        if !self.doubt.knows_realms() || spaces.iter().any(|space| space.is_named_by(name)) {
            return;
        }
        let mistake = Mistake::new(&codes::UNKNOWN_REALM, title(name)).at_if(place);
        let names = || spaces.iter().map(|space| space.name);
        self.add(match nearest(name, names()) {
            Some(near) => mistake.help(format!("did you mean {near:?}?")),
            None if spaces.is_empty() => mistake,
            None => mistake.help(format!("the realms are: {}", names().collect::<Vec<_>>().join(", "))),
        });
    }
}
