//! Delays, turns, and the bounds of what is kept.

use super::*;

fn claim(address: &str, authid: &'static str) -> Claim<'static> {
    Claim { realm: "realm1", address: Some(address.parse().unwrap()), authid }
}

fn start() -> (Slowdown, Instant) {
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    let now = Instant::now();
    (Slowdown::new(Duration::from_secs(4)), now)
}

impl Slowdown {
    /// The time that an attempt has to wait from now on.
    fn delay(&self, claim: Claim<'_>, now: Instant) -> Duration {
        match self.take_turn(claim, false, now) {
            Ok(()) => {
                self.judged(claim);
                Duration::ZERO
            }
            Err(wait) => wait.time,
        }
    }
}

fn fail(slowdown: &Slowdown, claim: Claim<'_>, times: u32, now: Instant) {
    (0..times).for_each(|_| slowdown.failed(claim, now));
}

#[test]
fn the_delay_doubles_up_to_its_bound_and_is_forgotten() {
    let (slowdown, now) = start();
    let joe = claim("192.0.2.1", "joe");
    let delays: Vec<u128> = (0..10)
        .map(|_| {
            slowdown.failed(joe, now);
            slowdown.delay(joe, now).as_millis()
        })
        .collect();
    assert_eq!(delays, [0, 0, 0, 250, 500, 1000, 2000, 4000, 4000, 4000]);
    assert_eq!(slowdown.delay(joe, now + Duration::from_secs(3)), Duration::from_secs(1));
    assert_eq!(slowdown.delay(joe, now + Duration::from_secs(4)), Duration::ZERO);
    // Whoever is slow by itself is still remembered.
    slowdown.failed(joe, now + Duration::from_secs(60));
    assert_eq!(slowdown.delay(joe, now + Duration::from_secs(60)), Duration::from_secs(4));
    let later = now + Duration::from_secs(60) + MEMORY + Duration::from_secs(1);
    slowdown.failed(joe, later);
    assert_eq!(slowdown.delay(joe, later), Duration::ZERO, "one failure, after a long time");
}

#[test]
fn another_address_and_another_authid_are_not_slowed_and_success_ends_it() {
    let (slowdown, now) = start();
    let joe = claim("2001:db8:1:2::7", "joe");
    fail(&slowdown, joe, 8, now);
    assert_eq!(
        slowdown.delay(claim("2001:db8:1:2:ffff::1", "joe"), now),
        Duration::from_secs(4),
        "one household"
    );
    for other in [claim("2001:db8:1:3::7", "joe"), claim("2001:db8:1:2::7", "ada"), claim("192.0.2.1", "joe")]
    {
        assert_eq!(slowdown.delay(other, now), Duration::ZERO, "{other:?}");
    }
    let elsewhere = Claim { realm: "realm2", ..joe };
    assert_eq!(slowdown.delay(elsewhere, now), Duration::ZERO);
    slowdown.passed(joe);
    assert_eq!(slowdown.delay(joe, now), Duration::ZERO);
}

#[test]
fn failures_of_many_addresses_delay_an_authid_by_a_moment() {
    let (slowdown, now) = start();
    for host in 1..=FREE_OF_ALL + 1 {
        slowdown.failed(claim(&format!("198.51.100.{host}"), "joe"), now);
    }
    assert_eq!(slowdown.delay(claim("192.0.2.1", "joe"), now), FIRST);
    fail(&slowdown, claim("198.51.100.1", "joe"), 1000, now);
    assert_eq!(slowdown.delay(claim("192.0.2.1", "joe"), now), FIRST, "and by no more");
    assert_eq!(slowdown.delay(claim("192.0.2.1", "ada"), now), Duration::ZERO);
}

#[test]
fn the_table_keeps_its_size_whatever_is_tried() {
    let (slowdown, now) = start();
    for number in 0..100_000_u32 {
        let claim = Claim { realm: "realm1", address: None, authid: &number.to_string() };
        slowdown.failed(claim, now);
    }
    assert_eq!(slowdown.table().entries.len(), SETS * WAYS);
    assert!(size_of::<Option<Entry>>() * SETS * WAYS <= 160 << 10);
}

#[test]
fn nobody_is_slowed_where_that_is_turned_off() {
    let (_, now) = start();
    let slowdown = Slowdown::new(Duration::ZERO);
    fail(&slowdown, claim("192.0.2.1", "joe"), 100, now);
    assert_eq!(slowdown.delay(claim("192.0.2.1", "joe"), now), Duration::ZERO);
    assert!(slowdown.table().entries.is_empty());
}
#[test]
fn of_those_who_wait_for_the_same_moment_one_goes_and_the_others_wait_again() {
    let (slowdown, now) = start();
    let joe = claim("192.0.2.1", "joe");
    fail(&slowdown, joe, 6, now);
    let second = Duration::from_secs(1);
    let wait = Wait { time: second, because_of_failures: true };
    for _ in 0..3 {
        assert_eq!(slowdown.take_turn(joe, false, now), Err(wait));
    }
    let later = now + second;
    assert_eq!(slowdown.take_turn(joe, true, later), Ok(()));
    for _ in 0..2 {
        assert_eq!(slowdown.take_turn(joe, true, later), Err(wait));
    }
    // The one was right: nobody waits any more.
    slowdown.passed(joe);
    slowdown.judged(joe);
    for _ in 0..2 {
        assert_eq!(slowdown.take_turn(joe, true, later), Ok(()));
    }
}

#[test]
fn so_many_attempts_for_one_authid_are_judged_at_once_and_what_counts_them_is_given_back() {
    let (slowdown, now) = start();
    let joe = claim("192.0.2.1", "joe");
    for _ in 0..AT_ONCE {
        assert_eq!(slowdown.take_turn(joe, false, now), Ok(()));
    }
    let wait = Wait { time: ASK_AGAIN, because_of_failures: false };
    assert_eq!(slowdown.take_turn(joe, false, now), Err(wait));
    assert_eq!(slowdown.take_turn(claim("192.0.2.2", "joe"), false, now), Ok(()));
    slowdown.judged(joe);
    assert_eq!(slowdown.take_turn(joe, true, now), Ok(()));
    (0..AT_ONCE).for_each(|_| slowdown.judged(joe));
    slowdown.judged(claim("192.0.2.2", "joe"));
    assert!(slowdown.table().judged.is_empty());
}

#[cfg(feature = "credentials")]
#[test]
fn who_has_come_in_from_an_address_is_known_there_whatever_is_tried() {
    let (slowdown, now) = start();
    let joe = claim("192.0.2.1", "joe");
    assert!(!slowdown.knows(joe));
    slowdown.passed(joe);
    for number in 0..10_000_u32 {
        slowdown.failed(Claim { authid: &number.to_string(), ..joe }, now);
    }
    assert!(slowdown.knows(joe));
    for other in [claim("192.0.2.2", "joe"), claim("192.0.2.1", "ada"), Claim { realm: "realm2", ..joe }] {
        assert!(!slowdown.knows(other), "{other:?}");
    }
    for number in 0..100_000_u32 {
        slowdown.passed(Claim { authid: &number.to_string(), ..joe });
    }
    assert_eq!(slowdown.table().known.len(), KNOWN);
}

#[test]
fn who_has_waited_for_the_failures_of_other_addresses_waits_no_more() {
    let (slowdown, now) = start();
    let joe = claim("192.0.2.1", "joe");
    for host in 1..=FREE_OF_ALL + 1 {
        slowdown.failed(claim(&format!("198.51.100.{host}"), "joe"), now);
    }
    assert!(slowdown.take_turn(joe, false, now).is_err());
    assert_eq!(slowdown.take_turn(joe, true, now), Ok(()));
}
