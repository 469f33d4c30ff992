//! Limits that are changed while events are retained.

use super::tests::{open, share, unbounded};
use super::*;

fn limits(events: usize, bytes: usize) -> RetainedLimits {
    RetainedLimits { all: share(events, bytes), ..RetainedLimits::default() }
}

#[test]
fn lower_limits_take_nothing_away_and_admit_only_what_takes_no_more_room() {
    let mut retained = unbounded();
    for topic in ["a", "b", "c"] {
        open(&mut retained, topic, (topic, 10)).unwrap();
    }
    retained.limit(limits(1, 10));
    assert_eq!(retained.held(), share(3, 30));
    assert_eq!(open(&mut retained, "d", ("d", 1)), Err(Beyond::Store));
    // A device that reports again is no further device.
    assert_eq!(open(&mut retained, "a", ("new", 10)), Ok(vec![("a", 10)]));
    assert_eq!(open(&mut retained, "a", ("longer", 11)), Err(Beyond::Store));
    assert_eq!(open(&mut retained, "a", ("shorter", 5)), Ok(vec![("new", 10)]));
    assert_eq!(retained.held(), share(3, 25));
    retained.limit(limits(4, 40));
    assert_eq!(open(&mut retained, "d", ("d", 15)), Ok(vec![]));
    assert_eq!(open(&mut retained, "e", ("e", 0)), Err(Beyond::Store));
}
