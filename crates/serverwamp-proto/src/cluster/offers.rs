//! Which node has callees for which registrations: those of this node, and those of the others.

use super::batch::{ItemKind, MalformedBatch, put_item};
use super::claim::Revision;
use super::fields::{FieldReader, FieldWriter, read_varint, take, varint};
use super::interest::NodeIndex;
use super::interest_item::{number_of_match, read_pattern};
use crate::message::Invoke;
use crate::pattern::{PatternMap, UriPattern};
use hashbrown::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

const REALM: u64 = 3;
const OFFERED: u64 = 5;
const WITHDRAWN: u64 = 7;

/// That a node has callees for a registration.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RegistrationOffer {
    /// The policy of the registration.
    pub invoke: Invoke,
    /// The revision of its claim under which the node came into it; 0 where the store has not been asked.
    pub token: Revision,
}

/// What one node offers, by realm.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnOffers(HashMap<Arc<str>, HashMap<UriPattern, RegistrationOffer>>);

impl OwnOffers {
    /// Returns whether this changes anything.
    pub(super) fn change(
        &mut self,
        realm: &str,
        pattern: &UriPattern,
        offer: Option<RegistrationOffer>,
    ) -> bool {
        let Some(offer) = offer else {
            let Some(patterns) = self.0.get_mut(realm) else { return false };
            let removed = patterns.remove(pattern).is_some();
            if patterns.is_empty() {
                self.0.remove(realm);
            }
            return removed;
        };
        if !self.0.contains_key(realm) {
            self.0.insert(realm.into(), HashMap::new());
        }
        let Some(patterns) = self.0.get_mut(realm) else { return false };
        patterns.insert(pattern.clone(), offer) != Some(offer)
    }

    pub(super) fn by_realm(
        &self,
    ) -> impl Iterator<Item = (&str, impl Iterator<Item = (&UriPattern, RegistrationOffer)>)> {
        self.0
            .iter()
            .map(|(realm, patterns)| (&**realm, patterns.iter().map(|(pattern, offer)| (pattern, *offer))))
    }
}

/// A registration of other nodes: its pattern, and which of them offer it, in the order in which this node heard of it.
#[derive(Clone, Debug)]
pub(super) struct OfferedBy {
    pub(super) pattern: UriPattern,
    pub(super) nodes: Vec<(NodeIndex, RegistrationOffer)>,
}

/// What all other nodes offer.
#[derive(Debug, Default)]
pub(super) struct OfferTables {
    by_realm: HashMap<Arc<str>, PatternMap<OfferedBy>>,
    /// What each node offers, so that it can be forgotten.
    by_node: HashMap<NodeIndex, OwnOffers>,
}

impl OfferTables {
    pub(super) fn change(
        &mut self,
        node: NodeIndex,
        realm: &str,
        pattern: &UriPattern,
        offer: Option<RegistrationOffer>,
    ) {
        if !self.by_node.entry(node).or_default().change(realm, pattern, offer) {
            return;
        }
        let Some(offer) = offer else {
            self.take_out(node, realm, pattern);
            return;
        };
        if !self.by_realm.contains_key(realm) {
            self.by_realm.insert(realm.into(), PatternMap::new());
        }
        let Some(patterns) = self.by_realm.get_mut(realm) else { return };
        match patterns.get_mut(pattern.kind(), pattern.as_str()) {
            Some(offered) => match offered.nodes.iter_mut().find(|(other, _)| *other == node) {
                Some((_, known)) => *known = offer,
                None => offered.nodes.push((node, offer)),
            },
            None => {
                let offered = OfferedBy { pattern: pattern.clone(), nodes: vec![(node, offer)] };
                drop(patterns.insert(pattern, offered));
            }
        }
    }

    fn take_out(&mut self, node: NodeIndex, realm: &str, pattern: &UriPattern) {
        let Some(patterns) = self.by_realm.get_mut(realm) else { return };
        let Some(offered) = patterns.get_mut(pattern.kind(), pattern.as_str()) else { return };
        offered.nodes.retain(|(other, _)| *other != node);
        if offered.nodes.is_empty() {
            patterns.remove(pattern.kind(), pattern.as_str());
        }
        if patterns.is_empty() {
            self.by_realm.remove(realm);
        }
    }

    /// The node offers nothing.
    pub(super) fn forget(&mut self, node: NodeIndex) {
        let Some(former) = self.by_node.remove(&node) else { return };
        for (realm, patterns) in former.by_realm() {
            for (pattern, _) in patterns {
                self.take_out(node, realm, pattern);
            }
        }
    }

    /// The number of registrations in all realms, counted once for each node that offers it.
    pub(super) fn len(&self) -> usize {
        let all = self.by_node.values().flat_map(|node| node.by_realm());
        all.map(|(_, patterns)| patterns.count()).sum()
    }

    /// The registration of other nodes that a call of this procedure matches best.
    pub(super) fn best(&self, realm: &str, procedure: &str) -> Option<&OfferedBy> {
        self.by_realm.get(realm)?.best(procedure).map(|(_, offered)| offered)
    }
}

/// A registration that is offered, or not any more.
pub(super) fn put_offer(
    out: &mut Vec<u8>,
    realm: &str,
    pattern: &UriPattern,
    offer: Option<RegistrationOffer>,
) {
    let Ok(()) = put_item(out, ItemKind::Offer, |out| {
        let mut fields = FieldWriter(out);
        fields.text(REALM, realm);
        let mut value = vec![number_of_match(pattern.kind())];
        if let Some(RegistrationOffer { invoke, token }) = offer {
            value.push(number_of(invoke));
            varint(token, &mut value);
        }
        value.extend_from_slice(pattern.as_str().as_bytes());
        fields.bytes(if offer.is_some() { OFFERED } else { WITHDRAWN }, &value);
        Ok::<_, Infallible>(())
    });
}

/// Shows each registration of an item, and whether it is offered.
///
/// # Errors
/// When the item has another form.
pub(super) fn read_offers(
    fields: &[u8],
    mut show: impl FnMut(&str, &UriPattern, Option<RegistrationOffer>),
) -> Result<(), MalformedBatch> {
    let mut realm = "";
    let mut reader = FieldReader(fields);
    while let Some(field) = reader.next()? {
        match field.key {
            REALM => realm = field.text()?,
            OFFERED => {
                let mut value = field.bytes;
                let kind = take(&mut value, 1)?;
                let invoke = take(&mut value, 1)?.first().copied().and_then(invoke_of);
                let invoke = invoke.ok_or(MalformedBatch::Malformed("an offer of an unknown policy"))?;
                let token = read_varint(&mut value)?;
                let pattern = read_pattern(&[kind, value].concat())?;
                show(realm, &pattern, Some(RegistrationOffer { invoke, token }));
            }
            WITHDRAWN => show(realm, &read_pattern(field.bytes)?, None),
            _ => field.pass_over()?,
        }
    }
    Ok(())
}

const fn number_of(invoke: Invoke) -> u8 {
    match invoke {
        Invoke::Single => 1,
        Invoke::RoundRobin => 2,
        Invoke::Random => 3,
        Invoke::First => 4,
        Invoke::Last => 5,
    }
}

const fn invoke_of(number: u8) -> Option<Invoke> {
    match number {
        1 => Some(Invoke::Single),
        2 => Some(Invoke::RoundRobin),
        3 => Some(Invoke::Random),
        4 => Some(Invoke::First),
        5 => Some(Invoke::Last),
        _ => None,
    }
}
