//! Connections that are too many. Each is told so, in what it speaks, as far as the telling takes little of a server that
//! has too much to do already.

use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::sync::{Arc, PoisonError};

use futures_util::future::{Either, select};
use hyper::rt::{Read, Write};
use serverwamp_proto::rawsocket::{HandshakeError, MAGIC};

use super::ServerOptions;
use super::accepted::within;
use super::{http, proxy_protocol};
use crate::Application;
use crate::base::admission::TooMany;
use crate::base::limits::files;
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::signal::Signal;
use crate::server::service::RETRY_AFTER;
use crate::transport::io::{end_with, read_exact};

/// How many are told at the same time, where there are files for them. For one more, the one goes that has had the longest
/// time to say what it speaks.
const MOST_AT_ONCE: usize = 64;

/// The number of connections that are refused with an answer at the same time in any case.
const LEAST_AT_ONCE: usize = 2;

/// While no more than so many are told, TLS shakes hands to tell them; the others get an alert, which takes no arithmetic.
#[cfg(feature = "tls")]
const IN_SECRET_AT_ONCE: usize = 4;

/// A fatal alert as a record without encryption, as it is sent before there are keys: `internal_error`, which is what
/// the lack of something comes to that is no fault of the peer (RFC 8446, section 6.2).
#[cfg(feature = "tls")]
const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 80];

/// The connections that are being told, and how each is sent away.
#[derive(Clone, Debug)]
pub(super) struct Refusals {
    told: Arc<Mutex<VecDeque<Arc<Signal<()>>>>>,
    at_once: usize,
}

/// One of them, until it is dropped.
pub(super) struct Telling {
    refusals: Refusals,
    sent_away: Arc<Signal<()>>,
    #[cfg(feature = "tls")]
    in_secret: bool,
}

/// Each takes a file: a quarter of those that `connections` leave, because listeners, certificates and handlers need some.
fn at_once(files: Option<usize>, connections: usize) -> usize {
    let left = files.map_or(usize::MAX, |files| files.saturating_sub(connections));
    (left / 4).clamp(LEAST_AT_ONCE, MOST_AT_ONCE)
}

impl Refusals {
    /// For a server that takes so many connections.
    pub(super) fn beyond(connections: usize) -> Self {
        Self { told: Arc::default(), at_once: at_once(files(), connections) }
    }

    /// Sends the one away that has had the longest time, because there is no file for the next one; says whether there was
    /// any.
    pub(super) fn make_room(&self) -> bool {
        let longest = self.told().pop_front();
        longest.is_some_and(|longest| longest.set(()))
    }

    pub(super) fn begin(&self) -> Telling {
        let sent_away = Arc::<Signal<()>>::default();
        let mut told = self.told();
        let longest = if told.len() >= self.at_once { told.pop_front() } else { None };
        told.push_back(Arc::clone(&sent_away));
        #[cfg(feature = "tls")]
        let in_secret = told.len() <= IN_SECRET_AT_ONCE;
        drop(told);
        if let Some(longest) = longest {
            longest.set(());
        }
        Telling {
            refusals: self.clone(),
            sent_away,
            #[cfg(feature = "tls")]
            in_secret,
        }
    }

    fn told(&self) -> MutexGuard<'_, VecDeque<Arc<Signal<()>>>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.refusals.told().retain(|told| !Arc::ptr_eq(told, &self.sent_away));
    }
}

impl Telling {
    /// Refuses a connection with the limit that it would exceed, and ends it. One that is not `introduced` begins with a PROXY header.
    pub(super) async fn tell<IO>(
        self,
        app: &Application,
        options: &ServerOptions,
        io: IO,
        introduced: bool,
        too_many: TooMany,
    ) -> io::Result<()>
    where
        IO: Read + Write + Unpin,
    {
        let told = pin!(self.tell_in_time(app, options, io, introduced, too_many));
        match select(told, pin!(self.sent_away.wait())).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => {
                Err(io::Error::other("closed to make room for a newer connection beyond the limit"))
            }
        }
    }

    async fn tell_in_time<IO>(
        &self,
        app: &Application,
        options: &ServerOptions,
        io: IO,
        introduced: bool,
        too_many: TooMany,
    ) -> io::Result<()>
    where
        IO: Read + Write + Unpin,
    {
        #[cfg(feature = "tls")]
        if let Some(tls) = &options.tls {
            if !self.in_secret {
                let mut io = io;
                return within(app, options.tls_handshake, end_with(&mut io, &ALERT)).await;
            }
            let Some(io) = unintroduced(app, options, io, introduced).await? else { return Ok(()) };
            let accept = tls.accept(io, app.inner().runtime.now());
            let (mut io, ..) = within(app, options.tls_handshake, accept).await?;
            return within(app, options.handshake, refuse(options, &mut io, too_many)).await;
        }
        let Some(mut io) = unintroduced(app, options, io, introduced).await? else { return Ok(()) };
        within(app, options.handshake, refuse(options, &mut io, too_many)).await
    }
}

/// The client of the PROXY header, if one is required; `None` if there is none.
async fn unintroduced<IO>(
    app: &Application,
    options: &ServerOptions,
    mut io: IO,
    introduced: bool,
) -> io::Result<Option<IO>>
where
    IO: Read + Unpin,
{
    if introduced {
        return Ok(Some(io));
    }
    let told = within(app, options.handshake, proxy_protocol::read(&mut io)).await?;
    Ok(told.is_ok().then_some(io))
}

/// Refuses in what the peer speaks.
async fn refuse<IO>(options: &ServerOptions, io: &mut IO, too_many: TooMany) -> io::Result<()>
where
    IO: Read + Write + Unpin,
{
    let mut first = [0];
    read_exact(io, &mut first).await?;
    match first {
        [MAGIC] if options.speaks_rawsocket() => {
            end_with(io, &HandshakeError::TooManyConnections.octets()).await
        }
        [_] if options.http => {
            let after = format!("retry-after: {RETRY_AFTER}\r\n");
            end_with(io, &http::refusal("503 Service Unavailable", &after, &format!("{too_many}\n"))).await
        }
        [_] => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_are_told_at_once_follows_from_the_files_that_connections_leave() {
        for (files, connections, expected) in [
            (None, 65_536, 64),
            (Some(1_000_000), 65_536, 64),
            (Some(1280), 1024, 64),
            (Some(1279), 1024, 63),
            (Some(64), 52, 3),
            (Some(60), 52, 2),
            (Some(40), 1000, 2),
        ] {
            assert_eq!(at_once(files, connections), expected, "{files:?}, {connections}");
        }
    }

    #[test]
    fn for_one_more_the_one_goes_that_has_had_the_longest_time() {
        let refusals = Refusals { told: Arc::default(), at_once: 2 };
        let [first, second] = [refusals.begin(), refusals.begin()];
        assert!(first.sent_away.get().is_none());
        let third = refusals.begin();
        assert!(first.sent_away.get().is_some() && second.sent_away.get().is_none());
        assert!(refusals.make_room());
        assert!(second.sent_away.get().is_some() && third.sent_away.get().is_none());
        drop(third);
        assert!(!refusals.make_room());
    }
}
