//! The demo's topic: the time, once a second.

use serde::Serialize;
use serverwamp::RealmHandle;
use serverwamp::extract::Kwargs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{MissedTickBehavior, interval};

/// The time as events carry it.
#[derive(Debug, Serialize)]
struct Tick {
    /// Milliseconds since 1970.
    now: u64,
    iso: String,
}

/// Publishes to `demo.clock`; with nobody subscribed an event costs a look-up.
pub(super) async fn run(realm: &RealmHandle) {
    let mut ticks = interval(Duration::from_secs(1));
    // Seconds that were slept through are over.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
        let tick = Tick { now, iso: serverwamp_proto::auth::format_timestamp(now) };
        if let Err(error) = realm.publish("demo.clock", Kwargs(tick)) {
            tracing::error!(target: "serverwamp::program", %error, "demo.clock cannot be published");
        }
    }
}
