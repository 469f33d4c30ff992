//! Claims: which lives serve a registration, and the revision that keeps an old holder from answering.

use super::batch::MalformedBatch;
use super::fields::{FieldReader, FieldWriter};
use super::node::{Life, NodeName};
use crate::message::Invoke;
use hashbrown::HashMap;
use std::hash::Hash;

const INVOKE: u64 = 1;
const HOLDER: u64 = 3;

/// The number of a key's last write in the store; a later write has a higher one.
pub type Revision = u64;

/// The nodes that serve one registration of clients, as the store has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnershipClaim {
    /// The policy of its callees.
    pub invoke: Invoke,
    /// The lives with callees, in the order in which their first callees came.
    pub holders: Vec<ClaimHolder>,
}

/// One of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClaimHolder {
    /// The node.
    pub node: NodeName,
    /// Its life.
    pub life: Life,
}

/// What a node has to do to come into a claim, or out of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClaimDecision {
    /// Create the key with this value. Somebody else may be faster: then read and decide again.
    Create(OwnershipClaim),
    /// Write this value, if the key still has this revision; if not, read and decide again.
    Update(OwnershipClaim, Revision),
    /// Remove the key, if it still has this revision; if not, read and decide again.
    Remove(Revision),
    /// Nothing: it is as it should be, with this revision.
    Nothing(Revision),
    /// The registration belongs to others, with this policy.
    AlreadyExists(Invoke),
}

impl OwnershipClaim {
    /// What a life does whose first callee registers, given what the store has.
    ///
    /// `is_dead` says of a holder that the store has seen its lease end, not merely that nothing was heard of it.
    pub fn join(
        current: Option<(&Self, Revision)>,
        me: &ClaimHolder,
        invoke: Invoke,
        is_dead: impl Fn(&ClaimHolder) -> bool,
    ) -> ClaimDecision {
        let Some((claim, revision)) = current else {
            return ClaimDecision::Create(Self { invoke, holders: vec![me.clone()] });
        };
        if claim.holders.contains(me) {
            return if claim.invoke == invoke && invoke != Invoke::Single {
                ClaimDecision::Nothing(revision)
            } else {
                ClaimDecision::AlreadyExists(claim.invoke)
            };
        }
        // A former life of this node is dead: there is one life in a node's key.
        let lives = |holder: &&ClaimHolder| holder.node != me.node && !is_dead(holder);
        let mut holders: Vec<ClaimHolder> = claim.holders.iter().filter(lives).cloned().collect();
        if !holders.is_empty() && (claim.invoke != invoke || invoke == Invoke::Single) {
            return ClaimDecision::AlreadyExists(claim.invoke);
        }
        holders.push(me.clone());
        ClaimDecision::Update(Self { invoke, holders }, revision)
    }

    /// What a life does whose last callee has gone, or whoever executes the will of a dead one.
    pub fn leave(current: Option<(&Self, Revision)>, whose: &ClaimHolder) -> ClaimDecision {
        let Some((claim, revision)) = current else { return ClaimDecision::Nothing(0) };
        if !claim.holders.contains(whose) {
            return ClaimDecision::Nothing(revision);
        }
        let holders: Vec<ClaimHolder> =
            claim.holders.iter().filter(|other| *other != whose).cloned().collect();
        if holders.is_empty() {
            return ClaimDecision::Remove(revision);
        }
        ClaimDecision::Update(Self { invoke: claim.invoke, holders }, revision)
    }

    /// The value of its key.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut fields = FieldWriter(&mut out);
        fields.text(INVOKE, self.invoke.as_str());
        for holder in &self.holders {
            let mut value = holder.life.get().to_le_bytes().to_vec();
            value.extend_from_slice(holder.node.as_str().as_bytes());
            fields.bytes(HOLDER, &value);
        }
        out
    }

    /// Reads the value of its key.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_bytes(value: &[u8]) -> Result<Self, MalformedBatch> {
        let (mut invoke, mut holders) = (None, Vec::new());
        let mut reader = FieldReader(value);
        while let Some(field) = reader.next()? {
            match field.key {
                INVOKE => invoke = Invoke::from_word(field.text()?),
                HOLDER => holders.push(ClaimHolder::read(field.bytes)?),
                _ => field.pass_over()?,
            }
        }
        let invoke = invoke.ok_or(MalformedBatch::Malformed("a claim without a known policy"))?;
        Ok(Self { invoke, holders })
    }
}

impl ClaimHolder {
    fn read(bytes: &[u8]) -> Result<Self, MalformedBatch> {
        let malformed = MalformedBatch::Malformed("a claim with a holder of the wrong form");
        let (life, name) = bytes.split_first_chunk::<8>().ok_or(malformed)?;
        let life = Life::new(u64::from_le_bytes(*life)).ok_or(malformed)?;
        let name = std::str::from_utf8(name).map_err(|_| malformed)?;
        Ok(Self { node: NodeName::new(name).map_err(|_| malformed)?, life })
    }
}

/// The highest revision of each claim that a node has seen. It takes no answer under a lower one.
#[derive(Clone, Debug)]
pub struct Tokens<K>(HashMap<K, Revision>);

impl<K: Eq + Hash> Tokens<K> {
    /// No claim seen so far.
    pub fn new() -> Self {
        Self(HashMap::new())
    }

    /// Notes a revision. Returns whether no higher one was seen, so that what came with it counts.
    pub fn see(&mut self, claim: K, revision: Revision) -> bool {
        let highest = self.0.entry(claim).or_insert(revision);
        *highest = revision.max(*highest);
        *highest == revision
    }

    /// The claim is gone, and nothing of it is on its way.
    pub fn forget(&mut self, claim: &K) {
        self.0.remove(claim);
    }
}

impl<K: Eq + Hash> Default for Tokens<K> {
    fn default() -> Self {
        Self::new()
    }
}
