//! Which way leads into a realm, and the walk along it (checklist AUTH-04 .. AUTH-06).
//!
//! The rule: the first method in the client's list that the realm has is taken, in the client's order, or in the realm's where
//! the realm prefers that. A client without a list has the realm's transport methods, then `anonymous`. A transport method that
//! proves nobody leaves the peer to the next one; any other method decides. A method that nobody could pass, because no user has what
//! it asks for, is as if the realm did not have it.

use crate::WampError;
use crate::router::auth::{Denial, Exchange, Principal, RunningAuthenticator};
use crate::router::measures::LoginResult;
use crate::router::realm::{Entrance, RunningRealm};
use crate::transport::websocket::excerpt;
use serverwamp_proto::uris;
use std::sync::Arc;
use std::time::Instant;

const ANONYMOUS: &str = "anonymous";

/// A way into the realm that the client's list allows.
enum Way<'a> {
    Anonymous,
    Methods(&'a RunningAuthenticator),
}

/// The methods that a client lists in HELLO, and when.
struct MethodList(Vec<String>, Instant);

impl MethodList {
    /// The name by which the client asks for the method, if it may be used.
    fn allows(&self, authenticator: &RunningAuthenticator, index: usize) -> Option<Arc<str>> {
        let names = &authenticator.methods.get(index)?.names;
        if !names.offered.at(self.1) {
            return None;
        }
        if self.0.is_empty() {
            return names.transport.then(|| names.own().into());
        }
        self.0.iter().find(|name| names.has(name)).map(|name| name.as_str().into())
    }

    /// The beginning of the list, for people.
    fn offered(&self) -> String {
        if self.0.is_empty() {
            return "none".to_owned();
        }
        excerpt(&self.0.join(", "))
    }

    fn allows_all(&self, authenticator: &RunningAuthenticator) -> bool {
        (0..authenticator.methods.len()).all(|index| self.allows(authenticator, index).is_some())
    }

    /// The place of the way in the client's order, if the list allows it.
    fn place(&self, authenticator: &RunningAuthenticator) -> Option<usize> {
        let first = &authenticator.methods.first()?.names;
        if !self.allows_all(authenticator) {
            return None;
        }
        if self.0.is_empty() {
            return Some(usize::from(first.has(ANONYMOUS)));
        }
        Some(self.0.iter().position(|name| first.has(name)).unwrap_or_default())
    }

    /// The ways that the list allows, in the order in which they are tried.
    fn ways<'a>(&self, entrance: &'a Entrance) -> Vec<Way<'a>> {
        let known = entrance.authenticators.iter();
        let mut ways: Vec<(usize, Way<'a>)> =
            known.filter_map(|one| Some((self.place(one)?, Way::Methods(one)))).collect();
        if entrance.anonymous.is_some() {
            let place =
                if self.0.is_empty() { Some(1) } else { self.0.iter().position(|name| name == ANONYMOUS) };
            ways.extend(place.map(|place| (place, Way::Anonymous)));
        }
        if !entrance.prefers_own_order {
            // Stable: transport methods of one name stay in the realm's order.
            ways.sort_by_key(|(place, _)| *place);
        }
        ways.into_iter().map(|(_, way)| way).collect()
    }
}

/// Authenticates the peer by the ways that both sides know.
pub(super) async fn authenticate(
    realm: &RunningRealm,
    entrance: &Entrance,
    exchange: &Arc<Exchange>,
    methods: Vec<String>,
) -> Result<Principal, Denial> {
    let list = MethodList(methods, realm.context.now());
    for way in list.ways(entrance) {
        match way {
            Way::Anonymous => {
                let Some(anonymous) = &entrance.anonymous else { continue };
                let authid = format!("{:013x}", realm.context.ids.bits() >> 11);
                let principal = Principal::new(authid).role(anonymous.authrole.clone()).provider("static");
                realm.context.measures.logged_in(ANONYMOUS, LoginResult::Accepted);
                return Ok(principal.proved_by(ANONYMOUS.into()));
            }
            Way::Methods(authenticator) => {
                let passed = pass_counted(authenticator, exchange, &list).await;
                let passed = passed.and_then(refuse_expired);
                count_login(realm, authenticator, &passed);
                if let Some(principal) = passed? {
                    return Ok(principal);
                }
            }
        }
    }
    realm.context.measures.logged_in("none", LoginResult::Denied);
    Err(no_way(entrance, &list))
}

fn refuse_expired(principal: Option<Principal>) -> Result<Option<Principal>, Denial> {
    match principal {
        Some(one) if one.time_left().is_some_and(|left| left.is_zero()) => {
            Err(Denial::denied("what proves the identity has expired"))
        }
        other => Ok(other),
    }
}

/// Counts what became of the attempt, unless the transport proved nobody.
fn count_login(
    realm: &RunningRealm,
    authenticator: &RunningAuthenticator,
    passed: &Result<Option<Principal>, Denial>,
) {
    let result = match passed {
        Ok(Some(_)) => LoginResult::Accepted,
        Ok(None) => return,
        Err(denial) if denial.is_denied() => LoginResult::Denied,
        Err(_) => LoginResult::Failed,
    };
    match authenticator.methods.as_slice() {
        [only] => realm.context.measures.logged_in(only.names.own(), result),
        several => {
            let names: Vec<&str> = several.iter().map(|method| method.names.own()).collect();
            realm.context.measures.logged_in(&names.join("+"), result);
        }
    }
}

/// The same as [`pass`], counted: a transport proves an identity without a claim, and has no secret that can be guessed by and by.
async fn pass_counted(
    authenticator: &RunningAuthenticator,
    exchange: &Arc<Exchange>,
    list: &MethodList,
) -> Result<Option<Principal>, Denial> {
    let passed = pass(authenticator, exchange, list).await;
    if authenticator.methods.iter().any(|method| !method.names.transport) {
        exchange.judged(&passed);
    }
    passed
}

/// Passes the methods one after the other; all have to prove the same authid.
async fn pass(
    authenticator: &RunningAuthenticator,
    exchange: &Arc<Exchange>,
    list: &MethodList,
) -> Result<Option<Principal>, Denial> {
    let mut proved: Option<Principal> = None;
    for (index, method) in authenticator.methods.iter().enumerate() {
        let Some(name) = list.allows(authenticator, index) else { return Ok(None) };
        exchange.begin(&name);
        let principal = match (method.dialogue)(Arc::clone(exchange), Arc::clone(&name)).await? {
            Some(principal) => principal.proved_by(name.to_string().into()),
            None if index == 0 && method.names.transport => return Ok(None),
            None => return Err(Denial::denied("the method identifies nobody")),
        };
        proved = Some(match proved {
            Some(earlier) if earlier.authid() == principal.authid() => principal.after(&earlier),
            Some(_) => return Err(Denial::denied("two methods in a row proved different authids")),
            None => principal,
        });
    }
    Ok(proved)
}

/// What the realm takes is no secret, and who comes with a cookie that has expired has to learn what to do.
fn no_way(entrance: &Entrance, list: &MethodList) -> Denial {
    let offered = list.offered();
    let several = |one: &RunningAuthenticator| {
        one.methods.iter().map(|method| method.names.own()).collect::<Vec<_>>().join(" and then ")
    };
    let is_offered =
        |one: &&RunningAuthenticator| one.methods.iter().all(|method| method.names.offered.at(list.1));
    let mut taken: Vec<String> = entrance.authenticators.iter().filter(is_offered).map(several).collect();
    if entrance.anonymous.is_some() {
        taken.push(ANONYMOUS.to_owned());
    }
    taken.dedup();
    let taken = if taken.is_empty() { "nothing".to_owned() } else { taken.join(", ") };
    let looks = entrance.authenticators.iter().filter_map(|one| one.methods.first());
    // A page that is not logged in is to know that it is that, and not a method, that is missing.
    let text = if looks.into_iter().any(|first| first.names.transport) {
        format!(
            "this connection is not logged in: nothing that came with it (cookie, header, certificate) identifies \
             anybody to this realm, and the realm accepts none of the offered authentication methods ({offered}); it \
             accepts: {taken}"
        )
    } else {
        format!(
            "the realm accepts none of the offered authentication methods ({offered}); it accepts: {taken}"
        )
    };
    WampError::new(uris::error::NO_MATCHING_AUTH_METHOD).arg(text).into()
}
