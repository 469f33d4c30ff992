//! The messages of callers and callees, and ERROR, which answers any request.

use std::borrow::Cow;

use super::bounds::UnreadBytes;
use super::options::{
    CallOptions, CancelOptions, ErrorDetails, InterruptOptions, InvocationDetails, RegisterOptions,
    ResultDetails, UnregisteredDetails, YieldOptions,
};
use super::wire::message;
use crate::id::{RegistrationId, RequestId};
use crate::payload::Payload;

message! {
    /// A request failed.
    pub struct Error<'a> {
        /// The type code of the request it answers, such as 48 for CALL.
        "REQUEST.Type" => request_type: u64,
        /// The request it answers.
        "REQUEST.Request" => request: RequestId,
        /// The details.
        "Details" => details: ErrorDetails,
        /// Why, as a URI.
        "Error" => error: Cow<'a, str>,
        /// The error's arguments.
        "" => payload: Payload,
    }
}

message! {
    /// A client calls a procedure.
    pub struct Call<'a> {
        /// The id of this request.
        "Request" => request: RequestId,
        /// The options of the call.
        "Options" => options: CallOptions,
        /// The procedure.
        "Procedure" => procedure: Cow<'a, str>,
        /// What was not read; there are no arguments then.
        "" => unread: UnreadBytes,
        /// The call's arguments.
        "" => payload: Payload,
    }
}

message! {
    /// A client takes a call back.
    pub struct Cancel {
        /// The call.
        "CALL.Request" => request: RequestId,
        /// The options of the cancellation.
        "Options" => options: CancelOptions,
    }
}

message! {
    /// The dealer delivers a result to the caller.
    pub struct Result {
        /// The call it answers.
        "CALL.Request" => request: RequestId,
        /// The details.
        "Details" => details: ResultDetails,
        /// The results.
        "" => payload: Payload,
    }
}

message! {
    /// A client offers a procedure.
    pub struct Register<'a> {
        /// The id of this request.
        "Request" => request: RequestId,
        /// The options: the match policy of the procedure, and the distribution of calls.
        "Options" => options: RegisterOptions,
        /// The procedure, or a pattern of procedures.
        "Procedure" => procedure: Cow<'a, str>,
    }
}

message! {
    /// The dealer accepted a registration.
    pub struct Registered {
        /// The REGISTER it answers.
        "REGISTER.Request" => request: RequestId,
        /// The id that invocations of this registration carry.
        "Registration" => registration: RegistrationId,
    }
}

message! {
    /// A client gives a registration up.
    pub struct Unregister {
        /// The id of this request.
        "Request" => request: RequestId,
        /// The registration.
        "REGISTERED.Registration" => registration: RegistrationId,
    }
}

message! {
    /// A registration is gone.
    pub struct Unregistered {
        /// The UNREGISTER it answers, or the revocation it is.
        "UNREGISTER.Request" => end: super::End<UnregisteredDetails>,
    }
}

message! {
    /// The dealer asks a callee to run a procedure.
    pub struct Invocation<'a> {
        /// The id of this invocation, counted for each callee.
        "Request" => request: RequestId,
        /// The registration through which it came.
        "REGISTERED.Registration" => registration: RegistrationId,
        /// The details of the call.
        "Details" => details: InvocationDetails<'a>,
        /// The call's arguments.
        "" => payload: Payload,
    }
}

message! {
    /// The dealer tells a callee to stop.
    pub struct Interrupt {
        /// The invocation.
        "INVOCATION.Request" => request: RequestId,
        /// The options.
        "Options" => options: InterruptOptions,
    }
}

message! {
    /// A callee delivers a result.
    pub struct Yield {
        /// The invocation it answers.
        "INVOCATION.Request" => request: RequestId,
        /// The details.
        "Options" => options: YieldOptions,
        /// The results.
        "" => payload: Payload,
    }
}
