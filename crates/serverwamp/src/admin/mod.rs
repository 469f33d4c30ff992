//! The admin interface: a realm in which a running application is asked about itself and told what to do, over WAMP.
//!
//! In go calls of administrators, out come answers about all realms of the application. Everything that is served stands in one
//! [table](table): its name, its arguments, its answer, its permission and its errors. Registration, the checks of arguments, the
//! permissions of roles, `serverwamp.admin.describe` and docs/admin.md are made of it, so none of them says what the others do not.
//!
//! Invariants: an application without this realm does nothing for it; no answer looks at more than [`page::AT_ONCE`] entries behind
//! one lock; every answer of more than one page is in an order for which the router has an index.

mod arguments;
mod audit;
mod auth;
mod call;
mod control;
mod document;
mod kept;
mod node;
mod node_control;
mod page;
mod permission;
mod registrations;
mod routes;
mod sessions;
mod statistics;
mod subscriptions;
mod table;
mod tap;
#[cfg(test)]
mod tests;
mod uris;

pub use control::NodeControl;
pub use permission::AdminPermission;

use crate::{ApplicationBuilder, Realm};
use call::AdminState;
use std::fmt;
use std::sync::Arc;

/// The admin interface of an application: the realm [`Admin::REALM`], whose procedures tell what goes on in all realms, and end
/// sessions. For [`ApplicationBuilder::admin`](crate::ApplicationBuilder::admin); docs/admin.md lists what it serves.
///
/// It is off unless it is added, and lets in whom its own authentication lets in. What somebody may do there is said for each role by
/// [`AdminPermission`]s; a role without any may do nothing.
///
/// ```
/// use serverwamp::auth::{self, AuthId, Principal, Ticket};
/// use serverwamp::{Admin, AdminPermission, Application, Realm};
///
/// async fn check(AuthId(id): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
///     (ticket.expose() == b"secret").then(|| Principal::new(id).role("operator"))
/// }
///
/// let admin = Admin::new()
///     .realm(|realm| realm.authenticator(auth::ticket(check)))
///     .role("operator", [AdminPermission::Read, AdminPermission::Write]);
/// let app = Application::builder()
///     .realm(Realm::router("realm1").allow_anonymous("guest"))
///     .admin(admin)
///     .build()?;
/// # Ok::<(), serverwamp::ConfigError>(())
/// ```
#[must_use]
pub struct Admin<S = ()> {
    realm: Realm<S>,
    roles: Vec<(String, Vec<AdminPermission>)>,
    control: Option<Arc<dyn NodeControl>>,
}

impl Admin {
    /// The name of the realm.
    pub const REALM: &str = crate::router::realm::ADMIN_REALM;

    /// The reference page docs/admin.md, made of the table of everything that is served.
    #[doc(hidden)]
    pub fn reference() -> String {
        document::page()
    }
}

impl<S: Send + Sync + 'static> Admin<S> {
    /// An admin interface that lets nobody in yet.
    #[track_caller]
    pub fn new() -> Self {
        Self { realm: Realm::new(Admin::REALM), roles: Vec::new(), control: None }
    }

    /// Changes its realm: its authenticators, or [`Realm::allow_anonymous`].
    pub fn realm(mut self, change: impl FnOnce(Realm<S>) -> Realm<S>) -> Self {
        self.realm = change(self.realm);
        self
    }

    /// Gives a role these permissions. Of several calls for a role the last one counts.
    pub fn role(
        mut self,
        authrole: impl Into<String>,
        permissions: impl IntoIterator<Item = AdminPermission>,
    ) -> Self {
        let authrole = authrole.into();
        self.roles.retain(|(known, _)| *known != authrole);
        self.roles.push((authrole, permissions.into_iter().collect()));
        self
    }

    /// Serves what only the program around the application can do: `serverwamp.node.reload` and its like. Without it they are not
    /// registered.
    pub fn control(mut self, control: impl NodeControl) -> Self {
        self.control = Some(Arc::new(control));
        self
    }

    /// The realm, for [`Realms::add`](crate::Realms::add) while the application runs.
    pub fn into_realm(self) -> Realm<S> {
        let masked = tap::MASKED.iter().map(|word| (*word).to_owned()).collect();
        let state = AdminState { control: self.control.clone(), masked, ..AdminState::default() };
        let routes = routes::routes(&Arc::new(state));
        self.into_reconfiguration().routes(routes)
    }

    /// Its authentication and permissions without its procedures, for [`Realms::reconfigure`](crate::Realms::reconfigure).
    pub fn into_reconfiguration(self) -> Realm<S> {
        let Self { realm, roles, control } = self;
        routes::permit(realm, roles, control.is_some())
    }
}

impl<S: Send + Sync + 'static> ApplicationBuilder<S> {
    /// Adds the admin interface, which is off otherwise; see [`Admin`].
    #[track_caller]
    pub fn admin(self, admin: Admin<S>) -> Self {
        self.realm(admin.into_realm())
    }
}

impl<S: Send + Sync + 'static> Default for Admin<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> fmt::Debug for Admin<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("roles", &self.roles).field("control", &self.control.is_some()).finish()
    }
}
