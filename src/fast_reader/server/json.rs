//! Server lines that are JSON: what the ECS appender of 8.x and the layout of 7.x write.
//!
//! A line is one flat object of known members, each once, in any order, whose values are texts; a few that nobody asks
//! for may be lists of texts. That is a subset of JSON which is checked whole, so a line that is taken is one that the
//! decoder accepts, with the same members.

use super::Line;
use crate::decode::JsonShape;
use crate::decode::product::ELASTICSEARCH;
use crate::decode::server::{EcsServer, JsonServer, begins_server_line};
use crate::decode::text_event::is_audit_logger;
use crate::fast_reader::scan::{Pattern, plain_end};

/// Most members that a layout may have.
const MOST: usize = 17;

/// The members of one release's lines, in the order in which they are mostly written.
struct Layout {
    /// `"name":`.
    names: &'static [Pattern],
    /// How many of them, from the end, may be lists.
    lists: usize,
    /// A line may end behind a comma: a stack trace follows, in lines of its own.
    goes_on: bool,
}

const fn name(name: &str) -> Pattern {
    Pattern::of(b"\"", name.as_bytes(), b"\":")
}

static ECS: Layout = Layout {
    names: &[
        name("@timestamp"),
        name("log.level"),
        name("message"),
        name("ecs.version"),
        name("service.name"),
        name("event.dataset"),
        name("process.thread.name"),
        name("log.logger"),
        name("trace.id"),
        name("elasticsearch.cluster.uuid"),
        name("elasticsearch.node.id"),
        name("elasticsearch.node.name"),
        name("elasticsearch.cluster.name"),
        name("error.type"),
        name("error.message"),
        name("error.stack_trace"),
        name("tags"),
    ],
    lists: 1,
    goes_on: false,
};

/// Places in [`ECS`].
mod ecs {
    pub(super) const TIMESTAMP: usize = 0;
    pub(super) const LEVEL: usize = 1;
    pub(super) const MESSAGE: usize = 2;
    pub(super) const SERVICE: usize = 4;
    pub(super) const DATASET: usize = 5;
    pub(super) const LOGGER: usize = 7;
    pub(super) const CLUSTER_UUID: usize = 9;
    pub(super) const NODE_ID: usize = 10;
    pub(super) const NODE_NAME: usize = 11;
}

static SEVEN: Layout = Layout {
    names: &[
        name("type"),
        name("timestamp"),
        name("level"),
        name("component"),
        name("cluster.name"),
        name("node.name"),
        name("message"),
        name("cluster.uuid"),
        name("node.id"),
        name("stacktrace"),
    ],
    lists: 1,
    goes_on: true,
};

/// Places in [`SEVEN`].
mod seven {
    pub(super) const TYPE: usize = 0;
    pub(super) const TIMESTAMP: usize = 1;
    pub(super) const LEVEL: usize = 2;
    pub(super) const COMPONENT: usize = 3;
    pub(super) const NODE_NAME: usize = 5;
    pub(super) const MESSAGE: usize = 6;
    pub(super) const CLUSTER_UUID: usize = 7;
    pub(super) const NODE_ID: usize = 8;
}

/// Reads a line that begins with `{`.
pub(super) fn read(line: &[u8]) -> Option<Line<'_>> {
    if line.starts_with(b"{\"@timestamp\":") { read_ecs(line) } else { read_seven(line) }
}

fn read_ecs(line: &[u8]) -> Option<Line<'_>> {
    let members = Members::read(line, &ECS)?;
    let logger = members.optional(ecs::LOGGER)?;
    let of_elasticsearch = match (members.optional(ecs::DATASET)?, members.optional(ecs::SERVICE)?) {
        (Some(dataset), _) => dataset == b"elasticsearch.server",
        (None, Some(service)) => service == ELASTICSEARCH,
        (None, None) => {
            members.get(ecs::NODE_ID).is_some() && logger.is_none_or(|logger| logger.starts_with(b"org.elasticsearch."))
        }
    };
    if !of_elasticsearch {
        return None;
    }
    // Who wrote it, and what it carries, is for the decoder to tell where neither a logger nor a node of Elasticsearch does.
    let is_plain = match members.get(ecs::LOGGER) {
        Some(logger) => logger.starts_with(b"org.elasticsearch"),
        None => {
            members.get(ecs::NODE_ID).is_some()
                && !matches!(members.get(ecs::MESSAGE)?.trim_ascii_start(), [b'{' | b'[', ..])
        }
    };
    if !is_plain {
        return None;
    }
    Some(Line {
        format: EcsServer.name(),
        time: members.plain(ecs::TIMESTAMP)?,
        node_id: members.optional(ecs::NODE_ID)?,
        node_name: members.optional(ecs::NODE_NAME)?,
        cluster_uuid: members.optional(ecs::CLUSTER_UUID)?,
        level: members.plain(ecs::LEVEL)?,
        logger,
        message: members.get(ecs::MESSAGE)?,
        escaped: members.is_escaped(ecs::MESSAGE),
    })
}

fn read_seven(line: &[u8]) -> Option<Line<'_>> {
    let members = Members::read(line, &SEVEN)?;
    if line.ends_with(b",") && !begins_server_line(line) {
        return None;
    }
    if members.plain(seven::TYPE)? != b"server" || is_audit_logger(members.plain(seven::COMPONENT)?) {
        return None;
    }
    Some(Line {
        format: JsonServer.name(),
        time: members.plain(seven::TIMESTAMP)?,
        node_id: members.optional(seven::NODE_ID)?,
        node_name: members.optional(seven::NODE_NAME)?,
        cluster_uuid: members.optional(seven::CLUSTER_UUID)?,
        level: members.plain(seven::LEVEL)?,
        logger: Some(members.plain(seven::COMPONENT)?),
        message: members.get(seven::MESSAGE)?,
        escaped: members.is_escaped(seven::MESSAGE),
    })
}

/// The texts of the members of a line.
struct Members<'l> {
    line: &'l [u8],
    /// Which of the layout it has, as texts.
    texts: u32,
    /// Which of these hold escapes.
    escaped: u32,
    /// Where they stand between their quotes.
    source_lines: [(u32, u32); MOST],
}

impl<'l> Members<'l> {
    /// Reads a line that has members of a layout and no others.
    fn read(line: &'l [u8], layout: &Layout) -> Option<Self> {
        u32::try_from(line.len()).ok()?;
        let mut members = Self { line, texts: 0, escaped: 0, source_lines: [(0, 0); MOST] };
        let count = layout.names.len();
        let (mut met, mut at, mut expected) = (0_u32, 1, 0);
        loop {
            // Mostly the next one; some are absent.
            let found = (expected..count).chain(0..expected).find(|&index| layout.names[index].starts(line, at))?;
            let bit = 1 << found;
            if met & bit != 0 {
                return None;
            }
            met |= bit;
            expected = found + 1;
            at = spaces(line, at + layout.names[found].len());
            at = match line.get(at)? {
                b'"' => {
                    let (end, escaped) = text_end(line, at + 1)?;
                    members.texts |= bit;
                    members.escaped |= if escaped { bit } else { 0 };
                    *members.source_lines.get_mut(found)? = (at as u32 + 1, end as u32);
                    end + 1
                }
                b'[' if found >= count - layout.lists => list_end(line, at + 1)?,
                _ => return None,
            };
            at = spaces(line, at);
            match line.get(at)? {
                b',' if at + 1 == line.len() => return layout.goes_on.then_some(members),
                b',' => at = spaces(line, at + 1),
                b'}' => return (at + 1 == line.len()).then_some(members),
                _ => return None,
            }
        }
    }

    /// A text as it is written.
    fn get(&self, member: usize) -> Option<&'l [u8]> {
        let (from, to) = *self.source_lines.get(member)?;
        if self.texts >> member & 1 == 1 { self.line.get(from as usize..to as usize) } else { None }
    }

    fn is_escaped(&self, member: usize) -> bool {
        self.escaped >> member & 1 == 1
    }

    /// A text that can be used as it is written.
    fn plain(&self, member: usize) -> Option<&'l [u8]> {
        self.get(member).filter(|_| !self.is_escaped(member))
    }

    /// The same of a member that may be absent; `None` where it is there and cannot be used.
    #[allow(clippy::option_option, reason = "absent and unusable are two things")]
    fn optional(&self, member: usize) -> Option<Option<&'l [u8]>> {
        let text = self.plain(member);
        (text.is_some() || self.get(member).is_none()).then_some(text)
    }
}

#[inline]
fn spaces(line: &[u8], mut at: usize) -> usize {
    while line.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

/// Where a text ends that begins at `at`, after its quote, and whether it holds escapes.
#[inline]
fn text_end(line: &[u8], at: usize) -> Option<(usize, bool)> {
    let mut end = plain_end(line, at);
    let mut escaped = false;
    loop {
        match line.get(end)? {
            b'"' => return Some((end, escaped)),
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
        at = spaces(line, text_end(line, at + 1)?.0 + 1);
        match line.get(at)? {
            b',' => at = spaces(line, at + 1),
            b']' => return Some(at + 1),
            _ => return None,
        }
    }
}
