//! Who is among the peers: nodes that are met, in which life, and that are forgotten.

use super::interest::NodeIndex;
use super::link::{ReceivingEnd, Sending};
use super::mesh::Mesh;
use super::node::{Life, NodeName};
use super::notices::Noticed;
use super::peer::PeerNode;
use std::time::Duration;

/// So many lives of a node are remembered, so that nothing of them counts that comes late.
const FORMER_LIVES: usize = 4;

impl Mesh {
    /// The place of a node in this life, which it gets if it is new; `None` for a life that is over.
    pub(super) fn meet(
        &mut self,
        name: &NodeName,
        life: Life,
        now: Duration,
        noticed: &mut Vec<Noticed>,
    ) -> Option<NodeIndex> {
        if let Some(place) = self.place_of(name, life) {
            return Some(place);
        }
        if self.former.get(name).is_some_and(|lives| lives.contains(&life)) {
            return None;
        }
        let former = self.places.get(name).copied().and_then(|place| self.forget(place, noticed));
        if let Some(former) = former {
            self.note_former(name, former);
        }
        let peer = PeerNode {
            name: name.clone(),
            life,
            sending: Sending::new(self.last_epoch.saturating_add(1)),
            receiving: ReceivingEnd::default(),
            heard: now,
            wants_all: true,
        };
        let free = self.peers.iter().position(Option::is_none);
        let place = free.unwrap_or(self.peers.len());
        let index = NodeIndex::try_from(place).ok()?;
        match self.peers.get_mut(place) {
            Some(free) => *free = Some(peer),
            None => self.peers.push(Some(peer)),
        }
        self.places.insert(name.clone(), index);
        noticed.push(Noticed::Met(name.clone(), life));
        if self.silent.remove(name) == Some(life) {
            noticed.push(Noticed::Lost(name.clone(), life));
        }
        Some(index)
    }

    pub(super) fn place_of(&self, name: &NodeName, life: Life) -> Option<NodeIndex> {
        let place = *self.places.get(name)?;
        let peer = self.peers.get(usize::from(place))?.as_ref()?;
        (peer.life == life).then_some(place)
    }

    /// The node is not there any more; it may come back in the same life, if it was only silent.
    pub(super) fn forget(&mut self, place: NodeIndex, noticed: &mut Vec<Noticed>) -> Option<Life> {
        let peer = self.peers.get_mut(usize::from(place)).and_then(Option::take)?;
        self.others.forget(place);
        self.offers.forget(place);
        self.places.remove(&peer.name);
        self.last_epoch = self.last_epoch.max(peer.sending.epoch());
        noticed.push(Noticed::Gone(peer.name, peer.life));
        Some(peer.life)
    }

    pub(super) fn forget_silent(&mut self, place: NodeIndex, noticed: &mut Vec<Noticed>) {
        let name = self.peers.get(usize::from(place)).and_then(Option::as_ref).map(|peer| peer.name.clone());
        if let (Some(name), Some(life)) = (name, self.forget(place, noticed)) {
            self.silent.insert(name, life);
        }
    }

    pub(super) fn note_former(&mut self, name: &NodeName, life: Life) {
        let lives = self.former.entry(name.clone()).or_default();
        if !lives.contains(&life) {
            lives.push_front(life);
            lives.truncate(FORMER_LIVES);
        }
    }
}
