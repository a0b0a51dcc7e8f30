//! Server lines that are JSON: what the ECS appender of 8.x and the layout of 7.x write.
//!
//! Two layouts of the reader of flat objects, see [`super::super::flat`].

use super::LineParts;
use crate::decode::JsonShape;
use crate::decode::product::ELASTICSEARCH;
use crate::decode::server::{EcsServer, JsonServer, begins_server_line};
use crate::decode::text_event::is_audit_logger;
use crate::fast_reader::flat::{Flat, Layout, layout_keys};
use crate::simd::ShortText;

layout_keys! {
    /// The members of a line of 8.x, in the order in which they are mostly written.
    Eight [ECS, ECS_PATTERNS, b"\""] {
        Timestamp = b"@timestamp",
        Level = b"log.level",
        Message = b"message",
        EcsVersion = b"ecs.version",
        Service = b"service.name",
        Dataset = b"event.dataset",
        Thread = b"process.thread.name",
        Logger = b"log.logger",
        Trace = b"trace.id",
        ClusterUuid = b"elasticsearch.cluster.uuid",
        NodeId = b"elasticsearch.node.id",
        NodeName = b"elasticsearch.node.name",
        ClusterName = b"elasticsearch.cluster.name",
        ErrorType = b"error.type",
        ErrorMessage = b"error.message",
        StackTrace = b"error.stack_trace",
        Tags = b"tags",
    }
}

layout_keys! {
    /// The members of a line of 7.x.
    Seven [SEVEN, SEVEN_PATTERNS, b"\""] {
        Type = b"type",
        Timestamp = b"timestamp",
        Level = b"level",
        Component = b"component",
        ClusterName = b"cluster.name",
        NodeName = b"node.name",
        Message = b"message",
        ClusterUuid = b"cluster.uuid",
        NodeId = b"node.id",
        StackTrace = b"stacktrace",
    }
}

/// Layouts of server logs are lenient. Lists are those of one member that nobody asks for; behind a line of 7.x a stack trace may
/// follow, in lines of its own.
macro_rules! server_layout {
    ($keys:ident, $patterns:ident, $first:ident, list: $list:ident, goes_on: $goes_on:literal) => {
        impl Layout for $keys {
            const LENIENT: bool = true;
            const GOES_ON: bool = $goes_on;
            const FIRST: Self = Self::$first;

            fn named(name: &[u8]) -> Option<Self> {
                Self::of_name(name)
            }

            #[inline]
            fn pattern(self) -> &'static ShortText {
                &$patterns[self as usize]
            }

            #[inline]
            fn index(self) -> usize {
                self as usize
            }

            #[inline]
            fn may_be_list(self) -> bool {
                self == Self::$list
            }

            fn is_noted(_: Option<&[u8; 2]>) -> bool {
                false
            }
        }
    };
}

server_layout!(Eight, ECS_PATTERNS, Timestamp, list: Tags, goes_on: false);
server_layout!(Seven, SEVEN_PATTERNS, Type, list: StackTrace, goes_on: true);

/// Reads lines, one after the other.
#[derive(Debug)]
pub(super) struct JsonLines {
    ecs: Flat<Eight, ECS>,
    seven: Flat<Seven, SEVEN>,
}

impl JsonLines {
    pub(super) fn new() -> Self {
        Self { ecs: Flat::new(), seven: Flat::new() }
    }

    /// Reads a line that begins with `{`.
    pub(super) fn read<'l>(&mut self, line: &'l [u8]) -> Option<LineParts<'l>> {
        if line.starts_with(b"{\"@timestamp\":") {
            read_ecs(&ServerMembers::read(line, &mut self.ecs)?)
        } else {
            read_seven(&ServerMembers::read(line, &mut self.seven)?)
        }
    }
}

fn read_ecs<'l>(members: &ServerMembers<'l, '_, Eight, ECS>) -> Option<LineParts<'l>> {
    let logger = members.optional(Eight::Logger)?;
    let of_elasticsearch = match (members.optional(Eight::Dataset)?, members.optional(Eight::Service)?) {
        (Some(dataset), _) => dataset == b"elasticsearch.server",
        (None, Some(service)) => service == ELASTICSEARCH,
        (None, None) => {
            members.get(Eight::NodeId).is_some()
                && logger.is_none_or(|logger| logger.starts_with(b"org.elasticsearch."))
        }
    };
    if !of_elasticsearch {
        return None;
    }
    // Who wrote it, and what it carries, is for the decoder to tell where neither a logger nor a node of Elasticsearch does.
    let is_plain = match members.get(Eight::Logger) {
        Some(logger) => logger.starts_with(b"org.elasticsearch"),
        None => {
            members.get(Eight::NodeId).is_some()
                && !matches!(members.get(Eight::Message)?.trim_ascii_start(), [b'{' | b'[', ..])
        }
    };
    if !is_plain {
        return None;
    }
    Some(LineParts {
        format: EcsServer.name(),
        time: members.plain(Eight::Timestamp)?,
        node_id: members.optional(Eight::NodeId)?,
        node_name: members.optional(Eight::NodeName)?,
        cluster_uuid: members.optional(Eight::ClusterUuid)?,
        level: members.plain(Eight::Level)?,
        logger,
        message: members.get(Eight::Message)?,
        escaped: members.is_escaped(Eight::Message),
    })
}

fn read_seven<'l>(members: &ServerMembers<'l, '_, Seven, SEVEN>) -> Option<LineParts<'l>> {
    let line = members.line;
    if line.ends_with(b",") && !begins_server_line(line) {
        return None;
    }
    if members.plain(Seven::Type)? != b"server" || is_audit_logger(members.plain(Seven::Component)?) {
        return None;
    }
    Some(LineParts {
        format: JsonServer.name(),
        time: members.plain(Seven::Timestamp)?,
        node_id: members.optional(Seven::NodeId)?,
        node_name: members.optional(Seven::NodeName)?,
        cluster_uuid: members.optional(Seven::ClusterUuid)?,
        level: members.plain(Seven::Level)?,
        logger: Some(members.plain(Seven::Component)?),
        message: members.get(Seven::Message)?,
        escaped: members.is_escaped(Seven::Message),
    })
}

/// The texts of the members of a line.
struct ServerMembers<'l, 'f, L, const N: usize> {
    line: &'l [u8],
    flat: &'f Flat<L, N>,
}

impl<'l, 'f, L: Layout, const N: usize> ServerMembers<'l, 'f, L, N> {
    /// Reads a line that has members of a layout and no others.
    fn read(line: &'l [u8], flat: &'f mut Flat<L, N>) -> Option<Self> {
        u32::try_from(line.len()).ok()?;
        (flat.read(line, 0)? == line.len()).then_some(Self { line, flat })
    }

    /// A text as it is written.
    fn get(&self, member: L) -> Option<&'l [u8]> {
        self.flat.value(self.line, member).filter(|_| !self.flat.is_list(member))
    }

    fn is_escaped(&self, member: L) -> bool {
        self.flat.is_escaped(member)
    }

    /// A text that can be used as it is written.
    fn plain(&self, member: L) -> Option<&'l [u8]> {
        self.get(member).filter(|_| !self.is_escaped(member))
    }

    /// The same of a member that may be absent; `None` where it is there and cannot be used.
    #[allow(clippy::option_option, reason = "absent and unusable are two things")]
    fn optional(&self, member: L) -> Option<Option<&'l [u8]>> {
        let text = self.plain(member);
        (text.is_some() || self.get(member).is_none()).then_some(text)
    }
}
