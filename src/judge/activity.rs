//! How many accounts are at work through a realm at a time, as minutes with a success: summed up once, so that any stretch of
//! time is looked up in the logarithm of the number of successes.

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::history::{Past, SuccessHistory};
use crate::state::Sym;
use crate::time::Millis;

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;

/// From a minute on: how many pairs of account and address are at work, and the minutes of all before.
#[derive(Debug, Clone, Copy)]
struct ActivityStep {
    minute: i64,
    level: i64,
    before: i64,
}

/// What goes on through each realm of a cluster.
#[derive(Debug)]
pub(super) struct Activity {
    /// Minutes at work.
    steps: HashMap<(u16, Sym), Vec<ActivityStep>, RandomState>,
    /// Accounts that ever get in.
    accounts: HashMap<(u16, Sym), u32, RandomState>,
}

impl Activity {
    pub(super) fn new(history: &SuccessHistory<'_>) -> Self {
        let mut turns: HashMap<(u16, Sym), Vec<(i64, i64)>, RandomState> = HashMap::default();
        let mut known: HashSet<(u16, Sym, Sym), RandomState> = HashSet::default();
        let mut accounts: HashMap<(u16, Sym), u32, RandomState> = HashMap::default();
        for past in history.pasts().iter().filter(|past| !past.key.is_some()) {
            if known.insert((past.cluster, past.realm, past.principal)) {
                *accounts.entry((past.cluster, past.realm)).or_default() += 1;
            }
            let turns = turns.entry((past.cluster, past.realm)).or_default();
            minutes(history, past).for_each(|(from, to)| turns.extend([(from, 1), (to, -1)]));
        }
        Self { steps: turns.into_iter().map(|(realm, turns)| (realm, steps(turns))).collect(), accounts }
    }

    /// How many accounts ever get in through a realm.
    pub(super) fn accounts(&self, cluster: u16, realm: Sym) -> u32 {
        self.accounts.get(&(cluster, realm)).copied().unwrap_or(0)
    }

    /// Minutes at work of all pairs of a realm together from one time to another, both included.
    pub(super) fn within(&self, cluster: u16, realm: Sym, from: Millis, to: Millis) -> f64 {
        let Some(steps) = self.steps.get(&(cluster, realm)) else { return 0.0 };
        let until = |minute: i64| {
            let at = steps.partition_point(|step| step.minute <= minute);
            steps[..at].last().map_or(0, |step| step.before + step.level * (minute - step.minute))
        };
        (until(to.0.div_euclid(MINUTE) + 1) - until(from.0.div_euclid(MINUTE))) as f64
    }

    /// Of them, those of one pair.
    pub(super) fn of_pair(history: &SuccessHistory<'_>, past: &Past, from: Millis, to: Millis) -> f64 {
        let (from, to) = (from.0.div_euclid(MINUTE), to.0.div_euclid(MINUTE) + 1);
        minutes(history, past).map(|(start, end)| (end.min(to) - start.max(from)).max(0)).sum::<i64>() as f64
    }
}

/// Minutes in which a pair succeeded, as stretches that do not overlap on one node: from the first to the one after the last.
fn minutes(history: &SuccessHistory<'_>, past: &Past) -> impl Iterator<Item = (i64, i64)> {
    history.stretches(past).map(|(first, last)| (first.0.div_euclid(MINUTE), last.0.div_euclid(MINUTE) + 1))
}

fn steps(mut turns: Vec<(i64, i64)>) -> Vec<ActivityStep> {
    turns.sort_unstable();
    let mut steps: Vec<ActivityStep> = Vec::new();
    for (minute, turn) in turns {
        let last = steps.last().copied().unwrap_or(ActivityStep { minute, level: 0, before: 0 });
        let before = last.before + last.level * (minute - last.minute);
        let step = ActivityStep { minute, level: last.level + turn, before };
        match steps.last_mut() {
            Some(last) if last.minute == minute => *last = step,
            _ => steps.push(step),
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_add_up() {
        let steps = std::iter::once(((0, Sym::NONE), steps(vec![(10, 1), (12, -1), (11, 1), (14, -1)]))).collect();
        let activity = Activity { steps, accounts: HashMap::default() };
        let within = |from: i64, to: i64| activity.within(0, Sym::NONE, Millis(from * MINUTE), Millis(to * MINUTE));
        assert_eq!(within(0, 100), 5.0);
        assert_eq!(within(11, 11), 2.0);
        assert_eq!(within(12, 12), 1.0);
        assert_eq!(within(14, 20), 0.0);
        assert_eq!(activity.within(1, Sym::NONE, Millis(0), Millis(i64::MAX / 2)), 0.0);
    }
}
