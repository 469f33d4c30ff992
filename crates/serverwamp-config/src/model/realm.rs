//! `[[realm]]` and `[[template]]`: who comes in, and what is kept there.

use super::auth::Auth;
use super::limits::Rate;
use super::role::Role;
use crate::reading::At;
use crate::section::{defaults, section};
use crate::values::{Bytes, Count, Named, Positive, RealmName, RealmNames, Text, Time, UriPattern, choice};
use std::time::Duration;

choice! {
    /// Whether callers and publishers are disclosed to callees and subscribers.
    pub enum Disclosure {
        /// Nobody is.
        Refused = "refused",
        /// Those who ask for it.
        OnRequest = "on-request",
        /// Everybody.
        Always = "always",
    }
}

section! {
    /// A realm: clients in it see each other, and nobody in another.
    ///
    /// A realm without roles lets everybody whom it lets in call, register, publish and subscribe as they like. With roles, a session may
    /// do what its role allows, and one whose role is not listed may do nothing.
    pub struct Realm: "realm" by name {
        /// Its name: one URI such as `"realm1"` or `"com.example.shop"`. It has no `*`, white space or control characters, does not start
        /// with `wamp.`, and is not `serverwamp.admin`, which `[admin]` makes. Realms of many names, such as `"com.example.*"`, are made of a `[[template]]`.
        live name: RealmName;
        /// The ways in, in the order in which they are tried. Without any, nobody comes in.
        live auth: Vec<At<Auth>> = Vec::new();
        /// What each role may do.
        live role: Named<Role> = Named::none();
        /// Settings of single topics, or of all that fit a pattern.
        live topic: Vec<At<Topic>> = Vec::new();
        /// Settings of single procedures, or of all that fit a pattern.
        live procedure: Vec<At<Procedure>> = Vec::new();
        /// The bounds of the realm as a whole.
        live limits: RealmLimits = defaults();
        /// What applies to all sessions.
        live rules: RealmRules = defaults();
    }

    /// Realms that are made when the first client joins one, and removed when they have been empty for a while.
    pub struct Template: "template" by names {
        /// The names of the realms, a pattern of URIs: `"com.*"` is each that starts with `com.`, with any number of parts behind it.
        /// None of them is `serverwamp.admin`, whatever the pattern is.
        live names: RealmNames;
        /// The number of realms that there may be at a time.
        live most_realms: Positive = Positive::new(1000);
        /// The time for which an empty one is kept, with what is retained in it.
        live linger: Time = Duration::from_secs(60).into();
        /// The ways in, as in a realm. Only whoever they let in makes a realm.
        live auth: Vec<At<Auth>> = Vec::new();
        /// What each role may do.
        live role: Named<Role> = Named::none();
        /// Settings of single topics, or of all that fit a pattern.
        live topic: Vec<At<Topic>> = Vec::new();
        /// Settings of single procedures, or of all that fit a pattern.
        live procedure: Vec<At<Procedure>> = Vec::new();
        /// The bounds of each realm as a whole.
        live limits: RealmLimits = defaults();
        /// What applies to all sessions.
        live rules: RealmRules = defaults();
    }

    /// What applies to all sessions of a realm.
    pub struct RealmRules: "realm.rules" {
        /// Whether the realm answers the procedures and publishes the events of the meta API (`wamp.session.`, `wamp.registration.`,
        /// `wamp.subscription.`), as other routers do. Roles need a permission for what they use of it.
        live meta_api: bool = true;
        /// The roles that may end other sessions, and take registrations and subscriptions away, through the meta API.
        live administrators: Vec<At<Text>> = Vec::new();
        /// Whether callers and publishers are disclosed to callees and subscribers.
        live disclosure: Disclosure = Disclosure::OnRequest;
        /// Whether a client that registers with `force_reregister` takes over what another session of its authid and role has
        /// registered: a callee that comes back after a cut then has its procedures at once.
        live force_reregister: bool = true;
        /// Whether URIs follow the strict rules: small letters, digits and `_` alone.
        live strict_uris: bool = false;
        /// Whether the order of `auth` decides which method is used, in place of the order in which the client lists them.
        live prefer_own_order: bool = false;
        /// Whether a session goes on when what let it in, such as a token, has expired.
        live keep_expired_sessions: bool = false;
        /// Whether a client may bring a new ticket in time, with `serverwamp.session.renew`.
        live allow_renewal: bool = false;
        /// The procedure that decides what no permission names, as with Crossbar.io's dynamic authorizers.
        live authorizer: Option<UriPattern> = None;
        /// The topic by which the authorizer says that its decisions are to be forgotten.
        live forget_decisions_on: Option<UriPattern> = None;
    }

    /// The bounds of a realm as a whole.
    pub struct RealmLimits: "realm.limits" {
        /// The sessions that it may have.
        live sessions: Option<Positive> = None;
        /// The unanswered calls that it may have while other realms want some. By default what `limits.calls_in_flight_of_realm` says.
        live calls_in_flight: Option<Positive> = None;
        /// The events that it retains. By default what `limits.retained_events` says.
        live retained_events: Option<Count> = None;
        /// The memory for these. By default what `limits.retained_bytes` says.
        live retained_bytes: Option<Bytes> = None;
        /// The number of these that may come from one session. By default what `limits.retained_events_of_session` says.
        live retained_events_of_session: Option<Count> = None;
        /// The memory for what comes from one session. By default what `limits.retained_bytes_of_session` says.
        live retained_bytes_of_session: Option<Bytes> = None;
        /// The time for which an event is retained. By default what `limits.retained_age` says.
        live retained_age: Option<Time> = None;
        /// The decisions of authorizers that it keeps. By default what `limits.cached_decisions` says.
        live cached_decisions: Option<Count> = None;
        /// The longest time for which it keeps one. By default what `limits.cached_decision_time` says.
        live cached_decision_time: Option<Time> = None;
    }

    /// Settings of topics. Of several that fit, the most specific one counts.
    pub struct Topic: "realm.topic" by uri {
        /// The topics.
        live uri: UriPattern;
        /// Whether publishers may leave an event behind for later subscribers.
        live retain: bool = true;
        /// The number of events that these topics together retain. Needs `retain_bytes`.
        live retain_events: Option<Count> = None;
        /// The memory for these. Needs `retain_events`.
        live retain_bytes: Option<Bytes> = None;
        /// The time for which they are retained.
        live retain_for: Option<Time> = None;
        /// Whether a publication with `retain` and without arguments ends what is retained.
        live clear_retained: bool = false;
        /// The events that are kept for the subscription of exactly this URI or pattern, for `wamp.subscription.get_events` and for clients
        /// that recover: the history of `"news.*"` is that of who subscribes to the prefix.
        live history: Count = Count::new(0);
        /// The memory for these.
        live history_bytes: Option<Bytes> = None;
        /// The trust level that events have.
        live trustlevel: Option<Count> = None;
        /// Whether the publisher is disclosed to subscribers.
        live disclose_publisher: bool = false;
    }

    /// Settings of procedures. Of several that fit, the most specific one counts.
    pub struct Procedure: "realm.procedure" by uri {
        /// The procedures.
        live uri: UriPattern;
        /// The trust level that invocations have.
        live trustlevel: Option<Count> = None;
        /// Whether the caller is disclosed to callees.
        live disclose_caller: bool = false;
        /// Whether the timeout of a call is forwarded to the callee. The router keeps it in any case.
        live forward_timeout: bool = false;
    }
}

/// Named here so that the limits of roles count in the same way.
pub type RequestRate = Rate;
