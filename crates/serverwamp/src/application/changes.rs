//! Changes of realms and of the application's settings, before they are applied and after.

use super::ApplicationSettings;
use crate::api::realm::{Realm, RealmTemplate};
use crate::api::routes::RoutePattern;
use crate::base::signal::Signal;
use std::panic::Location;
use std::sync::Arc;

/// Changes of several realms, which are applied all or none; for [`Realms::apply`](crate::Realms::apply).
///
/// ```
/// use serverwamp::{Application, Realm, RealmChanges};
///
/// let app = Application::builder().realm(Realm::router("one").allow_anonymous("guest")).build()?;
/// let changes = RealmChanges::new()
///     .stop("one", "wamp.close.close_realm")
///     .add(Realm::router("two").allow_anonymous("guest"));
/// app.realms().apply(changes)?;
/// assert_eq!(app.realms().names(), ["two"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "nothing is changed until they are applied"]
pub struct RealmChanges {
    pub(super) realms: Vec<(WantedChange, &'static Location<'static>)>,
    pub(super) settings: Option<(Box<ApplicationSettings>, &'static Location<'static>)>,
}

#[derive(Debug)]
pub(super) enum WantedChange {
    Add(Realm),
    Reconfigure(Realm),
    Stop { name: String, reason: String },
    AddTemplate(RealmTemplate),
    ReplaceTemplate(RealmTemplate),
    RemoveTemplate { pattern: RoutePattern, reason: String },
}

impl RealmChanges {
    /// No changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a realm, as [`Realms::add`](crate::Realms::add).
    #[track_caller]
    #[expect(clippy::should_implement_trait, reason = "changes are a list and no sum")]
    pub fn add(mut self, realm: Realm) -> Self {
        self.realms.push((WantedChange::Add(realm), Location::caller()));
        self
    }

    /// Replaces the configuration of the realm with this name, as [`Realms::reconfigure`](crate::Realms::reconfigure).
    #[track_caller]
    pub fn reconfigure(mut self, realm: Realm) -> Self {
        self.realms.push((WantedChange::Reconfigure(realm), Location::caller()));
        self
    }

    /// Stops a realm, as [`Realms::stop`](crate::Realms::stop).
    #[track_caller]
    pub fn stop(mut self, name: impl Into<String>, reason: impl Into<String>) -> Self {
        let (name, reason) = (name.into(), reason.into());
        self.realms.push((WantedChange::Stop { name, reason }, Location::caller()));
        self
    }

    /// Adds a template, behind those that there are: the first that fits a name makes a realm of it.
    #[track_caller]
    pub fn add_template(mut self, template: RealmTemplate) -> Self {
        self.realms.push((WantedChange::AddTemplate(template), Location::caller()));
        self
    }

    /// Replaces the template of the same pattern.
    ///
    /// Who comes in from now on is decided by its authenticators, also where the realm is there, and sessions that came in by a method
    /// that it does not have end as after [`Realms::reconfigure`](crate::Realms::reconfigure). Its bounds count from now on.
    ///
    /// **Realms that are there are reconfigured**, each to what the template makes of its name, as [`Realms::reconfigure`](crate::Realms::reconfigure) does it: at once
    /// and all together, also those that were reconfigured by name. What is code stays in them until they are empty and made again, and
    /// is left out where the template brings other code: procedures, handlers of topics, services, layers and `serial_calls`. If it makes
    /// none of one of the names, nothing is changed.
    #[track_caller]
    pub fn replace_template(mut self, template: RealmTemplate) -> Self {
        self.realms.push((WantedChange::ReplaceTemplate(template), Location::caller()));
        self
    }

    /// Removes the template of this pattern, and stops the realms that were made of it, as [`Realms::stop`](crate::Realms::stop).
    #[track_caller]
    pub fn remove_template(mut self, pattern: impl Into<RoutePattern>, reason: impl Into<String>) -> Self {
        let (pattern, reason) = (pattern.into(), reason.into());
        self.realms.push((WantedChange::RemoveTemplate { pattern, reason }, Location::caller()));
        self
    }

    /// Replaces the settings of the application as well, as [`Application::reconfigure`](crate::Application::reconfigure): the realms are
    /// those of the new limits. Of several settings the last ones count.
    ///
    /// ```
    /// # use serverwamp::{Application, ApplicationSettings, Realm, RealmChanges};
    /// # let app = Application::builder().realm(Realm::router("one").allow_anonymous("guest")).build()?;
    /// let mut settings = ApplicationSettings::default();
    /// settings.limits.retained_events = 1000;
    /// let realm = Realm::router("one").allow_anonymous("guest").strict_uris();
    /// app.realms().apply(RealmChanges::new().settings(settings).reconfigure(realm))?;
    /// # Ok::<(), serverwamp::ConfigError>(())
    /// ```
    #[track_caller]
    pub fn settings(mut self, settings: ApplicationSettings) -> Self {
        self.settings = Some((Box::new(settings), Location::caller()));
        self
    }
}

impl WantedChange {
    /// What is changed, in words.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Add(realm) | Self::Reconfigure(realm) => format!("realm {:?}", realm.name()),
            Self::Stop { name, .. } => format!("realm {name:?}"),
            Self::AddTemplate(template) | Self::ReplaceTemplate(template) => {
                format!("template {}", template.describe().1)
            }
            Self::RemoveTemplate { pattern, .. } => format!("template {pattern:?}"),
        }
    }
}

/// Changes that are in effect: whatever is asked for from now on is decided by them. What sessions hold already is looked at in turns;
/// [`settled`](Self::settled) waits for that.
#[derive(Debug)]
pub struct AppliedChanges(pub(super) Vec<Arc<Signal<()>>>);

impl AppliedChanges {
    /// Waits until every session, subscription and registration that is not allowed any more has been ended or revoked.
    ///
    /// # Cancel safety
    /// The work goes on whether anybody waits or not.
    pub async fn settled(self) {
        for swept in self.0 {
            swept.wait().await;
        }
    }
}
