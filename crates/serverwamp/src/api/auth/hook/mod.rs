//! A web server that decides who comes in: one POST for each login.
//!
//! In: a peer's HELLO, and its ticket or the headers of its request. Out: the principal that the answer names, or a [`Denial`]. Whatever
//! goes wrong, nobody gets in. Bounded: the time of a request and the bytes of its answer (`fetch`), and the requests that run at the
//! same time.

mod answer;
mod question;

use super::ready::{asking, looking};
use super::{AuthSettingsError, Authenticator, FetchSettings};
use crate::auth::Principal;
use crate::auth::fetch::{Fetcher, WebAddress};
use crate::router::auth::{Denial, Exchange};
use http::HeaderName;
use serverwamp_proto::codec::Dict;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most requests that run at the same time.
const CONCURRENT: usize = 64;
/// The longest answer.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The web server that is asked whether a peer may come in; for [`http_hook`] and [`http_hook_by_headers`].
///
/// It gets a `POST` with a JSON object:
///
/// | key | value |
/// |---|---|
/// | `version` | 1 |
/// | `realm`, `session`, `authmethod` | the realm's name; the id that the session will have; the name by which the client asked for the method |
/// | `authid`, `authextra` | what HELLO says, not proved yet; `authid` is null when it names none |
/// | `ticket` | the peer's ticket; null for [`http_hook_by_headers`] |
/// | `transport` | an object: `kind` (`websocket`, `rawsocket`, `longpoll`, `memory`), `peer` (address and port, or null), `tls` (its version, or null), `serializer`, and `headers`, those that [`headers`](Self::headers) names |
///
/// and answers with status 200 and a JSON object of at most 64 KiB:
///
/// | key | value |
/// |---|---|
/// | `allow` | true, or false: the peer is denied |
/// | `role` | needed with `allow` |
/// | `authid` | text; may be left out where HELLO names one |
/// | `provider` | text; default `http` |
/// | `extra` | an object, which WELCOME has as `authextra` |
/// | `expires` | a number of seconds since 1970, when the session [expires](Principal::expires_at) |
/// | `reason` | text for the log, where `allow` is false |
///
/// Attempts after denials wait ([`Limits::login_delay`](crate::Limits::login_delay)), if HELLO names an authid: where `authid` is null,
/// deny, or let only tickets in that nobody can guess.
///
/// Any other status, a redirect, an answer of another form, none in time: the peer gets ABORT with
/// `wamp.error.authentication_failed`, and the log has the cause.
///
/// ```
/// use serverwamp::auth::{self, FetchSettings, HookSettings};
/// use serverwamp::Realm;
///
/// let hook = HookSettings::new("https://accounts.example.com/wamp", &FetchSettings::default())?;
/// let realm: Realm = Realm::new("chat").authenticator(auth::http_hook(hook));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct HookSettings {
    address: WebAddress,
    fetcher: Fetcher,
    headers: Vec<HeaderName>,
    concurrent: usize,
    running: Arc<AtomicUsize>,
}

impl HookSettings {
    /// Asks at this URL.
    ///
    /// # Errors
    /// When the URL is none, is not `https://` (see [`FetchSettings::allow_plain_http`]), or the authorities cannot be loaded.
    pub fn new(url: &str, settings: &FetchSettings) -> Result<Self, AuthSettingsError> {
        Ok(Self {
            address: WebAddress::parse(url, settings)?,
            fetcher: Fetcher::new(settings, LONGEST_ANSWER)?,
            headers: Vec::new(),
            concurrent: CONCURRENT,
            running: Arc::default(),
        })
    }

    /// Passes these headers of the peer's HTTP request on, such as `cookie` or `authorization`. By default none: they may contain
    /// secrets that are not for that server.
    ///
    /// # Errors
    /// When one is no name of a header.
    pub fn headers<'a>(
        mut self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, AuthSettingsError> {
        for name in names {
            let named = name
                .parse()
                .map_err(|error| AuthSettingsError::new(format_args!("the header {name:?}"), error));
            self.headers.push(named?);
        }
        Ok(self)
    }

    /// The most requests that run at the same time; beyond, peers get `wamp.error.authentication_failed` at once. Default 64: with an
    /// answer in 20 ms that is 3,200 logins a second, and a server that hangs is not buried under connections.
    pub const fn concurrent(mut self, requests: usize) -> Self {
        self.concurrent = requests;
        self
    }

    /// Asks about a peer.
    async fn ask(
        &self,
        exchange: &Exchange,
        method: &str,
        ticket: Option<&str>,
    ) -> Result<Principal, Denial> {
        let Some(_place) = RequestPlace::take(&self.running, self.concurrent) else {
            return Err(Denial::failed(format!(
                "{} requests to {} run already",
                self.concurrent, self.address
            )));
        };
        let question = question::question(exchange, method, ticket, &self.headers)
            .map_err(|error| Denial::failed(format!("the question cannot be encoded: {error}")))?;
        let runtime = exchange.session.inner().runtime();
        let answer = self.fetcher.post(runtime, &self.address, question).await.map_err(Denial::failed)?;
        answer::principal(&answer, exchange.hello.authid.as_deref())
            .map_err(|refusal| refusal.denial(&self.address))
    }
}

impl fmt::Debug for HookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookSettings").field("address", &self.address.to_string()).finish_non_exhaustive()
    }
}

/// A place among the requests that may run.
struct RequestPlace(Arc<AtomicUsize>);

impl RequestPlace {
    fn take(running: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        let place = Self(Arc::clone(running));
        // Dropped at once, if it is one too many.
        (running.fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }
}

impl Drop for RequestPlace {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Authenticates by a ticket that a web server checks, under the method name `ticket`.
///
/// [`HookSettings`] has the request and the answer.
pub fn http_hook<S: Send + Sync + 'static>(settings: HookSettings) -> Authenticator<S> {
    asking(["ticket"], move |exchange, name| {
        let settings = settings.clone();
        async move {
            let answer = exchange.challenge(&name, Dict::new()).await;
            let ticket = std::str::from_utf8(answer.signature.expose())
                .map_err(|_fault| Denial::denied("the ticket is not text"))?;
            let answer = settings.ask(&exchange, &name, Some(ticket)).await;
            answer.map(Some).map_err(|denial| denial.without(ticket))
        }
    })
}

/// Authenticates by headers of the HTTP request that a web server checks, such as a cookie: a transport method with the name `hook`.
///
/// A request with none of the [`headers`](HookSettings::headers) is left to the next method; the server is not asked.
pub fn http_hook_by_headers<S: Send + Sync + 'static>(settings: HookSettings) -> Authenticator<S> {
    looking("hook", move |exchange, name| {
        let settings = settings.clone();
        async move {
            let headers = exchange.session.transport().headers();
            let has = |name| headers.is_some_and(|headers| headers.contains_key(name));
            if !settings.headers.iter().any(has) {
                return Ok(None);
            }
            settings.ask(&exchange, &name, None).await.map(Some)
        }
    })
}
