//! The state of a client's connection, for whoever wants to know it: the newest one, and not all of them.

use crate::base::locks::{Mutex, MutexGuard};
use crate::client::end::SessionEnd;
use crate::client::error::ClientError;
use crate::client::session::ClientSession;
use event_listener::{Event, EventListener};
use futures_core::Stream;
use serverwamp_proto::id::SessionId;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// The state of a client's connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConnectionState {
    /// There is a session; registrations and subscriptions are back.
    Connected {
        /// The session.
        session: SessionId,
        /// The number of the session, from 1 on: a difference of more than 1 tells of sessions that nobody saw.
        number: u64,
    },
    /// The connection was lost, or could not be made: the client waits before the next attempt.
    Waiting {
        /// The number of the next attempt, from 1 on.
        attempt: u32,
        /// When it is made.
        until: Instant,
        /// Why there is no session.
        cause: Interruption,
    },
    /// The client connects, joins, and makes its registrations and subscriptions again.
    Connecting {
        /// The number of the attempt.
        attempt: u32,
        /// Why there is no session.
        cause: Interruption,
    },
    /// The client is over. No other state follows.
    Ended(SessionEnd),
}

/// Why a client has no session at present.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Interruption {
    /// Its session has ended so.
    Ended(SessionEnd),
    /// The last attempt has failed so.
    Failed(ClientError),
}

impl ConnectionState {
    pub(in crate::client) fn of_session(session: &ClientSession) -> Self {
        match (session.end.get(), session.welcome.get()) {
            (None, Some((welcome, _))) => Self::connected(welcome.session, 1),
            (Some(end), _) => Self::Ended(end.clone()),
            (None, None) => Self::Ended(SessionEnd::Left),
        }
    }

    pub(super) const fn connected(session: SessionId, number: u64) -> Self {
        Self::Connected { session, number }
    }
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { session, number } => {
                write!(f, "connected (session {session}, number {number})")
            }
            Self::Waiting { attempt, cause, .. } => write!(f, "waiting for attempt {attempt}: {cause}"),
            Self::Connecting { attempt, cause } => write!(f, "connecting (attempt {attempt}): {cause}"),
            Self::Ended(end) => write!(f, "ended: {end}"),
        }
    }
}

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(end) => write!(f, "{end}"),
            Self::Failed(error) => write!(f, "{error}"),
        }
    }
}

/// The newest state.
#[derive(Debug)]
pub(in crate::client) struct StateCell {
    newest: Mutex<(u64, ConnectionState)>,
    changed: Event,
}

impl StateCell {
    pub(super) fn new(state: ConnectionState) -> Self {
        Self { newest: Mutex::new((1, state)), changed: Event::new() }
    }

    fn newest(&self) -> MutexGuard<'_, (u64, ConnectionState)> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::client) fn get(&self) -> ConnectionState {
        self.newest().1.clone()
    }

    /// Nothing follows the end.
    pub(super) fn set(&self, state: ConnectionState) {
        let mut newest = self.newest();
        if matches!(newest.1, ConnectionState::Ended(_)) {
            return;
        }
        *newest = (newest.0 + 1, state);
        drop(newest);
        self.changed.notify(usize::MAX);
    }

    /// The newest state, if it is newer than the one of this version.
    fn newer_than(&self, version: u64) -> Option<(u64, ConnectionState)> {
        let newest = self.newest();
        (newest.0 > version).then(|| newest.clone())
    }
}

/// The states of a client's connection, made by [`Client::states`](crate::client::Client::states): a stream of the newest one, whenever
/// there is another one.
#[derive(Debug)]
#[must_use = "nobody looks at the states"]
pub struct ConnectionStates {
    source: StateSource,
    /// The version that was given last.
    seen: u64,
    listener: Option<EventListener>,
    is_over: bool,
}

#[derive(Debug)]
enum StateSource {
    Link(Arc<StateCell>),
    Session(Arc<ClientSession>),
}

impl ConnectionStates {
    pub(in crate::client) fn of_link(states: &Arc<StateCell>) -> Self {
        Self::new(StateSource::Link(Arc::clone(states)))
    }

    pub(in crate::client) fn of_session(session: &Arc<ClientSession>) -> Self {
        Self::new(StateSource::Session(Arc::clone(session)))
    }

    const fn new(source: StateSource) -> Self {
        Self { source, seen: 0, listener: None, is_over: false }
    }

    /// The present state at first, and then the next one, as soon as there is one; `None` after
    /// [`ConnectionState::Ended`].
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<ConnectionState> {
        poll_fn(|cx| self.poll_state(cx)).await
    }

    fn poll_state(&mut self, cx: &mut Context<'_>) -> Poll<Option<ConnectionState>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        loop {
            if let Some((version, state)) = self.source.newer_than(self.seen) {
                self.seen = version;
                self.is_over = matches!(state, ConnectionState::Ended(_));
                self.listener = None;
                return Poll::Ready(Some(state));
            }
            match &mut self.listener {
                // It may have changed since the look: once more.
                None => self.listener = Some(self.source.listen()),
                Some(listener) => {
                    ready!(Pin::new(listener).poll(cx));
                    self.listener = None;
                }
            }
        }
    }
}

impl StateSource {
    fn newer_than(&self, version: u64) -> Option<(u64, ConnectionState)> {
        match self {
            Self::Link(states) => states.newer_than(version),
            Self::Session(session) => {
                let state = ConnectionState::of_session(session);
                let newest = if matches!(state, ConnectionState::Ended(_)) { 2 } else { 1 };
                (newest > version).then_some((newest, state))
            }
        }
    }

    fn listen(&self) -> EventListener {
        match self {
            Self::Link(states) => states.changed.listen(),
            Self::Session(session) => session.end.listen(),
        }
    }
}

impl Stream for ConnectionStates {
    type Item = ConnectionState;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ConnectionState>> {
        self.poll_state(cx)
    }
}
