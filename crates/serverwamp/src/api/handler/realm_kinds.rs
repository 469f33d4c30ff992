//! One name for the handlers of each kind of request that only an application's own realm has, in the way of `kinds.rs`.

use super::Handler;
use crate::router::request::{
    AuthRequest, AuthorizerRequest, ConnectRequest, JoinRequest, Method, SubscriptionRequest,
};

/// A [`Handler`] of subscriptions, for [`RouteSet::topic`](crate::RouteSet::topic).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle a subscription",
    label = "not a handler of subscriptions",
    note = "a handler is an `async fn`: each argument is an extractor for subscriptions, the result is `()`, `Hold`, `Events`, or a `Result` of these whose error is `Into<WampError>`, and its future is `Send`",
    note = "the state that its arguments can ask for is `{S}`",
    note = "`#[serverwamp::debug_handler(topic)]` above the function (feature `macros`) lets the compiler name the argument or the type at fault",
    note = "see \"When a handler does not compile\" in the documentation of the module `serverwamp::handler`"
)]
pub trait TopicHandler<T, S>: Handler<SubscriptionRequest, T, S> {}

/// A [`Handler`] of sessions that are not authenticated yet, for [`Realm::on_connect`](crate::Realm::on_connect).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle a session that connects",
    label = "not a handler of sessions",
    note = "a handler is an `async fn`: each argument is an extractor for sessions, the result is `()`, `Hold`, or a `Result` of these whose error is `Into<WampError>`, and its future is `Send`",
    note = "the state that its arguments can ask for is `{S}`",
    note = "`#[serverwamp::debug_handler(on_connect)]` above the function (feature `macros`) lets the compiler name the argument or the type at fault",
    note = "see \"When a handler does not compile\" in the documentation of the module `serverwamp::handler`"
)]
pub trait ConnectHandler<T, S>: Handler<ConnectRequest, T, S> {}

/// A [`Handler`] of authenticated sessions, for [`Realm::on_join`](crate::Realm::on_join).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle a session that joins",
    label = "not a handler of sessions",
    note = "a handler is an `async fn`: each argument is an extractor for sessions, the result is `()`, `Hold`, or a `Result` of these whose error is `Into<WampError>`, and its future is `Send`",
    note = "the state that its arguments can ask for is `{S}`",
    note = "`#[serverwamp::debug_handler(on_join)]` above the function (feature `macros`) lets the compiler name the argument or the type at fault",
    note = "see \"When a handler does not compile\" in the documentation of the module `serverwamp::handler`"
)]
pub trait JoinHandler<T, S>: Handler<JoinRequest, T, S> {}

/// A [`Handler`] that authenticates by method `M`, for the functions of [`auth`](crate::auth).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot authenticate a peer",
    label = "not a handler of an authenticator",
    note = "a handler is an `async fn`: each argument is an extractor for this authentication method, and its future is `Send`",
    note = "the result is `Principal` or `Option<Principal>` (for WAMP-CRA `CraCredential` or `Option<CraCredential>`), or a `Result` of these whose error is `Into<WampError>`",
    note = "the state that its arguments can ask for is `{S}`",
    note = "`#[serverwamp::debug_handler(auth::ticket)]` (or `auth::transport`, `auth::cra`, `auth::custom`) above the function (feature `macros`) lets the compiler name the argument or the type at fault",
    note = "see \"When a handler does not compile\" in the documentation of the module `serverwamp::handler`"
)]
pub trait AuthHandler<M: Method, T, S>: Handler<AuthRequest<M>, T, S> {}

/// A [`Handler`] that decides what no permission names, for [`Realm::authorizer`](crate::Realm::authorizer).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot authorize requests",
    label = "not a handler of an authorizer",
    note = "a handler is an `async fn`: each argument is an extractor for authorizers, the result is `Verdict` or `bool`, or a `Result` of these whose error is `Into<WampError>`, and its future is `Send`",
    note = "the state that its arguments can ask for is `{S}`",
    note = "`#[serverwamp::debug_handler(authorizer)]` above the function (feature `macros`) lets the compiler name the argument or the type at fault",
    note = "see \"When a handler does not compile\" in the documentation of the module `serverwamp::handler`"
)]
pub trait AuthorizerHandler<T, S>: Handler<AuthorizerRequest, T, S> {}

// Without `do_not_recommend` the compiler would speak of the trait below and name its request by its type.

#[diagnostic::do_not_recommend]
impl<H: Handler<SubscriptionRequest, T, S>, T, S> TopicHandler<T, S> for H {}

#[diagnostic::do_not_recommend]
impl<H: Handler<ConnectRequest, T, S>, T, S> ConnectHandler<T, S> for H {}

#[diagnostic::do_not_recommend]
impl<H: Handler<JoinRequest, T, S>, T, S> JoinHandler<T, S> for H {}

#[diagnostic::do_not_recommend]
impl<H: Handler<AuthRequest<M>, T, S>, M: Method, T, S> AuthHandler<M, T, S> for H {}

#[diagnostic::do_not_recommend]
impl<H: Handler<AuthorizerRequest, T, S>, T, S> AuthorizerHandler<T, S> for H {}
