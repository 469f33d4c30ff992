//! Users of a file who prove what they have: WAMP-SCRAM and WAMP-cryptosign.

#[cfg(feature = "scram")]
use super::super::scram::scram_like;
use super::super::{AuthId, Authenticator, ChannelBinding};
#[cfg(feature = "cryptosign")]
use super::super::{CryptosignOptions, PublicKey, cryptosign_with};
#[cfg(feature = "scram")]
use super::super::{ScramError, ScramVerifier, Secret};
use super::Credentials;
use super::file::copy_of;
#[cfg(feature = "scram")]
use super::forms::ScramForm;
use crate::Session;

#[cfg(feature = "scram")]
impl Credentials {
    /// An authenticator for WAMP-SCRAM, under both of its names; a channel binding is used by clients that ask for it.
    pub fn scram<S: Send + Sync + 'static>(&self) -> Authenticator<S> {
        self.scram_with(ChannelBinding::default())
    }

    /// As [`scram`](Self::scram); `demand` says whether clients have to bind the authentication to their TLS connection.
    pub fn scram_with<S: Send + Sync + 'static>(&self, demand: ChannelBinding) -> Authenticator<S> {
        let (known, unknown) = (self.clone(), self.clone());
        let handler = move |session: Session, AuthId(authid): AuthId| {
            let users = known.users(&session);
            let user = users.by_authid.get(&authid).and_then(|user| user.scram.as_ref());
            let found = copy_of(user, users.stand_in.scram.as_ref());
            async move { found }
        };
        let offered = self.clone();
        scram_like(demand, handler, move |secret, authid| unknown.nobody_of_scram(secret, authid))
            .offered_when(move |now| !offered.users_at(now).scram.is_empty())
    }

    /// The verifier of an authid that is not in the file, in the form of one that is.
    fn nobody_of_scram(&self, secret: &Secret, authid: &str) -> Result<ScramVerifier, ScramError> {
        let users = self.0.users.load();
        match users.scram.pick(secret, authid) {
            Some(form) => form.nobody(secret, authid),
            None => ScramForm::by_default().nobody(secret, authid),
        }
    }
}

#[cfg(feature = "cryptosign")]
impl Credentials {
    /// An authenticator for WAMP-cryptosign.
    pub fn cryptosign<S: Send + Sync + 'static>(&self) -> Authenticator<S> {
        self.cryptosign_with(CryptosignOptions::default())
    }

    /// As [`cryptosign`](Self::cryptosign), with options: the router's own key, and whether a channel binding is demanded.
    pub fn cryptosign_with<S: Send + Sync + 'static>(&self, options: CryptosignOptions) -> Authenticator<S> {
        let (credentials, offered) = (self.clone(), self.clone());
        let authenticator = cryptosign_with(options, move |session: Session, PublicKey(key): PublicKey| {
            let users = credentials.users(&session);
            let owner = copy_of(users.by_key.get(&key), users.stand_in.principal.as_ref());
            async move { owner }
        });
        authenticator.offered_when(move |now| !offered.users_at(now).by_key.is_empty())
    }
}
