//! The summary of a report: the verdict of the night in a sentence, and the findings by what they need.

use super::{coverage, moment, period, tool, what_is_left, word};
use crate::document::summary::{Summary, ToldFinding};
use crate::document::{Block, Fact, Tone};
use crate::model::text::{Logged, Span, Text};
use crate::model::{Finding, Report, TopText};

/// Verdicts in the order in which they are told.
const VERDICTS: [&str; 3] = ["hostile", "unclear", "operational"];

/// Kinds of hostile findings whose actor was let in, best proven first.
const INSIDE: [&str; 4] = ["account_compromise", "suspicious_access", "persistence", "mass_invalidation"];

/// Facts of the head that a summary has room for unless they are warnings.
const KEPT: [&str; 3] = ["Read", "Span", "Filters"];

/// How it is said that what cannot be told is told by something else.
const STANDS_IN: &str = "stand in for it";

pub(super) fn summary(report: &Report) -> Summary {
    let coverage = &report.coverage;
    let facts = coverage::head(coverage, report.filters.as_ref()).into_iter().flat_map(|block| match block {
        Block::Facts(facts) => facts,
        _ => Vec::new(),
    });
    let is_told = |fact: &Fact| KEPT.contains(&fact.name) || matches!(fact.tone, Tone::Warn | Tone::Bad);
    let findings = ranked(report);
    let (verdict, tone) = verdict(report);
    Summary {
        tool: tool(&report.tool),
        period: period(coverage.first.as_deref(), coverage.last.as_deref()),
        read: facts.filter(is_told).collect(),
        verdict,
        tone,
        first: first(&findings).map(|finding| Logged::new(&finding.id)),
        findings: findings.into_iter().map(told).collect(),
        unknown: topics(&coverage.cannot_tell),
    }
}

/// The findings, hostile first.
fn ranked(report: &Report) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| rank(&finding.verdict));
    findings
}

/// The finding to look at first: whoever is in goes before the first of the list.
fn first<'f>(findings: &[&'f Finding]) -> Option<&'f Finding> {
    let is_inside = |finding: &&&Finding| finding.verdict == VERDICTS[0] && INSIDE.contains(&finding.kind.as_str());
    let compromised = findings.iter().find(|finding| is_inside(finding) && finding.kind == INSIDE[0]);
    compromised.or_else(|| findings.iter().find(is_inside)).or_else(|| findings.first()).copied()
}

fn rank(verdict: &str) -> usize {
    VERDICTS.iter().position(|known| *known == verdict).unwrap_or(VERDICTS.len())
}

fn told(finding: &Finding) -> ToldFinding {
    ToldFinding {
        id: Logged::new(&finding.id),
        severity: Logged::new(&finding.severity),
        verdict: Logged::new(&finding.verdict),
        kind: Logged::new(&finding.kind),
        title: finding.title.clone(),
        start: finding.start.as_deref().or(finding.end.as_deref()).map(moment).map_or_else(Text::new, Text::from),
    }
}

/// The verdict of the night: whether somebody is in, tries to, or things are merely broken. Says no more than the findings do.
pub(super) fn verdict(report: &Report) -> (Text, Tone) {
    let coverage = &report.coverage;
    let findings = &report.findings;
    if coverage.holds_nothing() {
        return ("No verdict: no audit and no server event was in what was read.".into(), Tone::Warn);
    }
    if coverage.audit_events == 0 {
        return ("No verdict: there is no audit log among what was read.".into(), Tone::Warn);
    }
    let of = |verdict: &str| findings.iter().filter(|finding| finding.verdict == verdict).collect::<Vec<_>>();
    let [hostile, unclear, operational] = VERDICTS.map(of);
    let in_by_now: Vec<&Finding> = hostile.iter().filter(|finding| finding.kind == INSIDE[0]).copied().collect();
    let is_inside = |finding: &&&Finding| INSIDE.contains(&finding.kind.as_str());
    let rest = |text: Text| others(text, &[(&unclear, "unclear"), (&operational, "operational")]);
    if !in_by_now.is_empty() {
        let text = more(entered(&in_by_now), hostile.len() - in_by_now.len());
        return (rest(text).with("."), Tone::Alarm);
    }
    if let Some(inside) = hostile.iter().find(is_inside) {
        let text = Text::from("Somebody seems to be in: ").with(inside.title.clone());
        return (rest(more(text, hostile.len() - 1)).with("."), Tone::Alarm);
    }
    if let Some(first) = hostile.first() {
        let entry = match report.base_rate.as_ref().is_some_and(|rate| rate.logins.is_some()) {
            true => "; nobody is seen to get in",
            false => "; whether anybody got in cannot be told, for successes are not logged",
        };
        let text = match hostile.len() {
            1 => Text::from("An attack: ").with(first.title.clone().within()),
            many => Text::count(many as u64, "hostile finding", "hostile findings"),
        };
        return (rest(text.with(entry)).with("."), Tone::Bad);
    }
    if !unclear.is_empty() {
        let text = Text::from("Nothing is certainly an attack; ");
        let text = match unclear.as_slice() {
            [only] => text.with("to be looked at: ").with(only.title.clone().within()),
            many => text.with(many.len() as u64).with(" findings may be one"),
        };
        return (others(text, &[(&operational, "operational")]).with("."), Tone::Warn);
    }
    if !operational.is_empty() {
        let text = Text::from("No attack is seen; ");
        let text = match operational.as_slice() {
            [only] => text.with("what is broken: ").with(only.title.clone().within()),
            many => text.with(many.len() as u64).with(" findings are about what is broken"),
        };
        return (text.with("."), Tone::Note);
    }
    without_findings(report)
}

/// Who got in, since when, and whether they still are.
fn entered(findings: &[&Finding]) -> Text {
    let entries = || findings.iter().filter_map(|finding| finding.after_entry.as_ref());
    let first = entries().filter_map(|after| after.from.as_deref()).min();
    let mut text = Text::from("Somebody got in: ");
    match findings {
        [only] => text.push(only.title.clone()),
        many => text = text.with(Text::count(many.len() as u64, "account", "accounts")).with(" taken over"),
    }
    if let Some(first) = first {
        text = text.with(", in since ").with(moment(first));
    }
    if entries().any(|after| after.active_at_end) {
        text.push(" and still active where the log ends");
    }
    text
}

/// The same with how many more hostile findings there are.
fn more(text: Text, more: usize) -> Text {
    if more == 0 {
        return text;
    }
    text.with("; ").with(Text::count(more as u64, "more hostile finding", "more hostile findings"))
}

/// The verdict where nothing was found.
fn without_findings(report: &Report) -> (Text, Tone) {
    let failures = report.totals.failed_attempts;
    if failures == 0 {
        return (Text::from("Quiet: no failed authentication in ").with(what_is_left(report)).with("."), Tone::Plain);
    }
    // An attack and an outage look alike where nobody is seen to get in.
    let (head, tone) = match report.base_rate.as_ref().is_some_and(|rate| rate.logins.is_none()) {
        true => ("Cannot tell: successes are not logged, and nothing matches a known pattern among ", Tone::Warn),
        false => ("Nothing matches a known pattern among ", Tone::Plain),
    };
    let text = Text::from(head).with(Text::count(failures, "failed attempt", "failed attempts"));
    let text = text.with(" in ").with(what_is_left(report));
    (most_often(report).into_iter().fold(text, Text::with).with("."), tone)
}

/// Who failed most often, and from where: what to look at where nothing was found.
fn most_often(report: &Report) -> Option<Text> {
    let often = |top: &TopText, span: fn(&str) -> Span, unnamed: &'static str| {
        let name = top.key.as_deref().map_or_else(|| Text::from(unnamed), |name| span(name).into());
        name.with(" (").with(Text::count(top.count, "time", "times")).with(")")
    };
    let top = |tops: &[TopText]| tops.first().filter(|top| top.count > 1).cloned();
    let who = top(&report.tops.principals).map(|top| often(&top, Span::principal, "without a name"))?;
    let text = Text::from("; most often ").with(who);
    let place = top(&report.tops.sources).filter(|top| top.key.is_some());
    Some(match place {
        Some(top) => text.with(", and from ").with(often(&top, Span::address, "")),
        None => text,
    })
}

/// What cannot be told, without where and why: each thing once. Where something else of the log stands in, it can be told.
fn topics(unknown: &[Text]) -> Vec<Text> {
    let mut topics: Vec<Text> = Vec::new();
    for text in unknown.iter().filter(|text| !text.contains(STANDS_IN)) {
        let topic = match text.topic() {
            topic if is_of_some(&topic) => "reasons of some failures".into(),
            topic => topic,
        };
        if !topics.contains(&topic) {
            topics.push(topic);
        }
    }
    topics
}

/// Whether it is about the reasons of so many failures: of several nodes it would be said again with another number.
fn is_of_some(topic: &Text) -> bool {
    topic.plain().strip_prefix("reasons of ").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// The same with how many findings there are beside.
fn others(mut text: Text, others: &[(&[&Finding], &'static str)]) -> Text {
    let told: Vec<_> = others.iter().filter(|(findings, _)| !findings.is_empty()).collect();
    for (at, (findings, verdict)) in told.iter().enumerate() {
        let separator = if at == 0 { "; also " } else { " and " };
        text.push(Text::from(separator).with(findings.len() as u64).with(" ").with(word(verdict)));
    }
    match told.last() {
        Some(([_], _)) => text.with(" finding"),
        Some(_) => text.with(" findings"),
        None => text,
    }
}
