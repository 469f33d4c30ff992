//! Prefixes of a text, found in one walk along it: a radix trie over bytes.
//!
//! Every node but the root carries a value or has at least two children, so the trie never holds more than twice as many
//! nodes as prefixes, and a lookup costs what the text is long, whatever is stored.

/// Values keyed by text, looked up by what they are a prefix of.
#[derive(Clone, Debug)]
pub(super) struct PrefixTrie<T> {
    root: Node<T>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Node<T> {
    /// The bytes between the parent and this node; empty for the root only.
    label: Box<[u8]>,
    value: Option<T>,
    /// Sorted by the first byte of their labels, which differ.
    children: Vec<Self>,
}

impl<T> PrefixTrie<T> {
    pub(super) fn new() -> Self {
        Self { root: Node::leaf(&[], None), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, text: &str, value: T) -> Option<T> {
        let mut node = &mut self.root;
        let mut rest = text.as_bytes();
        while let Some(&first) = rest.first() {
            match node.position(first) {
                Err(index) => {
                    node.children.insert(index, Node::leaf(rest, Some(value)));
                    self.len += 1;
                    return None;
                }
                Ok(index) => {
                    node = &mut node.children[index];
                    let common = common_length(&node.label, rest);
                    if common < node.label.len() {
                        node.split(common);
                    }
                    rest = &rest[common..];
                }
            }
        }
        let old = node.value.replace(value);
        self.len += usize::from(old.is_none());
        old
    }

    pub(super) fn get(&self, text: &str) -> Option<&T> {
        let (node, rest) = self.walk(text, |_| {});
        if rest.is_empty() { node.value.as_ref() } else { None }
    }

    pub(super) fn get_mut(&mut self, text: &str) -> Option<&mut T> {
        let mut node = &mut self.root;
        let mut rest = text.as_bytes();
        while let Some(&first) = rest.first() {
            let index = node.position(first).ok()?;
            node = &mut node.children[index];
            rest = rest.strip_prefix(&*node.label)?;
        }
        node.value.as_mut()
    }

    pub(super) fn remove(&mut self, text: &str) -> Option<T> {
        let removed = self.root.remove(text.as_bytes())?;
        self.len -= 1;
        Some(removed)
    }

    /// The value of the longest prefix of `text`.
    pub(super) fn longest(&self, text: &str) -> Option<&T> {
        let mut longest = None;
        self.all(text, |value| longest = Some(value));
        longest
    }

    /// Shows the values of all prefixes of `text`, from the shortest on.
    pub(super) fn all<'s>(&'s self, text: &str, visit: impl FnMut(&'s T)) {
        if self.len > 0 {
            self.walk(text, visit);
        }
    }

    pub(super) fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s T)) {
        let mut open = vec![&self.root];
        while let Some(node) = open.pop() {
            node.value.iter().for_each(&mut *visit);
            open.extend(&node.children);
        }
    }

    /// Goes down as far as `text` leads; returns the last node reached and what is left of the text.
    fn walk<'s, 't>(&'s self, text: &'t str, mut visit: impl FnMut(&'s T)) -> (&'s Node<T>, &'t [u8]) {
        let mut node = &self.root;
        let mut rest = text.as_bytes();
        loop {
            node.value.iter().for_each(&mut visit);
            let Some(&first) = rest.first() else { return (node, rest) };
            let Ok(index) = node.position(first) else { return (node, rest) };
            let child = &node.children[index];
            let Some(after) = rest.strip_prefix(&*child.label) else { return (node, rest) };
            node = child;
            rest = after;
        }
    }
}

impl<T> Node<T> {
    fn leaf(label: &[u8], value: Option<T>) -> Self {
        Self { label: label.into(), value, children: Vec::new() }
    }

    /// The index of the child whose label starts with `first`, or the index at which to insert it.
    fn position(&self, first: u8) -> Result<usize, usize> {
        self.children.binary_search_by(|child| child.label.first().cmp(&Some(&first)))
    }

    /// Cuts the label after `at` bytes; the former node becomes the only child.
    fn split(&mut self, at: usize) {
        let lower = Self {
            label: self.label[at..].into(),
            value: self.value.take(),
            children: std::mem::take(&mut self.children),
        };
        self.label = self.label[..at].into();
        self.children.push(lower);
    }

    fn remove(&mut self, rest: &[u8]) -> Option<T> {
        let Some(&first) = rest.first() else { return self.value.take() };
        let index = self.position(first).ok()?;
        let child = &mut self.children[index];
        let removed = child.remove(rest.strip_prefix(&*child.label)?)?;
        if child.value.is_none() {
            match child.children.len() {
                0 => drop(self.children.remove(index)),
                1 => child.absorb_only_child(),
                _ => {}
            }
        }
        Some(removed)
    }

    fn absorb_only_child(&mut self) {
        if let Some(lower) = self.children.pop() {
            self.label = [&*self.label, &*lower.label].concat().into();
            self.value = lower.value;
            self.children = lower.children;
        }
    }
}

fn common_length(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
