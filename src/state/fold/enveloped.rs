//! Native audit lines in the envelope of a container runtime.

use super::StateBuilder;
use super::chunk::IMPLAUSIBLE_TIME;
use super::tally::count_format;
use crate::fast_reader::{AuditFields, EnvelopedProbe};
use crate::state::coverage::InputStats;

impl StateBuilder {
    /// Counts a line if it is one of those; `false` leaves it to the decoder. `at` is its chunk and its number there.
    pub(super) fn enveloped(
        &mut self,
        line: &[u8],
        (seq, number): (u32, u32),
        probe: &mut EnvelopedProbe,
        stats: &mut InputStats,
    ) -> bool {
        let Some((format, taken)) = probe.take(line, self.max_line) else { return false };
        if !self.takes_source_of(&taken) {
            return false;
        }
        self.single(&taken, number, stats);
        let time = taken.time();
        stats.span.add(time);
        stats.zone_assumed += u64::from(taken.zone_assumed());
        count_format(stats, self.format.unwrap_or(format), 1);
        if !time.is_plausible() {
            self.odd(IMPLAUSIBLE_TIME, number, seq, stats);
        }
        true
    }
}
