//! JSON documents in a stream: pretty-printed or not, one after another, in arrays, or as the hits of search responses
//! (`hits.hits[]`), each given as one compact line (audit-format 4).
//!
//! Responses can be of any size, so nothing is parsed here: the scanner follows brackets and quotes, keeps the bytes of
//! the document it is in, and knows a response by the member that holds its hits. Decoding judges the grammar.

use super::record::{Frame, Framer, Out};

/// Members at the top of search responses, which no event has.
const OF_RESPONSES: [&[u8]; 7] =
    [b"took", b"_scroll_id", b"hits", b"responses", b"rawResponse", b"is_partial", b"pit_id"];

/// Whether the first bytes of an input are of documents that are not lines.
#[must_use]
pub(super) fn claims(text: &[u8]) -> bool {
    let text = behind_request(text);
    match text.first() {
        Some(b'{') => begins_document(text),
        Some(b'[') => text[1..].trim_ascii_start().starts_with(b"{"),
        _ => false,
    }
}

/// What follows the lines that Kibana's Dev Tools and curl put before a response: comments, the request, the headers.
fn behind_request(mut text: &[u8]) -> &[u8] {
    const STARTS: [&[u8]; 7] = [b"#", b"GET ", b"POST ", b"PUT ", b"HTTP/", b"content-type:", b"X-elastic-product:"];
    let mut begun = false;
    for _ in 0..MAX_HEADERS {
        let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
        if !(begun && line.trim_ascii().is_empty() || STARTS.iter().any(|start| line.starts_with(start)))
            || line.len() == text.len()
        {
            break;
        }
        begun = true;
        text = &text[line.len() + 1..];
    }
    text
}

/// Lines before a response.
const MAX_HEADERS: usize = 40;

/// Walks the first object: lines end where it ends, or inside one of its texts if the file begins in the middle.
fn begins_document(text: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let (mut string_start, mut key_due) = (0, false);
    let mut previous = b' ';
    let mut after_newline = false;
    for (at, &byte) in text.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    in_string = false;
                    previous = b'"';
                    if depth == 1 && key_due && OF_RESPONSES.contains(&&text[string_start..at]) {
                        return true;
                    }
                    key_due = false;
                }
                b'\n' => return false,
                _ => {}
            }
            continue;
        }
        if byte == b'\n' && depth > 0 {
            after_newline = true;
        }
        if byte.is_ascii_whitespace() {
            continue;
        }
        if after_newline {
            // Inside a document a line may begin with a name, a value or an end; a new object only where one may stand.
            let begins_anew = byte == b'{' && !matches!(previous, b'[' | b':');
            return !begins_anew;
        }
        match byte {
            b'"' => {
                in_string = true;
                string_start = at + 1;
            }
            b'{' | b'[' => {
                depth += 1;
                key_due = byte == b'{';
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return false;
                }
            }
            b',' => key_due = true,
            _ => {}
        }
        previous = byte;
    }
    false
}

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
}

/// Deepest nesting of frames that is followed: an array of multi-search responses has four.
const MAX_FRAMES: usize = 16;

/// Longest member name that matters.
const MAX_KEY: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
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
    frames: Vec<Nesting>,
    state: State,
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
            frames: Vec::new(),
            state: State::Between,
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
        if self.oversized || matches!(self.state, State::Skip | State::Key) {
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
        self.state = State::Between;
    }

    /// Begins to keep an object whose `{` is the current byte.
    fn capture(&mut self, undetermined: bool) {
        self.forget();
        self.state = State::Capture;
        self.start = self.line;
        self.undetermined = undetermined;
        self.depth = 1;
        self.key_due = true;
        (self.in_key, self.value_due) = (false, false);
        self.keep(b"{");
    }

    fn push(&mut self, frame: Nesting) {
        if self.frames.len() < MAX_FRAMES {
            self.frames.push(frame);
            self.state = State::Between;
        } else {
            self.skip();
        }
    }

    fn skip(&mut self) {
        (self.state, self.depth) = (State::Skip, 1);
    }

    /// A value that begins with `byte` under the last name of a response, or of an object that may be one. `false` where
    /// the name tells nothing.
    fn member(&mut self, byte: u8) -> bool {
        let inside = match (self.frames.last(), self.key.as_slice(), byte) {
            // In a `hits` object, and where somebody cut it out of its response.
            (_, b"hits", b'[') => Nesting::Hits,
            (Some(Nesting::HitsObject), _, _) if self.state != State::Capture => return false,
            (_, b"hits", b'{') => Nesting::HitsObject,
            (_, b"responses" | b"docs", b'[') => Nesting::List,
            (_, b"response" | b"rawResponse", b'{') => Nesting::Response,
            _ => return false,
        };
        if self.state == State::Capture {
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
            State::Between => self.between(byte),
            State::AfterKey => match byte {
                b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
                _ if self.member(byte) => {}
                b'{' | b'[' => self.skip(),
                b'"' => {
                    (self.state, self.depth) = (State::Skip, 0);
                    self.in_string = true;
                }
                // Other values are of bytes that mean nothing between names.
                _ => {
                    self.state = State::Between;
                    self.between(byte);
                }
            },
            State::Skip => match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        self.state = State::Between;
                    }
                }
                _ => {}
            },
            State::Capture => self.inside(byte, out),
            // Names are texts, and lines of junk are taken whole.
            State::Key | State::Junk => {}
        }
    }

    fn between(&mut self, byte: u8) {
        let frame = self.frames.last().copied();
        match (frame, byte) {
            (_, b',' | b' ' | b'\t' | b'\r' | b'\n') => {}
            (Some(Nesting::Response | Nesting::HitsObject), b'"') => {
                self.state = State::Key;
                self.key.clear();
                (self.in_key, self.in_string) = (true, true);
            }
            (Some(_), b'}' | b']') => {
                self.frames.pop();
            }
            (None | Some(Nesting::List), b'{') => self.capture(true),
            (Some(Nesting::Hits), b'{') => self.capture(false),
            (None | Some(Nesting::List), b'[') => self.push(Nesting::List),
            (Some(Nesting::Hits), b'[') => self.skip(),
            (Some(Nesting::List | Nesting::Hits), b'"') => {
                (self.state, self.depth) = (State::Skip, 0);
                self.in_string = true;
            }
            (Some(_), _) => {}
            (None, _) => {
                self.forget();
                self.state = State::Junk;
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
                self.after_empty = end == 0 && self.empty && !self.in_key && self.state == State::Capture;
                self.in_key = false;
                match self.state {
                    State::Key => self.state = State::AfterKey,
                    State::Skip if self.depth == 0 => self.state = State::Between,
                    _ => self.keep(b"\""),
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
        if self.state == State::Capture {
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
            if self.state == State::Junk {
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
            State::Capture | State::Junk => self.emit(out),
            State::Between if self.frames.is_empty() => {}
            _ => out(self.line, Frame::Broken("the response ends in the middle")),
        }
        self.frames.clear();
        self.state = State::Between;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(text: &[u8], limit: usize, chunk: usize) -> Vec<(u64, String)> {
        super::super::record::pieces(&mut Documents::new(limit), text, chunk)
    }

    fn records(text: &str) -> Vec<(u64, String)> {
        let found = pieces(text.as_bytes(), 1000, 4096);
        assert_eq!(found, pieces(text.as_bytes(), 1000, 1), "{text}");
        found
    }

    fn owned(pieces: &[(u64, &str)]) -> Vec<(u64, String)> {
        pieces.iter().map(|(line, text)| (*line, (*text).to_owned())).collect()
    }

    #[test]
    fn hits_of_responses_are_records() {
        let hit = r#"{"_index":"i","_source":{"a":"x \"y [{","hits":{"hits":[1]}}}"#;
        let response = format!(
            r#"{{"took":1,"_shards":{{"x":[1]}},"hits":{{"total":{{"value":2}},"max_score":null,"hits":[{hit},{hit}]}},"aggregations":{{"hits":{{"hits":[{{"no":1}}]}}}}}}"#
        );
        assert_eq!(records(&response), owned(&[(1, hit), (1, hit)]));
        let pretty =
            serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&response).unwrap()).unwrap();
        let found = records(&pretty);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(_, record)| record == hit), "{found:?}");
        assert_eq!(pretty.lines().nth(usize::try_from(found[1].0).unwrap() - 1).unwrap().trim(), "{");
        for shape in [
            format!("{response}\n{response}"),
            format!("{response}{response}"),
            format!("[{response},\n{response}]"),
            format!(r#"{{"took":1,"responses":[{response},{response}]}}"#),
            format!(r#"{{"id":"x","is_partial":false,"response":{response}}} {{"rawResponse":{response}}}"#),
            format!(r#"{{"total":4,"hits":[{hit},{hit},{hit},{hit}]}}"#),
            format!("[{hit},{hit}] [[{hit}],{hit}]"),
            format!(r#"{{"docs":[{hit},{hit},{hit},{hit}]}}"#),
        ] {
            assert_eq!(records(&shape).iter().filter(|(_, record)| record == hit).count(), 4, "{shape}");
            assert_eq!(records(&shape).len(), 4, "{shape}");
        }
    }

    #[test]
    fn documents_outside_of_responses_are_records() {
        assert_eq!(
            records("{\n \"a\": 1,\n \"b\": {\"hits\": []}\n}\n\n{ }\n"),
            owned(&[(1, r#"{"a":1,"b":{"hits":[]}}"#), (6, "{}")])
        );
        assert_eq!(
            records("\u{feff}[\n{\"a\":\"\u{e9} b\"}\n, 1, \"x\", null]"),
            owned(&[(2, "{\"a\":\"\u{e9} b\"}")])
        );
        assert_eq!(records("---\n{\"a\":1}\nbye"), owned(&[(1, "---"), (2, "{\"a\":1}"), (3, "bye")]));
    }

    #[test]
    fn cut_and_oversized_documents_are_said() {
        assert_eq!(
            records("{\"took\":1,\"hits\":{\"hits\":[{\"a\":1},{\"b\":\"x"),
            owned(&[(1, "{\"a\":1}"), (1, "{\"b\":\"x")])
        );
        assert_eq!(
            records("{\"took\":1,\"hits\":{\"hits\":[{\"a\":1}"),
            owned(&[(1, "{\"a\":1}"), (1, "the response ends in the middle")])
        );
        assert_eq!(records("{\"a\":\"cut\n{\"b\":1}"), owned(&[(1, "{\"a\":\"cut"), (2, "{\"b\":1}")]));
        // What follows a cut begins anew.
        let cut = "{\"hits\":{\"hits\":[{\"a\":\"cut\n{\"hits\":{\"hits\":[{\"b\":1}]}}";
        assert_eq!(records(cut), owned(&[(1, "{\"a\":\"cut"), (2, "{\"b\":1}")]));
        let long = format!("{{\"hits\":{{\"hits\":[{{\"a\":\"{}\"}},{{\"b\":1}}]}}}}", "x".repeat(2000));
        assert_eq!(records(&long), owned(&[(1, "oversized"), (1, "{\"b\":1}")]));
        // What stands before the hits may be longer than any record.
        let long = format!("{{\"x\":\"{}\",\"hits\":{{\"hits\":[{{\"b\":1}}]}}}}", "x".repeat(2000));
        assert_eq!(records(&long), owned(&[(1, "{\"b\":1}")]));
        let deep = format!("{}{{\"a\":1}}", "[".repeat(10_000));
        assert!(records(&deep).len() <= 1);
    }

    #[test]
    fn texts_in_three_quotes_are_texts() {
        let text = "# GET i/_search 200 OK\n{\n \"hits\": {\n \"hits\": [\n {\n \"m\": \"\"\"{\"a\":\"b\\\\n\", \"c\":\"\"}\nx\"\"\",\n \"e\": \"\"\n }\n ]\n }\n}\n";
        assert!(claims(text.as_bytes()));
        let found = records(text);
        let value: serde_json::Value = serde_json::from_str(&found[1].1).unwrap();
        assert_eq!(value["m"], "{\"a\":\"b\\\\n\", \"c\":\"\"}\nx");
        assert_eq!(value["e"], "");
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_portions_give_the_same(parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"hits\"", "\"a\"", "\"", "\\", "\n", " ", "1", "x", "{\"hits\":{\"hits\":[",
            "]}}", "{\"b\":1}", "\"responses\":[", "\u{feff}", "\"response\":{",
        ]), 0..40), chunk in 1_usize..7, limit in 0_usize..30) {
            let text = parts.concat();
            let whole = pieces(text.as_bytes(), limit, 1 << 20);
            prop_assert_eq!(&whole, &pieces(text.as_bytes(), limit, chunk));
            prop_assert!(whole.iter().all(|(_, piece)| piece.len() <= limit.max(40)));
        }
    }
}
