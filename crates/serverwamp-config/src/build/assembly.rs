//! Everything that a configuration makes, before any of it runs; and what has to change for one that runs to become another.

use super::{Building, BuiltAdmin, BuiltRealm, BuiltTemplate, Fingerprint, refused};
use crate::mistake::Mistakes;
use crate::model::{self, Config};
use serverwamp::auth::Secret;
use serverwamp::{Admin, Application, NodeControl, Realm, RealmChanges};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the sessions of a realm end that a configuration has no more.
const REALM_REMOVED: &str = "wamp.close.close_realm";

/// Everything that a configuration makes of realms.
pub struct Assembly {
    config: Config,
    realms: Vec<BuiltRealm>,
    admin: Option<BuiltAdmin>,
    program: OfProgram,
    templates: Vec<BuiltTemplate>,
    auth_secret: Option<Secret>,
    files: Vec<PathBuf>,
}

/// What the program around the application adds to the admin interface.
#[derive(Default)]
struct OfProgram {
    control: Option<Arc<dyn NodeControl>>,
    way_in: Option<WayIn>,
}

/// Adds a way into the admin interface that no configuration names.
pub type WayIn = Arc<dyn Fn(Realm) -> Realm + Send + Sync>;

/// What an application was made of, to find what a reload has to replace.
#[derive(Clone, Debug)]
pub struct Running {
    config: Config,
    realms: HashMap<String, Fingerprint>,
    templates: HashMap<String, Fingerprint>,
    admin: Option<Fingerprint>,
    files: Vec<PathBuf>,
}

/// The number of realms and templates that a reload touches.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Touched {
    /// New ones.
    pub added: usize,
    /// Those that have other settings, or other content of a file that they name.
    pub replaced: usize,
    /// Those that end.
    pub removed: usize,
    /// Whether the admin interface that there was is one of them: who may come in may have changed.
    pub admin: bool,
}

impl Assembly {
    /// Builds everything; `None` when something cannot be built, which has been noted.
    pub fn new(config: Config, folder: &Path, mistakes: &mut Mistakes) -> Option<Self> {
        let before = mistakes.errors();
        let mut building = Building::new(folder, mistakes);
        let realms: Vec<_> = config.realm.iter().filter_map(|realm| building.realm(realm)).collect();
        let templates: Vec<_> = config.template.iter().filter_map(|one| building.template(one)).collect();
        let admin = config.admin.value().as_ref().and_then(|admin| building.admin(admin));
        let auth_secret = building.auth_secret(&config);
        let files = building.named();
        let program = OfProgram::default();
        let built = Self { config, realms, admin, program, templates, auth_secret, files };
        (mistakes.errors() == before).then_some(built)
    }

    /// The program, which carries out what its administrators command.
    #[must_use]
    pub fn controlled_by(mut self, control: Arc<dyn NodeControl>) -> Self {
        self.program.control = Some(control);
        self
    }

    /// A way into the admin interface beside those of the configuration, such as the links of the web console.
    #[must_use]
    pub fn let_in_by(mut self, way_in: WayIn) -> Self {
        self.program.way_in = Some(way_in);
        self
    }

    /// The settings.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Makes the application, which serves nobody yet.
    pub fn application(self, mistakes: &mut Mistakes) -> Option<(Application, Running)> {
        let counted = &self.config.metrics;
        let mut builder =
            Application::builder::<()>().limits(|limits| self.config.limits.set(limits)).metrics(|metrics| {
                metrics.uris = counted.uri_labels.iter().filter_map(|uri| uri.pattern().ok()).collect();
                metrics.most_uris = counted.most_uris.count();
                metrics.most_realms = counted.most_realms.count();
            });
        if let Some(secret) = self.auth_secret {
            builder = builder.auth_secret(secret);
        }
        let mut running = Running::of(self.config, self.files);
        for (settings, built) in running.config.realm.iter().zip(self.realms) {
            running.realms.insert(settings.name.as_str().to_owned(), built.files);
            builder = builder.realm(built.realm);
        }
        for (settings, built) in running.config.template.iter().zip(self.templates) {
            running.templates.insert(settings.names.as_str().to_owned(), built.files);
            builder = builder.realm_template(built.template);
        }
        if let Some(built) = self.admin {
            running.admin = Some(built.files);
            builder = builder.admin(self.program.complete(built.admin));
        }
        match builder.build() {
            Ok(app) => Some((app, running)),
            Err(error) => {
                refused(&error, mistakes);
                None
            }
        }
    }
}

impl fmt::Debug for Assembly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assembly").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Running {
    fn of(config: Config, files: Vec<PathBuf>) -> Self {
        Self { config, realms: HashMap::new(), templates: HashMap::new(), admin: None, files }
    }

    /// The files that its realms and templates name: of users, keys and secrets.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The settings that it runs with.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// What has to change for it to become `next`, which it is once these changes have been applied.
    pub fn become_next(&self, next: Assembly) -> (RealmChanges, Self, Touched) {
        let mut changes = RealmChanges::new();
        let mut touched = Touched::default();
        let mut running = Self::of(next.config, next.files);
        for former in
            self.config.realm.iter().filter(|former| realm(&running.config, former.name.as_str()).is_none())
        {
            changes = changes.stop(former.name.as_str(), REALM_REMOVED);
            touched.removed += 1;
        }
        for former in
            self.config.template.iter().filter(|one| template(&running.config, one.names.as_str()).is_none())
        {
            changes = changes.remove_template(pattern(former), REALM_REMOVED);
            touched.removed += 1;
        }
        for (settings, built) in running.config.realm.iter().zip(next.realms) {
            let name = settings.name.as_str().to_owned();
            let files = built.files;
            match realm(&self.config, &name) {
                None => {
                    changes = changes.add(built.realm);
                    touched.added += 1;
                }
                Some(former) if former != settings.value() || self.realms.get(&name) != Some(&files) => {
                    changes = changes.reconfigure(built.realm);
                    touched.replaced += 1;
                }
                Some(_) => {}
            }
            running.realms.insert(name, files);
        }
        for (settings, built) in running.config.template.iter().zip(next.templates) {
            let names = settings.names.as_str().to_owned();
            let files = built.files;
            match template(&self.config, &names) {
                None => {
                    changes = changes.add_template(built.template);
                    touched.added += 1;
                }
                Some(former) if former != settings.value() || self.templates.get(&names) != Some(&files) => {
                    changes = changes.replace_template(built.template);
                    touched.replaced += 1;
                }
                Some(_) => {}
            }
            running.templates.insert(names, files);
        }
        match (self.config.admin.value(), next.admin) {
            (None, Some(built)) => {
                running.admin = Some(built.files);
                changes = changes.add(next.program.complete(built.admin).into_realm());
                touched.added += 1;
            }
            (Some(former), Some(built)) => {
                running.admin = Some(built.files);
                if Some(former) != running.config.admin.value().as_ref() || self.admin != running.admin {
                    changes = changes.reconfigure(next.program.complete(built.admin).into_reconfiguration());
                    touched.replaced += 1;
                    touched.admin = true;
                }
            }
            (Some(_), None) => {
                changes = changes.stop(Admin::REALM, REALM_REMOVED);
                touched.removed += 1;
                touched.admin = true;
            }
            (None, None) => {}
        }
        (changes, running, touched)
    }
}

impl OfProgram {
    fn complete(self, admin: Admin) -> Admin {
        let admin = match self.way_in {
            Some(way_in) => admin.realm(|realm| way_in(realm)),
            None => admin,
        };
        match self.control {
            Some(control) => admin.control(control),
            None => admin,
        }
    }
}

fn realm<'c>(config: &'c Config, name: &str) -> Option<&'c model::Realm> {
    config.realm.iter().map(|realm| realm.value()).find(|realm| realm.name.as_str() == name)
}

fn template<'c>(config: &'c Config, names: &str) -> Option<&'c model::Template> {
    config.template.iter().map(|template| template.value()).find(|template| template.names.as_str() == names)
}

fn pattern(template: &model::Template) -> serverwamp::RoutePattern {
    template.names.pattern().unwrap_or_else(|_| template.names.as_str().into())
}
