//! What becomes of events that a subscriber does not read fast enough.

/// The treatment of an EVENT that does not fit into the queue of a subscriber that reads too slowly.
///
/// Before that, a publisher is paused for a subscriber that reads at the rate of [`Limits::drain_bytes`](crate::Limits::drain_bytes), and for one that
/// does not for [`Limits::drain_time`](crate::Limits::drain_time). It never affects events of others. Only events are dropped: a result that does
/// not fit ends its call with `wamp.error.network_failure`, and any other message ends the connection under every policy. Lost events are counted, see
/// [`Session::events_lost`](crate::Session::events_lost), and logged. A peer that reads nothing at all for
/// [`WebSocketConfig::write_timeout`](crate::websocket::WebSocketConfig::write_timeout) is disconnected in any case.
///
/// ```
/// use serverwamp::{Application, Overflow};
///
/// let builder = Application::builder::<()>().limits(|limits| limits.overflow = Overflow::DropOldestEvent);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Overflow {
    /// The connection ends: no subscriber misses an event without noticing.
    #[default]
    CloseSession,
    /// The new event is dropped, and the queued ones are delivered. For events of which the first ones matter, such as
    /// the beginning of a log. An eighth of the queue is reserved for other messages.
    DropNewestEvent,
    /// The oldest queued events are dropped, at least a quarter of the queue at once if there are that many, and the
    /// newest is delivered. For events that replace each other, such as prices or positions. Events also make room for
    /// other messages. With batched subprotocols events share no batch with other messages; whole batches are dropped.
    DropOldestEvent,
}
