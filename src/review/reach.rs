//! How far back each node's logs reach, which hours are missing, and which rolled files.

use std::collections::BTreeMap;

use super::draft::{CheckDraft, ReviewScene, few};
use crate::correlate::KnownNode;
use crate::judge::Severity;
use crate::model::text::{Span, Text};
use crate::text;
use crate::time::{self, DAY, Millis, Zone};

/// Logs that reach less far back are too short: intruders are found after days, not hours. Days, after the median time to
/// detection that M-Trends 2024 reports (10 days).
const SHORT_DAYS: u32 = 10;

/// Stretches that a sentence tells; more are counted.
const TOLD: usize = 5;

pub(super) fn look(scene: &ReviewScene<'_>) -> Vec<CheckDraft> {
    let nodes = scene.joined.nodes.all();
    let mut drafts = Vec::new();
    drafts.extend(without_log(scene));
    drafts.extend(without_server_log(nodes));
    drafts.extend(short(nodes));
    drafts.extend(nodes.iter().filter_map(silent));
    drafts.extend(missing_files(scene));
    drafts
}

/// Nodes of the cluster of which there is no audit log.
fn without_log(scene: &ReviewScene<'_>) -> Option<CheckDraft> {
    if scene.joined.nodes.all().iter().all(|node| node.stats.audit_events == 0) {
        return None;
    }
    let mut missing: Vec<(String, Span, String)> = Vec::new();
    for (_, facts) in scene.clusters() {
        for (id, node) in &facts.nodes {
            let logged = scene.joined.nodes.all().iter().any(|known| {
                let same_name = known.name.is_some() && known.name == node.fact.name;
                (known.id.as_ref() == Some(id) || known.id.is_none() && same_name) && known.stats.audit_events > 0
            });
            if !logged {
                let name = node.fact.name.as_deref().unwrap_or(id);
                missing.push((id.clone(), Span::node(name), node.path.clone()));
            }
        }
    }
    let (_, _, path) = missing.first()?;
    let title = text!("No audit log of {}", few(missing.iter().map(|(_, span, _)| span.clone()), missing.len()));
    let mut draft = CheckDraft::new("node_without_log", Severity::High, title)
        .why("each node writes what it answers itself: requests that came in there are in no other log")
        .fix(text!(
            "Copy its logs, too: the script of {} prints the commands",
            Span::Code("esaudit collect-script".into())
        ))
        .shown_by(path);
    draft.nodes = missing.into_iter().map(|(id, ..)| id).collect();
    Some(draft)
}

/// Nodes whose server log is not there although it would tell reasons.
fn without_server_log(nodes: &[KnownNode]) -> Option<CheckDraft> {
    let lacks = |node: &&KnownNode| {
        node.stats.server_events == 0 && node.stats.failures + node.stats.anonymous > 0 && !node.is_opensearch()
    };
    let lacking: Vec<&KnownNode> = nodes.iter().filter(lacks).collect();
    if lacking.is_empty() {
        return None;
    }
    let spans = lacking.iter().map(|node| Span::node(&node.spoken()));
    let mut draft =
        CheckDraft::new("no_server_log", Severity::Medium, text!("No server log of {}", few(spans, lacking.len())))
            .why("an audit event says who failed, never why: the reasons stand in the server log")
            .fix("Copy <cluster>_server.json, or the output of the container, beside the audit log");
    draft.nodes = labels(&lacking);
    Some(draft)
}

fn labels(nodes: &[&KnownNode]) -> Vec<String> {
    nodes.iter().filter_map(|node| node.label()).map(str::to_owned).collect()
}

/// Nodes whose logs reach back a few days only.
fn short(nodes: &[KnownNode]) -> Option<CheckDraft> {
    let reach = |node: &KnownNode| Some(node.stats.span.last?.0 - node.stats.span.first?.0);
    let short: Vec<&KnownNode> = nodes
        .iter()
        .filter(|node| node.stats.audit_events > 0 && reach(node).is_some_and(|ms| ms < i64::from(SHORT_DAYS) * DAY))
        .collect();
    if short.is_empty() {
        return None;
    }
    let spans = short.iter().map(|node| Span::node(&node.spoken()));
    let mut draft = CheckDraft::new(
        "retention_short",
        Severity::Low,
        text!("The logs of {} reach back less than {} days", few(spans, short.len()), u64::from(SHORT_DAYS)),
    );
    for node in short.iter().take(TOLD) {
        if let (Some(first), Some(ms)) = (node.stats.span.first, reach(node)) {
            draft = draft.why(text!(
                "{} begins at {}, {} before its last event",
                Span::node(&node.spoken()),
                Span::Time(first),
                Span::Duration(ms)
            ));
        }
    }
    draft = draft.why("what came before cannot be told; perhaps older files were not among the inputs").fix(text!(
        "Keep rolled files longer: {} in log4j2.properties, and ship them elsewhere",
        Span::Code("appender.audit_rolling.strategy".into())
    ));
    draft.nodes = labels(&short);
    Some(draft)
}

/// Stretches without an event that the node's usual rate makes implausible.
fn silent(node: &KnownNode) -> Option<CheckDraft> {
    let gaps = node.stats.minutes.gaps();
    let total: i64 = gaps.iter().map(|(start, end)| end.0 - start.0).sum();
    if gaps.is_empty() {
        return None;
    }
    let severity = if total >= 6 * 3_600_000 { Severity::High } else { Severity::Medium };
    let span = Span::node(&node.spoken());
    let title = text!("{} wrote no audit event for {} in all", span, Span::Duration(total));
    let mut draft = CheckDraft::new("hours_missing", severity, title);
    for &(start, end) in gaps.iter().take(TOLD) {
        draft = draft.why(Text::from("nothing ").with(Span::Period(start, end)));
    }
    if gaps.len() > TOLD {
        draft = draft.why(Text::from(format!("and {} more such stretches", gaps.len() - TOLD)));
    }
    draft = draft
        .why("its usual rate makes that implausible: the node was down, a file is missing, or auditing was off")
        .fix("Look for the files of these hours, and in the server log for a restart or a change of settings");
    draft.nodes = node.label().map(str::to_owned).into_iter().collect();
    Some(draft)
}

/// A rolled file by its name: `<cluster>_audit-YYYY-MM-DD-N.json`, whatever compresses it (`log4j2.properties`).
fn rolled(path: &str) -> Option<(&str, i64, u32)> {
    let at = path.rfind("_audit-")? + "_audit-".len();
    let (series, rest) = path.split_at(at);
    let day = rest.get(..10)?;
    let number = rest.get(10..)?.strip_prefix('-')?.split('.').next()?.parse().ok()?;
    let midnight = time::parse(format!("{day}T00:00:00Z").as_bytes(), Zone::UTC)?.time;
    Some((series, midnight.0.div_euclid(DAY), number))
}

/// Rolled files that are missing within a sequence.
fn missing_files(scene: &ReviewScene<'_>) -> Vec<CheckDraft> {
    let mut series: BTreeMap<&str, BTreeMap<i64, Vec<u32>>> = BTreeMap::new();
    for input in &scene.joined.state.inputs {
        if let Some((name, day, number)) = rolled(&input.label) {
            series.entry(name).or_default().entry(day).or_default().push(number);
        }
    }
    series.into_iter().filter_map(|(name, days)| missing_of(name, &days)).collect()
}

fn missing_of(series: &str, days: &BTreeMap<i64, Vec<u32>>) -> Option<CheckDraft> {
    let &first = days.keys().next()?;
    let mut missing: Vec<Text> = Vec::new();
    let day_of = |day: i64| Millis(day.saturating_mul(DAY)).rfc3339().get(..10).unwrap_or_default().to_owned();
    let mut before = first;
    for (&day, numbers) in days {
        if day - before > 1 {
            let (from, to) = (day_of(before + 1), day_of(day - 1));
            missing.push(if from == to { from } else { format!("{from} to {to}") }.into());
        }
        before = day;
        let most = numbers.iter().copied().max().unwrap_or(0);
        let gone: Vec<u32> = (1..most).filter(|number| !numbers.contains(number)).take(TOLD).collect();
        missing.extend(gone.into_iter().map(|number| Text::from(format!("{}, number {number}", day_of(day)))));
    }
    if missing.is_empty() {
        return None;
    }
    let total = missing.len() as u64;
    let title = text!(
        "{} missing from the sequence {}*",
        Text::count(total, "rolled file or stretch is", "rolled files or stretches are"),
        Span::name(series)
    );
    let mut draft = CheckDraft::new("rolled_file_missing", Severity::Medium, title);
    for one in missing.into_iter().take(TOLD) {
        draft = draft.why(text!("there is none of {}", one));
    }
    if total > TOLD as u64 {
        draft = draft.why(Text::from(format!("and {} more", total - TOLD as u64)));
    }
    Some(
        draft
            .why("Elasticsearch numbers rolled files without a gap: somebody removed these, or did not copy them")
            .fix("Copy them from the node or its backup; if they are gone there, too, find out who may write to path.logs"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rolled_files_are_told_by_their_names() {
        assert_eq!(rolled("es-1/c_audit-2026-03-01-2.json.gz").map(|(s, _, n)| (s, n)), Some(("es-1/c_audit-", 2)));
        assert_eq!(rolled("c_audit.json"), None);
        assert_eq!(rolled("c_audit-2026-13-01-1.json"), None);
        assert_eq!(rolled("c_audit-é"), None);
        let days = BTreeMap::from([(20_000, vec![1, 3]), (20_003, vec![1])]);
        let told = missing_of("s", &days).unwrap();
        assert!(told.title.plain().starts_with("2 rolled files or stretches are"), "{}", told.title.plain());
        assert!(missing_of("s", &BTreeMap::from([(20_000, vec![2, 1]), (20_001, vec![1])])).is_none());
    }
}
