//! Files of HTTP messages: captures (`tcpdump -A`, `ngrep`), audit logs of web application firewalls, requests saved as text;
//! sessions of SMTP.
//! A body that stands on a line of its own is what a client sent, however much it looks like a record, so each line is given to
//! the decoders as that.

use super::line::{LineSoFar, quote};
use super::record::{Frame, Framer, Out};

/// Methods of requests that have a body.
const METHODS: [&[u8]; 4] = [b"POST ", b"PUT ", b"PATCH ", b"DELETE "];

/// Bytes of a line in which the line of a request is looked for: captures print its packet's headers before it.
const HEAD: usize = 256;

/// Whether a text that begins as no record does holds the first line of a request, with its header behind it. What the server
/// answered (`curl -i`) is its own.
#[must_use]
pub(super) fn claims(text: &[u8]) -> bool {
    if matches!(text.first(), None | Some(b'{' | b'[' | b'<' | b'>' | b'*')) {
        return false;
    }
    if is_mail_session(text) {
        return true;
    }
    let mut lines = text.split(|&byte| byte == b'\n');
    let mut header_due = false;
    lines.any(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let found = header_due && is_header(line);
        header_due = is_request(line);
        found
    })
}

/// Whether a text is a session of SMTP, whose client says who it is and then for whom it sends (RFC 5321, section 4.1).
fn is_mail_session(text: &[u8]) -> bool {
    let begins = |line: &[u8], verb: &[u8]| {
        // What prints a session may mark who speaks.
        let said = [&b"C: "[..], b"> ", b"-> "].iter().find_map(|mark| line.strip_prefix(*mark)).unwrap_or(line);
        said.get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb))
    };
    let mut lines = text.split(|&byte| byte == b'\n').take(MOST_BEFORE_MAIL);
    lines.any(|line| begins(line, b"EHLO ") || begins(line, b"HELO ")) && lines.any(|line| begins(line, b"MAIL FROM:"))
}

/// Lines of a session of SMTP in which its client begins to send: the server's offers come first.
const MOST_BEFORE_MAIL: usize = 60;

/// `POST /path HTTP/1.1`.
fn is_request(line: &[u8]) -> bool {
    if !(line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0")) {
        return false;
    }
    let head = &line[..line.len().min(HEAD)];
    let at = METHODS.iter().filter_map(|method| memchr::memmem::find(head, method)).min();
    // What stands before it is no text of a log: nothing, or the bytes of a packet.
    at.is_some_and(|at| at == 0 || head[..at].iter().any(|&byte| byte >= 0x80 || byte == b'.'))
}

/// `Name: value`.
fn is_header(line: &[u8]) -> bool {
    let name = &line[..memchr::memchr(b':', line).unwrap_or(0)];
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// The reader.
pub(super) struct FramedRequests {
    line: LineSoFar,
    object: Vec<u8>,
}

impl FramedRequests {
    /// A reader that keeps no line longer than `limit` bytes.
    #[must_use]
    pub(super) fn new(limit: usize) -> Self {
        Self { line: LineSoFar::new(limit), object: Vec::new() }
    }

    fn end_line(&mut self, out: &mut Out<'_>) {
        if self.line.oversized {
            out(self.line.number, Frame::Oversized);
        } else if !self.line.bytes.trim_ascii().is_empty() {
            quote(&mut self.object, &self.line.bytes);
            out(self.line.number, Frame::Record(&self.object));
        }
        self.line.next();
    }
}

impl Framer for FramedRequests {
    fn feed(&mut self, bytes: &[u8], out: &mut Out<'_>) {
        let mut rest = bytes;
        while let Some(behind) = self.line.take(rest) {
            self.end_line(out);
            rest = behind;
        }
    }

    fn finish(&mut self, out: &mut Out<'_>) {
        if self.line.has_begun() {
            self.end_line(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing::decode;

    const RECORD: &str = r#"{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "node.id":"n", "event.type":"rest", "event.action":"authentication_failed"}"#;

    #[test]
    fn what_a_client_sent_is_quoted() {
        let capture =
            format!("12:00:00.1 IP a.1 > b.9200: tcp 9\nE..&..@.POST /_bulk HTTP/1.1\r\nHost: x\r\n\r\n{RECORD}\r\n");
        let firewall = format!("--a-A--\n--a-B--\nPOST / HTTP/1.1\nUser-Agent: x\n\n--a-C--\n{RECORD}\n--a-Z--\n");
        let mail = format!("220 mx\r\nEHLO x\r\n250 ok\r\nMAIL FROM:<a@b>\r\nDATA\r\n\r\n{RECORD}\r\n.\r\n");
        for text in [capture, firewall, mail] {
            assert!(claims(text.as_bytes()), "{text}");
            for chunk in [1, 7, 4096] {
                let rows = super::super::record::pieces(&mut FramedRequests::new(4096), text.as_bytes(), chunk);
                let quoted = rows.iter().filter(|(_, row)| decode(row) == [("unknown", "quoted".to_owned())]).count();
                assert_eq!(quoted, 1, "{rows:?}");
            }
        }
    }

    #[test]
    fn what_a_server_wrote_is_not() {
        let answer = format!("HTTP/1.1 200 OK\ncontent-type: application/json\n\n{RECORD}\n");
        let verbose = format!("> POST /_search HTTP/1.1\n> Host: x\n< HTTP/1.1 200 OK\n{RECORD}\n");
        let log = format!("{RECORD}\nPOST / HTTP/1.1\nHost: x\n");
        let sentence = format!("proxy: POST / HTTP/1.1\nHost: x\n{RECORD}\n");
        for text in [answer, verbose, log, sentence] {
            assert!(!claims(text.as_bytes()), "{text}");
        }
    }
}
