//! How every finding of a run is told, a line each, kept in the repository: a change of judging shows there as what it changes,
//! also where the figures of the board stay as they were.

use std::fmt::Write;

use crate::score::{Finding, Score};

/// Differences that are shown; who wants all compares the files.
const SHOWN: usize = 40;

/// Chances below this are one: their last digits depend on the mathematical library of the system.
const NEVER: f64 = 1e-9;

/// A finding in a line: how grave, what, when, of how many, and how seldom chance makes its like.
fn line(finding: &Finding) -> String {
    let chance = match finding.expected_by_chance {
        None => "-".to_owned(),
        Some(chance) if chance < NEVER => format!("<{NEVER:.0e}"),
        Some(chance) => format!("{chance:.0e}"),
    };
    format!(
        "{} {} {:.2} {} {} {} principals {} sources {} keys {} failures {} successes {} chance {chance}",
        finding.severity,
        finding.verdict,
        finding.confidence,
        finding.kind,
        finding.start,
        finding.end,
        finding.principals.len(),
        finding.sources.len(),
        finding.api_keys.len(),
        finding.failures,
        finding.successes,
    )
}

/// All of a run, below the names of their scenarios.
pub(crate) fn text(scores: &[Score]) -> String {
    let mut out = String::from(
        "# How each finding of the gate's scenarios is told; `.ci/run` fails where a run differs. After a change of judging:\n\
         # `esaudit-board --check docs/judging-best.toml --verdicts docs/judging-verdicts.txt --renew`, then read the difference.\n",
    );
    for score in scores {
        let _ = writeln!(out, "{}", score.scenario);
        for finding in &score.findings {
            let _ = writeln!(out, "  {}", line(finding));
        }
    }
    out
}

/// What differs between what is kept and this run, each with its scenario: at most a screenful, then how many more.
pub(crate) fn differences(kept: &str, now: &str) -> Vec<String> {
    let (kept, now) = (named(kept), named(now));
    let (kept_lines, now_lines) = (sorted(&kept), sorted(&now));
    let gone = kept.iter().filter(|line| now_lines.binary_search(line).is_err()).map(|line| ("no more", line));
    let new = now.iter().filter(|line| kept_lines.binary_search(line).is_err()).map(|line| ("now", line));
    let mut all: Vec<(&str, &str, &str)> =
        gone.chain(new).map(|(what, (scenario, line))| (*scenario, what, *line)).collect();
    all.sort_by_key(|(scenario, _, _)| *scenario);
    let more = all.len().saturating_sub(SHOWN);
    let mut said: Vec<String> =
        all.into_iter().take(SHOWN).map(|(scenario, what, line)| format!("{scenario}: {what}: {line}")).collect();
    if more > 0 {
        said.push(format!("and {more} more"));
    }
    said
}

fn sorted<'t>(lines: &[(&'t str, &'t str)]) -> Vec<(&'t str, &'t str)> {
    let mut lines = lines.to_vec();
    lines.sort_unstable();
    lines
}

/// The lines with the names of their scenarios; a scenario without a finding has one that is empty.
fn named(text: &str) -> Vec<(&str, &str)> {
    let mut scenario = "";
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("  ") {
            Some(finding) => lines.push((scenario, finding)),
            None => {
                scenario = line;
                lines.push((scenario, ""));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_and_what_is_new_is_said_of_its_scenario() {
        let kept = "# text\na\n  one\n  two\nb\n";
        assert!(differences(kept, "a\n  one\n  two\nb\n").is_empty());
        let said = differences(kept, "a\n  one\n  three\nb\n  one\nc\n");
        assert_eq!(said, ["a: no more: two", "a: now: three", "b: now: one", "c: now: "]);
        let many: String = (0..60).map(|number| format!("  {number}\n")).collect();
        assert_eq!(differences("a\n", &format!("a\n{many}")).last().map(String::as_str), Some("and 20 more"));
    }
}
