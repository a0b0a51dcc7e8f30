//! Text helpers for lines written by hand: identifiers, JSON strings, numbers, timestamps.

use std::io::Write;

use chrono::DateTime;

use crate::rng::Rng;

/// A text that lives as long as the process. Names of the modelled world are few and are copied into millions of
/// events, so they are leaked once and passed by reference.
pub(crate) type Text = &'static str;

/// Keeps a name of the world for the life of the process.
pub(crate) fn keep(text: impl Into<String>) -> Text {
    String::leak(text.into())
}

const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64url without padding of up to 16 bytes.
fn base64(bytes: &[u8], out: &mut [u8]) {
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut at = 0;
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 6 {
            bits -= 6;
            out[at] = BASE64_URL[(held >> bits & 63) as usize];
            at += 1;
        }
    }
    if bits > 0 {
        out[at] = BASE64_URL[(held << (6 - bits) & 63) as usize];
    }
}

/// A request id: Elasticsearch's `UUIDs.randomBase64UUID`, a version 4 UUID in 22 characters of base64url.
pub(crate) type RequestId = [u8; 22];

/// A new request id.
pub(crate) fn request_id(rng: &mut Rng) -> RequestId {
    let mut bytes = rng.bytes16();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut out = [0; 22];
    base64(&bytes, &mut out);
    out
}

/// A node id or cluster uuid: the same form as a request id.
pub(crate) fn uuid(rng: &mut Rng) -> Text {
    keep(String::from_utf8_lossy(&request_id(rng)).into_owned())
}

/// The id of a document that Elasticsearch named itself, as API keys have it: 15 bytes, 20 characters of base64url.
pub(crate) fn document_id(rng: &mut Rng) -> Text {
    let mut out = [0; 20];
    base64(&rng.bytes16()[..15], &mut out);
    keep(String::from_utf8_lossy(&out).into_owned())
}

/// Appends a 32-digit trace id (W3C trace context).
pub(crate) fn push_hex(buf: &mut Vec<u8>, id: u128) {
    for shift in (0..32).rev() {
        buf.push(b"0123456789abcdef"[(id >> (shift * 4) & 15) as usize]);
    }
}

/// Appends a decimal number.
pub(crate) fn push_number(buf: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    buf.extend_from_slice(&digits[at..]);
}

/// Appends the inside of a JSON string, escaped as log4j's `%enc{..}{JSON}` does: quote, backslash and control
/// characters only.
pub(crate) fn push_escaped(buf: &mut Vec<u8>, text: &[u8]) {
    let mut clean = 0;
    for (at, byte) in text.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        buf.extend_from_slice(&text[clean..at]);
        clean = at + 1;
        match byte {
            b'"' => buf.extend_from_slice(b"\\\""),
            b'\\' => buf.extend_from_slice(b"\\\\"),
            b'\n' => buf.extend_from_slice(b"\\n"),
            b'\r' => buf.extend_from_slice(b"\\r"),
            b'\t' => buf.extend_from_slice(b"\\t"),
            other => {
                buf.extend_from_slice(b"\\u00");
                buf.push(b"0123456789abcdef"[usize::from(other >> 4)]);
                buf.push(b"0123456789abcdef"[usize::from(other & 15)]);
            }
        }
    }
    buf.extend_from_slice(&text[clean..]);
}

/// A JSON string literal.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = vec![b'"'];
    push_escaped(&mut out, text.as_bytes());
    out.push(b'"');
    String::from_utf8_lossy(&out).into_owned()
}

/// A JSON array of strings.
pub(crate) fn quoted_list<T: AsRef<str>>(texts: &[T]) -> String {
    let inner: Vec<String> = texts.iter().map(|t| quoted(t.as_ref())).collect();
    format!("[{}]", inner.join(","))
}

/// Microseconds since the epoch: the resolution of the model. Lines show milliseconds, so that events of one
/// millisecond still have an order.
pub(crate) type Micros = i64;

/// One second.
pub(crate) const SECOND: Micros = 1_000_000;
/// One minute.
pub(crate) const MINUTE: Micros = 60 * SECOND;
/// One hour.
pub(crate) const HOUR: Micros = 60 * MINUTE;

/// Writes wall-clock times quickly: the calendar is worked out once per second.
#[derive(Clone)]
pub(crate) struct Clock {
    /// Seconds east of UTC of the times written.
    offset: i64,
    second: i64,
    prefix: [u8; 19],
}

impl Clock {
    /// A clock that writes local times of this offset (in seconds).
    pub(crate) fn new(offset: i64) -> Self {
        Self { offset, second: i64::MIN, prefix: [b'0'; 19] }
    }

    /// Seconds east of UTC.
    pub(crate) fn offset(&self) -> i64 {
        self.offset
    }

    /// Appends `2026-03-01T12:34:56`, the separator and the milliseconds.
    pub(crate) fn push(&mut self, buf: &mut Vec<u8>, time: Micros, separator: u8) {
        let second = time.div_euclid(SECOND) + self.offset;
        if second != self.second {
            self.second = second;
            let date = DateTime::from_timestamp(second, 0).unwrap_or_default();
            // The buffer has the exact length of this form for the years 0 to 9999.
            let _ = write!(&mut self.prefix[..], "{}", date.format("%Y-%m-%dT%H:%M:%S"));
        }
        let millis = time.rem_euclid(SECOND) / 1000;
        buf.extend_from_slice(&self.prefix);
        let digit = |n: i64| b'0' + (n % 10) as u8;
        buf.extend_from_slice(&[separator, digit(millis / 100), digit(millis / 10), digit(millis)]);
    }

    /// Appends the zone as log4j's `Z` pattern writes it: `+0000`.
    pub(crate) fn push_zone(&self, buf: &mut Vec<u8>) {
        let minutes = self.offset.abs() / 60;
        let sign = if self.offset < 0 { '-' } else { '+' };
        let _ = write!(buf, "{sign}{:02}{:02}", minutes / 60, minutes % 60);
    }

    /// The first midnight of this clock's zone after a time.
    pub(crate) fn next_midnight(&self, time: Micros) -> Micros {
        let shift = self.offset * SECOND;
        ((time + shift).div_euclid(24 * HOUR) + 1) * 24 * HOUR - shift
    }

    /// The day of a time in this clock's zone, as in the name of a rolled file.
    pub(crate) fn day(&self, time: Micros) -> String {
        let second = time.div_euclid(SECOND) + self.offset;
        DateTime::from_timestamp(second, 0).unwrap_or_default().format("%Y-%m-%d").to_string()
    }
}

/// A time as the report's contract writes it: UTC, milliseconds, `Z`.
pub(crate) fn rfc3339(time: Micros) -> String {
    let mut out = Vec::with_capacity(24);
    Clock::new(0).push(&mut out, time, b'.');
    out.push(b'Z');
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_milliseconds_and_zone() {
        let mut out = Vec::new();
        let mut clock = Clock::new(-(7 * 3600 + 1800));
        clock.push(&mut out, 1_772_368_496_789_999, b',');
        clock.push_zone(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "2026-03-01T05:04:56,789-0730");
        assert_eq!(rfc3339(1_772_368_496_789_999), "2026-03-01T12:34:56.789Z");
    }

    #[test]
    fn request_ids_are_22_characters_of_base64url() {
        let mut rng = Rng::new(1);
        for _ in 0..100 {
            let id = request_id(&mut rng);
            assert!(id.iter().all(|b| BASE64_URL.contains(b)));
        }
    }

    #[test]
    fn hostile_text_stays_one_json_string() {
        let text = "a\"b\\c\n\u{1b}[31m\u{0}é";
        assert_eq!(serde_json::from_str::<String>(&quoted(text)).unwrap(), text);
    }
}
