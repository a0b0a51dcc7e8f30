//! Copies: events of an input that another input holds too, or that one holds twice, and that count once.
//!
//! Failures and changes are few and are compared one by one where they are joined. Everything else is too much for that: while
//! inputs are read, all events of a node within a block of time leave one sum ([`sketch_hash`]); where two inputs have a block in
//! common, the inputs are read once more, and what was found then is looked up here.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::fast_reader::{ActionKind, AuditFields};
use crate::time::Millis;

/// Seconds of a block of time are 2 to the power of this, and of the scale of a sketch: 17 minutes, so that a node's year is
/// 30,000 blocks.
const BLOCK: u32 = 10;

/// The block of time that an event belongs to.
#[must_use]
pub fn block_of(time: Millis, scale: u8) -> i64 {
    time.0.div_euclid(1000) >> (BLOCK + u32::from(scale))
}

/// What identifies a node in records of any form: its id, else its name, and the cluster.
#[must_use]
pub fn node_hash(identity: Option<&[u8]>, cluster: Option<&[u8]>) -> u64 {
    let hash = |text: Option<&[u8]>| text.map_or(0, xxhash_rust::xxh3::xxh3_64);
    hash(identity).rotate_left(1) ^ hash(cluster)
}

/// Adds up to the sum of a block: the same in every form of the event. It need not tell all events apart, since blocks are the
/// same only where all of their events are.
#[inline]
#[must_use]
pub fn sketch_hash(event: &impl AuditFields) -> u64 {
    let time = event.time().0.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ event.what() as u64;
    let who = event.request_id().or(event.origin());
    let mixed = time
        ^ glance(who)
        ^ glance(event.es_action()).rotate_left(11)
        ^ glance(event.user()).rotate_left(32)
        ^ glance(event.realm()).rotate_left(53);
    // As splitmix64 ends: sums of what is not mixed would say little.
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

/// The length and both ends of a text: quicker than a hash of it, and mostly as good.
#[inline]
pub(crate) fn glance(text: Option<&[u8]>) -> u64 {
    let Some(text) = text else { return 0 };
    let end = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (first, last) = (end(text.first_chunk()), end(text.last_chunk()));
    let short = if text.len() < 8 { text.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)) } else { first };
    (short ^ last.rotate_left(29)).wrapping_add(text.len() as u64 + 1).wrapping_mul(0xff51_afd7_ed55_8ccd)
}

/// Tells events of a node apart, as far as their forms agree in what they hold.
#[must_use]
pub fn event_hash(event: &impl AuditFields, node: u32) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::with_seed(u64::from(node));
    let mut add = |text: Option<&[u8]>| {
        hasher.update(&(text.map_or(u64::MAX, |text| text.len() as u64)).to_le_bytes());
        hasher.update(text.unwrap_or_default());
    };
    add(Some(&event.time().0.to_le_bytes()));
    add(Some(event.action_name()));
    add(event.request_id());
    add(event.es_action());
    add(event.user());
    if event.request_id().is_none() {
        add(event.url_path());
    }
    event.each_index(&mut |name| add(Some(name)));
    hasher.digest()
}

/// Whether events of a kind are taken out one by one where they are joined, whoever holds them.
#[must_use]
pub fn is_joined(what: ActionKind) -> bool {
    matches!(
        what,
        ActionKind::AuthenticationFailed
            | ActionKind::RealmAuthenticationFailed
            | ActionKind::AnonymousAccessDenied
            | ActionKind::Change
    )
}

/// A node, numbered, and a block of time.
pub type NodeBlock = (u32, i64);

/// The place of a document: chunk of its input, and line within the chunk.
pub type DocumentPlace = (u32, u32);

/// What is a copy, by input.
#[derive(Debug, Default)]
pub struct Copies {
    /// Numbers of nodes, by [`node_hash`]; several hashes may be one node.
    pub nodes: HashMap<u64, u32>,
    /// Scale of the blocks.
    pub scale: u8,
    /// Blocks in which events are compared one by one.
    pub compared: HashSet<NodeBlock>,
    /// Events that several inputs hold, by [`event_hash`]: the number of the input that they are taken from.
    pub shared: HashMap<u64, u32>,
    /// By name of the input.
    pub inputs: BTreeMap<String, Arc<InputCopies>>,
}

/// What of one input is a copy.
#[derive(Debug, Default)]
pub struct InputCopies {
    /// Its number in [`Copies::shared`].
    pub number: u32,
    /// Blocks that another input holds to the last event.
    pub blocks: HashSet<NodeBlock>,
    /// Documents that it holds several times, and where each of them counts.
    pub documents: HashMap<u64, DocumentPlace>,
}

impl Copies {
    /// The number of the node of an event.
    #[must_use]
    pub fn node_of(&self, event: &impl AuditFields) -> Option<u32> {
        self.nodes.get(&node_hash(event.node_identity(), event.cluster_uuid())).copied()
    }

    /// What is known of an input.
    #[must_use]
    pub fn of_input(self: &Arc<Self>, label: &str) -> Option<OfInput> {
        let input = Arc::clone(self.inputs.get(label)?);
        Some(OfInput { copies: Arc::clone(self), input })
    }
}

/// Where an event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Where it stands.
    Here,
    /// In another input too, which is settled where failures and changes are joined.
    OnceJoined,
    /// In another input, or at another place of this one.
    Elsewhere,
}

/// What is asked about the events of one input.
#[derive(Debug, Clone)]
pub struct OfInput {
    copies: Arc<Copies>,
    input: Arc<InputCopies>,
}

impl OfInput {
    /// Where an event counts that stands at a place of this input.
    #[must_use]
    pub fn counts(&self, event: &impl AuditFields, place: DocumentPlace) -> Counts {
        let Self { copies, input } = self;
        if !input.documents.is_empty()
            && let Some(first) = event.document().and_then(|document| input.documents.get(&document))
            && *first != place
        {
            return Counts::Elsewhere;
        }
        let Some(node) = copies.node_of(event) else { return Counts::Here };
        let at = (node, block_of(event.time(), copies.scale));
        let elsewhere = |from: &u32| *from != input.number;
        let is_shared = input.blocks.contains(&at)
            || copies.compared.contains(&at) && copies.shared.get(&event_hash(event, node)).is_some_and(elsewhere);
        match is_shared {
            true if is_joined(event.what()) => Counts::OnceJoined,
            true => Counts::Elsewhere,
            false => Counts::Here,
        }
    }
}
