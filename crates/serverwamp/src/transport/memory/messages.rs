//! The peer's side of a pipe: whole messages.
//!
//! Invariant: both halves may be dropped between two polls and taken up again, and no message is cut or lost.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::rt::Write as _;
use serverwamp_proto::rawsocket::{Decoder, Event, FrameKind, MaxLength, frame};

use super::MemoryError;
use super::pipe::{Pipe, PipeReader, PipeWriter};
use crate::transport::Input;

/// The sending half.
#[derive(Debug)]
pub(crate) struct MessageSender {
    pipe: PipeWriter,
    longest: usize,
    /// Frames, of which the first `sent` bytes are sent.
    output: Vec<u8>,
    sent: usize,
}

/// The receiving half.
#[derive(Debug)]
pub(crate) struct MessageReceiver {
    pipe: PipeReader,
    input: Input,
    decoder: Decoder,
}

/// The halves of an end of a pipe, at whose other end messages of up to `longest` bytes are taken.
pub(crate) fn messages(pipe: Pipe, longest: usize) -> (MessageReceiver, MessageSender) {
    let (reader, writer) = pipe.split();
    let decoder = Decoder::new(MaxLength::LONGEST.bytes(), false);
    let receiver = MessageReceiver { pipe: reader, input: Input::new(), decoder };
    (receiver, MessageSender { pipe: writer, longest, output: Vec::new(), sent: 0 })
}

impl MessageSender {
    /// Takes a message, which [`poll_flush`](Self::poll_flush) then sends.
    pub(crate) fn push(&mut self, message: &[u8]) -> Result<(), MemoryError> {
        if message.is_empty() || message.len() > self.longest {
            return Err(MemoryError::Length { longest: self.longest });
        }
        frame::push(FrameKind::Message, message, &mut self.output);
        Ok(())
    }

    /// Sends what was taken.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), MemoryError>> {
        while let Some(rest) = self.output.get(self.sent..)
            && !rest.is_empty()
        {
            match ready!(Pin::new(&mut self.pipe).poll_write(cx, rest)) {
                Ok(written) => self.sent += written,
                Err(_) => return Poll::Ready(Err(MemoryError::Closed)),
            }
        }
        self.output.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

impl MessageReceiver {
    /// The next message; pings are answered on the way, if there is a sender to do so.
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        mut sender: Option<&mut MessageSender>,
    ) -> Poll<Result<Bytes, MemoryError>> {
        loop {
            match self.decoder.decode(self.input.received()) {
                Ok(Some(Event::Message(message))) => return Poll::Ready(Ok(message)),
                Ok(Some(Event::Ping(payload))) => {
                    if let Some(sender) = &mut sender {
                        frame::push(FrameKind::Pong, &payload, &mut sender.output);
                        let _unsent = sender.poll_flush(cx);
                    }
                }
                // Nothing is passed over here.
                Ok(Some(Event::Pong(_) | Event::TooLong(_))) => {}
                Ok(None) => match ready!(self.input.poll_read(cx, &mut self.pipe)) {
                    Ok(read) if read > 0 => {}
                    Ok(_) | Err(_) => return Poll::Ready(Err(MemoryError::Closed)),
                },
                Err(_) => return Poll::Ready(Err(MemoryError::Closed)),
            }
        }
    }
}
