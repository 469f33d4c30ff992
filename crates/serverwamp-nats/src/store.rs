//! The bucket in which nodes agree on what only one may decide: keys with revisions, written by compare-and-set.
//!
//! It has the form of a key-value bucket of NATS, so that `nats kv` shows it. The calls of async-nats for that are not used where they do not
//! fit: its `update` has no time to live, its `create` leaves that out where a key was removed before, and its `entry` asks any replica.
//!
//! Invariants: each call ends within [`ANSWERS`]; nothing is sent while there is no connection, as it would be sent late.

use async_nats::connection::State;
use async_nats::jetstream::context::{Context, CreateStreamErrorKind, GetStreamErrorKind, PublishErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{ErrorCode, context::ContextBuilder};
use async_nats::{Client, HeaderMap, HeaderValue, header};
use bytes::Bytes;
use serverwamp::cluster::{Revision, StoreError, StoredValue};
use std::time::Duration;
use tokio::time::timeout;

/// The time within which the store answers. A lease has 3 s, and is renewed within a third of it.
const ANSWERS: Duration = Duration::from_secs(2);

/// How long it is remembered that a key was removed. Only `nats kv watch` looks at it, so a minute is long.
const REMOVED: Duration = Duration::from_secs(60);

/// The bucket of one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    client: Client,
    context: Context,
    stream: Stream<()>,
    /// What a key is preceded by: `$KV.BUCKET.`.
    prefix: String,
}

impl Store {
    /// Finds the bucket, or makes it. The error says what to do.
    pub(crate) async fn open(client: &Client, bucket: &str, replicas: usize) -> Result<Self, String> {
        let context = ContextBuilder::new().timeout(ANSWERS).build(client.clone());
        let name = format!("KV_{bucket}");
        let found = context.get_stream(&name).await;
        let stream = match found {
            Ok(stream) => stream,
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(answer)
                    if answer.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    let made = context.create_stream(form(&name, bucket, replicas)).await;
                    made.map_err(|error| cannot_make(bucket, replicas, &error))?
                }
                _ => return Err(no_store(&error)),
            },
        };
        if !stream.cached_info().config.allow_message_ttl {
            return Err(format!(
                "the bucket {bucket:?} exists, and its keys have no time to live: remove it with `nats kv del {bucket}` while no \
                 node runs, and it is made anew"
            ));
        }
        let stream = context.get_stream_no_info(&name).await.map_err(|error| no_store(&error))?;
        Ok(Self { client: client.clone(), context, stream, prefix: format!("$KV.{bucket}.") })
    }

    pub(crate) async fn read(&self, key: &str) -> Result<Option<StoredValue>, StoreError> {
        let last = self.last(key).await?;
        Ok(last.filter(|last| !last.removed).map(|last| last.value))
    }

    pub(crate) async fn create(
        &self,
        key: &str,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<Revision, StoreError> {
        match self.write(key, value.clone(), 0, ttl, None).await {
            Err(StoreError::Conflict) => {}
            decided => return decided,
        }
        // A key that was removed has the revision of its removal for a while.
        match self.last(key).await? {
            Some(last) if last.removed => self.write(key, value, last.value.revision, ttl, None).await,
            Some(_) => Err(StoreError::Conflict),
            // It has ended between the two.
            None => self.write(key, value, 0, ttl, None).await,
        }
    }

    pub(crate) async fn update(
        &self,
        key: &str,
        value: Bytes,
        revision: Revision,
        ttl: Option<Duration>,
    ) -> Result<Revision, StoreError> {
        // 0 would be a creation.
        if revision == 0 {
            return Err(StoreError::Conflict);
        }
        self.write(key, value, revision, ttl, None).await
    }

    pub(crate) async fn remove(&self, key: &str, revision: Revision) -> Result<(), StoreError> {
        if revision == 0 {
            return Err(StoreError::Conflict);
        }
        self.write(key, Bytes::new(), revision, Some(REMOVED), Some("DEL")).await.map(drop)
    }

    async fn write(
        &self,
        key: &str,
        value: Bytes,
        revision: Revision,
        ttl: Option<Duration>,
        operation: Option<&str>,
    ) -> Result<Revision, StoreError> {
        self.is_connected()?;
        let mut headers = HeaderMap::new();
        headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(revision));
        if let Some(ttl) = ttl {
            headers.insert(header::NATS_MESSAGE_TTL, HeaderValue::from(whole_seconds(ttl)));
        }
        if let Some(operation) = operation {
            headers.insert("KV-Operation", operation);
        }
        let written = async {
            let sent = self.context.publish_with_headers(self.prefix.clone() + key, headers, value).await?;
            sent.await
        };
        match within(written).await? {
            Ok(answer) => Ok(answer.sequence),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Err(StoreError::Conflict),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        }
    }

    /// The last write of a key, asked of the replica that leads.
    async fn last(&self, key: &str) -> Result<Option<Last>, StoreError> {
        self.is_connected()?;
        let subject = self.prefix.clone() + key;
        match within(self.stream.get_last_raw_message_by_subject(&subject)).await? {
            Ok(message) => Ok(Some(Last {
                removed: message.headers.get("KV-Operation").is_some(),
                value: StoredValue { value: message.payload, revision: message.sequence },
            })),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        }
    }

    fn is_connected(&self) -> Result<(), StoreError> {
        if self.client.connection_state() == State::Connected {
            return Ok(());
        }
        Err(StoreError::Unavailable("there is no connection to NATS".to_owned()))
    }
}

/// The last write of a key.
struct Last {
    removed: bool,
    value: StoredValue,
}

async fn within<T>(answer: impl Future<Output = T>) -> Result<T, StoreError> {
    let late = |_| StoreError::Unavailable(format!("no answer within {ANSWERS:?}"));
    timeout(ANSWERS, answer).await.map_err(late)
}

/// NATS counts seconds, at least one.
fn whole_seconds(ttl: Duration) -> u64 {
    (ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0)).max(1)
}

/// A key-value bucket, whose keys may have a time to live, and leave nothing behind when it ends.
fn form(name: &str, bucket: &str, replicas: usize) -> Config {
    Config {
        name: name.to_owned(),
        description: Some("what the nodes of a serverwamp cluster agree on".to_owned()),
        subjects: vec![format!("$KV.{bucket}.>")],
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        num_replicas: replicas,
        allow_message_ttl: true,
        ..Config::default()
    }
}

fn no_store(error: &dyn std::error::Error) -> String {
    format!(
        "NATS has no JetStream for this node ({error}): start nats-server with `-js`, or with `jetstream {{}}` in its configuration, and let the account of the node use it"
    )
}

fn cannot_make(
    bucket: &str,
    replicas: usize,
    error: &async_nats::error::Error<CreateStreamErrorKind>,
) -> String {
    format!(
        "cannot make the bucket {bucket:?} with {replicas} replicas ({error}): a NATS cluster needs as many servers as there are replicas, and the node the permissions in docs/cluster.md"
    )
}
