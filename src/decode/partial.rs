//! Records that a container runtime cut into several lines: CRI writes `P` for all but the last part, docker ends every
//! part but the last without `\n` (it cuts at 16 KiB).
//!
//! Whoever cuts an input into lines asks [`continues`] of each; where it says so, the lines of the same [`stream`] up to
//! and with the first that does not continue make one record, which [`join`] rebuilds.

use super::cri::CriLine;

/// A stream of a container, as one runtime writes it; parts are joined within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream(u8);

impl Stream {
    const DOCKER: u8 = 0;
    const CRI: u8 = 2;

    fn named(runtime: u8, name: &[u8]) -> Option<Self> {
        match name {
            b"stdout" => Some(Self(runtime)),
            b"stderr" => Some(Self(runtime + 1)),
            _ => None,
        }
    }
}

/// Streams in which a record has begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenStreams(u8);

impl OpenStreams {
    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = Stream> {
        (0..4).filter(move |stream| self.0 >> stream & 1 == 1).map(Stream)
    }
}

/// What lines do to the streams: where the last line of a stream leaves it, whatever was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamChange {
    met: OpenStreams,
    open: OpenStreams,
    /// Some line continues.
    pub parts: bool,
}

impl StreamChange {
    /// Adds the next line.
    pub fn add(&mut self, part: PartialLine) {
        let bit = 1 << part.stream.0;
        self.met.0 |= bit;
        self.open.0 = self.open.0 & !bit | if part.continues { bit } else { 0 };
        self.parts |= part.continues;
    }

    /// What is open behind the lines.
    #[must_use]
    pub fn after(self, before: OpenStreams) -> OpenStreams {
        OpenStreams(before.0 & !self.met.0 | self.open.0)
    }

    /// Whether one of the lines is of an open stream.
    #[must_use]
    pub fn meets(self, open: OpenStreams) -> bool {
        self.met.0 & open.0 != 0
    }
}

/// What a physical line of a container runtime is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialLine {
    /// Whose it is.
    pub stream: Stream,
    /// Its record goes on in the next line of the same stream.
    pub continues: bool,
}

/// Looks at a line; `None` for lines of no runtime.
#[must_use]
pub fn part(line: &[u8]) -> Option<PartialLine> {
    match line.first()? {
        b'{' => DockerLine::read(line).map(|line| PartialLine { stream: line.stream, continues: line.partial }),
        b'0'..=b'9' => CriLine::read(line).and_then(|line| {
            Some(PartialLine { stream: Stream::named(Stream::CRI, line.stream)?, continues: line.partial })
        }),
        _ => None,
    }
}

/// Which stream of the container a line belongs to.
#[must_use]
pub fn stream(line: &[u8]) -> Option<Stream> {
    part(line).map(|part| part.stream)
}

/// Whether a physical line is a part whose record goes on in the next line of the same stream.
#[must_use]
pub fn continues(line: &[u8]) -> bool {
    part(line).is_some_and(|part| part.continues)
}

/// The record of parts given in order, as the one line that the runtime would have written. Lines of other streams or
/// runtimes than the first are left out. `None` where the first is no line of a runtime.
#[must_use]
pub fn join(lines: &[&[u8]]) -> Option<Vec<u8>> {
    let first = lines.first()?;
    let of_stream = lines.iter().filter(|line| stream(line) == stream(first));
    if first.first() == Some(&b'{') {
        let parts: Vec<DockerLine<'_>> = of_stream.filter_map(|line| DockerLine::read(line)).collect();
        let mut record = DOCKER_START.to_vec();
        parts.iter().for_each(|part| record.extend_from_slice(part.log));
        record.extend_from_slice(parts.last()?.tail);
        return Some(record);
    }
    let parts: Vec<CriLine<'_>> = of_stream.filter_map(|line| CriLine::read(line)).collect();
    let last_is_partial = parts.last()?.partial;
    let mut record = parts.first()?.head.to_vec();
    record.extend_from_slice(if last_is_partial { b" P " } else { b" F " });
    parts.iter().for_each(|part| record.extend_from_slice(part.content));
    Some(record)
}

/// How docker's json-file driver begins each line.
const DOCKER_START: &[u8] = b"{\"log\":\"";

/// What follows the text.
const DOCKER_STREAM: &[u8] = b"\",\"stream\":\"";

/// The same as other programs write such lines anew.
const SPACED: (&[u8], &[u8]) = (b"{\"log\": \"", b"\", \"stream\": \"");

/// A line of docker's json-file driver, taken apart without unescaping.
struct DockerLine<'a> {
    /// The text, escaped.
    log: &'a [u8],
    /// From the quote that ends the text on.
    tail: &'a [u8],
    stream: Stream,
    partial: bool,
}

impl<'a> DockerLine<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let (rest, stream) = match line.strip_prefix(DOCKER_START) {
            Some(rest) => (rest, DOCKER_STREAM),
            None => (line.strip_prefix(SPACED.0)?, SPACED.1),
        };
        // Inside the text the same bytes would have their quotes escaped.
        let end = memchr::memmem::rfind(rest, stream)?;
        let (log, tail) = rest.split_at(end);
        let after = &tail[stream.len()..];
        let stream = Stream::named(Stream::DOCKER, &after[..memchr::memchr(b'"', after)?])?;
        let newline = log.strip_suffix(b"\\n").is_some_and(|text| {
            // An escaped backslash before an `n` is no line end.
            text.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 0
        });
        Some(Self { log, tail, stream, partial: !newline })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{audit, brief};
    use super::*;

    const LINE: &str = r#"{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "node.id":"n", "event.type":"rest", "event.action":"authentication_failed", "user.name":"a\\nb\"é"}"#;
    const BRIEF: &str = "2026-03-01T12:34:56.789Z authentication_failed n a\\nb\"é - - -";

    fn docker(part: &str) -> String {
        serde_json::json!({"log":part,"stream":"stdout","time":"2026-03-01T12:34:56.789Z"}).to_string()
    }

    #[test]
    fn cut_records_are_rebuilt() {
        for cut in (1..LINE.len()).filter(|&cut| LINE.is_char_boundary(cut)) {
            let (a, b) = LINE.split_at(cut);
            for (first, other, last) in [
                (docker(a), docker("x\n").replace("stdout", "stderr"), docker(&format!("{b}\n"))),
                (
                    format!("2026-03-01T12:34:56.789Z stdout P {a}"),
                    "2026-03-01T12:34:56.789Z stderr F x".to_owned(),
                    format!("2026-03-01T12:34:56.790Z stdout F {b}"),
                ),
            ] {
                assert!(continues(first.as_bytes()), "{first}");
                assert!(!continues(last.as_bytes()), "{last}");
                assert_ne!(stream(first.as_bytes()), stream(other.as_bytes()));
                let record = join(&[first.as_bytes(), other.as_bytes(), last.as_bytes()]).unwrap();
                assert!(!continues(&record));
                assert_eq!(brief(&audit(&String::from_utf8(record).unwrap()).1), BRIEF, "{cut}");
            }
        }
    }

    #[test]
    fn lines_of_no_runtime_are_whole() {
        for line in [
            "",
            LINE,
            "{\"log\":\"x\"}",
            "2026-03-01T12:34:56.789Z P x",
            "text",
            "{\"log\":\"x\\\\\\n\",\"stream\":\"stdout\"}",
        ] {
            assert!(!continues(line.as_bytes()), "{line}");
        }
        assert!(continues(br#"{"log":"x\\n","stream":"stdout","time":"t"}"#));
        assert!(continues(b"2026-03-01T12:34:56.789Z stdout P:tag x"));
        assert_eq!(join(&[]), None);
        assert_eq!(join(&[b"text"]), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(lines in prop::collection::vec(prop::collection::vec(prop::sample::select(
            b"{\"log:\\n,stream}stdoutPF 2026-03-01T12:34:56Z".to_vec()), 0..60), 0..4)) {
            let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
            let _ = join(&lines);
            for line in lines {
                let _ = (continues(line), stream(line));
            }
        }
    }
}
