//! Three nodes on a network that loses, repeats and delays at random, and then heals.

use super::*;
use crate::pattern::Match;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const NAMES: [&str; 3] = ["a", "b", "c"];
const TOPICS: [&str; 4] = ["com.t", "com.t.x", "com.u", "org.v"];

#[derive(Clone, Debug)]
enum Step {
    Publish(usize, usize),
    Change(usize, usize, Match, bool),
    /// Carries the next batch from one to another, if there is one; `Fate` says how.
    Carry(usize, usize, Fate),
    Tick,
    /// Nobody says anything for so long that all forget all.
    Silence,
    CutOff(usize),
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    IsLost,
    ComesTwice,
}

struct Network {
    nodes: Vec<Mesh>,
    now: Duration,
    next: u64,
    /// What is on its way, by sender and receiver.
    under_way: BTreeMap<(usize, usize), VecDeque<Bytes>>,
    /// The subscriptions of each node.
    wanted: Vec<BTreeSet<UriPattern>>,
    /// What came in at each node from each: publications, and 0 for a gap that was noticed.
    seen: BTreeMap<(usize, usize), Vec<u64>>,
    /// What each node published, with its topic.
    published: BTreeMap<usize, Vec<(u64, usize)>>,
}

impl Network {
    fn new() -> Self {
        let nodes = NAMES.iter().zip(1..).map(|(name, number)| mesh(name, number)).collect();
        Self {
            nodes,
            now: Duration::ZERO,
            next: 1,
            under_way: BTreeMap::new(),
            wanted: vec![BTreeSet::new(); NAMES.len()],
            seen: BTreeMap::new(),
            published: BTreeMap::new(),
        }
    }

    fn place(name: &NodeName) -> usize {
        NAMES.iter().position(|other| *other == name.as_str()).unwrap()
    }

    fn notice(&mut self, node: usize, sender: usize, noticed: Vec<Noticed>) {
        for one in noticed {
            match one {
                Noticed::Event(event) => {
                    self.seen.entry((node, sender)).or_default().push(event.publication.get());
                }
                Noticed::Lost(name, _) | Noticed::Gone(name, _) => {
                    self.seen.entry((node, Self::place(&name))).or_default().push(0);
                }
                Noticed::Met(..) | Noticed::Call(..) | Noticed::Unsent(..) => {}
            }
        }
    }

    fn send(&mut self, from: usize, out: Vec<Outbound>) {
        for one in out {
            match one {
                Outbound::Batch(name, batch) => {
                    self.under_way.entry((from, Self::place(&name))).or_default().push_back(batch);
                }
                // Announcements arrive or do not; a later one does.
                Outbound::Announcement(bytes) => {
                    for to in (0..NAMES.len()).filter(|to| *to != from) {
                        let mut noticed = Vec::new();
                        let sender = name(NAMES[from]);
                        self.nodes[to].receive_announcement(&sender, &bytes, self.now, &mut noticed).unwrap();
                        self.notice(to, from, noticed);
                    }
                }
            }
        }
    }

    fn flush(&mut self, node: usize) {
        let mut out = Vec::new();
        self.nodes[node].flush(&mut out);
        self.send(node, out);
    }

    fn arrive(&mut self, from: usize, to: usize, batch: &Bytes) {
        let mut noticed = Vec::new();
        self.nodes[to].receive_batch(&name(NAMES[from]), batch, self.now, &mut noticed).unwrap();
        self.notice(to, from, noticed);
    }

    fn tick(&mut self) {
        self.now += Duration::from_millis(500);
        for node in 0..NAMES.len() {
            let (mut out, mut noticed) = (Vec::new(), Vec::new());
            self.nodes[node].tick(self.now, &mut noticed, &mut out);
            self.notice(node, node, noticed);
            self.send(node, out);
        }
    }

    fn publish(&mut self, node: usize, topic: usize) {
        let number = self.next;
        self.next += 1;
        publish(&mut self.nodes[node], number, TOPICS[topic]);
        self.published.entry(node).or_default().push((number, topic));
        self.flush(node);
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Publish(node, topic) => self.publish(node, topic),
            Step::Change(node, topic, kind, wanted) => {
                let pattern = UriPattern::new(kind, TOPICS[topic]);
                self.nodes[node].change_interest(REALM, &pattern, 1, wanted);
                if wanted {
                    self.wanted[node].insert(pattern);
                } else {
                    self.wanted[node].remove(&pattern);
                }
                self.flush(node);
            }
            Step::Carry(from, to, fate) => {
                let next = self.under_way.get_mut(&(from, to)).and_then(VecDeque::pop_front);
                let Some(batch) = next else { return };
                match fate {
                    Fate::IsLost => {}
                    Fate::Arrives => self.arrive(from, to, &batch),
                    Fate::ComesTwice => {
                        self.arrive(from, to, &batch);
                        self.arrive(from, to, &batch);
                    }
                }
                self.flush(to);
            }
            Step::Tick => self.tick(),
            Step::Silence => {
                self.now += Duration::from_secs(6);
                self.tick();
            }
            Step::CutOff(node) => {
                let mut noticed = Vec::new();
                self.nodes[node].cut_off(&mut noticed);
                self.notice(node, node, noticed);
                self.flush(node);
            }
        }
    }

    fn carry_all(&mut self) {
        while let Some((&(from, to), _)) = self.under_way.iter().find(|(_, waiting)| !waiting.is_empty()) {
            self.step(&Step::Carry(from, to, Fate::Arrives));
        }
    }

    /// Nothing is lost any more; a few seconds later all know of all.
    fn heal(&mut self) {
        for _ in 0..4 {
            self.tick();
            self.carry_all();
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let node = 0..NAMES.len();
    let topic = 0..TOPICS.len();
    let kind = prop_oneof![Just(Match::Exact), Just(Match::Prefix)];
    let fate = prop_oneof![8 => Just(Fate::Arrives), 1 => Just(Fate::IsLost), 1 => Just(Fate::ComesTwice)];
    let step = prop_oneof![
        6 => (node.clone(), topic.clone()).prop_map(|(node, topic)| Step::Publish(node, topic)),
        3 => (node.clone(), topic, kind, any::<bool>())
            .prop_map(|(node, topic, kind, wanted)| Step::Change(node, topic, kind, wanted)),
        12 => (node.clone(), node.clone(), fate).prop_map(|(from, to, fate)| Step::Carry(from, to, fate)),
        2 => Just(Step::Tick),
        1 => Just(Step::Silence),
        1 => node.prop_map(Step::CutOff),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    /// ORD-01: whatever the network does, each node sees the events of each other one in their order, each once.
    #[test]
    fn ord_01_whatever_is_lost_what_comes_is_in_order_and_comes_once(steps in steps()) {
        let mut network = Network::new();
        steps.iter().for_each(|step| network.step(step));
        network.heal();
        for ((node, sender), seen) in &network.seen {
            let events: Vec<u64> = seen.iter().copied().filter(|number| *number > 0).collect();
            prop_assert!(events.is_sorted_by(|a, b| a < b), "{node} saw {seen:?} of {sender}");
        }
    }

    /// Once nothing is lost any more, every node gets exactly what it wants.
    #[test]
    fn once_the_network_heals_all_know_what_all_want(steps in steps()) {
        let mut network = Network::new();
        steps.iter().for_each(|step| network.step(step));
        network.heal();
        network.seen.clear();
        network.published.clear();
        for node in 0..NAMES.len() {
            (0..TOPICS.len()).for_each(|topic| network.publish(node, topic));
        }
        network.carry_all();
        for sender in 0..NAMES.len() {
            for node in (0..NAMES.len()).filter(|node| *node != sender) {
                let wanted = |topic: usize| network.wanted[node].iter().any(|one| one.matches(TOPICS[topic]));
                let published = network.published.get(&sender).into_iter().flatten();
                let due: Vec<u64> =
                    published.filter(|(_, topic)| wanted(*topic)).map(|(number, _)| *number).collect();
                let seen = network.seen.get(&(node, sender)).cloned().unwrap_or_default();
                prop_assert_eq!(seen, due, "at {} of {}", node, sender);
            }
        }
    }

    /// No gap is silent: whoever wanted a topic all the time misses an event of it only where a gap was noticed.
    #[test]
    fn what_is_missing_was_noticed(steps in steps()) {
        let mut network = Network::new();
        for node in 0..NAMES.len() {
            network.step(&Step::Change(node, 0, Match::Exact, true));
        }
        network.heal();
        network.seen.clear();
        let others = steps.iter().filter(|step| !matches!(step, Step::Change(..)));
        others.for_each(|step| network.step(step));
        network.heal();
        for sender in 0..NAMES.len() {
            network.publish(sender, 0);
        }
        network.carry_all();
        for ((node, sender), seen) in network.seen.iter().filter(|((node, sender), _)| node != sender) {
            let published = network.published.get(sender).into_iter().flatten();
            let due: Vec<u64> = published.filter(|(_, topic)| *topic == 0).map(|(number, _)| *number).collect();
            // A node whose wishes are not known gets more than it wants.
            let is_due = |number: &&u64| **number == 0 || due.contains(*number);
            let seen: Vec<u64> = seen.iter().filter(is_due).copied().collect();
            let mut missing_since_gap = true;
            let mut left = due.iter().copied().peekable();
            for number in &seen {
                if *number == 0 {
                    missing_since_gap = true;
                    continue;
                }
                let mut missed = 0;
                while left.next_if(|due| due < number).is_some() {
                    missed += 1;
                }
                prop_assert_eq!(left.next(), Some(*number));
                let was_noticed = missing_since_gap && seen.contains(&0);
                prop_assert!(missed == 0 || was_noticed, "{} saw {:?} of {}: {:?}", node, seen, sender, due);
                missing_since_gap = false;
            }
            prop_assert_eq!(left.next(), None, "{} saw {:?} of {}: {:?}", node, seen, sender, due);
        }
    }
}
