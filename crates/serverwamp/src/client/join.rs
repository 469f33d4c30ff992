//! From a byte stream to a session: HELLO, challenges, WELCOME.

use super::auth::{Answerer, Login};
use super::driver::ClientDriver;
use super::end::SessionEnd;
use super::error::ClientError;
use super::handle::{Client, Held};
use super::reconnect::StandingParts;
use super::served::CALLS_SERVED;
use super::session::{ClientSession, Machine};
use crate::Overflow;
use crate::rt::{Runtime, after};
use crate::transport::{Connection, DrainRate, Framing, Outbox, OutboxBounds, Pool, RunQueue, Settings};
use bytes::BytesMut;
use futures_util::future::{Either, select};
use hyper::rt::{Read, Write};
use serverwamp_proto::auth::channel::ChannelId;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::{Bounds, Hello, HelloDetails, Message};
use serverwamp_proto::session::client::ClientLimits;
use serverwamp_proto::session::{ClientRoles, Feature, Features};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The client's name and version, as HELLO tells it.
const AGENT: &str = concat!("serverwamp/", env!("CARGO_PKG_VERSION"));

/// What may wait for the router: as much as an application lets wait for one peer.
const WAITING: OutboxBounds = OutboxBounds {
    queued: 4 << 20,
    messages: 65_536,
    message: 4 << 20,
    overflow: Overflow::CloseSession,
    drain: DrainRate { bytes: 256 << 10, time: Duration::from_secs(2) },
};

/// What is read of a message: options and details may be twice as long as those that an application takes from its peers.
const READ: Bounds = Bounds { options: 128 << 10, ..Bounds::NONE };

/// How a client joins a realm.
#[derive(Debug)]
pub(crate) struct JoinSettings {
    pub(crate) realm: String,
    pub(crate) serializer: Serializer,
    pub(crate) login: Login,
    /// Whether passwords are hashed on a thread of their own; with paused time they are not, because time would go on meanwhile.
    pub(crate) hash_apart: bool,
    pub(crate) timeout: Duration,
    pub(crate) requests: usize,
}

impl JoinSettings {
    pub(crate) fn new(realm: String) -> Self {
        Self {
            realm,
            // It can represent everything that any serializer can, and is the shortest.
            serializer: Serializer::MessagePack,
            login: Login::anonymous(),
            hash_apart: false,
            timeout: Duration::from_secs(10),
            requests: 65_536,
        }
    }
}

/// A stream on which nothing has been said yet but what settled its framing.
#[derive(Debug)]
pub(crate) struct OpenedTransport<IO> {
    pub(crate) io: IO,
    pub(crate) framing: Framing,
    pub(crate) settings: Settings,
    /// The bytes that the router has sent already.
    pub(crate) received: BytesMut,
    /// The channel that proofs can be bound to.
    pub(crate) channel: Option<ChannelId>,
    /// Why the stream ends, where that is known better than by its end.
    pub(crate) fault: TransportFault,
}

/// Why a stream ends, told by who carries it before it ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct TransportFault(Arc<OnceLock<String>>);

impl TransportFault {
    /// Only the first one counts.
    #[cfg(feature = "long-polling")]
    pub(super) fn set(&self, why: &str) {
        self.0.get_or_init(|| why.to_owned());
    }

    pub(super) fn get(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// Joins a realm over a stream.
///
/// Dropped before it completes, the transport is closed.
pub(crate) async fn join<IO: Read + Write + Unpin + Send + 'static>(
    opened: OpenedTransport<IO>,
    how: JoinSettings,
    runtime: Arc<dyn Runtime>,
) -> Result<Client, ClientError> {
    let session = join_session(opened, how, runtime, None).await?;
    Ok(Client::new(Held::new(session.keep(), None)))
}

/// A session that nobody holds yet. Dropped, it ends.
pub(super) struct Unheld {
    session: Arc<ClientSession>,
    kept: bool,
}

impl Unheld {
    pub(super) const fn session(&self) -> &Arc<ClientSession> {
        &self.session
    }

    /// Somebody else ends it from now on.
    pub(super) fn keep(mut self) -> Arc<ClientSession> {
        self.kept = true;
        Arc::clone(&self.session)
    }
}

impl Drop for Unheld {
    fn drop(&mut self) {
        if !self.kept {
            self.session.say_goodbye();
            self.session.close();
        }
    }
}

/// Joins a realm over a stream, with what stands from one session to the next, if there are several.
pub(super) async fn join_session<IO: Read + Write + Unpin + Send + 'static>(
    opened: OpenedTransport<IO>,
    how: JoinSettings,
    runtime: Arc<dyn Runtime>,
    standing: Option<Arc<StandingParts>>,
) -> Result<Unheld, ClientError> {
    runtime.available().map_err(ClientError::Runtime)?;
    let OpenedTransport { io, framing, settings, received, channel, fault } = opened;
    let answerer = Answerer::new(how.login.clone(), channel).map_err(ClientError::Settings)?;
    let run_queue = RunQueue::new(Arc::clone(&runtime), Pool::new(0));
    let outbox = Outbox::borrowing(framing, WAITING, run_queue.pool());
    let machine = Machine::new(ClientLimits { requests: how.requests, invocations: CALLS_SERVED }, READ);
    let session = ClientSession::new(machine, outbox.clone(), how.serializer, Arc::clone(&runtime), standing);
    let session = Arc::new(session);
    let unheld = Unheld { session: Arc::clone(&session), kept: false };
    session.send_to_join(&hello(&how, &answerer)).map_err(ClientError::Protocol)?;
    let driver = ClientDriver::new(Arc::clone(&session), answerer, how.hash_apart, fault);
    let connection = Connection::new(io, outbox, driver, settings, &run_queue).behind(received);
    runtime.spawn(Box::pin(connection));
    let late = runtime.sleep_until(after(runtime.now(), how.timeout));
    let decided = pin!(async {
        let (joined, over) = (pin!(session.joined.wait()), pin!(session.end.wait()));
        select(joined, over).await;
    });
    if let Either::Right(_) = select(decided, late).await {
        session.end(SessionEnd::NeverJoined(ClientError::Timeout(how.timeout)));
    }
    match session.end.get() {
        Some(SessionEnd::NeverJoined(error)) => Err(error.clone()),
        _ => Ok(unheld),
    }
}

/// What the client can do, and nothing else (checklist FEAT-01).
fn roles() -> ClientRoles {
    let with = |features: &[Feature]| {
        Some(features.iter().fold(Features::default(), |all, feature| all.with(*feature)))
    };
    ClientRoles {
        publisher: with(&[
            Feature::PublisherIdentification,
            Feature::PublisherExclusion,
            Feature::SubscriberBlackwhiteListing,
            Feature::PayloadPassthruMode,
        ]),
        subscriber: with(&[
            Feature::PublisherIdentification,
            Feature::PatternBasedSubscription,
            Feature::SubscriptionRevocation,
            Feature::EventRetention,
            Feature::PublicationTrustlevels,
            Feature::PayloadPassthruMode,
        ]),
        caller: with(&[
            Feature::CallerIdentification,
            Feature::CallCanceling,
            Feature::CallTimeout,
            Feature::ProgressiveCallResults,
            Feature::ProgressiveCallInvocations,
            Feature::PayloadPassthruMode,
        ]),
        callee: with(&[
            Feature::CallerIdentification,
            Feature::CallCanceling,
            Feature::CallTimeout,
            Feature::CallTrustlevels,
            Feature::PatternBasedRegistration,
            Feature::SharedRegistration,
            Feature::RegistrationRevocation,
            Feature::ProgressiveCallResults,
            Feature::ProgressiveCallInvocations,
            Feature::PayloadPassthruMode,
        ]),
    }
}

fn hello(how: &JoinSettings, answerer: &Answerer) -> Message<'static> {
    let mut details = HelloDetails {
        roles: Some(roles().encode(how.serializer)),
        agent: Some(AGENT.to_owned()),
        ..HelloDetails::default()
    };
    answerer.offer(how.serializer, &mut details);
    Message::Hello(Hello { realm: Some(how.realm.clone().into()), details })
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use super::*;

    #[test]
    fn as_much_may_wait_for_a_router_as_an_application_lets_wait_for_a_peer() {
        assert_eq!(WAITING, crate::Limits::default().bounds());
    }
}
