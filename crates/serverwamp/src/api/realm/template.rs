//! Templates: realms that are made when somebody comes, one for each name that fits.

use super::{CompilePurpose, Realm};
use crate::api::auth::Authenticator;
use crate::api::handler::SharedState;
use crate::api::routes::RoutePattern;
use crate::base::error::Problem;
use crate::base::limits::Limits;
use crate::peering::Compiled;
use crate::router::realm::{Making, RunningTemplate, TemplateParts, WaysIn};
use crate::rt::panics;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::uri::UriRules;
use std::fmt;
use std::panic::Location;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// The default of [`RealmTemplate::most_realms`].
const MOST_REALMS: usize = 1000;

/// The default of [`RealmTemplate::linger`].
const LINGER: Duration = Duration::from_secs(60);

/// Makes a realm of its name.
type Make<S> = Arc<dyn Fn(&str) -> Realm<S> + Send + Sync>;

/// Realms for many tenants: one for each name that matches a pattern, made when the first session of it is authenticated, removed when
/// it has been empty for a while. Given to [`ApplicationBuilder::realm_template`](crate::ApplicationBuilder::realm_template).
///
/// Its authenticators run first, before the realm's `on_connect` handlers and whether there is such a realm or not; they see the name that
/// the peer asks for as [`RealmHandle::name`](crate::RealmHandle::name). Only whoever they let in makes a realm, so HELLO alone, or a failed login, leaves
/// nothing behind and does not tell which realms there are. Two that come at once get the same realm.
///
/// ```
/// use serverwamp::auth::{self, AuthId, Principal, Ticket};
/// use serverwamp::{Application, Realm, RealmHandle, RealmTemplate, WampError, prefix};
///
/// // Whoever knows the ticket of a tenant is let in; a program of yours asks its database.
/// async fn member(AuthId(name): AuthId, Ticket(ticket): Ticket, tenant: RealmHandle) -> Option<Principal> {
///     (tenant.name() == "tenant.acme" && ticket.matches("open sesame")).then(|| Principal::new(name).role("member"))
/// }
///
/// let tenants = RealmTemplate::new(prefix("tenant."), |name| Realm::router(name)).authenticator(auth::ticket(member));
/// let app = Application::builder().realm_template(tenants).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`RealmChanges`](crate::RealmChanges) adds, replaces and removes templates while the application runs.
///
/// A realm that is [added](crate::Realms::add) by name takes precedence over a template; of several templates, the one that was added
/// first. Names have to be strict URIs (`[0-9a-z_]` in every component) and do not start with `wamp.`;
/// that of the admin interface ([`Admin::REALM`](crate::Admin::REALM)) is none of them, whatever the pattern is.
#[must_use]
pub struct RealmTemplate<S = ()> {
    pattern: RoutePattern,
    place: &'static Location<'static>,
    make: Make<S>,
    /// Has the ways in.
    door: Realm<S>,
    most: usize,
    linger: Duration,
}

impl<S: Send + Sync + 'static> RealmTemplate<S> {
    /// Realms whose names match `pattern`, a [`prefix`](crate::prefix) or [`wildcard`](crate::wildcard), made by `make` of their names.
    ///
    /// `make` is a closure such as `|name| Realm::router(name)`. It must not block, and its realms have no way in of their own: the template
    /// has. `build` calls it once for a name of its own making, such as `tenant.example`, so that what is wrong with its realms is an error
    /// of `build`; so is a panic.
    #[track_caller]
    pub fn new(
        pattern: impl Into<RoutePattern>,
        make: impl Fn(&str) -> Realm<S> + Send + Sync + 'static,
    ) -> Self {
        let pattern = pattern.into();
        let door = Realm::new(format!("{pattern:?}"));
        let place = Location::caller();
        Self { pattern, place, make: Arc::new(make), door, most: MOST_REALMS, linger: LINGER }
    }

    /// Adds a way to authenticate, as [`Realm::authenticator`].
    #[track_caller]
    pub fn authenticator(mut self, authenticator: Authenticator<S>) -> Self {
        self.door = self.door.authenticator(authenticator);
        self
    }

    /// Lets the template's order of authenticators decide, and not the client's, as [`Realm::prefer_own_order`].
    pub fn prefer_own_order(mut self) -> Self {
        self.door = self.door.prefer_own_order();
        self
    }

    /// The most realms that there may be of this template. Default 1,000: an empty realm takes some KiB, and every one has limits
    /// of its own, such as [`Limits::retained_bytes`](crate::Limits::retained_bytes). Beyond, a session that would need another one is refused with
    /// `wamp.error.unavailable`.
    pub fn most_realms(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// The time for which a realm stays when its last session has left. Default 60 s: clients that lost their connection
    /// come back within that, and find what was retained. What it retained, its histories, and what the application has subscribed to or
    /// registered in it go with it.
    pub fn linger(mut self, time: Duration) -> Self {
        self.linger = time;
        self
    }

    /// Gives the template's handlers and those of its realms their state, for a template that is
    /// [added](crate::RealmChanges::add_template) while the application runs. Others get it from
    /// [`ApplicationBuilder::with_state`](crate::ApplicationBuilder::with_state).
    pub fn with_state(self, state: S) -> RealmTemplate<()> {
        self.bind(&SharedState::new(state))
    }

    /// The same template, whose handlers have their state.
    pub(crate) fn bind(self, state: &SharedState<S>) -> RealmTemplate<()> {
        let (make, kept) = (self.make, state.clone());
        RealmTemplate {
            pattern: self.pattern,
            place: self.place,
            make: Arc::new(move |name| make(name).bind(&kept)),
            door: self.door.bind(state),
            most: self.most,
            linger: self.linger,
        }
    }
}

impl RealmTemplate<()> {
    /// Where it was made, and its pattern as it was written.
    pub(crate) fn describe(&self) -> (&'static Location<'static>, String) {
        (self.place, format!("{:?}", self.pattern))
    }

    /// The running template; its faults go to `problems`.
    pub(crate) fn compile(self, limits: &Limits, problems: &mut Vec<Problem>) -> Option<RunningTemplate> {
        let place = self.place;
        let mut problem = |text: String| problems.push(Problem::new(place, text));
        let mut rules = UriRules::strict();
        rules.max_length = limits.uri_bytes;
        rules.max_components = limits.uri_components;
        if self.door.authenticators.is_empty() {
            problem(format!(
                "the template {:?} lets nobody in: a realm is made for whoever is authenticated, add `.authenticator(..)`",
                self.pattern
            ));
        }
        if self.most == 0 {
            problem(format!(
                "the template {:?} may make no realm: `most_realms` has to be 1 at least",
                self.pattern
            ));
        }
        let pattern = match self.pattern.compile(&rules) {
            Ok(Compiled::Uri(pattern)) if pattern.kind() != Match::Exact => Some(pattern),
            Ok(_) => {
                problem(format!(
                    "a template is for a prefix or a wildcard of names, not for {:?}",
                    self.pattern
                ));
                None
            }
            Err(text) => {
                problem(text);
                None
            }
        };
        problems.extend(self.door.problems);
        let pattern = pattern?;
        let ways = WaysIn {
            authenticators: self.door.authenticators.into_iter().map(Authenticator::run).collect(),
            prefers_own_order: self.door.prefers_own_order,
        };
        let make = self.make;
        let make = move |making: Making<'_>, limits: &Limits| {
            let mut problems = Vec::new();
            let (name, purpose) = match making {
                Making::Realm(name) => (name, CompilePurpose::OfTemplate(name)),
                Making::Config(realm) => (&**realm.name(), CompilePurpose::OfReplacedTemplate(realm)),
            };
            let blueprint = make(name).compile(limits, &purpose, &mut problems);
            if problems.is_empty() { Ok(blueprint) } else { Err(problems) }
        };
        let example = example(&pattern);
        match catch_unwind(AssertUnwindSafe(|| make(Making::Realm(&example), limits))) {
            Ok(made) => problems.extend(made.err().into_iter().flatten()),
            Err(panic) => {
                let text = format!(
                    "the template {:?} panicked when it was asked for a realm {example:?}: {}",
                    self.pattern,
                    panics::text(panic.as_ref())
                );
                problems.push(Problem::new(place, text));
            }
        }
        let (make, most, linger) = (Box::new(make), self.most, self.linger);
        let parts = TemplateParts { ways, make, most, linger, number: 0 };
        Some(RunningTemplate::new(pattern, rules, parts))
    }
}

/// A name that matches.
fn example(pattern: &UriPattern) -> String {
    let text = pattern.as_str();
    match pattern.kind() {
        Match::Wildcard => {
            let filled = text.split('.').map(|part| if part.is_empty() { "example" } else { part });
            filled.collect::<Vec<_>>().join(".")
        }
        _ => format!("{text}example"),
    }
}

impl<S> fmt::Debug for RealmTemplate<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealmTemplate").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}
