//! One link: interest, events, what is lost and how that ends.

use super::*;

#[test]
fn an_event_goes_only_to_a_node_that_wants_it() {
    let (mut a, mut b) = pair();
    assert!(!publish(&mut a, 1, "com.t"), "nobody wants anything yet");
    want(&mut b, "com.t", true);
    exchange(&mut a, &mut b);
    assert!(publish(&mut a, 2, "com.t") && !publish(&mut a, 3, "com.u"));
    assert_eq!(events(&exchange(&mut a, &mut b).1), [2]);
    want(&mut b, "com.t", false);
    exchange(&mut a, &mut b);
    assert!(!publish(&mut a, 4, "com.t"));
    assert_eq!((a.interest(), b.interest()), (0, 0));
}

#[test]
fn psub_04_patterns_that_overlap_bring_an_event_once() {
    let (mut a, mut b) = pair();
    for pattern in [UriPattern::exact("com.t.x"), UriPattern::prefix("com.t"), UriPattern::wildcard("com..x")]
    {
        b.change_interest(REALM, &pattern, 1, true);
    }
    exchange(&mut a, &mut b);
    assert!(publish(&mut a, 1, "com.t.x"));
    assert_eq!(events(&exchange(&mut a, &mut b).1), [1]);
}

#[test]
fn a_node_whose_wishes_are_not_known_gets_everything() {
    let (mut a, mut b) = (mesh("a", 1), mesh("b", 2));
    announce(&mut b, &mut a, Duration::ZERO);
    assert!(publish(&mut a, 1, "com.t"));
    let (_, at_b) = exchange(&mut a, &mut b);
    assert_eq!(events(&at_b), [1]);
    assert!(!publish(&mut a, 2, "com.t"), "by now it has said that it wants nothing");
}

#[test]
fn a_realm_that_is_stopped_takes_nothing_from_the_one_that_has_its_name_now() {
    let (mut a, mut b) = pair();
    let topic = UriPattern::exact("com.t");
    b.change_interest(REALM, &topic, 1, true);
    b.change_interest(REALM, &topic, 2, true);
    b.change_interest(REALM, &topic, 1, false);
    exchange(&mut a, &mut b);
    assert!(publish(&mut a, 1, "com.t"));
    b.change_interest(REALM, &topic, 2, false);
    exchange(&mut a, &mut b);
    assert!(!publish(&mut a, 2, "com.t"));
}

#[test]
fn many_events_are_one_batch() {
    let (mut a, mut b) = pair();
    want(&mut b, "com.t", true);
    exchange(&mut a, &mut b);
    (1..=1000).for_each(|number| assert!(publish(&mut a, number, "com.t")));
    let sent = flush(&mut a);
    assert_eq!(sent.len(), 1);
    assert_eq!(events(&carry(&a, &mut b, &sent)), (1..=1000).collect::<Vec<_>>());
}

#[test]
fn ord_01_a_batch_that_is_lost_loses_the_link_and_nothing_comes_out_of_order() {
    let (mut a, mut b) = pair();
    want(&mut b, "com.t", true);
    exchange(&mut a, &mut b);
    publish(&mut a, 1, "com.t");
    let first = flush(&mut a);
    publish(&mut a, 2, "com.t");
    drop(flush(&mut a));
    publish(&mut a, 3, "com.t");
    let third = flush(&mut a);
    let mut noticed = carry(&a, &mut b, &first);
    noticed.extend(carry(&a, &mut b, &third));
    assert_eq!((events(&noticed), lost(&noticed), b.counts().links_lost), (vec![1], 1, 1));
    // What b says next tells a that it has to begin anew.
    publish(&mut a, 4, "com.t");
    let (_, more) = exchange(&mut a, &mut b);
    assert_eq!(events(&more), Vec::<u64>::new(), "they are of the lost epoch");
    want(&mut b, "com.u", true);
    exchange(&mut a, &mut b);
    publish(&mut a, 5, "com.t");
    assert_eq!(events(&exchange(&mut a, &mut b).1), [5]);
    assert_eq!(b.peers().map(|(_, _, joined)| joined).collect::<Vec<_>>(), [true]);
}

#[test]
fn the_last_batch_is_missed_as_well() {
    let (mut a, mut b) = pair();
    want(&mut b, "com.t", true);
    exchange(&mut a, &mut b);
    publish(&mut a, 1, "com.t");
    drop(flush(&mut a));
    let (mut out, mut noticed) = (Vec::new(), Vec::new());
    a.tick(Duration::from_secs(1), &mut noticed, &mut out);
    assert_eq!(lost(&carry(&a, &mut b, &batches(out))), 1);
}

#[test]
fn a_batch_that_comes_twice_counts_once() {
    let (mut a, mut b) = pair();
    want(&mut b, "com.t", true);
    exchange(&mut a, &mut b);
    publish(&mut a, 1, "com.t");
    let sent = flush(&mut a);
    let mut noticed = carry(&a, &mut b, &sent);
    noticed.extend(carry(&a, &mut b, &sent));
    assert_eq!((events(&noticed), lost(&noticed), b.counts().dropped), (vec![1], 0, 1));
}

#[test]
fn what_the_sender_cannot_carry_is_a_lost_link_for_the_receiver() {
    let (mut a, mut b) = pair();
    want(&mut b, "com.t", true);
    exchange(&mut a, &mut b);
    publish(&mut a, 1, "com.t");
    drop(flush(&mut a));
    a.not_carried(b.name());
    publish(&mut a, 2, "com.t");
    let (_, at_b) = exchange(&mut a, &mut b);
    assert_eq!((events(&at_b), lost(&at_b)), (vec![2], 1));
}

#[test]
fn another_life_of_a_node_wants_nothing_of_the_former_one_and_that_one_is_over() {
    let (mut a, mut b) = pair();
    want(&mut b, "com.t", true);
    let late = flush(&mut b);
    let mut again = mesh("b", 3);
    let noticed = announce(&mut again, &mut a, Duration::ZERO);
    assert!(noticed.iter().any(|one| matches!(one, Noticed::Gone(_, gone) if *gone == life(2))));
    exchange(&mut a, &mut again);
    carry(&b, &mut a, &late);
    assert!(!publish(&mut a, 1, "com.t"), "what the former life wanted does not count");
    let lives: Vec<_> = a.peers().map(|(_, life, _)| life).collect();
    assert_eq!(lives, [life(3)]);
}

#[test]
fn a_silent_node_loses_its_link_and_then_is_gone() {
    let (mut a, mut b) = pair();
    want(&mut b, "com.t", true);
    exchange(&mut a, &mut b);
    let (mut out, mut noticed) = (Vec::new(), Vec::new());
    a.tick(Duration::from_secs(1), &mut noticed, &mut out);
    assert!(noticed.is_empty());
    a.tick(Duration::from_secs(2), &mut noticed, &mut out);
    assert_eq!(lost(&noticed), 1);
    a.tick(Duration::from_secs(6), &mut noticed, &mut out);
    assert!(matches!(noticed.last(), Some(Noticed::Gone(..))));
    assert_eq!((a.peers().count(), a.interest()), (0, 0));
}

#[test]
fn a_node_that_was_only_silent_comes_back_in_the_same_life_and_nothing_is_taken_for_old() {
    let (mut a, mut b) = pair();
    want(&mut b, "com.t", true);
    exchange(&mut a, &mut b);
    for number in 1..=10 {
        publish(&mut a, number, "com.t");
        let sent = flush(&mut a);
        carry(&a, &mut b, &sent);
    }
    // One of them alone has forgotten the other.
    let (mut out, mut noticed) = (Vec::new(), Vec::new());
    a.tick(Duration::from_secs(9), &mut noticed, &mut out);
    assert!(matches!(noticed.last(), Some(Noticed::Gone(..))));
    announce(&mut b, &mut a, Duration::from_secs(9));
    exchange(&mut a, &mut b);
    b.tick(Duration::from_secs(1), &mut noticed, &mut out);
    carry(&b, &mut a, &batches(out));
    exchange(&mut a, &mut b);
    assert!(publish(&mut a, 11, "com.t"));
    assert_eq!(events(&exchange(&mut a, &mut b).1), [11]);
}

#[test]
fn a_node_that_leaves_is_gone_at_once_and_what_it_sent_before_counts() {
    let (mut a, mut b) = pair();
    want(&mut b, "com.t", true);
    exchange(&mut a, &mut b);
    publish(&mut a, 1, "com.t");
    let mut out = Vec::new();
    a.leave(&mut out);
    let mut noticed = Vec::new();
    for one in out {
        match one {
            Outbound::Batch(_, batch) => b.receive_batch(a.name(), &batch, Duration::ZERO, &mut noticed),
            Outbound::Announcement(bytes) => {
                b.receive_announcement(a.name(), &bytes, Duration::ZERO, &mut noticed)
            }
        }
        .unwrap();
    }
    assert_eq!(events(&noticed), [1]);
    assert!(matches!(noticed.last(), Some(Noticed::Gone(..))));
}

#[test]
fn after_a_cut_all_links_begin_anew() {
    let (mut a, mut b) = pair();
    want(&mut b, "com.t", true);
    exchange(&mut a, &mut b);
    let mut noticed = Vec::new();
    b.cut_off(&mut noticed);
    assert_eq!(lost(&noticed), 1);
    exchange(&mut a, &mut b);
    let (mut out, mut noticed) = (Vec::new(), Vec::new());
    b.tick(Duration::from_secs(1), &mut noticed, &mut out);
    carry(&b, &mut a, &batches(out));
    exchange(&mut a, &mut b);
    assert!(publish(&mut a, 1, "com.t"));
    assert_eq!(events(&exchange(&mut a, &mut b).1), [1]);
    assert!(!publish(&mut a, 2, "com.u"), "what b wants is known again");
}
