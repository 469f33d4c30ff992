//! A WebSocket that sends back what it receives, through the same layers that carry WAMP.
//!
//! It exists so that WebSocket conformance suites and load generators can judge these layers by themselves.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Request, Response};
use http_body_util::Full;
use serverwamp_proto::websocket::Opcode;

use super::WebSocketConfig;
use super::upgrade::upgrade_plain;
use crate::base::log::line;
use crate::rt::Runtime;
use crate::transport::{EndReason, Flow, Framing, MessageHandler, Outbox, RunQueue};

/// Answers `request`, and if it opens a WebSocket, serves an echo on it.
///
/// The HTTP connection has to allow upgrades, as hyper's `serve_connection(..).with_upgrades()` does.
pub fn echo<B>(
    mut request: Request<B>,
    config: &Arc<WebSocketConfig>,
    runtime: &Arc<dyn Runtime>,
) -> Response<Full<Bytes>> {
    let (answer, accepted) = match upgrade_plain(&mut request, config) {
        Ok(accepted) => accepted,
        Err(refusal) => return refusal.answer,
    };
    let (config, run_queue) = (Arc::clone(config), RunQueue::new(Arc::clone(runtime), Arc::default()));
    #[expect(clippy::async_yields_async, reason = "what opens it is dropped before it is served")]
    let opening = Box::pin(async move {
        let framing = Framing::plain(accepted.deflate);
        accepted
            .open_framed(framing, &config, config.plain_bounds(), &run_queue, |outbox, _| Echo { outbox })
            .await
    });
    runtime.spawn(Box::pin(opening.flatten()));
    answer
}

struct Echo {
    outbox: Outbox,
}

impl MessageHandler for Echo {
    fn message(&mut self, message: Bytes, kind: Opcode, _now: Instant) -> Flow {
        // Refused only when the connection ends anyway.
        let _ = self.outbox.push_as(kind, &message);
        Flow::Continue
    }

    fn message_in_place(&mut self, message: &[u8], kind: Opcode, _now: Instant) -> Option<Flow> {
        let _ = self.outbox.push_as(kind, message);
        Some(Flow::Continue)
    }

    fn violation(&mut self, _description: &str, _close_code: u16) {}

    fn ended(&mut self, reason: EndReason) {
        line!(DEBUG, "server", "an echo ended", reason = format_args!("{reason:?}"));
    }
}
