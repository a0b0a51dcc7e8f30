//! JSON documents in a stream: pretty-printed or not, one after another, in arrays, or as the hits of search responses
//! (`hits.hits[]`), each given as one compact line (audit-format 4).
//!
//! Responses can be of any size, so nothing is parsed here: the scanner follows brackets and quotes, keeps the bytes of
//! the document it is in, and knows a response by the member that holds its hits. Decoding judges the grammar.

mod sniff;
#[cfg(test)]
mod tests;

use super::record::{Frame, Framer, Out};
pub(super) use sniff::{claims, claims_containers};

/// Where the scanner is between documents; at the top when there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nesting {
    /// An array whose elements are documents or responses.
    List,
    /// `hits.hits`.
    Hits,
    /// A response.
    Response,
    /// The `hits` of a response.
    HitsObject,
    /// Aggregations, or what is inside them: buckets, and in these the hits that `top_hits` shows.
    Aggregations,
    /// The list of a container, whose elements are records of any kind; they may be containers themselves.
    Elements {
        /// Whether they may.
        deep: bool,
    },
}

/// Lists in which containers of records hold them: CloudWatch, Azure, Splunk, Graylog, Datadog, GCP, Kafka and Loki.
const LISTS: [&[u8]; 14] = [
    b"events",
    b"logEvents",
    b"records",
    b"Records",
    b"results",
    b"messages",
    b"Messages",
    b"data",
    b"entries",
    b"logs",
    b"items",
    b"rows",
    b"values",
    b"logRecords",
];

/// Lists of containers: Loki, OTLP.
const LISTS_OF_CONTAINERS: [&[u8]; 3] = [b"result", b"resourceLogs", b"scopeLogs"];

/// Objects that hold containers: Loki, Datadog.
const AROUND: [&[u8]; 2] = [b"data", b"response"];

/// What a member of a container holds that begins so.
fn of_container(name: &[u8], byte: u8) -> Option<Nesting> {
    match byte {
        b'[' if LISTS.contains(&name) => Some(Nesting::Elements { deep: false }),
        b'[' if LISTS_OF_CONTAINERS.contains(&name) => Some(Nesting::Elements { deep: true }),
        b'{' if AROUND.contains(&name) => Some(Nesting::Response),
        _ => None,
    }
}

/// Deepest nesting of frames that is followed: an array of multi-search responses has four.
const MAX_FRAMES: usize = 16;

/// Longest member name that matters.
const MAX_KEY: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JsonState {
    /// A value, a name or an end is due.
    Between,
    /// Inside a name of a response.
    Key,
    /// After such a name.
    AfterKey,
    /// Inside a value of a response that holds no documents.
    Skip,
    /// Inside a document, or an object not yet known to be a response.
    Capture,
    /// In a line that is no JSON.
    Junk,
}

/// The scanner.
pub(super) struct Documents {
    limit: usize,
    /// Containers of any kind are taken apart, not only search responses.
    of_containers: bool,
    frames: Vec<Nesting>,
    state: JsonState,
    line: u64,
    /// Bytes before the first that is no byte-order mark.
    seen: usize,
    /// Line in which the document began.
    start: u64,
    record: Vec<u8>,
    oversized: bool,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The object may turn out to be a response.
    undetermined: bool,
    /// At the top of the object, a name is due; or inside one; or a value is.
    key_due: bool,
    in_key: bool,
    value_due: bool,
    key: Vec<u8>,
    /// The byte before ended a text of no letters: another quote makes it a text in three, as Dev Tools writes it.
    after_empty: bool,
    empty: bool,
    /// In a text in three quotes; how many quotes were met in a row.
    triple: Option<usize>,
}

impl Documents {
    /// A scanner that keeps no document longer than `limit` bytes.
    #[must_use]
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            of_containers: false,
            frames: Vec::new(),
            state: JsonState::Between,
            line: 1,
            seen: 0,
            start: 1,
            record: Vec::new(),
            oversized: false,
            depth: 0,
            in_string: false,
            escaped: false,
            undetermined: false,
            key_due: false,
            in_key: false,
            value_due: false,
            key: Vec::new(),
            after_empty: false,
            empty: false,
            triple: None,
        }
    }

    /// The same for files whose first line is a large container.
    #[must_use]
    pub(super) fn containers(limit: usize) -> Self {
        Self { of_containers: true, ..Self::new(limit) }
    }

    /// Whether an element of a container has begun.
    fn is_among_elements(&self) -> bool {
        matches!(self.frames.last(), Some(Nesting::Elements { .. })) && self.state == JsonState::Capture
    }

    /// Takes bytes of a text in three quotes, which may hold anything, and returns how many that was.
    fn in_triple(&mut self, bytes: &[u8]) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            let quotes = self.triple.unwrap_or_default();
            match byte {
                b'"' if quotes == 2 => {
                    self.keep(b"\"");
                    self.triple = None;
                    return at + 1;
                }
                b'"' => {
                    self.triple = Some(quotes + 1);
                    continue;
                }
                _ => {}
            }
            for _ in 0..quotes {
                self.keep(b"\\\"");
            }
            self.triple = Some(0);
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.keep(b"\\n");
                }
                b'\\' => self.keep(b"\\\\"),
                0..0x20 => self.keep(format!("\\u{byte:04x}").as_bytes()),
                _ => self.keep(&[byte]),
            }
        }
        bytes.len()
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.in_key && self.key.len() < MAX_KEY {
            self.key.extend_from_slice(&bytes[..bytes.len().min(MAX_KEY)]);
        }
        if self.oversized || matches!(self.state, JsonState::Skip | JsonState::Key) {
            return;
        }
        if self.record.len() + bytes.len() > self.limit {
            self.oversized = true;
            self.record = Vec::new();
        } else {
            self.record.extend_from_slice(bytes);
        }
    }

    fn emit(&mut self, out: &mut Out<'_>) {
        let piece = if self.oversized { Frame::Oversized } else { Frame::Record(&self.record) };
        out(self.start, piece);
        self.forget();
    }

    fn forget(&mut self) {
        self.record.clear();
        self.oversized = false;
        self.state = JsonState::Between;
    }

    /// Begins to keep an object whose `{` is the current byte.
    fn capture(&mut self, undetermined: bool) {
        self.capture_from(b'{', undetermined);
    }

    /// Begins to keep an object, a list or a text, which begins with the current byte.
    fn capture_from(&mut self, byte: u8, undetermined: bool) {
        self.forget();
        self.state = JsonState::Capture;
        self.start = self.line;
        self.undetermined = undetermined;
        self.in_string = byte == b'"';
        self.depth = usize::from(byte != b'"');
        self.key_due = byte == b'{';
        (self.in_key, self.value_due, self.after_empty) = (false, false, false);
        self.keep(&[byte]);
    }

    fn push(&mut self, frame: Nesting) {
        if self.frames.len() < MAX_FRAMES {
            self.frames.push(frame);
            self.state = JsonState::Between;
        } else {
            self.skip();
        }
    }

    fn skip(&mut self) {
        (self.state, self.depth) = (JsonState::Skip, 1);
    }

    /// A value that begins with `byte` under the last name of a response, or of an object that may be one. `false` where
    /// the name tells nothing.
    fn member(&mut self, byte: u8) -> bool {
        let inside = match (self.frames.last(), self.key.as_slice(), byte) {
            // In a `hits` object, and where somebody cut it out of its response.
            (_, b"hits", b'[') => Nesting::Hits,
            (Some(Nesting::HitsObject), _, _) if self.state != JsonState::Capture => return false,
            (_, b"hits", b'{') => Nesting::HitsObject,
            (Some(Nesting::Response), b"aggregations" | b"aggs", b'{') => Nesting::Aggregations,
            (Some(Nesting::Aggregations), _, b'{' | b'[') => Nesting::Aggregations,
            (_, b"responses" | b"docs", b'[') => Nesting::List,
            (_, b"response" | b"rawResponse", b'{') => Nesting::Response,
            (_, name, _) => match of_container(name, byte).filter(|_| self.of_containers) {
                Some(inside) => inside,
                None => return false,
            },
        };
        if self.state == JsonState::Capture {
            self.forget();
            self.push(if inside == Nesting::Hits { Nesting::HitsObject } else { Nesting::Response });
        }
        match inside {
            Nesting::Response if self.frames.len() < MAX_FRAMES => self.capture(true),
            Nesting::Response => self.skip(),
            frame => self.push(frame),
        }
        true
    }

    /// A byte outside of texts.
    fn byte(&mut self, byte: u8, out: &mut Out<'_>) {
        match self.state {
            JsonState::Between => self.between(byte),
            JsonState::AfterKey => match byte {
                b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
                _ if self.member(byte) => {}
                b'{' | b'[' => self.skip(),
                b'"' => {
                    (self.state, self.depth) = (JsonState::Skip, 0);
                    self.in_string = true;
                }
                // Other values are of bytes that mean nothing between names.
                _ => {
                    self.state = JsonState::Between;
                    self.between(byte);
                }
            },
            JsonState::Skip => match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        self.state = JsonState::Between;
                    }
                }
                _ => {}
            },
            JsonState::Capture => self.inside(byte, out),
            // Names are texts, and lines of junk are taken whole.
            JsonState::Key | JsonState::Junk => {}
        }
    }

    fn between(&mut self, byte: u8) {
        let frame = self.frames.last().copied();
        match (frame, byte) {
            (_, b',' | b' ' | b'\t' | b'\r' | b'\n') => {}
            (Some(Nesting::Aggregations), b'{' | b'[') => self.push(Nesting::Aggregations),
            (Some(Nesting::Response | Nesting::HitsObject | Nesting::Aggregations), b'"') => {
                self.state = JsonState::Key;
                self.key.clear();
                (self.in_key, self.in_string) = (true, true);
            }
            (Some(_), b'}' | b']') => {
                self.frames.pop();
            }
            (Some(Nesting::Elements { deep }), b'{') => self.capture(deep),
            (Some(Nesting::Elements { .. }), b'[' | b'"') => self.capture_from(byte, false),
            (None, b'[') if self.of_containers => self.push(Nesting::Elements { deep: false }),
            (None | Some(Nesting::List), b'{') => self.capture(true),
            (Some(Nesting::Hits), b'{') => self.capture(false),
            (None | Some(Nesting::List), b'[') => self.push(Nesting::List),
            (Some(Nesting::Hits), b'[') => self.skip(),
            (Some(Nesting::List | Nesting::Hits), b'"') => {
                (self.state, self.depth) = (JsonState::Skip, 0);
                self.in_string = true;
            }
            (Some(_), _) => {}
            (None, _) => {
                self.forget();
                self.state = JsonState::Junk;
                self.start = self.line;
                self.keep(&[byte]);
            }
        }
    }

    fn inside(&mut self, byte: u8, out: &mut Out<'_>) {
        if byte.is_ascii_whitespace() {
            self.after_empty = false;
            return;
        }
        if self.value_due {
            self.value_due = false;
            if self.undetermined && self.member(byte) {
                return;
            }
        }
        if byte == b'"' && std::mem::take(&mut self.after_empty) {
            // The quote that closed the empty text belongs to the three.
            if !self.oversized {
                self.record.pop();
            }
            self.triple = Some(0);
            return;
        }
        self.after_empty = false;
        self.keep(&[byte]);
        match byte {
            b'"' => {
                self.in_string = true;
                self.empty = true;
                if self.depth == 1 && self.key_due {
                    (self.in_key, self.key_due) = (true, false);
                    self.key.clear();
                }
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.emit(out);
                }
            }
            b',' if self.depth == 1 => self.key_due = true,
            b':' if self.depth == 1 => self.value_due = true,
            _ => {}
        }
    }

    /// Takes what belongs to the text the scanner is in, and returns how many bytes that was.
    fn string(&mut self, bytes: &[u8], out: &mut Out<'_>) -> usize {
        if self.escaped {
            self.escaped = false;
            self.keep(&bytes[..1]);
            return 1;
        }
        let end = memchr::memchr3(b'"', b'\\', b'\n', bytes).unwrap_or(bytes.len());
        self.empty &= end == 0;
        self.keep(&bytes[..end]);
        let Some(&byte) = bytes.get(end) else { return end };
        match byte {
            b'\\' => {
                self.keep(b"\\");
                self.empty = false;
                self.escaped = true;
            }
            b'"' => {
                self.in_string = false;
                self.after_empty = end == 0 && self.empty && !self.in_key && self.state == JsonState::Capture;
                self.in_key = false;
                match self.state {
                    JsonState::Key => self.state = JsonState::AfterKey,
                    JsonState::Skip if self.depth == 0 => self.state = JsonState::Between,
                    _ => self.keep(b"\""),
                }
                if self.state == JsonState::Capture && self.depth == 0 {
                    self.emit(out);
                }
            }
            _ => {
                // No text goes over a line end: the document was cut there, and what follows begins anew.
                self.cut(out);
                self.line += 1;
            }
        }
        end + 1
    }

    fn cut(&mut self, out: &mut Out<'_>) {
        if self.state == JsonState::Capture {
            self.emit(out);
        } else {
            out(self.line, Frame::Broken("the response ends in the middle"));
        }
        self.frames.clear();
        self.forget();
        (self.in_string, self.in_key, self.escaped) = (false, false, false);
        (self.after_empty, self.triple) = (false, None);
    }
}

impl Framer for Documents {
    fn feed(&mut self, mut bytes: &[u8], out: &mut Out<'_>) {
        while self.seen < 3 && bytes.first() == b"\xef\xbb\xbf".get(self.seen) {
            self.seen += 1;
            bytes = &bytes[1..];
        }
        if !bytes.is_empty() {
            self.seen = 3;
        }
        while let Some(&byte) = bytes.first() {
            if self.triple.is_some() {
                let taken = self.in_triple(bytes);
                bytes = &bytes[taken..];
                continue;
            }
            if self.in_string {
                let taken = self.string(bytes, out);
                bytes = &bytes[taken..];
                continue;
            }
            if self.state == JsonState::Junk {
                let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
                self.keep(&bytes[..end]);
                bytes = &bytes[end..];
                if !bytes.is_empty() {
                    self.emit(out);
                }
                continue;
            }
            self.byte(byte, out);
            if byte == b'\n' {
                self.line += 1;
            }
            bytes = &bytes[1..];
        }
    }

    fn finish(&mut self, out: &mut Out<'_>) {
        match self.state {
            JsonState::Capture | JsonState::Junk => self.emit(out),
            JsonState::Between if self.frames.is_empty() => {}
            _ => out(self.line, Frame::Broken("the response ends in the middle")),
        }
        self.frames.clear();
        self.state = JsonState::Between;
    }
}
