//! What the lines of one chunk add to what is known of their input.

use super::super::coverage::{InputStats, TimeSpan};
use crate::decode::JsonShape;
use crate::decode::native::Native;
use crate::fast_reader::{AuditFields, FastEvent};
use crate::time::Millis;

/// Whether the times of the audit events of a chunk rise or fall.
#[derive(Debug, Default)]
pub(super) struct TimeOrder {
    /// Times of the first and last event, as they stand.
    pub(super) ends: Option<(Millis, Millis)>,
    pub(super) rises: u64,
    pub(super) falls: u64,
}

impl TimeOrder {
    #[inline]
    pub(super) fn add(&mut self, time: Millis) {
        match &mut self.ends {
            Some((_, last)) => {
                self.rises += u64::from(time > *last);
                self.falls += u64::from(time < *last);
                *last = time;
            }
            None => self.ends = Some((time, time)),
        }
    }

    /// Whether times go back so often that lines were shuffled: several nodes that write into one file, or clocks that are
    /// set, make far fewer steps back.
    pub(super) fn is_mixed(&self) -> bool {
        self.falls >= self.rises / MOST_RISES_A_FALL && self.rises >= self.falls / MOST_RISES_A_FALL && self.falls > 0
    }
}

/// Lines in any order go back as often as they go on.
const MOST_RISES_A_FALL: u64 = 4;

/// What the lines of one chunk that the probe took add to their input.
#[derive(Debug, Default)]
pub(super) struct ChunkTally {
    lines: u64,
    zone_assumed: u64,
    /// The node of the last line, and the times of its lines since another node had one.
    node: Option<u32>,
    span: TimeSpan,
}

impl ChunkTally {
    #[inline]
    pub(super) fn add(&mut self, taken: &FastEvent<'_>, node: u32, stats: &mut InputStats) {
        if self.node != Some(node) {
            self.end_run(stats);
            self.node = Some(node);
        }
        self.lines += 1;
        self.zone_assumed += u64::from(taken.zone_assumed());
        self.span.add(taken.time());
    }

    fn end_run(&mut self, stats: &mut InputStats) {
        let span = std::mem::take(&mut self.span);
        if let Some(node) = self.node {
            stats.nodes.entry(node).or_default().merge(&span);
            stats.span.merge(&span);
        }
    }

    pub(super) fn count(mut self, stats: &mut InputStats) {
        self.end_run(stats);
        if self.lines > 0 {
            stats.audit_events += self.lines;
            stats.zone_assumed += self.zone_assumed;
            count_format(stats, Native.name(), self.lines);
        }
    }
}

pub(super) fn count_format(stats: &mut InputStats, format: &str, count: u64) {
    match stats.formats.get_mut(format) {
        Some(known) => *known += count,
        None => {
            stats.formats.insert(format.to_owned(), count);
        }
    }
}

/// Whether a line that is no record is text: neither blank nor an object.
pub(super) fn is_text(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    !line.is_empty() && line[0] != b'{'
}

/// Whether a broken line looks as if it had been a record: an object that begins with the members of log lines. Lines of
/// pretty-printed JSON do not.
pub(super) fn begins_like_record(line: &[u8]) -> bool {
    // What stands before it must not decide what is looked at.
    let line = line.trim_ascii_start();
    let head = &line[..line.len().min(200)];
    head.starts_with(b"{")
        && [&b"\"type\""[..], b"timestamp\"", b"\"event", b"\"log\""]
            .iter()
            .any(|member| memchr::memmem::find(head, member).is_some())
}
