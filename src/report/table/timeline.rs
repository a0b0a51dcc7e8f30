//! Failures over time: one bar chart a series, all on the same axis.

use std::io;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Context, INDENT,
    screen::{Paint, Screen, paint},
    text,
};
use crate::model::Bucket;

/// A series of the chart: its name and its value in a bucket.
type Series = (&'static str, fn(&Bucket) -> u64);

const SERIES: [Series; 3] = [
    ("authentication_failed", |bucket| bucket.authentication_failed),
    ("anonymous_access_denied", |bucket| bucket.anonymous_access_denied),
    ("access_denied", |bucket| bucket.access_denied),
];

/// Steps that people count in, in seconds. Spans longer than the last one fills are stepped in multiples of it.
const STEPS: [u64; 17] = [
    60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600,
];

/// Where columns of the chart lie in time.
struct Axis {
    start: DateTime<Utc>,
    /// Seconds of one step.
    step: u64,
    steps: usize,
    /// Characters of one step: short spans are drawn wide.
    repeat: usize,
}

impl Axis {
    fn new(ctx: &Context<'_>) -> Option<Self> {
        let timeline = &ctx.report.timeline;
        let bucket = timeline.bucket_seconds.max(1);
        let starts = || timeline.buckets.iter().filter_map(|bucket| text::parse_time(&bucket.start));
        let (first, last) = (starts().min()?, starts().max()?);
        // The axis covers all that was read, so that silence is seen too.
        let coverage = &ctx.report.coverage;
        let read = |time: &Option<String>| time.as_deref().and_then(text::parse_time);
        let start = read(&coverage.first).map_or(first, |time| time.min(first)).timestamp();
        let end = read(&coverage.last).map_or(last, |time| time.max(last)).timestamp();
        let room = i64::try_from(ctx.width()).ok()?;
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
            start: DateTime::from_timestamp(start.div_euclid(step).checked_mul(step)?, 0)?,
            step: u64::try_from(step).ok()?,
            steps: usize::try_from(steps).ok()?,
            repeat: usize::try_from(room / steps).ok()?,
        })
    }

    fn at(&self, step: usize) -> Option<DateTime<Utc>> {
        let offset = i64::try_from(self.step.checked_mul(step as u64)?).ok()?;
        self.start.checked_add_signed(TimeDelta::try_seconds(offset)?)
    }
}

fn seconds(delta: TimeDelta) -> u64 {
    u64::try_from(delta.num_seconds()).unwrap_or(0)
}

pub(super) fn write(ctx: &Context<'_>, screen: &mut Screen<'_>) -> io::Result<()> {
    let Some(axis) = Axis::new(ctx) else { return Ok(()) };
    let step = text::duration(axis.step);
    ctx.title(screen, "Over time", &format!("{step} a step, each series scaled to its own peak"))?;
    let label = |step: usize| axis.at(step).map_or_else(String::new, |time| ctx.clock.show(time));
    for (name, value) in SERIES {
        let mut sums = vec![0_u64; axis.steps];
        for bucket in &ctx.report.timeline.buckets {
            let Some(time) = text::parse_time(&bucket.start) else { continue };
            let place = usize::try_from(seconds(time - axis.start) / axis.step).ok();
            if let Some(sum) = place.and_then(|place| sums.get_mut(place)) {
                *sum = sum.saturating_add(value(bucket));
            }
        }
        // The first of equal peaks.
        let Some((peak_at, peak)) = sums.iter().copied().enumerate().rev().max_by_key(|&(_, sum)| sum) else {
            continue;
        };
        if peak == 0 {
            continue;
        }
        let total = text::number(sums.iter().fold(0, |total: u64, sum| total.saturating_add(*sum)));
        let remark = format!("peak {} in {step} from {}", text::number(peak), label(peak_at));
        let head = format!("{name:<23}  {total:>11}");
        if text::width(&head) + 3 + text::width(&remark) <= ctx.width() {
            screen.line(&format!("  {head}   {}", paint(Paint::Dim, &remark)))?;
        } else {
            screen.line(&format!("  {head}"))?;
            for line in text::wrap(&remark, ctx.width()) {
                screen.line(&format!("  {}", paint(Paint::Dim, &line)))?;
            }
        }
        let bar: String =
            sums.iter().flat_map(|&sum| std::iter::repeat_n(level(ctx, sum, peak), axis.repeat)).collect();
        screen.line(&format!("  {bar}"))?;
    }
    let (start, end) = (label(0), label(axis.steps));
    let columns = axis.steps * axis.repeat;
    let line = if text::width(&start) + 2 + text::width(&end) <= columns {
        format!("{start}{}{end}", " ".repeat(columns - text::width(&start) - text::width(&end)))
    } else {
        format!("{start}{}{end}", ctx.glyphs.to)
    };
    screen.line(&format!("{}{}", " ".repeat(INDENT), paint(Paint::Dim, &line)))
}

/// Anything above nothing is seen, and only the peak is full.
pub(super) fn level(ctx: &Context<'_>, sum: u64, peak: u64) -> char {
    if sum == 0 {
        return ' ';
    }
    let levels = ctx.glyphs.bars.len() as u128;
    let place = (u128::from(sum) * levels).div_ceil(u128::from(peak)).clamp(1, levels) - 1;
    usize::try_from(place).ok().and_then(|place| ctx.glyphs.bars.get(place)).copied().unwrap_or(' ')
}
