//! Places, turns, and jobs that end in other ways than they should.

use super::*;
use futures_executor::block_on;
use futures_util::FutureExt;
use std::sync::atomic::AtomicU32;
use std::sync::mpsc::sync_channel;

fn stranger(address: &str) -> Applicant {
    Applicant::Stranger(network(address.parse().unwrap()))
}

#[test]
fn a_job_beyond_the_queue_is_refused_at_once_and_the_others_are_computed() {
    let pool = HashPool::new(1, 2);
    let (go_on, stop) = sync_channel::<()>(0);
    let mut first = Box::pin(pool.run(move || stop.recv().is_ok()));
    assert!(first.as_mut().now_or_never().is_none());
    let mut waiting: Vec<_> = (0..2).map(|number| Box::pin(pool.run(move || number))).collect();
    for one in &mut waiting {
        assert!(one.as_mut().now_or_never().is_none());
    }
    let refused = pool.run(|| 9).now_or_never().unwrap().unwrap_err();
    assert_eq!(refused.uri(), "wamp.error.unavailable");
    assert_eq!(pool.in_flight(), 3);
    go_on.send(()).unwrap();
    assert!(block_on(first).unwrap());
    let results: Vec<i32> = waiting.into_iter().map(|one| block_on(one).unwrap()).collect();
    assert_eq!(results, [0, 1]);
    assert_eq!(block_on(pool.run(|| 9)).unwrap(), 9, "there is room again");
}

#[test]
fn one_address_takes_half_of_the_places_and_others_come_next() {
    let pool = HashPool::new(1, 7);
    let (go_on, stop) = sync_channel::<()>(0);
    let mut busy = Box::pin(pool.run(move || stop.recv().is_ok()));
    assert!(busy.as_mut().now_or_never().is_none());
    let order = Arc::new(Mutex::new(Vec::new()));
    let job = |name: &'static str| {
        let order = Arc::clone(&order);
        move || order.lock().unwrap().push(name)
    };
    let [flood, neighbour] = ["192.0.2.1", "192.0.2.2"].map(stranger);
    let mut jobs: Vec<_> = (0..4).map(|_| Box::pin(pool.compute(flood, job("flood")))).collect();
    jobs.iter_mut().for_each(|one| assert!(one.as_mut().now_or_never().is_none()));
    let refused = pool.compute(flood, job("flood")).now_or_never().unwrap().unwrap_err();
    assert_eq!(refused.uri(), "wamp.error.unavailable");
    // One who has come in from there before does not stand behind its strangers.
    let Applicant::Stranger(address) = flood else { unreachable!("it is one") };
    let acquaintance = Applicant::Acquaintance(address);
    for (who, name) in [(neighbour, "neighbour"), (acquaintance, "acquaintance")] {
        jobs.push(Box::pin(pool.compute(who, job(name))));
        assert!(jobs.last_mut().unwrap().as_mut().now_or_never().is_none());
    }
    go_on.send(()).unwrap();
    assert!(block_on(busy).unwrap());
    jobs.into_iter().for_each(|one| block_on(one).unwrap());
    assert_eq!(*order.lock().unwrap(), ["flood", "neighbour", "acquaintance", "flood", "flood", "flood"]);
    assert!(block_on(pool.compute(flood, || true)).unwrap(), "it has places again");
}

#[test]
fn those_of_a_few_addresses_who_have_all_places_make_room_for_another() {
    let pool = HashPool::new(1, 7);
    let (go_on, stop) = sync_channel::<()>(0);
    let [one, two, right] = ["192.0.2.1", "2001:db8::1", "192.0.2.3"].map(stranger);
    let mut busy = Box::pin(pool.compute(one, move || stop.recv().is_ok()));
    assert!(busy.as_mut().now_or_never().is_none());
    let mut flood: Vec<_> = [one, one, one, two, two, two, two]
        .into_iter()
        .map(|who| Box::pin(pool.compute(who, || true)))
        .collect();
    flood.iter_mut().for_each(|job| assert!(job.as_mut().now_or_never().is_none()));
    assert_eq!(pool.in_flight(), 8);
    let mut login = Box::pin(pool.compute(right, || true));
    assert!(login.as_mut().now_or_never().is_none(), "it waits");
    assert_eq!(pool.in_flight(), 8, "in the place of another");
    // Whoever has as many as the others displaces nobody.
    let refused = pool.compute(two, || true).now_or_never().unwrap().unwrap_err();
    assert_eq!(refused.uri(), "wamp.error.unavailable");
    go_on.send(()).unwrap();
    assert!(block_on(busy).unwrap() && block_on(login).unwrap());
    let ends: Vec<Result<bool, WampError>> = flood.into_iter().map(block_on).collect();
    let displaced: Vec<usize> = (0..7).filter(|number| ends[*number].is_err()).collect();
    assert_eq!(displaced, [6], "the latest of the longest line");
    assert_eq!(ends[6].as_ref().unwrap_err().uri(), "wamp.error.unavailable");
    assert_eq!(pool.in_flight(), 0);
}

#[test]
fn what_nobody_waits_for_any_more_is_left_out() {
    let pool = HashPool::new(1, 8);
    let (go_on, stop) = sync_channel::<()>(0);
    let mut first = Box::pin(pool.run(move || stop.recv().is_ok()));
    assert!(first.as_mut().now_or_never().is_none());
    let computed = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&computed);
    let mut given_up = Box::pin(pool.run(move || count.fetch_add(1, Ordering::SeqCst)));
    assert!(given_up.as_mut().now_or_never().is_none());
    drop(given_up);
    go_on.send(()).unwrap();
    assert!(block_on(first).unwrap());
    assert_eq!(block_on(pool.run(|| 7)).unwrap(), 7, "one thread: the job before it is over");
    assert_eq!(computed.load(Ordering::SeqCst), 0);
}

#[test]
fn a_job_that_panics_is_an_error_and_its_thread_goes_on() {
    let pool = HashPool::new(1, 1);
    let error = block_on(pool.run(|| -> bool { panic!("a bug in a hash") })).unwrap_err();
    assert_eq!(error.uri(), "wamp.error.runtime_error");
    assert!(block_on(pool.run(|| true)).unwrap());
    assert_eq!(pool.in_flight(), 0);
}
