//! The time of day beside events and calls.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time of day in UTC, to the millisecond: `12:00:01.003`.
pub(super) fn time_of_day() -> String {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since_1970.as_millis()).unwrap_or_default() % 86_400_000;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    format!("{:02}:{:02}:{:02}.{millis:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
