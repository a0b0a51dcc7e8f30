//! Tells from the first bytes of an input whether it is of documents that are not lines.

use super::Documents;

/// Members at the top of search responses, which no event has.
const OF_RESPONSES: [&[u8]; 7] =
    [b"took", b"_scroll_id", b"hits", b"responses", b"rawResponse", b"is_partial", b"pit_id"];

/// Whether the first bytes of an input are of documents that are not lines.
#[must_use]
pub(in crate::framing) fn claims(text: &[u8]) -> bool {
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
                    return goes_on_without_lines(text, at + 1);
                }
            }
            b',' => key_due = true,
            _ => {}
        }
        previous = byte;
    }
    false
}

/// Whether objects stand behind each other in one line, which has no end in sight: Firehose and Pub/Sub write none between records.
fn goes_on_without_lines(text: &[u8], first_end: usize) -> bool {
    text[first_end..].trim_ascii_start().starts_with(b"{") && memchr::memchr(b'\n', text).is_none()
}

/// Bytes of a container from which on it is cut into its elements: smaller ones are read whole, as any other document.
const LARGE: usize = 32 << 10;

/// Names of members that records have, and containers of records have not.
const OF_RECORDS: [&[u8]; 4] = [b"\"@timestamp\"", b"\"_source\"", b"\"event.action\"", b"\"event\""];

/// Whether the first object, or list, is a container of records so large that it must be read element by element: what
/// CloudWatch, Splunk, Loki, OTLP and others answer can be of any size, on one line even.
#[must_use]
pub(in crate::framing) fn claims_containers(text: &[u8]) -> bool {
    let Some(head) = text.get(..LARGE) else { return false };
    let begins_so = match head.first() {
        Some(b'{') => true,
        Some(b'[') => !head[1..].trim_ascii_start().starts_with(b"{"),
        _ => false,
    };
    let Some(first) = begins_so.then(|| first_element(head)).flatten() else { return false };
    !OF_RECORDS.iter().any(|name| memchr::memmem::find(&head[..first], name).is_some())
}

/// Where the first element of a container begins that does not end within these bytes.
fn first_element(head: &[u8]) -> Option<usize> {
    let mut scanner = Documents::containers(0);
    let mut first = None;
    for (at, byte) in head.iter().enumerate() {
        super::Framer::feed(&mut scanner, std::slice::from_ref(byte), &mut |_, _| {});
        match first {
            None if scanner.is_among_elements() => first = Some(at),
            Some(_) if scanner.frames.is_empty() => return None,
            _ => {}
        }
    }
    first
}
