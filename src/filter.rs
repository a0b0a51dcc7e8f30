//! Leaves out what the user does not want to look at, after everything was joined: realm chains, reasons, actors and the
//! lives of keys rest on all that was read, so a filter never changes what is said of what is left.
//!
//! Powerful actions that it leaves out are marked, as changes are, and those that came later are gone.
//!
//! Left out are attempts, security changes, refusals of API keys and of actions. Successes stay: they are no subject of a
//! report but evidence for and against its findings, as far as they were known at the end of the time that is asked for:
//! what came later did not happen yet. Where they are the subject (`esaudit keys`, `esaudit timeline`),
//! [`successes`] gives those that pass. A change that is left out remains known as who made or ended a key.

mod judge;

use std::collections::BTreeMap;

use crate::correlate::{Correlated, LeftOut};
use crate::options::filter::{Filter, Range};
use crate::state::{Actor, ActorSeries, Series, Span};

use judge::Judge;

/// The first and the last event, which `start` and `end` stand for.
#[must_use]
pub fn span(joined: &Correlated) -> Span {
    let mut span = Span::default();
    for input in &joined.state.inputs {
        span.merge(&input.span);
    }
    span
}

/// The stretch of time that passes.
#[must_use]
pub fn range(joined: &Correlated, filter: &Filter) -> Range {
    let span = span(joined);
    filter.range(span.first, span.last)
}

/// By attempt: whether it passes.
#[must_use]
pub fn attempts(joined: &Correlated, filter: &Filter) -> Vec<bool> {
    Judge::new(joined, filter).attempts()
}

/// Leaves out what does not pass, and notes how much that was.
pub fn apply(joined: &mut Correlated, filter: &Filter) {
    if filter.is_empty() {
        return;
    }
    let span = span(joined);
    let judge = Judge::new(joined, filter);
    let keep = judge.attempts();
    let changes = judge.changes();
    let powerful = judge.powerful();
    let failures = judge.failures(&keep);
    let lines = judge.reason_lines(&keep);
    let denials = judge.series(&joined.state.denials, Some(b"access_denied"));
    let tampered = judge.tampered(&joined.state.tampered_minutes);
    let only_time = filter.lists().iter().all(|(_, rules)| rules.is_empty());
    let range = judge.range;

    let mut left_out = LeftOut { in_force: filter.in_words(span.first, span.last), ..LeftOut::default() };
    let total = |series: &ActorSeries| series.values().map(Series::count).sum::<u64>();
    left_out.denials = total(&joined.state.denials) - total(&denials);
    joined.state.denied_minutes = if only_time {
        let minutes = std::mem::take(&mut joined.state.denied_minutes);
        minutes.into_iter().filter(|(minute, _)| range.holds_minute(*minute)).collect()
    } else {
        by_minute(&denials)
    };
    joined.state.denials = denials;
    joined.state.tampered_minutes = tampered;
    if range.until < Range::ALL.until {
        let known = |series: &Series| series.within(Range::ALL.since, range.until);
        let successes = std::mem::take(&mut joined.state.successes).into_iter();
        joined.state.successes =
            successes.map(|(actor, series)| (actor, known(&series))).filter(|(_, series)| series.count() > 0).collect();
    }

    for (action, kept) in joined.powerful.actions.iter_mut().zip(powerful) {
        action.left_out = !kept;
    }
    joined.powerful.actions.retain(|action| action.time <= range.until);
    for (change, kept) in joined.changes.iter_mut().zip(changes) {
        change.left_out = !kept;
        left_out.changes += u64::from(!kept);
    }
    let mut number = vec![None; keep.len()];
    let mut kept = 0;
    for (slot, _) in number.iter_mut().zip(&keep).filter(|(_, keep)| **keep) {
        *slot = Some(kept);
        kept += 1;
    }
    left_out.attempts = keep.len() as u64 - u64::from(kept);
    let mut keep = keep.into_iter();
    joined.attempts.retain(|_| keep.next().unwrap_or(true));
    let renumbered = |at: u32| number.get(at as usize).copied().flatten();
    joined.messages = std::mem::take(&mut joined.messages)
        .into_iter()
        .filter_map(|(at, texts)| Some((renumbered(at)?, texts)))
        .collect();
    joined.doubts =
        std::mem::take(&mut joined.doubts).into_iter().filter_map(|(at, sure)| Some((renumbered(at)?, sure))).collect();
    joined.disabled_by = std::mem::take(&mut joined.disabled_by)
        .into_iter()
        .filter_map(|(at, change)| Some((renumbered(at)?, change)))
        .collect();
    let before = joined.key_failures.len();
    let mut failures = failures.into_iter();
    joined.key_failures.retain(|_| failures.next().unwrap_or(true));
    for failure in &mut joined.key_failures {
        failure.attempt = failure.attempt.and_then(renumbered);
    }
    let mut lines = lines.into_iter();
    joined.reason_lines.retain(|_| lines.next().unwrap_or(true));
    for line in &mut joined.reason_lines {
        line.attempt = line.attempt.and_then(renumbered);
    }
    left_out.key_refusals = (before - joined.key_failures.len()) as u64;
    joined.left_out = Some(left_out);
}

/// The successes that pass. Within a bucket of a long series, time is known no better than its first and last event.
#[must_use]
pub fn successes(joined: &Correlated, filter: &Filter) -> ActorSeries {
    Judge::new(joined, filter).series(&joined.state.successes, None)
}

/// Events by minute since 1970; those of a wide bucket count in its first minute.
fn by_minute(series: &ActorSeries) -> BTreeMap<i64, u64> {
    let mut minutes = BTreeMap::new();
    let mut actors: Vec<(&Actor, &Series)> = series.iter().collect();
    actors.sort_unstable_by_key(|(actor, _)| **actor);
    for bucket in actors.into_iter().flat_map(|(_, series)| series.buckets()) {
        *minutes.entry(bucket.first.0.div_euclid(60_000)).or_insert(0) += u64::from(bucket.count);
    }
    minutes
}
