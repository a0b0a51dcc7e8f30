//! Server lines that are JSON: what the ECS appender of 8.x and the layout of 7.x write.
//!
//! A line is one flat object of known members, each once, in any order, whose values are texts; a few that nobody asks
//! for may be lists of texts. That is a subset of JSON which is checked whole, so a line that is taken is one that the
//! decoder accepts, with the same members.

use super::Line;
use crate::decode::JsonShape;
use crate::decode::server::{EcsServer, JsonServer};
use crate::decode::text_event::is_audit_logger;
use crate::prefilter::scan::plain_end;

/// A value as it stands between its quotes.
#[derive(Debug, Clone, Copy)]
struct Value<'l> {
    raw: &'l [u8],
    escaped: bool,
}

/// Most members that a layout may have.
const MOST: usize = 20;

/// The members of one release's lines, in the order in which they are mostly written.
struct Layout {
    /// `"name":`.
    names: &'static [&'static [u8]],
    /// How many of them, from the end, may be lists.
    lists: usize,
}

const ECS: Layout = Layout {
    names: &[
        b"\"@timestamp\":",
        b"\"log.level\":",
        b"\"message\":",
        b"\"ecs.version\":",
        b"\"service.name\":",
        b"\"event.dataset\":",
        b"\"process.thread.name\":",
        b"\"log.logger\":",
        b"\"trace.id\":",
        b"\"elasticsearch.cluster.uuid\":",
        b"\"elasticsearch.node.id\":",
        b"\"elasticsearch.node.name\":",
        b"\"elasticsearch.cluster.name\":",
        b"\"error.type\":",
        b"\"error.message\":",
        b"\"error.stack_trace\":",
        b"\"tags\":",
    ],
    lists: 1,
};

/// Places in [`ECS`].
mod ecs {
    pub(super) const TIMESTAMP: usize = 0;
    pub(super) const LEVEL: usize = 1;
    pub(super) const MESSAGE: usize = 2;
    pub(super) const DATASET: usize = 5;
    pub(super) const NODE_ID: usize = 10;
    pub(super) const NODE_NAME: usize = 11;
}

const SEVEN: Layout = Layout {
    names: &[
        b"\"type\":",
        b"\"timestamp\":",
        b"\"level\":",
        b"\"component\":",
        b"\"cluster.name\":",
        b"\"node.name\":",
        b"\"message\":",
        b"\"cluster.uuid\":",
        b"\"node.id\":",
        b"\"stacktrace\":",
    ],
    lists: 1,
};

/// Places in [`SEVEN`].
mod seven {
    pub(super) const TYPE: usize = 0;
    pub(super) const TIMESTAMP: usize = 1;
    pub(super) const COMPONENT: usize = 3;
    pub(super) const NODE_NAME: usize = 5;
    pub(super) const MESSAGE: usize = 6;
    pub(super) const NODE_ID: usize = 8;
}

/// Reads a line that begins with `{`.
pub(super) fn read(line: &[u8]) -> Option<Line<'_>> {
    if line.starts_with(b"{\"@timestamp\":") { read_ecs(line) } else { read_seven(line) }
}

fn read_ecs(line: &[u8]) -> Option<Line<'_>> {
    let values = members(line, &ECS)?;
    values[ecs::LEVEL]?;
    if values[ecs::DATASET].is_some_and(|dataset| dataset.escaped || dataset.raw != b"elasticsearch.server") {
        return None;
    }
    let message = values[ecs::MESSAGE]?;
    Some(Line {
        format: EcsServer.name(),
        time: plain(values[ecs::TIMESTAMP]?)?,
        node_id: optional(values[ecs::NODE_ID])?,
        node_name: optional(values[ecs::NODE_NAME])?,
        message: message.raw,
        escaped: message.escaped,
    })
}

fn read_seven(line: &[u8]) -> Option<Line<'_>> {
    let values = members(line, &SEVEN)?;
    if plain(values[seven::TYPE]?)? != b"server" || is_audit_logger(plain(values[seven::COMPONENT]?)?) {
        return None;
    }
    let message = values[seven::MESSAGE]?;
    Some(Line {
        format: JsonServer.name(),
        time: plain(values[seven::TIMESTAMP]?)?,
        node_id: optional(values[seven::NODE_ID])?,
        node_name: optional(values[seven::NODE_NAME])?,
        message: message.raw,
        escaped: message.escaped,
    })
}

fn plain(value: Value<'_>) -> Option<&[u8]> {
    (!value.escaped).then_some(value.raw)
}

/// `None` where there is a value that cannot be used as it stands.
#[allow(clippy::option_option, reason = "absent and unusable are two things")]
fn optional(value: Option<Value<'_>>) -> Option<Option<&[u8]>> {
    match value {
        Some(value) => plain(value).map(Some),
        None => Some(None),
    }
}

/// The texts of the members of a line that has those of a layout and no others.
fn members<'l>(line: &'l [u8], layout: &Layout) -> Option<[Option<Value<'l>>; MOST]> {
    let mut values = [None; MOST];
    let mut met: u32 = 0;
    let mut at = 1;
    let mut expected = 0;
    loop {
        let rest = line.get(at..)?;
        let count = layout.names.len();
        // Mostly the next one; some are absent.
        let found = (expected..count).chain(0..expected).find(|&index| rest.starts_with(layout.names[index]))?;
        if met >> found & 1 == 1 {
            return None;
        }
        met |= 1 << found;
        expected = found + 1;
        at = spaces(line, at + layout.names[found].len());
        at = match line.get(at)? {
            b'"' => {
                let (value, end) = text(line, at + 1)?;
                values[found] = Some(value);
                end
            }
            b'[' if found >= count - layout.lists => list_end(line, at + 1)?,
            _ => return None,
        };
        at = spaces(line, at);
        match line.get(at)? {
            b',' => at = spaces(line, at + 1),
            b'}' => return (at + 1 == line.len()).then_some(values),
            _ => return None,
        }
    }
}

#[inline]
fn spaces(line: &[u8], mut at: usize) -> usize {
    while line.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

/// The text that begins at `at`, after its quote, and where what follows its other quote begins.
#[inline]
fn text(line: &[u8], at: usize) -> Option<(Value<'_>, usize)> {
    let mut end = plain_end(line, at);
    let mut escaped = false;
    loop {
        match line.get(end)? {
            b'"' => return Some((Value { raw: &line[at..end], escaped }, end + 1)),
            // What `\u` stands for could be a letter of the words that are looked for.
            b'\\' if matches!(line.get(end + 1)?, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                escaped = true;
                end = plain_end(line, end + 2);
            }
            _ => return None,
        }
    }
}

/// Where a list of texts ends; `at` is after its bracket.
fn list_end(line: &[u8], at: usize) -> Option<usize> {
    let mut at = spaces(line, at);
    if line.get(at) == Some(&b']') {
        return Some(at + 1);
    }
    loop {
        if line.get(at) != Some(&b'"') {
            return None;
        }
        at = spaces(line, text(line, at + 1)?.1);
        match line.get(at)? {
            b',' => at = spaces(line, at + 1),
            b']' => return Some(at + 1),
            _ => return None,
        }
    }
}
