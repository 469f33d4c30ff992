//! [`Handler`] for functions of up to twelve arguments: the only tuple macro of the crate.

use super::{Handler, StateRef};
use crate::api::extract::FromRequest;
use crate::api::reply::IntoReply;
use crate::peering::Request;
use std::future::Future;

macro_rules! impl_handler {
    ($($ty:ident)*) => {
        #[allow(non_snake_case, unused_mut, unused_variables, reason = "arguments are named after their types")]
        impl<F, Fut, Out, M, R, S, $($ty,)*> Handler<R, (M, $($ty,)*), S> for F
        where
            F: FnOnce($($ty,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Out> + Send,
            Out: IntoReply<R, M> + Send,
            R: Request,
            S: Send + Sync + 'static,
            $($ty: FromRequest<R, S> + Send,)*
        {
            const NEEDS_SESSION: Option<&'static str> = {
                let mut needs = None;
                $(if needs.is_none() {
                    needs = $ty::NEEDS_SESSION;
                })*
                needs
            };

            // Not an `async fn`: that would keep every argument twice, as it came and as it is used.
            #[allow(clippy::manual_async_fn, reason = "see above")]
            fn call(self, mut request: R, state: StateRef<S>) -> impl Future<Output = (R::Reply, StateRef<S>)> + Send {
                async move {
                    $(let $ty = match $ty::from_request(&mut request, &state).await {
                        Ok(value) => value,
                        Err(rejection) => return (R::refuse(rejection.into()), state),
                    };)*
                    request.extracted();
                    let output = self($($ty,)*).await;
                    (output.into_reply(request).await, state)
                }
            }

            fn takes_input() -> bool {
                false $(|| $ty::TAKES_INPUT)*
            }

            fn takes_passthru() -> bool {
                false $(|| $ty::TAKES_PASSTHRU)*
            }
        }
    };
}

impl_handler!();
impl_handler!(T1);
impl_handler!(T1 T2);
impl_handler!(T1 T2 T3);
impl_handler!(T1 T2 T3 T4);
impl_handler!(T1 T2 T3 T4 T5);
impl_handler!(T1 T2 T3 T4 T5 T6);
impl_handler!(T1 T2 T3 T4 T5 T6 T7);
impl_handler!(T1 T2 T3 T4 T5 T6 T7 T8);
impl_handler!(T1 T2 T3 T4 T5 T6 T7 T8 T9);
impl_handler!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10);
impl_handler!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11);
impl_handler!(T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12);
