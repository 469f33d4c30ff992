//! Wildcard patterns, found by the components of the URIs they match.
//!
//! Patterns of as many components stand together. For each place there is the set of those that are open there, and one for
//! each literal component. Where one of a URI's components leaves few candidates, as most do, these are compared one by
//! one. Otherwise the sets are intersected, 64 patterns at a time: that is what bounds the cost of patterns that were made
//! to be alike in all but one place, which a walk along a trie would visit one after the other.

use std::sync::Arc;

use hashbrown::HashMap;

use super::components_agree;
use super::slots::{Bits, Slots, each};

/// Up to this many candidates it is cheaper to look at each.
const FEW: usize = 32;

/// Values keyed by wildcard pattern, looked up by the URIs the patterns match.
#[derive(Clone, Debug)]
pub(super) struct WildcardTable<T> {
    places: HashMap<Arc<str>, (usize, u32)>,
    /// By the number of components.
    groups: HashMap<usize, Group<T>>,
}

/// The patterns of one number of components.
#[derive(Clone, Debug)]
struct Group<T> {
    entries: Vec<Option<(Arc<str>, T)>>,
    free: Vec<u32>,
    /// Where each is literal, the first place in the highest bit: of two that match, the greater one wins. Places beyond the
    /// sixty-fourth are compared in the texts.
    ranks: Vec<u64>,
    components: Vec<Component>,
}

/// One component of a pattern.
#[derive(Clone, Debug, Default)]
struct Component {
    open: Bits,
    literal: HashMap<Box<str>, Slots>,
}

impl<T> WildcardTable<T> {
    pub(super) fn new() -> Self {
        Self { places: HashMap::new(), groups: HashMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn insert(&mut self, text: &str, value: T) -> Option<T> {
        if let Some(old) = self.get_mut(text) {
            return Some(std::mem::replace(old, value));
        }
        let length = text.split('.').count();
        let text: Arc<str> = text.into();
        let group = self.groups.entry(length).or_insert_with(|| Group::new(length));
        let slot = group.insert(Arc::clone(&text), value);
        self.places.insert(text, (length, slot));
        None
    }

    pub(super) fn get(&self, text: &str) -> Option<&T> {
        let (length, slot) = self.places.get(text)?;
        self.groups.get(length)?.value(*slot)
    }

    pub(super) fn get_mut(&mut self, text: &str) -> Option<&mut T> {
        let (length, slot) = self.places.get(text)?;
        let entry = self.groups.get_mut(length)?.entries.get_mut(*slot as usize)?;
        entry.as_mut().map(|(_, value)| value)
    }

    pub(super) fn remove(&mut self, text: &str) -> Option<T> {
        let (length, slot) = self.places.remove(text)?;
        let group = self.groups.get_mut(&length)?;
        let removed = group.remove(slot);
        if group.is_empty() {
            self.groups.remove(&length);
        }
        if self.places.is_empty() {
            *self = Self::new();
        }
        removed
    }

    /// The value of the pattern that wins for `uri`.
    pub(super) fn best(&self, uri: &str) -> Option<&T> {
        if self.places.is_empty() {
            return None;
        }
        let group = self.groups.get(&uri.split('.').count())?;
        let mut best: Option<u32> = None;
        group.matching(uri, &mut |slot| {
            best = Some(best.map_or(slot, |best| if group.wins(slot, best) { slot } else { best }));
        });
        group.value(best?)
    }

    /// Shows the values of all patterns that match `uri`, the winner first.
    pub(super) fn all<'s>(&'s self, uri: &str, visit: impl FnMut(&'s T)) {
        if self.places.is_empty() {
            return;
        }
        let Some(group) = self.groups.get(&uri.split('.').count()) else { return };
        let mut found = Vec::new();
        group.matching(uri, &mut |slot| found.push(slot));
        found.sort_unstable_by(|a, b| group.order(*b, *a));
        found.into_iter().filter_map(|slot| group.value(slot)).for_each(visit);
    }

    pub(super) fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s T)) {
        let entries = self.groups.values().flat_map(|group| &group.entries);
        entries.flatten().for_each(|(_, value)| visit(value));
    }
}

impl<T> Group<T> {
    fn new(length: usize) -> Self {
        let components = (0..length).map(|_| Component::default()).collect();
        Self { entries: Vec::new(), free: Vec::new(), ranks: Vec::new(), components }
    }

    fn is_empty(&self) -> bool {
        self.free.len() == self.entries.len()
    }

    fn value(&self, slot: u32) -> Option<&T> {
        self.entries.get(slot as usize)?.as_ref().map(|(_, value)| value)
    }

    fn text(&self, slot: u32) -> &str {
        self.entries.get(slot as usize).and_then(Option::as_ref).map_or("", |(text, _)| text)
    }

    fn insert(&mut self, text: Arc<str>, value: T) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.ranks.push(0);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        let mut rank = 0;
        for (place, (component, set)) in text.split('.').zip(&mut self.components).enumerate() {
            if component.is_empty() {
                set.open.insert(slot);
                continue;
            }
            rank |= u64::try_from(place)
                .ok()
                .and_then(|place| (1_u64 << 63).checked_shr(u32::try_from(place).ok()?))
                .unwrap_or(0);
            match set.literal.get_mut(component) {
                Some(slots) => slots.insert(slot),
                None => set.literal.entry(component.into()).or_insert_with(Slots::new).insert(slot),
            }
        }
        if let (Some(entry), Some(place)) =
            (self.entries.get_mut(slot as usize), self.ranks.get_mut(slot as usize))
        {
            *entry = Some((text, value));
            *place = rank;
        }
        slot
    }

    fn remove(&mut self, slot: u32) -> Option<T> {
        let (text, value) = self.entries.get_mut(slot as usize)?.take()?;
        for (component, set) in text.split('.').zip(&mut self.components) {
            if component.is_empty() {
                set.open.remove(slot);
            } else if let Some(slots) = set.literal.get_mut(component) {
                slots.remove(slot);
                if slots.len() == 0 {
                    set.literal.remove(component);
                }
            }
        }
        self.free.push(slot);
        Some(value)
    }

    /// Shows the places of all patterns that match a URI of as many components.
    fn matching(&self, uri: &str, visit: &mut dyn FnMut(u32)) {
        let literal =
            |(component, set): (&str, &'_ Component)| set.literal.get(component).map_or(0, Slots::len);
        let candidates = |pair: (&str, &Component)| pair.1.open.len() + literal(pair);
        let places = || uri.split('.').zip(&self.components);
        let Some((component, set)) = places().min_by_key(|pair| candidates(*pair)) else { return };
        if candidates((component, set)) <= FEW {
            let mut look = |slot| {
                let agree = |pattern: &str, given: &str| pattern.is_empty() || pattern == given;
                if components_agree(self.text(slot), uri, agree) {
                    visit(slot);
                }
            };
            if let Some(slots) = set.literal.get(component) {
                slots.visit(&mut look);
            }
            if set.open.len() > 0 {
                set.open.iter().for_each(look);
            }
            return;
        }
        let words = self.entries.len().div_ceil(64);
        let mut all = vec![u64::MAX; words];
        let mut here = vec![0; words];
        for (component, set) in places() {
            let open = set.open.words();
            here.fill(0);
            here.iter_mut().zip(open).for_each(|(word, open)| *word = *open);
            if let Some(slots) = set.literal.get(component) {
                slots.mark(&mut here);
            }
            all.iter_mut().zip(&here).for_each(|(all, here)| *all &= here);
        }
        each(&all).for_each(visit);
    }

    fn wins(&self, one: u32, other: u32) -> bool {
        self.order(one, other).is_gt()
    }

    /// The rank of a pattern: of two that match the same URI, the greater wins.
    fn order(&self, one: u32, other: u32) -> std::cmp::Ordering {
        let rank = |slot: u32| self.ranks.get(slot as usize);
        rank(one).cmp(&rank(other)).then_with(|| {
            let literal = |slot| self.text(slot).split('.').map(|component| !component.is_empty());
            literal(one).cmp(literal(other))
        })
    }
}
