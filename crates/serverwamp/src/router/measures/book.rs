//! Which realm counts where.
//!
//! Invariant: a realm has the same counters for as long as it runs, and a realm of a template has them again when it is made anew. So
//! no sum over realms falls when one of them goes.

use super::realm::RealmMeasures;
use super::statistics::RealmStatistics;
use super::uris::MeasuredUris;
use crate::base::locks::{Mutex, MutexGuard};
use serverwamp_proto::pattern::UriPattern;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// The counters of all realms of an application.
#[derive(Debug)]
pub(crate) struct MeasuresBook {
    uris: Arc<[UriPattern]>,
    most_uris: usize,
    most_realms: usize,
    by_realm: Mutex<BTreeMap<Arc<str>, Arc<RealmMeasures>>>,
    others: Arc<RealmMeasures>,
    no_realm: Arc<RealmMeasures>,
}

impl MeasuresBook {
    pub(crate) fn new(uris: Vec<UriPattern>, most_uris: usize, most_realms: usize) -> Self {
        let uris: Arc<[UriPattern]> = uris.into();
        let measures = || Arc::new(RealmMeasures::new(MeasuredUris::new(Arc::clone(&uris), most_uris)));
        Self {
            others: measures(),
            no_realm: measures(),
            uris,
            most_uris,
            most_realms,
            by_realm: Mutex::default(),
        }
    }

    fn by_realm(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<RealmMeasures>>> {
        self.by_realm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counters of connections that have not named a realm, or none that there is.
    pub(crate) const fn of_no_realm(&self) -> &Arc<RealmMeasures> {
        &self.no_realm
    }

    /// The counters of the realm of this name, which runs or is about to.
    pub(crate) fn of(&self, name: &Arc<str>) -> Arc<RealmMeasures> {
        let mut by_realm = self.by_realm();
        if let Some(known) = by_realm.get(name) {
            return Arc::clone(known);
        }
        if by_realm.len() >= self.most_realms || **name == *RealmStatistics::OTHERS {
            return Arc::clone(&self.others);
        }
        let uris = MeasuredUris::new(Arc::clone(&self.uris), self.most_uris);
        let measures = Arc::new(RealmMeasures::new(uris));
        by_realm.insert(Arc::clone(name), Arc::clone(&measures));
        measures
    }

    /// The counters for strangers who ask for a realm of this name, which may not be there: they make no room for it.
    pub(crate) fn of_strangers(&self, name: &str) -> Arc<RealmMeasures> {
        Arc::clone(self.by_realm().get(name).unwrap_or(&self.others))
    }

    /// The realm of this name was added: its counters are shown, also if it was forgotten meanwhile.
    pub(crate) fn remember(&self, name: &Arc<str>, measures: &Arc<RealmMeasures>) {
        if !Arc::ptr_eq(measures, &self.others) {
            self.by_realm().insert(Arc::clone(name), Arc::clone(measures));
        }
    }

    /// The realm of this name was stopped: its counters are not shown any more, and another one has their place.
    pub(crate) fn forget(&self, name: &str) {
        self.by_realm().remove(name);
    }

    /// All counters with the names that they are shown under.
    pub(super) fn all(&self) -> Vec<(String, Arc<RealmMeasures>)> {
        let by_realm = self.by_realm();
        let named = by_realm.iter().map(|(name, measures)| (name.to_string(), Arc::clone(measures)));
        let rest = [("", &self.no_realm), (RealmStatistics::OTHERS, &self.others)];
        named.chain(rest.map(|(name, measures)| (name.to_owned(), Arc::clone(measures)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn realms_beyond_the_limit_have_one_counter_in_common_and_the_first_keep_theirs() {
        let book = MeasuresBook::new(Vec::new(), 1, 2);
        let names: Vec<Arc<str>> = ["a", "b", "c", "d", "other"].map(Into::into).into();
        let [a, b, c, d, other] = [0, 1, 2, 3, 4].map(|index| book.of(&names[index]));
        assert!(!Arc::ptr_eq(&a, &b));
        assert!(Arc::ptr_eq(&c, &d) && Arc::ptr_eq(&c, &other), "they have no counters of their own");
        assert!(Arc::ptr_eq(&book.of(&names[0]), &a));
        assert!(Arc::ptr_eq(&book.of_strangers("x"), &c));
        assert!(Arc::ptr_eq(&book.of_strangers("a"), &a));
        book.forget("a");
        assert!(!Arc::ptr_eq(&book.of(&names[2]), &c), "there is room for another one");
        let shown: Vec<String> = book.all().into_iter().map(|(name, _)| name).collect();
        assert_eq!(shown, ["b", "c", "", "other"]);
    }
}
