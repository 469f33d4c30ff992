//! Who may look: tokens that are used once, and the cookies that browsers get for them.
//!
//! Invariants: a token gives one cookie, and then nothing; both are compared in constant time; of each there is a bounded number, and
//! the oldest gives way. A token may have a time after which it gives nothing. All end with the program: nothing is written down.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq as _;

/// The most tokens that wait to be used: a person has one link or two.
const MOST_TOKENS: usize = 16;
/// The most browsers that are logged in.
const MOST_COOKIES: usize = 64;

/// Who a browser is for the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Visitor {
    /// The authid of its sessions.
    pub authid: String,
    /// The role of its sessions.
    pub role: String,
}

/// 256 random bits, written as 64 hexadecimal digits.
type Secret = String;

/// The tokens and cookies of one console.
#[derive(Debug, Default)]
pub(crate) struct Logins(Mutex<Open>);

#[derive(Default)]
struct Open {
    tokens: VecDeque<(Secret, Pass)>,
    cookies: VecDeque<(Secret, Visitor)>,
}

/// What a token is good for.
struct Pass {
    visitor: Visitor,
    /// When it was made, and how long it is worth something; without that as long as the program runs.
    time: Option<(Instant, Duration)>,
}

impl Pass {
    fn is_in_time(&self) -> bool {
        self.time.is_none_or(|(made, within)| made.elapsed() < within)
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open")
            .field("tokens", &self.tokens.len())
            .field("cookies", &self.cookies.len())
            .finish()
    }
}

impl Logins {
    /// A token for this visitor, to be used `within` this time, if there is one.
    pub(crate) fn token(
        &self,
        visitor: Visitor,
        within: Option<Duration>,
    ) -> Result<Secret, getrandom::Error> {
        let token = secret()?;
        #[expect(clippy::disallowed_methods, reason = "this crate has no runtime, and nobody waits for it")]
        let time = within.map(|within| (Instant::now(), within));
        keep(&mut self.open().tokens, MOST_TOKENS, token.clone(), Pass { visitor, time });
        Ok(token)
    }

    /// The cookie that a token is exchanged for. `None` if there is no such token, it has been used, or its time is over.
    pub(crate) fn exchange(&self, token: &str) -> Result<Option<Secret>, getrandom::Error> {
        let cookie = secret()?;
        let mut open = self.open();
        let Some(at) = position(&open.tokens, token) else { return Ok(None) };
        let Some((_, pass)) = open.tokens.remove(at) else { return Ok(None) };
        if !pass.is_in_time() {
            return Ok(None);
        }
        let visitor = pass.visitor;
        keep(&mut open.cookies, MOST_COOKIES, cookie.clone(), visitor);
        Ok(Some(cookie))
    }

    /// Who a cookie is.
    pub(crate) fn visitor(&self, cookie: &str) -> Option<Visitor> {
        let open = self.open();
        open.cookies.get(position(&open.cookies, cookie)?).map(|(_, visitor)| visitor.clone())
    }

    /// Forgets a cookie.
    pub(crate) fn forget(&self, cookie: &str) {
        let mut open = self.open();
        if let Some(at) = position(&open.cookies, cookie) {
            open.cookies.remove(at);
        }
    }

    /// Forgets all cookies, and all tokens that wait.
    pub(crate) fn forget_all(&self) {
        *self.open() = Open::default();
    }

    /// Every state of the lists is a valid one, also behind a panic.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep<T>(list: &mut VecDeque<(Secret, T)>, most: usize, secret: Secret, one: T) {
    list.push_back((secret, one));
    if list.len() > most {
        list.pop_front();
    }
}

/// Looks at all, so that the time tells nothing about those that are there.
fn position<T>(list: &VecDeque<(Secret, T)>, wanted: &str) -> Option<usize> {
    let mut found = None;
    for (at, (secret, _)) in list.iter().enumerate() {
        if bool::from(secret.as_bytes().ct_eq(wanted.as_bytes())) {
            found = Some(at);
        }
    }
    found
}

fn secret() -> Result<Secret, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody(authid: &str) -> Visitor {
        Visitor { authid: authid.to_owned(), role: "operator".to_owned() }
    }

    #[test]
    fn a_token_gives_one_cookie() {
        let logins = Logins::default();
        let token = logins.token(somebody("ann"), None).unwrap();
        assert_eq!(token.len(), 64);
        let cookie = logins.exchange(&token).unwrap().unwrap();
        assert_ne!(cookie, token);
        assert_eq!(logins.exchange(&token).unwrap(), None, "it was used");
        assert_eq!(logins.visitor(&cookie), Some(somebody("ann")));
        assert_eq!(logins.visitor(&token), None);
        logins.forget(&cookie);
        assert_eq!(logins.visitor(&cookie), None);
    }

    #[test]
    fn the_oldest_gives_way() {
        let logins = Logins::default();
        let first = logins.token(somebody("first"), None).unwrap();
        let others: Vec<Secret> =
            (0..MOST_TOKENS).map(|_| logins.token(somebody("other"), None).unwrap()).collect();
        assert_eq!(logins.exchange(&first).unwrap(), None);
        for token in &others {
            assert!(logins.exchange(token).unwrap().is_some());
        }
    }

    #[test]
    fn a_token_that_is_too_old_gives_nothing() {
        let logins = Logins::default();
        let late = logins.token(somebody("ann"), Some(Duration::ZERO)).unwrap();
        let soon = logins.token(somebody("bob"), Some(Duration::MAX)).unwrap();
        assert_eq!(logins.exchange(&late).unwrap(), None);
        let cookie = logins.exchange(&soon).unwrap().unwrap();
        assert_eq!(logins.visitor(&cookie), Some(somebody("bob")));
    }

    #[test]
    fn all_are_forgotten_at_once() {
        let logins = Logins::default();
        let used = logins.token(somebody("ann"), None).unwrap();
        let waiting = logins.token(somebody("bob"), None).unwrap();
        let cookie = logins.exchange(&used).unwrap().unwrap();
        logins.forget_all();
        assert_eq!((logins.visitor(&cookie), logins.exchange(&waiting).unwrap()), (None, None));
    }

    #[test]
    fn no_secret_is_told_to_a_log() {
        let logins = Logins::default();
        let token = logins.token(somebody("ann"), None).unwrap();
        let told = format!("{logins:?}");
        assert!(told.contains("tokens: 1") && !told.contains(&token), "{told}");
    }
}
