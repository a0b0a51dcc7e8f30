//! A report in as much as one screen holds: for whoever is woken by it.

use super::{Fact, Tone};
use crate::model::text::{Logged, Text};
use crate::time::Millis;

/// What a screen tells first.
#[derive(Debug)]
pub struct Summary {
    /// The program that made it: name and version.
    pub tool: [Logged; 2],
    /// First and last time of what was read.
    pub period: Option<(Millis, Millis)>,
    /// What was read, and what of it was not.
    pub read: Vec<Fact>,
    /// What to think of it, in a sentence.
    pub verdict: Text,
    /// How it is set off.
    pub tone: Tone,
    /// The findings, hostile first, then as the report orders them.
    pub findings: Vec<ToldFinding>,
    /// What these logs cannot tell, each thing in a few words.
    pub unknown: Vec<Text>,
    /// The finding to look at first.
    pub first: Option<Logged>,
}

/// A finding in a line or two.
#[derive(Debug)]
pub struct ToldFinding {
    /// `F1`.
    pub id: Logged,
    /// How severe.
    pub severity: Logged,
    /// Attack or accident.
    pub verdict: Logged,
    /// Its kind: findings of one kind may be folded into one line.
    pub kind: Logged,
    /// What happened.
    pub title: Text,
    /// When it began.
    pub start: Text,
}

impl ToldFinding {
    /// Whether two findings are told in one line where many are alike.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.kind, &self.severity, &self.verdict) == (&other.kind, &other.severity, &other.verdict)
    }
}
