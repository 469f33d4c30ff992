//! The bounds of each kind of request that only an application's own realm has, with the words for what does not meet them.

use super::kinds::kind;
use super::{HandlerError, Nothing, Probe, never};
use crate::api::extract::FromRequest;
use crate::api::reply::IntoReply;
use crate::router::request::{
    AuthRequest, AuthorizerRequest, ConnectRequest, CraMethod, CustomMethod, JoinRequest,
    SubscriptionRequest, TicketMethod, TransportMethod,
};
use std::marker::PhantomData;

kind! {
    topic, SubscriptionRequest,
    argument: {
        message = "`{Self}` cannot be an argument of a topic's handler",
        label = "not an extractor for subscriptions",
        note = "a subscription brings no arguments: its handler takes `Topic`, `Captures`, `PendingSubscription`, and what works everywhere (`Session`, `RealmHandle`, `State`, `Identity`)",
        note = "a handler of another kind says where it is registered: `#[debug_handler(procedure)]`, `#[debug_handler(on_join)]`",
        note = "the documentation of the module `serverwamp::extract` has a table of extractors"
    },
    reply: {
        message = "`{Self}` cannot be the result of a topic's handler",
        label = "not a reply to a subscription",
        note = "a topic's handler returns `()`, `Hold` or `Events`, or a `Result` of these whose error is `Into<WampError>`: subscribers get events, not a result",
        note = "the documentation of the module `serverwamp::reply` has a table of replies"
    }
}

kind! {
    authorizer, AuthorizerRequest,
    argument: {
        message = "`{Self}` cannot be an argument of an authorizer",
        label = "not an extractor for authorizers",
        note = "a question brings no arguments: an authorizer takes `Question`, and what works everywhere (`Session`, `RealmHandle`, `State`, `Identity`)",
        note = "a handler of another kind says where it is registered: `#[debug_handler(procedure)]`, `#[debug_handler(topic)]`",
        note = "the documentation of the module `serverwamp::extract` has a table of extractors"
    },
    reply: {
        message = "`{Self}` cannot be the result of an authorizer",
        label = "does not say whether the request is allowed",
        note = "an authorizer returns `Verdict` or `bool`, or a `Result` of these whose error is `Into<WampError>`",
        note = "see the documentation of `Realm::authorizer`"
    }
}

macro_rules! session_kind {
    ($module:ident, $request:ty, $argument:literal, $reply:literal) => {
        kind! {
            $module, $request,
            argument: {
                message = $argument,
                label = "not an extractor for sessions",
                note = "a session brings no arguments: its handler takes `PendingSession`, and what works everywhere (`Session`, `RealmHandle`, `State`, `Extension`)",
                note = "a handler of another kind says where it is registered: `#[debug_handler(procedure)]`, `#[debug_handler(topic)]`",
                note = "the documentation of the module `serverwamp::extract` has a table of extractors"
            },
            reply: {
                message = $reply,
                label = "not a reply to a session",
                note = "a session's handler returns `()` or `Hold`, or a `Result` of these whose error is `Into<WampError>`",
                note = "the documentation of the module `serverwamp::reply` has a table of replies"
            }
        }
    };
}

session_kind!(
    on_connect,
    ConnectRequest,
    "`{Self}` cannot be an argument of an `on_connect` handler",
    "`{Self}` cannot be the result of an `on_connect` handler"
);
session_kind!(
    on_join,
    JoinRequest,
    "`{Self}` cannot be an argument of an `on_join` handler",
    "`{Self}` cannot be the result of an `on_join` handler"
);

macro_rules! auth_kind {
    ($module:ident, $method:ty, $argument:literal, $takes:literal, $reply:literal, $returns:literal) => {
        kind! {
            $module, AuthRequest<$method>,
            argument: {
                message = $argument,
                label = "not an extractor for this authentication method",
                note = $takes,
                note = "`Ticket` belongs to `auth::ticket`, `AuthExchange` to `auth::custom`, and the arguments of calls to procedures",
                note = "the documentation of the module `serverwamp::extract` has a table of extractors"
            },
            reply: {
                message = $reply,
                label = "does not say who the peer is",
                note = $returns,
                note = "see the documentation of the module `serverwamp::auth`"
            }
        }
    };
}

auth_kind!(
    auth_transport,
    TransportMethod,
    "`{Self}` cannot be an argument of an `auth::transport` handler",
    "an `auth::transport` handler takes `Arc<TransportInfo>`, `AuthId`, `HelloDetails`, and what works everywhere (`Session`, `RealmHandle`, `State`)",
    "`{Self}` cannot be the result of an `auth::transport` handler",
    "an `auth::transport` handler returns `Principal`, `Option<Principal>`, or a `Result` of these whose error is `Into<WampError>`; `None` leaves the peer to the next authenticator"
);
auth_kind!(
    auth_ticket,
    TicketMethod,
    "`{Self}` cannot be an argument of an `auth::ticket` handler",
    "an `auth::ticket` handler takes `Ticket`, `AuthId`, `HelloDetails`, and what works everywhere (`Session`, `RealmHandle`, `State`)",
    "`{Self}` cannot be the result of an `auth::ticket` handler",
    "an `auth::ticket` handler returns `Principal`, `Option<Principal>`, or a `Result` of these whose error is `Into<WampError>`; `None` refuses the peer"
);
auth_kind!(
    auth_cra,
    CraMethod,
    "`{Self}` cannot be an argument of an `auth::cra` handler",
    "an `auth::cra` handler takes `AuthId`, `HelloDetails`, and what works everywhere (`Session`, `RealmHandle`, `State`)",
    "`{Self}` cannot be the result of an `auth::cra` handler",
    "an `auth::cra` handler returns `CraCredential`, `Option<CraCredential>`, or a `Result` of these whose error is `Into<WampError>`; `None` is an unknown authid"
);
auth_kind!(
    auth_custom,
    CustomMethod,
    "`{Self}` cannot be an argument of an `auth::custom` handler",
    "an `auth::custom` handler takes `AuthExchange`, `AuthId`, `HelloDetails`, and what works everywhere (`Session`, `RealmHandle`, `State`)",
    "`{Self}` cannot be the result of an `auth::custom` handler",
    "an `auth::custom` handler returns `Principal`, `Option<Principal>`, or a `Result` of these whose error is `Into<WampError>`; `None` refuses the peer"
);
