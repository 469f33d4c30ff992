//! What a tapped message is, for whoever looks: its type, what it is about, and its payload if that may be shown.
//!
//! Answers name no URI, so it is remembered of the requests that came by. A payload is shown with what stands under certain keys
//! replaced, and not at all if it is long.

use super::TappedMessage;
use crate::base::message_kind::MessageDirection;
use crate::router::realm::RunningRealm;
use serverwamp_proto::codec::{Dict, Value, from_slice};
use serverwamp_proto::id::{RegistrationId, RequestId, SessionId, SubscriptionId};
use serverwamp_proto::message::{
    Call, End, Invocation, Message, Publish, Register, Subscribe, Unregister, Unsubscribe,
};
use serverwamp_proto::payload::Payload;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

/// The requests and names that are remembered; beyond, all are forgotten.
const REMEMBERED: usize = 4096;

/// What stands in place of a value that is not shown.
const MASK: &str = "**********";

/// How messages are shown.
#[derive(Debug)]
pub(crate) struct TapDisplay {
    /// Whether payloads are shown.
    pub(crate) payloads: bool,
    /// The bytes of the longest payload that is shown.
    pub(crate) longest_payload: usize,
    /// The keys whose values are not shown, in small letters: whatever contains one of them.
    pub(crate) masked: Vec<String>,
    requests: HashMap<(SessionId, u64, RequestId), Arc<str>>,
    registrations: HashMap<RegistrationId, Arc<str>>,
    subscriptions: HashMap<SubscriptionId, Arc<str>>,
}

/// What a message is.
#[derive(Debug)]
pub(crate) struct ShownMessage {
    pub(crate) at: Duration,
    pub(crate) number: u64,
    pub(crate) cause: Option<u64>,
    pub(crate) session: SessionId,
    pub(crate) direction: MessageDirection,
    pub(crate) length: usize,
    /// The name of its type; `None` if it was too long to be looked at.
    pub(crate) name: Option<&'static str>,
    pub(crate) request: Option<RequestId>,
    /// The procedure or topic that it is about.
    pub(crate) uri: Option<Arc<str>>,
    /// The URI of an ERROR.
    pub(crate) error: Option<String>,
    /// A progressive result, or an input that others follow.
    pub(crate) progress: bool,
    pub(crate) payload: Option<ShownPayload>,
}

/// A payload, or why it is not shown.
#[derive(Debug)]
pub(crate) enum ShownPayload {
    /// Its arguments, and the number of values in them that were masked.
    Shown(Vec<Value>, Dict, u64),
    TooLong,
    Unreadable,
}

/// What is read of a message beside its type.
#[derive(Default)]
struct MessageContent<'m> {
    request: Option<RequestId>,
    uri: Option<Arc<str>>,
    error: Option<String>,
    progress: bool,
    payload: Option<&'m Payload>,
}

impl TapDisplay {
    pub(crate) fn new(payloads: bool, longest_payload: usize, masked: Vec<String>) -> Self {
        Self {
            payloads,
            longest_payload,
            masked,
            requests: HashMap::new(),
            registrations: HashMap::new(),
            subscriptions: HashMap::new(),
        }
    }

    /// Says what a message is. To be asked for each in turn, because answers are told by their requests.
    pub(crate) fn show(&mut self, realm: &RunningRealm, tapped: &TappedMessage) -> ShownMessage {
        let mut shown = ShownMessage {
            at: tapped.at,
            number: tapped.number,
            cause: tapped.cause,
            session: tapped.session,
            direction: tapped.direction,
            length: tapped.length,
            name: None,
            request: None,
            uri: None,
            error: None,
            progress: false,
            payload: None,
        };
        let Some(bytes) = &tapped.bytes else { return shown };
        let Ok(message) = Message::decode(tapped.serializer, bytes) else { return shown };
        shown.name = Some(message.name());
        let about = self.about(realm, tapped.session, &message);
        shown.request = about.request;
        shown.uri = about.uri;
        shown.error = about.error;
        shown.progress = about.progress;
        if self.payloads {
            shown.payload = about.payload.and_then(|payload| self.payload(payload));
        }
        shown
    }

    fn about<'m>(
        &mut self,
        realm: &RunningRealm,
        session: SessionId,
        message: &'m Message<'_>,
    ) -> MessageContent<'m> {
        let request =
            |request: RequestId| MessageContent { request: Some(request), ..MessageContent::default() };
        match message {
            Message::Call(call) => MessageContent {
                uri: Some(self.asked(session, Call::CODE, call.request, &call.procedure)),
                progress: call.options.progress,
                payload: Some(&call.payload),
                ..request(call.request)
            },
            Message::Result(result) => MessageContent {
                uri: self.answered(session, Call::CODE, result.request, result.details.progress),
                progress: result.details.progress,
                payload: Some(&result.payload),
                ..request(result.request)
            },
            Message::Error(error) => MessageContent {
                uri: self.answered(session, error.request_type, error.request, false),
                error: Some(error.error.to_string()),
                payload: Some(&error.payload),
                ..request(error.request)
            },
            Message::Invocation(one) => {
                let named = one.details.procedure.as_deref().map(Arc::from);
                let uri = named.or_else(|| self.registration(realm, one.registration));
                if let Some(uri) = &uri {
                    self.asked(session, Invocation::CODE, one.request, uri);
                }
                MessageContent {
                    uri,
                    progress: one.details.progress,
                    payload: Some(&one.payload),
                    ..request(one.request)
                }
            }
            Message::Yield(one) => MessageContent {
                uri: self.answered(session, Invocation::CODE, one.request, one.options.progress),
                progress: one.options.progress,
                payload: Some(&one.payload),
                ..request(one.request)
            },
            Message::Publish(publish) => MessageContent {
                uri: Some(self.asked(session, Publish::CODE, publish.request, &publish.topic)),
                payload: Some(&publish.payload),
                ..request(publish.request)
            },
            Message::Event(event) => {
                let named = event.details.topic.as_deref().map(Arc::from);
                MessageContent {
                    uri: named.or_else(|| self.subscription(realm, event.subscription)),
                    payload: Some(&event.payload),
                    ..MessageContent::default()
                }
            }
            _ => self.about_others(realm, session, message),
        }
    }

    /// Messages without a payload.
    fn about_others<'m>(
        &mut self,
        realm: &RunningRealm,
        session: SessionId,
        message: &'m Message<'_>,
    ) -> MessageContent<'m> {
        let (request, uri) = match message {
            Message::Published(one) => {
                (one.request, self.answered(session, Publish::CODE, one.request, false))
            }
            Message::Subscribe(one) => {
                (one.request, Some(self.asked(session, Subscribe::CODE, one.request, &one.topic)))
            }
            Message::Subscribed(one) => {
                let uri = self.answered(session, Subscribe::CODE, one.request, false);
                if let Some(uri) = &uri {
                    remember(&mut self.subscriptions, one.subscription, uri);
                }
                (one.request, uri)
            }
            Message::Unsubscribe(one) => {
                let uri = self.subscription(realm, one.subscription);
                if let Some(uri) = &uri {
                    self.asked(session, Unsubscribe::CODE, one.request, uri);
                }
                (one.request, uri)
            }
            Message::Register(one) => {
                (one.request, Some(self.asked(session, Register::CODE, one.request, &one.procedure)))
            }
            Message::Registered(one) => {
                let uri = self.answered(session, Register::CODE, one.request, false);
                if let Some(uri) = &uri {
                    remember(&mut self.registrations, one.registration, uri);
                }
                (one.request, uri)
            }
            Message::Unregister(one) => {
                let uri = self.registration(realm, one.registration);
                if let Some(uri) = &uri {
                    self.asked(session, Unregister::CODE, one.request, uri);
                }
                (one.request, uri)
            }
            Message::Unsubscribed(one) => match &one.end {
                End::Answer(request) => {
                    (*request, self.answered(session, Unsubscribe::CODE, *request, false))
                }
                End::Revoked(details) => {
                    let uri = details.subscription.and_then(|id| self.subscription(realm, id));
                    return MessageContent { uri, ..MessageContent::default() };
                }
            },
            Message::Unregistered(one) => match &one.end {
                End::Answer(request) => (*request, self.answered(session, Unregister::CODE, *request, false)),
                End::Revoked(details) => {
                    let uri = details.registration.and_then(|id| self.registration(realm, id));
                    return MessageContent { uri, ..MessageContent::default() };
                }
            },
            Message::Cancel(one) => (one.request, self.answered(session, Call::CODE, one.request, true)),
            Message::Interrupt(one) => {
                (one.request, self.answered(session, Invocation::CODE, one.request, true))
            }
            _ => return MessageContent::default(),
        };
        MessageContent { request: Some(request), uri, ..MessageContent::default() }
    }

    /// Remembers what a request was about.
    fn asked(&mut self, session: SessionId, code: u64, request: RequestId, uri: &str) -> Arc<str> {
        let uri: Arc<str> = uri.into();
        remember(&mut self.requests, (session, code, request), &uri);
        uri
    }

    /// What a request was about that is answered now; for good, unless more follows.
    fn answered(
        &mut self,
        session: SessionId,
        code: u64,
        request: RequestId,
        more: bool,
    ) -> Option<Arc<str>> {
        let key = (session, code, request);
        if more { self.requests.get(&key).cloned() } else { self.requests.remove(&key) }
    }

    fn registration(&mut self, realm: &RunningRealm, id: RegistrationId) -> Option<Arc<str>> {
        if let Some(uri) = self.registrations.get(&id) {
            return Some(Arc::clone(uri));
        }
        let entry = realm.changes().registrations.get(id).cloned()?;
        let uri: Arc<str> = entry.pattern.as_str().into();
        remember(&mut self.registrations, id, &uri);
        Some(uri)
    }

    fn subscription(&mut self, realm: &RunningRealm, id: SubscriptionId) -> Option<Arc<str>> {
        if let Some(uri) = self.subscriptions.get(&id) {
            return Some(Arc::clone(uri));
        }
        let entry = realm.changes().subscriptions.get(id).cloned()?;
        let uri: Arc<str> = entry.pattern.as_str().into();
        remember(&mut self.subscriptions, id, &uri);
        Some(uri)
    }

    fn payload(&self, payload: &Payload) -> Option<ShownPayload> {
        if !payload.has_args() && !payload.has_kwargs() {
            return None;
        }
        if payload.size() > self.longest_payload {
            return Some(ShownPayload::TooLong);
        }
        let read = |bytes: &[u8]| match bytes.is_empty() {
            true => Ok(Value::Null),
            false => from_slice(payload.serializer, bytes),
        };
        let (Ok(mut args), Ok(mut kwargs)) = (read(&payload.args), read(&payload.kwargs)) else {
            return Some(ShownPayload::Unreadable);
        };
        let masked = self.mask(&mut args) + self.mask(&mut kwargs);
        let args = if let Value::List(args) = args { args } else { Vec::new() };
        let kwargs = if let Value::Dict(kwargs) = kwargs { kwargs } else { Dict::new() };
        Some(ShownPayload::Shown(args, kwargs, masked))
    }

    /// Replaces what is not shown, at whatever depth, and returns how often.
    fn mask(&self, value: &mut Value) -> u64 {
        match value {
            Value::List(items) => items.iter_mut().map(|item| self.mask(item)).sum(),
            Value::Dict(dict) => {
                let mut count = 0;
                let masked = std::mem::take(dict).into_iter().map(|(key, mut value)| {
                    let lower = key.to_lowercase();
                    if self.masked.iter().any(|word| lower.contains(word.as_str())) {
                        value = Value::Text(MASK.to_owned());
                        count += 1;
                    } else {
                        count += self.mask(&mut value);
                    }
                    (key, value)
                });
                *dict = masked.collect();
                count
            }
            _ => 0,
        }
    }
}

/// Remembers the URI of something, and forgets all others before they are too many.
fn remember<K: Eq + Hash>(known: &mut HashMap<K, Arc<str>>, key: K, uri: &Arc<str>) {
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.insert(key, Arc::clone(uri));
}
