//! Events of rules, counted in stretches of time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::rule::{Correlation, CountOf, values};
use crate::time::Millis;

/// A stretch of time in which a correlation holds, of events with the same values of its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The values, in the order of the fields.
    pub group: Vec<String>,
    /// The first event.
    pub first: Millis,
    /// The last.
    pub last: Millis,
    /// Events.
    pub events: u64,
}

/// An event of a rule that a correlation looks at.
#[derive(Debug)]
struct SeenEvent {
    at: Millis,
    rule: usize,
    value: Option<String>,
}

/// What was seen of a group.
#[derive(Debug, Default)]
struct EventGroup {
    window: VecDeque<SeenEvent>,
    /// How often each value, or rule, is in it.
    counts: BTreeMap<String, usize>,
    found: Vec<Stretch>,
}

/// What was seen for a correlation.
#[derive(Debug, Default)]
pub(super) struct Counting {
    groups: BTreeMap<Vec<String>, EventGroup>,
}

impl Counting {
    /// Takes an event of one of its rules, by its number among them; events come by time.
    pub(super) fn take(&mut self, correlation: &Correlation, rule: usize, at: Millis, event: &Value) {
        let Some(key) = key(correlation, event) else { return };
        let value = match &correlation.field {
            Some(field) => match values(event, field).first() {
                Some(value) => Some(told(value)),
                None => return,
            },
            None => None,
        };
        let group = self.groups.entry(key).or_insert_with_key(|_| EventGroup::default());
        *group.counts.entry(value.clone().unwrap_or_else(|| rule.to_string())).or_default() += 1;
        group.window.push_back(SeenEvent { at, rule, value });
        while group.window.front().is_some_and(|first| at.0 - first.at.0 > correlation.timespan) {
            group.drop_first();
        }
        let holds = match correlation.counts {
            CountOf::Events => group.window.len() >= correlation.least,
            CountOf::Values | CountOf::SigmaRules => group.counts.len() >= correlation.least,
            CountOf::RulesInOrder => group.counts.len() >= correlation.least && group.is_in_order(correlation.least),
        };
        if holds {
            group.extend(at);
        }
    }

    /// The stretches, by first event.
    pub(super) fn stretches(self) -> Vec<Stretch> {
        let with_key = |(key, group): (Vec<String>, EventGroup)| {
            group.found.into_iter().map(move |stretch| Stretch { group: key.clone(), ..stretch })
        };
        let mut all: Vec<Stretch> = self.groups.into_iter().flat_map(with_key).collect();
        all.sort_by(|a, b| (a.first, &a.group).cmp(&(b.first, &b.group)));
        all
    }
}

impl EventGroup {
    fn drop_first(&mut self) {
        let Some(gone) = self.window.pop_front() else { return };
        let name = gone.value.unwrap_or_else(|| gone.rule.to_string());
        if let Some(count) = self.counts.get_mut(&name) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&name);
            }
        }
    }

    /// Whether events of the rules stand in the order of the rules.
    fn is_in_order(&self, rules: usize) -> bool {
        self.window.iter().fold(0, |next, seen| next + usize::from(seen.rule == next)) >= rules
    }

    /// What holds on is one stretch.
    fn extend(&mut self, at: Millis) {
        let first = self.window.front().map_or(at, |seen| seen.at);
        match self.found.last_mut().filter(|open| open.last >= first) {
            Some(open) => {
                let fresh = self.window.iter().rev().take_while(|seen| seen.at > open.last).count();
                // Of one moment with the last: it came alone.
                open.events += (fresh as u64).max(1);
                open.last = at;
            }
            None => {
                let events = self.window.len() as u64;
                self.found.push(Stretch { group: Vec::new(), first, last: at, events });
            }
        }
    }
}

/// The values by which events belong together; `None` where one is missing.
fn key(correlation: &Correlation, event: &Value) -> Option<Vec<String>> {
    correlation.group_by.iter().map(|field| values(event, field).first().map(|value| told(value))).collect()
}

fn told(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The numbers of the rules that correlations refer to, and which of them are told only through these.
pub(super) fn silent(correlations: &[(Correlation, Vec<usize>)]) -> BTreeSet<usize> {
    let quiet = correlations.iter().filter(|(correlation, _)| !correlation.generate);
    quiet.flat_map(|(_, of)| of.iter().copied()).collect()
}
