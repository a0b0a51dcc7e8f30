//! Attempts as they are stored: column by column and as differences, which compresses to a third of what rows take. In
//! blocks, so that columns never stand in memory beside all rows.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use std::fmt;

use super::records::{Attempt, AttemptFlags, Outcome, Pos, RecordKey};
use super::symbols::{ChainId, Sym};
use crate::reason::{Basis, Reason};
use crate::time::Millis;
use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;

#[derive(Default, Serialize, Deserialize)]
struct AttemptColumns {
    /// Milliseconds since the attempt before.
    times: Vec<i64>,
    /// Hashes: bytes that do not compress, so they are stored as such.
    keys: Vec<[u8; 8]>,
    /// Chunks and lines since those of the attempt before.
    chunks: Vec<i64>,
    lines: Vec<i64>,
    principals: Vec<Sym>,
    sources: Vec<Sym>,
    nodes: Vec<u32>,
    chains: Vec<ChainId>,
    paths: Vec<Sym>,
    what: Vec<(Outcome, Reason, Basis, AttemptFlags)>,
}

/// Attempts in a block.
const BLOCK: usize = 1 << 16;

impl AttemptColumns {
    fn of(attempts: &[Attempt]) -> Self {
        let mut columns = Self::default();
        let (mut time, mut chunk, mut line) = (0_i64, 0_i64, 0_i64);
        for attempt in attempts {
            let (at_chunk, at_line) = (i64::from(attempt.pos.chunk), i64::from(attempt.pos.line));
            columns.times.push(attempt.time.0.wrapping_sub(time));
            columns.keys.push(attempt.key.0.to_le_bytes());
            columns.chunks.push(at_chunk - chunk);
            columns.lines.push(at_line - line);
            columns.principals.push(attempt.principal);
            columns.sources.push(attempt.source);
            columns.nodes.push(attempt.node);
            columns.chains.push(attempt.chain);
            columns.paths.push(attempt.path);
            columns.what.push((attempt.outcome, attempt.reason, attempt.basis, attempt.flags));
            (time, chunk, line) = (attempt.time.0, at_chunk, at_line);
        }
        columns
    }

    /// Appends the attempts of the block; says what is wrong with it.
    fn rows(&self, attempts: &mut Vec<Attempt>) -> Result<(), &'static str> {
        const MISSING: &str = "the columns of the attempts differ in length";
        let (mut time, mut chunk, mut line) = (0_i64, 0_i64, 0_i64);
        for (at, step) in self.times.iter().enumerate() {
            time = time.wrapping_add(*step);
            chunk = chunk.wrapping_add(*self.chunks.get(at).ok_or(MISSING)?);
            line = line.wrapping_add(*self.lines.get(at).ok_or(MISSING)?);
            let place = |value: i64| u32::try_from(value).map_err(|_| "a place out of range");
            let (outcome, reason, basis, flags) = *self.what.get(at).ok_or(MISSING)?;
            attempts.push(Attempt {
                time: Millis(time),
                key: RecordKey(u64::from_le_bytes(*self.keys.get(at).ok_or(MISSING)?)),
                pos: Pos { chunk: place(chunk)?, line: place(line)? },
                principal: *self.principals.get(at).ok_or(MISSING)?,
                source: *self.sources.get(at).ok_or(MISSING)?,
                node: *self.nodes.get(at).ok_or(MISSING)?,
                chain: *self.chains.get(at).ok_or(MISSING)?,
                path: *self.paths.get(at).ok_or(MISSING)?,
                outcome,
                reason,
                basis,
                flags,
            });
        }
        Ok(())
    }
}

pub(super) fn serialize<S: Serializer>(attempts: &[Attempt], serializer: S) -> Result<S::Ok, S::Error> {
    let mut blocks = serializer.serialize_seq(Some(attempts.len().div_ceil(BLOCK)))?;
    attempts.chunks(BLOCK).try_for_each(|block| blocks.serialize_element(&AttemptColumns::of(block)))?;
    blocks.end()
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Attempt>, D::Error> {
    struct Blocks;

    impl<'de> Visitor<'de> for Blocks {
        type Value = Vec<Attempt>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("blocks of attempts")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut blocks: A) -> Result<Self::Value, A::Error> {
            let mut attempts = Vec::new();
            while let Some(block) = blocks.next_element::<AttemptColumns>()? {
                block.rows(&mut attempts).map_err(A::Error::custom)?;
            }
            Ok(attempts)
        }
    }

    deserializer.deserialize_seq(Blocks)
}
