//! Lines that are only counted: server events without a reason, and lines of no event. Consecutive ones are mostly of one
//! node, one minute and one format, and are added up before they are noted.

use super::StateBuilder;
use super::tally::{count_format, is_text};
use crate::fast_reader::server::{ServerLine, Servers, SilentLine};
use crate::state::coverage::{InputStats, TimeSpan};
use crate::time::{Millis, Zone};

/// Takes such lines of one chunk after the other.
#[derive(Debug)]
pub(super) struct SilentLines {
    servers: Servers,
    run: Run,
    /// Lines of no event.
    others: u64,
}

/// Server events of one node and format.
#[derive(Debug, Default)]
struct Run {
    /// The node; `None` before the first line of a chunk.
    node: Option<u32>,
    /// What names it.
    id: KeptText,
    name: KeptText,
    cluster: KeptText,
    format: &'static str,
    lines: u64,
    /// Whether its times carry no zone.
    is_local: bool,
    span: TimeSpan,
    /// Minute last marked.
    minute: Option<i64>,
}

/// A text that may be absent, kept in one place.
#[derive(Debug, Default)]
struct KeptText {
    text: Vec<u8>,
    present: bool,
}

impl KeptText {
    #[inline]
    fn is(&self, other: Option<&[u8]>) -> bool {
        match other {
            Some(text) => self.present && self.text == text,
            None => !self.present,
        }
    }

    fn set(&mut self, other: Option<&[u8]>) {
        self.text.clear();
        self.text.extend_from_slice(other.unwrap_or_default());
        self.present = other.is_some();
    }
}

impl SilentLines {
    pub(super) fn new(assumed: Zone) -> Self {
        Self { servers: Servers::new(assumed), run: Run::default(), others: 0 }
    }
}

impl StateBuilder {
    /// Counts a line if it is one of those; `false` leaves it to the decoder.
    #[inline]
    pub(super) fn silent(
        &mut self,
        line: &[u8],
        at: (u32, u32),
        lines: &mut SilentLines,
        stats: &mut InputStats,
    ) -> bool {
        match lines.servers.take(line) {
            Some(SilentLine::Server(server)) => self.silent_server(&server, &mut lines.run, stats),
            Some(SilentLine::Other) => lines.others += 1,
            Some(SilentLine::Text) => {
                lines.others += 1;
                if is_text(line) {
                    stats.stray(at, self.max_problems);
                }
            }
            None => return false,
        }
        true
    }

    #[inline]
    fn silent_server(&mut self, line: &ServerLine<'_>, run: &mut Run, stats: &mut InputStats) {
        let same = run.node.is_some() && run.id.is(line.node_id) && run.name.is(line.node_name);
        let same = same && run.cluster.is(line.cluster_uuid) && run.is_local == line.stamp.zone_assumed;
        let node = match run.node {
            Some(node) if same && run.format == line.format => node,
            _ => {
                self.end_run(run, stats);
                let node = self.node_in(line.node_id, line.node_name, line.cluster_uuid);
                run.node = Some(node);
                run.id.set(line.node_id);
                run.name.set(line.node_name);
                run.cluster.set(line.cluster_uuid);
                run.format = line.format;
                run.is_local = line.stamp.zone_assumed;
                node
            }
        };
        run.lines += 1;
        let Millis(time) = line.stamp.time;
        run.span.add(line.stamp.time);
        let minute = time.div_euclid(60_000);
        if run.minute != Some(minute) {
            run.minute = Some(minute);
            self.state.nodes[node as usize].server_time(line.stamp.time, run.is_local);
        }
    }

    fn end_run(&mut self, run: &mut Run, stats: &mut InputStats) {
        if let Some(at) = run.node {
            let node = &mut self.state.nodes[at as usize];
            node.server_events += run.lines;
            node.server_times(run.is_local).0.merge(&run.span);
            stats.server_events += run.lines;
            stats.nodes.entry(at).or_default();
            stats.times(run.is_local).merge(&run.span);
            stats.zone_assumed += if run.is_local { run.lines } else { 0 };
            count_format(stats, run.format, run.lines);
        }
        (run.node, run.lines, run.span, run.minute) = (None, 0, TimeSpan::default(), None);
    }

    /// Notes what the lines of a chunk add up to.
    pub(super) fn end_silent(&mut self, lines: &mut SilentLines, stats: &mut InputStats) {
        self.end_run(&mut lines.run, stats);
        stats.other_lines += std::mem::take(&mut lines.others);
    }
}
