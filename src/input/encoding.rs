//! UTF-16 to UTF-8: what `>` of Windows PowerShell writes, and what spreadsheets export as Unicode text.

use std::io::{self, Read};

/// How the bytes of a unit of UTF-16 stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Utf16 {
    /// The lower byte first.
    Little,
    /// The higher byte first.
    Big,
}

/// Units that tell UTF-16 without a byte-order mark, at least.
const TELLING: usize = 8;

impl Utf16 {
    /// Recognised by the byte-order mark, or where every other byte of the head is 0 and the ones between are text.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            // UTF-32.
            [0xff, 0xfe, 0, 0, ..] => return None,
            [0xff, 0xfe, ..] => return Some(Self::Little),
            [0xfe, 0xff, ..] => return Some(Self::Big),
            _ => {}
        }
        let units = head.as_chunks::<2>().0;
        let is_text = |byte: u8| (b' '..0x7f).contains(&byte) || byte.is_ascii_whitespace();
        let all = |letter: usize| {
            // A name may hold letters outside of ASCII, which are few in a log.
            let odd = units.iter().filter(|unit| !(unit[1 - letter] == 0 && is_text(unit[letter]))).count();
            units.len() >= TELLING && odd * 8 <= units.len()
        };
        if all(0) {
            Some(Self::Little)
        } else if all(1) {
            Some(Self::Big)
        } else {
            None
        }
    }

    fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }
}

/// Bytes read at a time, with those of the time before that wait for more.
const PORTION: usize = 16 << 10;

/// A reader that gives UTF-8. A surrogate without its other half becomes U+FFFD.
pub(super) struct Transcoded<R> {
    input: R,
    order: Utf16,
    raw: Box<[u8; PORTION]>,
    /// How many bytes at its begin are read and not yet used: half a unit, half a pair, or both.
    kept: usize,
    /// UTF-8 not yet given.
    text: Vec<u8>,
    given: usize,
    begun: bool,
    ended: bool,
    failed: bool,
}

impl<R: Read> Transcoded<R> {
    pub(super) fn new(input: R, order: Utf16) -> Self {
        let (raw, text) = (Box::new([0; PORTION]), Vec::new());
        Self { input, order, raw, kept: 0, text, given: 0, begun: false, ended: false, failed: false }
    }

    /// Reads the next portion.
    fn fill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.given = 0;
        let read = loop {
            match self.input.read(&mut self.raw[self.kept..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.ended = read == 0;
        let there = self.kept + read;
        let pairs = self.raw[..there].as_chunks::<2>().0;
        let mut units: Vec<u16> = pairs.iter().map(|pair| self.order.unit(*pair)).collect();
        // The first half of a pair waits for the second.
        if !self.ended && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            units.pop();
        }
        let used = units.len() * 2;
        self.raw.copy_within(used..there, 0);
        self.kept = there - used;
        if !units.is_empty() && !std::mem::replace(&mut self.begun, true) && units[0] == 0xfeff {
            units.remove(0);
        }
        for letter in char::decode_utf16(units) {
            let letter = letter.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !out.is_empty() {
            if self.ended {
                let half = std::mem::take(&mut self.kept);
                if half == 0 && !self.failed {
                    return Ok(0);
                }
                self.failed = true;
                let message = "UTF-16 text that ends in the middle of a letter";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
            }
            self.fill()?;
        }
        let count = out.len().min(self.text.len() - self.given);
        out[..count].copy_from_slice(&self.text[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str, order: Utf16) -> Vec<u8> {
        let both = |unit: u16| match order {
            Utf16::Little => unit.to_le_bytes(),
            Utf16::Big => unit.to_be_bytes(),
        };
        text.encode_utf16().flat_map(both).collect()
    }

    /// A reader that gives a few bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(out.len()).min(self.0.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn both_orders_are_told_with_and_without_a_mark() {
        let text = "{\"user.name\":\"j\u{fc}rgen \u{1f600}\"}\r\n".repeat(2000);
        for order in [Utf16::Little, Utf16::Big] {
            for mark in ["", "\u{feff}"] {
                let data = bytes(&format!("{mark}{text}"), order);
                assert_eq!(Utf16::of(&data[..512]), Some(order));
                for step in [1, 3, 7, 1 << 20] {
                    let mut read = String::new();
                    Transcoded::new(Trickle(&data, step), order).read_to_string(&mut read).unwrap();
                    assert!(read == text, "{order:?} {mark:?} {step}");
                }
            }
        }
        for other in [&b""[..], b"plain text, and more of it", &[0; 512], b"\xff\xfe\0\0x\0\0\0", b"a\0b\0"] {
            assert_eq!(Utf16::of(other), None, "{other:?}");
        }
    }

    #[test]
    fn half_a_letter_at_the_end_is_said() {
        let data = bytes("\u{feff}abc\n", Utf16::Little);
        let mut reader = Transcoded::new(&data[..data.len() - 1], Utf16::Little);
        let mut text = Vec::new();
        assert!(reader.read_to_end(&mut text).is_err());
        assert_eq!(text, b"abc");
        assert!(reader.read(&mut [0; 4]).is_err());
    }
}
