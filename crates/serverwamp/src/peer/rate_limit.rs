//! The rate limit of a connection, and the idle timeout of a session.
//!
//! A peer that asks too fast is not refused: its connection is not read until it may ask again, so nothing is lost, and what it
//! sends meanwhile waits on its own side. Sessions that follow each other on one connection share its rate limit: when one of a
//! role with a rate of its own begins, the requests that were taken before count.
//!
//! Invariant: in any time `t` no more requests are taken than `burst + rate * t`.

use std::time::{Duration, Instant};

use crate::base::limits::{Limits, RequestRate};
use crate::rt::after;
use serverwamp_proto::message::Message;
use serverwamp_proto::session::SessionStep;

/// The rate limit of one connection.
#[derive(Debug)]
pub(super) struct RateLimit {
    /// `None` where there is no limit.
    bucket: Option<TokenBucket>,
    /// No request is taken before this.
    rests_until: Option<Instant>,
    /// `None` where a session may be silent for ever.
    idle_timeout: Option<Duration>,
    /// When a message came last.
    heard: Instant,
    /// Since when nothing of it is read.
    unread_since: Option<Instant>,
}

/// A bucket of tokens, of which each request takes one. It is described by when it will be full.
#[derive(Debug)]
struct TokenBucket {
    /// Tokens that come in each second.
    rate: u32,
    /// In which one token comes in.
    interval: Duration,
    /// In which all but one of the tokens come in.
    slack: Duration,
    full_at: Instant,
}

impl RateLimit {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        let bucket = limits.request_rate().map(|rate| TokenBucket::full(rate, now));
        let idle_timeout = (limits.idle_timeout != Duration::MAX).then_some(limits.idle_timeout);
        Self { bucket, rests_until: None, idle_timeout, heard: now, unread_since: None }
    }

    /// From now on requests are taken at this rate. As many tokens are missing as before.
    pub(super) fn change(&mut self, rate: Option<RequestRate>, now: Instant) {
        let former = self.bucket.take();
        self.bucket = rate.map(|rate| {
            let missing = former.map_or(0, |former| former.missing(now));
            TokenBucket::full(rate, now).without(missing, now)
        });
        self.rests_until = self.bucket.as_ref().and_then(|bucket| bucket.rests_until(now));
    }

    /// The requests that are taken in a second, if that is limited.
    pub(super) fn rate(&self) -> Option<u32> {
        self.bucket.as_ref().map(|bucket| bucket.rate)
    }

    /// Something came.
    #[inline]
    pub(super) const fn hear(&mut self, now: Instant) {
        self.heard = now;
    }

    /// Counts a request; `true` when it was the last one for now.
    #[inline]
    pub(super) fn ask(&mut self, now: Instant) -> bool {
        let Some(bucket) = &mut self.bucket else { return false };
        self.rests_until = bucket.take(now);
        self.rests_until.is_some()
    }

    /// Returns whether reading is paused.
    #[inline]
    pub(super) const fn rests(&self) -> bool {
        self.rests_until.is_some()
    }

    /// When requests are taken again.
    pub(super) const fn rests_until(&self) -> Option<Instant> {
        self.rests_until
    }

    /// Time has passed.
    #[inline]
    pub(super) fn go_on(&mut self, now: Instant) {
        if self.rests_until.is_some_and(|until| until <= now) {
            self.rests_until = None;
            // A peer that was not read from was not silent.
            self.heard = now;
        }
    }

    /// What the peer sends is not read from now on: the time in which it may be silent stands still.
    pub(super) fn unread(&mut self, now: Instant) {
        self.unread_since.get_or_insert(now);
    }

    /// What the peer sends is read again.
    pub(super) fn read_again(&mut self, now: Instant) {
        if let Some(since) = self.unread_since.take() {
            self.heard = after(self.heard, now.saturating_duration_since(since)).min(now);
        }
    }

    /// When the session will have been silent for too long; `None` when it may be silent for ever, and while it is not read.
    #[inline]
    pub(super) fn idle_at(&self) -> Option<Instant> {
        if self.unread_since.is_some() {
            return None;
        }
        self.idle_timeout.and_then(|timeout| self.heard.checked_add(timeout))
    }
}

impl TokenBucket {
    fn full(RequestRate { rate, burst }: RequestRate, now: Instant) -> Self {
        let (rate, burst) = (rate.max(1), burst.max(1));
        let interval = Duration::from_secs(1) / rate;
        Self { rate, interval, slack: interval.saturating_mul(burst - 1), full_at: now }
    }

    /// The tokens that were taken and have not come in again.
    fn missing(&self, now: Instant) -> u32 {
        let missing =
            self.full_at.saturating_duration_since(now).as_nanos().div_ceil(self.interval.as_nanos().max(1));
        u32::try_from(missing).unwrap_or(u32::MAX)
    }

    /// The same with so many tokens fewer, at most all that it holds.
    fn without(self, missing: u32, now: Instant) -> Self {
        let missing = self.interval.saturating_mul(missing).min(self.slack + self.interval);
        Self { full_at: now + missing, ..self }
    }

    /// Takes a token, and says when the next one can be taken if not now.
    fn take(&mut self, now: Instant) -> Option<Instant> {
        self.full_at = self.full_at.max(now) + self.interval;
        self.rests_until(now)
    }

    /// When the next token can be taken, if not now.
    fn rests_until(&self, now: Instant) -> Option<Instant> {
        self.full_at.checked_sub(self.slack).filter(|next| *next > now)
    }
}

/// Returns whether the message counts as a request of its sender. Answers come at the pace of requests to the peer, unless they are many.
pub(super) fn is_request(step: &SessionStep<'_>) -> bool {
    match step {
        SessionStep::Join(..) => true,
        SessionStep::Request(Message::Yield(result)) => result.options.progress,
        SessionStep::Request(request) => !matches!(request, Message::Error(_)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn rate_limit(rate: u32, burst: u32) -> (RateLimit, Instant) {
        let limits = Limits { requests_per_second: rate, requests_burst: burst, ..Limits::default() };
        let now = Instant::now();
        (RateLimit::new(&limits, now), now)
    }

    /// Asks as often as is allowed at this time.
    fn exhaust(rate_limit: &mut RateLimit, now: Instant) -> usize {
        rate_limit.go_on(now);
        let mut asked = 0;
        while !rate_limit.rests() && asked < 1000 {
            rate_limit.ask(now);
            asked += 1;
        }
        asked
    }

    #[test]
    fn a_burst_is_taken_at_once_and_then_one_request_for_each_interval() {
        let (mut rate_limit, start) = rate_limit(10, 5);
        assert_eq!(exhaust(&mut rate_limit, start), 5);
        assert_eq!(rate_limit.rests_until(), Some(start + Duration::from_millis(100)));
        assert_eq!(exhaust(&mut rate_limit, start + Duration::from_millis(99)), 0);
        assert_eq!(exhaust(&mut rate_limit, start + Duration::from_millis(100)), 1);
        assert_eq!(exhaust(&mut rate_limit, start + Duration::from_millis(350)), 2);
        // However long it was silent, a burst is a burst.
        assert_eq!(exhaust(&mut rate_limit, start + Duration::from_secs(1000)), 5);
    }

    #[test]
    fn in_the_long_run_the_rate_is_kept_whatever_the_timer_does() {
        let (mut rate_limit, start) = rate_limit(1000, 10);
        let mut asked = 0;
        // A timer that wakes every seven milliseconds, as coarse ones do.
        for wake in 0..1000 {
            asked += exhaust(&mut rate_limit, start + Duration::from_millis(7 * wake));
        }
        assert!((6990..=7003).contains(&asked), "{asked} requests in 6993 ms");
    }

    #[test]
    fn one_request_at_a_time_is_the_least_there_can_be() {
        let (mut rate_limit, start) = rate_limit(0, 0);
        assert_eq!(exhaust(&mut rate_limit, start), 1);
        assert_eq!(exhaust(&mut rate_limit, start + Duration::from_millis(999)), 0);
        assert_eq!(exhaust(&mut rate_limit, start + Duration::from_secs(1)), 1);
    }

    #[test]
    fn whoever_gets_another_rate_keeps_what_it_has_taken() {
        let (mut rate_limit, start) = rate_limit(u32::MAX, 1);
        let slow = Some(RequestRate { rate: 2, burst: 4 });
        assert_eq!(rate_limit.rate(), None);
        rate_limit.change(slow, start);
        assert_eq!((rate_limit.rate(), exhaust(&mut rate_limit, start)), (Some(2), 4));
        // A session of the same role on the same connection finds the bucket empty, and one of another the same number missing.
        rate_limit.change(slow, start);
        assert_eq!(exhaust(&mut rate_limit, start + Duration::from_millis(499)), 0);
        rate_limit.change(Some(RequestRate { rate: 100, burst: 5 }), start);
        assert_eq!(exhaust(&mut rate_limit, start + Duration::from_millis(500)), 5);
        rate_limit.change(Some(RequestRate { rate: 1, burst: 2 }), start + Duration::from_millis(500));
        assert_eq!(exhaust(&mut rate_limit, start + Duration::from_millis(1499)), 0);
        assert_eq!(exhaust(&mut rate_limit, start + Duration::from_millis(1500)), 1);
        rate_limit.change(None, start + Duration::from_secs(2));
        assert_eq!(exhaust(&mut rate_limit, start + Duration::from_secs(2)), 1000);
    }

    #[test]
    fn while_nothing_is_read_nobody_is_idle_and_then_the_rest_of_the_time_is_left() {
        let (_, start) = rate_limit(1, 1);
        let limits = Limits { idle_timeout: Duration::from_secs(10), ..Limits::default() };
        let mut rate_limit = RateLimit::new(&limits, start);
        let second = |number| start + Duration::from_secs(number);
        assert_eq!(rate_limit.idle_at(), Some(second(10)));
        rate_limit.unread(second(9));
        rate_limit.unread(second(20));
        assert_eq!(rate_limit.idle_at(), None);
        rate_limit.read_again(second(100));
        assert_eq!(rate_limit.idle_at(), Some(second(101)));
        rate_limit.hear(second(100));
        rate_limit.read_again(second(200));
        assert_eq!(rate_limit.idle_at(), Some(second(110)), "it was read all the time");
    }

    #[test]
    fn without_a_limit_nothing_ever_rests_and_nobody_is_ever_idle() {
        let (mut rate_limit, start) = rate_limit(u32::MAX, 1);
        assert_eq!(exhaust(&mut rate_limit, start), 1000);
        assert_eq!(rate_limit.idle_at(), None);
    }
}
