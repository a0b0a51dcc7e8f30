//! Lines as container runtimes write them for Kubernetes: `TIME stdout F content`, or `P` where the record goes on in the
//! next line of the stream (`super::partial` joins those).

use super::{Context, Sink, TextShape, decode_line};
use crate::error::DecodeError;

/// The envelope; what is inside decides the record.
pub struct Cri;

/// The parts of such a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CriLine<'a> {
    /// `stdout` or `stderr`.
    pub stream: &'a [u8],
    /// The record goes on in the next line of the stream.
    pub partial: bool,
    /// Everything before the tags: the time and the stream.
    pub head: &'a [u8],
    /// What the container wrote.
    pub content: &'a [u8],
}

impl<'a> CriLine<'a> {
    /// Takes a line apart; `None` where it is of another form.
    #[must_use]
    pub fn read(line: &'a [u8]) -> Option<Self> {
        // `2026-03-01T12:34:56`, a fraction and a zone.
        let time_end = memchr::memchr(b' ', line.get(..48).unwrap_or(line))?;
        let time = &line[..time_end];
        if time_end < 20 || !time[0].is_ascii_digit() || time[4] != b'-' || time[10] != b'T' {
            return None;
        }
        let rest = &line[time_end + 1..];
        let (stream, rest) =
            [&b"stdout"[..], b"stderr"].into_iter().find_map(|name| Some((name, rest.strip_prefix(name)?)))?;
        let head = &line[..time_end + 1 + stream.len()];
        let rest = rest.strip_prefix(b" ")?;
        let tags_end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        // Tags are separated by colons; the first says whether the line is partial or full.
        let partial = match rest[..tags_end].split(|&byte| byte == b':').next()? {
            b"P" => true,
            b"F" => false,
            _ => return None,
        };
        Some(Self { stream, partial, head, content: rest.get(tags_end + 1..).unwrap_or_default() })
    }
}

impl TextShape for Cri {
    fn name(&self) -> &'static str {
        "cri"
    }

    fn claims(&self, line: &[u8]) -> bool {
        line.first().is_some_and(u8::is_ascii_digit) && CriLine::read(line).is_some()
    }

    fn decode(&self, line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let content = CriLine::read(line).map_or(line, |line| line.content);
        decode_line(content, &context.inside()?, &mut |_, record| sink("cri", record))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{audit, brief, decode};

    #[test]
    fn the_content_is_decoded() {
        let (format, event) = audit(
            r#"2026-03-01T12:34:56.789012345Z stdout F {"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "node.id":"n", "event.type":"rest", "event.action":"authentication_failed", "user.name":"u"}"#,
        );
        assert_eq!(format, "cri");
        assert_eq!(brief(&event), "2026-03-01T12:34:56.789Z authentication_failed n u - - -");
        assert_eq!(decode("2026-03-01T12:34:56.789Z stderr F   at x"), [("cri", "other".to_owned())]);
        assert_eq!(decode("2026-03-01T12:34:56.789Z stdout F"), [("cri", "other".to_owned())]);
    }

    #[test]
    fn other_lines_that_begin_with_a_time_are_not_its() {
        for line in ["2026-03-01T12:34:56.789Z hello F x", "2026-03-01T12:34:56Z stdout Q x", "2026 stdout F x"] {
            assert_eq!(decode(line), [("unknown", "other".to_owned())], "{line}");
        }
    }
}
