//! Bodies that are longer than may be collected: a call does not wait for an answer in one, and what else is in a batch is
//! taken.
//!
//! Invariant: no more is collected than a transport may have; no more is read than [`Limits::discarded_bytes`], and nothing of
//! a stranger.
//!
//! [`Limits::discarded_bytes`]: crate::Limits::discarded_bytes

use std::pin::Pin;

use bytes::{Buf as _, Bytes};
use http_body::Body;
use http_body_util::BodyExt as _;
use serverwamp_proto::websocket::batch::{Piece, Pieces};

use super::LongPollService;
use super::bodies::{Unread, head};
use super::transport::{BodyBytes, LongPollTransport, SendRefused};
use crate::rt::after;

impl LongPollService {
    /// Passes on what can be of a body that is longer than `bound`, which begins like this and goes on with `body`; so far it
    /// is `held`.
    pub(super) async fn send_of_too_long<B>(
        &self,
        (bound, begin): (usize, [Bytes; 2]),
        body: Pin<&mut B>,
        transport: &LongPollTransport,
        held: &mut BodyBytes<'_>,
    ) -> Result<(), SendRefused>
    where
        B: Body<Data: Send> + Send,
        B::Error: std::error::Error,
    {
        let most = self.0.app.inner().settings.now().limits.discarded_bytes;
        let too_long = Unread::TooLong { bound, begin: Default::default() };
        if most == 0 || !transport.is_in_session() {
            return Err(too_long.into());
        }
        if !transport.subprotocol.batched {
            transport.answer_in_place_of(&head(&begin), too_long.to_string()).await;
            return Err(too_long.into());
        }
        let limit = held.grow_to(bound);
        let mut batch = Batch {
            transport,
            pieces: Pieces::new(transport.subprotocol.serializer, limit),
            limit,
            most,
            left: most,
            dropped: false,
        };
        self.take_apart(&mut batch, begin, body).await
    }

    async fn take_apart<B>(
        &self,
        batch: &mut Batch<'_>,
        begin: [Bytes; 2],
        mut body: Pin<&mut B>,
    ) -> Result<(), SendRefused>
    where
        B: Body<Data: Send> + Send,
        B::Error: std::error::Error,
    {
        for bytes in begin {
            batch.take(bytes).await?;
        }
        let runtime = &self.0.app.inner().runtime;
        let mut until = self.idle_at();
        while let Some(frame) = self.until(until, async { Ok(body.frame().await) }).await? {
            let frame = frame.map_err(|error| Unread::Broken(error.to_string()))?;
            if let Ok(mut data) = frame.into_data() {
                let began = runtime.now();
                batch.take(data.copy_to_bytes(data.remaining())).await?;
                // While the session takes nothing, it is not the client who is slow.
                until = after(until, runtime.now().saturating_duration_since(began));
            }
        }
        batch.end().await
    }
}

/// A batch that arrives.
struct Batch<'c> {
    transport: &'c LongPollTransport,
    pieces: Pieces,
    limit: usize,
    /// The allowed number of bytes in all, and the rest of it.
    most: usize,
    left: usize,
    /// One of its messages was too long.
    dropped: bool,
}

impl Batch<'_> {
    async fn take(&mut self, mut bytes: Bytes) -> Result<(), SendRefused> {
        self.left = self
            .left
            .checked_sub(bytes.len())
            .ok_or_else(|| Unread::TooLong { bound: self.most, begin: Default::default() })?;
        loop {
            match self.pieces.next(&mut bytes) {
                Ok(Some(Piece::Message(message, _))) => self.transport.send_message(message).await?,
                Ok(Some(Piece::TooLong(head))) => {
                    self.dropped = true;
                    let why = format!(
                        "the callee's answer is too long: message is longer than {} bytes",
                        self.limit
                    );
                    self.transport.answer_in_place_of(&head, why).await;
                }
                Ok(None) => return Ok(()),
                Err(error) => return self.transport.send_malformed(error).await,
            }
        }
    }

    async fn end(&self) -> Result<(), SendRefused> {
        match self.pieces.finish() {
            Err(error) => self.transport.send_malformed(error).await,
            Ok(()) if self.dropped => Err(Unread::Dropped { limit: self.limit }.into()),
            Ok(()) => Ok(()),
        }
    }
}
