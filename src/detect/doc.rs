//! The documentation of a kind of finding, as data: `esaudit explain`, the README and the reports read the same words.

use super::DETECTORS;
use super::kinds::Kind;
use crate::options::thresholds::{Section, Thresholds};

/// What a kind of finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doc {
    /// Which.
    pub kind: Kind,
    /// What it looks like in the logs, in one line.
    pub signature: &'static str,
    /// What it means, in plain words.
    pub meaning: &'static str,
    /// Which way the verdict leans, and what turns it.
    pub verdict: &'static str,
    /// What to do. `{source}`, `{sources}`, `{principal}`, `{principals}`, `{node}`, `{nodes}`, `{key}` and `{keys}` stand for
    /// what a finding names.
    pub next_steps: &'static [&'static str],
    /// When it is a false alarm.
    pub false_positives: &'static [&'static str],
    /// ATT&CK techniques of a hostile one.
    pub attack: &'static [&'static str],
    /// Where the pattern comes from.
    pub source: &'static str,
}

impl Doc {
    /// Its thresholds.
    #[must_use]
    pub fn thresholds(&self) -> Option<&'static Section> {
        Thresholds::SECTIONS.iter().find(|section| section.name == self.kind.name())
    }
}

/// The documentation of every kind, in the order of the contract.
#[must_use]
pub fn docs() -> Vec<&'static Doc> {
    DETECTORS.iter().map(|detector| detector.doc()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::Text;

    #[test]
    fn every_kind_is_documented_whole() {
        for detector in DETECTORS {
            let doc = detector.doc();
            let name = doc.kind.name();
            assert!(doc.thresholds().is_some(), "{name}");
            for text in [doc.signature, doc.meaning, doc.verdict, doc.source] {
                assert!(text.len() > 10, "{name}: {text}");
            }
            assert!(!doc.next_steps.is_empty() && !doc.false_positives.is_empty(), "{name}");
            let steps = doc.next_steps.iter().map(|step| Text::fill(step, |_| None));
            let left = steps.map(|step| step.plain().into_owned()).find(|step| step.contains('['));
            assert_eq!(left, None, "{name}: a request that is not understood");
        }
    }
}
