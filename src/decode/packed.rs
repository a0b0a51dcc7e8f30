//! Lines that an envelope carries as base64, compressed or not: subscriptions of CloudWatch (`awslogs.data`), messages of
//! Pub/Sub, captures of Event Hubs.

use std::io::Read;

use flate2::read::MultiGzDecoder;

/// No record is shorter in base64.
const SHORTEST: usize = 40;

/// Bytes that may come out of one member: envelopes carry portions of some megabytes at most (Kinesis 1 MB, Pub/Sub 10 MB), and
/// hostile ones could unfold without end.
const LARGEST: u64 = 32 << 20;

/// Bytes that may come out of each compressed one: logs come to 50 at most.
const MAX_RATIO: u64 = 200;

/// What a text of nothing but base64 holds, where that is text with an object or a list in it.
#[must_use]
pub(super) fn unpack(text: &[u8]) -> Option<Vec<u8>> {
    let bytes = decode(text)?;
    let bytes = match bytes.as_slice() {
        [0x1f, 0x8b, ..] => {
            let most = LARGEST.min((bytes.len() as u64).saturating_mul(MAX_RATIO));
            let mut unpacked = Vec::new();
            MultiGzDecoder::new(bytes.as_slice()).take(most + 1).read_to_end(&mut unpacked).ok()?;
            if unpacked.len() as u64 > most {
                return None;
            }
            unpacked
        }
        _ => bytes,
    };
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')).then_some(bytes)
}

/// What the runs of base64 inside a text hold, where they are long enough for a record.
pub(super) fn runs(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let is_letter = |byte: &u8| value(*byte).is_some() || *byte == b'=';
    text.split(move |byte| !is_letter(byte)).filter(|run| run.len() >= SHORTEST_RUN).filter_map(unpack)
}

/// No record is shorter in base64 inside other text, where hashes and tokens stand as well.
const SHORTEST_RUN: usize = 120;

/// The value of a letter, also of the alphabet for names of files (RFC 4648, sections 4 and 5).
fn value(letter: u8) -> Option<u32> {
    Some(u32::from(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let letters = text.trim_ascii_end();
    let letters = letters.strip_suffix(b"==").or_else(|| letters.strip_suffix(b"=")).unwrap_or(letters);
    // Most texts end here: words have blanks.
    if letters.len() < SHORTEST || letters.len() % 4 == 1 || value(letters[0]).is_none() {
        return None;
    }
    let mut bytes = Vec::with_capacity(letters.len() / 4 * 3 + 2);
    for four in letters.chunks(4) {
        let bits = four.iter().try_fold(0, |bits, &letter| Some(bits << 6 | value(letter)?))?;
        let whole = (bits << (6 * (4 - four.len()))).to_be_bytes();
        bytes.extend_from_slice(&whole[1..four.len()]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{audit, brief};
    use super::*;

    /// `{"type":"audit", …}` of `base64`, and of `gzip -n | base64`.
    const PLAIN: &str = "eyJ0eXBlIjoiYXVkaXQiLCJ0aW1lc3RhbXAiOiIyMDI2LTAzLTAxVDEyOjM0OjU2LDc4OSswMDAwIiwibm9kZS5pZCI6Im4iLCJldmVudC50eXBlIjoicmVzdCIsImV2ZW50LmFjdGlvbiI6ImF1dGhlbnRpY2F0aW9uX2ZhaWxlZCIsInVzZXIubmFtZSI6ImJvYiJ9";

    #[test]
    fn packed_lines_are_unpacked() {
        let line = decode(PLAIN.as_bytes()).unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut packed, &line).unwrap();
        let packed = encode(&packed.finish().unwrap());
        for member in [PLAIN, &packed] {
            let (_, event) = audit(&format!(r#"{{"awslogs":{{"data":"{member}"}}}}"#));
            assert_eq!(brief(&event), "2026-03-01T12:34:56.789Z authentication_failed n bob - - -");
        }
    }

    fn encode(bytes: &[u8]) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for three in bytes.chunks(3) {
            let bits = three.iter().fold(0, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - three.len()));
            let letters = (0..=three.len()).map(|at| LETTERS[(bits >> (18 - 6 * at)) as usize & 63]);
            text.extend(letters.map(char::from));
            text.extend(std::iter::repeat_n('=', 3 - three.len()));
        }
        text
    }

    #[test]
    fn base64_is_read_as_it_is_written() {
        for text in ["a", "ab", "abc", "abcd"] {
            let long = text.repeat(40);
            assert_eq!(decode(encode(long.as_bytes()).as_bytes()).as_deref(), Some(long.as_bytes()));
        }
        for no in ["", "short", &"x".repeat(41), &"a b".repeat(20)] {
            assert_eq!(decode(no.as_bytes()), None, "{no}");
        }
        assert_eq!(unpack(encode("no object at all, only a text of some length".as_bytes()).as_bytes()), None);
    }
}
