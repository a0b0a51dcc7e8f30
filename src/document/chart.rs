//! Charts as data: each writer draws what it can, and the numbers stand in tables beside them.

use crate::model::charts::{Flow, HeatRow, KeyLife};
use crate::model::text::{Logged, Text};
use crate::time::Millis;

/// Numbers to be drawn.
#[derive(Debug)]
pub enum Chart<'a> {
    /// Counts over time, a series each, with what is marked in it.
    Series(ChartSeries),
    /// Counts by who and when.
    Heat(HeatChart<'a>),
    /// Which realms were asked after which, and how it ended.
    Flow(&'a [Flow]),
    /// What became of API keys.
    Lives(&'a [KeyLife]),
}

/// Counts over time.
#[derive(Debug, Default)]
pub struct ChartSeries {
    /// Width of a bucket in seconds.
    pub bucket_seconds: u64,
    /// First and last time of all that was read.
    pub covers: Option<(Millis, Millis)>,
    /// Names of the series.
    pub names: Vec<&'static str>,
    /// Start of each bucket in which there is something, and its count in each series.
    pub buckets: Vec<(Millis, Vec<u64>)>,
    /// Spans of time that are marked.
    pub spans: Vec<Mark>,
    /// How many there are.
    pub spans_total: usize,
    /// What they are that are marked as instants.
    pub marked: &'static str,
    /// Instants that are marked: when, what, who.
    pub marks: Vec<(Millis, Logged, Option<Logged>)>,
}

/// A span of time that is marked, and leads somewhere.
#[derive(Debug)]
pub struct Mark {
    /// `F1`.
    pub id: Logged,
    /// What happened.
    pub title: Text,
    /// How severe.
    pub severity: Logged,
    /// From when.
    pub from: Option<Millis>,
    /// Until when.
    pub to: Option<Millis>,
}

/// Counts by who and when.
#[derive(Debug)]
pub struct HeatChart<'a> {
    /// Start of the first bucket.
    pub start: Option<Millis>,
    /// Width of a bucket in seconds.
    pub bucket_seconds: u64,
    /// By address, most frequent first.
    pub sources: &'a [HeatRow],
    /// How many addresses there are.
    pub sources_total: u64,
    /// By principal.
    pub principals: &'a [HeatRow],
    /// How many principals there are.
    pub principals_total: u64,
}

/// A line of bars.
#[derive(Debug, Clone)]
pub struct Spark {
    /// Their heights.
    pub counts: Vec<u64>,
    /// What a bar stands for, in seconds.
    pub bucket_seconds: u64,
}

impl Spark {
    /// As many bars as there is room for: neighbours are joined.
    #[must_use]
    pub fn within(&self, room: usize) -> Self {
        let joined = self.counts.len().div_ceil(room.max(1)).max(1);
        Self {
            counts: self
                .counts
                .chunks(joined)
                .map(|counts| counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count)))
                .collect(),
            bucket_seconds: self.bucket_seconds.saturating_mul(joined as u64),
        }
    }

    /// The highest.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.counts.iter().copied().max().unwrap_or(0)
    }
}

/// The character for a height: anything above nothing is seen, and only the peak is full.
#[must_use]
pub fn level(count: u64, peak: u64, bars: &[char]) -> char {
    if count == 0 || peak == 0 {
        return ' ';
    }
    let levels = bars.len() as u128;
    let place = (u128::from(count) * levels).div_ceil(u128::from(peak)).clamp(1, levels.max(1)) - 1;
    usize::try_from(place).ok().and_then(|place| bars.get(place)).copied().unwrap_or(' ')
}
