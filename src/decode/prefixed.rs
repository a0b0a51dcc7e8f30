//! Lines with the name of a container or host before the record: docker-compose (`es01_1  | {…}`, in colour too),
//! `kubectl logs --prefix` (`[pod/x/y] {…}`), stern (`pod container {…}`), syslog.

use super::{Context, Sink, TextShape, UNKNOWN, decode_line, is_audit_start};
use crate::error::DecodeError;
use crate::event::Record;

/// docker-compose and podman-compose.
pub struct Compose;

/// `kubectl logs --prefix`.
pub struct Kubectl;

/// Anything else before a JSON object that ends the line.
pub struct Prefixed;

/// A text without the colour sequences (`ESC [ … m`) at its start.
fn without_colour(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix(b"\x1b[") {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
        let Some(after) = rest[digits..].strip_prefix(b"m") else { break };
        text = after;
    }
    text
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/')
}

/// What follows `name |`.
pub(crate) fn after_bar(line: &[u8]) -> Option<&[u8]> {
    let line = without_colour(line);
    let name = line.iter().take_while(|&&byte| is_name(byte)).count();
    if name == 0 {
        return None;
    }
    let rest = line[name..].trim_ascii_start();
    let rest = without_colour(without_colour(rest).trim_ascii_start().strip_prefix(b"|")?);
    Some(without_colour(rest.trim_ascii_start()))
}

impl TextShape for Compose {
    fn name(&self) -> &'static str {
        "compose"
    }

    fn claims(&self, line: &[u8]) -> bool {
        after_bar(line).is_some()
    }

    fn decode(&self, line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let inner = after_bar(line).unwrap_or(line);
        decode_line(inner, &context.inside()?, &mut |_, record| sink("compose", record))
    }
}

/// What follows `[pod/x/y] `.
pub(crate) fn after_pod(line: &[u8]) -> Option<&[u8]> {
    let inside = line.strip_prefix(b"[pod/")?;
    let end = inside.iter().position(|&byte| !is_name(byte))?;
    inside[end..].strip_prefix(b"] ")
}

impl TextShape for Kubectl {
    fn name(&self) -> &'static str {
        "kubectl"
    }

    fn claims(&self, line: &[u8]) -> bool {
        after_pod(line).is_some()
    }

    fn decode(&self, line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let inner = after_pod(line).unwrap_or(line);
        decode_line(inner, &context.inside()?, &mut |_, record| sink("kubectl", record))
    }
}

/// Longest prefix: syslog's time, host and tag.
const MAX_PREFIX: usize = 256;

/// The JSON object after a prefix of plain text.
fn after_prefix(line: &[u8]) -> Option<&[u8]> {
    let start = memchr::memchr(b'{', line.get(..MAX_PREFIX).unwrap_or(line))?;
    let (prefix, inner) = line.split_at(start);
    // Text that quotes an object is no prefix: only blanks and colons separate.
    let separated = matches!(prefix.last(), Some(b' ' | b':' | b'\t'));
    let plain = prefix.iter().all(|&byte| (b' '..0x7f).contains(&byte) || byte == b'\t');
    (separated && plain && inner.starts_with(b"{\"") && !prefix.contains(&b'"')).then_some(inner)
}

impl TextShape for Prefixed {
    fn name(&self) -> &'static str {
        "prefixed"
    }

    fn claims(&self, line: &[u8]) -> bool {
        after_prefix(line).is_some()
    }

    fn decode(&self, line: &[u8], context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let inner = after_prefix(line).unwrap_or(line);
        let mut known = false;
        let result = decode_line(inner, &context.inside()?, &mut |_, record| {
            if !matches!(record, Record::Other) {
                known = true;
                sink("prefixed", record);
            }
        });
        match result {
            // Syslog cuts long lines; that an audit line was lost must be said.
            Err(error) if is_audit_start(inner) => Err(error),
            _ if known => Ok(()),
            _ => {
                sink(UNKNOWN, Record::Other);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{audit, decode, try_decode};

    const LINE: &str = r#"{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "event.type":"rest", "event.action":"authentication_failed"}"#;

    #[test]
    fn prefixes_are_taken_off() {
        for (prefix, name) in [
            ("es01_1  | ", "compose"),
            ("es01-1  |", "compose"),
            ("\u{1b}[36mes01_1  |\u{1b}[0m ", "compose"),
            ("\u{1b}[36;1mes01_1  \u{1b}[0m| ", "compose"),
            ("[pod/es-0/elasticsearch] ", "kubectl"),
            ("Mar  1 12:34:56 es-1 elasticsearch[4242]: ", "prefixed"),
            ("<134>1 2026-03-01T12:34:56.789Z es-1 elasticsearch 42 - - ", "prefixed"),
            ("es-0 elasticsearch ", "prefixed"),
        ] {
            assert_eq!(audit(&format!("{prefix}{LINE}")).0, name, "{prefix}");
        }
        let text = "es01_1  | [2026-03-01T12:34:56,789][WARN ][o.e.x.S] [n] message";
        assert_eq!(decode(text), [("compose", "server".to_owned())]);
    }

    #[test]
    fn text_that_holds_an_object_is_other() {
        for line in ["took {\"a\":1}", "x ={\"type\":\"audit\"}", "said \"{\"type\":\"audit\"}", "GET / {\"broken"] {
            assert_eq!(decode(line), [("unknown", "other".to_owned())], "{line}");
        }
        assert!(try_decode(&format!("Mar  1 12:34:56 es-1 es: {}", &LINE[..90])).is_err());
    }
}
