//! Attempts as they are stored: column by column and as differences, which compresses to a third of what rows take.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::records::{Attempt, AttemptFlags, Key, Outcome, Pos};
use super::symbols::{ChainId, Sym};
use crate::reason::{Basis, Reason};
use crate::time::Millis;

#[derive(Default, Serialize, Deserialize)]
struct Columns {
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

pub(super) fn serialize<S: Serializer>(attempts: &[Attempt], serializer: S) -> Result<S::Ok, S::Error> {
    let mut columns = Columns::default();
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
    columns.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Attempt>, D::Error> {
    let columns = Columns::deserialize(deserializer)?;
    let missing = || D::Error::custom("the columns of the attempts differ in length");
    let (mut time, mut chunk, mut line) = (0_i64, 0_i64, 0_i64);
    let mut attempts = Vec::with_capacity(columns.times.len());
    for (at, step) in columns.times.iter().enumerate() {
        time = time.wrapping_add(*step);
        chunk = chunk.wrapping_add(*columns.chunks.get(at).ok_or_else(missing)?);
        line = line.wrapping_add(*columns.lines.get(at).ok_or_else(missing)?);
        let place = |value: i64| u32::try_from(value).map_err(|_| D::Error::custom("a place out of range"));
        let (outcome, reason, basis, flags) = *columns.what.get(at).ok_or_else(missing)?;
        attempts.push(Attempt {
            time: Millis(time),
            key: Key(u64::from_le_bytes(*columns.keys.get(at).ok_or_else(missing)?)),
            pos: Pos { chunk: place(chunk)?, line: place(line)? },
            principal: *columns.principals.get(at).ok_or_else(missing)?,
            source: *columns.sources.get(at).ok_or_else(missing)?,
            node: *columns.nodes.get(at).ok_or_else(missing)?,
            chain: *columns.chains.get(at).ok_or_else(missing)?,
            path: *columns.paths.get(at).ok_or_else(missing)?,
            outcome,
            reason,
            basis,
            flags,
        });
    }
    Ok(attempts)
}
