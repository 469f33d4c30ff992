//! The task behind a transport: from the pipe into requests, and from answers into the pipe.

use super::post::{PostError, Poster, read_body};
use crate::base::log::line;
use crate::client::join::TransportFault;
use crate::rt::after;
use crate::transport::memory::{MessageReceiver, MessageSender, Pipe, messages};
use bytes::Bytes;
use futures_util::future::{Either, select};
use http::StatusCode;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::answered_by;
use serverwamp_proto::rawsocket::MaxLength;
use serverwamp_proto::websocket::Subprotocol;
use serverwamp_proto::websocket::batch::{Records, push_record};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// A batch that is longer than this waits for the next request; a router's batch may be so much longer than the longest message.
const LONG_BATCH: usize = 256 * 1024;

/// The time for the answer to a `send`: routers that pause a sender read nothing for a few seconds.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// The time for the answer to `close`.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A router that answers `receive` at once with nothing is asked again after this.
const PATIENCE: Duration = Duration::from_millis(100);

/// One transport.
pub(super) struct Pump {
    pub(super) poster: Poster,
    /// The router's name of the transport.
    pub(super) transport: String,
    pub(super) subprotocol: Subprotocol,
    /// The longest message that is received.
    pub(super) longest: usize,
    /// Where the session learns why the transport is over.
    pub(super) fault: TransportFault,
}

/// Why a transport is over.
enum TransportEnd {
    /// The connection behind the pipe is over: the router is told.
    Here,
    /// The router has ended it.
    There,
    /// A request failed.
    Failed(String),
}

impl From<PostError> for TransportEnd {
    fn from(error: PostError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Pump {
    /// Carries messages until either side ends. Then the pipe is dropped, and the session's connection notices.
    pub(super) async fn run(self, pipe: Pipe) {
        let Self { mut poster, transport, subprotocol, longest, fault } = self;
        let (receiver, sender) = messages(pipe, MaxLength::LONGEST.bytes());
        let mut asking = poster.beside();
        let end = {
            let receiving = ReceivePump { transport: &transport, subprotocol, longest, sender };
            let sending = SendPump { transport: &transport, subprotocol, receiver };
            let (receiving, sending) = (pin!(receiving.run(&mut asking)), pin!(sending.run(&mut poster)));
            let (Either::Left((end, _)) | Either::Right((end, _))) = select(receiving, sending).await;
            match &end {
                TransportEnd::Failed(why) => fault.set(why),
                TransportEnd::There => fault.set("the router has ended the long-polling transport"),
                TransportEnd::Here => {}
            }
            end
        };
        let dialer = Arc::clone(poster.dialer());
        if let TransportEnd::Failed(why) = &end {
            line!(WARN, "client", "a long-polling transport was lost", router = dialer.address, why = why);
        }
        if !matches!(end, TransportEnd::There) {
            // The `receive` that waits goes away with its connection.
            drop(asking);
            let close = format!("{transport}/close");
            let closing = pin!(poster.post(&close, None, Bytes::new()));
            select(closing, dialer.runtime.sleep_until(after(dialer.runtime.now(), CLOSE_TIMEOUT))).await;
        }
    }
}

/// Takes messages out of answers.
struct ReceivePump<'t> {
    transport: &'t str,
    subprotocol: Subprotocol,
    longest: usize,
    sender: MessageSender,
}

impl ReceivePump<'_> {
    async fn run(mut self, poster: &mut Poster) -> TransportEnd {
        loop {
            if let Err(end) = self.receive(poster).await {
                return end;
            }
        }
    }

    async fn receive(&mut self, poster: &mut Poster) -> Result<(), TransportEnd> {
        let runtime = &Arc::clone(poster.dialer()).runtime;
        let begun = runtime.now();
        let answer = poster.post(&format!("{}/receive", self.transport), None, Bytes::new()).await?;
        check(answer.status(), "receive")?;
        // One byte more shows that a message is too long, and the connection says so.
        let most = self.longest.saturating_add(if self.subprotocol.batched { LONG_BATCH } else { 1 });
        let body = read_body(answer.into_body(), most).await?;
        if body.is_empty() {
            // Nothing has come for as long as the router lets a request wait.
            runtime.sleep_until(after(begun, PATIENCE)).await;
            return Ok(());
        }
        if self.subprotocol.batched && body.len() < most {
            for message in Records::new(self.subprotocol.serializer, body) {
                self.take(&message.map_err(|error| TransportEnd::Failed(format!("a bad batch: {error}")))?)?;
            }
        } else {
            self.take(&body)?;
        }
        let flushed = poll_fn(|cx| self.sender.poll_flush(cx)).await;
        flushed.map_err(|_| TransportEnd::Here)
    }

    fn take(&mut self, message: &[u8]) -> Result<(), TransportEnd> {
        self.sender.push(message).map_err(|error| TransportEnd::Failed(format!("a bad message: {error}")))
    }
}

/// Puts messages into requests.
struct SendPump<'t> {
    transport: &'t str,
    subprotocol: Subprotocol,
    receiver: MessageReceiver,
}

impl SendPump<'_> {
    async fn run(mut self, poster: &mut Poster) -> TransportEnd {
        loop {
            if let Err(end) = self.send(poster).await {
                return end;
            }
        }
    }

    async fn send(&mut self, poster: &mut Poster) -> Result<(), TransportEnd> {
        let (body, answers) = self.next().await?;
        let runtime = &Arc::clone(poster.dialer()).runtime;
        let late = runtime.sleep_until(after(runtime.now(), SEND_TIMEOUT));
        let path = format!("{}/send", self.transport);
        let sending = pin!(async {
            let answer = poster.post(&path, Some(mime(self.subprotocol.serializer)), body).await?;
            let status = answer.status();
            // The connection is free once the answer is read.
            read_body(answer.into_body(), LONG_BATCH).await?;
            Ok::<_, PostError>(status)
        });
        let status = match select(sending, late).await {
            Either::Left((status, _)) => status?,
            Either::Right(_) => {
                return Err(TransportEnd::Failed(format!("`send` had no answer within {SEND_TIMEOUT:?}")));
            }
        };
        // Routers that refuse a long result for its length alone have ended its call.
        if answers && status == StatusCode::PAYLOAD_TOO_LARGE {
            return Ok(());
        }
        check(status, "send")
    }

    /// What waits to be sent, a message or a batch, and whether it answers calls and nothing else.
    async fn next(&mut self) -> Result<(Bytes, bool), TransportEnd> {
        let Subprotocol { serializer, batched, .. } = self.subprotocol;
        let mut out = Vec::new();
        let mut answers = true;
        poll_fn(|cx| {
            loop {
                match self.receiver.poll_next(cx, None) {
                    Poll::Ready(Ok(message)) => {
                        answers &= answered_by(serializer, &message).is_some();
                        if !batched {
                            return Poll::Ready(Ok((message, answers)));
                        }
                        push_record(serializer, &message, &mut out);
                        if out.len() <= LONG_BATCH {
                            continue;
                        }
                    }
                    Poll::Ready(Err(_)) if out.is_empty() => return Poll::Ready(Err(TransportEnd::Here)),
                    Poll::Pending if out.is_empty() => return Poll::Pending,
                    Poll::Ready(Err(_)) | Poll::Pending => {}
                }
                return Poll::Ready(Ok((std::mem::take(&mut out).into(), answers)));
            }
        })
        .await
    }
}

fn check(status: StatusCode, request: &str) -> Result<(), TransportEnd> {
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(TransportEnd::There),
        status => Err(TransportEnd::Failed(format!("the answer to `{request}` is {status}"))),
    }
}

const fn mime(serializer: Serializer) -> &'static str {
    match serializer {
        Serializer::Json => "application/json",
        Serializer::MessagePack => "application/x-msgpack",
        Serializer::Cbor => "application/cbor",
    }
}
