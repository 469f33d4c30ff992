//! The options and details of messages about topics and procedures.
//!
//! Empty options, the common case, decode to their default without a look inside; rare attributes stand in boxes,
//! so that the structs that travel with every message stay small.

use std::borrow::Cow;

use super::attributes::attributes;
use super::forward_for::ForwardFor;
use super::keywords::{CancelMode, EncAlgo, InterruptMode, Invoke};
use super::names::Names;
use crate::footprint::allocation;
use crate::id::{RegistrationId, SessionId, SubscriptionId};
use crate::pattern::Match;

attributes! {
    /// The packing of a payload that only the endpoints can read. Spec: advanced, "Payload Passthru Mode".
    ///
    /// Travels unchanged from CALL to INVOCATION, YIELD to RESULT, PUBLISH to EVENT and ERROR to ERROR. The `enc_*`
    /// attributes are an older form of the same idea, under which the payload is one string in place of the arguments.
    pub struct Passthru {
        /// The scheme; an empty one means that the mode is off.
        "ppt_scheme" => scheme: Option<Box<str>>,
        /// The serializer of the payload before packing.
        "ppt_serializer" => serializer: Option<Box<str>>,
        /// The encryption of the payload.
        "ppt_cipher" => cipher: Option<Box<str>>,
        /// The key that encrypts the payload.
        "ppt_keyid" => keyid: Option<Box<str>>,
        /// Legacy: the arithmetic. Whenever it is present, the payload may be one string.
        "enc_algo" => enc_algo: Option<EncAlgo>,
        /// Legacy: the key.
        "enc_key" => enc_key: Option<Box<str>>,
        /// Legacy: how the payload was serialized before it was encrypted.
        "enc_serializer" => enc_serializer: Option<Box<str>>,
    }
}

impl Passthru {
    /// The bytes of memory that the attributes take.
    pub fn bytes(&self) -> usize {
        let texts =
            [&self.scheme, &self.serializer, &self.cipher, &self.keyid, &self.enc_key, &self.enc_serializer];
        let algorithm = self.enc_algo.as_ref().map_or(0, |name| allocation(name.as_str().len()));
        let texts: usize = texts.into_iter().flatten().map(|text| allocation(text.len())).sum();
        size_of::<Self>() + algorithm + texts
    }

    /// Returns whether the payload passthru mode is on: `ppt_scheme` is there and not empty.
    pub fn is_active(&self) -> bool {
        self.scheme.as_ref().is_some_and(|scheme| !scheme.is_empty())
    }
}

attributes! {
    /// The sessions that may and may not receive a publication. An empty list differs from an absent one: it contains no session.
    pub struct Receivers {
        /// Sessions that do not receive it.
        "exclude" => exclude: Option<Vec<SessionId>>,
        /// Principals that do not receive it.
        "exclude_authid" => exclude_authid: Option<Names>,
        /// Roles that do not receive it.
        "exclude_authrole" => exclude_authrole: Option<Names>,
        /// The only sessions that receive it.
        "eligible" => eligible: Option<Vec<SessionId>>,
        /// The only principals that receive it.
        "eligible_authid" => eligible_authid: Option<Names>,
        /// The only roles that receive it.
        "eligible_authrole" => eligible_authrole: Option<Names>,
    }
}

attributes! {
    /// `SUBSCRIBE.Options`.
    pub struct SubscribeOptions {
        /// The match policy of the topic.
        "match" => kind: Match,
        /// Whether the retained event is wanted.
        "get_retained" => get_retained: bool,
        /// The node key of a sharded subscription.
        "nkey" => nkey: Option<Box<str>>,
    }
    unknown
}

attributes! {
    /// `PUBLISH.Options`.
    pub struct PublishOptions {
        /// Whether PUBLISHED or ERROR is wanted.
        "acknowledge" => acknowledge: bool,
        /// Whether the publisher is left out; it is unless this is false.
        "exclude_me" => exclude_me: Option<bool>,
        /// Whether the publisher wants to be disclosed.
        "disclose_me" => disclose_me: bool,
        /// Whether the event is kept for later subscribers.
        "retain" => retain: bool,
        /// The resource key of a sharded subscription.
        "rkey" => rkey: Option<Box<str>>,
        /// On whose behalf the event is published. Not of the specification: Crossbar.io has it.
        "forward_for" => forward_for: Option<ForwardFor>,
        + receivers: Option<Box<Receivers>>,
        + passthru: Option<Box<Passthru>>,
    }
    unknown
}

attributes! {
    /// `EVENT.Details`.
    pub struct EventDetails<'a> {
        /// The publisher's session, if disclosed.
        "publisher" => publisher: Option<SessionId>,
        /// The publisher's authid, if disclosed.
        "publisher_authid" => publisher_authid: Option<Cow<'a, str>>,
        /// The publisher's role, if disclosed.
        "publisher_authrole" => publisher_authrole: Option<Cow<'a, str>>,
        /// The topic published to; always there for pattern subscriptions.
        "topic" => topic: Option<Cow<'a, str>>,
        /// The trust level of the publisher.
        "trustlevel" => trustlevel: Option<u64>,
        /// Whether the event was retained, and is not new.
        "retained" => retained: bool,
        /// On whose behalf the event was published, as its publisher says.
        "forward_for" => forward_for: Option<ForwardFor>,
        + passthru: Option<Box<Passthru>>,
    }
    unknown
}

attributes! {
    /// `UNSUBSCRIBED.Details`, when the router takes a subscription away.
    pub struct UnsubscribedDetails {
        /// The subscription that is gone.
        "subscription" => subscription: Option<SubscriptionId>,
        /// Why.
        "reason" => reason: Option<String>,
    }
    unknown
}

attributes! {
    /// `REGISTER.Options`.
    pub struct RegisterOptions {
        /// The match policy of the procedure.
        "match" => kind: Match,
        /// The policy that distributes calls among callees.
        "invoke" => invoke: Invoke,
        /// Whether the callee wants its callers disclosed.
        "disclose_caller" => disclose_caller: bool,
        /// Whether the callee looks after timeouts itself.
        "forward_timeout" => forward_timeout: bool,
        /// Whether another callee that has the registration loses it to this one. Not of the specification: Crossbar.io has it.
        "force_reregister" => force_reregister: bool,
    }
    unknown
}

attributes! {
    /// `UNREGISTERED.Details`, when the router takes a registration away.
    pub struct UnregisteredDetails {
        /// The registration that is gone.
        "registration" => registration: Option<RegistrationId>,
        /// Why.
        "reason" => reason: Option<String>,
    }
    unknown
}

attributes! {
    /// The shard for a call to a sharded registration.
    pub struct Sharding {
        /// The resource key.
        "rkey" => rkey: Option<Box<str>>,
        /// Whether one or all shards run it.
        "runmode" => runmode: Option<Box<str>>,
    }
}

attributes! {
    /// `CALL.Options`.
    pub struct CallOptions {
        /// Whether the caller takes progressive results.
        "receive_progress" => receive_progress: bool,
        /// Whether more input follows under the same request id.
        "progress" => progress: bool,
        /// After how many milliseconds the call fails; 0 for never.
        "timeout" => timeout: u64,
        /// Whether the caller wants to be disclosed.
        "disclose_me" => disclose_me: bool,
        /// On whose behalf the call is made. Not of the specification: Crossbar.io has it.
        "forward_for" => forward_for: Option<ForwardFor>,
        + sharding: Option<Box<Sharding>>,
        + passthru: Option<Box<Passthru>>,
    }
    unknown
}

attributes! {
    /// `INVOCATION.Details`.
    pub struct InvocationDetails<'a> {
        /// Whether the caller takes progressive results.
        "receive_progress" => receive_progress: bool,
        /// Whether more input follows under the same request id.
        "progress" => progress: bool,
        /// After how many milliseconds the callee gives up; 0 for never.
        "timeout" => timeout: u64,
        /// The caller's session, if disclosed.
        "caller" => caller: Option<SessionId>,
        /// The caller's authid, if disclosed.
        "caller_authid" => caller_authid: Option<Cow<'a, str>>,
        /// The caller's role, if disclosed.
        "caller_authrole" => caller_authrole: Option<Cow<'a, str>>,
        /// The procedure called; always there for pattern registrations.
        "procedure" => procedure: Option<Cow<'a, str>>,
        /// The trust level of the caller.
        "trustlevel" => trustlevel: Option<u64>,
        /// On whose behalf the call is made, as its caller says.
        "forward_for" => forward_for: Option<ForwardFor>,
        + passthru: Option<Box<Passthru>>,
    }
    unknown
}

attributes! {
    /// `CANCEL.Options`.
    pub struct CancelOptions {
        /// The mode of cancellation; `killnowait` if absent.
        "mode" => mode: Option<CancelMode>,
    }
    unknown
}

attributes! {
    /// `INTERRUPT.Options`.
    pub struct InterruptOptions {
        /// The mode of the interruption.
        "mode" => mode: Option<InterruptMode>,
    }
    unknown
}

attributes! {
    /// `YIELD.Options`.
    pub struct YieldOptions {
        /// Whether more results follow.
        "progress" => progress: bool,
        + passthru: Option<Box<Passthru>>,
    }
    unknown
}

attributes! {
    /// `RESULT.Details`.
    pub struct ResultDetails {
        /// Whether more results follow.
        "progress" => progress: bool,
        + passthru: Option<Box<Passthru>>,
    }
    unknown
}

attributes! {
    /// `ERROR.Details`.
    pub struct ErrorDetails {
        + passthru: Option<Box<Passthru>>,
    }
    unknown
}
