//! The joined records as they are looked at: all of them, or those that a filter lets pass. What a view leaves out stays
//! where it is; records are never changed, and a view of a view shares everything but its lists.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use super::{AttributedChange, Joined, KeyFailure, PowerfulActions, ReasonLine};
use crate::model::text::Text;
use crate::state::{ActorSeries, Attempt, Sym};

/// How much a filter left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeftOut {
    /// The conditions in words.
    pub in_force: Vec<Text>,
    /// Failed attempts.
    pub attempts: u64,
    /// Security changes.
    pub changes: u64,
    /// Refusals of API keys.
    pub key_refusals: u64,
    /// Refused actions of users who had authenticated.
    pub denials: u64,
}

/// A view of joined records; of what it does not hold itself, those of all.
#[derive(Debug, Clone)]
pub struct Correlated {
    joined: Arc<Joined>,
    /// Distinct failed attempts, by time, then place.
    pub attempts: Arc<Vec<Attempt>>,
    /// By attempt: its number among all, where some are left out.
    numbers: Option<Arc<Vec<u32>>>,
    /// Refusals of API keys, by time. Their attempts are those of this view.
    pub key_failures: Arc<Vec<KeyFailure>>,
    /// Distinct lines of server logs that tell a reason, by node, then time. Their attempts are those of this view.
    pub reason_lines: Arc<Vec<ReasonLine>>,
    /// Powerful actions.
    pub powerful: Arc<PowerfulActions>,
    /// Who succeeded, as far as that was known at the end of the time that is looked at.
    pub successes: Arc<ActorSeries>,
    /// Refused actions of users who had authenticated.
    pub denials: Arc<ActorSeries>,
    /// The same by minute since 1970.
    pub denied_minutes: Arc<BTreeMap<i64, u64>>,
    /// `tampered_request` events by minute since 1970.
    pub tampered_minutes: Arc<BTreeMap<i64, u64>>,
    /// By change: whether it is looked at; empty where all are.
    changes_kept: Arc<Vec<bool>>,
    /// What a filter left out; `None` where none is in force.
    pub left_out: Option<LeftOut>,
}

/// What a filter lets pass of a view.
#[derive(Debug)]
pub struct Selection {
    /// By attempt: whether it passes.
    pub attempts: Vec<bool>,
    /// By change.
    pub changes: Vec<bool>,
    /// By refusal of a key.
    pub key_failures: Vec<bool>,
    /// By line that tells a reason.
    pub reason_lines: Vec<bool>,
    /// Powerful actions, those that are left out but known marked.
    pub powerful: PowerfulActions,
    /// Successes that were known.
    pub successes: Arc<ActorSeries>,
    /// Refused actions that pass.
    pub denials: ActorSeries,
    /// The same by minute.
    pub denied_minutes: BTreeMap<i64, u64>,
    /// `tampered_request` events that pass, by minute.
    pub tampered_minutes: BTreeMap<i64, u64>,
    /// The conditions in words.
    pub in_force: Vec<Text>,
}

impl Deref for Correlated {
    type Target = Joined;

    fn deref(&self) -> &Joined {
        &self.joined
    }
}

/// Those of a list that are kept.
fn kept<'l, T>(list: &'l [T], keep: &'l [bool]) -> impl Iterator<Item = &'l T> {
    list.iter().zip(keep).filter(|(_, keep)| **keep).map(|(one, _)| one)
}

impl Correlated {
    /// Everything that was joined.
    #[must_use]
    pub fn of(mut joined: Joined) -> Self {
        let state = &mut joined.state;
        Self {
            attempts: Arc::new(std::mem::take(&mut joined.attempts)),
            numbers: None,
            key_failures: Arc::new(std::mem::take(&mut joined.key_failures)),
            reason_lines: Arc::new(std::mem::take(&mut joined.reason_lines)),
            powerful: Arc::new(std::mem::take(&mut joined.powerful)),
            successes: Arc::new(std::mem::take(&mut state.successes)),
            denials: Arc::new(std::mem::take(&mut state.denials)),
            denied_minutes: Arc::new(std::mem::take(&mut state.denied_minutes)),
            tampered_minutes: Arc::new(std::mem::take(&mut state.tampered_minutes)),
            changes_kept: Arc::default(),
            left_out: None,
            joined: Arc::new(joined),
        }
    }

    /// All records again, without a copy where nobody else looks at them. Only of a view of everything.
    #[must_use]
    pub fn into_joined(self) -> Joined {
        let mut joined = Arc::unwrap_or_clone(self.joined);
        joined.attempts = Arc::unwrap_or_clone(self.attempts);
        joined.key_failures = Arc::unwrap_or_clone(self.key_failures);
        joined.reason_lines = Arc::unwrap_or_clone(self.reason_lines);
        joined.powerful = Arc::unwrap_or_clone(self.powerful);
        joined.state.successes = Arc::unwrap_or_clone(self.successes);
        joined.state.denials = Arc::unwrap_or_clone(self.denials);
        joined.state.denied_minutes = Arc::unwrap_or_clone(self.denied_minutes);
        joined.state.tampered_minutes = Arc::unwrap_or_clone(self.tampered_minutes);
        joined
    }

    /// A view of what is selected of this one.
    #[must_use]
    pub fn select(&self, selection: Selection) -> Self {
        let attempts: Vec<Attempt> = kept(&self.attempts, &selection.attempts).copied().collect();
        let numbers = (0..).zip(&selection.attempts).filter(|(_, keep)| **keep);
        let numbers: Vec<u32> = numbers.map(|(at, _)| self.number(at)).collect();
        let here = |at: u32| numbers.binary_search(&self.number(at)).ok().map(|at| at as u32);
        let key_failures: Vec<KeyFailure> = kept(&self.key_failures, &selection.key_failures)
            .map(|failure| KeyFailure { attempt: failure.attempt.and_then(here), ..failure.clone() })
            .collect();
        let reason_lines: Vec<ReasonLine> = kept(&self.reason_lines, &selection.reason_lines)
            .map(|line| ReasonLine { attempt: line.attempt.and_then(here), ..*line })
            .collect();
        let total = |series: &ActorSeries| series.values().map(crate::state::Series::count).sum::<u64>();
        let left_out = LeftOut {
            in_force: selection.in_force,
            attempts: (self.attempts.len() - attempts.len()) as u64,
            changes: selection.changes.iter().filter(|keep| !**keep).count() as u64,
            key_refusals: (self.key_failures.len() - key_failures.len()) as u64,
            denials: total(&self.denials) - total(&selection.denials),
        };
        Self {
            joined: Arc::clone(&self.joined),
            attempts: Arc::new(attempts),
            numbers: Some(Arc::new(numbers)),
            key_failures: Arc::new(key_failures),
            reason_lines: Arc::new(reason_lines),
            powerful: Arc::new(selection.powerful),
            successes: selection.successes,
            denials: Arc::new(selection.denials),
            denied_minutes: Arc::new(selection.denied_minutes),
            tampered_minutes: Arc::new(selection.tampered_minutes),
            changes_kept: Arc::new(selection.changes),
            left_out: Some(left_out),
        }
    }

    /// The number among all of an attempt of this view.
    fn number(&self, at: u32) -> u32 {
        self.numbers.as_ref().and_then(|numbers| numbers.get(at as usize).copied()).unwrap_or(at)
    }

    /// Where an attempt stands in this view, by its number among all.
    #[must_use]
    pub fn position(&self, number: u32) -> Option<u32> {
        match &self.numbers {
            Some(numbers) => numbers.binary_search(&number).ok().map(|at| at as u32),
            None => Some(number),
        }
    }

    /// Messages of the server log that tell of an attempt (index into `attempts`) in words that were not understood.
    #[must_use]
    pub fn messages(&self, at: u32) -> &[Sym] {
        self.joined.messages.get(&self.number(at)).map_or(&[], Vec::as_slice)
    }

    /// How surely the line that gives an attempt (index into `attempts`) its reason is its own, where that is not certain.
    #[must_use]
    pub fn doubt(&self, at: u32) -> Option<f64> {
        self.joined.doubts.get(&self.number(at)).copied()
    }

    /// Whether a line of the server log may explain an attempt (index into `attempts`), or another of the same moment.
    #[must_use]
    pub fn is_contested(&self, at: u32) -> bool {
        self.joined.contested.contains(&self.number(at))
    }

    /// The change (index into `changes`) that disabled the account of an attempt (index into `attempts`).
    #[must_use]
    pub fn disabled_by(&self, at: u32) -> Option<usize> {
        self.joined.disabled_by.get(&self.number(at)).copied()
    }

    /// Whether a change (index into `changes`) is looked at.
    #[must_use]
    pub fn shows_change(&self, at: usize) -> bool {
        self.changes_kept.get(at).copied().unwrap_or(true)
    }

    /// The changes that no filter left out, with their index among all.
    pub fn changes_left(&self) -> impl Iterator<Item = (usize, &AttributedChange)> {
        self.joined.changes.iter().enumerate().filter(|(at, _)| self.shows_change(*at))
    }
}
