//! Lines with the name of a container before the record, which runtimes put before every line whatever it is: docker-compose
//! (`es01_1  | {…}`, in colour too), `kubectl logs --prefix` (`[pod/x/y] {…}`). Other prefixes: [`super::prefix`].

use super::{Context, Sink, TextShape, decode_line};
use crate::error::DecodeError;

/// docker-compose and podman-compose.
pub struct Compose;

/// `kubectl logs --prefix`.
pub struct Kubectl;

/// A line without colour sequences (`ESC [ … m`), which terminals and `jq -C` put everywhere; `None` where it has none. JSON
/// writes the byte as an escape, so that no value holds it.
pub(crate) fn without_colours(line: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(0x1b, line)?;
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memmem::find(rest, b"\x1b[") {
        let code = &rest[at + 2..];
        let digits = code.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
        match code[digits..].strip_prefix(b"m").or_else(|| code[digits..].strip_prefix(b"K")) {
            Some(after) => {
                plain.extend_from_slice(&rest[..at]);
                rest = after;
            }
            None => {
                plain.extend_from_slice(&rest[..at + 2]);
                rest = code;
            }
        }
    }
    plain.extend_from_slice(rest);
    (plain.len() < line.len()).then_some(plain)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/')
}

/// What follows `name |`.
pub(crate) fn after_bar(line: &[u8]) -> Option<&[u8]> {
    let name = line.iter().take_while(|&&byte| is_name(byte)).count();
    // A number or an address is the cell of a table: containers have names.
    if !line[..name].iter().any(u8::is_ascii_alphabetic) {
        return None;
    }
    let rest = line[name..].trim_ascii_start();
    Some(rest.strip_prefix(b"|")?.trim_ascii_start())
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
