//! Several values: lists, tables of names, and values that may be absent.

use crate::changes::Change;
use crate::codes;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::reading::{At, NodeRef, Reading, Setting};
use crate::shape::Shape;
use crate::values::Text;
use std::marker::PhantomData;

impl<T: Setting> Setting for Option<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        T::read(node, reading).map(Some)
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "none".to_owned(), Setting::show)
    }

    fn compare(&self, next: &Self, change: &Change, changes: &mut Vec<Change>) {
        match (self, next) {
            (Some(this), Some(next)) => this.compare(next, change, changes),
            (None, Some(next)) => changes.push(change.added(next.show())),
            (Some(this), None) => changes.push(change.removed(this.show())),
            (None, None) => {}
        }
    }
}

impl<T: Setting> Setting for Vec<At<T>> {
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }

    /// Those that can be read; a list of which one is wrong has the others.
    fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let items = match &node.0.value {
            Value::List(items) => items,
            Value::Table(_) => {
                let title = format!("expected {}, found a table", Self::shape().words());
                let mistake = Mistake::new(&codes::WRONG_TYPE, title).at(node.0.place.clone());
                return reading
                    .mistake(mistake.help("each table of a list has two brackets, as in `[[realm]]`"));
            }
            _ => return reading.wrong_type(node, &Self::shape()),
        };
        let read = items.iter().filter_map(|item| {
            let value = T::read(&NodeRef(item), reading)?;
            Some(At::new(value, Some(item.place.clone())))
        });
        Some(read.collect())
    }

    fn show(&self) -> String {
        let items: Vec<String> = self.iter().map(|item| item.show()).collect();
        format!("[{}]", items.join(", "))
    }

    /// Those with a name are compared by it, in whatever order; all others as a whole.
    fn compare(&self, next: &Self, change: &Change, changes: &mut Vec<Change>) {
        let named = |list: &Self| list.iter().map(|item| item.identity()).collect::<Option<Vec<_>>>();
        let (Some(names), Some(next_names)) = (named(self), named(next)) else {
            if self != next {
                changes.push(change.replaced(self.show(), next.show()));
            }
            return;
        };
        for (item, name) in self.iter().zip(&names) {
            match next.iter().zip(&next_names).find(|(_, other)| *other == name) {
                Some((other, _)) => item.compare(other, &change.element(name).within(), changes),
                None => changes.push(change.element(name).removed(item.show())),
            }
        }
        for (item, name) in next.iter().zip(&next_names).filter(|(_, name)| !names.contains(name)) {
            changes.push(change.element(name).added(item.show()));
        }
    }
}

/// One value, or a list of some.
#[derive(Clone, Debug, PartialEq)]
pub struct OneOrMore<T>(Vec<At<T>>);

impl<T> OneOrMore<T> {
    /// One.
    pub fn one(value: T) -> Self {
        Self(vec![At::default_of(value)])
    }

    /// Each.
    pub fn iter(&self) -> impl Iterator<Item = &At<T>> {
        self.0.iter()
    }
}

impl<T: Setting> Setting for OneOrMore<T> {
    fn shape() -> Shape {
        Shape::Either(vec![T::shape(), Shape::List(Box::new(T::shape()))])
    }

    fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        match &node.0.value {
            Value::List(items) if items.is_empty() => {
                reading.wrong_value(node, "expected one at least, found none")
            }
            Value::List(_) => Vec::read(node, reading).map(Self),
            _ => {
                let value = T::read(node, reading)?;
                Some(Self(vec![At::new(value, Some(node.0.place.clone()))]))
            }
        }
    }

    fn show(&self) -> String {
        match self.0.as_slice() {
            [one] => one.show(),
            _ => self.0.show(),
        }
    }
}

/// Values by name, in the order of the file. A name is what `N` is.
#[derive(Clone, Debug)]
pub struct Named<T, N = Text>(Vec<(String, At<T>)>, PhantomData<N>);

impl<T, N> Named<T, N> {
    /// None.
    pub const fn none() -> Self {
        Self(Vec::new(), PhantomData)
    }

    /// Each with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &At<T>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&At<T>> {
        self.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// In whatever order.
impl<T: PartialEq, N> PartialEq for Named<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl<T: Setting, N: Setting> Setting for Named<T, N> {
    fn shape() -> Shape {
        Shape::Map { names: Box::new(N::shape()), each: Box::new(T::shape()) }
    }

    fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let entries = reading.table(node, &Self::shape())?;
        let read = entries.iter().filter_map(|entry| {
            let name = Node { value: Value::Text(entry.key.clone()), place: entry.place.clone() };
            // What is wrong with the value is told too when the name is wrong.
            let name_is_right = N::read(&NodeRef(&name), reading).is_some();
            let value = T::read(&NodeRef(&entry.node), reading).filter(|_| name_is_right)?;
            // The name says more than the value, which may be long.
            Some((entry.key.clone(), At::new(value, Some(entry.place.clone()))))
        });
        Some(Self(read.collect(), PhantomData))
    }

    fn show(&self) -> String {
        let shown: Vec<String> =
            self.iter().map(|(name, value)| format!("{name:?} = {}", value.show())).collect();
        if shown.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", shown.join(", ")) }
    }

    fn compare(&self, next: &Self, change: &Change, changes: &mut Vec<Change>) {
        for (name, value) in self.iter() {
            match next.get(name) {
                Some(other) => value.compare(other, &change.named(name), changes),
                None => changes.push(change.named(name).removed(value.show())),
            }
        }
        for (name, value) in next.iter().filter(|(name, _)| self.get(name).is_none()) {
            changes.push(change.named(name).added(value.show()));
        }
    }
}
