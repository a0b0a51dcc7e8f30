//! The story of one actor, and the findings of everything that the actor is in.

use std::collections::BTreeMap;

use crate::correlate::Correlated;
use crate::model::timeline::TimelineReport;
use crate::options::{Options, StoryKinds};
use crate::part::Problems;
use crate::{aggregate, judge};

/// Tells the story of the actor whom the filter names, by what it lets pass and by the findings that the actor is in.
pub(super) fn story(
    everything: &Correlated,
    passing: &Correlated,
    kinds: StoryKinds,
    problems: &Problems,
    options: &Options,
) -> TimelineReport {
    // Who was one of many is seen among the many only: findings come from everything.
    let told = findings_with(everything, passing, options);
    let mut of_attempts: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (finding, judged) in told.iter().enumerate() {
        for at in judged.attempts.iter().filter_map(|&number| passing.position(number)) {
            of_attempts.entry(at).or_default().push(finding);
        }
    }
    aggregate::story(passing, &told, &of_attempts, kinds, (problems, options))
}

/// The findings of all that was read which the actor is in: by an attempt, or by name where a finding is about no attempts.
fn findings_with(everything: &Correlated, passing: &Correlated, options: &Options) -> Vec<judge::Judged> {
    let named = |judged: &judge::Judged| {
        let finding = &judged.finding;
        let filter = &options.filter;
        let lists = [
            (&filter.principal, &finding.principals),
            (&filter.source, &finding.sources),
            (&filter.key, &finding.api_keys),
        ];
        lists.iter().all(|(rules, names)| rules.pass(names.iter().map(String::as_bytes)))
    };
    let mut told = judge::judge(everything, options).findings;
    told.retain(|judged| {
        judged.attempts.iter().any(|&number| passing.position(number).is_some())
            || (judged.attempts.is_empty() && named(judged))
    });
    told
}
