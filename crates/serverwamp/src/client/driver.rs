//! The connection's side of a client's session: takes each message of the router in and hands its content to who waits.

use super::auth::{AnswerToChallenge, Answerer, ChallengeAnswer};
use super::end::SessionEnd;
use super::error::ClientError;
use super::join::TransportFault;
use super::served;
use super::session::{Awaited, ClientSession, goodbye};
use crate::base::error::{Unanswered, WampError};
use crate::base::log;
use crate::peering::{Ended, EventDraft};
use crate::transport::{EndReason, Flow, MessageHandler};
use bytes::Bytes;
use serverwamp_proto::message::{
    Abort, AbortDetails, Authenticate, CancelMode, Challenge, Event, Message, Violation,
};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::RouterRoles;
use serverwamp_proto::session::client::{ClientStep, PendingRequest, RequestKind, RouterAnswer};
use serverwamp_proto::uris;
use serverwamp_proto::websocket::Opcode;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Instant;

/// The close code for a message that is longer than the receiver takes.
const TOO_LONG: u16 = 1009;

/// The longest message before WELCOME, in bytes: its details and those of CHALLENGE are shorter, and nobody knows the router yet.
const LONGEST_BEFORE_WELCOME: usize = 256 << 10;

/// Drives one session of a client.
pub(super) struct ClientDriver {
    session: Arc<ClientSession>,
    answerer: Answerer,
    /// Whether passwords are hashed on a thread of their own.
    hash_apart: bool,
    fault: TransportFault,
}

impl ClientDriver {
    pub(super) fn new(
        session: Arc<ClientSession>,
        answerer: Answerer,
        hash_apart: bool,
        fault: TransportFault,
    ) -> Self {
        Self { session, answerer, hash_apart, fault }
    }

    fn receive(&mut self, frame: &Bytes, now: Instant) -> Result<(), Violation> {
        let quick = self.session.state().machine.receive_result(self.session.serializer, frame);
        if let Some((Awaited::Call(inbox), payload)) = quick {
            inbox.finish(Ok(payload));
            return Ok(());
        }
        self.receive_other(frame, now)
    }

    fn receive_other(&mut self, frame: &Bytes, now: Instant) -> Result<(), Violation> {
        let session = Arc::clone(&self.session);
        let step = session.state().machine.receive_frame(session.serializer, frame)?;
        match step {
            ClientStep::Challenge(challenge) => self.authenticate(&challenge),
            ClientStep::Joined(welcome) => {
                let roles = RouterRoles::read(welcome.details.roles.as_ref())?;
                if let Err(why) = self.answerer.check_welcome(&welcome.details) {
                    session.send(&abort(&session, uris::error::AUTHENTICATION_FAILED, why.clone()));
                    session.end(SessionEnd::NeverJoined(ClientError::RouterProof(why)));
                    return Ok(());
                }
                let _first = session.welcome.set((welcome, roles));
                session.joined.set(());
            }
            ClientStep::Refused(abort) => {
                let error = WampError::received(&abort.reason, &abort.payload);
                let error = match abort.details.message {
                    Some(text) => WampError::new(abort.reason.into_owned()).arg(text),
                    None => error,
                };
                session.end(SessionEnd::NeverJoined(ClientError::Refused(error)));
            }
            ClientStep::Answered(request, answer) => self.answered(request, answer)?,
            ClientStep::Progress(Awaited::Call(inbox), result) => {
                let (request, payload) = (result.request, result.payload.packed(result.details.passthru));
                if !inbox.progress_at(&payload, now) {
                    let text = "too many progressive results wait to be taken";
                    inbox.finish(Err(WampError::network_failure(text)));
                    session.cancel(request, CancelMode::KillNoWait);
                }
            }
            ClientStep::Event(event) => self.event(&event),
            ClientStep::Unsubscribed(subscription, details) => {
                let listeners = session.state().topics.revoked(subscription);
                for inbox in listeners {
                    if let Some(standing) = &session.standing {
                        standing.unsubscribed(&inbox);
                    }
                    inbox.end(Ended::Revoked { reason: details.reason.clone() });
                }
            }
            ClientStep::Dismissed(bye) => {
                session.send(&goodbye(uris::close::GOODBYE_AND_OUT));
                session.end(closed(bye.reason.into_owned(), bye.details.message));
            }
            ClientStep::Aborted(abort) => {
                session.end(closed(abort.reason.into_owned(), abort.details.message))
            }
            ClientStep::Left => session.end(SessionEnd::Left),
            ClientStep::Unregistered(registration, details) => {
                served::revoked(&session, registration, details.reason)
            }
            ClientStep::Invoke(invocation) => served::invoke(&session, invocation, now),
            ClientStep::Input(call, invocation) => served::input(&call, &invocation),
            ClientStep::YieldRefused(call) => call.abandon(),
            ClientStep::Interrupt(call, interrupt) => served::interrupt(&call, &interrupt),
            // The machine lets no progress of anything but calls through.
            ClientStep::Progress(..) | ClientStep::Ignored => {}
        }
        Ok(())
    }

    fn authenticate(&mut self, challenge: &Challenge<'_>) {
        let session = Arc::clone(&self.session);
        let method = challenge.method.clone().into_owned();
        match self.answerer.answer(session.serializer, challenge) {
            Ok(ChallengeAnswer::Slow(hash)) if self.hash_apart => {
                let (apart, named) = (Arc::clone(&session), method.clone());
                let job = move || send_answer(&apart, named, hash());
                if let Err(error) = thread::Builder::new().name("serverwamp-proof".to_owned()).spawn(job) {
                    send_answer(&session, method, Err(format!("no thread can be started for it: {error}")));
                }
            }
            Ok(ChallengeAnswer::Slow(hash)) => send_answer(&session, method, hash()),
            Ok(ChallengeAnswer::Now(answer)) => send_answer(&session, method, Ok(answer)),
            Err(why) => send_answer(&session, method, Err(why)),
        }
    }

    fn answered(&self, request: PendingRequest<Awaited>, answer: RouterAnswer<'_>) -> Result<(), Violation> {
        let session = &self.session;
        match (request.of, answer) {
            (Awaited::Call(inbox), RouterAnswer::Result(result)) => {
                inbox.finish(Ok(result.payload.packed(result.details.passthru)));
            }
            (Awaited::Call(inbox), RouterAnswer::Error(error)) => {
                inbox.finish(Err(WampError::received(&error.error, &error.payload)));
            }
            (Awaited::Publish(waiting), RouterAnswer::Published(id)) => drop(waiting.set(Ok(id))),
            (Awaited::Publish(waiting), RouterAnswer::Error(error)) => {
                waiting.set(Err(WampError::received(&error.error, &error.payload)));
            }
            (Awaited::Subscribe(waiting), RouterAnswer::Subscribed(id)) => {
                let mut state = session.state();
                if let Some((key, _)) = state.topics.listeners(id)
                    && *key != waiting.key
                {
                    let text = format!(
                        "SUBSCRIBED: subscription {id} is that of {}, and not of {}",
                        key.topic, waiting.key.topic
                    );
                    drop(state);
                    waiting.answer.set(Err(contradiction(&text)));
                    return Err(Violation::new(text));
                }
                // Who asked for it holds the other one, unless it has given up.
                let listens = Arc::strong_count(&waiting.inbox) > 1 && !waiting.inbox.is_given_up();
                if let Some(standing) = session.standing.as_ref().filter(|_| listens) {
                    standing.subscribed(&waiting);
                }
                waiting.inbox.set_current_id(id);
                let over = state.topics.accepted(&waiting.key, id, listens.then_some(&waiting.inbox));
                session.send_unsubscribes(&mut state, over);
                drop(state);
                waiting.answer.set(Ok(id));
            }
            (Awaited::Subscribe(waiting), RouterAnswer::Error(error)) => {
                let mut state = session.state();
                let over = state.topics.answered(&waiting.key);
                session.send_unsubscribes(&mut state, over);
                drop(state);
                waiting.answer.set(Err(WampError::received(&error.error, &error.payload)));
            }
            (Awaited::Register(waiting), RouterAnswer::Registered(id)) => {
                let mut state = session.state();
                if let Some(route) = state.registrations.get(&id)
                    && (&route.uri, route.options.kind) != (&waiting.route.uri, waiting.route.options.kind)
                {
                    let text = format!(
                        "REGISTERED: registration {id} is that of {}, and not of {}",
                        route.uri, waiting.route.uri
                    );
                    drop(state);
                    waiting.answer.set(Err(contradiction(&text)));
                    return Err(Violation::new(text));
                }
                state.registrations.insert(id, Arc::clone(&waiting.route));
                drop(state);
                waiting.route.set_current_id(id);
                if let Some(standing) = &session.standing {
                    standing.registered(&waiting.route);
                }
                waiting.answer.set(Ok(id));
                // After the answer: whoever gives it up looks at the two in the opposite order.
                if waiting.route.given_up.get().is_some() {
                    session.unregister(&waiting.route, id);
                }
            }
            (Awaited::Register(waiting), RouterAnswer::Error(error)) => {
                waiting.answer.set(Err(WampError::received(&error.error, &error.payload)));
            }
            (Awaited::Nobody, _) => {
                if let RequestKind::Unregister(registration) = request.kind {
                    session.state().registrations.remove(&registration);
                }
            }
            // The machine lets no other answer through.
            _ => {}
        }
        Ok(())
    }

    fn event(&self, event: &Event<'_>) {
        let state = self.session.state();
        let Some((key, listeners)) = state.topics.listeners(event.subscription) else { return };
        let topic: Arc<str> = match (&event.details.topic, key.kind) {
            (None, _) | (_, Match::Exact) => Arc::clone(&key.topic),
            (Some(topic), _) => Arc::from(&**topic),
        };
        let listeners = listeners.to_vec();
        drop(state);
        for inbox in listeners {
            inbox.receive(EventDraft {
                topic: Arc::clone(&topic),
                publication: event.publication,
                payload: &event.payload,
                publisher: event.details.publisher,
                publisher_authid: event.details.publisher_authid.as_deref(),
                publisher_authrole: event.details.publisher_authrole.as_deref(),
                trustlevel: event.details.trustlevel,
                retained: event.details.retained,
                passthru: event.details.passthru.as_deref(),
                forward_for: event.details.forward_for.as_ref(),
            });
        }
    }

    /// The router broke the protocol: ABORT, and nothing more is heard.
    fn violated(&self, text: &str) {
        let session = &self.session;
        session.send(&abort(session, uris::error::PROTOCOL_VIOLATION, text.to_owned()));
        session.end(match session.joined.get() {
            Some(()) => SessionEnd::Violation(text.to_owned()),
            None => SessionEnd::NeverJoined(ClientError::Protocol(text.to_owned())),
        });
    }
}

impl ClientDriver {
    /// A message is longer than this client takes, for which the router is not to blame.
    fn refused_message(&self, description: &str) {
        let session = &self.session;
        session.send(&abort(session, uris::error::PAYLOAD_SIZE_EXCEEDED, description.to_owned()));
        session.end(match session.joined.get() {
            Some(()) => {
                SessionEnd::Lost(format!("{description}, which `ClientBuilder::max_message` sets"))
            }
            None => SessionEnd::NeverJoined(ClientError::Lost(format!(
                "{description}; before WELCOME that is {LONGEST_BEFORE_WELCOME}, or less if `ClientBuilder::max_message` is"
            ))),
        });
    }
}

impl MessageHandler for ClientDriver {
    fn message(&mut self, message: Bytes, _: Opcode, now: Instant) -> Flow {
        if let Err(violation) = self.receive(&message, now) {
            self.violated(&violation.message);
        }
        Flow::Continue
    }

    fn poll(&mut self, _: &mut Context<'_>, _: Instant) -> Poll<()> {
        log::flush();
        Poll::Ready(())
    }

    fn longest_message(&self) -> usize {
        match self.session.joined.get() {
            Some(()) => usize::MAX,
            None => LONGEST_BEFORE_WELCOME,
        }
    }

    fn violation(&mut self, description: &str, close_code: u16) {
        match close_code {
            TOO_LONG => self.refused_message(description),
            _ => self.violated(description),
        }
    }

    fn ended(&mut self, reason: EndReason) {
        let text = match reason {
            EndReason::PeerClosed { code: Some(code) } => format!("the router closed it with code {code}"),
            EndReason::PeerClosed { code: None } => "the router closed it".to_owned(),
            EndReason::Closed => "the client closed it".to_owned(),
            EndReason::Violation { .. } => "the router broke the rules of the transport".to_owned(),
            EndReason::SlowConsumer => "the router read too slowly".to_owned(),
            EndReason::PingTimeout => "the router did not answer a ping in time".to_owned(),
            EndReason::WriteTimeout => "the router accepted nothing for too long".to_owned(),
            EndReason::TransportLost => self.fault.get().unwrap_or("it ended without a goodbye").to_owned(),
        };
        self.session.end(match self.session.joined.get() {
            Some(()) => SessionEnd::Lost(text),
            None => SessionEnd::NeverJoined(ClientError::Lost(text)),
        });
        log::flush();
    }
}

/// Answers a challenge, or ends the attempt if that cannot be done.
fn send_answer(session: &ClientSession, method: String, answer: Result<AnswerToChallenge, String>) {
    match answer {
        Ok(answer) => {
            session.state().machine.authenticated();
            let signature = answer.signature.into();
            let authenticate = Message::Authenticate(Authenticate { signature, extra: answer.extra });
            let Err(why) = session.send_to_join(&authenticate) else { return };
            session.end(SessionEnd::NeverJoined(ClientError::Protocol(why)));
        }
        Err(why) => {
            let end = SessionEnd::NeverJoined(ClientError::Challenge { method, why: why.clone() });
            let _first = session.aborted.set(end.clone());
            session.send(&abort(session, uris::error::AUTHENTICATION_FAILED, why));
            session.end(end);
        }
    }
}

/// The error of a request whose answer contradicts an earlier one.
fn contradiction(text: &str) -> WampError {
    SessionEnd::Violation(text.to_owned()).to_error(Unanswered::MayHaveRun)
}

fn closed(reason: String, message: Option<String>) -> SessionEnd {
    SessionEnd::Closed { reason, message }
}

fn abort(session: &ClientSession, reason: &'static str, text: String) -> Message<'static> {
    Message::Abort(Abort {
        details: AbortDetails { message: Some(text), ..AbortDetails::default() },
        reason: reason.into(),
        payload: Payload::empty(session.serializer),
    })
}
