//! Which parts of a configuration could not be read as they are written. What is missing there may stand in the file after all.

use crate::mistake::Mistakes;
use crate::node::{Node, Place, Source, Value};
use std::ops::Range;

/// The parts that have mistakes of reading.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    /// All: the file is not TOML, or a variable could not be read.
    everything: bool,
    listeners: Part,
    realms: Part,
}

/// The listeners, or the realms and templates.
#[derive(Debug, Default)]
struct Part {
    /// Whether there is any, readable or not.
    written: bool,
    /// The bytes of each that has a mistake.
    spoilt: Vec<Range<usize>>,
}

impl Doubt {
    pub(super) fn new(root: &Node, mistakes: &Mistakes) -> Self {
        let mut doubt = Self::default();
        let Value::Table(entries) = &root.value else { return doubt };
        let mut parts: Vec<(bool, Range<usize>)> = Vec::new();
        for entry in entries {
            let listens = entry.key == "listen";
            if !listens && entry.key != "realm" && entry.key != "template" {
                continue;
            }
            let part = if listens { &mut doubt.listeners } else { &mut doubt.realms };
            part.written = true;
            match &entry.node.value {
                Value::List(items) => parts.extend(items.iter().map(|item| (listens, extent(item)))),
                _ => parts.push((listens, extent(&entry.node))),
            }
        }
        for mistake in mistakes.iter().filter(|mistake| !mistake.code().is_warning()) {
            let place = mistake.place();
            let Some(Place { source: Source::File, span }) = place else {
                doubt.everything = true;
                continue;
            };
            if mistake.code() == &crate::codes::SYNTAX {
                doubt.everything = true;
            }
            for (listens, extent) in parts.iter().filter(|(_, extent)| extent.contains(&span.start)) {
                let part = if *listens { &mut doubt.listeners } else { &mut doubt.realms };
                part.spoilt.push(extent.clone());
            }
        }
        doubt
    }

    /// Whether all listeners are as they are written.
    pub(super) fn knows_listeners(&self) -> bool {
        !self.everything && self.listeners.spoilt.is_empty()
    }

    /// Whether all realms and templates are as they are written.
    pub(super) fn knows_realms(&self) -> bool {
        !self.everything && self.realms.spoilt.is_empty()
    }

    /// Whether a realm or template is written, be it readable or not.
    pub(super) const fn has_realms(&self) -> bool {
        self.everything || self.realms.written
    }

    /// Whether the listener, realm or template at this place is as it is written.
    pub(super) fn knows(&self, place: Option<&Place>) -> bool {
        let mut ranges = self.realms.spoilt.iter().chain(&self.listeners.spoilt);
        !self.everything && place.is_none_or(|place| !ranges.any(|range| range.contains(&place.span.start)))
    }
}

/// The bytes from the first to the last of a tree. A table that is written in several places has what stands between them too.
fn extent(node: &Node) -> Range<usize> {
    let mut extent = node.place.span.clone();
    let mut widen = |other: &Range<usize>| {
        extent = extent.start.min(other.start)..extent.end.max(other.end);
    };
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| widen(&self::extent(item))),
        Value::Table(entries) => entries.iter().for_each(|entry| {
            widen(&entry.place.span);
            widen(&self::extent(&entry.node));
        }),
        _ => {}
    }
    extent
}
