//! What must be told of a scenario, and what must not: the document beside the log, in the form of the handed scenarios.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::scenario::likelihood::THRESHOLD;
use crate::text::{Micros, Text, rfc3339};

/// Verdicts of a hostile incident.
pub(crate) const HOSTILE: &[Text] = &["hostile"];
/// Verdicts of one that nobody could be sure of.
pub(crate) const SUSPECT: &[Text] = &["hostile", "unclear"];
/// Verdicts of something broken.
pub(crate) const BROKEN: &[Text] = &["operational"];
/// Verdicts of something broken that the log alone does not prove to be.
pub(crate) const PERHAPS_BROKEN: &[Text] = &["operational", "unclear"];
/// Anything may be thought of it.
pub(crate) const ANY: &[Text] = &["operational", "unclear", "hostile"];

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) struct Incident {
    pub(crate) kind: Text,
    /// Kinds under which it is rightly told.
    pub(crate) accept: Vec<Text>,
    pub(crate) verdict: Text,
    pub(crate) verdicts: Vec<Text>,
    /// How many findings for this one cause are fair.
    pub(crate) max_findings: usize,
    /// It may be told and need not, however plain it is.
    pub(crate) optional: bool,
    /// It cannot be told unless a success of it stands in the log.
    pub(crate) needs_success: bool,
    /// The incident that it is a part of: it need not be told for itself where that one must be.
    pub(crate) part_of: Option<u16>,
    /// Tags whose acts belong to it besides its own.
    pub(crate) with: Vec<u16>,
    pub(crate) note: Text,
    /// Decimal logarithm of the likelihood ratio of this truth against ordinary life.
    pub(crate) ratio: f64,
    /// Names and ids of the nodes that it is about, where it is about nothing else.
    pub(crate) nodes: Vec<Text>,
    pub(crate) seen: Seen,
}

/// What the log shows of an incident.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) principals: BTreeSet<Text>,
    pub(crate) sources: BTreeSet<Text>,
    pub(crate) keys: BTreeSet<Text>,
    pub(crate) span: Option<(Micros, Micros)>,
    pub(crate) failures: u64,
    pub(crate) successes: u64,
}

impl Seen {
    /// Something of it happened.
    pub(crate) fn at(&mut self, time: Micros) {
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
    }
}

impl Incident {
    /// An incident told rightly under this kind alone, one finding.
    pub(crate) fn new(kind: Text, verdicts: &[Text], note: Text) -> Self {
        Self {
            kind,
            accept: vec![kind],
            verdict: verdicts.first().copied().unwrap_or("unclear"),
            verdicts: verdicts.to_vec(),
            max_findings: 1,
            optional: false,
            needs_success: false,
            part_of: None,
            with: Vec::new(),
            note,
            ratio: 300.0,
            nodes: Vec::new(),
            seen: Seen::default(),
        }
    }

    /// These kinds are right too.
    pub(crate) fn or(mut self, kinds: &[Text]) -> Self {
        self.accept.extend_from_slice(kinds);
        self
    }

    /// With this likelihood ratio.
    pub(crate) fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = ratio;
        self
    }

    /// That need not be told.
    pub(crate) fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// For which so many findings are fair.
    pub(crate) fn at_most(mut self, findings: usize) -> Self {
        self.max_findings = findings.max(1);
        self
    }

    /// That nothing in this log tells from these other kinds: whatever is thought of it, nothing need be.
    pub(crate) fn blind(mut self, kinds: &[Text]) -> Self {
        self.verdict = "unclear";
        self.verdicts = ANY.to_vec();
        self.optional = true;
        self.or(kinds)
    }

    /// As a part of the incident of this tag.
    pub(crate) fn part_of(mut self, tag: u16) -> Self {
        self.part_of = Some(tag);
        self
    }

    /// With the acts of these tags.
    pub(crate) fn with(mut self, tags: &[u16]) -> Self {
        self.with.extend_from_slice(tags);
        self
    }

    /// Whether it must be told.
    pub(crate) fn required(&self) -> bool {
        let shown = !self.needs_success || self.seen.successes > 0;
        !self.optional && self.ratio > THRESHOLD && shown && self.seen.span.is_some()
    }

    fn json(&self) -> Value {
        let (start, end) = self.seen.span.unwrap_or_default();
        json!({
            "kind": self.kind,
            "accept": self.accept,
            "verdict": self.verdict,
            "verdicts": self.verdicts,
            "required": self.required(),
            "principals": self.seen.principals,
            "sources": self.seen.sources,
            "keys": self.seen.keys,
            "nodes": self.nodes,
            "start": rfc3339(start),
            "end": rfc3339(end),
            "max_findings": self.max_findings,
            "failures": self.seen.failures,
            "successes": self.seen.successes,
            "log10_likelihood_ratio": (self.ratio * 100.0).round() / 100.0,
            "note": self.note,
        })
    }
}

/// Something that no finding above info may be about.
#[derive(Clone, Debug)]
pub(crate) struct Negative {
    pub(crate) what: Text,
    pub(crate) principals: Vec<Text>,
    pub(crate) sources: Vec<Text>,
    /// Only hostile findings are wrong.
    pub(crate) hostile_only: bool,
}

/// The truth of a scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    pub(crate) incidents: Vec<Incident>,
    pub(crate) must_not: Vec<Negative>,
}

impl Truth {
    /// Parts of what must be told need not be told for themselves.
    pub(crate) fn settle(&mut self) {
        let required: Vec<bool> = self.incidents.iter().map(Incident::required).collect();
        for incident in &mut self.incidents {
            incident.optional |= incident.part_of.is_some_and(|tag| required[usize::from(tag)]);
        }
    }

    /// The members `incidents` and `must_not` of the document.
    pub(crate) fn json(&self) -> (Value, Value) {
        let told = self.incidents.iter().filter(|i| i.seen.span.is_some()).map(Incident::json).collect();
        let not = self.must_not.iter().map(|n| {
            json!({"what": n.what, "principals": n.principals, "sources": n.sources, "hostile_only": n.hostile_only})
        });
        (told, not.collect())
    }
}
