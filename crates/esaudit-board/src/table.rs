//! The board as a page.

use std::fmt::Write;

use crate::score::Score;
use crate::sums::{Sums, is_hostile, share};

/// Steps of the calibration table with fewer findings than this say nothing.
pub(crate) const LEAST: usize = 20;

/// One set of seeds and what came of it.
pub(crate) struct Part<'a> {
    pub(crate) title: &'a str,
    pub(crate) seeds: (u64, u64),
    pub(crate) scores: &'a [Score],
}

/// The page.
pub(crate) fn page(command: &str, parts: &[Part<'_>]) -> String {
    let mut out = format!(
        "# How well it judges\n\nMade by `{command}`; do not edit. Scenarios come from `esaudit-gen scenarios`, which draws all that says \
         nothing about the truth (pace, place, history, logging, typing errors, population, ordinary life) from wide \
         distributions. An incident must be told if its likelihood ratio against ordinary life exceeds 10⁴. A finding above \
         info is right if it overlaps an incident that accepts its kind; more findings than are fair for one cause count as \
         wrong. Held-out seeds were used for nothing else.\n"
    );
    for part in parts {
        let sums = Sums::of(part.scores);
        let _ = write!(
            out,
            "\n## {} (seeds {} to {}, {} scenarios)\n\n",
            part.title,
            part.seeds.0,
            part.seeds.1.saturating_sub(1),
            sums.scenarios
        );
        out.push_str(&summary(&sums));
        out.push_str(&kinds(&sums));
        out.push_str(&scenarios(&sums));
        out.push_str(&calibration(&sums));
        out.push_str(&worst(part.scores));
    }
    out
}

/// The figures that have targets.
pub(crate) fn summary(sums: &Sums) -> String {
    let mut out = String::from("| what | reached | target |\n|---|---|---|\n");
    let mut line = |what: &str, reached: String, target: &str| {
        let _ = writeln!(out, "| {what} | {reached} | {target} |");
    };
    line("recall, hostile kinds", format!("{:.3}", sums.recall(true)), "0.97 each");
    line("recall, operational kinds", format!("{:.3}", sums.recall(false)), "0.95 each");
    line("precision, surplus counted as wrong", format!("{:.3}", sums.precision()), "0.97");
    line("surplus findings", sums.surplus.to_string(), "");
    line("hostile told as operational", sums.hostile_as_operational.to_string(), "0");
    line("operational or ordinary told as hostile", sums.operational_as_hostile.to_string(), "");
    line("ordinary told as hostile, a report", format!("{:.3}", sums.ordinary_as_hostile_a_report()), "0.05");
    line("told what must not be told", sums.broken_negatives.to_string(), "0");
    line("false findings per million requests", format!("{:.1}", sums.false_a_million()), "");
    let worst = format!("{:.1} points", 100.0 * sums.calibration_error(LEAST));
    line("worst step of the calibration", worst, "5 points");
    out
}

fn kinds(sums: &Sums) -> String {
    let mut out = String::from(
        "\n| kind | leans | incidents | found | recall | verdict right | told | precision | surplus | told operational |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (kind, of) in &sums.kinds {
        let leans = if is_hostile(kind) { "hostile" } else { "operational" };
        let _ = writeln!(
            out,
            "| {kind} | {leans} | {} | {} | {:.3} | {:.3} | {} | {:.3} | {} | {} |",
            of.required,
            of.found,
            share(of.found, of.required),
            share(of.verdict_ok, of.found),
            of.told,
            share(of.right, of.told),
            of.surplus,
            of.hostile_as_operational
        );
    }
    out
}

fn scenarios(sums: &Sums) -> String {
    let mut out = String::from(
        "\n| scenario | number | required | found | wrong findings | surplus | told as hostile |\n|---|---|---|---|---|---|---|\n",
    );
    for (name, of) in &sums.of_scenarios {
        let _ = writeln!(
            out,
            "| {name} | {} | {} | {} | {} | {} | {} |",
            of.scenarios, of.required, of.found, of.wrong, of.surplus, of.as_hostile
        );
    }
    out
}

fn calibration(sums: &Sums) -> String {
    let mut out =
        String::from("\n| verdict | confidence | findings | mean confidence | right |\n|---|---|---|---|---|\n");
    for ((verdict, tenth), step) in &sums.calibration {
        let _ = writeln!(
            out,
            "| {verdict} | 0.{tenth}+ | {} | {:.3} | {:.3} |",
            step.told,
            step.confidence / step.told as f64,
            share(step.right, step.told)
        );
    }
    out
}

/// The ten worst scenarios, with what was missed and what was wrong.
fn worst(scores: &[Score]) -> String {
    let mut order: Vec<&Score> = scores.iter().filter(|score| score.badness() > 0).collect();
    order.sort_by_key(|score| (std::cmp::Reverse(score.badness()), score.scenario.clone()));
    let mut out = String::from("\nThe worst ten:\n\n");
    for score in order.into_iter().take(10) {
        let _ = writeln!(out, "- {}: {}", score.scenario, complaints(score).join("; "));
    }
    out
}

/// What is wrong with one report, in a few words each.
pub(crate) fn complaints(score: &Score) -> Vec<String> {
    let mut said = Vec::new();
    for row in score.rows.iter().filter(|row| row.required && !row.found) {
        let near: Vec<&str> = row.near.iter().map(String::as_str).collect();
        said.push(format!(
            "missed {} (near: {})",
            row.kind,
            if near.is_empty() { "-".into() } else { near.join(", ") }
        ));
    }
    for row in score.rows.iter().filter(|row| row.surplus > 0) {
        said.push(format!("{} surplus of {}", row.surplus, row.kind));
    }
    for row in score.rows.iter().filter(|row| row.required && row.found && !row.verdict_ok) {
        said.push(format!("{} told as {}", row.kind, row.told));
    }
    let wrong: Vec<&str> = score.told.iter().filter(|t| !t.right && !t.tolerated).map(|t| t.label.as_str()).collect();
    if let Some(first) = wrong.first() {
        said.push(format!("{} wrong, such as {first}", wrong.len()));
    }
    said
}
