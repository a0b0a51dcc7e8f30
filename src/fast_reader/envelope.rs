//! What container runtimes put around a line, taken off.

use wide::u8x16;

use crate::decode::cri::{Cri, CriLine};
use crate::decode::docker::Docker;
use crate::decode::prefixed::{Compose, Kubectl, after_bar, after_pod};
use crate::decode::{JsonShape, TextShape};
use crate::simd::ends;

/// A line out of an envelope, and the name of the envelope.
pub(super) type Inner<'l> = (&'static str, &'l [u8]);

/// How docker's json-file driver begins a line.
pub(super) const DOCKER: &[u8] = b"{\"log\":\"";

/// What docker wrote; its text is written to `scratch`, without escapes.
pub(super) fn docker<'s>(line: &[u8], scratch: &'s mut Vec<u8>) -> Option<Inner<'s>> {
    let text = line.strip_prefix(DOCKER)?;
    if scratch.len() < text.len() + BLOCK {
        scratch.resize(text.len() + BLOCK, 0);
    }
    let (read, written) = unescape(text, scratch)?;
    let rest = text.get(read..)?.strip_prefix(b",\"stream\":\"std")?;
    let time = rest.strip_prefix(b"out\",\"time\":\"").or_else(|| rest.strip_prefix(b"err\",\"time\":\""))?;
    let time = time.strip_suffix(b"\"}")?;
    // No decoder reads it, but it has to be a text.
    if !time.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T' | b'Z' | b'+')) {
        return None;
    }
    Some((Docker.name(), scratch.get(..written)?.strip_suffix(b"\n")?))
}

/// Whether docker wrote a line of an audit log.
pub(super) fn is_audit_in_docker(line: &[u8]) -> bool {
    let starts = [&br#"{\"type\":\"audit\""#[..], br#"{\"type\": \"audit\""#];
    line.strip_prefix(DOCKER).is_some_and(|text| starts.iter().any(|start| text.starts_with(start)))
}

/// Bytes that are copied at a time.
const BLOCK: usize = 16;

/// Writes a text whose opening quote is behind; how many bytes were read, the closing quote included, and how many
/// written. Escapes of other characters than those of ASCII are left to the decoder.
fn unescape(text: &[u8], out: &mut [u8]) -> Option<(usize, usize)> {
    let (mut read, mut written) = (0, 0);
    loop {
        // More than a block follows the text of any line of docker.
        let block = text.get(read..)?.first_chunk::<BLOCK>()?;
        *out.get_mut(written..)?.first_chunk_mut::<BLOCK>()? = *block;
        let hits = ends(u8x16::new(*block));
        if hits == 0 {
            read += BLOCK;
            written += BLOCK;
            continue;
        }
        let plain = hits.trailing_zeros() as usize;
        read += plain;
        written += plain;
        let (byte, length) = match text.get(read..)? {
            [b'"', ..] => return Some((read + 1, written)),
            [b'\\', byte @ (b'"' | b'\\' | b'/'), ..] => (*byte, 2),
            [b'\\', b'n', ..] => (b'\n', 2),
            [b'\\', b'r', ..] => (b'\r', 2),
            [b'\\', b't', ..] => (b'\t', 2),
            [b'\\', b'u', b'0', b'0', high @ b'0'..=b'7', low, ..] => {
                ((high - b'0') << 4 | char::from(*low).to_digit(16)? as u8, 6)
            }
            _ => return None,
        };
        *out.get_mut(written)? = byte;
        read += length;
        written += 1;
    }
}

/// What stands in a line of the container runtime interface.
pub(super) fn cri(line: &[u8]) -> Option<Inner<'_>> {
    Some((Cri.name(), CriLine::read(line)?.content))
}

/// What follows the name of a service of docker-compose.
pub(super) fn compose(line: &[u8]) -> Option<Inner<'_>> {
    Some((Compose.name(), after_bar(line)?))
}

/// What follows the name of a pod.
pub(super) fn kubectl(line: &[u8]) -> Option<Inner<'_>> {
    Some((Kubectl.name(), after_pod(line)?))
}
