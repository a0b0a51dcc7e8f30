//! What container runtimes put around each line of standard output.

use std::io::Write;

use super::{Renderer, Shape};
use crate::text::{Clock, Micros, push_escaped};

/// Wraps a line as the shape says.
pub(super) fn push(renderer: &mut Renderer, buf: &mut Vec<u8>, time: Micros, line: &[u8]) {
    match renderer.shape {
        Shape::Cri => cri(renderer, buf, time, line),
        Shape::Compose => {
            // Compose pads the names of the services to one width.
            let _ = write!(buf, "{:<8} | ", renderer.node_name);
            buf.extend_from_slice(line);
        }
        _ => docker(&mut renderer.utc, buf, time, line),
    }
}

/// Docker's json-file driver: `{"log":"…\n","stream":"stdout","time":"…"}`.
pub(super) fn docker(utc: &mut Clock, buf: &mut Vec<u8>, time: Micros, line: &[u8]) {
    buf.extend_from_slice(b"{\"log\":\"");
    push_escaped(buf, line);
    buf.extend_from_slice(b"\\n\",\"stream\":\"stdout\",\"time\":\"");
    utc.push(buf, time, b'.');
    buf.extend_from_slice(b"456789Z\"}");
}

/// The runtime interface of Kubernetes: `TIME stdout F …`; a line longer than the runtime's buffer, or flushed in
/// the middle, comes in parts marked `P`.
fn cri(renderer: &mut Renderer, buf: &mut Vec<u8>, time: Micros, line: &[u8]) {
    const BUFFER: usize = 16 * 1024;
    let mut rest = line;
    let mut flush = renderer.rng.chance(0.03);
    loop {
        let most = if flush { 1 + renderer.rng.index(rest.len().min(400)) } else { BUFFER };
        flush = false;
        renderer.utc.push(buf, time, b'.');
        if rest.len() <= most {
            buf.extend_from_slice(b"456789Z stdout F ");
            buf.extend_from_slice(rest);
            return;
        }
        let (part, next) = rest.split_at(most);
        buf.extend_from_slice(b"123456Z stdout P ");
        buf.extend_from_slice(part);
        buf.push(b'\n');
        rest = next;
    }
}
