//! From the table to the routes of the realm and the permissions of its roles.

use super::AdminPermission;
use super::arguments::CheckedArguments;
use super::audit::AuditEntry;
use super::call::{AdminCall, AdminState};
use super::table::{AdminAnswer, AdminRow, AnsweredBy, rows};
use crate::api::routes::prefix;
use crate::{PendingSubscription, Progress, Realm, RouteSet, Session, WampError};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::permissions::Actions;
use std::sync::Arc;

/// The rows that are served where there is such a program.
pub(super) fn served(control: bool) -> impl Iterator<Item = &'static AdminRow> {
    rows().filter(move |row| control || !row.needs_program())
}

/// A route for each row.
pub(super) fn routes<S: Send + Sync + 'static>(state: &Arc<AdminState>) -> RouteSet<S> {
    let mut routes = RouteSet::new();
    for row in served(state.control.is_some()) {
        let state = Arc::clone(state);
        routes = match row.serve {
            AnsweredBy::Topic(serve) => routes.topic(row.name, move |subscription: PendingSubscription| {
                serve(subscription, Arc::clone(&state))
            }),
            AnsweredBy::Now(_) | AnsweredBy::Later(_) | AnsweredBy::Program(_) => {
                let serve = move |caller: Session, progress: Progress, payload: Payload| {
                    answer(row, Arc::clone(&state), (caller, progress), payload)
                };
                routes.procedure(row.name, serve)
            }
        };
    }
    routes
}

async fn answer(
    row: &'static AdminRow,
    state: Arc<AdminState>,
    (caller, progress): (Session, Progress),
    payload: Payload,
) -> AdminAnswer {
    let most = caller.inner().limits().meta_arguments;
    let arguments = CheckedArguments::read(row, &payload, most);
    drop(payload);
    if row.permission != AdminPermission::Write {
        return run(row, AdminCall { caller, arguments: arguments?, progress, state }).await;
    }
    let written = arguments.as_ref().map_or_else(|_| String::new(), CheckedArguments::written);
    let entry = AuditEntry::new(caller.clone(), row.name, written);
    let answer = match arguments {
        Ok(arguments) => run(row, AdminCall { caller, arguments, progress, state }).await,
        Err(error) => Err(error),
    };
    entry.end(&answer);
    answer
}

async fn run(row: &AdminRow, call: AdminCall) -> AdminAnswer {
    match (row.serve, call.state.control.clone()) {
        (AnsweredBy::Now(serve), _) => serve(&call),
        (AnsweredBy::Later(serve), _) => serve(call).await,
        (AnsweredBy::Program(serve), Some(control)) => serve(call, control).await,
        (AnsweredBy::Program(_) | AnsweredBy::Topic(_), _) => {
            Err(WampError::unavailable("nobody serves this here"))
        }
    }
}

/// Gives each role what its permissions allow, and nobody anything else.
pub(super) fn permit<S: Send + Sync + 'static>(
    mut realm: Realm<S>,
    roles: Vec<(String, Vec<AdminPermission>)>,
    control: bool,
) -> Realm<S> {
    for (authrole, permissions) in roles {
        realm = realm.role(authrole, |mut rules| {
            // A role without any permission is allowed nothing, rather than everything.
            rules = rules.deny(Actions::REGISTER | Actions::PUBLISH, prefix(""));
            for row in served(control).filter(|row| permissions.contains(&row.permission)) {
                let action = if row.is_topic() { Actions::SUBSCRIBE } else { Actions::CALL };
                rules = rules.allow(action, row.name);
            }
            rules
        });
    }
    realm.listed_roles_only()
}
