//! The view of what the user wants to look at, after everything was joined: realm chains, reasons, actors and the
//! lives of keys rest on all that was read, so a filter never changes what is said of what is left.
//!
//! Powerful actions that it leaves out are marked, as changes are, and those that came later are gone.
//!
//! Left out are attempts, security changes, refusals of API keys and of actions. Successes stay: they are no subject of a
//! report but evidence for and against its findings, as far as they were known at the end of the time that is asked for:
//! what came later did not happen yet. Where they are the subject (`esaudit keys`, `esaudit timeline`),
//! [`successes`] gives those that pass. A change that is left out remains known as who made or ended a key.

mod near;
mod sieve;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::correlate::{Correlated, PowerfulActions, Selection};
use crate::options::filter::{Filter, TimeRange};
use crate::state::{Actor, ActorSeries, Series, TimeSpan};

pub use near::remarks;
use sieve::Sieve;

/// The first and the last event, which `start` and `end` stand for.
#[must_use]
pub fn span(joined: &Correlated) -> TimeSpan {
    let mut span = TimeSpan::default();
    for input in &joined.state.inputs {
        span.merge(&input.span);
    }
    span
}

/// The stretch of time that passes.
#[must_use]
pub fn range(joined: &Correlated, filter: &Filter) -> TimeRange {
    let span = span(joined);
    filter.range(span.first, span.last)
}

/// The view of what passes, with how much does not.
#[must_use]
pub fn view(joined: &Correlated, filter: &Filter) -> Correlated {
    if filter.is_empty() {
        return joined.clone();
    }
    let span = span(joined);
    let sieve = Sieve::new(joined, filter);
    let range = sieve.range;
    let attempts = sieve.attempts();
    let denials = sieve.series(&joined.denials, Some(b"access_denied"));
    let only_time = filter.lists().iter().all(|(_, rules)| rules.is_empty());
    let denied_minutes = if only_time {
        let minutes = joined.denied_minutes.iter().filter(|(minute, _)| range.holds_minute(**minute));
        minutes.map(|(&minute, &count)| (minute, count)).collect()
    } else {
        by_minute(&denials)
    };
    joined.select(Selection {
        changes: sieve.changes(),
        key_failures: sieve.failures(&attempts),
        reason_lines: sieve.reason_lines(&attempts),
        powerful: powerful(joined, &sieve),
        successes: known_successes(joined, range),
        denials,
        denied_minutes,
        tampered_minutes: sieve.tampered(&joined.tampered_minutes),
        in_force: filter.in_words(span.first, span.last),
        attempts,
    })
}

/// What is known of successes at the end of the time that is asked for.
fn known_successes(joined: &Correlated, range: TimeRange) -> Arc<ActorSeries> {
    if range.until == TimeRange::ALL.until {
        return Arc::clone(&joined.successes);
    }
    let known =
        joined.successes.iter().map(|(actor, series)| (*actor, series.within(TimeRange::ALL.since, range.until)));
    Arc::new(known.filter(|(_, series)| series.count() > 0).collect())
}

/// Powerful actions that happened until then, those that do not pass marked.
fn powerful(joined: &Correlated, sieve: &Sieve<'_>) -> PowerfulActions {
    let mut powerful = PowerfulActions::clone(&joined.powerful);
    for (action, kept) in powerful.actions.iter_mut().zip(sieve.powerful()) {
        action.left_out = !kept;
    }
    for row in &mut powerful.turned_away {
        row.first.left_out = !sieve.turned_away(&row.first, row.last);
    }
    powerful.turned_away.retain(|row| row.first.time <= sieve.range.until);
    powerful.actions.retain(|action| action.time <= sieve.range.until);
    powerful.further.retain(|further| sieve.further(further));
    powerful
}

/// The successes that pass. Within a bucket of a long series, time is known no better than its first and last event.
#[must_use]
pub fn successes(joined: &Correlated, filter: &Filter) -> ActorSeries {
    Sieve::new(joined, filter).series(&joined.successes, None)
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
