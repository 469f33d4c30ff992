//! From a byte stream to a session: HELLO, challenges, WELCOME.

use super::auth::Answerer;
use super::driver::ClientDriver;
use super::end::{ClientError, SessionEnd};
use super::handle::{Client, Held};
use super::session::{ClientSession, Machine};
use crate::base::limits::Limits;
use crate::rt::{Runtime, after};
use crate::transport::{Connection, Framing, Outbox, Pool, RunQueue, Settings};
use futures_util::future::{Either, select};
use hyper::rt::{Read, Write};
use serverwamp_proto::auth::Secret;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::{Bounds, Hello, HelloDetails, Message};
use serverwamp_proto::session::client::ClientLimits;
use serverwamp_proto::session::{ClientRoles, Feature, Features};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// The client's name and version, as HELLO tells it.
const AGENT: &str = concat!("serverwamp/", env!("CARGO_PKG_VERSION"));

/// How a client joins a realm.
#[derive(Debug)]
pub(crate) struct JoinSettings {
    pub(crate) realm: String,
    pub(crate) serializer: Serializer,
    answerer: Answerer,
    pub(crate) timeout: Duration,
    pub(crate) requests: usize,
}

impl JoinSettings {
    pub(crate) fn new(realm: String) -> Self {
        Self {
            realm,
            // It can represent everything that any serializer can, and is the shortest.
            serializer: Serializer::MessagePack,
            answerer: Answerer::anonymous(),
            timeout: Duration::from_secs(10),
            requests: 65_536,
        }
    }

    pub(crate) fn ticket(&mut self, authid: String, ticket: Secret) {
        self.answerer = Answerer::ticket(authid, ticket);
    }

    pub(crate) fn cra(&mut self, authid: String, secret: Secret) {
        self.answerer = Answerer::cra(authid, secret);
    }
}

/// Joins a realm over a stream that carries messages in `framing`.
///
/// Dropped before it completes, the transport is closed.
pub(crate) async fn join<IO: Read + Write + Unpin + Send + 'static>(
    io: IO,
    framing: Framing,
    settings: Settings,
    how: JoinSettings,
    runtime: Arc<dyn Runtime>,
) -> Result<Client, ClientError> {
    runtime.available().map_err(ClientError::Runtime)?;
    let limits = Limits::default();
    let run_queue = RunQueue::new(Arc::clone(&runtime), Pool::new(0));
    let outbox = Outbox::borrowing(framing, limits.bounds(), run_queue.pool());
    let machine = Machine::new(ClientLimits { requests: how.requests, invocations: 0 }, Bounds::NONE);
    let session = Arc::new(ClientSession::new(machine, outbox.clone(), how.serializer, Arc::clone(&runtime)));
    let held = Held::new(Arc::clone(&session));
    session.send(&hello(&how));
    let driver = ClientDriver::new(Arc::clone(&session), how.answerer);
    let connection = Connection::new(io, outbox, driver, settings, &run_queue);
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
        _ => Ok(Client::new(held)),
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
        ]),
        subscriber: with(&[
            Feature::PublisherIdentification,
            Feature::PatternBasedSubscription,
            Feature::SubscriptionRevocation,
            Feature::EventRetention,
        ]),
        caller: with(&[
            Feature::CallerIdentification,
            Feature::CallCanceling,
            Feature::CallTimeout,
            Feature::ProgressiveCallResults,
        ]),
        callee: None,
    }
}

fn hello(how: &JoinSettings) -> Message<'static> {
    Message::Hello(Hello {
        realm: Some(how.realm.clone().into()),
        details: HelloDetails {
            roles: Some(roles().encode(how.serializer)),
            agent: Some(AGENT.to_owned()),
            authmethods: how.answerer.methods(),
            authid: how.answerer.authid.clone(),
            ..HelloDetails::default()
        },
    })
}
