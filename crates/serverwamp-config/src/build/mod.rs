//! From settings to what the library runs: realms, authenticators, limits, listeners.
//!
//! In: a configuration that has been read, and the folder of its file. Out: what the library makes of it, or what is wrong with it, each
//! at its place. Invariant: nothing is started or changed here, so that a reload can build everything before it applies anything.

mod assembly;
mod auth;
mod listener;
mod realm;
mod users;

use self::users::KnownUsers;

pub use assembly::{Assembly, Running, Touched, WayIn};
pub use listener::BuiltListener;

use crate::codes;
use crate::mistake::{Mistake, Mistakes};
use crate::model::{self, Config};
use crate::named_file::read_file;
use crate::node::Place;
use crate::values::FilePath;
use serverwamp::auth::Secret;
use serverwamp::{Admin, Realm, RealmTemplate};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// Builds with the files beside a configuration.
#[derive(Debug)]
pub struct Building<'a> {
    folder: &'a Path,
    mistakes: &'a mut Mistakes,
    seen: DefaultHasher,
    /// Who comes into the realm or template that is being built.
    users: Vec<KnownUsers>,
    /// All files that were named so far.
    files: BTreeSet<PathBuf>,
}

/// What one realm or template is built of, to see whether a reload has to replace it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fingerprint(u64);

/// A realm, built, with the settings that it was built of.
#[derive(Debug)]
pub struct BuiltRealm {
    /// What the library gets.
    pub realm: Realm,
    /// The content of the files that it names.
    pub files: Fingerprint,
}

/// The admin interface, built.
#[derive(Debug)]
pub struct BuiltAdmin {
    /// What the library gets, but for what only the program can do.
    pub admin: Admin,
    /// The content of the files that it names.
    pub files: Fingerprint,
}

/// A template, built.
#[derive(Debug)]
pub struct BuiltTemplate {
    /// What the library gets.
    pub template: RealmTemplate,
    /// The content of the files that it names.
    pub files: Fingerprint,
}

impl<'a> Building<'a> {
    /// Relative paths are those of this folder; what is wrong goes to `mistakes`.
    pub fn new(folder: &'a Path, mistakes: &'a mut Mistakes) -> Self {
        let (seen, users, files) = (DefaultHasher::new(), Vec::new(), BTreeSet::new());
        Self { folder, mistakes, seen, users, files }
    }

    /// The secret from which what unknown users see is derived.
    pub fn auth_secret(&mut self, config: &Config) -> Option<Secret> {
        let secret = config.auth_secret.value().as_ref()?;
        self.secret(secret, config.auth_secret.place())
    }

    /// A realm.
    pub fn realm(&mut self, realm: &model::Realm) -> Option<BuiltRealm> {
        self.seen = DefaultHasher::new();
        let before = self.mistakes.errors();
        let built = self.realm_of(realm);
        let files = Fingerprint(self.seen.finish());
        (self.mistakes.errors() == before).then_some(BuiltRealm { realm: built, files })
    }

    /// The admin interface.
    pub fn admin(&mut self, admin: &model::Admin) -> Option<BuiltAdmin> {
        self.seen = DefaultHasher::new();
        let before = self.mistakes.errors();
        let built = self.admin_of(admin);
        let files = Fingerprint(self.seen.finish());
        (self.mistakes.errors() == before).then_some(BuiltAdmin { admin: built, files })
    }

    /// A template.
    pub fn template(&mut self, template: &model::Template) -> Option<BuiltTemplate> {
        self.seen = DefaultHasher::new();
        let before = self.mistakes.errors();
        let built = self.template_of(template);
        let files = Fingerprint(self.seen.finish());
        built.filter(|_| self.mistakes.errors() == before).map(|template| BuiltTemplate { template, files })
    }

    /// The path of a file. Its content is part of what is built of it.
    fn file(&mut self, path: &FilePath) -> PathBuf {
        let path = path.beside(self.folder);
        path.hash(&mut self.seen);
        // Whoever uses the file says what is wrong with it.
        read_file(&path).ok().hash(&mut self.seen);
        self.files.insert(path.clone());
        path
    }

    /// The files that were named.
    fn named(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.files).into_iter().collect()
    }

    /// A secret of the configuration.
    pub fn secret(&mut self, secret: &crate::values::Secret, place: Option<&Place>) -> Option<Secret> {
        if let crate::values::Secret::File(path) = secret {
            self.files.insert(path.beside(self.folder));
        }
        match secret.load(self.folder) {
            Ok(text) => {
                text.hash(&mut self.seen);
                Some(Secret::from(text.as_str()))
            }
            Err(why) => self.unusable(place, why),
        }
    }

    /// Notes that something that the configuration names cannot be used.
    fn unusable<T>(&mut self, place: Option<&Place>, why: impl Display) -> Option<T> {
        self.mistakes.add(unusable(place, why));
        None
    }

    /// The value, or a mistake.
    fn usable<T, E: Display>(&mut self, place: Option<&Place>, value: Result<T, E>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(why) => self.unusable(place, why),
        }
    }
}

/// Something that the configuration names and that cannot be used.
pub fn unusable(place: Option<&Place>, why: impl Display) -> Mistake {
    Mistake::new(&codes::UNUSABLE, why.to_string()).at_if(place)
}

/// What the library refuses although each value is right by itself.
pub fn refused(error: &serverwamp::ConfigError, mistakes: &mut Mistakes) {
    for text in error.texts() {
        mistakes.add(Mistake::new(&codes::REFUSED, text));
    }
}
