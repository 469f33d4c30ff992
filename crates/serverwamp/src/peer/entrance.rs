//! Which realm a HELLO leads to, and the move from the anteroom of a template into its realm.

use super::{Peer, Phase, handshake};
use crate::WampError;
use crate::router::realm::{Destination, NoEntry, RunningRealm};
use crate::router::session::{CloseReason, RouterSession};
use crate::transport::websocket::excerpt;
use serverwamp_proto::pattern::Match;
use serverwamp_proto::uri::UriRules;
use serverwamp_proto::uris;
use std::sync::Arc;

impl Peer {
    /// The realm a HELLO leads to (checklist SES-10, SES-11, URI-08).
    pub(super) fn way(&self, name: &str) -> Result<Destination, WampError> {
        if self.allowed.allows(name)
            && let Some(destination) = self.app.realms.enter(name)
        {
            return Ok(destination);
        }
        let no_such_realm = || {
            WampError::new(uris::error::NO_SUCH_REALM).arg(format!("there is no realm {:?}", excerpt(name)))
        };
        if name.is_empty() {
            return Err(no_such_realm());
        }
        UriRules::loose().check(name, Match::Exact).map_err(|error| {
            WampError::new(uris::error::INVALID_URI).arg(format!("realm {:?}: {error}", excerpt(name)))
        })?;
        self.app.realms.enter_unknown(name, &self.allowed).ok_or_else(no_such_realm)
    }

    /// A session of this peer, which nobody knows yet.
    pub(super) fn new_session(&self, realm: &Arc<RunningRealm>) -> Arc<RouterSession> {
        RouterSession::new(
            realm.new_session_id(),
            Arc::clone(realm),
            self.serializer,
            Arc::clone(&self.transport),
            self.outbox.clone(),
            Arc::clone(&self.app.runtime),
        )
    }

    /// Whoever was authenticated in the anteroom of a template moves into the realm, which is made if need be, and is decided about
    /// there. Says whether anybody moved.
    ///
    /// # Errors
    /// When there is no realm for it.
    pub(super) fn move_in(&mut self) -> Result<bool, NoEntry> {
        let Phase::Deciding(deciding) = &mut self.phase else { return Ok(false) };
        let Some(template) = deciding.template.take() else { return Ok(false) };
        let anteroom = Arc::clone(&deciding.session);
        let number = anteroom.running_realm().context.config().number;
        let entering = self.app.realms.enter_or_make((&template, number), anteroom.running_realm().name())?;
        let realm = entering.realm();
        let session = self.new_session(realm);
        let config = realm.context.kept_config();
        session.take_over(&anteroom, &config);
        anteroom.end_quietly(CloseReason::Closed(uris::close::CLOSE_REALM.to_owned()));
        let Phase::Deciding(deciding) = &mut self.phase else { return Ok(false) };
        deciding.session = Arc::clone(&session);
        deciding.decision = Box::pin(handshake::accompany(session, config, self.app.connections.clone()));
        deciding.entering = Some(entering);
        Ok(true)
    }
}
