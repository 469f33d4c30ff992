//! Who was let in before a reload and would not be now: their sessions end with it.
//!
//! In: the users whom a configuration, or a file that it names, lists. Out: whether a session stays. Invariant: by its provider it is known
//! which list a session is of; who was let in by what cannot be looked up again, such as a token, stays.

use serverwamp::auth::{Credentials, Principal};
use serverwamp::{Realm, Session};
use std::collections::HashMap;
use std::sync::Arc;

/// Who somebody is, by what was shown.
pub(super) type Owners = Arc<HashMap<String, Principal>>;

/// The providers of those who are listed.
pub(super) const FILE: &str = "file";
pub(super) const CERTIFICATE: &str = "certificate";
pub(super) const UNIX: &str = "unix";
pub(super) const HEADER: &str = "header";

const PROVIDERS: [&str; 4] = [FILE, CERTIFICATE, UNIX, HEADER];

/// Users who are listed somewhere.
#[derive(Clone, Debug)]
pub(super) enum KnownUsers {
    /// In a file of their own.
    File(Credentials),
    /// In the configuration, with this provider.
    Listed(&'static str, Owners),
    /// All of this provider have this role.
    All(&'static str, String),
}

impl KnownUsers {
    fn have(&self, session: &Session, provider: &str) -> bool {
        let same =
            |owner: &Principal| (owner.authid(), owner.authrole()) == (session.authid(), session.authrole());
        match self {
            Self::File(file) => file.still_has(session),
            Self::Listed(of, owners) => *of == provider && owners.values().any(same),
            Self::All(of, role) => *of == provider && role == session.authrole(),
        }
    }
}

/// The realm which, when it takes the place of another one, ends the sessions of users who are not listed any more, or with another role.
pub(super) fn keeping(realm: Realm, users: &[KnownUsers]) -> Realm {
    let users = users.to_vec();
    realm.keep_sessions(move |session| {
        let provider = session.principal().map_or("", Principal::authprovider);
        !PROVIDERS.contains(&provider) || users.iter().any(|known| known.have(session, provider))
    })
}
