//! Many short texts in one piece of memory.
//!
//! A list of names is as long as its sender likes, so a name costs its bytes and four more, and no allocation of its own.

use std::fmt;

use crate::footprint::allocation;

/// A list of names, such as the authids that are not to receive a publication.
///
/// ```
/// use serverwamp_proto::message::Names;
///
/// let names: Names = ["joe", "jane"].into_iter().collect();
/// assert_eq!(names.len(), 2);
/// assert!(names.contains("jane") && !names.contains("jan"));
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Names {
    text: String,
    /// The end of each name.
    ends: Vec<u32>,
}

impl Names {
    /// Adds a name behind the others. Of more than 4 GiB of names the rest is left out.
    pub fn push(&mut self, name: &str) {
        if let Ok(end) = u32::try_from(self.text.len() + name.len()) {
            self.text.push_str(name);
            self.ends.push(end);
        }
    }

    /// The number of entries.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The names in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|place| self.at(place))
    }

    /// Returns whether the name is one of them; looks at each.
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|one| one == name)
    }

    /// The same names in the order of their texts, and no more memory than they need.
    #[must_use]
    pub fn sorted(&self) -> Self {
        let mut names: Vec<&str> = self.iter().collect();
        names.sort_unstable();
        let mut sorted =
            Self { text: String::with_capacity(self.text.len()), ends: Vec::with_capacity(self.ends.len()) };
        names.into_iter().for_each(|name| sorted.push(name));
        sorted
    }

    /// Returns whether the name is one of them, which are [`sorted`](Self::sorted).
    pub fn contains_sorted(&self, name: &str) -> bool {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            match self.at(middle).cmp(name) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        false
    }

    /// The bytes of memory that they take beside the list itself.
    pub fn bytes(&self) -> usize {
        allocation(self.text.capacity()) + allocation(self.ends.capacity() * size_of::<u32>())
    }

    fn at(&self, place: usize) -> &str {
        let end = |place: usize| self.ends.get(place).map_or(0, |end| *end as usize);
        let start = place.checked_sub(1).map_or(0, end);
        self.text.get(start..end(place)).unwrap_or_default()
    }
}

impl<T: AsRef<str>> Extend<T> for Names {
    fn extend<I: IntoIterator<Item = T>>(&mut self, names: I) {
        names.into_iter().for_each(|name| self.push(name.as_ref()));
    }
}

impl<T: AsRef<str>> FromIterator<T> for Names {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        let mut list = Self::default();
        list.extend(names);
        list
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_were_added_empty_ones_too() {
        let names: Names = ["b", "", "a", "b"].into_iter().collect();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["b", "", "a", "b"]);
        assert!(names.contains("") && names.contains("a") && !names.contains("ba"));
        let sorted = names.sorted();
        assert_eq!(sorted.iter().collect::<Vec<_>>(), ["", "a", "b", "b"]);
        assert!(["", "a", "b"].iter().all(|name| sorted.contains_sorted(name)));
        assert!(["0", "aa", "c"].iter().all(|name| !sorted.contains_sorted(name)));
        assert!(!Names::default().contains_sorted("") && Names::default().is_empty());
    }

    #[test]
    fn a_name_costs_its_bytes_and_four_more() {
        let names: Names = (0..1000).map(|number| format!("{number:04}")).collect();
        assert_eq!(names.sorted().bytes(), 2 * allocation(4000));
    }
}
