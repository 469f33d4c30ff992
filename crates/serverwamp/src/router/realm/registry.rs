//! The realms of an application by their names, which are added, reconfigured and stopped while others run.
//!
//! HELLO alone looks a realm up here. Invariant: a list of changes is applied as a whole or not at all, while nobody looks: what
//! HELLO finds is from before all of them or from after.

use super::template::TemplateOrigin;
use super::{
    Blueprint, Entering, MadeAnew, NoEntry, RealmConfig, RealmEnd, RouterContext, RunningRealm,
    RunningTemplate, TemplateParts,
};
use crate::WampError;
use crate::base::limits::Limits;
use crate::base::locks::RwLock;
use crate::base::log::line;
use crate::base::signal::Signal;
use crate::base::statistics::Refusal;
use crate::transport::{AllowedRealms, CurrentSettings};
use serverwamp_proto::pattern::UriPattern;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::slice;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

/// How often realms are looked for that a template has made while it was about to be replaced.
const TRIES: usize = 4;

/// The realms of an application.
#[derive(Debug)]
pub(crate) struct RealmRegistry {
    table: RwLock<RealmTable>,
    /// The values that all of them share.
    pub(crate) shared: RouterContext,
}

#[derive(Debug, Default)]
pub(super) struct RealmTable {
    /// In the order of their names, so that they can be looked at some at a time.
    by_name: BTreeMap<Arc<str>, Arc<RunningRealm>>,
    /// In the order in which they were added; the first that fits makes a realm.
    templates: Vec<Arc<RunningTemplate>>,
    /// Takes the sessions that ask for an unknown realm, where that is allowed.
    default: Option<Arc<RunningRealm>>,
}

/// Where a HELLO leads to.
#[derive(Debug)]
pub(crate) enum Destination {
    Realm(Entering),
    /// The anteroom of a template, whether the realm is there or not.
    Template(Arc<RunningRealm>, Arc<RunningTemplate>),
}

/// A change of one realm, with nothing left that can be wrong but a change by somebody else at the same time.
#[derive(Debug)]
pub(crate) enum RealmChange {
    Add(Arc<RunningRealm>),
    Configure(Arc<RunningRealm>, Box<RealmConfig>),
    Stop(Arc<RunningRealm>, RealmEnd),
    AddTemplate(Arc<RunningTemplate>),
    ReplaceTemplate(Arc<RunningTemplate>, Arc<TemplateParts>, Vec<MadeAnew>),
    RemoveTemplate(Arc<RunningTemplate>, RealmEnd),
}

/// Other settings for the application.
pub(crate) struct SettingsChange<'a> {
    /// Those that they were made of.
    pub(crate) former: Arc<CurrentSettings>,
    pub(crate) settings: CurrentSettings,
    /// Tells the limits to whatever counts for all realms together.
    pub(crate) limit_all: &'a dyn Fn(&Limits),
}

impl RealmChange {
    /// The name of what is changed.
    fn name(&self) -> Arc<str> {
        match self {
            Self::Add(realm) | Self::Configure(realm, _) | Self::Stop(realm, _) => Arc::clone(realm.name()),
            Self::AddTemplate(template)
            | Self::ReplaceTemplate(template, ..)
            | Self::RemoveTemplate(template, _) => template.pattern.to_string().into(),
        }
    }
}

impl RealmRegistry {
    /// No realm yet.
    pub(crate) fn new(shared: RouterContext, templates: Vec<Arc<RunningTemplate>>) -> Self {
        Self { table: RwLock::new(RealmTable { templates, ..RealmTable::default() }), shared }
    }

    /// Where the name of a realm leads to: into it, or to the anteroom of the template that it was made of. Whoever proves nothing does
    /// not keep such a realm from being removed, nor is it treated in another way than if the realm were not there.
    pub(crate) fn enter(&self, name: &str) -> Option<Destination> {
        let found = self.read(|table| {
            let realm = table.by_name.get(name)?;
            Some(
                realm
                    .template()
                    .map_or_else(|| Ok(Entering::new(realm)), |template| Err(Arc::clone(template))),
            )
        })?;
        Some(found.map_or_else(|template| self.anteroom(template, name), Destination::Realm))
    }

    /// Where a name leads to that no realm has, or none of those that are `allowed`: to the anteroom of a template, or to the default
    /// realm.
    pub(crate) fn enter_unknown(&self, name: &str, allowed: &AllowedRealms) -> Option<Destination> {
        if name == super::ADMIN_REALM {
            return None;
        }
        let template = self.read(|table| table.templates.iter().find(|one| one.makes(name)).cloned());
        if let Some(template) = template.filter(|_| allowed.allows(name)) {
            return Some(self.anteroom(template, name));
        }
        self.read(|table| {
            let default = table.default.as_ref().filter(|realm| allowed.allows(realm.name()));
            default.map(Entering::new)
        })
        .map(Destination::Realm)
    }

    fn anteroom(&self, template: Arc<RunningTemplate>, name: &str) -> Destination {
        let anteroom = RunningRealm::anteroom(template.anteroom(name), &self.shared);
        Destination::Template(Arc::new(anteroom), template)
    }

    /// The realm of a template for whoever has been authenticated by that; it is made if it is not there.
    ///
    /// # Errors
    /// When there are as many realms of the template as there may be, or it makes none, or it was replaced since the anteroom was made,
    /// whose `number` says so.
    pub(crate) fn enter_or_make(
        self: &Arc<Self>,
        (template, number): (&Arc<RunningTemplate>, u64),
        name: &str,
    ) -> Result<Entering, NoEntry> {
        if let Some(there) = self.read(|table| table.enter_of((template, number), name)) {
            return there;
        }
        if template.is_full() {
            return Err(template.full());
        }
        let blueprint = template.blueprint(name, &self.shared.settings.limits())?;
        let origin = TemplateOrigin::new(template, self);
        let realm = Arc::new(RunningRealm::new(blueprint, &self.shared, Some(origin)));
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have been faster; then this one is dropped when nobody waits for the lock.
        if let Some(there) = table.enter_of((template, number), name) {
            drop(table);
            return there;
        }
        if template.is_full() {
            drop(table);
            return Err(template.full());
        }
        template.made.fetch_add(1, Ordering::Relaxed);
        realm.take_limits();
        table.by_name.insert(Arc::clone(realm.name()), Arc::clone(&realm));
        let entering = Entering::new(&realm);
        drop(table);
        self.shared.permits.share_with(&realm);
        line!(INFO, "session", "a realm was made of a template", realm = realm.name());
        Ok(entering)
    }

    /// Removes a realm of a template if nobody is in it; says whether it is gone.
    pub(super) fn remove_deserted(&self, realm: &Arc<RunningRealm>) -> bool {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if !table.by_name.get(realm.name()).is_some_and(|running| Arc::ptr_eq(running, realm)) {
            return true;
        }
        if !realm.is_deserted() {
            return false;
        }
        let gone = table.remove(realm, RunningRealm::deserted());
        drop(table);
        drop(gone);
        realm.sweep();
        line!(INFO, "session", "a realm of a template was empty and is gone", realm = realm.name());
        true
    }

    /// The realm of this name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<RunningRealm>> {
        self.read(|table| table.by_name.get(name).cloned())
    }

    /// A realm that serves as soon as it is added.
    pub(crate) fn prepare(&self, blueprint: Blueprint) -> Arc<RunningRealm> {
        let realm = Arc::new(RunningRealm::new(blueprint, &self.shared, None));
        self.shared.permits.share_with(&realm);
        realm
    }

    /// The names of all realms, sorted.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.read(|table| table.by_name.keys().cloned().collect())
    }

    /// The next realms behind this name, in the order of their names.
    pub(crate) fn some_after(&self, name: Option<&str>, most: usize) -> Vec<Arc<RunningRealm>> {
        let behind = (name.map_or(Unbounded, Excluded), Unbounded);
        self.read(|table| {
            table.by_name.range::<str, _>(behind).take(most).map(|(_, realm)| Arc::clone(realm)).collect()
        })
    }

    /// Lets sessions that ask for an unknown realm join this one.
    pub(crate) fn set_default(&self, realm: &Arc<RunningRealm>) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        table.default = Some(Arc::clone(realm));
    }

    /// Applies all of these changes, and the settings. Each signal is set when the sessions of a realm have lost what they may not have any more.
    ///
    /// # Errors
    /// The name of what somebody else has added, changed or stopped meanwhile. Nothing is changed then.
    pub(crate) fn apply(
        &self,
        mut changes: Vec<RealmChange>,
        settings: Option<SettingsChange<'_>>,
    ) -> Result<Vec<Arc<Signal<()>>>, Arc<str>> {
        let mut changed = TableChanges::default();
        let limits = settings
            .as_ref()
            .map_or_else(|| self.shared.settings.limits(), |change| Arc::clone(&change.settings.limits));
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..TRIES {
            let made_since = table.made_since(&changes);
            if made_since.is_empty() {
                break;
            }
            drop(table);
            changes.iter_mut().for_each(|change| change.make_anew(&made_since, &limits));
            table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(change) = changes.iter().find(|change| !table.allows(change)) {
            let name = change.name();
            drop(table);
            return Err(name);
        }
        if let Some(SettingsChange { former, settings, limit_all }) = settings {
            let now = self.shared.settings.now();
            if !Arc::ptr_eq(&now, &former) {
                drop(table);
                return Err("the settings of the application".into());
            }
            drop(now);
            limit_all(&settings.limits);
            self.shared.settings.replace(settings);
            table.by_name.values().for_each(|realm| realm.take_limits());
        }
        for change in changes {
            if let RealmChange::Add(realm) = &change {
                self.shared.measures.remember(realm.name(), &realm.context.measures);
            }
            table.change(change, &mut changed);
        }
        let gone = changed.stopped.iter().filter(|name| !table.by_name.contains_key(*name));
        gone.for_each(|name| self.shared.measures.forget(name));
        drop(table);
        for (realm, former) in &changed.replaced {
            let gone = realm.broker.keep_histories(realm.changes(), former);
            drop(gone);
        }
        let replaced = changed.replaced.iter().map(|(realm, _)| realm);
        Ok(replaced.chain(&changed.others).map(RunningRealm::sweep).collect())
    }

    /// The realms that were made of a template.
    pub(crate) fn made_of(&self, template: &Arc<RunningTemplate>) -> Vec<Arc<RunningRealm>> {
        self.read(|table| table.made_of(template))
    }

    /// The template of this pattern.
    pub(crate) fn template(&self, pattern: &UriPattern) -> Option<Arc<RunningTemplate>> {
        self.read(|table| table.templates.iter().find(|one| one.pattern == *pattern).cloned())
    }

    fn read<T>(&self, look: impl FnOnce(&RealmTable) -> T) -> T {
        look(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What was changed, and is dropped when nobody waits for the table: it may have code of the application.
#[derive(Default)]
struct TableChanges {
    replaced: Vec<(Arc<RunningRealm>, Arc<RealmConfig>)>,
    /// Realms that were stopped, or whose template was replaced.
    others: Vec<Arc<RunningRealm>>,
    /// The names of realms that were stopped, and of no template.
    stopped: Vec<Arc<str>>,
    former: Vec<Arc<TemplateParts>>,
}

impl RealmTable {
    /// Applies a change that is allowed.
    fn change(&mut self, change: RealmChange, changed: &mut TableChanges) {
        match change {
            RealmChange::Add(realm) => {
                // They may have changed since it was prepared.
                realm.take_limits();
                drop(self.by_name.insert(Arc::clone(realm.name()), realm));
            }
            RealmChange::Configure(realm, config) => {
                let former = realm.context.configure(*config);
                realm.take_limits();
                changed.replaced.push((realm, former));
            }
            RealmChange::Stop(realm, end) => {
                self.default.take_if(|default| Arc::ptr_eq(default, &realm));
                self.remove(&realm, end);
                changed.stopped.push(Arc::clone(realm.name()));
                changed.others.push(realm);
            }
            RealmChange::AddTemplate(template) => self.templates.push(template),
            RealmChange::ReplaceTemplate(template, parts, anew) => {
                changed.former.push(template.replace(parts));
                // One that was empty may have gone meanwhile.
                for (realm, config) in anew {
                    let former = realm.context.configure(*config);
                    realm.take_limits();
                    changed.replaced.push((realm, former));
                }
            }
            RealmChange::RemoveTemplate(template, end) => {
                self.templates.retain(|one| !Arc::ptr_eq(one, &template));
                for realm in self.made_of(&template) {
                    self.remove(&realm, end.clone());
                    changed.others.push(realm);
                }
            }
        }
    }

    /// Whoever was authenticated by a template enters a realm of that and of no other kind.
    fn enter_of(
        &self,
        (template, number): (&Arc<RunningTemplate>, u64),
        name: &str,
    ) -> Option<Result<Entering, NoEntry>> {
        let is_it = |one: &Arc<RunningTemplate>| Arc::ptr_eq(one, template);
        let changed = || {
            let text = "the realm was changed while you authenticated: try again";
            Some(Err((Refusal::Session, WampError::unavailable(text))))
        };
        if !self.templates.iter().any(is_it) || template.parts().number != number {
            return changed();
        }
        match self.by_name.get(name)? {
            realm if realm.template().is_some_and(is_it) => Some(Ok(Entering::new(realm))),
            _ => changed(),
        }
    }

    /// The realms that were made of a template.
    pub(super) fn made_of(&self, template: &Arc<RunningTemplate>) -> Vec<Arc<RunningRealm>> {
        let is_it =
            |realm: &&Arc<RunningRealm>| realm.template().is_some_and(|one| Arc::ptr_eq(one, template));
        self.by_name.values().filter(is_it).cloned().collect()
    }

    /// Takes a realm out, which ends. What is returned is to be dropped when nobody waits for the lock.
    fn remove(&mut self, realm: &Arc<RunningRealm>, end: RealmEnd) -> Option<Arc<RunningRealm>> {
        if let Some(template) = realm.template() {
            template.made.fetch_sub(1, Ordering::Relaxed);
        }
        realm.end(end);
        self.by_name.remove(realm.name())
    }

    /// Whether the change is still what it was prepared as.
    fn allows(&self, change: &RealmChange) -> bool {
        let runs = |realm: &Arc<RunningRealm>| {
            self.by_name.get(realm.name()).is_some_and(|running| Arc::ptr_eq(running, realm))
        };
        let has =
            |template: &Arc<RunningTemplate>| self.templates.iter().any(|one| Arc::ptr_eq(one, template));
        match change {
            RealmChange::Add(realm) => !self.by_name.contains_key(realm.name()),
            RealmChange::Configure(realm, config) => {
                runs(realm) && realm.context.config().number + 1 == config.number
            }
            RealmChange::Stop(realm, _) => runs(realm),
            RealmChange::AddTemplate(template) => {
                !self.templates.iter().any(|one| one.pattern == template.pattern)
            }
            RealmChange::ReplaceTemplate(template, parts, anew) => {
                let is_next = |(realm, config): &MadeAnew| realm.context.config().number + 1 == config.number;
                has(template)
                    && template.parts().number + 1 == parts.number
                    && anew.iter().all(is_next)
                    && self.made_since(slice::from_ref(change)).is_empty()
            }
            RealmChange::RemoveTemplate(template, _) => has(template),
        }
    }
}
