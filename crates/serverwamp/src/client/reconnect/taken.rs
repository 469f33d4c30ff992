//! Registrations whose procedure somebody else has when the client has reconnected: most often the client's own session before, which the
//! router has not given up yet.

use super::restore::{IfTaken, SessionOver, register};
use super::standing::StandingParts;
use crate::client::served::ClientRoute;
use crate::client::session::ClientSession;
use crate::rt::after;
use std::sync::Arc;
use std::time::Duration;

/// The time between two attempts, and the time of all: routers notice a dead peer within half a minute, some within a whole one.
const EVERY: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(60);

/// Tries again until everything is registered, or time is up, and it is refused.
pub(super) async fn try_again(
    session: &Arc<ClientSession>,
    standing: &StandingParts,
    mut taken: Vec<Arc<ClientRoute>>,
    time: Duration,
) -> Result<(), SessionOver> {
    let runtime = &session.runtime;
    let deadline = after(runtime.now(), PATIENCE);
    while !taken.is_empty() {
        runtime.sleep_until(after(runtime.now(), EVERY)).await;
        taken.retain(|route| route.given_up.get().is_none());
        let those = if runtime.now() < deadline { IfTaken::Later } else { IfTaken::Refused };
        taken = register(session, standing, &taken, those, time).await?;
    }
    Ok(())
}
