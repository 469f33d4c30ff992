//! HELLO … CHALLENGE … WELCOME: who the peer is, and whether it may come in.
//!
//! The decision is one future that the connection polls; it is dropped with the connection. Its order: `on_connect`
//! handlers, authenticators, `on_join` handlers. Whatever says no, the peer gets ABORT.

use super::authenticate::authenticate;
use super::{Deciding, Open, Peer, Phase, calls::Calls, undecided::UndecidedRequests};
use crate::WampError;
use crate::base::log::{Whose, line};
use crate::base::signal::Signal;
use crate::base::statistics::Refusal;
use crate::router::auth::{AuthenticateAnswer, Denial, Exchange, Principal, ReceivedHello, Secret};
use crate::router::broker::LastMatches;
use crate::router::measures::JoinResult;
use crate::router::realm::{Destination, GivenAnswers, Handlers, NoEntry, RealmConfig, RunningRealm};
use crate::router::request::{ConnectRequest, JoinRequest, SessionRequest};
use crate::router::session::pending::{Admission, SessionReply};
use crate::router::session::{self, CloseReason, RouterSession};
use crate::router::supervise;
use crate::router::wire;
use futures_util::FutureExt;
use serverwamp_proto::message;
use serverwamp_proto::session::ClientRoles;
use serverwamp_proto::uris;
use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

impl Peer {
    pub(super) fn join(&mut self, hello: &message::Hello<'_>, roles: ClientRoles) {
        let (realm, entering, template) = match self.way(hello.realm.as_deref().unwrap_or_default()) {
            Ok(Destination::Realm(entering)) => (Arc::clone(entering.realm()), Some(entering), None),
            Ok(Destination::Template(anteroom, template)) => (anteroom, None, Some(template)),
            Err(error) => {
                self.app.counters.refused(Refusal::Session, &*self.transport, &error);
                self.log_lost_login(hello, &error);
                self.measures = Self::measures_of_nobody(&self.app);
                self.count_join(JoinResult::NoSuchRealm);
                return self.refuse(&error);
            }
        };
        self.count_for(&realm);
        let session = self.new_session(&realm);
        session.announce(roles);
        let details = &hello.details;
        let known = ReceivedHello {
            authid: details.authid.clone(),
            authextra: wire::dict(details.authextra.as_ref()),
        };
        let exchange = Arc::new(Exchange::new(Arc::clone(&session), known));
        let proof = match &self.known {
            Some(principal) => Proof::Known(principal.clone()),
            None => Proof::Methods(details.authmethods.clone().unwrap_or_default()),
        };
        let decision = Box::pin(decide(realm, Arc::clone(&exchange), proof, self.app.connections.clone()));
        let agent = details.agent.clone();
        self.phase = Phase::Deciding(Box::new(Deciding {
            session,
            entering,
            template,
            exchange,
            decision,
            challenged: false,
            agent,
        }));
        self.arm(self.limits.authenticate_timeout);
        self.poll_at_once();
    }

    pub(super) fn authenticate(&mut self, answer: message::Authenticate<'_>) {
        let Phase::Deciding(deciding) = &mut self.phase else { return };
        deciding.challenged = false;
        let extra = wire::dict(Some(&answer.extra));
        let signature = match answer.signature {
            // The copy without escapes is overwritten.
            Cow::Owned(text) => Secret::from(text),
            Cow::Borrowed(text) => Secret::from(text),
        };
        deciding.exchange.answer(AuthenticateAnswer { signature, extra });
        self.poll_at_once();
    }

    /// Most decisions are ready at once; the connection polls those that are not right after this, with its waker.
    fn poll_at_once(&mut self) {
        self.poll_decision(&mut Context::from_waker(Waker::noop()));
    }

    /// Drives the decision, sends the challenges it makes, and acts on its end.
    pub(super) fn poll_decision(&mut self, cx: &mut Context<'_>) {
        let Phase::Deciding(deciding) = &mut self.phase else { return };
        match deciding.decision.as_mut().poll(cx) {
            Poll::Ready(Ok(())) => match self.move_in() {
                Ok(true) => self.poll_decision(cx),
                Ok(false) => self.let_in(),
                Err((refusal, error)) => self.not_let_in(refusal, &error.into()),
            },
            Poll::Ready(Err(NotLetIn { refusal, denial })) => self.not_let_in(refusal, &denial),
            Poll::Pending => {
                if let Some(step) = deciding.exchange.take_challenge() {
                    deciding.challenged = true;
                    self.machine.challenged();
                    self.send(&wire::challenge(self.serializer, &step.method, &step.extra));
                }
            }
        }
    }

    /// The decision is a yes, and holds unless the realm has changed meanwhile.
    fn let_in(&mut self) {
        let Phase::Deciding(deciding) = &self.phase else { return };
        match deciding.session.running_realm().objection_to_newcomer(&deciding.session) {
            None => self.welcome(),
            Some(end) => {
                let error = WampError::new(end.reason).arg(end.text);
                self.not_let_in(Refusal::Session, &error.into());
            }
        }
    }

    /// The decision is a no.
    fn not_let_in(&mut self, refusal: Refusal, denial: &Denial) {
        let Phase::Deciding(deciding) = &self.phase else { return };
        let whose = Whose::from(&*self.transport).in_session(deciding.session.id());
        let realm = deciding.session.running_realm().name();
        let (authid, progress) = (deciding.authid(), deciding.exchange.progress());
        let known = deciding.session.principal().map(Principal::authid);
        let claimed = known.or(deciding.exchange.hello.authid.as_deref());
        let why = format_args!("realm {realm}, authid {authid}, {progress}: {denial}");
        self.app.counters.refused(refusal, whose, why);
        self.log_failed_login(deciding, denial);
        let address = self.transport.peer_address;
        self.app.realms.shared.recent_denials.add(realm, claimed, address, &format!("{progress}: {denial}"));
        self.count_join(JoinResult::not_let_in(refusal, &denial.error));
        self.deny(denial);
    }

    fn welcome(&mut self) {
        let Phase::Deciding(deciding) = std::mem::replace(&mut self.phase, Phase::Ended) else { return };
        let session = deciding.session;
        let Some(principal) = session.principal() else { return };
        self.machine.welcomed(session.id());
        // Before WELCOME goes out: what comes behind it may be longer than HELLO.
        self.permit.set_in_session(true);
        let realm = Arc::clone(session.running_realm());
        // It may have been in an anteroom before.
        self.count_for(&realm);
        self.count_join(JoinResult::Joined);
        let features = wire::features(&realm.context.config());
        let welcome =
            |features| wire::welcome(self.serializer, session.id(), realm.name(), principal, features);
        if !session::queue_unless_too_long(&self.outbox, self.serializer, &welcome(Some(features))) {
            // A peer that takes so little has no use for a list of what it could ask for (checklist RAW-04).
            self.send(&welcome(None));
        }
        self.limit(&session);
        session.arrives(deciding.agent.as_deref());
        realm.admit(&session);
        // Whoever changed the realm meanwhile may have looked for its sessions before this one was there.
        if let Some(end) = realm.objection_to_newcomer(&session) {
            realm.end_session(&session, &end);
        }
        log_joined(&session, principal, deciding.agent.as_deref());
        session.joined().set(());
        // An open session has no other deadline.
        self.deadline = session.expires();
        self.rate_limit.hear(self.app.runtime.now());
        self.phase = Phase::Open(Box::new(Open {
            calls: Calls::new(&session),
            undecided: UndecidedRequests::default(),
            answers: GivenAnswers::default(),
            last_matches: LastMatches::default(),
            session,
            lost: 0,
        }));
    }

    /// The limits of the session's role begin, and those of a session before it on the same transport end.
    fn limit(&mut self, session: &RouterSession) {
        let of_role = session.limits_of_role();
        let changes = of_role.requests.is_some() || of_role.outgoing_bytes.is_some();
        if !changes && !self.has_role_limits {
            return;
        }
        self.has_role_limits = changes;
        let limits = &self.limits;
        // Those of the application may be lower than when the role got its own.
        let rate = match (of_role.requests, limits.request_rate()) {
            (Some(of_role), Some(of_all)) => Some(of_role.at_most(of_all)),
            (of_role, of_all) => of_role.or(of_all),
        };
        self.rate_limit.change(rate, self.app.runtime.now());
        self.outbox.resize(&limits.bounds().at_most(of_role.outgoing_bytes));
    }

    /// Not let in: ABORT, and the transport closes behind it.
    pub(super) fn refuse(&mut self, error: &WampError) {
        self.deny(&error.clone().into());
    }

    fn deny(&mut self, denial: &Denial) {
        let error = &denial.error;
        self.machine.aborted();
        self.send(&wire::denial(self.serializer, denial));
        let text = error.message().unwrap_or_else(|| error.uri()).to_owned();
        self.over(CloseReason::Closed(error.uri().to_owned()), self.close_code(), text);
    }
}

fn log_joined(session: &RouterSession, principal: &Principal, agent: Option<&str>) {
    let transport = session.transport();
    line!(
        INFO,
        "session",
        "a session has joined",
        realm = session.running_realm().name(),
        session = session.id(),
        authid = principal.authid(),
        authrole = principal.authrole(),
        authmethod = principal.authmethod(),
        transport = format_args!("{:?}", transport.kind),
        serializer = format_args!("{:?}", transport.serializer);
        agent = agent,
        peer = Whose::from(transport).peer
    );
}

/// How a peer proves who it is.
enum Proof {
    /// Not at all: the application has opened the connection for this principal.
    Known(Principal),
    /// By one of the methods that it offers.
    Methods(Vec<String>),
}

async fn decide(
    realm: Arc<RunningRealm>,
    exchange: Arc<Exchange>,
    proof: Proof,
    connections: crate::transport::shutdown::Connections,
) -> Result<(), NotLetIn> {
    let session = exchange.session.inner();
    let connected = Arc::new(Signal::default());
    // One configuration lets a session in, whatever becomes of it meanwhile.
    let config = realm.context.kept_config();
    let entrance = &config.entrance;
    let request = |admission| ConnectRequest { admission, taken: false };
    ask(&entrance.on_connect, session, &connected, &connections, request).await?;
    connected.set(());
    let principal = match proof {
        Proof::Known(principal) => Ok(principal),
        Proof::Methods(methods) => {
            let authentication = AssertUnwindSafe(authenticate(&realm, entrance, &exchange, methods));
            authentication.catch_unwind().await.unwrap_or_else(|panic| {
                let id = supervise::report_panic("authenticator", session, panic.as_ref());
                Err(WampError::authentication_failed(format!("internal error, id {id}")).into())
            })
        }
    };
    session.welcome(principal.map_err(blame_backend)?, &config);
    seat(session)?;
    let request = |admission| JoinRequest { admission, taken: false };
    ask(&entrance.on_join, session, session.joined(), &connections, request).await?;
    Ok(())
}

/// Gives an authenticated session its place in the realm, and its seat, if its role has them.
fn seat(session: &RouterSession) -> Result<(), NotLetIn> {
    let full = |(refusal, error): NoEntry| NotLetIn { refusal, denial: error.into() };
    session.running_realm().seat(session).map_err(full)
}

/// Lets the handlers of a realm accompany a session that was authenticated in an anteroom.
pub(super) async fn accompany(
    session: Arc<RouterSession>,
    config: Arc<RealmConfig>,
    connections: crate::transport::shutdown::Connections,
) -> Result<(), NotLetIn> {
    seat(&session)?;
    let connected = Arc::new(Signal::default());
    connected.set(());
    let request = |admission| ConnectRequest { admission, taken: false };
    ask(&config.entrance.on_connect, &session, &connected, &connections, request).await?;
    let request = |admission| JoinRequest { admission, taken: false };
    ask(&config.entrance.on_join, &session, session.joined(), &connections, request).await?;
    Ok(())
}

/// Asks the handlers one after the other; each runs on as the session's companion.
async fn ask<R: SessionRequest>(
    handlers: &Handlers<R>,
    session: &Arc<RouterSession>,
    step: &Arc<Signal<()>>,
    connections: &crate::transport::shutdown::Connections,
    request: impl Fn(Arc<Admission>) -> R,
) -> Result<(), WampError> {
    for handler in handlers {
        let admission = Arc::new(Admission::new(Arc::clone(session), Arc::clone(step)));
        let life = handler.call(request(Arc::clone(&admission)));
        let verdict = Arc::clone(&admission);
        let asked = Arc::clone(&admission);
        supervise::companion(
            session,
            connections.handler(),
            "session handler",
            session_over(Arc::clone(session)),
            async move {
                let life = AssertUnwindSafe(life).catch_unwind();
                let refuse = || asked.refuse(supervise::not_accepted());
                let end = supervise::until_dropped(life, asked.dropped(), refuse).await;
                end.map(|SessionReply(reply)| reply)
            },
            move |reply| match reply {
                Ok(()) => verdict.refuse(supervise::not_accepted()),
                Err(error) => verdict.refuse(error),
            },
        );
        admission.verdict().await?;
    }
    Ok(())
}

async fn session_over(session: Arc<RouterSession>) {
    session.closed().await;
}

/// Why a peer is not let in, and what counts that.
pub(super) struct NotLetIn {
    refusal: Refusal,
    denial: Denial,
}

impl From<Denial> for NotLetIn {
    fn from(denial: Denial) -> Self {
        let busy = denial.error.uri() == uris::error::UNAVAILABLE;
        Self { refusal: if busy { Refusal::LoginsBusy } else { Refusal::Session }, denial }
    }
}

impl From<WampError> for NotLetIn {
    fn from(error: WampError) -> Self {
        Denial::from(error).into()
    }
}

/// A failure of the application is no wrong password: it is a failed authentication (checklist AUTH-09).
fn blame_backend(mut denial: Denial) -> Denial {
    if denial.error.uri() == uris::error::RUNTIME_ERROR {
        denial.error = WampError::authentication_failed(denial.error.message().unwrap_or_default());
    }
    denial
}
