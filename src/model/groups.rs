//! The groups of a report. They are made when they are looked at: a flood of names makes millions, each a thousand bytes once
//! it is written out.

use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Group;

/// Groups that are made at one time while all are gone through.
const BATCH: usize = 4096;

/// Groups that are made at first: who looks at a few does not wait for more, nor for other threads.
const FIRST: usize = 64;

/// What makes groups.
pub trait GroupSource: Send + Sync {
    /// The group at a place below the number that was told with the source.
    fn group(&self, at: usize) -> Group;
    /// What a group counts, which takes no group to be made.
    fn tally(&self, at: usize) -> GroupTally;
}

/// What a group counts, in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupTally {
    /// Its attempts.
    pub count: u64,
    /// Its attempts by action, added up.
    pub of_actions: u64,
}

impl GroupSource for Vec<Group> {
    fn group(&self, at: usize) -> Group {
        self[at].clone()
    }

    fn tally(&self, at: usize) -> GroupTally {
        GroupTally { count: self[at].count, of_actions: self[at].actions.values().sum() }
    }
}

/// Groups in report order.
#[derive(Clone)]
pub struct Groups {
    source: Arc<dyn GroupSource>,
    len: usize,
}

impl Groups {
    /// The first `len` groups of a source.
    pub fn of(source: impl GroupSource + 'static, len: usize) -> Self {
        Self { source: Arc::new(source), len }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Keeps the first `most`.
    pub fn truncate(&mut self, most: usize) {
        self.len = self.len.min(most);
    }

    /// The group at a place.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<Group> {
        (at < self.len).then(|| self.source.group(at))
    }

    /// Keys of a grouping other than the default; all groups have the same.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.get(0).map(|group| group.by.into_keys().collect()).unwrap_or_default()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Group> {
        let first = (0..self.len.min(FIRST)).map(|at| self.source.group(at));
        let rest = (FIRST..self.len).step_by(BATCH).flat_map(|from| {
            let batch = from..self.len.min(from + BATCH);
            batch.into_par_iter().map(|at| self.source.group(at)).collect::<Vec<_>>()
        });
        first.chain(rest)
    }

    /// What each counts, in order.
    pub fn tallies(&self) -> impl IndexedParallelIterator<Item = GroupTally> {
        (0..self.len).into_par_iter().with_min_len(FIRST).map(|at| self.source.tally(at))
    }
}

impl From<Vec<Group>> for Groups {
    fn from(list: Vec<Group>) -> Self {
        let len = list.len();
        Self::of(list, len)
    }
}

impl FromIterator<Group> for Groups {
    fn from_iter<I: IntoIterator<Item = Group>>(groups: I) -> Self {
        groups.into_iter().collect::<Vec<_>>().into()
    }
}

impl Default for Groups {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl PartialEq for Groups {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl Serialize for Groups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(feature = "internals")]
impl schemars::JsonSchema for Groups {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Groups".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<Group>::json_schema(generator)
    }
}

impl<'de> Deserialize<'de> for Groups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Group>::deserialize(deserializer)?.into())
    }
}
