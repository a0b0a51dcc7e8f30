//! Counts over time on a terminal: one line of bars a series, all on the same axis.

use std::io;

use super::TerminalWriter;
use super::ink::Ink;
use super::pieces::StyledLine;
use crate::document::chart::{Chart, ChartSeries, level};
use crate::document::{Section, Tone};
use crate::model::text::Text;
use crate::time::Millis;
use crate::words;

/// Steps that people count in, in seconds. Spans longer than the last one fills are stepped in multiples of it.
const STEPS: [u64; 17] = [
    60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600,
];

/// Columns of the names of series.
const NAME: usize = 23;

/// Whether a terminal shows anything of a chart.
pub(super) fn is_drawn(chart: &Chart<'_>) -> bool {
    matches!(chart, Chart::Series(series) if !series.buckets.is_empty())
}

/// Where columns of the chart lie in time.
struct Axis {
    /// Second of the first.
    start: i64,
    /// Seconds of one step.
    step: u64,
    steps: usize,
    /// Characters of one step: short spans are drawn wide.
    repeat: usize,
}

impl Axis {
    fn new(series: &ChartSeries, room: usize) -> Option<Self> {
        let bucket = series.bucket_seconds.max(1);
        let starts = || series.buckets.iter().map(|(start, _)| *start);
        // The axis covers all that was read, so that silence is seen too.
        let (first, last) = (
            starts().chain(series.covers.map(|(first, _)| first)).min()?,
            starts().chain(series.covers.map(|(_, last)| last)).max()?,
        );
        let (start, end) = (first.0.div_euclid(1000), last.0.div_euclid(1000));
        let room = i64::try_from(room).ok()?;
        let steps_of = |step: i64| end.div_euclid(step) - start.div_euclid(step) + 1;
        // A step no finer than the buckets; one that is not a multiple of theirs would make false gaps.
        let nice = STEPS.into_iter().filter(|step| step.is_multiple_of(bucket));
        let step =
            nice.filter_map(|step| i64::try_from(step).ok()).find(|&step| steps_of(step) <= room).or_else(|| {
                let bucket = i64::try_from(bucket).ok()?;
                bucket.checked_mul((end - start) / bucket.checked_mul(room - 1)? + 1)
            })?;
        let steps = steps_of(step);
        Some(Self {
            start: start.div_euclid(step).checked_mul(step)?,
            step: u64::try_from(step).ok()?,
            steps: usize::try_from(steps).ok()?,
            repeat: usize::try_from(room / steps).ok()?,
        })
    }

    fn at(&self, step: usize) -> Option<Millis> {
        let offset = i64::try_from(self.step.checked_mul(step as u64)?).ok()?;
        Some(Millis(self.start.checked_add(offset)?.checked_mul(1000)?))
    }

    /// The sums of a series in each step.
    fn sums(&self, series: &ChartSeries, number: usize) -> Vec<u64> {
        let mut sums = vec![0_u64; self.steps];
        for (start, counts) in &series.buckets {
            let seconds = u64::try_from(start.0.div_euclid(1000) - self.start).unwrap_or(0);
            let place = usize::try_from(seconds / self.step).ok();
            if let (Some(sum), Some(count)) = (place.and_then(|place| sums.get_mut(place)), counts.get(number)) {
                *sum = sum.saturating_add(*count);
            }
        }
        sums
    }
}

impl Ink {
    /// Bars, each `repeat` characters wide.
    pub(super) fn bars(&self, counts: &[u64], peak: u64, repeat: usize) -> StyledLine {
        let bar = counts.iter().flat_map(|&count| std::iter::repeat_n(level(count, peak, self.glyphs.bars), repeat));
        Self::line(bar.collect())
    }
}

impl TerminalWriter<'_> {
    pub(super) fn chart(&mut self, chart: &Chart<'_>, indent: usize) -> io::Result<()> {
        let Chart::Series(series) = chart else { return Ok(()) };
        let room = self.width - indent;
        let Some(axis) = Axis::new(series, room) else { return Ok(()) };
        let step = words::seconds(axis.step);
        let label = |step: usize| axis.at(step).map_or_else(String::new, |time| self.ink.clock.show(time));
        let (start, end) = (label(0), label(axis.steps));
        for (number, name) in series.names.iter().enumerate() {
            let sums = axis.sums(series, number);
            // The first of equal peaks.
            let peak = sums.iter().copied().enumerate().rev().max_by_key(|&(_, sum)| sum);
            let Some((peak_at, peak)) = peak.filter(|(_, peak)| *peak > 0) else { continue };
            let total = words::number(sums.iter().fold(0, |total: u64, sum| total.saturating_add(*sum)));
            let at = axis.at(peak_at).map_or_else(String::new, |time| self.ink.clock.show(time));
            let remark = format!("peak {} in {step} from {at}", words::number(peak));
            let head = Ink::line(format!("{name:<NAME$}  {total:>11}"));
            let remark = self.ink.own(&remark, Tone::Dim);
            self.remarked(head, &remark, indent, room)?;
            let bars = self.ink.bars(&sums, peak, axis.repeat);
            self.indented(&bars, indent)?;
        }
        let columns = axis.steps * axis.repeat;
        let fill = columns.saturating_sub(start.len() + end.len());
        let ends = if fill >= 2 {
            format!("{start}{}{end}", " ".repeat(fill))
        } else {
            format!("{start}{}{end}", self.ink.glyphs.to)
        };
        self.indented(&Ink::line_in(ends, Tone::Dim), indent)
    }

    /// What is said beside the heading of a section that is a chart: how it is drawn depends on the width.
    pub(super) fn scale(&self, section: &Section<'_>) -> Option<Text> {
        let series = section.blocks.iter().find_map(|block| match block {
            crate::document::Block::Chart(Chart::Series(series)) => Some(series),
            _ => None,
        })?;
        let axis = Axis::new(series, self.width - super::INDENT)?;
        Some(Text::from(words::seconds(axis.step)).with(" a step, each series scaled to its own peak"))
    }
}
