//! The story of one actor, and the findings of everything that the actor is in.

use std::collections::BTreeMap;

use crate::correlate::Correlated;
use crate::options::Options;
use crate::part::Problems;
use crate::report::story::TimelineReport;
use crate::{aggregate, filter, judge, pseudonyms};

/// Tells the story of the actor whom the filter names, and leaves out everything else.
pub(super) fn story(joined: &mut Correlated, problems: &Problems, options: &Options) -> TimelineReport {
    // Who was one of many is seen among the many only: findings come from everything.
    let told = findings_with(joined, options);
    let kept = filter::attempts(joined, &options.filter);
    let mut number = BTreeMap::new();
    number.extend((0..).zip(&kept).filter(|(_, keep)| **keep).map(|(at, _): (u32, _)| at).zip(0..));
    let mut of_attempts: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (finding, judged) in told.iter().enumerate() {
        for at in judged.attempts.iter().filter_map(|at| number.get(at)) {
            of_attempts.entry(*at).or_default().push(finding);
        }
    }
    filter::apply(joined, &options.filter);
    if joined.pseudonymized {
        pseudonyms::withhold(joined);
    }
    aggregate::story(joined, &told, &of_attempts, problems, options)
}

/// The findings of all that was read which the actor is in: by an attempt, or by name where a finding is about no attempts.
fn findings_with(joined: &Correlated, options: &Options) -> Vec<judge::Judged> {
    let kept = filter::attempts(joined, &options.filter);
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
    let mut told = judge::judge(joined, options).findings;
    told.retain(|judged| {
        judged.attempts.iter().any(|&at| kept[at as usize]) || (judged.attempts.is_empty() && named(judged))
    });
    told
}
