//! Claims on a store that decides by compare-and-set and ends leases, with nodes that pause.

use super::*;
use crate::cluster::{ClaimDecision, ClaimHolder, Lease, Moment, OwnershipClaim, Revision, Tokens};
use crate::message::Invoke;
use proptest::prelude::*;

const TTL: Duration = Duration::from_secs(3);
const MARGIN: Duration = Duration::from_millis(500);

fn holder(node: &str, number: u64) -> ClaimHolder {
    ClaimHolder { node: name(node), life: life(number) }
}

fn claim(invoke: Invoke, holders: &[ClaimHolder]) -> OwnershipClaim {
    OwnershipClaim { invoke, holders: holders.to_vec() }
}

fn at(millis: u64) -> Moment {
    let time = Duration::from_millis(millis);
    Moment { monotonic: time, wall: time }
}

#[test]
fn a_claim_is_read_as_it_was_written() {
    let shared = claim(Invoke::RoundRobin, &[holder("a", 1), holder("b", u64::MAX)]);
    assert_eq!(OwnershipClaim::from_bytes(&shared.to_bytes()), Ok(shared));
}

#[test]
fn an_exclusive_claim_is_taken_from_the_dead_only() {
    let (a, b) = (holder("a", 1), holder("b", 2));
    let join =
        |current, me: &ClaimHolder, dead: bool| OwnershipClaim::join(current, me, Invoke::Single, |_| dead);
    let of_a = claim(Invoke::Single, std::slice::from_ref(&a));
    assert_eq!(join(None, &a, false), ClaimDecision::Create(of_a.clone()));
    assert_eq!(join(Some((&of_a, 7)), &b, false), ClaimDecision::AlreadyExists(Invoke::Single));
    assert_eq!(join(Some((&of_a, 7)), &a, false), ClaimDecision::AlreadyExists(Invoke::Single));
    let of_b = claim(Invoke::Single, std::slice::from_ref(&b));
    assert_eq!(join(Some((&of_a, 7)), &b, true), ClaimDecision::Update(of_b, 7));
    let again = holder("a", 3);
    let of_again = claim(Invoke::Single, std::slice::from_ref(&again));
    assert_eq!(join(Some((&of_a, 7)), &again, false), ClaimDecision::Update(of_again, 7));
}

#[test]
fn shreg_03_all_who_share_a_claim_have_one_policy() {
    let (a, b) = (holder("a", 1), holder("b", 2));
    let of_a = claim(Invoke::First, std::slice::from_ref(&a));
    let join = |invoke| OwnershipClaim::join(Some((&of_a, 7)), &b, invoke, |_| false);
    assert_eq!(join(Invoke::Last), ClaimDecision::AlreadyExists(Invoke::First));
    assert_eq!(join(Invoke::Single), ClaimDecision::AlreadyExists(Invoke::First));
    let both = claim(Invoke::First, &[a.clone(), b.clone()]);
    assert_eq!(join(Invoke::First), ClaimDecision::Update(both.clone(), 7));
    let of_b = claim(Invoke::First, std::slice::from_ref(&b));
    assert_eq!(OwnershipClaim::leave(Some((&both, 8)), &a), ClaimDecision::Update(of_b.clone(), 8));
    assert_eq!(OwnershipClaim::leave(Some((&of_b, 9)), &b), ClaimDecision::Remove(9));
    assert_eq!(OwnershipClaim::leave(Some((&of_b, 9)), &a), ClaimDecision::Nothing(9));
}

#[test]
fn a_lease_ends_before_the_store_ends_it_and_a_sleeping_machine_does_not_prolong_it() {
    let mut lease = Lease::new(TTL, MARGIN);
    assert!(!lease.holds(at(0)));
    lease.granted(at(1000));
    assert!(lease.holds(at(3499)) && !lease.holds(at(3500)));
    let asleep = Moment { monotonic: Duration::from_millis(1001), wall: Duration::from_secs(60) };
    assert!(!lease.holds(asleep));
    let set_back = Moment { monotonic: Duration::from_millis(1500), wall: Duration::ZERO };
    assert!(lease.holds(set_back));
    lease.end();
    assert!(!lease.holds(at(1001)));
}

#[test]
fn no_answer_counts_under_an_older_revision() {
    let mut tokens = Tokens::new();
    assert!(tokens.see("com.p", 5) && tokens.see("com.p", 5) && tokens.see("com.p", 8));
    assert!(!tokens.see("com.p", 5) && tokens.see("com.q", 1));
    tokens.forget(&"com.p");
    assert!(tokens.see("com.p", 1));
}

/// The store: one claim, and the ends of leases by its own clock.
#[derive(Default)]
struct Store {
    claim: Option<(OwnershipClaim, Revision)>,
    revision: Revision,
    leases: Vec<(ClaimHolder, Duration)>,
}

impl Store {
    fn renew(&mut self, of: &ClaimHolder, now: Duration) -> bool {
        match self.leases.iter_mut().find(|(holder, _)| holder == of) {
            Some((_, ends)) if *ends > now => *ends = now + TTL,
            // It has ended, and somebody may have seen that.
            Some(_) => return false,
            None => self.leases.push((of.clone(), now + TTL)),
        }
        true
    }

    fn is_dead(&self, of: &ClaimHolder, now: Duration) -> bool {
        self.leases.iter().any(|(holder, ends)| holder == of && *ends <= now)
    }

    fn decide(&mut self, decision: ClaimDecision) -> Option<Revision> {
        let current = self.claim.as_ref().map(|(_, revision)| *revision);
        match decision {
            ClaimDecision::Create(claim) if current.is_none() => self.write(claim),
            ClaimDecision::Update(claim, revision) if current == Some(revision) => self.write(claim),
            _ => None,
        }
    }

    fn write(&mut self, claim: OwnershipClaim) -> Option<Revision> {
        self.revision += 1;
        self.claim = Some((claim, self.revision));
        Some(self.revision)
    }
}

/// A node that wants to own the claim.
struct Owner {
    me: ClaimHolder,
    lease: Lease,
    token: Option<Revision>,
    /// Until when it does nothing.
    paused: Duration,
    /// The claim as it read it, which may be old by now.
    read: Option<(OwnershipClaim, Revision)>,
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Renew(usize),
    Read(usize),
    Join(usize),
    Pause(usize, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let node = 0..3_usize;
    let step = prop_oneof![
        4 => (1..1500_u64).prop_map(Step::Wait),
        4 => node.clone().prop_map(Step::Renew),
        4 => node.clone().prop_map(Step::Read),
        4 => node.clone().prop_map(Step::Join),
        1 => (node, 1000..8000_u64).prop_map(|(node, time)| Step::Pause(node, time)),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    /// Whatever is paused, and however old what was read is: at no moment two nodes would answer, and the token only rises.
    #[test]
    fn two_owners_never_answer(steps in steps()) {
        let mut store = Store::default();
        let owner = |(number, node): (u64, &str)| Owner {
            me: holder(node, number),
            lease: Lease::new(TTL, MARGIN),
            token: None,
            paused: Duration::ZERO,
            read: None,
        };
        let mut owners: Vec<Owner> = (1..).zip(["a", "b", "c"]).map(owner).collect();
        let (mut now, mut highest, mut lives) = (Duration::ZERO, 0, 3);
        for step in steps {
            let moment = Moment { monotonic: now, wall: now };
            match step {
                Step::Wait(millis) => now += Duration::from_millis(millis),
                Step::Pause(node, millis) => owners[node].paused = now + Duration::from_millis(millis),
                Step::Renew(node) if owners[node].paused <= now => {
                    let owner = &mut owners[node];
                    if store.renew(&owner.me, now) {
                        owner.lease.granted(moment);
                    } else {
                        // Another life, which owns nothing.
                        lives += 1;
                        let me = ClaimHolder { life: life(lives), ..owner.me.clone() };
                        *owner = Owner { me, lease: Lease::new(TTL, MARGIN), token: None, read: None, ..*owner };
                    }
                }
                Step::Read(node) if owners[node].paused <= now => owners[node].read = store.claim.clone(),
                Step::Join(node) if owners[node].paused <= now && owners[node].lease.holds(moment) => {
                    let read = owners[node].read.clone();
                    let current = read.as_ref().map(|(claim, revision)| (claim, *revision));
                    let is_dead = |other: &ClaimHolder| store.is_dead(other, now);
                    let decision = OwnershipClaim::join(current, &owners[node].me, Invoke::Single, is_dead);
                    if let Some(revision) = store.decide(decision) {
                        prop_assert!(revision > highest);
                        highest = revision;
                        owners[node].token = Some(revision);
                    }
                }
                Step::Renew(_) | Step::Read(_) | Step::Join(_) => {}
            }
            let moment = Moment { monotonic: now, wall: now };
            let answers = owners.iter().filter(|one| one.token.is_some() && one.lease.holds(moment)).count();
            prop_assert!(answers <= 1, "{answers} owners answer");
        }
    }
}
