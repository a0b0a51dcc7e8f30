//! What was read: counters per input and per node. Sums, minima and maxima only, so that they merge in any order.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::symbols::Sym;
use crate::decode::{dumps, guess};
use crate::error::ProblemKind;
use crate::framing::is_structured;
use crate::time::Millis;

/// First and last time of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TimeSpan {
    /// First.
    pub first: Option<Millis>,
    /// Last.
    pub last: Option<Millis>,
}

impl TimeSpan {
    /// Widens to a time.
    #[inline]
    pub fn add(&mut self, time: Millis) {
        if self.first.is_none_or(|first| time < first) {
            self.first = Some(time);
        }
        if self.last.is_none_or(|last| time > last) {
            self.last = Some(time);
        }
    }

    /// Widens to another span.
    pub fn merge(&mut self, other: &Self) {
        for time in [other.first, other.last].into_iter().flatten() {
            self.add(time);
        }
    }
}

/// A problem at a line, or of a whole input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InputProblem {
    /// Sequence number of the chunk within the input, and line within the chunk; `None` for the input as a whole.
    pub at: Option<(u32, u32)>,
    /// Kind.
    pub kind: ProblemKind,
    /// Plain words.
    pub message: String,
}

/// Counters of one input.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InputStats {
    /// Path as shown.
    pub label: String,
    /// Name of the compression.
    pub compression: String,
    /// Bytes after decompression.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Lines that are audit events.
    pub audit_events: u64,
    /// Lines that are server events.
    pub server_events: u64,
    /// Lines that are neither.
    pub other_lines: u64,
    /// Lines that should be records and are not.
    pub undecodable_lines: u64,
    /// Those of the undecodable lines that do not even begin like a record.
    pub garbage_lines: u64,
    /// Lines above the limit.
    pub oversized_lines: u64,
    /// Those of the other lines that are text and stand by themselves, which a file of nothing but JSON has none of.
    pub stray_lines: u64,
    /// Where the first of them stand, bounded: chunk and line.
    pub strays: Vec<(u32, u32)>,
    /// The first line that is not blank, or the begin of it, as it stands; kept to say what an input is in which nothing was
    /// recognised.
    pub first_line: Vec<u8>,
    /// Ended in the middle.
    pub truncated: bool,
    /// Why it could not be read whole.
    pub error: Option<String>,
    /// A signal ended the run before it was read whole.
    pub interrupted: bool,
    /// Times of its events.
    pub span: TimeSpan,
    /// The same of server events whose times carry no zone: it may be known where nodes are.
    pub local_span: TimeSpan,
    /// Records by wire format.
    pub formats: BTreeMap<String, u64>,
    /// Times of the audit events in it by node (index into [`super::State::nodes`]); nodes of server events without.
    pub nodes: BTreeMap<u32, TimeSpan>,
    /// Records whose time carried no zone.
    pub zone_assumed: u64,
    /// Times that rise, and times that fall, from one audit event to the next within a chunk; the steps between chunks
    /// are added when their order is known. Tells a file sorted newest first.
    pub rises: u64,
    /// See `rises`.
    pub falls: u64,
    /// Its lines of one millisecond stand in no order. Told where attempts are joined.
    #[serde(skip)]
    pub shuffled: bool,
    /// Its times without a zone are read in that of an audit log. Told where nodes are known.
    #[serde(skip)]
    pub zone_told: bool,
    /// It lies in a folder of the cluster's own answers, where much is that is no log. Told where records are joined.
    #[serde(skip)]
    pub beside_dumps: bool,
    /// Problems of the input as a whole; whoever reads a part of it may meet them again.
    pub whole: BTreeSet<(ProblemKind, String)>,
    /// The first problems, bounded.
    pub problems: Vec<InputProblem>,
    /// All problems, those of the whole once it is settled.
    pub problems_total: u64,
}

impl InputStats {
    /// Times of its events, of server events that carry no zone or of the others.
    pub fn times(&mut self, is_local: bool) -> &mut TimeSpan {
        if is_local { &mut self.local_span } else { &mut self.span }
    }

    /// Notes a problem, keeping the first `limit` by position.
    pub fn problem(&mut self, problem: InputProblem, limit: usize) {
        self.problems_total += 1;
        self.problems.push(problem);
        if self.problems.len() > limit.saturating_mul(2).max(16) {
            self.trim_problems(limit);
        }
    }

    /// Notes a line of text that no shape claims, keeping the first `limit` by position.
    pub fn stray(&mut self, at: (u32, u32), limit: usize) {
        self.stray_lines += 1;
        self.strays.push(at);
        if self.strays.len() > limit.saturating_mul(2).max(16) {
            self.trim_problems(limit);
        }
    }

    /// Sorts the problems and keeps the first `limit`.
    pub fn trim_problems(&mut self, limit: usize) {
        self.problems.sort();
        self.problems.truncate(limit);
        self.strays.sort_unstable();
        self.strays.truncate(limit);
    }

    /// Whether every record is one of a file that holds JSON and nothing else, or of a runtime that wraps every line. What a
    /// server writes to its output, or what was sent on as text, has plain lines among its records.
    fn is_all_structured(&self) -> bool {
        !self.formats.is_empty() && self.formats.keys().all(|format| is_structured(format))
    }

    /// Whether there are lines that begin as records do and cannot be read, or are too long to be. Until [`Self::settle`].
    pub fn lost_records(&self) -> bool {
        self.undecodable_lines > self.garbage_lines || self.oversized_lines > 0
    }

    /// What only the whole input can tell: text among JSON audit events is a broken line, perhaps the rest of a lost event; text
    /// in a log of the server's output is not.
    ///
    /// An input in which nothing was recognised and nothing even begins like a record is no log at all: its lines are
    /// other lines, not broken ones. (A log may begin with garbage, such as the hole that `copytruncate` leaves, so this
    /// is known only at the end.)
    pub fn settle(&mut self) {
        if self.audit_events + self.server_events == 0 && self.garbage_lines == self.undecodable_lines {
            self.other_lines += self.undecodable_lines;
            let broken = [ProblemKind::Undecodable, ProblemKind::TruncatedLine];
            self.problems.retain(|problem| !broken.contains(&problem.kind));
            // A stream that broke off says so by its error.
            self.truncated &= self.error.is_some();
            self.problems_total -= self.undecodable_lines;
            self.undecodable_lines = 0;
            self.garbage_lines = 0;
        }
        let (stray_lines, strays) = (std::mem::take(&mut self.stray_lines), std::mem::take(&mut self.strays));
        if self.is_all_structured() {
            self.other_lines -= stray_lines;
            self.undecodable_lines += stray_lines;
            self.problems_total += stray_lines;
            self.problems.extend(strays.into_iter().map(|at| InputProblem {
                at: Some(at),
                kind: ProblemKind::Undecodable,
                message: "text that is no record, in a file of JSON records".to_owned(),
            }));
        }
        if self.lines == 0 && self.bytes > 0 && self.error.is_none() {
            let message = "there is no record in it, as in a search response without hits";
            self.whole.insert((ProblemKind::NotALog, message.to_owned()));
        }
        if self.is_unrecognised() {
            let message = format!("nothing in it was recognised: it looks like {}", guess(&self.first_line));
            self.whole.insert((ProblemKind::NotALog, message));
        }
        let whole = std::mem::take(&mut self.whole);
        self.problems_total += whole.len() as u64;
        self.problems.extend(whole.into_iter().map(|(kind, message)| InputProblem { at: None, kind, message }));
    }

    /// Whether it has lines, and no audit or server event is among them. Other logs of Elasticsearch, which lie beside the
    /// audit log and hold none, are no reason to complain, nor is the table of reasons beside exported attempts.
    fn is_unrecognised(&self) -> bool {
        let beside =
            [&b"deprecation"[..], b"slowlog", b"[gc", b"\"api_keys\"", b"][o.e.d.", b"{\"esaudit\":\"reasons\"}"];
        let marked = |mark: &&[u8]| memchr::memmem::find(&self.first_line, mark).is_some();
        self.audit_events + self.server_events == 0
            && !self.formats.contains_key(dumps::NAME)
            && !self.beside_dumps
            && self.other_lines > 0
            && self.undecodable_lines == 0
            && !beside.iter().any(marked)
    }

    /// Adds another part of the same input.
    pub fn merge(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.lines += other.lines;
        self.audit_events += other.audit_events;
        self.server_events += other.server_events;
        self.other_lines += other.other_lines;
        self.undecodable_lines += other.undecodable_lines;
        self.garbage_lines += other.garbage_lines;
        self.oversized_lines += other.oversized_lines;
        self.stray_lines += other.stray_lines;
        self.strays.extend(other.strays);
        // Only the first chunk of an input has it.
        if self.first_line.is_empty() {
            self.first_line = other.first_line;
        }
        self.truncated |= other.truncated;
        self.interrupted |= other.interrupted;
        self.error = [self.error.take(), other.error].into_iter().flatten().min();
        if self.label.is_empty() {
            self.label = other.label;
        }
        if self.compression.is_empty() {
            self.compression = other.compression;
        }
        self.span.merge(&other.span);
        self.local_span.merge(&other.local_span);
        for (format, count) in other.formats {
            *self.formats.entry(format).or_default() += count;
        }
        for (node, span) in other.nodes {
            self.nodes.entry(node).or_default().merge(&span);
        }
        self.zone_assumed += other.zone_assumed;
        self.rises += other.rises;
        self.falls += other.falls;
        self.whole.extend(other.whole);
        self.problems.extend(other.problems);
        self.problems_total += other.problems_total;
    }
}

/// Minutes in which something happened: a bit each, by day. A node that is up all year costs 64 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Minutes {
    days: BTreeMap<i64, Vec<u64>>,
}

/// Silence shorter than this is never called a gap, in minutes: a restart of a node takes that long.
const SHORTEST_GAP: i64 = 15;

/// See [`Minutes::gaps`].
const GAP_CHANCE: f64 = 1e-6;

/// Minutes of a day.
const DAY_MINUTES: i64 = 1440;

impl Minutes {
    /// Marks the minute of a time.
    pub fn add(&mut self, time: Millis) {
        let minute = time.0.div_euclid(60_000);
        let day = self.days.entry(minute.div_euclid(DAY_MINUTES)).or_insert_with(|| vec![0; 23]);
        let of_day = minute.rem_euclid(DAY_MINUTES);
        // 1440 minutes are 22.5 words of 64 bits.
        day[(of_day / 64) as usize] |= 1 << (of_day % 64);
    }

    /// Marks the minutes of another set, each where it is moved to.
    pub fn merge_moved(&mut self, other: &Self, moved: impl Fn(Millis) -> Millis) {
        other.iter().for_each(|minute| self.add(moved(Millis(minute.saturating_mul(60_000)))));
    }

    /// Marks the minutes of another set.
    pub fn merge(&mut self, other: &Self) {
        for (day, bits) in &other.days {
            match self.days.entry(*day) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(bits.clone());
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    for (mine, theirs) in entry.get_mut().iter_mut().zip(bits) {
                        *mine |= theirs;
                    }
                }
            }
        }
    }

    /// Whether every day has its 1440 bits, and no more.
    pub(super) fn is_sound(&self) -> bool {
        self.days.iter().all(|(day, bits)| bits.len() == 23 && day.unsigned_abs() < 1 << 40)
    }

    /// The marked minutes since 1970, in order.
    pub fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        self.days.iter().flat_map(|(day, bits)| {
            (0..DAY_MINUTES)
                .filter(|minute| bits[(minute / 64) as usize] >> (minute % 64) & 1 == 1)
                .map(move |minute| day * DAY_MINUTES + minute)
        })
    }

    /// Stretches without a marked minute, between the first and the last, that are unusual: such silence would come about
    /// by chance less often than `GAP_CHANCE` if each minute were marked with the frequency seen in the rest. From the
    /// end of the last marked minute to the beginning of the next.
    #[must_use]
    pub fn gaps(&self) -> Vec<(Millis, Millis)> {
        let active: Vec<i64> = self.iter().collect();
        let (Some(first), Some(last)) = (active.first(), active.last()) else { return Vec::new() };
        let span = last - first + 1;
        let unusual = |pair: &[i64]| {
            let silent = pair[1] - pair[0] - 1;
            let frequency = active.len() as f64 / (span - silent) as f64;
            silent >= SHORTEST_GAP && (1.0 - frequency).powf(silent as f64) < GAP_CHANCE
        };
        let stretch = |pair: &[i64]| (Millis((pair[0] + 1) * 60_000), Millis(pair[1] * 60_000));
        active.windows(2).filter(|pair| unusual(pair)).map(stretch).collect()
    }

    /// Whether the minute of a time is marked.
    #[must_use]
    pub fn contains(&self, time: Millis) -> bool {
        let minute = time.0.div_euclid(60_000);
        let of_day = minute.rem_euclid(DAY_MINUTES);
        self.days
            .get(&minute.div_euclid(DAY_MINUTES))
            .is_some_and(|bits| bits[(of_day / 64) as usize] >> (of_day % 64) & 1 == 1)
    }
}

/// Counters of one node, as one kind of record names it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NodeStats {
    /// `node.id`.
    pub id: Sym,
    /// `node.name`.
    pub name: Sym,
    /// `cluster.uuid`.
    pub cluster: Sym,
    /// `cluster.name`.
    pub cluster_name: Sym,
    /// Audit events.
    pub audit_events: u64,
    /// Server events.
    pub server_events: u64,
    /// `realm_authentication_failed` events.
    pub realm_failures: u64,
    /// `authentication_success` events.
    pub successes: u64,
    /// `authentication_failed` events.
    pub failures: u64,
    /// `anonymous_access_denied` events.
    pub anonymous: u64,
    /// `access_granted` and `access_denied` events: somebody had authenticated.
    pub decisions: u64,
    /// Times of its audit events.
    pub span: TimeSpan,
    /// Minutes with audit events.
    pub minutes: Minutes,
    /// Times of its server events.
    pub server_span: TimeSpan,
    /// Minutes with server events.
    pub server_minutes: Minutes,
    /// Times of server events that carry no zone, and are not among those.
    pub local_span: TimeSpan,
    /// Minutes with such events.
    pub local_minutes: Minutes,
    /// By how many minutes its zone is ahead of UTC, as its audit events say: first and last minute with such an event.
    pub offsets: BTreeMap<i16, TimeSpan>,
    /// Audit events in the form of OpenSearch, Open Distro or Search Guard.
    pub opensearch: u64,
}

impl NodeStats {
    /// Notes the time of a server event; `is_local`: it carries no zone.
    pub fn server_time(&mut self, time: Millis, is_local: bool) {
        let (span, minutes) = self.server_times(is_local);
        span.add(time);
        minutes.add(time);
    }

    /// Times and minutes of its server events, of those that carry no zone or of the others.
    pub fn server_times(&mut self, is_local: bool) -> (&mut TimeSpan, &mut Minutes) {
        if is_local {
            (&mut self.local_span, &mut self.local_minutes)
        } else {
            (&mut self.server_span, &mut self.server_minutes)
        }
    }

    /// Adds the counters of the same node.
    pub fn merge(&mut self, other: &Self) {
        self.audit_events += other.audit_events;
        self.server_events += other.server_events;
        self.realm_failures += other.realm_failures;
        self.successes += other.successes;
        self.failures += other.failures;
        self.anonymous += other.anonymous;
        self.decisions += other.decisions;
        self.span.merge(&other.span);
        self.minutes.merge(&other.minutes);
        self.server_span.merge(&other.server_span);
        self.server_minutes.merge(&other.server_minutes);
        self.local_span.merge(&other.local_span);
        self.local_minutes.merge(&other.local_minutes);
        for (offset, span) in &other.offsets {
            self.offsets.entry(*offset).or_default().merge(span);
        }
        self.opensearch += other.opensearch;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_a_set() {
        let times = [-1, 0, 59_999, 60_000, 86_400_000, 1_772_368_496_789];
        let mut one = Minutes::default();
        let mut two = Minutes::default();
        for (index, time) in times.iter().enumerate() {
            if index % 2 == 0 { one.add(Millis(*time)) } else { two.add(Millis(*time)) }
        }
        one.merge(&two);
        assert_eq!(one.iter().collect::<Vec<_>>(), [-1, 0, 1, 1440, 29_539_474]);
        assert!(one.contains(Millis(30_000)));
        assert!(!one.contains(Millis(120_000)));
    }

    #[test]
    fn silence_is_a_gap_only_where_it_is_unusual() {
        let mut busy = Minutes::default();
        let mut quiet = Minutes::default();
        for minute in (0..600).filter(|minute| !(200..260).contains(minute)) {
            busy.add(Millis(minute * 60_000));
        }
        for minute in (0..600).step_by(40) {
            quiet.add(Millis(minute * 60_000));
        }
        assert_eq!(busy.gaps(), [(Millis(200 * 60_000), Millis(260 * 60_000))]);
        assert_eq!(quiet.gaps(), []);
    }

    #[test]
    fn a_problem_of_the_whole_is_one_however_many_meet_it() {
        let met = |message: &str| InputStats {
            whole: BTreeSet::from([(ProblemKind::ReadError, message.to_owned())]),
            ..InputStats::default()
        };
        let mut input = met("shorter");
        input.merge(met("shorter"));
        input.merge(met("device failed"));
        input.settle();
        assert_eq!((input.problems.len(), input.problems_total), (2, 2));
        input.settle();
        assert_eq!(input.problems_total, 2);
    }

    #[test]
    fn the_first_problems_are_kept_and_all_are_counted() {
        let mut input = InputStats::default();
        for line in (0..100).rev() {
            let problem = InputProblem { at: Some((0, line)), kind: ProblemKind::Undecodable, message: String::new() };
            input.problem(problem, 3);
        }
        input.trim_problems(3);
        assert_eq!(input.problems_total, 100);
        assert_eq!(
            input.problems.iter().map(|problem| problem.at).collect::<Vec<_>>(),
            [Some((0, 0)), Some((0, 1)), Some((0, 2))]
        );
    }
}
