//! Arguments, keyword arguments and encoded payloads as replies to a call.

use super::IntoReply;
use crate::peering::Invocation;
use crate::peering::payload::{Arg, Args, CallReply, Kwargs, PassthruPayload, ToPayload, via};
use serde::Serialize;
use serverwamp_proto::payload::Payload;
use std::future::{Future, ready};

macro_rules! shape_replies {
    ($([$($generic:ident),*] $shape:ty;)*) => {$(
        impl<$($generic: Serialize + Send),*> IntoReply<Invocation, via::Shape> for $shape {
            fn into_reply(self, request: Invocation) -> impl Future<Output = CallReply> + Send {
                let result = self.to_payload(request.payload.serializer);
                ready(request.replied(result))
            }
        }
    )*};
}

shape_replies! {
    [T] Arg<T>;
    [T] Args<T>;
    [T] Kwargs<T>;
    [A, K] (Args<A>, Kwargs<K>);
    [] Payload;
    [] PassthruPayload;
}

impl IntoReply<Invocation, via::Shape> for CallReply {
    async fn into_reply(self, _: Invocation) -> Self {
        self
    }
}
