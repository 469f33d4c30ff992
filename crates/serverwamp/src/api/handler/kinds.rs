//! One name for the handlers of procedures, so that the compiler can say in words what a function is not.
//!
//! It is implemented for every [`Handler`] of calls and adds nothing to it.

use super::Handler;
use crate::peering::{EventDelivery, Invocation};

/// A [`Handler`] of procedure calls, for [`RouteSet::procedure`](crate::RouteSet::procedure).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle a procedure call",
    label = "not a handler of procedure calls",
    note = "a handler is an `async fn`: each argument is an extractor for procedure calls, the result is `Serialize` or a reply, an error is `Into<WampError>`, and its future is `Send`",
    note = "the state that its arguments can ask for is `{S}`",
    note = "`#[serverwamp::debug_handler]` above the function (feature `macros`) lets the compiler name the argument or the type at fault",
    note = "see \"When a handler does not compile\" in the documentation of the module `serverwamp::handler`"
)]
pub trait ProcedureHandler<T, S>: Handler<Invocation, T, S> {}

/// A [`Handler`] of events, for [`Client::subscribe_with`](crate::client::Client::subscribe_with).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle an event",
    label = "not a handler of events",
    note = "a handler is an `async fn`: each argument is an extractor for events, such as `Args`, `Kwargs`, `Topic`, `ReceivedEvent` or `State`, the result is `()` or a `Result<(), E>` whose error is `Into<WampError>`, and its future is `Send`",
    note = "the state that its arguments can ask for is `{S}`",
    note = "`#[serverwamp::debug_handler(event)]` above the function (feature `macros`) lets the compiler name the argument or the type at fault",
    note = "see \"When a handler does not compile\" in the documentation of the module `serverwamp::handler`"
)]
pub trait EventHandler<T, S>: Handler<EventDelivery, T, S> {}

// Without `do_not_recommend` the compiler would speak of the trait below and name its request by its type.

#[diagnostic::do_not_recommend]
impl<H: Handler<Invocation, T, S>, T, S> ProcedureHandler<T, S> for H {}

#[diagnostic::do_not_recommend]
impl<H: Handler<EventDelivery, T, S>, T, S> EventHandler<T, S> for H {}
