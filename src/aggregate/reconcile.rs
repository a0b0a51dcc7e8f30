//! The report checks itself: numbers that say the same in different words must agree.

use rayon::prelude::*;

use crate::error::ProblemKind;
use crate::model::{Problem, Report};

/// Checks a report and writes into it what came of that. `left_out` are attempts of groups that `--top` cut.
pub(super) fn settle(report: &mut Report, left_out: u64, max_problems: usize) {
    let broken = contradictions(report, left_out);
    let coverage = &mut report.coverage;
    coverage.reconciled = broken.is_empty();
    coverage.problems_total += broken.len() as u64;
    for message in broken {
        let kind = ProblemKind::NotReconciled.name().to_owned();
        coverage.cannot_tell.insert(0, format!("whether the numbers of this report are right: {message}").into());
        coverage.problems.insert(0, Problem { path: String::new(), line: None, kind, message: message.into() });
    }
    coverage.problems.truncate(max_problems);
}

/// Every two numbers that should agree and do not.
fn contradictions(report: &Report, left_out: u64) -> Vec<String> {
    let mut broken = Vec::new();
    let mut equal = |what: &str, one: u64, words: &str, other: u64| {
        if one != other {
            broken.push(format!("{what}: {one}, but {words} is {other}"));
        }
    };
    let coverage = &report.coverage;
    const PARTS: &str = "audit + server + other + undecodable + oversized";
    for input in &coverage.inputs {
        let parts = [
            input.audit_events,
            input.server_events,
            input.other_lines,
            input.undecodable_lines,
            input.oversized_lines,
        ];
        equal(&format!("lines of {}", input.path), input.lines, PARTS, parts.iter().sum());
    }
    let parts = [
        coverage.audit_events,
        coverage.server_events,
        coverage.other_lines,
        coverage.undecodable_lines,
        coverage.oversized_lines,
    ];
    equal("lines", coverage.lines, PARTS, parts.iter().sum());
    let of_inputs = coverage.inputs.iter().map(|input| input.lines).sum();
    equal("lines", coverage.lines, "the sum of all inputs", of_inputs);
    let counted = coverage.actions.values().sum::<u64>() + coverage.duplicates;
    equal("audit events", coverage.audit_events, "actions + duplicates", counted);

    let attempts = report.totals.failed_attempts;
    // What memory has no room for is in the totals and in the timeline, and in nothing else.
    let analysed = attempts - coverage.counted_only.as_ref().map_or(0, |counted| counted.attempts).min(attempts);
    let in_groups = report.groups.tallies().map(|tally| tally.count).sum::<u64>() + left_out;
    equal("analysed attempts", analysed, "the sum of groups", in_groups);
    let tallies = report.groups.tallies().enumerate();
    let differ: Vec<_> = tallies.filter(|(_, tally)| tally.count != tally.of_actions).collect();
    for (at, tally) in differ {
        let id = report.groups.get(at).map(|group| group.id).unwrap_or_default();
        equal(&format!("attempts of {id}"), tally.count, "the sum of its actions", tally.of_actions);
    }
    let bucket = |bucket: &crate::model::TimelineBucket| bucket.authentication_failed + bucket.anonymous_access_denied;
    let in_buckets = report.timeline.buckets.iter().map(bucket).sum();
    equal("failed attempts", attempts, "the sum of the timeline", in_buckets);
    let tops = &report.tops;
    let texts = [
        ("principals", &tops.principals, tops.principals_total),
        ("reasons", &tops.reasons, tops.reasons_total),
        ("sources", &tops.sources, tops.sources_total),
        ("nodes", &tops.nodes, tops.nodes_total),
    ];
    let lists =
        texts.map(|(name, list, total)| (name, list.len() as u64 == total, list.iter().map(|top| top.count).sum()));
    let chains: u64 = tops.realm_chains.iter().map(|top| top.count).sum();
    let chains = ("realm chains", tops.realm_chains.len() as u64 == tops.realm_chains_total, chains);
    for (name, whole, sum) in lists.into_iter().chain([chains]) {
        // A list that was cut holds no more than there is.
        let expected = if whole { analysed } else { sum.min(analysed) };
        equal(&format!("the most frequent {name}"), sum, "what all attempts allow", expected);
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::pipeline::{Request, analyze};

    fn report() -> Report {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/incident");
        let options = Options { listed: Some(3), ..Options::default() };
        analyze(Request::of([path], options)).unwrap().report
    }

    #[test]
    fn a_report_that_was_tampered_with_is_caught() {
        let good = report();
        let left_out = good.totals.failed_attempts - good.groups.iter().map(|group| group.count).sum::<u64>();
        assert!(left_out > 0);
        assert_eq!(contradictions(&good, left_out), [""; 0]);
        assert!(good.coverage.reconciled);
        type Tamper = fn(&mut Report);
        let tamper: [(&str, Tamper); 9] = [
            ("lines of", |report| report.coverage.inputs[1].lines += 1),
            ("lines", |report| report.coverage.other_lines += 1),
            ("lines", |report| report.coverage.inputs.truncate(2)),
            ("audit events", |report| report.coverage.duplicates += 1),
            ("analysed attempts", |report| report.groups.truncate(1)),
            ("attempts of G1", |report| {
                let mut groups: Vec<_> = report.groups.iter().collect();
                groups[0].actions.clear();
                report.groups = groups.into();
            }),
            ("failed attempts", |report| report.timeline.buckets.truncate(5)),
            ("the most frequent reasons", |report| report.tops.reasons[0].count -= 1),
            ("failed attempts", |report| report.totals.failed_attempts += 1),
        ];
        for (says, tamper) in tamper {
            let mut bad = good.clone();
            tamper(&mut bad);
            let told = contradictions(&bad, left_out);
            assert!(told.iter().any(|message| message.starts_with(says)), "{says}: {told:?}");
            settle(&mut bad, left_out, 100);
            assert!(!bad.coverage.reconciled);
            assert_eq!(bad.coverage.problems[0].kind, "not_reconciled");
            assert_eq!(bad.coverage.problems_total, good.coverage.problems_total + told.len() as u64);
        }
    }
}
