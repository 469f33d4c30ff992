//! The ways into a realm: anonymous peers, authenticators, their order.

use super::{Realm, roles};
use crate::api::auth::Authenticator;
use crate::base::error::Problem;
use std::borrow::Cow;
use std::panic::Location;

impl<S: Send + Sync + 'static> Realm<S> {
    /// Lets in peers that prove nothing, with this role and a random authid.
    ///
    /// Only for a peer that asks for `anonymous`, or for no method at all. There is one such role: a second one is an error
    /// of [`build`](crate::ApplicationBuilder::build), as is one that is empty or has white space or control characters in
    /// it.
    #[track_caller]
    pub fn allow_anonymous(mut self, authrole: impl Into<Cow<'static, str>>) -> Self {
        let authrole = authrole.into();
        self.problems.extend(roles::problem(&self.name, &authrole, Location::caller()));
        if let Some(former) = self.anonymous.replace(authrole) {
            let text = format!(
                "realm {:?} already has the role {former:?} for anonymous peers: call `allow_anonymous` once",
                self.name
            );
            self.problems.push(Problem::new(Location::caller(), text));
        }
        self
    }

    /// Declares that no peer may join: the realm is the application's own, which calls, registers, publishes and subscribes
    /// in it through [`RealmHandle`](crate::RealmHandle). Peers get `wamp.error.no_matching_auth_method`.
    ///
    /// Without this, a realm that lets nobody in is an error of [`build`](crate::ApplicationBuilder::build), because
    /// its authentication was probably forgotten; [`Application::connect`](crate::Application::connect) joins like any
    /// other peer.
    ///
    /// ```
    /// use serverwamp::{Application, Realm};
    ///
    /// let app = Application::builder().realm(Realm::new("internal").application_only()).build()?;
    /// app.realm("internal").expect("it was added above").publish("com.example.tick", ())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn application_only(mut self) -> Self {
        self.application_only = true;
        self
    }

    /// Adds a way to authenticate; see [`auth`](crate::auth).
    ///
    /// The client decides which one is taken: the first method in its list that the realm has. A client without a list gets the
    /// transport methods, in the order they were added, then `anonymous`. [`prefer_own_order`](Self::prefer_own_order) changes
    /// that. Each name belongs to one authenticator, and a second one is an error of
    /// [`build`](crate::ApplicationBuilder::build); only transport methods may share a name, and are then asked one after the
    /// other.
    #[track_caller]
    pub fn authenticator(mut self, authenticator: Authenticator<S>) -> Self {
        for name in &authenticator.first().names {
            let rival = |other: &Authenticator<S>| {
                other.first().has(name) && !(other.first().transport && authenticator.first().transport)
            };
            if self.authenticators.iter().any(rival) {
                let text = format!(
                    "realm {:?} already has an authenticator for the method {name:?}; this one would never be asked",
                    self.name
                );
                self.problems.push(Problem::new(Location::caller(), text));
            }
        }
        for name in authenticator.all().flat_map(|names| &names.names) {
            let plain = |character: char| character.is_ascii_graphic() && character != ',';
            if name.is_empty() || !name.chars().all(plain) {
                let text = format!(
                    "realm {:?} has an authenticator for the method {name:?}: the name of a method has one character at \
                     least, of visible ASCII and no comma",
                    self.name
                );
                self.problems.push(Problem::new(Location::caller(), text));
            }
        }
        self.authenticators.push(authenticator);
        self
    }

    /// Lets the realm's order of authenticators decide, and not the client's: of the methods that the client lists, the one
    /// that was added first is taken; `anonymous` comes last.
    ///
    /// For realms whose clients list weak methods before strong ones.
    pub fn prefer_own_order(mut self) -> Self {
        self.prefers_own_order = true;
        self
    }

    /// Keeps sessions when that which let them in [expires](crate::auth::Principal::expires_at).
    ///
    /// By default a session ends then, with GOODBYE `wamp.close.authentication_expired`, whatever calls it has in flight: a
    /// token that was taken back or a person who has left is out after the life of the token.
    pub fn keep_expired_sessions(mut self) -> Self {
        self.keeps_expired = true;
        self
    }

    /// Lets a client bring a new ticket before the one that let it in expires: it calls `serverwamp.session.renew` with the ticket as
    /// its only argument.
    ///
    /// The handler of the method by which the session was authenticated checks it as it does for a new session, and has to
    /// return the same authid and role. The result is the number of seconds until the session expires, or none if it no longer
    /// does; what was there before is never shortened, and the session's identity stays what it was. Anything else is answered
    /// with `wamp.error.authentication_denied`, and the session goes on to its end. A session that was authenticated by a
    /// method without tickets is answered with `wamp.error.feature_not_supported`. A role with permissions needs one to call it.
    ///
    /// It is a procedure because the specification allows AUTHENTICATE only as the answer to a CHALLENGE.
    ///
    /// ```
    /// use serverwamp::auth::{self, AuthId, Principal, Ticket};
    /// use std::time::Duration;
    ///
    /// async fn check(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    ///     let principal = Principal::new(authid).role("customer").expires_in(Duration::from_secs(3600));
    ///     ticket.matches("secret!!!").then_some(principal)
    /// }
    /// # let realm = serverwamp::Realm::<()>::new("secure");
    /// realm.authenticator(auth::ticket(check)).allow_renewal();
    /// ```
    pub fn allow_renewal(mut self) -> Self {
        self.renews = true;
        self
    }

    /// The faults in the realm's authentication, if any.
    pub(super) fn admission_problem(&self) -> Option<Problem> {
        let admits = self.anonymous.is_some() || !self.authenticators.is_empty();
        let never_asked = |one: &Authenticator<S>| one.first().has("anonymous");
        let text = match (admits, self.application_only) {
            (false, false) => format!(
                "realm {:?} lets nobody in: add `.allow_anonymous(role)` or `.authenticator(..)`, or \
                 `.application_only()` if that is meant",
                self.name
            ),
            (true, true) => format!(
                "realm {:?} is `application_only` but lets peers in: remove one of the two",
                self.name
            ),
            _ if self.anonymous.is_some() && self.authenticators.iter().any(never_asked) => format!(
                "realm {:?} allows anonymous peers, and its authenticator for the method \"anonymous\" would never \
                 be asked: leave one of both out",
                self.name
            ),
            _ => return None,
        };
        Some(Problem::new(self.place, text))
    }
}
