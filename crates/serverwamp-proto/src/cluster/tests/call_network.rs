//! Calls between two nodes on a network that loses, repeats and delays at random, and then heals: each ends once at both ends.

use super::calls::{call, id, payload};
use super::*;
use crate::cluster::{CallItem, CrossingAnswer};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const NAMES: [&str; 2] = ["a", "b"];

#[derive(Clone, Debug)]
enum Step {
    Call(usize),
    /// The callee of the oldest call at this node answers.
    Answer(usize),
    Carry(usize, Fate),
    Tick,
    /// So much time passes that each takes the other to be gone.
    Silence,
    CutOff(usize),
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    IsLost,
    ComesTwice,
    /// The sender hears that it was not carried.
    IsRefused,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Answered,
    Canceled,
}

/// A node with what it knows of its calls, as the router does.
struct Node {
    mesh: Mesh,
    calls: u64,
    out: BTreeSet<u64>,
    ends: BTreeMap<u64, Vec<End>>,
    /// Calls of the other node that are served here, and all that ever were.
    here: VecDeque<u64>,
    served: Vec<u64>,
}

struct Network {
    nodes: Vec<Node>,
    now: Duration,
    /// What is on its way, by sender.
    under_way: Vec<VecDeque<Bytes>>,
}

impl Network {
    fn new() -> Self {
        let node = |(text, number)| Node {
            mesh: mesh(text, number),
            calls: 0,
            out: BTreeSet::new(),
            ends: BTreeMap::new(),
            here: VecDeque::new(),
            served: Vec::new(),
        };
        let nodes = NAMES.into_iter().zip(1..).map(node).collect();
        let mut network = Self { nodes, now: Duration::ZERO, under_way: vec![VecDeque::new(); 2] };
        network.heal();
        network
    }

    fn notice(&mut self, node: usize, noticed: Vec<Noticed>) {
        let node = &mut self.nodes[node];
        for one in noticed {
            match one {
                Noticed::Call(_, _, item) => match *item {
                    CallItem::Call(call) => {
                        node.here.push_back(call.id.get());
                        node.served.push(call.id.get());
                    }
                    CallItem::Answer(id, _) if node.out.remove(&id.get()) => {
                        node.ends.entry(id.get()).or_default().push(End::Answered);
                    }
                    _ => {}
                },
                Noticed::Lost(..) | Noticed::Unsent(..) | Noticed::Gone(..) => {
                    node.here.clear();
                    for call in std::mem::take(&mut node.out) {
                        node.ends.entry(call).or_default().push(End::Canceled);
                    }
                }
                Noticed::Met(..) | Noticed::Event(_) => {}
            }
        }
    }

    fn send(&mut self, from: usize, out: Vec<Outbound>) {
        for one in out {
            match one {
                Outbound::Batch(_, batch) => self.under_way[from].push_back(batch),
                Outbound::Announcement(bytes) => {
                    let (to, mut noticed) = (1 - from, Vec::new());
                    let sender = name(NAMES[from]);
                    self.nodes[to]
                        .mesh
                        .receive_announcement(&sender, &bytes, self.now, &mut noticed)
                        .unwrap();
                    self.notice(to, noticed);
                }
            }
        }
    }

    fn flush(&mut self, node: usize) {
        let (mut out, mut noticed) = (Vec::new(), Vec::new());
        self.nodes[node].mesh.flush(&mut out);
        self.nodes[node].mesh.notice_unsent(&mut noticed);
        self.send(node, out);
        self.notice(node, noticed);
    }

    fn tell(&mut self, node: usize, item: CallItem<'_>) -> bool {
        let other = 1 - node;
        self.nodes[node].mesh.send_call_item(&name(NAMES[other]), life(other as u64 + 1), item).unwrap()
    }

    fn arrive(&mut self, from: usize, batch: &Bytes) {
        let mut noticed = Vec::new();
        let sender = name(NAMES[from]);
        self.nodes[1 - from].mesh.receive_batch(&sender, batch, self.now, &mut noticed).unwrap();
        self.notice(1 - from, noticed);
    }

    fn tick(&mut self) {
        self.now += Duration::from_millis(500);
        for node in 0..NAMES.len() {
            let (mut out, mut noticed) = (Vec::new(), Vec::new());
            self.nodes[node].mesh.tick(self.now, &mut noticed, &mut out);
            self.nodes[node].mesh.notice_unsent(&mut noticed);
            self.send(node, out);
            self.notice(node, noticed);
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Call(node) => {
                self.nodes[node].calls += 1;
                let number = self.nodes[node].calls;
                if self.tell(node, CallItem::Call(Box::new(call(number, Serializer::Json)))) {
                    self.nodes[node].out.insert(number);
                }
                self.flush(node);
            }
            Step::Answer(node) => {
                let Some(number) = self.nodes[node].here.pop_front() else { return };
                let answer = CrossingAnswer::Result(payload(Serializer::Json));
                // Nobody is there to hear it where this is `false`.
                let _queued = self.tell(node, CallItem::Answer(id(number), answer));
                self.flush(node);
            }
            Step::Carry(from, fate) => {
                let Some(batch) = self.under_way[from].pop_front() else { return };
                match fate {
                    Fate::IsLost => {}
                    Fate::IsRefused => self.nodes[from].mesh.not_carried(&name(NAMES[1 - from])),
                    Fate::Arrives => self.arrive(from, &batch),
                    Fate::ComesTwice => {
                        self.arrive(from, &batch);
                        self.arrive(from, &batch);
                    }
                }
                (0..NAMES.len()).for_each(|node| self.flush(node));
            }
            Step::Tick => self.tick(),
            Step::Silence => {
                self.now += Duration::from_secs(6);
                self.tick();
            }
            Step::CutOff(node) => {
                let mut noticed = Vec::new();
                self.nodes[node].mesh.cut_off(&mut noticed);
                self.nodes[node].mesh.notice_unsent(&mut noticed);
                self.notice(node, noticed);
                self.flush(node);
            }
        }
    }

    fn carry_all(&mut self) {
        while let Some(from) = self.under_way.iter().position(|waiting| !waiting.is_empty()) {
            self.step(&Step::Carry(from, Fate::Arrives));
        }
    }

    /// Nothing is lost any more; a few seconds later all know of all, and all callees have answered.
    fn heal(&mut self) {
        for _ in 0..4 {
            self.tick();
            self.carry_all();
            for node in 0..NAMES.len() {
                while !self.nodes[node].here.is_empty() {
                    self.step(&Step::Answer(node));
                }
            }
            self.carry_all();
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let node = 0..NAMES.len();
    let fate = prop_oneof![
        12 => Just(Fate::Arrives), 1 => Just(Fate::IsLost), 1 => Just(Fate::ComesTwice), 1 => Just(Fate::IsRefused)
    ];
    let step = prop_oneof![
        6 => node.clone().prop_map(Step::Call),
        5 => node.clone().prop_map(Step::Answer),
        12 => (node.clone(), fate).prop_map(|(from, fate)| Step::Carry(from, fate)),
        2 => Just(Step::Tick),
        1 => Just(Step::Silence),
        1 => node.prop_map(Step::CutOff),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    #[test]
    fn whatever_is_lost_each_call_ends_once_and_is_served_at_most_once(steps in steps()) {
        let mut network = Network::new();
        steps.iter().for_each(|step| network.step(step));
        network.heal();
        for (node, other) in [(0, 1), (1, 0)] {
            let Node { out, ends, here, .. } = &network.nodes[node];
            prop_assert!(out.is_empty() && here.is_empty(), "{out:?} {here:?}");
            prop_assert!(ends.values().all(|ends| ends.len() == 1), "{ends:?}");
            let served = &network.nodes[other].served;
            prop_assert!(served.is_sorted_by(|a, b| a < b), "{served:?}");
            let answered = ends.iter().filter(|(_, ends)| **ends == [End::Answered]);
            prop_assert!(answered.map(|(call, _)| call).all(|call| served.contains(call)));
        }
    }

    /// Where nothing is lost every call is answered.
    #[test]
    fn a_network_without_faults_loses_no_call(steps in steps()) {
        let mut network = Network::new();
        let orderly = |step: &&Step| {
            matches!(step, Step::Call(_) | Step::Answer(_) | Step::Carry(_, Fate::Arrives | Fate::ComesTwice))
        };
        steps.iter().filter(orderly).for_each(|step| network.step(step));
        network.heal();
        for node in &network.nodes {
            prop_assert_eq!(node.ends.len() as u64, node.calls);
            prop_assert!(node.ends.values().all(|ends| *ends == [End::Answered]), "{:?}", node.ends);
        }
    }
}
