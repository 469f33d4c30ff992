//! The messages the framework sends, from what it knows to what `serverwamp_proto` encodes.
//!
//! Nothing here can fail at run time: attributes are plain texts and ids, and payloads are in the session's serializer.

use crate::base::log::line_later;
use crate::peering::sendable_uri;
use crate::router::auth::{Denial, Principal};
use crate::router::realm::{Disclosure, RealmConfig};
use serverwamp_proto::codec::{Dict, Serializer, Value};
use serverwamp_proto::id::{PublicationId, RegistrationId, RequestId, SessionId, SubscriptionId};
use serverwamp_proto::message::{
    self, Abort, AbortDetails, Challenge, End, EventDetails, Goodbye, GoodbyeDetails, Message, Registered,
    Subscribed, Unregistered, UnregisteredDetails, Unsubscribed, UnsubscribedDetails, Welcome,
    WelcomeDetails,
};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::RouterFeatures;
use std::borrow::Cow;

/// The program's name and version, as WELCOME tells it.
const AGENT: &str = concat!("serverwamp/", env!("CARGO_PKG_VERSION"));

/// What works on a realm, and nothing else; WELCOME says so (checklist FEAT-01, FEAT-02).
pub(crate) fn features(config: &RealmConfig) -> RouterFeatures {
    let (register, publish) = (config.access.registers(), config.access.publishes());
    let meta_api = config.offers.meta_api;
    let disclosing = config.offers.disclosure != Disclosure::Refused;
    RouterFeatures {
        publisher_identification: publish && disclosing,
        publisher_exclusion: publish,
        subscriber_blackwhite_listing: publish,
        pattern_based_subscription: true,
        publication_trustlevels: publish,
        subscription_meta_api: meta_api,
        subscription_revocation: meta_api,
        event_history: meta_api,
        event_retention: true,
        session_meta_api: meta_api,
        caller_identification: register && disclosing,
        pattern_based_registration: register,
        shared_registration: register,
        registration_meta_api: meta_api,
        registration_revocation: register && meta_api,
        testament_meta_api: publish && meta_api,
        progressive_call_results: true,
        progressive_call_invocations: true,
        call_canceling: true,
        call_timeout: true,
        call_trustlevels: register,
        call_reroute: register,
        payload_passthru_mode: config.access.offers_passthru(),
        ..RouterFeatures::NONE
    }
}

pub(crate) fn abort<'a>(serializer: Serializer, reason: &'a str, text: Option<&str>) -> Message<'a> {
    Message::Abort(Abort {
        details: AbortDetails { message: text.map(str::to_owned), ..AbortDetails::default() },
        reason: sendable_uri(reason),
        payload: Payload::empty(serializer),
    })
}

/// ABORT for a peer that did not get in.
pub(crate) fn denial(serializer: Serializer, denial: &Denial) -> Message<'_> {
    let details = AbortDetails {
        message: denial.error.message().map(str::to_owned),
        scram: denial.scram.map(str::to_owned),
        ..AbortDetails::default()
    };
    Message::Abort(Abort {
        details,
        reason: sendable_uri(denial.error.uri()),
        payload: Payload::empty(serializer),
    })
}

pub(crate) fn goodbye<'a>(reason: &'a str, text: Option<&str>) -> Message<'a> {
    Message::Goodbye(Goodbye {
        details: GoodbyeDetails { message: text.map(str::to_owned), ..GoodbyeDetails::default() },
        reason: sendable_uri(reason),
    })
}

pub(crate) fn challenge<'a>(serializer: Serializer, method: &'a str, extra: &Dict) -> Message<'a> {
    Message::Challenge(Challenge { method: method.into(), extra: extra_of(serializer, method, extra) })
}

/// What an authentication method adds to a message.
fn extra_of(serializer: Serializer, method: &str, extra: &Dict) -> message::Encoded {
    message::Encoded::new(serializer, extra).unwrap_or_else(|error| {
        line_later!(
            ERROR,
            "internal",
            "the extra of an authentication method cannot be encoded, an empty one is sent",
            method = method,
            error = error
        );
        message::Encoded::empty_dict(serializer)
    })
}

pub(crate) fn welcome(
    serializer: Serializer,
    session: SessionId,
    realm: &str,
    principal: &Principal,
    features: Option<RouterFeatures>,
) -> Message<'static> {
    Message::Welcome(Welcome {
        session,
        details: WelcomeDetails {
            roles: Some(features.unwrap_or(RouterFeatures::NONE).encode(serializer)),
            agent: Some(AGENT.to_owned()),
            realm: Some(realm.to_owned()),
            authid: Some(principal.authid().to_owned()),
            authrole: Some(principal.authrole().to_owned()),
            authmethod: Some(principal.authmethod().to_owned()),
            authprovider: Some(principal.authprovider().to_owned()),
            authextra: principal
                .authextra_of_welcome()
                .map(|extra| extra_of(serializer, principal.authmethod(), extra)),
            ..WelcomeDetails::default()
        },
    })
}

pub(crate) fn subscribed(request: RequestId, subscription: SubscriptionId) -> Message<'static> {
    Message::Subscribed(Subscribed { request, subscription })
}

pub(crate) fn unsubscribed(request: RequestId) -> Message<'static> {
    Message::Unsubscribed(Unsubscribed { end: End::Answer(request) })
}

pub(crate) fn subscription_revoked(subscription: SubscriptionId, reason: Option<&str>) -> Message<'static> {
    let details = UnsubscribedDetails {
        subscription: Some(subscription),
        reason: reason.map(str::to_owned),
        ..UnsubscribedDetails::default()
    };
    Message::Unsubscribed(Unsubscribed { end: End::Revoked(details) })
}

pub(crate) fn registered(request: RequestId, registration: RegistrationId) -> Message<'static> {
    Message::Registered(Registered { request, registration })
}

pub(crate) fn unregistered(request: RequestId) -> Message<'static> {
    Message::Unregistered(Unregistered { end: End::Answer(request) })
}

pub(crate) fn registration_revoked(registration: RegistrationId, reason: Option<&str>) -> Message<'static> {
    let details = UnregisteredDetails {
        registration: Some(registration),
        reason: reason.map(str::to_owned),
        ..UnregisteredDetails::default()
    };
    Message::Unregistered(Unregistered { end: End::Revoked(details) })
}

/// Encodes an EVENT; `topic` is told on subscriptions by pattern.
pub(crate) fn event(
    subscription: SubscriptionId,
    publication: PublicationId,
    topic: Option<&str>,
    payload: &Payload,
    out: &mut Vec<u8>,
) {
    let details = EventDetails { topic: topic.map(Cow::Borrowed), ..EventDetails::default() };
    let (args, kwargs) = (&payload.args, &payload.kwargs);
    let encoded =
        message::encode_event(payload.serializer, subscription, publication, &details, args, kwargs, out);
    debug_assert!(encoded.is_ok(), "a topic is a text, which every serializer can write");
}

/// A dictionary that a peer sent; what cannot be read is treated as absent.
pub(crate) fn dict(encoded: Option<&message::Encoded>) -> Dict {
    match encoded.map(|extra| extra.decode::<Value>()) {
        Some(Ok(Value::Dict(dict))) => dict,
        _ => Dict::new(),
    }
}
