//! Wildcard patterns, found component by component: a trie with one branch for "anything".
//!
//! Literal branches are tried first, which yields the matches in the order in which they win. A search never visits more
//! nodes than the trie has, so its cost is bounded by what was registered.

use hashbrown::HashMap;

/// Values keyed by wildcard pattern, looked up by the URIs the patterns match.
#[derive(Clone, Debug)]
pub(super) struct WildcardTrie<T> {
    root: Node<T>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Node<T> {
    value: Option<T>,
    literal: HashMap<Box<str>, Self>,
    open: Option<Box<Self>>,
}

impl<T> WildcardTrie<T> {
    pub(super) fn new() -> Self {
        Self { root: Node::new(), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, text: &str, value: T) -> Option<T> {
        let mut node = &mut self.root;
        for component in text.split('.') {
            node = match component {
                "" => node.open.get_or_insert_with(|| Box::new(Node::new())),
                literal => node.literal.entry(literal.into()).or_insert_with(Node::new),
            };
        }
        let old = node.value.replace(value);
        self.len += usize::from(old.is_none());
        old
    }

    pub(super) fn get(&self, text: &str) -> Option<&T> {
        text.split('.').try_fold(&self.root, Node::child)?.value.as_ref()
    }

    pub(super) fn get_mut(&mut self, text: &str) -> Option<&mut T> {
        text.split('.').try_fold(&mut self.root, Node::child_mut)?.value.as_mut()
    }

    pub(super) fn remove(&mut self, text: &str) -> Option<T> {
        let removed = self.root.remove(Some(text))?;
        self.len -= 1;
        Some(removed)
    }

    /// The value of the pattern that wins for `uri`.
    pub(super) fn best(&self, uri: &str) -> Option<&T> {
        if self.len == 0 { None } else { self.root.first(Some(uri)) }
    }

    /// Shows the values of all patterns that match `uri`, the winner first.
    pub(super) fn all<'s>(&'s self, uri: &str, mut visit: impl FnMut(&'s T)) {
        if self.len > 0 {
            self.root.all(Some(uri), &mut visit);
        }
    }

    pub(super) fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s T)) {
        let mut unseen = vec![&self.root];
        while let Some(node) = unseen.pop() {
            node.value.iter().for_each(&mut *visit);
            unseen.extend(node.literal.values());
            unseen.extend(node.open.as_deref());
        }
    }
}

impl<T> Node<T> {
    fn new() -> Self {
        Self { value: None, literal: HashMap::new(), open: None }
    }

    fn is_empty(&self) -> bool {
        self.value.is_none() && self.literal.is_empty() && self.open.is_none()
    }

    fn child(&self, component: &str) -> Option<&Self> {
        match component {
            "" => self.open.as_deref(),
            literal => self.literal.get(literal),
        }
    }

    fn child_mut(&mut self, component: &str) -> Option<&mut Self> {
        match component {
            "" => self.open.as_deref_mut(),
            literal => self.literal.get_mut(literal),
        }
    }

    /// The first match in winning order; `rest` is `None` once all components are used up.
    fn first(&self, rest: Option<&str>) -> Option<&T> {
        let Some(rest) = rest else { return self.value.as_ref() };
        let (component, rest) = next_component(rest);
        let literal = self.literal.get(component).and_then(|node| node.first(rest));
        literal.or_else(|| self.open.as_ref()?.first(rest))
    }

    fn all<'s>(&'s self, rest: Option<&str>, visit: &mut dyn FnMut(&'s T)) {
        let Some(rest) = rest else { return self.value.iter().for_each(visit) };
        let (component, rest) = next_component(rest);
        if let Some(node) = self.literal.get(component) {
            node.all(rest, visit);
        }
        if let Some(node) = &self.open {
            node.all(rest, visit);
        }
    }

    /// Takes the value out and drops the branches that led nowhere else.
    fn remove(&mut self, rest: Option<&str>) -> Option<T> {
        let Some(rest) = rest else { return self.value.take() };
        let (component, rest) = next_component(rest);
        let child = self.child_mut(component)?;
        let removed = child.remove(rest)?;
        if child.is_empty() {
            match component {
                "" => self.open = None,
                literal => drop(self.literal.remove(literal)),
            }
        }
        Some(removed)
    }
}

fn next_component(text: &str) -> (&str, Option<&str>) {
    match text.split_once('.') {
        Some((component, rest)) => (component, Some(rest)),
        None => (text, None),
    }
}
