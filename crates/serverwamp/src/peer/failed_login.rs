//! The line of each login that fails: at WARN they are summed up, and who guesses is followed at DEBUG.

use super::{Deciding, Peer};
use crate::base::log::{Whose, line};
use crate::router::auth::ExchangeProgress;
use serverwamp_proto::message;
use std::fmt;

impl Peer {
    /// Logs that a peer whose HELLO is being decided about does not get in.
    pub(super) fn log_failed_login(&self, deciding: &Deciding, why: impl fmt::Display) {
        let whose = Whose::from(&*self.transport).in_session(deciding.session.id());
        let realm = deciding.session.running_realm().name();
        log(realm, Some(deciding.authid()), &deciding.exchange.progress(), whose, why);
    }

    /// The same of one whose realm there is not.
    pub(super) fn log_lost_login(&self, hello: &message::Hello<'_>, why: impl fmt::Display) {
        let realm = hello.realm.as_deref().unwrap_or_default();
        let authid = hello.details.authid.as_deref();
        log(realm, authid, &ExchangeProgress::default(), Whose::from(&*self.transport), why);
    }
}

impl Deciding {
    /// Who the peer is, or claims to be.
    pub(super) fn authid(&self) -> &str {
        match self.session.principal() {
            Some(principal) => principal.authid(),
            None => self.exchange.hello.authid.as_deref().unwrap_or(NOBODY),
        }
    }
}

/// The authid of a peer that claims none.
const NOBODY: &str = "(none)";

fn log(realm: &str, authid: Option<&str>, progress: &ExchangeProgress, whose: Whose, why: impl fmt::Display) {
    let Whose { peer, session } = whose;
    line!(
        DEBUG,
        "auth",
        "a login has failed",
        realm = realm,
        authid = authid.unwrap_or(NOBODY),
        authmethod = progress.method(),
        step = progress.step(),
        why = why;
        session = session,
        peer = peer
    );
}
