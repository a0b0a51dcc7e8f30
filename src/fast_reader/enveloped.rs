//! Native audit lines in the envelope of a container runtime, without a full decode.

use super::envelope::{cri, docker, is_audit_in_docker};
use super::{FastEvent, Probe};
use crate::time::Zone;

/// Recognises such lines; what a [`Probe`] does not take of what is inside is left to the decoder.
#[derive(Debug)]
pub struct EnvelopedProbe {
    probe: Probe,
    /// The line inside, without the escapes of its envelope.
    scratch: Vec<u8>,
}

impl EnvelopedProbe {
    /// A probe that has seen nothing.
    #[must_use]
    pub fn new(assume_tz: Zone) -> Self {
        Self { probe: Probe::new(assume_tz), scratch: Vec::new() }
    }

    /// Takes a line, without its end: the name of its envelope, and the event, of which every member counts as changed; or
    /// `None`, and then the line may be anything. Lines of which more than `max_line` bytes are inside are not taken.
    pub fn take<'t>(&'t mut self, line: &'t [u8], max_line: usize) -> Option<(&'static str, FastEvent<'t>)> {
        let (envelope, inner) = match line.first()? {
            b'{' if is_audit_in_docker(line) => docker(line, &mut self.scratch)?,
            b'0'..=b'9' => cri(line)?,
            _ => return None,
        };
        self.probe.forget();
        let taken = self.probe.take(inner, 0, max_line)?;
        // Docker's text may hold the ends of lines.
        (taken.next == inner.len() && !inner.ends_with(b"\n")).then_some((envelope, taken))
    }
}
