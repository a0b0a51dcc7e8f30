//! Lines of server logs that tell no reason, without a full decode: they are counted, and nothing of them is kept, so the
//! decoder would work for nothing. Lines of stack traces, which are nobody's, are told in the same way.
//!
//! Every shape in which nodes write their server log is known here (JSON of 8.x, JSON of 7.x, text), plain or in the
//! envelope of a container runtime. A line is taken only if what the decoder would make of it is certain; whatever is
//! unusual in it leaves it to the decoder. A property test holds the two to the same answer.

mod json;
#[cfg(test)]
pub(crate) mod tests;

use json::JsonLines;

use super::clock::Clock;
use super::envelope;
use crate::decode::TextShape;
use crate::decode::prefix::holds_time_start;
use crate::decode::reason::{Message, classify, is_telling_logger};
use crate::decode::server_text::{ServerHead, ServerText};
use crate::simd::is_plain_text;
use crate::time::{Stamp, Zone};

/// A line that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SilentLine<'l> {
    /// A server event without a reason.
    Server(ServerLine<'l>),
    /// No event, in what wraps every line.
    Other,
    /// A line of no event that stands by itself.
    Text,
}

/// A server event without a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLine<'l> {
    /// Name of the wire format.
    pub format: &'static str,
    /// When.
    pub stamp: Stamp,
    /// The node's id.
    pub node_id: Option<&'l [u8]>,
    /// The node's name.
    pub node_name: Option<&'l [u8]>,
    /// The cluster's uuid.
    pub cluster_uuid: Option<&'l [u8]>,
}

/// The parts of a server line that count, whatever its shape.
struct LineParts<'l> {
    format: &'static str,
    time: &'l [u8],
    node_id: Option<&'l [u8]>,
    node_name: Option<&'l [u8]>,
    cluster_uuid: Option<&'l [u8]>,
    level: &'l [u8],
    logger: Option<&'l [u8]>,
    message: &'l [u8],
    /// The message holds escapes.
    escaped: bool,
}

/// Takes lines, one after the other.
#[derive(Debug)]
pub struct Servers {
    judge: Judge,
    /// The line that was in an envelope.
    scratch: Vec<u8>,
}

impl Servers {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(assumed: Zone) -> Self {
        Self { judge: Judge::new(assumed), scratch: Vec::new() }
    }

    /// Takes a line, without its end; `None` leaves it to the decoder.
    #[must_use]
    pub fn take<'l>(&'l mut self, line: &'l [u8]) -> Option<SilentLine<'l>> {
        let line = unended(line)?;
        let (envelope, inner) = match line.first() {
            // Not worth the copy.
            Some(b'{') if envelope::is_audit_in_docker(line) => return None,
            Some(b'{') if line.starts_with(envelope::DOCKER) => envelope::docker(line, &mut self.scratch)?,
            Some(b'0'..=b'9') => envelope::cri(line)?,
            Some(b'[') if line.starts_with(b"[pod/") => envelope::kubectl(line)?,
            Some(b'{' | b'[') => return self.judge.read(line),
            _ if is_nobodys(line) => return Some(SilentLine::Text),
            _ => envelope::compose(line)?,
        };
        Some(match self.judge.read(unended(inner)?)? {
            SilentLine::Server(server) => SilentLine::Server(ServerLine { format: envelope, ..server }),
            other => other,
        })
    }
}

/// A line without the CR of its end; `None` where white space is left, which is unusual.
fn unended(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    (!line.last().is_some_and(u8::is_ascii_whitespace)).then_some(line)
}

/// Decides of lines outside envelopes.
#[derive(Debug)]
struct Judge {
    /// Of times without a zone, with `Z`, with `+0000`.
    local: Clock<0>,
    utc: Clock<1>,
    zoned: Clock<5>,
    json: JsonLines,
}

impl Judge {
    fn new(assumed: Zone) -> Self {
        Self {
            local: Clock::new(assumed),
            utc: Clock::new(assumed),
            zoned: Clock::new(assumed),
            json: JsonLines::new(),
        }
    }

    fn read<'l>(&mut self, line: &'l [u8]) -> Option<SilentLine<'l>> {
        let read = match line.first() {
            Some(b'{') => self.json.read(line)?,
            Some(b'[') => text(line)?,
            _ => return is_nobodys(line).then_some(SilentLine::Other),
        };
        if tells_reason(&read) {
            return None;
        }
        let stamp = match read.time.len() {
            23 => self.local.read(read.time),
            24 => self.utc.read(read.time),
            _ => self.zoned.read(read.time),
        }?;
        // A time that cannot be is a problem, which the decoder's way of counting names.
        let LineParts { format, node_id, node_name, cluster_uuid, .. } = read;
        let server = ServerLine { format, stamp, node_id, node_name, cluster_uuid };
        stamp.time.is_plausible().then_some(SilentLine::Server(server))
    }
}

/// Whether the message tells a reason, or may do so. Most loggers tell none, whatever they say.
fn tells_reason(line: &LineParts<'_>) -> bool {
    if line.logger.is_some_and(|logger| !is_telling_logger(logger)) {
        return false;
    }
    let message = Message { level: Some(line.level), logger: line.logger, text: line.message, cause: None };
    line.escaped || classify(&message).is_some()
}

/// Reads a line that begins with a bracket.
fn text(line: &[u8]) -> Option<LineParts<'_>> {
    let head = ServerHead::read(line).filter(|head| head.holds_message_only())?;
    Some(LineParts {
        format: ServerText.name(),
        time: head.time,
        node_id: None,
        node_name: head.node_name,
        cluster_uuid: None,
        level: head.level,
        logger: Some(head.logger),
        message: head.message,
        escaped: false,
    })
}

/// Whether no shape claims a line: it is text, and neither begins as a record does nor holds what separates one from
/// what stands before it.
fn is_nobodys(line: &[u8]) -> bool {
    !matches!(line.trim_ascii_start().first(), Some(b'[' | b'0'..=b'9'))
        && is_plain_text(line)
        // A record of text behind a prefix begins with its time, and one that is quoted has escapes.
        && !holds_time_start(line)
        && memchr::memchr(b'\\', line).is_none()
}
