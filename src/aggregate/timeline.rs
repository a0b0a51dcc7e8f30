//! Failures over time.

use std::collections::BTreeMap;

use crate::correlate::Correlated;
use crate::model::{Timeline, TimelineBucket};
use crate::state::{Attempt, Outcome};
use crate::time::Millis;

/// Widths a bucket may have, in seconds: those that divide days and weeks as people read them.
const WIDTHS: [u64; 10] = [60, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800];

/// Buckets over the whole span at most: a day by minutes is 1440.
const MOST_BUCKETS: u64 = 1500;

/// The narrowest width at which a span of seconds has at most [`MOST_BUCKETS`] buckets.
fn width(span_seconds: u64) -> u64 {
    WIDTHS.into_iter().find(|width| span_seconds / width < MOST_BUCKETS).unwrap_or(WIDTHS[WIDTHS.len() - 1])
}

/// Attempts, refused actions and tampered requests by bucket; buckets without any are left out.
pub(super) fn timeline(joined: &Correlated) -> Timeline {
    let denied = &joined.denied_minutes;
    let tampered = &joined.tampered_minutes;
    let counted = &joined.state.counted_only.minutes;
    let minutes = || {
        let attempts = joined.attempts.iter().map(|attempt| attempt.time.0.div_euclid(60_000));
        attempts.chain(denied.keys().copied()).chain(tampered.keys().copied()).chain(counted.keys().copied())
    };
    let (first, last) = (minutes().min().unwrap_or(0), minutes().max().unwrap_or(0));
    let bucket_seconds = width(last.abs_diff(first).saturating_mul(60));
    let bucket_ms = bucket_seconds as i64 * 1000;
    let mut buckets: BTreeMap<i64, [u64; 4]> = BTreeMap::new();
    // They are in order of time: one look-up a bucket.
    let slot = |attempt: &Attempt| attempt.time.0.div_euclid(bucket_ms);
    for run in joined.attempts.chunk_by(|a, b| slot(a) == slot(b)) {
        let failed = run.iter().filter(|attempt| attempt.outcome == Outcome::Failed).count();
        let bucket = buckets.entry(slot(&run[0])).or_default();
        bucket[0] += failed as u64;
        bucket[1] += (run.len() - failed) as u64;
    }
    for (minute, count) in denied.iter() {
        buckets.entry((minute * 60_000).div_euclid(bucket_ms)).or_default()[2] += count;
    }
    for (minute, count) in tampered.iter() {
        buckets.entry((minute * 60_000).div_euclid(bucket_ms)).or_default()[3] += count;
    }
    for (minute, [failed, anonymous]) in counted {
        let bucket = buckets.entry((minute * 60_000).div_euclid(bucket_ms)).or_default();
        bucket[0] += failed;
        bucket[1] += anonymous;
    }
    let buckets = buckets
        .into_iter()
        .map(|(bucket, [authentication_failed, anonymous_access_denied, access_denied, tampered_request])| {
            TimelineBucket {
                start: Millis(bucket * bucket_ms).rfc3339(),
                authentication_failed,
                anonymous_access_denied,
                access_denied,
                tampered_request,
            }
        })
        .collect();
    Timeline { bucket_seconds, buckets }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_follow_the_span() {
        assert_eq!(width(0), 60);
        assert_eq!(width(86_399), 60);
        assert_eq!(width(3 * 86_400), 300);
        assert_eq!(width(365 * 86_400), 43_200);
        assert_eq!(width(u64::MAX), 604_800);
    }
}
