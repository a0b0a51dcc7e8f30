//! Series as they are stored: column by column and as differences, in blocks, as attempts are (`columns`).

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::records::Pos;
use super::series::{Actor, Bucket, Series};
use super::symbols::Sym;
use crate::time::Millis;

#[derive(Default, Serialize, Deserialize)]
struct SeriesColumns {
    /// Symbols since those of the actor before: actors are sorted.
    principals: Vec<i64>,
    sources: Vec<i64>,
    apikeys: Vec<i64>,
    realms: Vec<Sym>,
    nodes: Vec<u32>,
    es_actions: Vec<Sym>,
    objects: Vec<Sym>,
    /// Scale of each series, and its buckets.
    scales: Vec<u8>,
    lengths: Vec<u32>,
    /// Of all buckets: events beyond the first; milliseconds since the end of the bucket before, and from first to last.
    counts: Vec<u32>,
    starts: Vec<i64>,
    spans: Vec<i64>,
    /// Chunks and lines since those of the bucket before.
    chunks: Vec<i64>,
    lines: Vec<i64>,
}

/// Series in a block.
const BLOCK: usize = 1 << 14;

/// What the next bucket is a difference to.
#[derive(Default)]
struct PreviousBucket {
    time: i64,
    chunk: i64,
    line: i64,
}

impl SeriesColumns {
    fn of(block: &[(Actor, Series)]) -> Self {
        let mut columns = Self::default();
        let (mut principal, mut source, mut apikey) = (0, 0, 0);
        let mut before = PreviousBucket::default();
        for (actor, series) in block {
            let [this, from, with] = [actor.principal, actor.source, actor.apikey].map(|sym| i64::from(sym.0));
            columns.principals.push(this - principal);
            columns.sources.push(from - source);
            columns.apikeys.push(with - apikey);
            (principal, source, apikey) = (this, from, with);
            columns.realms.push(actor.realm);
            columns.nodes.push(actor.node);
            columns.es_actions.push(actor.es_action);
            columns.objects.push(actor.object);
            columns.scales.push(series.scale());
            columns.lengths.push(series.buckets().len() as u32);
            series.buckets().iter().for_each(|bucket| columns.add(bucket, &mut before));
        }
        columns
    }

    fn add(&mut self, bucket: &Bucket, before: &mut PreviousBucket) {
        let (chunk, line) = (i64::from(bucket.pos.chunk), i64::from(bucket.pos.line));
        self.counts.push(bucket.count.wrapping_sub(1));
        self.starts.push(bucket.first.0.wrapping_sub(before.time));
        self.spans.push(bucket.last().0.wrapping_sub(bucket.first.0));
        self.chunks.push(chunk - before.chunk);
        self.lines.push(line - before.line);
        *before = PreviousBucket { time: bucket.last().0, chunk, line };
    }

    /// Appends the series of the block; says what is wrong with it.
    fn rows(&self, series: &mut Vec<(Actor, Series)>) -> Result<(), &'static str> {
        let (mut principal, mut source, mut apikey) = (0_i64, 0_i64, 0_i64);
        let (mut before, mut next) = (PreviousBucket::default(), 0_usize);
        for (at, step) in self.principals.iter().enumerate() {
            principal = principal.wrapping_add(*step);
            source = source.wrapping_add(*self.sources.get(at).ok_or(MISSING)?);
            apikey = apikey.wrapping_add(*self.apikeys.get(at).ok_or(MISSING)?);
            let sym = |value: i64| u32::try_from(value).map(Sym).map_err(|_| "a text out of range");
            let actor = Actor {
                principal: sym(principal)?,
                source: sym(source)?,
                apikey: sym(apikey)?,
                realm: *self.realms.get(at).ok_or(MISSING)?,
                node: *self.nodes.get(at).ok_or(MISSING)?,
                es_action: *self.es_actions.get(at).ok_or(MISSING)?,
                object: *self.objects.get(at).ok_or(MISSING)?,
            };
            let length = *self.lengths.get(at).ok_or(MISSING)? as usize;
            let end = next.checked_add(length).filter(|&end| end <= self.starts.len()).ok_or(MISSING)?;
            let buckets = (next..end).map(|at| self.bucket(at, &mut before)).collect::<Result<Vec<_>, _>>()?;
            next = end;
            series.push((actor, Series::of(*self.scales.get(at).ok_or(MISSING)?, buckets)));
        }
        Ok(())
    }

    fn bucket(&self, at: usize, before: &mut PreviousBucket) -> Result<Bucket, &'static str> {
        let column = |column: &[i64]| column.get(at).copied().ok_or(MISSING);
        let first = before.time.wrapping_add(column(&self.starts)?);
        let last = first.wrapping_add(column(&self.spans)?);
        let chunk = before.chunk.wrapping_add(column(&self.chunks)?);
        let line = before.line.wrapping_add(column(&self.lines)?);
        let place = |value: i64| u32::try_from(value).map_err(|_| "a place out of range");
        let pos = Pos { chunk: place(chunk)?, line: place(line)? };
        *before = PreviousBucket { time: last, chunk, line };
        let count = self.counts.get(at).ok_or(MISSING)?.wrapping_add(1);
        Ok(Bucket::new(count, Millis(first), Millis(last), pos))
    }
}

const MISSING: &str = "the columns of the series differ in length";

pub(super) fn serialize<S: Serializer>(list: &[(Actor, Series)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut blocks = serializer.serialize_seq(Some(list.len().div_ceil(BLOCK)))?;
    list.chunks(BLOCK).try_for_each(|block| blocks.serialize_element(&SeriesColumns::of(block)))?;
    blocks.end()
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(Actor, Series)>, D::Error> {
    struct Blocks;

    impl<'de> Visitor<'de> for Blocks {
        type Value = Vec<(Actor, Series)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("blocks of series")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut blocks: A) -> Result<Self::Value, A::Error> {
            let mut series = Vec::new();
            while let Some(block) = blocks.next_element::<SeriesColumns>()? {
                block.rows(&mut series).map_err(A::Error::custom)?;
            }
            Ok(series)
        }
    }

    deserializer.deserialize_seq(Blocks)
}
