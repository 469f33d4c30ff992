//! Looking whether a configuration has changed: by polling, because links that are swapped, as Kubernetes does it, and files on a network
//! notify nobody.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file whose content is looked at from time to time.
#[derive(Debug)]
pub(super) struct Watched {
    path: PathBuf,
    hasher: RandomState,
    /// What was there when it was last acted upon.
    known: Option<u64>,
    /// What was there at the last look, if that was something else: a file that is being written changes again.
    seen: Option<u64>,
}

impl Watched {
    /// Takes the content as known.
    pub(super) fn new(path: &Path) -> Self {
        let mut this = Self { path: path.to_owned(), hasher: RandomState::new(), known: None, seen: None };
        this.known = this.look();
        this
    }

    fn look(&self) -> Option<u64> {
        fs::read(&self.path).ok().map(|content| self.hasher.hash_one(content))
    }

    /// Returns whether there is new content that has not changed since the last look. A file that is gone is nothing new.
    pub(super) fn has_changed(&mut self) -> bool {
        let now = self.look();
        if now.is_none() || now == self.known {
            self.seen = None;
            return false;
        }
        if self.seen != now {
            self.seen = now;
            return false;
        }
        self.known = now;
        self.seen = None;
        true
    }

    /// Takes what is there now as known: it has been acted upon for another reason.
    pub(super) fn know(&mut self) {
        self.known = self.look();
        self.seen = None;
    }
}

/// The shortest time between two looks: a file is read at each.
pub(super) const SHORTEST: Duration = Duration::from_millis(100);

/// The time until the next look, when the configuration does not say to look at all.
pub(super) const IDLE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(!watched.has_changed());
        fs::write(&path, "half of tw").unwrap();
        assert!(!watched.has_changed(), "it may be half written");
        fs::write(&path, "two").unwrap();
        assert!(!watched.has_changed(), "it was");
        assert!(watched.has_changed());
        assert!(!watched.has_changed(), "once");
    }

    #[test]
    fn a_file_that_is_gone_or_written_again_as_it_was_is_nothing_new() {
        let folder = Folder::new("gone");
        let path = folder.0.join("file");
        fs::write(&path, "one").unwrap();
        let mut watched = Watched::new(&path);
        fs::remove_file(&path).unwrap();
        assert!(!watched.has_changed() && !watched.has_changed());
        fs::write(&path, "one").unwrap();
        assert!(!watched.has_changed() && !watched.has_changed());
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
        assert!(!watched.has_changed());
        assert!(watched.has_changed());
    }
}
