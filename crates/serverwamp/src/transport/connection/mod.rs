//! The task of one connection: reads, hands messages over, writes, keeps time. One future polls all of it together.
//!
//! All messages of a read are handled before anything is written, so that their answers go out in one write; what the
//! peer does not accept stops the reading of more. A peer that is silent is pinged, one that stays silent is given up.
//!
//! Invariant: the handler's `ended` is called exactly once, as soon as no further message can come; what follows, the
//! closing handshake, is bounded in time.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use hyper::rt::{Read, Write};
use serverwamp_proto::websocket::batch::Records;

use crate::rt::after;
use crate::transport::budget::Budget;
use crate::transport::closing::Closing;
use crate::transport::framing::FrameDecoder;
use crate::transport::input::Input;
use crate::transport::outbox::{DrainVerdict, Outbox, OutboxEnd};
use crate::transport::output::{Drained, Output};
use crate::transport::pause::{self, Pause};
use crate::transport::run_queue::{RunQueue, Slot, Stopped, Worked};
use crate::transport::timer::Timer;
use crate::transport::{EndReason, MessageHandler, Settings};

mod pausing;
mod receiving;

/// Quiet after which buffers that a burst left behind are given back.
const TRIM_AFTER: Duration = Duration::from_secs(2);

/// One peer, from the upgrade to the end of its transport.
#[derive(Debug)]
pub(crate) struct Connection<IO, H: MessageHandler> {
    io: IO,
    handler: H,
    decoder: FrameDecoder,
    input: Input,
    /// The rest of a batch.
    records: Option<Records>,
    output: Output,
    timer: Timer,
    turn: Slot,
    settings: Settings,
    /// The handler takes no messages for now.
    busy: bool,
    /// The receivers of what the peer sent have no room.
    pause: Option<Pause>,
    /// A pause that is over, until the end of the turn.
    resumed: Option<Pause>,
    /// The handler knows that nothing is read.
    unread: bool,
    last_heard: Instant,
    /// When the ping was sent that is not answered.
    pinged: Option<Instant>,
    ended: bool,
    closing: Option<Box<Closing>>,
}

impl<IO: Read + Write + Unpin, H: MessageHandler> Connection<IO, H> {
    /// A connection over `io` whose answers are what is pushed into `outbox`, and which takes turns with others in `run_queue`.
    pub(crate) fn new(
        io: IO,
        outbox: Outbox,
        handler: H,
        settings: Settings,
        run_queue: &Arc<RunQueue>,
    ) -> Self {
        let timer = Timer::new(Arc::clone(run_queue.runtime()));
        let now = timer.now();
        let decoder = outbox.framing().decoder(settings.max_message);
        Self {
            io,
            handler,
            decoder,
            input: Input::new(),
            records: None,
            output: Output::new(outbox, now),
            last_heard: now,
            timer,
            turn: run_queue.join(),
            settings,
            busy: false,
            pause: None,
            resumed: None,
            unread: false,
            pinged: None,
            ended: false,
            closing: None,
        }
    }

    /// Goes on behind these bytes, which were received before the connection began.
    pub(crate) fn behind(mut self, received: BytesMut) -> Self {
        *self.input.received() = received;
        self
    }

    fn drive(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.output.outbox().register(cx.waker());
        let mut now = self.timer.now();
        loop {
            if self.work(cx, now).is_ready() {
                return Poll::Ready(());
            }
            let deadline = self.deadline(now);
            if !self.timer.poll(cx, deadline, now) {
                return Poll::Pending;
            }
            now = self.timer.now();
            if self.on_time(now).is_ready() {
                return Poll::Ready(());
            }
        }
    }

    /// Does all work of one turn.
    fn work(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        let budget = self.turn.begin(now);
        let listening = pause::listen();
        let worked = self.work_within(budget, cx, now);
        drop(listening);
        if self.resumed.is_some() {
            self.resumed = None;
        }
        self.turn.end(worked, cx)
    }

    fn work_within(&mut self, mut budget: Budget, cx: &mut Context<'_>, now: Instant) -> Worked {
        loop {
            self.output.outbox().attend();
            let stopped = self.deliver(now, &mut budget);
            if self.unread && stopped != Stopped::Paused {
                self.read_again(now);
            }
            if !self.ended {
                self.busy = self.handler.poll(cx, now).is_pending();
            }
            let has_more = !self.ended && self.handler.produce(budget.is_for_a_turn());
            if budget.pay_charged() {
                self.heed();
            }
            self.notice_close(now);
            let drained = match self.output.poll_write(cx, &mut self.io, now) {
                Poll::Ready(Ok(drained)) => Some(drained),
                Poll::Ready(Err(_)) => {
                    self.end(EndReason::TransportLost);
                    return Worked::Over;
                }
                Poll::Pending => None,
            };
            if let Some(closing) = &mut self.closing {
                let written = drained == Some(Drained::Closed);
                if closing.advance(cx, &mut self.io, written, now).is_ready() {
                    return Worked::Over;
                }
                if !closing.reads() {
                    return Worked::Enough;
                }
            }
            self.poll_pause(cx);
            let enough = Worked::enough_unless(has_more && self.output.outbox().has_room());
            match stopped {
                Stopped::Paused if !self.is_paused() => continue,
                Stopped::Paused => {
                    self.leave_unread(now);
                    return enough;
                }
                Stopped::BudgetSpent => return Worked::NotEnough,
                Stopped::Closing | Stopped::NeedsInput => {}
            }
            match self.input.poll_read(cx, &mut self.io) {
                Poll::Ready(read) => {
                    budget.pay_read(*read.as_ref().unwrap_or(&0));
                    self.on_read(read, now);
                }
                Poll::Pending => return enough,
            }
            if budget.is_spent() {
                return Worked::NotEnough;
            }
        }
    }

    fn on_read(&mut self, read: io::Result<usize>, now: Instant) {
        match read {
            Ok(n) if n > 0 => {
                self.output.outbox().count_received_bytes(n);
                self.last_heard = now;
                self.pinged = None;
            }
            // An end without a Close frame; earlier requests may still be answered, should anybody read the answers.
            Ok(_) => {
                self.close(1002, "connection ended without a close frame");
                self.end(EndReason::TransportLost);
                self.closing(now).on_eof();
            }
            Err(_) => {
                self.output.outbox().end(OutboxEnd::Gone);
                self.end(EndReason::TransportLost);
                self.closing(now).on_reset();
            }
        }
    }

    fn close(&self, code: u16, reason: &'static str) {
        self.output.outbox().close(code, reason);
    }

    /// Looks whether the outbox was closed, by the handler or by somebody else.
    fn notice_close(&mut self, now: Instant) {
        if self.ended || !self.output.outbox().is_closed() {
            return;
        }
        if self.output.outbox().overflowed() {
            self.end(EndReason::SlowConsumer);
            self.closing(now).on_reset();
        } else {
            self.end(EndReason::Closed);
            self.closing(now);
        }
    }

    fn closing(&mut self, now: Instant) -> &mut Closing {
        let Settings { write_timeout, close_timeout, .. } = self.settings;
        let says_goodbye = self.output.outbox().framing().says_goodbye();
        self.closing.get_or_insert_with(|| {
            Box::new(Closing::new(after(now, write_timeout), close_timeout, says_goodbye))
        })
    }

    fn end(&mut self, reason: EndReason) {
        if !std::mem::replace(&mut self.ended, true) {
            self.handler.ended(reason);
        }
    }

    /// When something has to be done though nothing happens.
    fn deadline(&self, now: Instant) -> Instant {
        if let Some(closing) = &self.closing {
            return closing.deadline();
        }
        let mut deadline = match self.pinged {
            Some(pinged) => after(pinged, self.settings.ping_timeout),
            None => after(self.last_heard, self.settings.ping_interval),
        };
        if self.output.is_bulky() {
            deadline = deadline.min(self.last_moved() + TRIM_AFTER);
        }
        if let Some(stalled) = self.output.stalled() {
            deadline = deadline.min(after(stalled, self.settings.write_timeout));
        }
        if let Some(look) = self.output.outbox().measure(now) {
            deadline = deadline.min(look);
        }
        self.handler.deadline().map_or(deadline, |handlers| deadline.min(handlers))
    }

    /// The timer went off: looks which deadlines have really passed.
    fn on_time(&mut self, now: Instant) -> Poll<()> {
        if let Some(closing) = &mut self.closing {
            return closing.on_time(now);
        }
        if self.output.stalled().is_some_and(|stalled| after(stalled, self.settings.write_timeout) <= now) {
            self.end(EndReason::WriteTimeout);
            return Poll::Ready(());
        }
        if self.output.outbox().judge(now) == DrainVerdict::Slow {
            self.handler.found_slow();
        }
        if self.is_paused() {
            // It is not the peer who is silent, it is we who do not listen.
            self.last_heard = now;
            self.pinged = None;
        }
        match self.pinged {
            Some(pinged) if after(pinged, self.settings.ping_timeout) <= now => {
                self.end(EndReason::PingTimeout);
                return Poll::Ready(());
            }
            None if after(self.last_heard, self.settings.ping_interval) <= now => {
                self.output.ping();
                self.pinged = Some(now);
            }
            _ => {}
        }
        // Whatever the timer went off for; it goes off for this where there is much.
        if self.last_moved() + TRIM_AFTER <= now {
            self.output.trim();
        }
        Poll::Pending
    }

    /// Bytes of all buffers.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        self.input.memory() + self.output.memory()
    }

    /// When bytes went in or out last.
    fn last_moved(&self) -> Instant {
        self.last_heard.max(self.output.last_written())
    }
}

impl<IO: Read + Write + Unpin, H: MessageHandler> Future for Connection<IO, H> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        crate::base::measure::turn(|| self.drive(cx))
    }
}

impl<IO, H: MessageHandler> Drop for Connection<IO, H> {
    fn drop(&mut self) {
        self.output.outbox().end(OutboxEnd::Gone);
        if !std::mem::replace(&mut self.ended, true) {
            self.handler.ended(EndReason::TransportLost);
        }
    }
}
