//! Attempts that are counted and no more, because memory is short.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::coverage::TimeSpan;
use super::symbols::Sym;

/// What is still known of attempts that were left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CountedAttempts {
    /// How many attempts, each event once.
    pub attempts: u64,
    /// Their times.
    pub span: TimeSpan,
    /// By minute since 1970: `authentication_failed` and `anonymous_access_denied`.
    pub minutes: BTreeMap<i64, [u64; 2]>,
    /// Distinct principals beyond those of the attempts that are kept. At most, where it was merged with others.
    pub more_principals: u64,
    /// Distinct sources beyond those of the attempts that are kept. At most, as above.
    pub more_sources: u64,
    /// Of the principals, those of whose attempts none is kept.
    pub principals_left_out: u64,
    /// Principals of whose attempts a sample is kept, and how many attempts of each are left out.
    pub sampled: BTreeMap<Sym, u64>,
    /// Events met again, by `event.action`.
    pub repeated: BTreeMap<Vec<u8>, u64>,
    /// Clients whose successes were left out.
    pub actors: u64,
    /// Attempts were left out before those of other states were known, so that what is met in several is counted in each.
    pub merged: bool,
}

impl CountedAttempts {
    /// Whether nothing was left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attempts == 0 && self.actors == 0 && !self.merged
    }

    /// Adds what another state left out; `syms` translates its texts.
    pub(super) fn merge(&mut self, mut other: Self, syms: &[Sym]) {
        other.translate(syms);
        self.attempts += other.attempts;
        self.span.merge(&other.span);
        for (minute, counts) in other.minutes {
            let mine = self.minutes.entry(minute).or_default();
            mine[0] += counts[0];
            mine[1] += counts[1];
        }
        self.more_principals += other.more_principals;
        self.more_sources += other.more_sources;
        self.principals_left_out += other.principals_left_out;
        for (principal, count) in other.sampled {
            *self.sampled.entry(principal).or_default() += count;
        }
        for (action, count) in other.repeated {
            *self.repeated.entry(action).or_default() += count;
        }
        self.actors += other.actors;
        self.merged |= other.merged;
    }

    /// Translates its texts.
    pub(super) fn translate(&mut self, syms: &[Sym]) {
        let sampled = std::mem::take(&mut self.sampled);
        self.sampled = sampled.into_iter().map(|(principal, count)| (syms[principal.0 as usize], count)).collect();
    }
}
