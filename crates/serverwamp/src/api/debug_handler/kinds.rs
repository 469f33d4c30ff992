//! The bounds of each kind of request, and those of procedure calls, with the words for what does not meet them.

use super::{HandlerError, Nothing, Probe, never};
use crate::api::extract::FromRequest;
use crate::api::reply::IntoReply;
use crate::peering::{EventDelivery, Invocation};
use std::marker::PhantomData;

macro_rules! kind {
    ($module:ident, $request:ty, argument: { $($argument:tt)* }, reply: { $($reply:tt)* }) => {
        /// The checks of one kind of handler.
        pub mod $module {
            use super::*;

            /// The bound of an argument.
            #[diagnostic::on_unimplemented($($argument)*)]
            pub trait Argument<S>: FromRequest<$request, S> + Send {}

            impl<T: FromRequest<$request, S> + Send, S> Argument<S> for T {}

            /// Checks an argument.
            pub fn argument<T: Argument<S>, S>() {}

            /// The bound of a result.
            #[diagnostic::on_unimplemented($($reply)*)]
            pub trait Reply<M>: IntoReply<$request, M> + Send {}

            impl<T: IntoReply<$request, M> + Send, M> Reply<M> for T {}

            /// A result that answers the request: there is nothing to say.
            pub trait Answers<M> {
                /// Finds what is at fault.
                fn at_fault(&self) -> Nothing;
            }

            impl<T: IntoReply<$request, M> + Send, M> Answers<M> for Probe<T> {
                fn at_fault(&self) -> Nothing {
                    never()
                }
            }

            /// A `Result` that does not, because of one of its parts.
            pub trait AnswersInParts<T, E> {
                /// Finds what is at fault.
                fn at_fault<M>(&self) -> Parts<T, E, M>;
            }

            impl<T, E> AnswersInParts<T, E> for &Probe<Result<T, E>> {
                fn at_fault<M>(&self) -> Parts<T, E, M> {
                    never()
                }
            }

            /// Anything else.
            pub trait AnswersNothing<T> {
                /// Finds what is at fault.
                fn at_fault<M>(self) -> Whole<T, M>;
            }

            impl<T> AnswersNothing<T> for Probe<T> {
                fn at_fault<M>(self) -> Whole<T, M> {
                    never()
                }
            }

            /// A `Result` of which one part is at fault, or both. `X` is what the handler's signature says.
            #[derive(Debug)]
            pub struct Parts<T, E, M>(PhantomData<(T, E, M)>);

            impl<T, E, M> Parts<T, E, M> {
                /// Checks the success.
                pub fn success<X: Reply<M>>(&self) {}

                /// Checks the success, which the signature does not name.
                pub fn unnamed_success(&self)
                where
                    T: Reply<M>,
                {
                }

                /// Checks the success, when the signature names the `Result` as a whole.
                pub fn whole<X>(&self)
                where
                    T: Reply<M>,
                {
                }

                /// Checks the error.
                pub fn error<X: HandlerError>(&self) {}

                /// Checks the error, which the signature does not name.
                pub fn unnamed_error(&self)
                where
                    E: HandlerError,
                {
                }
            }

            /// A result that is at fault as a whole. `X` is what the handler's signature says.
            #[derive(Debug)]
            pub struct Whole<T, M>(PhantomData<(T, M)>);

            impl<T, M> Whole<T, M> {
                /// Checks the result, when the signature names what looks like parts of a `Result` and is none.
                pub fn success<X>(&self)
                where
                    T: Reply<M>,
                {
                }

                /// Checks the result, which the signature does not name.
                pub fn unnamed_success(&self)
                where
                    T: Reply<M>,
                {
                }

                /// Checks the result.
                pub fn whole<X: Reply<M>>(&self) {}

                /// Does nothing: the fault is not an error type.
                pub fn error<X>(&self) {}

                /// Does nothing: the fault is not an error type.
                pub fn unnamed_error(&self) {}
            }
        }
    };
}

pub(super) use kind;

kind! {
    procedure, Invocation,
    argument: {
        message = "`{Self}` cannot be an argument of a procedure",
        label = "not an extractor for procedure calls",
        note = "what the caller sends is taken with `Params<T>`, `Arg<T>`, `Args<(A, B)>`, `Kwargs<T>` or `Payload`",
        note = "a handler of another kind says where it is registered: `#[debug_handler(topic)]`, `#[debug_handler(on_join)]`",
        note = "the documentation of the module `serverwamp::extract` has a table of extractors"
    },
    reply: {
        message = "`{Self}` cannot be the result of a procedure",
        label = "not a reply to a procedure call",
        note = "a procedure returns what is `serde::Serialize` (`#[derive(serde::Serialize)]`), `Args`, `Kwargs`, `Progressive`, or a `Result` of these whose error is `Into<WampError>`",
        note = "the documentation of the module `serverwamp::reply` has a table of replies"
    }
}

kind! {
    event, EventDelivery,
    argument: {
        message = "`{Self}` cannot be an argument of a handler of events",
        label = "not an extractor for events",
        note = "an event's arguments are taken with `Params<T>`, `Arg<T>`, `Args<(A, B)>`, `Kwargs<T>` or `Payload`, its topic with `Topic`, all of it with `ReceivedEvent`",
        note = "an event has no session here: take `RealmPeer` to call and publish, and `State` for what the handler needs besides",
        note = "a handler of another kind says where it is registered: `#[debug_handler(procedure)]`, `#[debug_handler(topic)]`",
        note = "the documentation of the module `serverwamp::extract` has a table of extractors"
    },
    reply: {
        message = "`{Self}` cannot be the result of a handler of events",
        label = "nobody waits for the result of an event",
        note = "a handler of events returns `()`, or a `Result<(), E>` whose error is `Into<WampError>` and is logged",
        note = "see the documentation of `Client::subscribe_with`"
    }
}
