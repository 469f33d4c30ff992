//! The arguments of handlers that a client serves, where their types are known.

use super::{CallInput, Canceled, Captures, Params, Procedure, State};
use crate::api::reply::Progress;
use crate::peering::payload::{Arg, Args, Kwargs};
use crate::peering::{Caller, PassthruPayload, RealmPeer};
use serverwamp_proto::payload::Payload;

/// An argument of a handler that a client serves: an extractor that needs no session of the router.
///
/// [`Client::register`](crate::client::Client::register) asks for it. Implement it for an extractor of your own that takes nothing
/// of the session, so with [`NEEDS_SESSION`](super::FromRequest::NEEDS_SESSION) `None`; it has no items.
#[diagnostic::on_unimplemented(
    message = "a client cannot serve a handler that takes `{Self}`",
    label = "a handler of this is for applications alone",
    note = "a call that a client serves has no session here: `Session`, `RealmHandle`, `TransportInfo`, `Identity` and `Extension` are for an application's own realm",
    note = "take `extract::Caller`, which is what the router discloses, `RealmPeer` for what a `RealmHandle` does, or `Option<{Self}>`, which is `None` where a client serves",
    note = "for an extractor of your own that needs no session, implement `serverwamp::extract::ClientArgument` for `{Self}`, which has no items"
)]
pub trait ClientArgument {}

impl<T> ClientArgument for Params<T> {}
impl<T> ClientArgument for Arg<T> {}
impl<T> ClientArgument for Args<T> {}
impl<T> ClientArgument for Kwargs<T> {}
impl<T> ClientArgument for State<T> {}
impl ClientArgument for Payload {}
impl ClientArgument for PassthruPayload {}
impl ClientArgument for Progress {}
impl ClientArgument for Canceled {}
impl ClientArgument for CallInput {}
impl ClientArgument for Caller {}
impl ClientArgument for RealmPeer {}
impl ClientArgument for Procedure {}
impl ClientArgument for Captures {}
// What may be absent, or fail, is `None`, or an error.
impl<E> ClientArgument for Option<E> {}
impl<E, R> ClientArgument for Result<E, R> {}

/// The arguments of a handler, all of which a client can give it.
#[diagnostic::on_unimplemented(
    message = "a client cannot serve a handler with the arguments `{Self}`",
    label = "a handler of this is for applications alone"
)]
pub trait ClientArguments {}

macro_rules! client_arguments {
    ($($ty:ident)*) => {
        impl<M, $($ty: ClientArgument,)*> ClientArguments for (M, $($ty,)*) {}
    };
}

client_arguments!();
client_arguments!(T1);
client_arguments!(T1 T2);
client_arguments!(T1 T2 T3);
client_arguments!(T1 T2 T3 T4);
client_arguments!(T1 T2 T3 T4 T5);
client_arguments!(T1 T2 T3 T4 T5 T6);
client_arguments!(T1 T2 T3 T4 T5 T6 T7);
client_arguments!(T1 T2 T3 T4 T5 T6 T7 T8);
client_arguments!(T1 T2 T3 T4 T5 T6 T7 T8 T9);
client_arguments!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10);
client_arguments!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11);
client_arguments!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12);
