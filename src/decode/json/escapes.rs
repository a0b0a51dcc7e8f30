//! Escapes of JSON texts, resolved. A log line inside another stands there with an escape every few bytes, so those of a block are
//! found at once and not one after the other.

use crate::simd::{STEP, backslashes};

/// Resolves the escapes of validated text. A lone surrogate becomes U+FFFD.
pub(super) fn unescape(raw: &[u8]) -> Vec<u8> {
    // No escape is shorter than what it stands for.
    let mut out = vec![0; raw.len()];
    let (mut from, mut written) = (0, 0);
    let mut at = 0;
    while let Some(mut escapes) = backslashes(raw, at) {
        while escapes != 0 {
            let place = at + escapes.trailing_zeros() as usize;
            written = copy(raw, from..place, &mut out, written);
            (from, written) = resolve(raw, place, &mut out, written);
            // The second of two backslashes is no escape.
            let passed = u32::try_from(from - at).unwrap_or(u32::MAX);
            escapes &= u32::MAX.checked_shl(passed).unwrap_or(0);
        }
        at = from.max(at + STEP);
    }
    while let Some(length) = raw.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        written = copy(raw, from..at + length, &mut out, written);
        (from, written) = resolve(raw, at + length, &mut out, written);
        at = from;
    }
    written = copy(raw, from..raw.len(), &mut out, written);
    out.truncate(written);
    out
}

/// Copies bytes, and gives where the next are written.
#[inline]
fn copy(raw: &[u8], bytes: std::ops::Range<usize>, out: &mut [u8], written: usize) -> usize {
    /// Most pieces between escapes are shorter.
    const SHORT: usize = 16;
    let length = bytes.len();
    let end = written + length;
    if length <= SHORT
        && let Some(block) = raw.get(bytes.start..).and_then(|rest| rest.first_chunk::<SHORT>())
        && let Some(room) = out.get_mut(written..).and_then(|rest| rest.first_chunk_mut::<SHORT>())
    {
        // What is too much is written over.
        *room = *block;
        return end;
    }
    if let (Some(room), Some(piece)) = (out.get_mut(written..end), raw.get(bytes)) {
        room.copy_from_slice(piece);
    }
    end
}

/// Writes what the escape at `at` stands for; where it ends, and where the next byte is written.
#[inline]
fn resolve(raw: &[u8], at: usize, out: &mut [u8], written: usize) -> (usize, usize) {
    let byte = match raw.get(at + 1) {
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => return resolve_letter(raw, at + 2, out, written),
        Some(&byte) => byte,
        None => b'\\',
    };
    if let Some(room) = out.get_mut(written) {
        *room = byte;
    }
    (at + 2, written + 1)
}

/// The same of a letter whose number begins at `at`.
fn resolve_letter(raw: &[u8], at: usize, out: &mut [u8], written: usize) -> (usize, usize) {
    let hex = |at: usize| -> u32 {
        raw.get(at..at + 4)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .unwrap_or(0xFFFD)
    };
    let (mut code, mut end) = (hex(at), at + 4);
    if (0xD800..0xDC00).contains(&code) && raw.get(end..end + 2) == Some(b"\\u") {
        let low = hex(end + 2);
        if (0xDC00..0xE000).contains(&low) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            end += 6;
        }
    }
    let mut room = [0; 4];
    let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut room).as_bytes();
    (end, copy(letter, 0..letter.len(), out, written))
}
