//! Folds one chunk: each line by the probe if it takes it, else by the decoder, and what the chunk holds as a whole.

use std::ops::Range;

use super::ascii_lookahead::AsciiLookahead;
use super::silent::SilentLines;
use super::tally::{ChunkTally, begins_like_record, count_format, is_text};
use super::{InputRef, StateBuilder, proxy};
use crate::context::{Dump, DumpFacts};
use crate::decode::reason::first_of_trace;
use crate::decode::{UNKNOWN, decode_line, dumps};
use crate::error::ProblemKind;
use crate::event::{Oddity, Record};
use crate::fast_reader::{AuditFields, EnvelopedProbe, FastEvent, Probe, changes};
use crate::lines::{Chunk, Note, hole, length};
use crate::state::coverage::{InputProblem, InputStats};
use crate::state::records::Pos;
use crate::state::{ChunkInfo, MARK};

impl StateBuilder {
    /// Folds a chunk.
    pub fn chunk(&mut self, input: InputRef<'_>, chunk: &Chunk) {
        if chunk.is_empty() {
            return;
        }
        let input_at = self.input_index(input);
        // Taken out while the chunk is folded, so that the state may be borrowed.
        let mut stats = std::mem::take(&mut self.state.inputs[input_at as usize]);
        self.state.inputs[input_at as usize].label.clone_from(&stats.label);
        self.begin_chunk(input, input_at, chunk);
        let probing = self.probing && chunk.format.is_none();
        let bytes = chunk.bytes();
        let mut probe = std::mem::replace(&mut self.probe, Probe::new(self.context.assume_tz));
        probe.forget();
        let mut plain = PlainLines {
            notes: chunk.notes.as_slice(),
            enveloped: std::mem::replace(&mut self.enveloped, EnvelopedProbe::new(self.context.assume_tz)),
            silent: std::mem::replace(&mut self.silent, SilentLines::new(self.context.assume_tz)),
            probing,
        };
        let mut taken_lines = ChunkTally::default();
        let mut ascii_lookahead = AsciiLookahead::default();
        ascii_lookahead.go_on(bytes, 0);
        if input.seq == 0 {
            self.first_line(bytes, &mut stats);
        }
        let (mut at, mut line_number) = (0, 0_u32);
        while at < bytes.len() {
            let (start, problems) = (at, stats.problems_total);
            self.edges.line = start;
            let taken = if probing { probe.take(bytes, at, self.max_line) } else { None };
            at = match taken.filter(|taken| self.takes_source_of(taken)) {
                Some(taken) => {
                    self.recent.changed(taken.changed());
                    let node = self.node_of(&taken);
                    self.audit(&taken, node, line_number);
                    self.order.add(taken.time());
                    taken_lines.add(&taken, node, &mut stats);
                    let (time, next) = (taken.time(), taken.next);
                    if !time.is_plausible() {
                        self.odd(IMPLAUSIBLE_TIME, line_number, input.seq, &mut stats);
                    }
                    next
                }
                None => {
                    let (line, next) = match memchr::memchr(b'\n', &bytes[at..]) {
                        Some(len) => (&bytes[at..at + len], at + len + 1),
                        None => (&bytes[at..], bytes.len()),
                    };
                    self.plain_line(line, (input.seq, line_number), &mut plain, &mut stats);
                    next
                }
            };
            let line = &bytes[start..at];
            ascii_lookahead.go_on(bytes, at);
            if ascii_lookahead.may_be_odd(start)
                && stats.problems_total == problems
                && std::str::from_utf8(line).is_err()
            {
                self.odd(NOT_UTF8, line_number, input.seq, &mut stats);
            }
            self.mark(chunk, line_number, start..at);
            line_number += 1;
        }
        self.probe = probe;
        taken_lines.count(&mut stats);
        self.end_silent(&mut plain.silent, &mut stats);
        self.silent = plain.silent;
        self.enveloped = plain.enveloped;
        self.end_chunk(chunk, (input.seq, line_number), &mut stats);
        self.state.inputs[input_at as usize] = stats;
        self.state.evict(self.max_in_flight);
    }

    /// Whether the source of an event is what it says: a forwarded request changes it, which the whole event is needed for.
    #[inline]
    pub(super) fn takes_source_of(&self, taken: &FastEvent<'_>) -> bool {
        self.trusted.is_empty() || taken.forwarded_for().is_none()
    }

    /// Turns to a chunk: what was known of the one before is over.
    fn begin_chunk(&mut self, input: InputRef<'_>, input_at: u32, chunk: &Chunk) {
        if self.at.0 != input_at {
            self.end_edges();
        }
        self.chunk = self.state.chunks.len() as u32;
        self.at = (input_at, input.seq);
        self.only = input.only;
        self.copies_here = self.copies.as_ref().and_then(|copies| copies.of_input(input.label));
        self.awaiting = None;
        self.state.chunks.push(ChunkInfo { input: input_at, seq: input.seq, lines: 0, ends: None, cause: None });
        self.format = chunk.format;
        if !chunk.numbers.is_empty() {
            self.state.numbers.insert(self.chunk, chunk.numbers.clone());
        }
    }

    /// A line that the probe did not take.
    fn plain_line(&mut self, line: &[u8], at: (u32, u32), plain: &mut PlainLines<'_>, stats: &mut InputStats) {
        let (seq, number) = at;
        if number == 0 {
            self.state.chunks[self.chunk as usize].cause = first_of_trace(line);
        } else if self.awaiting.is_some_and(|(_, awaited)| awaited == number) {
            self.explain(first_of_trace(line));
        }
        // Only empty lines have notes, and the probe takes none of those.
        match plain.notes.split_first() {
            Some(((noted, note), rest)) if *noted == number => {
                plain.notes = rest;
                self.note(*note, number, seq, stats);
            }
            _ if length(line) > self.max_line => self.oversized(number, seq, stats),
            _ if plain.probing && self.enveloped(line, at, &mut plain.enveloped, stats) => {}
            _ if plain.probing && self.silent(line, at, &mut plain.silent, stats) => {}
            _ => self.line(line, number, seq, stats),
        }
    }

    /// Remembers the place of the last line that starts in a block of the input, so that it does not depend on where chunks
    /// begin.
    #[inline]
    fn mark(&mut self, chunk: &Chunk, number: u32, line: Range<usize>) {
        let start = line.start as u64;
        let next = line.end as u64 + if line.end == chunk.bytes().len() { chunk.skipped } else { 0 };
        if let Some(offset) = chunk.offset
            && (offset + start) / MARK != (offset + next) / MARK
            && next - start <= self.max_line as u64
        {
            self.state.marks.push((Pos { chunk: self.chunk, line: number }, offset + start));
        }
    }

    /// Closes a chunk: what it held as a whole. `at` is its place and the number of its lines.
    fn end_chunk(&mut self, chunk: &Chunk, (seq, mut lines): (u32, u32), stats: &mut InputStats) {
        // Chunks hold whole lines; only the last line of an input may lack its end.
        let bytes = chunk.bytes();
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            let broken = stats
                .problems
                .iter_mut()
                .find(|problem| problem.at == Some((seq, lines - 1)) && problem.kind == ProblemKind::Undecodable);
            if let Some(problem) = broken {
                problem.kind = ProblemKind::TruncatedLine;
                stats.truncated = true;
            }
        }
        if chunk.oversized_tail {
            self.oversized(lines, seq, stats);
            lines += 1;
        }
        stats.lines += u64::from(lines);
        let order = std::mem::take(&mut self.order);
        let info = &mut self.state.chunks[self.chunk as usize];
        info.lines = u64::from(lines);
        info.ends = order.ends;
        stats.rises += order.rises;
        stats.falls += order.falls;
        self.sketching.end();
        self.sample_edges(bytes);
        self.join_within_chunk(order.is_mixed());
    }

    /// Counts an event that is compared with no line before, and gives its node.
    pub(super) fn single(&mut self, event: &impl AuditFields, number: u32, stats: &mut InputStats) -> u32 {
        stats.audit_events += 1;
        self.recent.changed(changes::ALL);
        let node = self.node_of(event);
        self.audit(event, node, number);
        // The next line is compared with the last that the probe took, which was another.
        self.recent.changed(changes::ALL);
        stats.nodes.entry(node).or_default().add(event.time());
        self.order.add(event.time());
        node
    }

    /// What the first line of an input says of all of it.
    fn first_line(&self, bytes: &[u8], stats: &mut InputStats) {
        let text = bytes.trim_ascii_start();
        let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
        stats.first_line = line[..line.len().min(FIRST_LINE)].to_vec();
        if bytes.starts_with(b"\xef\xbb\xbf") {
            self.odd((ProblemKind::ByteOrderMark, "begins with a byte-order mark, which is skipped"), 0, 0, stats);
        }
        if memchr::memchr(b'\n', bytes).is_some_and(|end| bytes[..end].ends_with(b"\r")) {
            self.odd((ProblemKind::CrLf, "lines end in CR LF; the CR is skipped"), 0, 0, stats);
        }
    }

    /// Notes what is wrong with a line that could be used all the same.
    pub(super) fn odd(&self, (kind, message): Oddity, line: u32, seq: u32, stats: &mut InputStats) {
        let problem = InputProblem { at: Some((seq, line)), kind, message: message.to_owned() };
        stats.problem(problem, self.max_problems);
    }

    /// A line that stands for something else.
    fn note(&self, note: Note, line: u32, seq: u32, stats: &mut InputStats) {
        let (kind, message) = match note {
            Note::Oversized => return self.oversized(line, seq, stats),
            Note::Broken(message) => (ProblemKind::Undecodable, message),
            Note::FramingKind(message) => (ProblemKind::TruncatedLine, message),
        };
        stats.truncated |= kind == ProblemKind::TruncatedLine;
        stats.undecodable_lines += 1;
        stats.garbage_lines += 1;
        let problem = InputProblem { at: Some((seq, line)), kind, message: message.to_owned() };
        stats.problem(problem, self.max_problems);
    }

    fn oversized(&self, line: u32, seq: u32, stats: &mut InputStats) {
        stats.oversized_lines += 1;
        let message = format!("line longer than {} bytes, skipped", self.max_line);
        let problem = InputProblem { at: Some((seq, line)), kind: ProblemKind::Oversized, message };
        stats.problem(problem, self.max_problems);
    }

    fn line(&mut self, line: &[u8], number: u32, seq: u32, stats: &mut InputStats) {
        let context = self.context;
        let (mut records, mut damaged, mut stray, mut quoted) = (0_u64, 0_u64, false, false);
        let mut oddity = None;
        // A hole that copying a log away leaves goes up to the next record, which must not be lost with it.
        let hole = hole(line);
        let line = if hole < line.len() { &line[hole..] } else { line };
        let result = decode_line(line, &context, &mut |format, record| {
            let (time, zone_assumed, is_local) = match record {
                Record::Audit(mut event) => {
                    oddity = event.oddity;
                    let forwarded = event.forwarded_for.take();
                    match proxy::client_behind(event.origin.as_deref(), forwarded.as_deref(), &self.trusted) {
                        Some(client) => event.origin = Some(client.to_vec().into()),
                        None => event.forwarded_for = forwarded,
                    }
                    let node = self.single(&event, number, stats);
                    self.state.nodes[node as usize].opensearch += u64::from(event.of_opensearch);
                    (Some(event.time), event.zone_assumed, false)
                }
                Record::Server(event) => {
                    stats.server_events += 1;
                    let node = self.server(&event, number);
                    stats.nodes.entry(node).or_default();
                    (event.time, event.zone_assumed, event.zone_assumed)
                }
                Record::OfProduct(product) => {
                    *self.state.products.entry(product).or_default() += 1;
                    return;
                }
                Record::Dump(facts) => {
                    // A time alone tells something only where a file is nothing else.
                    if !matches!(*facts, DumpFacts::CollectedAt(_)) || (seq, number) == (0, 0) {
                        self.state.dumps.push(Dump { path: stats.label.clone(), facts: *facts });
                        count_format(stats, format, 1);
                    }
                    return;
                }
                Record::Other => {
                    stray = format == UNKNOWN && is_text(line);
                    return;
                }
                Record::Quoted => {
                    quoted = true;
                    return;
                }
                Record::Damaged => {
                    damaged += 1;
                    return;
                }
            };
            records += 1;
            if let Some(time) = time {
                stats.times(is_local).add(time);
                oddity = oddity.or((!time.is_plausible()).then_some(IMPLAUSIBLE_TIME));
            }
            stats.zone_assumed += u64::from(zone_assumed);
            count_format(stats, self.format.unwrap_or(format), 1);
        });
        match result {
            Ok(()) => {
                let other = records + damaged == 0;
                stats.other_lines += u64::from(other);
                // A line that holds several records counts as that many.
                stats.lines += (records + damaged).saturating_sub(1);
                if damaged > 0 {
                    stats.undecodable_lines += damaged;
                    let message = "a record among others in this line that cannot be read";
                    self.odd((ProblemKind::Undecodable, message), number, seq, stats);
                }
                if quoted && other {
                    self.odd(QUOTED, number, seq, stats);
                }
                if other && stray {
                    stats.stray((seq, number), self.max_problems);
                }
                if 0 < hole && !other {
                    oddity =
                        Some((ProblemKind::NulBytes, "NUL bytes before the record, as a hole in the file leaves them"));
                }
                if let Some(oddity) = oddity {
                    self.odd(oddity, number, seq, stats);
                }
            }
            Err(error) => {
                stats.undecodable_lines += 1;
                let known = begins_like_record(line) || dumps::may_be(line).is_some();
                stats.garbage_lines += u64::from(!known);
                let kind = ProblemKind::Undecodable;
                let problem = InputProblem { at: Some((seq, number)), kind, message: error.to_string() };
                stats.problem(problem, self.max_problems);
            }
        }
    }
}

/// What lines of a chunk that the probe did not take are read with.
struct PlainLines<'c> {
    /// What stands for lines that are left, by their number.
    notes: &'c [(u32, Note)],
    enveloped: EnvelopedProbe,
    silent: SilentLines,
    probing: bool,
}

/// What is said of a line that is no UTF-8.
const NOT_UTF8: Oddity =
    (ProblemKind::InvalidUtf8, "not valid UTF-8: read as Windows-1252 where it can be, else shown with U+FFFD");

/// Bytes of the first line of an input that are kept.
const FIRST_LINE: usize = 300;

/// What is said of text that looks like a record and does not count.
const QUOTED: Oddity = (
    ProblemKind::Quoted,
    "text of a client or of another product that looks like a record of Elasticsearch: quoted, not counted",
);

/// See [`crate::time::Millis::is_plausible`].
pub(super) const IMPLAUSIBLE_TIME: Oddity =
    (ProblemKind::ImplausibleTime, "a time before 2010 or after 2099, which no Elasticsearch can have written");
