//! The part of a node's view that is about calls: what others offer, and what is said about calls.

use super::batch::{ItemKind, MalformedBatch};
use super::call::CallItem;
use super::interest::NodeIndex;
use super::mesh::Mesh;
use super::node::{Life, NodeName};
use super::notices::Noticed;
use super::offers::{RegistrationOffer, put_offer};
use crate::codec::EncodeError;
use crate::message::Invoke;
use crate::pattern::UriPattern;
use bytes::Bytes;

/// A registration of other nodes.
#[derive(Clone, Debug)]
pub struct OfferedElsewhere {
    /// Its pattern.
    pub pattern: UriPattern,
    /// Its policy.
    pub invoke: Invoke,
    /// The lives that have callees for it, those first that a call goes to first.
    pub nodes: Vec<(NodeName, Life)>,
}

impl Mesh {
    /// The number of registrations that other nodes have callees for, counted once for each node.
    pub fn offers(&self) -> usize {
        self.offers.len()
    }

    /// A registration of clients of this node has come into being, or is gone. Returns whether anything waits to be sent.
    pub fn change_offer(
        &mut self,
        realm: &str,
        pattern: &UriPattern,
        offer: Option<RegistrationOffer>,
    ) -> bool {
        if !self.own_offers.change(realm, pattern, offer) {
            return false;
        }
        let mut item = Vec::new();
        put_offer(&mut item, realm, pattern, offer);
        let mut waits = false;
        for peer in self.peers.iter_mut().flatten() {
            // A snapshot that has yet to be made has it.
            if !peer.sending.needs_snapshot {
                waits |= peer.push(&item, &mut self.counts);
            }
        }
        waits
    }

    /// The pattern of the registration of other nodes that a call of this procedure matches best.
    pub fn offered(&self, realm: &str, procedure: &str) -> Option<&UriPattern> {
        Some(&self.offers.best(realm, procedure)?.pattern)
    }

    /// The registration of other nodes that a call of this procedure matches best, with the order in which they are to be asked.
    ///
    /// `turn` is another number for each call, or a random one where the policy is `random`.
    pub fn callees(
        &self,
        realm: &str,
        procedure: &str,
        turn: impl FnOnce(Invoke) -> u64,
    ) -> Option<OfferedElsewhere> {
        let offered = self.offers.best(realm, procedure)?;
        let mut nodes = offered.nodes.clone();
        // Those that came first stand first, as the store has it.
        nodes.sort_by_key(|(_, offer)| offer.token);
        let invoke = match nodes.first()? {
            // Where two say that they serve it alone, the later token is right.
            (_, RegistrationOffer { invoke: Invoke::Single, .. }) => nodes.last()?.1.invoke,
            (_, first) => first.invoke,
        };
        match invoke {
            Invoke::First => {}
            Invoke::Last => nodes.reverse(),
            Invoke::Single => nodes = vec![*nodes.last()?],
            Invoke::RoundRobin | Invoke::Random => {
                let first = turn(invoke) % nodes.len() as u64;
                nodes.rotate_left(first as usize);
            }
        }
        let named = |(place, _): (NodeIndex, RegistrationOffer)| {
            let peer = self.peers.get(usize::from(place))?.as_ref()?;
            Some((peer.name.clone(), peer.life))
        };
        let nodes = nodes.into_iter().filter_map(named).collect();
        Some(OfferedElsewhere { pattern: offered.pattern.clone(), invoke, nodes })
    }

    /// Queues something about a call for a node in this life. Returns whether it is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn send_call_item(
        &mut self,
        node: &NodeName,
        life: Life,
        item: CallItem<'_>,
    ) -> Result<bool, EncodeError> {
        let place = self.place_of(node, life);
        let Some(Some(peer)) = place.and_then(|place| self.peers.get_mut(usize::from(place))) else {
            return Ok(false);
        };
        self.counts.calls_sent += u64::from(matches!(item, CallItem::Call(_)));
        let mut bytes = Vec::new();
        item.write(&mut bytes)?;
        Ok(peer.push(&bytes, &mut self.counts))
    }

    /// Says of each node for which something was given up that this is so.
    pub fn notice_unsent(&mut self, noticed: &mut Vec<Noticed>) {
        self.peers.iter_mut().flatten().for_each(|peer| peer.notice_begun_anew(noticed));
    }

    pub(super) fn take_call_item(
        &mut self,
        place: NodeIndex,
        kind: ItemKind,
        fields: &[u8],
        batch: &Bytes,
        noticed: &mut Vec<Noticed>,
    ) -> Result<(), MalformedBatch> {
        let Some(item) = CallItem::read(kind, fields, batch)? else { return Ok(()) };
        let Some(Some(peer)) = self.peers.get(usize::from(place)) else { return Ok(()) };
        self.counts.calls_received += u64::from(matches!(item, CallItem::Call(_)));
        noticed.push(Noticed::Call(peer.name.clone(), peer.life, Box::new(item)));
        Ok(())
    }
}
