//! Calls and events as application code holds them, whatever carries them: a realm of the same process, or a client's
//! session with a router.
//!
//! `payload` has the values of both: arguments and results, as types and encoded. `served` has the calls that application code
//! serves.
//!
//! In go the answers and events, out come futures and streams. Who carries a call implements [`CallStarter`], who delivers
//! events implements [`EventSource`]; neither is named here.
//!
//! Invariant: what waits for application code is bounded in number and bytes, and what does not fit is counted or ends its
//! call.

mod call;
mod call_future;
mod call_inbox;
mod call_inputs;
mod delivered;
mod disconnected;
mod ended;
mod event;
mod event_handling;
mod event_inbox;
mod event_queue;
#[cfg(feature = "server")]
mod expression;
#[cfg(not(feature = "server"))]
#[path = "no_expression.rs"]
mod expression;
mod gap;
mod history_position;
mod pattern;
pub(crate) mod payload;
mod realm_peer;
mod recovering;
mod registration;
mod served;
mod wire;

pub(crate) use call::{CallDraft, CallStarter, StartedCall};
pub use call::{CallResult, Calling, FromResults, ProgressResults};
pub use call_future::CallFuture;
pub(crate) use call_inbox::CallInbox;
pub use call_inputs::CallInputs;
pub use delivered::{Delivery, SubscriptionCut};
pub use disconnected::WhileDisconnected;
pub use ended::Ended;
pub(crate) use event::EventSource;
pub use event::{ReceivedEvent, Subscriber};
pub use event_handling::{EventDelivery, EventReply, HandledSubscription};
pub(crate) use event_handling::{EventHandling, matched_by};
pub(crate) use event_inbox::{EventDraft, EventInbox, Missed, Recovers, WAITING_EVENTS};
pub(crate) use expression::Expression;
#[cfg(feature = "server")]
pub use expression::regex;
pub use gap::{Gap, GapReason};
pub use history_position::{HistoryPosition, InvalidPosition};
pub(crate) use pattern::{Compiled, PatternShape};
pub use pattern::{RoutePattern, prefix, wildcard};
pub use payload::PassthruPayload;
pub(crate) use realm_peer::RealmAccess;
pub use realm_peer::RealmPeer;
pub(crate) use recovering::{RECOVERED_BYTES, RECOVERED_EVENTS};
pub use registration::Registration;
pub(crate) use registration::RegistrationKeeper;
pub use served::{BoxError, CallLayer, Caller, Invocation, ProcedureService, Request};
pub(crate) use served::{
    CallSource, CallState, ChargedPayload, Charger, ErasedHandler, HandlerSlot, Inputs, Matched, Run, Served,
    Stop, Taken, Takes, run_to_end,
};
pub(crate) use wire::{encode_error, sendable_uri};
