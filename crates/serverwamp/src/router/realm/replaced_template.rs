//! A template that is replaced: every realm that the former one has made gets a configuration of the new one.
//!
//! They are made before the table of realms is locked, because code of the application makes them. Invariant: no realm of the template
//! is left as the former one has made it, also if it was made while the others were prepared.

use super::registry::RealmTable;
use super::{MadeAnew, RealmChange, RunningRealm};
use crate::base::limits::Limits;
use hashbrown::HashMap;
use std::sync::Arc;

impl RealmTable {
    /// The realms that templates have made since it was prepared to replace these.
    pub(super) fn made_since(&self, changes: &[RealmChange]) -> Vec<Arc<RunningRealm>> {
        let mut made = Vec::new();
        for change in changes {
            let RealmChange::ReplaceTemplate(template, _, anew) = change else { continue };
            let known: HashMap<&str, &Arc<RunningRealm>> =
                anew.iter().map(|(realm, _): &MadeAnew| (&**realm.name(), realm)).collect();
            let is_new = |realm: &Arc<RunningRealm>| {
                known.get(&**realm.name()).is_none_or(|known| !Arc::ptr_eq(known, realm))
            };
            made.extend(self.made_of(template).into_iter().filter(is_new));
        }
        made
    }
}

impl RealmChange {
    /// Gives realms that were made meanwhile of a template that is replaced their configurations as well. Of one for which none is made
    /// the caller finds that it was made meanwhile.
    pub(super) fn make_anew(&mut self, realms: &[Arc<RunningRealm>], limits: &Limits) {
        let Self::ReplaceTemplate(template, parts, anew) = self else { return };
        let own = |realm: &&Arc<RunningRealm>| {
            realm.template().is_some_and(|made_of| Arc::ptr_eq(made_of, template))
        };
        // Others of the same name may have gone.
        let gone = |realm: &Arc<RunningRealm>| realm.ended().is_some();
        anew.retain(|(realm, _)| !gone(realm));
        let realms = realms.iter().filter(own).cloned();
        anew.extend(realms.filter_map(|realm| parts.make_anew(realm, limits).ok()));
    }
}
