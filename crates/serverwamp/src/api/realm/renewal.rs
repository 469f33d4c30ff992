//! The procedure by which a client brings a new ticket before the one that let it in expires.
//!
//! It runs the dialogue of the session's method once more, with the ticket as the answer to the one CHALLENGE that the method makes;
//! none is sent.

use crate::api::extract::Args;
use crate::api::routes::RouteSet;
use crate::base::statistics::Refusal;
use crate::router::auth::{Denial, Dialogue, Exchange, Secret};
use crate::router::realm::{RunningRealm, no_such_procedure};
use crate::rt::after;
use crate::{Session, WampError};
use futures_util::future::{Either, select};
use serverwamp_proto::uris;
use std::sync::Arc;

/// Its name: `wamp.` belongs to the specification.
pub(super) const RENEW: &str = "serverwamp.session.renew";

/// The route of the procedure.
pub(super) fn routes() -> RouteSet<()> {
    RouteSet::new().procedure(RENEW, async |session: Session, Args((ticket,)): Args<(String,)>| {
        renew(&session, Secret::from(ticket)).await
    })
}

/// The method of this name that clients may renew, as the realm has it now.
fn renewable(realm: &RunningRealm, name: &str) -> Option<Dialogue> {
    realm.authenticators().iter().find_map(|authenticator| match authenticator.methods.as_slice() {
        [method] if method.names.renewable && method.names.has(name) => Some(Arc::clone(&method.dialogue)),
        _ => None,
    })
}

/// The seconds that are left afterwards.
async fn renew(session: &Session, ticket: Secret) -> Result<Option<u64>, WampError> {
    let router = session.inner();
    let context = &router.running_realm().context;
    let name: Arc<str> = session.authmethod().into();
    let age = router.running_realm().entrance_age();
    if !context.config().entrance.renews {
        return Err(no_such_procedure(RENEW));
    }
    let Some(dialogue) = renewable(router.running_realm(), &name) else {
        let text = format!("a session that was authenticated by {name:?} cannot be renewed: begin a new one");
        return Err(WampError::new(uris::error::FEATURE_NOT_SUPPORTED).arg(text));
    };
    let exchange = Arc::new(Exchange::renewal(Arc::clone(router), ticket));
    let deadline = after(context.now(), router.limits().authenticate_timeout);
    let check = select(dialogue(Arc::clone(&exchange), name), context.runtime.sleep_until(deadline)).await;
    let refused = |why: &str| {
        let why = format_args!("authid {}: {why}", session.authid());
        context.counters.refused(Refusal::Renewal, &**router, why);
    };
    let proved = match check {
        Either::Left((proved, _)) => {
            let nobody = || Denial::denied("the ticket is that of nobody");
            let proved = proved.and_then(|principal| principal.ok_or_else(nobody).map(Some));
            // A session is no way to guess faster than strangers may.
            exchange.judged(&proved);
            proved
        }
        Either::Right(_) => {
            refused("the authenticator did not decide in time");
            return Err(WampError::authentication_failed("not decided in time"));
        }
    };
    // What an authenticator has said that the realm does not have any more lets nobody stay.
    if router.running_realm().entrance_age() != age {
        return Err(WampError::unavailable("the realm was changed meanwhile: try again"));
    }
    let principal = match proved {
        Ok(principal) => principal.filter(|one| one.time_left().is_none_or(|left| !left.is_zero())),
        Err(denial) => {
            refused(&denial.to_string());
            return Err(denial.error);
        }
    };
    let same = |one: &&crate::auth::Principal| {
        one.authid() == session.authid() && one.authrole() == session.authrole()
    };
    let Some(principal) = principal.as_ref().filter(same) else {
        refused("the ticket is wrong or has expired, or is that of another authid or role");
        return Err(WampError::denied());
    };
    Ok(router.renew_with(principal).map(|left| left.as_secs()))
}
