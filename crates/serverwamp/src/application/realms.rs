//! The realms of an application that runs: added, reconfigured and stopped, one at a time or several at once.

use super::changes::{AppliedChanges, RealmChanges, WantedChange};
use super::{Application, Placed};
use crate::api::realm::{CompilePurpose, Realm, RealmTemplate};
use crate::base::error::{ConfigError, Problem};
use crate::base::limits::Limits;
use crate::peer::Environment;
use crate::peering::Compiled;
use crate::router::realm::{Blueprint, NotMade, RealmChange, RealmEnd, RealmHandle, RunningTemplate};
use crate::transport::CurrentSettings;
use hashbrown::HashSet;
use serverwamp_proto::pattern::Match;
use serverwamp_proto::uri::UriRules;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// The realms of an application, which come, change and go while others run. From
/// [`Application::realms`](crate::Application::realms); cheap to clone.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use serverwamp::{Actions, Application, Realm, prefix};
///
/// let app = Application::builder().realm(Realm::router("site").allow_anonymous("guest")).build()?;
/// let realms = app.realms();
/// let backstage = realms.add(Realm::router("backstage").allow_anonymous("crew"))?;
/// backstage.publish("crew.news", "doors open")?;
///
/// let guests = |role: serverwamp::RoleRules| role.allow(Actions::SUBSCRIBE, prefix("news."));
/// realms.reconfigure(Realm::router("site").allow_anonymous("guest").role("guest", guests))?;
/// realms.stop("backstage", "wamp.close.close_realm")?.settled().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Realms(Arc<Environment>);

impl Application {
    /// The realms, to be added, reconfigured and stopped while others run.
    pub fn realms(&self) -> Realms {
        Realms(Arc::clone(self.inner()))
    }
}

impl Realms {
    /// Adds a realm, which takes sessions at once.
    ///
    /// Handlers that ask for state get it from [`Realm::with_state`].
    ///
    /// # Errors
    /// Everything that is wrong with it, as [`build`](crate::ApplicationBuilder::build) reports it; also that there is a realm of
    /// this name.
    #[track_caller]
    pub fn add(&self, realm: Realm) -> Result<RealmHandle, ConfigError> {
        // In a closure it would be the line of the closure.
        let (place, name) = (Location::caller(), realm.name().to_owned());
        self.apply(RealmChanges::new().add(realm))?;
        self.get(&name).ok_or_else(|| changed_meanwhile(place, &name))
    }

    /// Replaces the whole configuration of the running realm with this name: its permissions and roles, its authenticators and
    /// `allow_anonymous`, its `on_connect` and `on_join` handlers, its open topics, and the settings of its topics and procedures.
    ///
    /// The next request is decided by the new configuration. Then, in turns, everything that its sessions hold and may not hold any
    /// more is taken away:
    ///
    /// * A subscription or registration that is not allowed any more is revoked, with UNSUBSCRIBED or UNREGISTERED and the reason
    ///   `wamp.error.not_authorized`. A client that did not announce `subscription_revocation` or `registration_revocation` loses its
    ///   session instead. Calls that a callee has already got may be answered.
    /// * What no permission names and an [authorizer](Realm::authorizer) decides, that is asked about again, and what it does not allow
    ///   is revoked.
    /// * A session ends with GOODBYE `wamp.close.killed` if nobody could come in as it did: its authentication method is gone, or
    ///   anonymous peers are not let in any more, or get another role. So it does if permissions or an authorizer decided about its
    ///   role and none does any more, because it would be allowed what everybody is; and if [`Realm::keep_sessions`] does not keep it.
    ///
    /// Procedures, handlers of topics, services, layers and [`serial_calls`](Realm::serial_calls) stay as they are: a realm that
    /// brings some is refused. To replace them, [`stop`](Self::stop) the realm and [`add`](Self::add) it again. Retained events and
    /// histories stay too, as far as the new settings keep any.
    ///
    /// # Errors
    /// Everything that is wrong with it; then nothing has changed.
    #[track_caller]
    pub fn reconfigure(&self, realm: Realm) -> Result<AppliedChanges, ConfigError> {
        self.apply(RealmChanges::new().reconfigure(realm))
    }

    /// Stops a realm: HELLO to it is refused with `wamp.error.no_such_realm`, and its sessions end, in turns, with GOODBYE and this
    /// reason, a URI such as `wamp.close.close_realm`. What it retained and its histories are freed; the rest is when the last
    /// [`RealmHandle`] is dropped.
    ///
    /// # Errors
    /// That there is no such realm, or the reason is not a URI.
    #[track_caller]
    pub fn stop(&self, name: &str, reason: &str) -> Result<AppliedChanges, ConfigError> {
        self.apply(RealmChanges::new().stop(name, reason))
    }

    /// Applies changes of several realms: all of them, or none.
    ///
    /// # Errors
    /// Everything that is wrong with all of them at once, or that a realm was changed by somebody else at the same time; then nothing
    /// has changed.
    #[track_caller]
    pub fn apply(&self, changes: RealmChanges) -> Result<AppliedChanges, ConfigError> {
        let place = Location::caller();
        let former = Arc::clone(&self.0.settings.now());
        let mut problems = Vec::new();
        let settings = changes.settings.map(|(settings, place)| {
            problems.extend(settings.problems(place));
            CurrentSettings::from(*settings)
        });
        let limits = Arc::clone(&settings.as_ref().unwrap_or(&former).limits);
        let mut names = HashSet::new();
        let mut prepared = Vec::with_capacity(changes.realms.len());
        for (wanted, place) in changes.realms {
            let name = wanted.name();
            if !names.insert(name.clone()) {
                problems.push(Problem::new(place, format!("{name} is changed twice at once")));
                continue;
            }
            prepared.extend(self.prepare(wanted, &limits, place, &mut problems));
        }
        if !problems.is_empty() {
            return Err(ConfigError::of_realms(problems));
        }
        let settings = settings.map(|settings| (former, settings));
        let applied = self.0.apply(prepared, settings);
        applied.map(AppliedChanges).map_err(|name| changed_meanwhile(place, &name))
    }

    /// The running realm of this name.
    pub fn get(&self, name: &str) -> Option<RealmHandle> {
        self.0.realms.get(name).map(RealmHandle::new)
    }

    /// The names of all running realms, sorted.
    pub fn names(&self) -> Vec<String> {
        self.0.realms.names().iter().map(|name| name.as_ref().to_owned()).collect()
    }

    fn prepare(
        &self,
        wanted: WantedChange,
        limits: &Limits,
        place: &'static Location<'static>,
        problems: &mut Vec<Problem>,
    ) -> Option<RealmChange> {
        let registry = &self.0.realms;
        let none = |name: &str| Problem::new(place, format!("there is no realm {name:?}"));
        match wanted {
            WantedChange::Add(realm) => {
                if registry.get(realm.name()).is_some() {
                    let text = format!("there is already a realm {:?}: reconfigure it", realm.name());
                    problems.push(Problem::new(place, text));
                }
                let blueprint = realm.compile(limits, &CompilePurpose::Running, problems);
                problems.is_empty().then(|| RealmChange::Add(registry.prepare(blueprint)))
            }
            WantedChange::Reconfigure(realm) => {
                let Some(running) = registry.get(realm.name()) else {
                    problems.push(none(realm.name()));
                    // So that everything else that is wrong with it is said as well.
                    realm.compile(limits, &CompilePurpose::Running, problems);
                    return None;
                };
                let blueprint = realm.compile(limits, &CompilePurpose::Reconfiguring(&running), problems);
                Some(RealmChange::Configure(running, Box::new(blueprint.config)))
            }
            WantedChange::Stop { name, reason } => {
                let end =
                    stopped(reason, &format!("realm {name:?}")).map_err(|text| Problem::new(place, text));
                let running = registry.get(&name).ok_or_else(|| none(&name));
                match (end, running) {
                    (Ok(end), Ok(running)) => Some(RealmChange::Stop(running, end)),
                    (end, running) => {
                        problems.extend(end.err().into_iter().chain(running.err()));
                        None
                    }
                }
            }
            of_template => self.prepare_template(of_template, limits, place, problems),
        }
    }

    fn prepare_template(
        &self,
        wanted: WantedChange,
        limits: &Limits,
        place: &'static Location<'static>,
        problems: &mut Vec<Problem>,
    ) -> Option<RealmChange> {
        let registry = &self.0.realms;
        match wanted {
            WantedChange::AddTemplate(template) => {
                let ((place, written), template) = (template.describe(), template.compile(limits, problems)?);
                if registry.template(&template.pattern).is_some() {
                    let text = format!("there is already a template {written}: replace it");
                    problems.push(Problem::new(place, text));
                }
                Some(RealmChange::AddTemplate(Arc::new(template)))
            }
            WantedChange::ReplaceTemplate(template) => {
                let ((place, written), template) = (template.describe(), template.compile(limits, problems)?);
                let Some(running) = registry.template(&template.pattern) else {
                    problems.push(Problem::new(place, format!("there is no template {written}: add it")));
                    return None;
                };
                let number = running.parts().number + 1;
                let parts = Arc::new(template.into_parts(number)?);
                let mut anew = Vec::new();
                for realm in registry.made_of(&running) {
                    let name = Arc::clone(realm.name());
                    match parts.make_anew(realm, limits) {
                        Ok(made) => anew.push(made),
                        Err(NotMade::Problems(found)) => problems.extend(found),
                        Err(NotMade::Panic(text)) => {
                            let text = format!("the template {written} panicked for realm {name:?}: {text}");
                            problems.push(Problem::new(place, text));
                        }
                    }
                }
                Some(RealmChange::ReplaceTemplate(running, parts, anew))
            }
            WantedChange::RemoveTemplate { pattern, reason } => {
                let mut fault = |text: String| problems.push(Problem::new(place, text));
                let end = stopped(reason, &format!("the realms of {pattern:?}")).map_err(&mut fault).ok();
                let compiled = pattern.compile_any(&UriRules::loose()).ok();
                let running = compiled.and_then(|compiled| match compiled {
                    Compiled::Uri(pattern) => registry.template(&pattern),
                    Compiled::Regex(_) => None,
                });
                if running.is_none() {
                    fault(format!("there is no template {pattern:?}"));
                }
                Some(RealmChange::RemoveTemplate(running?, end?))
            }
            WantedChange::Add(_) | WantedChange::Reconfigure(_) | WantedChange::Stop { .. } => None,
        }
    }
}

/// The end of what is stopped for this reason.
fn stopped(reason: String, what: &str) -> Result<RealmEnd, String> {
    match UriRules::loose().check(&reason, Match::Exact) {
        Ok(()) => Ok(RealmEnd { reason, text: "the realm was stopped".to_owned() }),
        Err(error) => Err(format!("the reason {reason:?} for stopping {what} is not a URI: {error}")),
    }
}

/// Realms that cannot be there together.
pub(super) fn rivals(blueprints: &[(Blueprint, Placed)]) -> Vec<Problem> {
    let mut names = HashSet::new();
    let mut problems = Vec::new();
    let mut has_default = false;
    for (Blueprint { name, .. }, Placed { place, default }) in blueprints {
        if *default && std::mem::replace(&mut has_default, true) {
            problems.push(Problem::new(place, "there is already a default realm".into()));
        }
        if !names.insert(name) {
            let text = format!("there is already a realm {name:?}: add the routes to that one");
            problems.push(Problem::new(place, text));
        }
    }
    problems
}

/// The templates as they run; what is wrong with them goes to `problems`.
pub(super) fn templates(
    wanted: Vec<RealmTemplate>,
    limits: &Limits,
    problems: &mut Vec<Problem>,
) -> Vec<Arc<RunningTemplate>> {
    let mut templates: Vec<Arc<RunningTemplate>> = Vec::new();
    for template in wanted {
        let (place, written) = template.describe();
        let Some(template) = template.compile(limits, problems) else { continue };
        if templates.iter().any(|other| other.pattern == template.pattern) {
            let text = format!("there is already a template {written}, which makes all of its realms");
            problems.push(Problem::new(place, text));
        }
        templates.push(Arc::new(template));
    }
    templates
}

pub(super) fn changed_meanwhile(place: &'static Location<'static>, name: &str) -> ConfigError {
    let text =
        format!("{name:?} was changed by somebody else at the same time: nothing has changed, try again");
    ConfigError::of_realms(vec![Problem::new(place, text)])
}

impl fmt::Debug for Realms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Realms").field(&self.names()).finish()
    }
}
