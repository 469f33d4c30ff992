//! The dialogue between an authenticator and a peer: CHALLENGE, AUTHENTICATE, as often as it takes.
//!
//! The authenticator's future and the connection that carries its messages are polled by the same task; the mailbox
//! between them holds at most one message in each direction.

use super::{Claim, Denial, ExchangeProgress, Principal};
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::statistics::Refusal;
use crate::router::session::RouterSession;
use crate::rt::after;
use crate::{Session, WampError};
use serverwamp_proto::codec::{Dict, Value};
use std::future::poll_fn;
use std::sync::{Arc, PoisonError};
use std::task::Poll;

/// The peer's data for an authenticator, and its mailbox.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) session: Session,
    pub(crate) hello: ReceivedHello,
    mailbox: Mutex<Mailbox>,
}

/// The claims in HELLO, kept for authenticators.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReceivedHello {
    pub(crate) authid: Option<String>,
    pub(crate) authextra: Dict,
}

#[derive(Debug, Default)]
struct Mailbox {
    outgoing: Option<ExchangeStep>,
    incoming: Option<AuthenticateAnswer>,
    /// The name of the method that is tried, as the peer calls it.
    method: Option<Arc<str>>,
    /// How many CHALLENGEs of this method the peer was sent, and how many it answered.
    challenges: u32,
    answers: u32,
    /// The attempt has had to wait for its turn no longer than was due, and is being judged.
    has_turn: bool,
}

/// A CHALLENGE that waits to be sent.
#[derive(Debug)]
pub(crate) struct ExchangeStep {
    pub(crate) method: String,
    pub(crate) extra: Dict,
}

/// The peer's answer to a CHALLENGE.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthenticateAnswer {
    /// The signature: a ticket, a MAC, whatever the method says.
    pub signature: super::Secret,
    /// `Extra`.
    pub extra: Dict,
}

impl Exchange {
    pub(crate) fn new(session: Arc<RouterSession>, hello: ReceivedHello) -> Self {
        Self { session: Session::new(session), hello, mailbox: Mutex::default() }
    }

    /// An exchange with the peer of a session, which has answered the one CHALLENGE before it is made.
    pub(crate) fn renewal(session: Arc<RouterSession>, secret: super::Secret) -> Self {
        let hello = ReceivedHello { authid: Some(session.authid().to_owned()), authextra: Dict::new() };
        let exchange = Self::new(session, hello);
        exchange.answer(AuthenticateAnswer { signature: secret, extra: Dict::new() });
        exchange
    }

    pub(crate) async fn challenge(&self, method: &str, extra: Dict) -> AuthenticateAnswer {
        self.ask(ExchangeStep { method: method.to_owned(), extra });
        // The connection polls this future again after each AUTHENTICATE: there is nobody else to wake it.
        let answer = poll_fn(|_| self.mailbox().incoming.take().map_or(Poll::Pending, Poll::Ready)).await;
        self.take_turn().await;
        answer
    }

    /// Waits because of failures before, once in an exchange. It is behind AUTHENTICATE, so that answers which were collected over many
    /// connections are not looked at all at once.
    async fn take_turn(&self) {
        let Some(claim) = self.claim().filter(|_| !self.mailbox().has_turn) else { return };
        let session = self.session.inner();
        let context = &session.running_realm().context;
        let mut has_waited = false;
        while let Err(wait) = context.slowdown.take_turn(claim, has_waited, context.now()) {
            if wait.because_of_failures && !has_waited {
                let (authid, time) = (claim.authid, wait.time);
                let why =
                    format!("authid {authid}: an attempt waits {time:?} at least because of failures before");
                context.counters.refused(Refusal::LoginDelayed, &**session, &why);
            }
            has_waited = true;
            context.runtime.sleep_until(after(context.now(), wait.time)).await;
        }
        self.mailbox().has_turn = true;
    }

    /// The attempt was judged, whatever came of it.
    pub(crate) fn judged(&self, proved: &Result<Option<Principal>, Denial>) {
        let Some(claim) = self.claim() else { return };
        let context = &self.session.inner().running_realm().context;
        match proved {
            Ok(Some(_)) => context.slowdown.passed(claim),
            Err(denial) if denial.is_denied() => context.slowdown.failed(claim, context.now()),
            Ok(None) | Err(_) => {}
        }
        self.give_turn_back();
    }

    fn give_turn_back(&self) {
        let had_turn = std::mem::take(&mut self.mailbox().has_turn);
        if let Some(claim) = self.claim().filter(|_| had_turn) {
            self.session.inner().running_realm().context.slowdown.judged(claim);
        }
    }

    fn ask(&self, step: ExchangeStep) {
        let mut mailbox = self.mailbox();
        mailbox.outgoing = Some(step);
        mailbox.challenges += 1;
    }

    /// The realm's secret, from which salts for names that nobody has derive.
    pub(crate) fn server_secret(&self) -> &super::Secret {
        &self.session.inner().running_realm().context.auth_secret
    }

    /// Whom the peer claims to be, if it claims an authid.
    pub(crate) fn claim(&self) -> Option<Claim<'_>> {
        let session = self.session.inner();
        Some(Claim {
            realm: session.running_realm().name(),
            address: session.transport().peer_address.map(|address| address.ip()),
            authid: self.hello.authid.as_deref()?,
        })
    }

    pub(crate) fn take_challenge(&self) -> Option<ExchangeStep> {
        self.mailbox().outgoing.take()
    }

    pub(crate) fn answer(&self, answer: AuthenticateAnswer) {
        let mut mailbox = self.mailbox();
        mailbox.incoming = Some(answer);
        mailbox.answers += 1;
    }

    /// A method is tried from here on, under this name.
    pub(crate) fn begin(&self, method: &Arc<str>) {
        let mut mailbox = self.mailbox();
        (mailbox.challenges, mailbox.answers) = (0, 0);
        mailbox.method = Some(Arc::clone(method));
    }

    /// The method and the step that the authentication has come to.
    pub(crate) fn progress(&self) -> ExchangeProgress {
        let mailbox = self.mailbox();
        ExchangeProgress {
            method: mailbox.method.clone(),
            challenges: mailbox.challenges,
            answers: mailbox.answers,
        }
    }

    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // The peer has left while it was judged.
        self.give_turn_back();
    }
}

/// The dialogue of a [`custom`](crate::auth::custom) authenticator.
///
/// ```
/// use serverwamp::WampError;
/// use serverwamp::auth::{self, AuthExchange, Principal};
///
/// async fn two_questions(exchange: AuthExchange) -> Result<Principal, WampError> {
///     let first = exchange.challenge([("question", "colour")]).await;
///     let second = exchange.challenge([("question", "animal")]).await;
///     if first.signature.matches("blue") & second.signature.matches("cat") {
///         Ok(Principal::new("joe").role("customer"))
///     } else {
///         Err(WampError::authentication_denied("authentication denied"))
///     }
/// }
/// # serverwamp::Realm::<()>::new("secure").authenticator(auth::custom("questions", two_questions));
/// ```
#[derive(Clone, Debug)]
pub struct AuthExchange {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) method: Arc<str>,
}

impl AuthExchange {
    /// Sends a CHALLENGE with `extra` and waits for the peer's AUTHENTICATE.
    ///
    /// A peer that does not answer within [`Limits::authenticate_timeout`](crate::Limits::authenticate_timeout) is
    /// aborted, and this future dropped.
    pub async fn challenge<K, V>(&self, extra: impl IntoIterator<Item = (K, V)>) -> AuthenticateAnswer
    where
        K: Into<String>,
        V: Into<Value>,
    {
        let mut dict = Dict::new();
        for (key, value) in extra {
            dict.insert(key.into(), value.into());
        }
        self.exchange.challenge(&self.method, dict).await
    }

    /// The authid the peer asked for in HELLO, not proved yet.
    pub fn authid(&self) -> Option<&str> {
        self.exchange.hello.authid.as_deref()
    }

    /// `authextra` of HELLO.
    pub fn authextra(&self) -> &Dict {
        &self.exchange.hello.authextra
    }

    /// The session that is being authenticated.
    pub fn session(&self) -> &Session {
        &self.exchange.session
    }
}

impl WampError {
    /// `wamp.error.authentication_failed`: the authenticator itself could not do its work.
    pub fn authentication_failed(text: impl Into<String>) -> Self {
        Self::new(serverwamp_proto::uris::error::AUTHENTICATION_FAILED).arg(text.into())
    }
}
