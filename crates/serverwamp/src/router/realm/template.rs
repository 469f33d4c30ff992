//! Realms that are made of a template when somebody comes, one for each name, and that go when they are empty.
//!
//! Invariant: a realm is made for a session that is authenticated, and kept for one, and never for a HELLO. The authenticators of the
//! template always run in an anteroom, a realm that nobody finds and that ends with the attempt, also where the realm is there.

use super::{Blueprint, Entrance, RealmCode, RealmConfig, RealmEnd, RealmRegistry, RunningRealm, WaysIn};
use crate::WampError;
use crate::base::error::Problem;
use crate::base::limits::Limits;
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::log::line;
use crate::base::statistics::Refusal;
use crate::router::auth::RunningAuthenticator;
use crate::rt::{Runtime, after};
use arc_swap::ArcSwap;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::uri::{self, UriRules};
use serverwamp_proto::uris;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Makes the blueprint of a realm.
pub(crate) type MakeBlueprint =
    Box<dyn Fn(Making<'_>, &Limits) -> Result<Blueprint, Vec<Problem>> + Send + Sync>;

/// What a template makes.
#[derive(Clone, Copy)]
pub(crate) enum Making<'r> {
    /// A realm of this name.
    Realm(&'r str),
    /// Another configuration for this one, which the former template has made.
    Config(&'r RunningRealm),
}

/// A realm of a template that is replaced, and its new configuration.
pub(crate) type MadeAnew = (Arc<RunningRealm>, Box<RealmConfig>);

/// Why a template makes nothing.
pub(crate) enum NotMade {
    Problems(Vec<Problem>),
    /// It panicked, with this text.
    Panic(String),
}

/// A template of an application that runs.
pub(crate) struct RunningTemplate {
    pub(crate) pattern: UriPattern,
    rules: UriRules,
    parts: ArcSwap<TemplateParts>,
    /// The number of realms that there are of it. Whoever changes it holds the table of realms.
    pub(super) made: AtomicUsize,
}

/// The parts of a template that may be replaced.
pub(crate) struct TemplateParts {
    pub(crate) ways: WaysIn,
    pub(crate) make: MakeBlueprint,
    /// The most realms that there may be of it.
    pub(crate) most: usize,
    /// The time for which an empty realm stays.
    pub(crate) linger: Duration,
    /// How often they were replaced.
    pub(crate) number: u64,
}

/// The template that a realm was made of, and what decides when it goes.
#[derive(Debug)]
pub(super) struct TemplateOrigin {
    pub(super) template: Arc<RunningTemplate>,
    registry: Weak<RealmRegistry>,
    /// The number of those who have found the realm and are not in it yet.
    entering: AtomicUsize,
    idle: Mutex<Idle>,
}

/// How long a realm has been empty.
#[derive(Debug, Default)]
struct Idle {
    since: Option<Instant>,
    /// A task looks after it.
    watched: bool,
}

/// A realm that somebody is about to join: it is not removed meanwhile.
#[derive(Debug)]
pub(crate) struct Entering(Arc<RunningRealm>);

/// Why nobody enters a realm, and what counts it.
pub(crate) type NoEntry = (Refusal, WampError);

impl RunningTemplate {
    pub(crate) fn new(pattern: UriPattern, rules: UriRules, parts: TemplateParts) -> Self {
        Self { pattern, rules, parts: ArcSwap::from_pointee(parts), made: AtomicUsize::new(0) }
    }

    /// Its parts, to be those of another one that was replaced `number` times.
    pub(crate) fn into_parts(self, number: u64) -> Option<TemplateParts> {
        // Nobody else has it.
        let parts = Arc::into_inner(self.parts.into_inner())?;
        Some(TemplateParts { number, ..parts })
    }

    /// Its parts as they are now.
    pub(crate) fn parts(&self) -> Arc<TemplateParts> {
        self.parts.load_full()
    }

    /// Replaces its parts. The caller holds the table of realms; what is returned is to be dropped when nobody waits for that.
    pub(super) fn replace(&self, parts: Arc<TemplateParts>) -> Arc<TemplateParts> {
        self.parts.swap(parts)
    }

    /// Returns whether realms of this name are made of it.
    pub(super) fn makes(&self, name: &str) -> bool {
        self.pattern.matches(name) && !uri::is_reserved(name) && self.rules.check(name, Match::Exact).is_ok()
    }

    /// The realm in which a peer is authenticated that asks for a realm that may not be there.
    pub(super) fn anteroom(&self, name: &str) -> Blueprint {
        let parts = self.parts.load();
        let WaysIn { authenticators, prefers_own_order } = parts.ways.clone();
        let entrance = Entrance { authenticators, prefers_own_order, ..Entrance::default() };
        Blueprint {
            name: name.into(),
            config: RealmConfig::of_anteroom(parts.number, self.rules, entrance),
            code: RealmCode::none(),
        }
    }

    /// Makes the blueprint of a realm. Code of the application runs here.
    pub(super) fn blueprint(&self, name: &str, limits: &Limits) -> Result<Blueprint, NoEntry> {
        let parts = self.parts();
        let why = match parts.make(Making::Realm(name), limits) {
            Ok(blueprint) => return Ok(blueprint),
            Err(NotMade::Problems(problems)) => {
                problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            }
            Err(NotMade::Panic(text)) => text,
        };
        let id = crate::base::ids::incident();
        line!(
            ERROR,
            "internal",
            "a template makes no realm",
            id = id,
            realm = name,
            template = self.pattern,
            why = why
        );
        Err((Refusal::Session, WampError::incident(&id)))
    }

    /// There are as many realms of it as there may be.
    pub(super) fn full(&self) -> NoEntry {
        let text = format!("there are {} realms of this kind, and no more are made", self.parts.load().most);
        (Refusal::RealmsOfTemplate, WampError::unavailable(text))
    }

    pub(super) fn is_full(&self) -> bool {
        self.made.load(Ordering::Relaxed) >= self.parts.load().most
    }
}

impl TemplateParts {
    /// Runs code of the application.
    pub(crate) fn make(&self, making: Making<'_>, limits: &Limits) -> Result<Blueprint, NotMade> {
        match catch_unwind(AssertUnwindSafe(|| (self.make)(making, limits))) {
            Ok(made) => made.map_err(NotMade::Problems),
            Err(panic) => Err(NotMade::Panic(crate::rt::panics::text(panic.as_ref()).to_owned())),
        }
    }

    /// Another configuration for a realm that the former template has made. Code of the application runs here.
    pub(crate) fn make_anew(&self, realm: Arc<RunningRealm>, limits: &Limits) -> Result<MadeAnew, NotMade> {
        let config = Box::new(self.make(Making::Config(&realm), limits)?.config);
        Ok((realm, config))
    }
}

impl TemplateOrigin {
    pub(super) fn new(template: &Arc<RunningTemplate>, registry: &Arc<RealmRegistry>) -> Self {
        let (template, registry) = (Arc::clone(template), Arc::downgrade(registry));
        Self { template, registry, entering: AtomicUsize::new(0), idle: Mutex::default() }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody has come in.
    pub(super) fn is_used(&self) {
        self.idle().since = None;
    }
}

impl Entering {
    /// The caller holds the table of realms, so the realm is not removed before this is there.
    pub(super) fn new(realm: &Arc<RunningRealm>) -> Self {
        if let Some(origin) = &realm.origin {
            origin.entering.fetch_add(1, Ordering::AcqRel);
        }
        Self(Arc::clone(realm))
    }

    pub(crate) fn realm(&self) -> &Arc<RunningRealm> {
        &self.0
    }
}

impl Drop for Entering {
    fn drop(&mut self) {
        if let Some(origin) = &self.0.origin {
            origin.entering.fetch_sub(1, Ordering::AcqRel);
            self.0.may_be_empty();
        }
    }
}

impl RunningRealm {
    /// The template that it was made of.
    pub(crate) fn template(&self) -> Option<&Arc<RunningTemplate>> {
        self.origin.as_ref().map(|origin| &origin.template)
    }

    /// The number that grows whenever something is replaced that decides who is let in.
    pub(crate) fn entrance_age(&self) -> u64 {
        let of_template = self.template().map_or(0, |template| template.parts.load().number);
        self.context.config().number + of_template
    }

    /// The authenticators that let sessions in: those of its template, if it has one.
    pub(crate) fn authenticators(&self) -> Arc<[RunningAuthenticator]> {
        match self.template() {
            Some(template) => Arc::clone(&template.parts.load().ways.authenticators),
            None => Arc::clone(&self.context.config().entrance.authenticators),
        }
    }

    /// Whether nobody is in it or about to be.
    pub(super) fn is_deserted(&self) -> bool {
        let entering = self.origin.as_ref().map_or(0, |origin| origin.entering.load(Ordering::Acquire));
        entering == 0 && self.sessions_by_id().is_empty()
    }

    /// Somebody has left: a realm of a template that stays empty is removed.
    pub(super) fn may_be_empty(self: &Arc<Self>) {
        let Some(origin) = &self.origin else { return };
        if self.ended().is_some() || !self.is_deserted() {
            return;
        }
        let runtime = &self.context.runtime;
        let mut idle = origin.idle();
        idle.since.get_or_insert_with(|| runtime.now());
        if std::mem::replace(&mut idle.watched, true) {
            return;
        }
        drop(idle);
        let realm = Arc::downgrade(self);
        if runtime.try_spawn(Box::pin(watch(realm, Arc::clone(runtime)))).is_err() {
            // Nothing can wait here.
            origin.idle().watched = false;
            self.remove_if_deserted();
        }
    }

    /// Until when an empty realm stays; `None` if somebody is in it, and nobody looks after it any more.
    fn stays_until(&self, origin: &TemplateOrigin) -> Option<Instant> {
        let mut idle = origin.idle();
        match idle.since {
            // Under the lock: whoever leaves from now on takes it, and finds that nobody looks after the realm.
            Some(since) if self.is_deserted() => Some(after(since, origin.template.parts.load().linger)),
            _ => {
                idle.watched = false;
                None
            }
        }
    }

    /// Removes the realm unless somebody has come; says whether it is gone.
    fn remove_if_deserted(self: &Arc<Self>) -> bool {
        let registry = self.origin.as_ref().and_then(|origin| origin.registry.upgrade());
        registry.is_none_or(|registry| registry.remove_deserted(self))
    }

    /// What sessions of a realm that is gone would read, if there were any.
    pub(super) fn deserted() -> RealmEnd {
        let (reason, text) = (uris::close::CLOSE_REALM.to_owned(), "the realm was empty".to_owned());
        RealmEnd { reason, text }
    }
}

/// Waits until a realm has been empty for long enough, and removes it.
async fn watch(realm: Weak<RunningRealm>, runtime: Arc<dyn Runtime>) {
    loop {
        let Some(running) = realm.upgrade() else { return };
        let Some(origin) = &running.origin else { return };
        let Some(until) = running.stays_until(origin) else { return };
        if until <= runtime.now() {
            if running.ended().is_some() || running.remove_if_deserted() {
                return;
            }
            continue;
        }
        drop(running);
        runtime.sleep_until(until).await;
    }
}

impl fmt::Debug for TemplateParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateParts").field("number", &self.number).finish_non_exhaustive()
    }
}

impl fmt::Debug for RunningTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningTemplate").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}
