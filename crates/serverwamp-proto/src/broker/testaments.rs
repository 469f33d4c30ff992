//! Testaments of a session: publications that are made after its end.
//!
//! There are two buckets, for the loss of the connection and for the end of the session. Without resumption both moments
//! are one, and the buckets are still apart: they are flushed one by one, and published in this order. Spec: advanced,
//! "Session Testament".

/// When a testament is published.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Scope {
    /// When the session loses its connection.
    Detached,
    /// When the session is gone for good: the default.
    #[default]
    Destroyed,
}

impl Scope {
    /// The scope that a word on the wire names.
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "detached" => Some(Self::Detached),
            "destroyed" => Some(Self::Destroyed),
            _ => None,
        }
    }
}

/// The testaments of one session; `T` is a publication to be made.
#[derive(Clone, Debug)]
pub struct Testaments<T> {
    detached: Vec<T>,
    destroyed: Vec<T>,
}

impl<T> Testaments<T> {
    /// No testaments.
    pub const fn new() -> Self {
        Self { detached: Vec::new(), destroyed: Vec::new() }
    }

    /// Adds a testament behind those of its scope.
    pub fn add(&mut self, scope: Scope, testament: T) {
        self.bucket(scope).push(testament);
    }

    /// The number of testaments in both scopes.
    pub fn len(&self) -> usize {
        self.detached.len() + self.destroyed.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops the testaments of one scope, and says how many there were.
    pub fn flush(&mut self, scope: Scope) -> usize {
        std::mem::take(self.bucket(scope)).len()
    }

    /// Takes all of them, in the order in which they are published: detached, then destroyed, each as they were added.
    pub fn take_all(&mut self) -> Vec<T> {
        let mut all = std::mem::take(&mut self.detached);
        all.append(&mut self.destroyed);
        all
    }

    const fn bucket(&mut self, scope: Scope) -> &mut Vec<T> {
        match scope {
            Scope::Detached => &mut self.detached,
            Scope::Destroyed => &mut self.destroyed,
        }
    }
}

impl<T> Default for Testaments<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(testaments: &[(Scope, &'static str)]) -> Testaments<&'static str> {
        let mut all = Testaments::default();
        for (scope, testament) in testaments {
            all.add(*scope, *testament);
        }
        all
    }

    #[test]
    fn test_01_scopes_have_their_words_and_destroyed_is_meant_by_default() {
        assert_eq!(Scope::from_text("detached"), Some(Scope::Detached));
        assert_eq!(Scope::from_text("destroyed"), Some(Scope::Destroyed));
        assert_eq!(Scope::default(), Scope::Destroyed);
        for wrong in ["", "x", "Detached", "destroyed "] {
            assert_eq!(Scope::from_text(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn test_04_testaments_of_a_scope_come_in_the_order_added() {
        for scope in [Scope::Detached, Scope::Destroyed] {
            assert_eq!(of(&[(scope, "1"), (scope, "2"), (scope, "3")]).take_all(), ["1", "2", "3"]);
        }
    }

    #[test]
    fn test_05_detached_comes_before_destroyed_however_they_were_added() {
        let mut all = of(&[(Scope::Destroyed, "D1"), (Scope::Detached, "T1"), (Scope::Destroyed, "D2")]);
        assert_eq!(all.len(), 3);
        assert_eq!(all.take_all(), ["T1", "D1", "D2"]);
        assert!(all.is_empty());
        assert!(all.take_all().is_empty());
    }

    #[test]
    fn test_07_flushing_clears_its_own_bucket_only() {
        let testaments = [(Scope::Destroyed, "D1"), (Scope::Detached, "T1"), (Scope::Destroyed, "D2")];
        let mut all = of(&testaments);
        assert_eq!(all.flush(Scope::Destroyed), 2);
        assert_eq!(all.flush(Scope::Destroyed), 0);
        assert_eq!(all.take_all(), ["T1"]);
        let mut all = of(&testaments);
        assert_eq!(all.flush(Scope::Detached), 1);
        assert_eq!(all.take_all(), ["D1", "D2"]);
    }
}
