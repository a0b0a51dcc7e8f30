//! What an input is in which nothing was recognised, guessed from its first line: somebody gave the wrong folder, an error page
//! in place of a file, a file that wants unpacking.

/// Tells by one mark of a text.
struct Guess {
    /// All of them stand in the first line.
    marks: &'static [&'static [u8]],
    what: &'static str,
}

/// The more particular first.
const GUESSES: &[Guess] = &[
    Guess {
        marks: &[b"git-lfs.github.com/spec"],
        what: "a pointer of Git LFS, not the file itself: fetch it with `git lfs pull`",
    },
    Guess {
        marks: &[b"{\"request_body\":"],
        what: "HTTP messages, in which what looks like a record is what a client sent",
    },
    Guess { marks: &[b"\"kibana\"", b"\"event\""], what: "Kibana's audit log, which is not Elasticsearch's" },
    Guess { marks: &[b"\"kibana."], what: "Kibana's audit log, which is not Elasticsearch's" },
    Guess { marks: &[b"\"audit_category\""], what: "the audit log of OpenSearch or Search Guard" },
    Guess { marks: &[b"[logstash."], what: "Logstash's own log" },
    Guess { marks: &[b"\"logstash"], what: "Logstash's own log" },
    Guess { marks: &[b"[plugins"], what: "Kibana's own log" },
    Guess { marks: &[b"[info][", b"["], what: "Kibana's own log" },
    Guess { marks: &[b"\"type\":\"log\"", b"\"tags\""], what: "Kibana's own log" },
    Guess { marks: &[b"\"service\"", b"\"kibana\""], what: "Kibana's own log" },
    Guess {
        marks: &[b"\"log\"", b"\"logger\"", b"\"ecs\""],
        what: "the log of Kibana or of another program of the Elastic Stack",
    },
    Guess { marks: &[b"\"log.logger\"", b"\"log.origin\""], what: "the own log of Filebeat or another Beat" },
    Guess { marks: &[b"\"service.name\":\"filebeat\""], what: "Filebeat's own log" },
    Guess { marks: &[b"\"event.dataset\":\"elastic_agent"], what: "Elastic Agent's own log" },
    Guess { marks: &[b"\"metricset\""], what: "Metricbeat's documents" },
    Guess { marks: &[b"slowlog"], what: "Elasticsearch's slow log, which holds no audit events" },
    Guess { marks: &[b"deprecation"], what: "Elasticsearch's deprecation log, which holds no audit events" },
    Guess { marks: &[b"[gc"], what: "the garbage collector's log of the JVM" },
    Guess { marks: &[b"type=", b"msg=audit("], what: "the audit log of Linux (auditd)" },
    Guess { marks: &[b"sshd["], what: "the authentication log of the system" },
    Guess { marks: &[b" HTTP/1."], what: "the access log of a web server or proxy" },
    Guess { marks: &[b" HTTP/2"], what: "the access log of a web server or proxy" },
    Guess { marks: &[b"\"http_user_agent\""], what: "the access log of a web server or proxy" },
    Guess { marks: &[b"\"eventSource\"", b"\"awsRegion\""], what: "CloudTrail of AWS" },
    Guess { marks: &[b"\"api_keys\""], what: "a list of API keys, which explains events and holds none" },
    Guess { marks: &[b"\"error\"", b"\"status\""], what: "an error response of Elasticsearch: the export failed" },
    Guess { marks: &[b"\"hits\"", b"\"took\""], what: "a search response without hits of the audit log" },
    Guess { marks: &[b"\"columns\"", b"\"values\""], what: "an answer of ES|QL without rows of the audit log" },
    Guess { marks: &[b"<!doctype html"], what: "a web page, perhaps a login page in place of the file" },
    Guess { marks: &[b"<html"], what: "a web page, perhaps a login page in place of the file" },
    Guess {
        marks: &[b"openxmlformats"],
        what: "a part of an Excel or Word document, which is not read: save it as CSV or as plain text",
    },
    Guess { marks: &[b"<?xml"], what: "XML, which is not read: export as JSON or as raw lines" },
    Guess { marks: &[b"%PDF-"], what: "a PDF document" },
    Guess { marks: &[b"\x89PNG"], what: "a picture" },
    Guess {
        marks: &[b"\x89esapart"],
        what: "a part of a scan, no log: `esaudit merge` makes the report of parts, and verbs take them by name (FOLDER/*.esa)",
    },
    Guess { marks: &[b"&quot;type&quot;"], what: "audit records in HTML, with quotes as &quot;: save the text" },
    Guess {
        marks: &[b"\\x22type\\x22"],
        what: "audit records whose quotes are written as \\x22: decode them first (printf %b)",
    },
    Guess {
        marks: &[b"\\u0022type\\u0022"],
        what: "audit records whose quotes are written as \\u0022: decode them first",
    },
    Guess { marks: &[b"%22type%22"], what: "audit records with percent signs for their quotes: decode them first" },
    Guess { marks: &[b"'type': 'audit'"], what: "audit records as Python prints them: write them with json.dumps" },
    Guess {
        marks: &["\u{201c}type\u{201c}".as_bytes()],
        what: "audit records whose quotes were made typographic: copy them as code",
    },
    Guess {
        marks: &["\u{201c}type\u{201d}".as_bytes()],
        what: "audit records whose quotes were made typographic: copy them as code",
    },
    Guess {
        marks: &[b"event.action="],
        what: "audit records as pairs of names and values, which are not read: export JSON",
    },
];

/// What a text may be, from its first line (or what of it is at hand).
#[must_use]
pub fn guess(first: &[u8]) -> &'static str {
    let text = first.trim_ascii();
    if text.is_empty() {
        return "blank lines or nothing at all";
    }
    let lower = text.to_ascii_lowercase();
    let found = GUESSES.iter().find(|guess| {
        guess.marks.iter().all(|mark| {
            let of = if mark.first() == Some(&b'<') { &lower[..] } else { text };
            memchr::memmem::find(of, mark).is_some()
        })
    });
    if let Some(guess) = found {
        return guess.what;
    }
    let binary = text.iter().filter(|&&byte| byte < 0x20 && byte != b'\t' && byte != 0x1b).count();
    if binary * 20 > text.len() || std::str::from_utf8(text).is_err() && binary > 0 {
        return "binary data, no log";
    }
    if is_base64(text) {
        return "base64, which is not read: decode it first (base64 -d FILE)";
    }
    match text.first() {
        Some(b'{' | b'[') if serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok() => "JSON of another program",
        Some(b'{') => "the begin of a JSON document, or JSON of another program",
        _ if text.contains(&b',') && text.iter().filter(|byte| **byte == b',').count() > 2 => {
            "a table or text of another program; a CSV needs a header with the names of its columns"
        }
        _ => "text of another program",
    }
}

/// Whether a line is long and of nothing but the letters of base64.
fn is_base64(text: &[u8]) -> bool {
    let letters = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    // A rule of dashes is none.
    text.len() >= 40 && text.iter().all(letters) && text.iter().any(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::guess;

    #[test]
    fn well_known_first_lines_are_named() {
        for (line, what) in [
            ("", "blank"),
            ("<!DOCTYPE html><html>", "a web page"),
            ("version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
            (r#"10.1.1.1 - - [12/Apr/2026:07:15:30 +0000] "GET / HTTP/1.1" 200 1 "-" "curl""#, "the access log"),
            (r#"{"event":{"action":"user_login"},"kibana":{"space_id":"x"}}"#, "Kibana's audit log"),
            ("eyJ0eXBlIjoiYXVkaXQiLCAidGltZXN0YW1wIjoiMjAyNi0wMyJ9", "base64"),
            ("the quick brown fox", "text of another"),
            ("{\"a\":1}", "JSON of another"),
            ("\u{1}\u{2}\u{3}x", "binary"),
        ] {
            assert!(guess(line.as_bytes()).starts_with(what), "{line}: {}", guess(line.as_bytes()));
        }
        assert!(guess(crate::part::MAGIC).starts_with("a part"), "parts begin otherwise now");
    }
}
