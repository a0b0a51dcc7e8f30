//! The documentation of a kind of finding, as data: `esaudit explain`, the README and the reports read the same words.

use std::fmt::Write as _;

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

/// All kinds, a line each.
#[must_use]
pub fn listing() -> String {
    let width = Kind::ALL.iter().map(|kind| kind.name().len()).max().unwrap_or(0);
    DETECTORS.iter().fold(String::new(), |mut out, detector| {
        let doc = detector.doc();
        let _ = writeln!(out, "{:<width$}  {}", doc.kind.name(), doc.signature);
        out
    })
}

/// The documentation of one kind.
#[must_use]
pub fn explain(kind: Kind, thresholds: &Thresholds) -> Option<String> {
    let doc = DETECTORS.iter().map(|detector| detector.doc()).find(|doc| doc.kind == kind)?;
    let mut out = format!("{}\n\n{}\n\n{}\n", doc.kind.name(), wrap(doc.signature, ""), wrap(doc.meaning, ""));
    let values = serde_json::to_value(thresholds).unwrap_or_default();
    section(&mut out, "Verdict", &[doc.verdict]);
    if let Some(section) = doc.thresholds() {
        out.push_str("\nThresholds (--config FILE.toml)\n");
        let _ = writeln!(out, "  [findings.{}]", section.name);
        for field in section.fields {
            let about: Vec<&str> = field.about.iter().map(|line| line.trim()).collect();
            let _ = writeln!(out, "  {} = {}", field.name, values[section.name][field.name]);
            let _ = writeln!(out, "{}", wrap(&about.join(" "), "      "));
            let _ = writeln!(out, "{}", wrap(&format!("Source: {}", field.source), "      "));
        }
    }
    let steps: Vec<String> = doc.next_steps.iter().map(|step| step.replace('{', "<").replace('}', ">")).collect();
    section(&mut out, "Next steps", &steps.iter().map(String::as_str).collect::<Vec<_>>());
    section(&mut out, "False positives", doc.false_positives);
    if !doc.attack.is_empty() {
        section(&mut out, "ATT&CK", &[&doc.attack.join(", ")]);
    }
    section(&mut out, "Source", &[doc.source]);
    Some(out)
}

fn section(out: &mut String, title: &str, items: &[&str]) {
    let _ = writeln!(out, "\n{title}");
    for item in items {
        let _ = writeln!(out, "  -{}", &wrap(item, "    ")[3..]);
    }
}

/// Lines of at most 100 columns, each after `indent`.
fn wrap(text: &str, indent: &str) -> String {
    const COLUMNS: usize = 100;
    let mut out = String::new();
    let mut used = COLUMNS;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if used + 1 + width > COLUMNS {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(indent);
            used = indent.len();
        } else {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += width;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let text = explain(doc.kind, &Thresholds::default()).unwrap();
            assert!(text.contains(doc.source.split(' ').next().unwrap()), "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
        }
        assert_eq!(listing().lines().count(), DETECTORS.len());
    }
}
