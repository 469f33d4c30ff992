//! One node's view of its cluster: the other nodes, the links to and from them, what they want.

use super::announcement::{announcement, read_announcement};
use super::batch::{BatchHead, ItemKind, MalformedBatch, next_item};
use super::event::RoutedEvent;
use super::interest::{InterestTables, NodeIndex, OwnInterest};
use super::interest_item::{put_interest, read_interest, snapshot};
use super::link::BatchArrival;
use super::node::{Life, NodeName};
use super::notices::{MeshCounts, Noticed, Outbound};
use super::offers::{OfferTables, OwnOffers, read_offers};
use super::peer::PeerNode;
use crate::codec::EncodeError;
use crate::pattern::UriPattern;
use bytes::Bytes;
use hashbrown::HashMap;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// A link on which nothing comes for so long is lost: a node says something every half second, and calls to a node that was killed
/// have to end within 2 s.
const SILENT: Duration = Duration::from_millis(1900);

/// And a node of which nothing is heard for so long is gone.
const GONE: Duration = Duration::from_secs(5);

/// The state of one node among its peers.
#[derive(Debug)]
pub struct Mesh {
    name: NodeName,
    life: Life,
    own: OwnInterest,
    pub(super) others: InterestTables,
    pub(super) own_offers: OwnOffers,
    pub(super) offers: OfferTables,
    /// By their places; a place is free once its node is gone.
    pub(super) peers: Vec<Option<PeerNode>>,
    pub(super) places: BTreeMap<NodeName, NodeIndex>,
    /// Nodes that have left, with lives that are over.
    pub(super) former: HashMap<NodeName, VecDeque<Life>>,
    /// Nodes that are forgotten because nothing was heard of them; when they come back, something may be missing.
    pub(super) silent: HashMap<NodeName, Life>,
    /// The highest epoch of a link to a node that is forgotten.
    pub(super) last_epoch: u32,
    pub(super) counts: MeshCounts,
}

impl Mesh {
    /// A node that knows of nobody.
    pub fn new(name: NodeName, life: Life) -> Self {
        Self {
            name,
            life,
            own: OwnInterest::default(),
            others: InterestTables::default(),
            own_offers: OwnOffers::default(),
            offers: OfferTables::default(),
            peers: Vec::new(),
            places: BTreeMap::new(),
            former: HashMap::new(),
            silent: HashMap::new(),
            last_epoch: 0,
            counts: MeshCounts::default(),
        }
    }

    /// The node's own name.
    pub fn name(&self) -> &NodeName {
        &self.name
    }

    /// What has been counted.
    pub fn counts(&self) -> MeshCounts {
        self.counts
    }

    /// The nodes that it knows of, in the order of their names, with their lives, and whether both know what the other wants.
    pub fn peers(&self) -> impl Iterator<Item = (&NodeName, Life, bool)> {
        self.places
            .values()
            .filter_map(|place| self.peers.get(usize::from(*place))?.as_ref())
            .map(|peer| (&peer.name, peer.life, !peer.wants_all && !peer.sending.needs_snapshot))
    }

    /// The number of patterns that other nodes want, counted once for each node.
    pub fn interest(&self) -> usize {
        self.others.len()
    }

    /// A subscription of this node has come into being, or is gone. `holder` tells the realms apart that have the same name one after
    /// the other. Returns whether anything waits to be sent.
    pub fn change_interest(&mut self, realm: &str, pattern: &UriPattern, holder: u64, wanted: bool) -> bool {
        if !self.own.change(realm, pattern, holder, wanted) {
            return false;
        }
        let mut item = Vec::new();
        put_interest(&mut item, realm, pattern, wanted);
        let mut waits = false;
        for peer in self.peers.iter_mut().flatten() {
            // A snapshot that has yet to be made has it.
            if !peer.sending.needs_snapshot {
                waits |= peer.push(&item, &mut self.counts);
            }
        }
        waits
    }

    /// Returns whether another node wants events of this topic, or may want them.
    pub fn is_wanted(&self, realm: &str, topic: &str) -> bool {
        let mut nodes = Vec::new();
        self.others.interested(realm, topic, &mut nodes);
        !nodes.is_empty() || self.peers.iter().flatten().any(|peer| peer.wants_all)
    }

    /// Queues a publication of this node for all that want it. Returns whether there are any.
    ///
    /// # Errors
    /// When it cannot be written; nobody gets it then.
    pub fn publish<'e>(
        &mut self,
        realm: &str,
        topic: &str,
        event: impl FnOnce() -> RoutedEvent<'e>,
    ) -> Result<bool, EncodeError> {
        let mut nodes = Vec::new();
        self.others.interested(realm, topic, &mut nodes);
        let wanting_all = self.peers.iter().flatten().filter(|peer| peer.wants_all);
        nodes.extend(wanting_all.filter_map(|peer| self.places.get(&peer.name)));
        if nodes.is_empty() {
            return Ok(false);
        }
        let mut item = Vec::new();
        event().write(&mut item)?;
        for node in nodes {
            if let Some(Some(peer)) = self.peers.get_mut(usize::from(node)) {
                peer.push(&item, &mut self.counts);
                self.counts.events_sent += 1;
            }
        }
        Ok(true)
    }

    /// An announcement has come from a node, which the subject names.
    ///
    /// # Errors
    /// When it is none; it is counted.
    pub fn receive_announcement(
        &mut self,
        sender: &NodeName,
        bytes: &[u8],
        now: Duration,
        noticed: &mut Vec<Noticed>,
    ) -> Result<(), MalformedBatch> {
        if *sender == self.name {
            return Ok(());
        }
        match read_announcement(bytes) {
            Ok((life, true)) => {
                if let Some(place) = self.place_of(sender, life) {
                    self.forget(place, noticed);
                }
                self.note_former(sender, life);
                Ok(())
            }
            Ok((life, false)) => {
                let place = self.meet(sender, life, now, noticed);
                if let Some(Some(peer)) = place.and_then(|place| self.peers.get_mut(usize::from(place))) {
                    peer.heard = now;
                }
                Ok(())
            }
            Err(error) => {
                self.counts.refused += 1;
                Err(error)
            }
        }
    }

    /// A batch has come from a node, which the subject names. What it brings is put behind `noticed`, in its order.
    ///
    /// # Errors
    /// When it is none for this node; it is counted. Everything before the fault counts.
    pub fn receive_batch(
        &mut self,
        sender: &NodeName,
        batch: &Bytes,
        now: Duration,
        noticed: &mut Vec<Noticed>,
    ) -> Result<(), MalformedBatch> {
        let read = self.take_batch(sender, batch, now, noticed);
        if read.is_err() {
            self.counts.refused += 1;
        }
        read
    }

    fn take_batch(
        &mut self,
        sender: &NodeName,
        batch: &Bytes,
        now: Duration,
        noticed: &mut Vec<Noticed>,
    ) -> Result<(), MalformedBatch> {
        let (head, items) = BatchHead::read(batch)?;
        if head.receiver != self.life {
            return Err(MalformedBatch::Misdirected);
        }
        if *sender == self.name {
            return Err(MalformedBatch::Forged);
        }
        let Some(place) = self.meet(sender, head.sender, now, noticed) else {
            self.counts.dropped += 1;
            return Ok(());
        };
        let Some(Some(peer)) = self.peers.get_mut(usize::from(place)) else { return Ok(()) };
        peer.heard = now;
        if head.wanted > peer.sending.epoch() {
            peer.sending.begin_anew();
        }
        // Before what has come, of which nothing ends.
        peer.notice_begun_anew(noticed);
        match peer.receiving.arrive(head.epoch, head.number) {
            BatchArrival::Old | BatchArrival::Lost => {
                self.counts.dropped += 1;
                return Ok(());
            }
            BatchArrival::Gap => {
                self.counts.dropped += 1;
                self.lose(place, noticed);
                return Ok(());
            }
            BatchArrival::Anew => self.lose_what_was_before(place, noticed),
            BatchArrival::First | BatchArrival::Next => {}
        }
        let read = self.take_items(place, items, batch, noticed);
        if read.is_err() {
            if let Some(Some(peer)) = self.peers.get_mut(usize::from(place)) {
                peer.receiving.lose();
            }
            self.lose(place, noticed);
        }
        read
    }

    fn take_items(
        &mut self,
        place: NodeIndex,
        mut items: &[u8],
        batch: &Bytes,
        noticed: &mut Vec<Noticed>,
    ) -> Result<(), MalformedBatch> {
        loop {
            let (item, passed_over) = next_item(&mut items)?;
            self.counts.passed_over += passed_over;
            let Some(item) = item else { return Ok(()) };
            match item.kind {
                ItemKind::Interest => read_interest(item.fields, |realm, pattern, wanted| {
                    self.others.change(place, realm, pattern, wanted);
                })?,
                ItemKind::SnapshotEnd => {
                    if let Some(Some(peer)) = self.peers.get_mut(usize::from(place)) {
                        peer.wants_all = false;
                    }
                }
                ItemKind::Offer => read_offers(item.fields, |realm, pattern, offer| {
                    self.offers.change(place, realm, pattern, offer);
                })?,
                ItemKind::Call | ItemKind::CallInput | ItemKind::CallCancel | ItemKind::CallAnswer => {
                    self.take_call_item(place, item.kind, item.fields, batch, noticed)?;
                }
                ItemKind::Event => {
                    let event = RoutedEvent::read(item.fields, batch)?;
                    self.counts.events_received += 1;
                    noticed.push(Noticed::Event(Box::new(event)));
                }
            }
        }
    }

    /// A batch for this node could not be carried away: it is as if it had been lost on its way.
    pub fn not_carried(&mut self, receiver: &NodeName) {
        let place = self.places.get(receiver).copied();
        if let Some(Some(peer)) = place.and_then(|place| self.peers.get_mut(usize::from(place))) {
            self.counts.links_lost += 1;
            peer.sending.begin_anew();
        }
    }

    /// Nothing can be carried to anybody, or something for this node has been dropped and nobody knows what: all links end.
    pub fn cut_off(&mut self, noticed: &mut Vec<Noticed>) {
        for place in 0..self.peers.len() {
            let place = place as NodeIndex;
            let Some(Some(peer)) = self.peers.get_mut(usize::from(place)) else { continue };
            peer.sending.begin_anew();
            if !peer.receiving.is_lost() {
                peer.receiving.lose();
                self.lose(place, noticed);
            }
        }
    }

    /// Half a second has passed: links that are silent are lost, nodes that are silent for long are gone, and this node shows that it is there.
    pub fn tick(&mut self, now: Duration, noticed: &mut Vec<Noticed>, out: &mut Vec<Outbound>) {
        for place in 0..self.peers.len() {
            let place = place as NodeIndex;
            let Some(Some(peer)) = self.peers.get_mut(usize::from(place)) else { continue };
            let silent = now.saturating_sub(peer.heard);
            if silent >= SILENT && !peer.receiving.is_lost() {
                peer.receiving.lose();
                self.lose(place, noticed);
            }
            if silent >= GONE {
                self.forget_silent(place, noticed);
            }
        }
        out.push(Outbound::Announcement(announcement(self.life, false)));
        self.flush(out);
        for peer in self.peers.iter_mut().flatten() {
            let wanted = peer.receiving.wanted();
            let sign = peer.sending.sign_of_life(self.life, peer.life, wanted);
            out.push(Outbound::Batch(peer.name.clone(), sign));
        }
    }

    /// The node leaves as planned: it says so, behind everything that it has queued.
    pub fn leave(&mut self, out: &mut Vec<Outbound>) {
        self.flush(out);
        out.push(Outbound::Announcement(announcement(self.life, true)));
    }

    /// Everything that waits to be carried away.
    pub fn flush(&mut self, out: &mut Vec<Outbound>) {
        for peer in self.peers.iter_mut().flatten() {
            if peer.sending.needs_snapshot {
                peer.sending.put_ahead(snapshot(&self.own, &self.own_offers));
            }
            let wanted = peer.receiving.wanted();
            while let Some(batch) = peer.sending.take(self.life, peer.life, wanted) {
                out.push(Outbound::Batch(peer.name.clone(), batch));
            }
        }
    }

    /// Returns whether [`flush`](Self::flush) has anything to carry.
    pub fn has_waiting(&self) -> bool {
        self.peers.iter().flatten().any(|peer| peer.sending.needs_snapshot || !peer.sending.is_empty())
    }

    /// Something from this node is missing, which was not known so far.
    fn lose(&mut self, place: NodeIndex, noticed: &mut Vec<Noticed>) {
        self.lose_what_was_before(place, noticed);
        self.counts.links_lost += 1;
    }

    fn lose_what_was_before(&mut self, place: NodeIndex, noticed: &mut Vec<Noticed>) {
        self.others.forget(place);
        self.offers.forget(place);
        let Some(Some(peer)) = self.peers.get_mut(usize::from(place)) else { return };
        peer.wants_all = true;
        noticed.push(Noticed::Lost(peer.name.clone(), peer.life));
    }
}
