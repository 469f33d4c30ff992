//! A peer that has to prove who it is.

use super::PeerRequest;
use crate::peering::Request;
use crate::router::auth::{CraCredential, Exchange, Principal, Secret};
use crate::{Session, WampError};
use serverwamp_proto::auth::{CertificateSubject, SubjectError};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// An authentication method, as the type parameter of [`AuthRequest`].
pub trait Method: Send + Sync + 'static {
    /// The handler's result for a known peer.
    type Credential: Send + 'static;
}

/// Authentication from what the transport knows: cookies, headers, addresses, certificates.
#[derive(Debug)]
pub enum TransportMethod {}
/// A secret that the peer sends as it is.
#[derive(Debug)]
pub enum TicketMethod {}
/// WAMP-CRA: the peer signs a challenge with a secret both sides know.
#[derive(Debug)]
pub enum CraMethod {}
/// WAMP-SCRAM: the peer proves that it knows a password.
#[cfg(feature = "scram")]
#[derive(Debug)]
pub enum ScramMethod {}
/// WAMP-cryptosign: the peer signs a challenge with a private key.
#[cfg(feature = "cryptosign")]
#[derive(Debug)]
pub enum CryptosignMethod {}
/// A dialogue of your own.
#[derive(Debug)]
pub enum CustomMethod {}

impl Method for TransportMethod {
    type Credential = Option<Principal>;
}
impl Method for TicketMethod {
    type Credential = Option<Principal>;
}
impl Method for CraMethod {
    type Credential = Option<CraCredential>;
}
#[cfg(feature = "scram")]
impl Method for ScramMethod {
    type Credential = Option<crate::router::auth::ScramCredential>;
}
#[cfg(feature = "cryptosign")]
impl Method for CryptosignMethod {
    type Credential = Option<Principal>;
}
impl Method for CustomMethod {
    type Credential = Option<Principal>;
}

/// The request to an authenticator's handler: the identity of a peer, by method `M`.
pub struct AuthRequest<M> {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) ticket: Option<Secret>,
    /// The authid in the form in which the method compares it, if that is not the form of HELLO.
    pub(crate) authid: Option<String>,
    /// The public key of cryptosign, or the fingerprint of a client certificate, in hex.
    pub(crate) public_key: Option<String>,
    /// The subject of a client certificate, or why it has none.
    pub(crate) subject: Option<Result<CertificateSubject, SubjectError>>,
    /// The method's name, as CHALLENGE carries it.
    pub(crate) name: Arc<str>,
    pub(crate) method: PhantomData<fn() -> M>,
}

impl<M> AuthRequest<M> {
    pub(crate) fn new(exchange: Arc<Exchange>, name: Arc<str>) -> Self {
        let method = PhantomData;
        Self { exchange, ticket: None, authid: None, public_key: None, subject: None, name, method }
    }
}

impl<M> fmt::Debug for AuthRequest<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthRequest").field("session", &self.exchange.session.id()).finish_non_exhaustive()
    }
}

impl<M: Method> PeerRequest for AuthRequest<M> {
    fn session(&self) -> Option<&Session> {
        Some(&self.exchange.session)
    }
}

impl<M: Method> Request for AuthRequest<M> {
    type Reply = Result<M::Credential, WampError>;

    fn refuse(error: WampError) -> Self::Reply {
        Err(error)
    }
}
