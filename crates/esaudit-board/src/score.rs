//! How one report tells one truth: the rules of the handed scenarios' `score.py`, stated again.
//!
//! A finding counts if its severity is above info. It touches an incident if their times overlap (ten minutes of grace) and
//! every dimension that both name (principals, sources, keys; nodes where the incident names nothing else) has something
//! in common, and at least one has. An incident is found if a finding of an accepted kind touches it. A finding is right
//! if it does so for any incident and does not call breakage hostile; tolerated if it touches only what need not be told,
//! under another kind, with an accepted verdict.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use serde::Deserialize;

/// How far apart the times of a finding and its incident may be.
const GRACE: TimeDelta = TimeDelta::minutes(10);

/// One thing that happened.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Incident {
    pub(crate) kind: String,
    pub(crate) accept: Vec<String>,
    pub(crate) verdict: String,
    pub(crate) verdicts: Vec<String>,
    pub(crate) required: bool,
    pub(crate) principals: BTreeSet<String>,
    pub(crate) sources: BTreeSet<String>,
    pub(crate) keys: BTreeSet<String>,
    #[serde(default)]
    pub(crate) nodes: BTreeSet<String>,
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) max_findings: usize,
}

/// Something that nothing may be told of.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Negative {
    pub(crate) what: String,
    pub(crate) principals: BTreeSet<String>,
    pub(crate) sources: BTreeSet<String>,
    pub(crate) hostile_only: bool,
}

/// The truth of a scenario.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Truth {
    pub(crate) scenario: String,
    /// Absent in scenarios that were not made here.
    #[serde(default)]
    pub(crate) requests: u64,
    pub(crate) config: Option<String>,
    pub(crate) args: Vec<String>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) must_not: Vec<Negative>,
}

/// What is read of a finding.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Finding {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) severity: String,
    pub(crate) verdict: String,
    #[serde(default)]
    pub(crate) confidence: f64,
    pub(crate) principals: BTreeSet<String>,
    pub(crate) sources: BTreeSet<String>,
    #[serde(default)]
    pub(crate) nodes: BTreeSet<String>,
    pub(crate) api_keys: BTreeSet<String>,
    pub(crate) start: String,
    pub(crate) end: String,
    #[serde(default)]
    pub(crate) failures: u64,
    #[serde(default)]
    pub(crate) successes: u64,
    #[serde(default)]
    pub(crate) expected_by_chance: Option<f64>,
}

/// What is read of a report.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
}

/// How an incident was told.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) kind: String,
    pub(crate) verdict: String,
    pub(crate) required: bool,
    pub(crate) found: bool,
    pub(crate) verdict_ok: bool,
    /// Right findings beyond what is fair for one cause.
    pub(crate) surplus: usize,
    /// Kinds and verdicts of all findings that touch it.
    pub(crate) near: BTreeSet<String>,
    pub(crate) told: &'static str,
}

/// How a finding tells the truth.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) kind: String,
    pub(crate) verdict: String,
    pub(crate) confidence: f64,
    pub(crate) right: bool,
    pub(crate) tolerated: bool,
    /// Told as hostile though nothing that it touches may be told so.
    pub(crate) ordinary_as_hostile: bool,
    pub(crate) label: String,
}

/// How a report tells a truth.
#[derive(Clone, Debug)]
pub(crate) struct Score {
    pub(crate) scenario: String,
    pub(crate) requests: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) told: Vec<Told>,
    /// All findings, those that count for nothing too.
    pub(crate) findings: Vec<Finding>,
    /// Incidents that are hostile and required and were told only as operational.
    pub(crate) hostile_as_operational: usize,
    /// Findings that call hostile what is operational, or what must not be told at all.
    pub(crate) operational_as_hostile: usize,
    /// Negatives that some finding is about.
    pub(crate) broken_negatives: Vec<String>,
}

impl Score {
    /// Required incidents.
    pub(crate) fn required(&self) -> usize {
        self.rows.iter().filter(|row| row.required).count()
    }

    /// Required incidents that were found.
    pub(crate) fn found(&self) -> usize {
        self.rows.iter().filter(|row| row.required && row.found).count()
    }

    /// Findings above info that are neither right nor tolerated.
    pub(crate) fn wrong(&self) -> usize {
        self.told.iter().filter(|told| !told.right && !told.tolerated).count()
    }

    /// Right findings beyond what is fair for one cause.
    pub(crate) fn surplus(&self) -> usize {
        self.rows.iter().map(|row| row.surplus).sum()
    }

    /// How bad it is, for the list of the worst.
    pub(crate) fn badness(&self) -> usize {
        let missed = self.required() - self.found();
        5 * self.hostile_as_operational + 3 * self.operational_as_hostile + 2 * missed + self.wrong() + self.surplus()
    }
}

fn overlaps(finding: &Finding, incident: &Incident) -> bool {
    let moment = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    let times = (moment(&finding.start), moment(&finding.end), moment(&incident.start), moment(&incident.end));
    let (Some(start), Some(end), Some(from), Some(to)) = times else { return false };
    start <= to + GRACE && from - GRACE <= end
}

fn touches(finding: &Finding, incident: &Incident) -> bool {
    if !overlaps(finding, incident) {
        return false;
    }
    let nameless = incident.principals.is_empty() && incident.sources.is_empty() && incident.keys.is_empty();
    if nameless && !incident.nodes.is_empty() {
        return !finding.nodes.is_disjoint(&incident.nodes);
    }
    let mut common = false;
    let dimensions = [(&finding.principals, &incident.principals), (&finding.sources, &incident.sources)];
    for (told, truth) in dimensions {
        if !told.is_empty() && !truth.is_empty() {
            if told.is_disjoint(truth) {
                return false;
            }
            common = true;
        }
    }
    // A key that was made later, or a neighbour's, does not make it another cause.
    common || !finding.api_keys.is_disjoint(&incident.keys)
}

/// Whether a finding is about this and hardly anything else.
fn is_of(finding: &Finding, negative: &Negative) -> bool {
    let mostly = |told: &BTreeSet<String>, who: &BTreeSet<String>| told.intersection(who).count() * 2 > told.len();
    mostly(&finding.principals, &negative.principals) || mostly(&finding.sources, &negative.sources)
}

fn accepts(incident: &Incident, finding: &Finding) -> bool {
    incident.accept.contains(&finding.kind)
}

fn is_right(incident: &Incident, finding: &Finding) -> bool {
    accepts(incident, finding) && !(finding.verdict == "hostile" && incident.verdict == "operational")
}

/// The gravest verdict of these.
fn told_as<'a>(verdicts: impl Iterator<Item = &'a str> + Clone) -> &'static str {
    ["hostile", "unclear", "operational"].into_iter().find(|v| verdicts.clone().any(|told| told == *v)).unwrap_or("-")
}

fn row(incident: &Incident, findings: &[&Finding]) -> Row {
    let near: Vec<&&Finding> = findings.iter().filter(|f| touches(f, incident)).collect();
    let right: Vec<&&&Finding> = near.iter().filter(|f| is_right(incident, f)).collect();
    let told = if right.is_empty() {
        told_as(near.iter().map(|f| f.verdict.as_str()))
    } else {
        told_as(right.iter().map(|f| f.verdict.as_str()))
    };
    Row {
        kind: incident.kind.clone(),
        verdict: incident.verdict.clone(),
        required: incident.required,
        found: !right.is_empty(),
        verdict_ok: incident.verdicts.iter().any(|v| v == told),
        surplus: right.len().saturating_sub(incident.max_findings),
        near: near.iter().map(|f| format!("{}/{}", f.kind, f.verdict)).collect(),
        told,
    }
}

fn finding(truth: &Truth, finding: &Finding) -> (Told, bool) {
    let mine: Vec<&Incident> = truth.incidents.iter().filter(|incident| touches(finding, incident)).collect();
    let hostile = finding.verdict == "hostile";
    let right = mine.iter().any(|incident| is_right(incident, finding));
    let tolerated = mine.iter().any(|i| !i.required && i.verdicts.contains(&finding.verdict));
    let opposed = hostile
        && if mine.is_empty() {
            truth.must_not.iter().any(|negative| is_of(finding, negative))
        } else {
            mine.iter().all(|incident| incident.verdict == "operational")
        };
    let may_be_hostile = mine.iter().any(|incident| incident.verdicts.iter().any(|v| v == "hostile"));
    let (who, whence) = (finding.principals.iter().next(), finding.sources.iter().next());
    let label = format!(
        "{} {}/{}/{} {}({}) {}({})",
        finding.id,
        finding.kind,
        finding.verdict,
        finding.severity,
        who.map_or("-", String::as_str),
        finding.principals.len(),
        whence.map_or("-", String::as_str),
        finding.sources.len()
    );
    let told = Told {
        kind: finding.kind.clone(),
        verdict: finding.verdict.clone(),
        confidence: finding.confidence,
        right,
        tolerated: !right && tolerated,
        ordinary_as_hostile: hostile && !may_be_hostile,
        label,
    };
    (told, opposed)
}

/// Scores a report.
pub(crate) fn score(truth: &Truth, report: &Report) -> Score {
    let counted: Vec<&Finding> = report.findings.iter().filter(|f| f.severity != "info").collect();
    let rows: Vec<Row> = truth.incidents.iter().map(|incident| row(incident, &counted)).collect();
    let told: Vec<(Told, bool)> = counted.iter().map(|f| finding(truth, f)).collect();
    let only_operational = |row: &&Row| row.verdict == "hostile" && row.required && row.told == "operational";
    let breaks = |negative: &&Negative| {
        counted.iter().any(|f| {
            let explained = truth.incidents.iter().any(|i| touches(f, i) && accepts(i, f));
            is_of(f, negative) && (!negative.hostile_only || f.verdict == "hostile") && !explained
        })
    };
    Score {
        scenario: truth.scenario.clone(),
        requests: truth.requests,
        hostile_as_operational: rows.iter().filter(only_operational).count(),
        operational_as_hostile: told.iter().filter(|(_, opposed)| *opposed).count(),
        broken_negatives: truth.must_not.iter().filter(breaks).map(|negative| negative.what.clone()).collect(),
        rows,
        told: told.into_iter().map(|(told, _)| told).collect(),
        findings: report.findings.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn incident() -> Incident {
        Incident {
            kind: "password_guessing".into(),
            accept: vec!["password_guessing".into()],
            verdict: "hostile".into(),
            verdicts: vec!["hostile".into()],
            required: true,
            principals: set(&["root"]),
            sources: set(&["192.0.2.1"]),
            keys: set(&[]),
            nodes: set(&[]),
            start: "2026-03-01T10:00:00.000Z".into(),
            end: "2026-03-01T11:00:00.000Z".into(),
            max_findings: 1,
        }
    }

    fn told(kind: &str, verdict: &str) -> Finding {
        Finding {
            id: "F1".into(),
            kind: kind.into(),
            severity: "high".into(),
            verdict: verdict.into(),
            confidence: 0.9,
            principals: set(&["root"]),
            sources: set(&["192.0.2.1"]),
            nodes: set(&[]),
            api_keys: set(&[]),
            start: "2026-03-01T11:09:00.000Z".into(),
            end: "2026-03-01T11:30:00.000Z".into(),
            failures: 1,
            successes: 0,
            expected_by_chance: None,
        }
    }

    fn scored(findings: Vec<Finding>) -> Score {
        let truth = Truth {
            scenario: "s".into(),
            requests: 100,
            config: None,
            args: Vec::new(),
            incidents: vec![incident()],
            must_not: Vec::new(),
        };
        score(&truth, &Report { findings })
    }

    #[test]
    fn ten_minutes_of_grace_and_every_dimension_that_both_name() {
        assert_eq!(scored(vec![told("password_guessing", "hostile")]).found(), 1);
        let late = Finding { start: "2026-03-01T11:11:00.000Z".into(), ..told("password_guessing", "hostile") };
        assert_eq!(scored(vec![late]).found(), 0);
        let other = Finding { sources: set(&["192.0.2.9"]), ..told("password_guessing", "hostile") };
        assert_eq!(scored(vec![other]).found(), 0);
        let silent = Finding { sources: set(&[]), ..told("password_guessing", "hostile") };
        assert_eq!(scored(vec![silent]).found(), 1);
    }

    #[test]
    fn surplus_opposition_and_info() {
        let twice = scored(vec![told("password_guessing", "hostile"), told("password_guessing", "unclear")]);
        assert_eq!((twice.found(), twice.surplus(), twice.wrong()), (1, 1, 0));
        let opposed = scored(vec![told("stale_credential", "operational")]);
        assert_eq!((opposed.found(), opposed.hostile_as_operational, opposed.wrong()), (0, 1, 1));
        let info = Finding { severity: "info".into(), ..told("stale_credential", "operational") };
        assert_eq!((scored(vec![info.clone()]).hostile_as_operational, scored(vec![info]).wrong()), (0, 0));
    }

    /// A report that tells the truth and nothing else.
    fn perfect(truth: &Truth) -> Report {
        let findings = truth.incidents.iter().map(|incident| Finding {
            verdict: incident.verdict.clone(),
            principals: incident.principals.clone(),
            sources: incident.sources.clone(),
            nodes: incident.nodes.clone(),
            api_keys: incident.keys.clone(),
            start: incident.start.clone(),
            end: incident.end.clone(),
            ..told(&incident.kind, "")
        });
        Report { findings: findings.collect() }
    }

    #[test]
    fn the_truth_of_every_kind_scores_as_such_and_silence_does_not() {
        for kind in esaudit_gen::scenario::KINDS {
            let scenario = esaudit_gen::scenario::make(kind, 31);
            let truth: Truth =
                serde_json::from_value(scenario.truth(esaudit_gen::scenario::Written::default())).unwrap();
            let score = score(&truth, &perfect(&truth));
            let opposed = score.hostile_as_operational + score.operational_as_hostile;
            assert_eq!((score.found(), score.wrong(), opposed), (score.required(), 0, 0), "{}", kind.name);
            assert!(score.broken_negatives.is_empty(), "{}: {:?}", kind.name, score.broken_negatives);
            assert!(score.rows.iter().all(|row| !row.required || row.verdict_ok), "{}", kind.name);
            assert_eq!(super::score(&truth, &Report { findings: Vec::new() }).found(), 0);
        }
    }
}
