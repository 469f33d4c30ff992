//! Procedures that a client serves, one by one.

use super::handle::{Client, Held};
use super::served::ClientRoute;
use super::session::{Awaited, WaitingRegister};
use crate::api::extract::ClientArguments;
use crate::api::handler::{ProcedureHandler, SharedState, Unbound};
use crate::base::error::WampError;
use crate::base::signal::Signal;
use crate::peering::{
    Ended, Matched, PatternShape, Registration, RegistrationKeeper, RoutePattern, Served, Takes,
};
use crate::rt::BoxFuture;
use serverwamp_proto::id::RegistrationId;
use serverwamp_proto::message::RegisterOptions;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::session::client::RequestKind;
use serverwamp_proto::uris;
use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub use serverwamp_proto::message::Invoke;

impl Client {
    /// Serves a procedure, or a [`prefix`](crate::prefix) or [`wildcard`](crate::wildcard) of procedures; await it for the
    /// registration, which lasts until it is dropped.
    ///
    /// The handler is one as the application's are, with the same arguments and replies, and `()` for the state; closures bring
    /// their own. What belongs to a session of the router, such as [`Session`](crate::Session), does not compile as an argument:
    /// take [`Caller`](crate::extract::Caller). Many procedures are served by [`serve`](Self::serve).
    ///
    /// ```
    /// use serverwamp::extract::Args;
    ///
    /// # async fn example(client: serverwamp::client::Client) -> Result<(), serverwamp::WampError> {
    /// let triple = client.register("math.triple", |Args((n,)): Args<(i64,)>| async move { 3 * n }).await?;
    /// triple.ended().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The router's, such as `wamp.error.procedure_already_exists`; `wamp.error.invalid_uri` for regular expressions.
    pub fn register<H, T>(&self, pattern: impl Into<RoutePattern>, handler: H) -> Registering
    where
        H: ProcedureHandler<T, ()>,
        T: ClientArguments + 'static,
    {
        let served = Served::Handler(Unbound::new(handler).bind(SharedState::none()));
        Registering::new(
            self.held(),
            pattern.into(),
            served,
            Takes { input: H::takes_input(), passthru: H::takes_passthru() },
        )
    }
}

/// A registration that is about to be made; made by [`Client::register`].
///
/// Await it for the [`Registration`].
#[must_use = "nothing is registered until this is awaited"]
pub struct Registering {
    held: Arc<Held>,
    pattern: RoutePattern,
    served: Served,
    takes: Takes,
    options: RegisterOptions,
}

impl Registering {
    pub(super) fn new(held: Arc<Held>, pattern: RoutePattern, served: Served, takes: Takes) -> Self {
        Self { held, pattern, served, takes, options: RegisterOptions::default() }
    }

    /// Shares the procedure with other callees that register it with the same policy, which says who gets a call.
    pub fn invoke(mut self, policy: Invoke) -> Self {
        self.options.invoke = policy;
        self
    }

    /// Asks the router to disclose all callers to this client.
    pub fn disclose_caller(mut self) -> Self {
        self.options.disclose_caller = true;
        self
    }

    /// Takes the procedure over from another session of the same authid and role, which the router may allow: Crossbar.io does, and
    /// a realm of ours unless [`force_reregister`](crate::Realm::force_reregister) forbids it. The former callee's registration
    /// ends, and its calls in flight with `wamp.error.canceled`.
    ///
    /// For a callee that comes back while the router takes its former session to be alive. Two that run at the same time would take the
    /// procedure from each other.
    pub fn force_reregister(mut self) -> Self {
        self.options.force_reregister = true;
        self
    }

    /// Keeps the timeouts of calls here, and asks the router to leave them to this client, if it announces `call_timeout`. By
    /// default the router keeps them, and interrupts the call.
    pub fn forward_timeout(mut self) -> Self {
        self.options.forward_timeout = true;
        self
    }

    /// All options of REGISTER at once, but for the kind of match, which is that of the pattern.
    pub(super) fn with_options(mut self, options: RegisterOptions) -> Self {
        self.options = options;
        self
    }

    async fn register(self) -> Result<Registration, WampError> {
        let Self { held, pattern, served, takes, mut options } = self;
        let PatternShape::Uri(kind, uri) = pattern.0 else {
            let text = "routers know URIs, prefixes and wildcards, not regular expressions";
            return Err(WampError::new(uris::error::INVALID_URI).arg(text));
        };
        options.kind = kind;
        let matched = match kind {
            Match::Exact => Matched::Exact,
            _ => Matched::Pattern(Arc::new(UriPattern::new(kind, uri.as_str()))),
        };
        let ended: Arc<Signal<Ended>> = Arc::default();
        let route = Arc::new(ClientRoute {
            uri: uri.as_str().into(),
            options,
            matched,
            served,
            takes,
            held: Arc::downgrade(&held),
            ended: Arc::clone(&ended),
            given_up: Signal::default(),
            current_id: AtomicU64::new(0),
        });
        let waiting = Arc::new(WaitingRegister { route: Arc::clone(&route), answer: Signal::default() });
        let unclaimed = UnclaimedRegister { held, waiting: Some(Arc::clone(&waiting)) };
        let awaited = Awaited::Register(Arc::clone(&waiting));
        let registered = Arc::clone(&route);
        let message = move |request| registered.message(request);
        unclaimed.held.request(RequestKind::Register, awaited, message).await?;
        let id = waiting.answer.wait().await?;
        let held = unclaimed.claim();
        Ok(Registration::until(ended, id, Box::new(ClientRegistration { held, route })))
    }
}

impl IntoFuture for Registering {
    type Output = Result<Registration, WampError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.register())
    }
}

/// A REGISTER whose answer nobody has taken. Dropped, the registration is given up, now or when it is there.
struct UnclaimedRegister {
    held: Arc<Held>,
    waiting: Option<Arc<WaitingRegister>>,
}

impl UnclaimedRegister {
    fn claim(mut self) -> Arc<Held> {
        self.waiting = None;
        Arc::clone(&self.held)
    }
}

impl Drop for UnclaimedRegister {
    fn drop(&mut self) {
        let Some(waiting) = &self.waiting else { return };
        waiting.route.given_up.set(());
        if let Some(Ok(id)) = waiting.answer.get() {
            self.held.session().unregister(&waiting.route, *id);
        }
    }
}

/// A registration of a client, which keeps its session.
struct ClientRegistration {
    held: Arc<Held>,
    route: Arc<ClientRoute>,
}

impl RegistrationKeeper for ClientRegistration {
    fn unregister(&self) {
        // First, for a REGISTER of a new session that is unanswered.
        self.route.given_up.set(());
        if let Some(id) = self.route.current_id() {
            self.held.session().unregister(&self.route, id);
        }
    }

    fn current_id(&self) -> Option<RegistrationId> {
        self.route.current_id()
    }
}

impl fmt::Debug for Registering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registering").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}
