//! The ways in which attempts went. Attempts are many, their ways few: what is learned from who was refused through which
//! realms on which node is learned from the ways, which are counted on all cores.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rayon::prelude::*;

use super::Joined;
use crate::state::{Attempt, ChainId, Outcome, Sym};

/// Attempts that are counted at a time.
const PIECE: usize = 2048;

/// Who was refused through which realms on which node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct AttemptProfile {
    pub(super) principal: Sym,
    pub(super) chain: ChainId,
    /// Index into the node table.
    pub(super) node: usize,
    pub(super) outcome: Outcome,
}

/// The ways of all attempts with the number of attempts, in no particular order.
#[derive(Debug)]
pub(super) struct AttemptProfiles(HashMap<AttemptProfile, u64, RandomState>);

impl AttemptProfiles {
    pub(super) fn of(joined: &Joined) -> Self {
        let way = |attempt: &Attempt| AttemptProfile {
            principal: attempt.principal,
            chain: attempt.chain,
            node: joined.nodes.index(attempt.node),
            outcome: attempt.outcome,
        };
        let count = |mut profiles: HashMap<AttemptProfile, u64, RandomState>, attempts: &[Attempt]| {
            // Attempts of one way tend to follow each other.
            for run in attempts.chunk_by(|a, b| way(a) == way(b)) {
                *profiles.entry(way(&run[0])).or_default() += run.len() as u64;
            }
            profiles
        };
        let profiles = joined.attempts.par_chunks(PIECE).fold(HashMap::default, count).reduce(HashMap::default, join);
        Self(profiles)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&AttemptProfile, u64)> {
        self.0.iter().map(|(way, &count)| (way, count))
    }

    /// Those of failed attempts.
    pub(super) fn failed(&self) -> impl Iterator<Item = &AttemptProfile> {
        self.0.keys().filter(|way| way.outcome == Outcome::Failed)
    }
}

/// The smaller goes into the larger.
fn join(
    one: HashMap<AttemptProfile, u64, RandomState>,
    other: HashMap<AttemptProfile, u64, RandomState>,
) -> HashMap<AttemptProfile, u64, RandomState> {
    let (mut most, few) = if one.len() < other.len() { (other, one) } else { (one, other) };
    few.into_iter().for_each(|(way, count)| *most.entry(way).or_default() += count);
    most
}
