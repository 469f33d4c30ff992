//! Authorizers whose answers are drawn: the same question of the same role gets the same answer, now at once, now a little later.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use serverwamp::request::{Question, Verdict};
use serverwamp::{Action, Allowance, Match, Realm, Session};

use super::roles::{Deed, Extras, ROLES};
use super::{Kind, Numbers};

/// By which numbers the answers are drawn, if there is an authorizer.
#[derive(Clone, Debug, Default)]
pub(super) struct Authorizers {
    realm: Option<u64>,
    roles: Vec<(&'static str, u64)>,
}

impl Authorizers {
    /// One of the realm, some of roles, or both; never none.
    pub(super) fn random(numbers: &mut Numbers) -> Self {
        let mut seed = || u64::try_from(numbers.below(1 << 30)).unwrap_or(0);
        let (realm, which) = (seed(), seed());
        let roles = ROLES.into_iter().enumerate().filter(|(at, _)| which >> at & 1 == 1);
        let roles: Vec<_> = roles.map(|(_, role)| (role, seed())).collect();
        let realm = (which & 8 == 8 || roles.is_empty()).then_some(realm);
        Self { realm, roles }
    }

    /// The authorizer of a role, or else the realm's.
    pub(super) fn of(&self, role: &str) -> Option<u64> {
        let own = self.roles.iter().find(|(name, _)| *name == role).map(|(_, seed)| *seed);
        own.or(self.realm)
    }

    /// What it says, if there is one.
    pub(super) fn decide(&self, role: &str, deed: Deed, kind: Kind, uri: &str) -> Option<Extras> {
        answer(self.of(role)?, role, deed, kind, uri)
    }

    /// The realm with these authorizers. The one that watches the play may do everything.
    pub(super) fn enter(&self, realm: Realm) -> Realm {
        let handler = |seed: u64| {
            move |question: Question, session: Session| async move {
                let role = session.authrole();
                if role == "admin" {
                    return Verdict::allow();
                }
                let (deed, kind, uri) =
                    (deed(question.action()), kind(question.match_policy()), question.uri());
                let drawn = draw(seed, role, deed, kind, uri);
                if drawn & 48 == 48 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                } else if drawn & 16 == 16 {
                    tokio::task::yield_now().await;
                }
                let verdict = match answer(seed, role, deed, kind, uri) {
                    None => Verdict::deny(),
                    Some(Extras { disclose, retain }) => {
                        Verdict::allow().with(Allowance { disclose, retain, ..Allowance::FULL })
                    }
                };
                if drawn & 64 == 64 { verdict.cache_for(Duration::from_millis(20)) } else { verdict }
            }
        };
        let realm = match self.realm {
            Some(seed) => realm.authorizer(handler(seed)),
            None => realm,
        };
        self.roles.iter().fold(realm, |realm, (role, seed)| realm.role_authorizer(*role, handler(*seed)))
    }
}

/// A third of what is asked for is denied.
fn answer(seed: u64, role: &str, deed: Deed, kind: Kind, uri: &str) -> Option<Extras> {
    let drawn = draw(seed, role, deed, kind, uri);
    (!drawn.is_multiple_of(3)).then_some(Extras { disclose: drawn & 384 > 0, retain: drawn & 1536 > 0 })
}

fn draw(seed: u64, role: &str, deed: Deed, kind: Kind, uri: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, role, deed, kind.word(), uri).hash(&mut hasher);
    hasher.finish()
}

fn deed(action: Action) -> Deed {
    match action {
        Action::Call => Deed::Call,
        Action::Register => Deed::Register,
        Action::Publish => Deed::Publish,
        Action::Subscribe => Deed::Subscribe,
    }
}

fn kind(policy: Match) -> Kind {
    match policy {
        Match::Exact => Kind::Exact,
        Match::Prefix => Kind::Prefix,
        Match::Wildcard => Kind::Wildcard,
    }
}
