//! Looking whether a configuration has changed: by polling, because links that are swapped, as Kubernetes does it, and files on a network
//! notify nobody.

use serverwamp_config::read_file;
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file whose content is looked at from time to time, with others that it names.
#[derive(Debug)]
pub(super) struct Watched {
    path: PathBuf,
    hasher: RandomState,
    /// What was there when it was last acted upon.
    known: Contents,
    /// What was there at the last look, if that was something else: a file that is being written changes again.
    seen: Option<Contents>,
}

/// The content of each file, as a hash; `None` if it cannot be read.
type Contents = BTreeMap<PathBuf, Option<u64>>;

impl Watched {
    /// Takes the content as known.
    pub(super) fn new(path: &Path) -> Self {
        let (path, hasher) = (path.to_owned(), RandomState::new());
        let mut this = Self { path, hasher, known: Contents::new(), seen: None };
        this.known = this.look(&[]);
        this
    }

    fn look(&self, others: &[PathBuf]) -> Contents {
        // A pipe would keep it waiting for somebody who writes into it.
        let read = |path: &PathBuf| read_file(path).ok().map(|content| self.hasher.hash_one(content));
        [&self.path].into_iter().chain(others).map(|path| (path.clone(), read(path))).collect()
    }

    /// Returns whether there is new content that has not changed since the last look. A file that is gone is nothing new; one of the
    /// others that is gone is.
    pub(super) fn has_changed(&mut self, others: &[PathBuf]) -> bool {
        let now = self.look(others);
        let is_gone = now.get(&self.path).is_none_or(Option::is_none);
        // One that was not named before has been read by what named it.
        let is_other =
            now.iter().any(|(path, content)| self.known.get(path).is_some_and(|old| old != content));
        if is_gone || !is_other {
            if !is_gone {
                self.known = now;
            }
            self.seen = None;
            return false;
        }
        if self.seen.as_ref() != Some(&now) {
            self.seen = Some(now);
            return false;
        }
        self.known = now;
        self.seen = None;
        true
    }

    /// Takes what is there now as known: it has been acted upon for another reason.
    pub(super) fn know(&mut self) {
        self.known = self.look(&[]);
        self.seen = None;
    }
}

/// The shortest time between two looks: a file is read at each.
pub(super) const SHORTEST: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("serverwamp-watch-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn new_content_counts_when_it_has_stayed_for_a_look() {
        let folder = Folder::new("content");
        let path = folder.0.join("file");
        fs::write(&path, "one").unwrap();
        let mut watched = Watched::new(&path);
        assert!(!watched.has_changed(&[]));
        fs::write(&path, "half of tw").unwrap();
        assert!(!watched.has_changed(&[]), "it may be half written");
        fs::write(&path, "two").unwrap();
        assert!(!watched.has_changed(&[]), "it was");
        assert!(watched.has_changed(&[]));
        assert!(!watched.has_changed(&[]), "once");
    }

    #[test]
    fn a_file_that_is_gone_or_written_again_as_it_was_is_nothing_new() {
        let folder = Folder::new("gone");
        let path = folder.0.join("file");
        fs::write(&path, "one").unwrap();
        let mut watched = Watched::new(&path);
        fs::remove_file(&path).unwrap();
        assert!(!watched.has_changed(&[]) && !watched.has_changed(&[]));
        fs::write(&path, "one").unwrap();
        assert!(!watched.has_changed(&[]) && !watched.has_changed(&[]));
    }

    #[test]
    fn a_file_that_is_named_counts_from_its_second_content() {
        let folder = Folder::new("named");
        let (path, users) = (folder.0.join("file"), [folder.0.join("users")]);
        fs::write(&path, "one").unwrap();
        fs::write(&users[0], "joe").unwrap();
        let mut watched = Watched::new(&path);
        assert!(!watched.has_changed(&users) && !watched.has_changed(&users), "what names it has read it");
        fs::write(&users[0], "joe and ann").unwrap();
        assert!(!watched.has_changed(&users));
        assert!(watched.has_changed(&users));
        fs::remove_file(&users[0]).unwrap();
        assert!(!watched.has_changed(&users));
        assert!(watched.has_changed(&users), "somebody has to hear of it");
        assert!(!watched.has_changed(&users), "once");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_elsewhere_is_new_content() {
        let folder = Folder::new("link");
        let path = folder.0.join("file");
        fs::write(folder.0.join("one"), "one").unwrap();
        fs::write(folder.0.join("two"), "two").unwrap();
        std::os::unix::fs::symlink("one", &path).unwrap();
        let mut watched = Watched::new(&path);
        let next = folder.0.join("next");
        std::os::unix::fs::symlink("two", &next).unwrap();
        fs::rename(&next, &path).unwrap();
        assert!(!watched.has_changed(&[]));
        assert!(watched.has_changed(&[]));
    }
}
