//! Compression told by magic bytes, and readers that keep what decompressed before the damage.

use std::io::{self, BufRead, BufReader, Read};

use flate2::{Decompress, FlushDecompress, Status};

use crate::error::ProblemKind;

/// Compressed bytes taken from a file at a time: enough to fill the caller's buffer, small enough for the L2 cache.
const BLOCK: usize = 256 << 10;

/// How the bytes of an input are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// As they are.
    None,
    /// gzip (RFC 1952).
    Gzip,
}

impl Compression {
    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
        }
    }

    /// Recognised by the first bytes of a stream.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            _ => Self::None,
        }
    }

    /// A reader of the decompressed bytes.
    pub(super) fn decoder<'a>(self, input: impl Read + 'a) -> Box<dyn Read + 'a> {
        match self {
            Self::None => Box::new(input),
            Self::Gzip => Box::new(Gzip::new(BufReader::with_capacity(BLOCK, input))),
        }
    }
}

/// Which problem an error of a reader stands for: damaged data, or a device that failed.
#[must_use]
pub fn problem_kind(err: &io::Error) -> ProblemKind {
    match err.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => ProblemKind::CorruptCompression,
        _ => ProblemKind::ReadError,
    }
}

/// gzip, all members of it, inflated straight into the caller's buffer.
///
/// The loop is our own because flate2's reader neither tells zero padding from garbage after the last member, nor says
/// where the damage is. Garbage is what gzip(1) calls it: bytes that do not begin another member.
struct Gzip<R> {
    input: R,
    inflate: Decompress,
    state: GzipState,
    /// Compressed bytes before the current member.
    before: u64,
}

enum GzipState {
    /// At the begin of a member, padding or the end.
    Between,
    Inside,
    Failed(io::ErrorKind, String),
}

impl<R: BufRead> Gzip<R> {
    fn new(input: R) -> Self {
        Self { input, inflate: Decompress::new_gzip(15), state: GzipState::Inside, before: 0 }
    }

    /// Skips padding. Whether another member begins.
    fn next_member(&mut self) -> io::Result<bool> {
        loop {
            let input = self.input.fill_buf()?;
            let Some(&first) = input.first() else { return Ok(false) };
            if first != 0 {
                break;
            }
            let zeros = input.iter().take_while(|byte| **byte == 0).count();
            self.input.consume(zeros);
            self.before += zeros as u64;
        }
        // The magic may straddle two blocks; the decoder is given it byte by byte only where it is known to be there.
        let input = self.input.fill_buf()?;
        if input.starts_with(&[0x1f]) && input.get(1).is_none_or(|byte| *byte == 0x8b) {
            self.inflate = Decompress::new_gzip(15);
            return Ok(true);
        }
        let message = format!("garbage after the gzip data, from its byte {}", self.before + 1);
        Err(self.fail(io::ErrorKind::InvalidData, message))
    }

    fn fail(&mut self, kind: io::ErrorKind, message: String) -> io::Error {
        self.state = GzipState::Failed(kind, message.clone());
        io::Error::new(kind, message)
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match &self.state {
                GzipState::Failed(kind, message) => return Err(io::Error::new(*kind, message.clone())),
                GzipState::Between => {
                    if !self.next_member()? {
                        return Ok(0);
                    }
                    self.state = GzipState::Inside;
                }
                GzipState::Inside => {}
            }
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
            let result = self.inflate.decompress(input, out, FlushDecompress::None);
            let used = (self.inflate.total_in() - in_before) as usize;
            let made = (self.inflate.total_out() - out_before) as usize;
            self.input.consume(used);
            let position = self.before + self.inflate.total_in();
            match result {
                Ok(Status::StreamEnd) => {
                    self.before = position;
                    self.state = GzipState::Between;
                }
                Ok(_) if made == 0 && at_end => {
                    let message = format!("gzip data ends early, after {position} bytes");
                    return Err(self.fail(io::ErrorKind::UnexpectedEof, message));
                }
                Ok(_) if made > 0 || used > 0 => {}
                Ok(_) => {
                    let message = format!("gzip data without progress at byte {}", position + 1);
                    return Err(self.fail(io::ErrorKind::InvalidData, message));
                }
                Err(err) => {
                    let why = err.message().unwrap_or("invalid data");
                    let message = format!("damaged gzip data near byte {position}: {why}");
                    let err = self.fail(io::ErrorKind::InvalidData, message);
                    if made == 0 {
                        return Err(err);
                    }
                }
            }
            if made > 0 {
                return Ok(made);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    /// Text that does not compress to nothing.
    fn text(lines: usize) -> Vec<u8> {
        let mut state = 1u64;
        (0..lines)
            .flat_map(|line| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                format!("{line} {:x}\n", state >> 32).into_bytes()
            })
            .collect()
    }

    /// A reader that gives `step` bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(out.len()).min(self.0.len());
            out[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    /// What decompresses, and the error after it.
    fn read(compression: Compression, data: &[u8], step: usize) -> (Vec<u8>, Option<String>) {
        let mut reader = compression.decoder(Trickle(data, step));
        let mut out = Vec::new();
        let mut buffer = vec![0; 8192];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return (out, None),
                Ok(n) => out.extend_from_slice(&buffer[..n]),
                Err(err) => {
                    assert_eq!(problem_kind(&err), ProblemKind::CorruptCompression);
                    let again = reader.read(&mut buffer).unwrap_err();
                    assert_eq!(again.to_string(), err.to_string(), "an error stays");
                    return (out, Some(err.to_string()));
                }
            }
        }
    }

    const STEPS: [usize; 3] = [1, 7, usize::MAX];

    #[test]
    fn gzip_members_and_zero_padding_are_read_through() {
        let text = text(3000);
        let (a, b) = text.split_at(10_000);
        let mut data = [gzip(a), gzip(b""), gzip(b)].concat();
        for step in STEPS {
            assert_eq!(read(Compression::Gzip, &data, step), (text.clone(), None));
        }
        data.extend([0; 1000]);
        for step in STEPS {
            assert_eq!(read(Compression::Gzip, &data, step), (text.clone(), None));
        }
        data.extend(gzip(a));
        let all = [text.as_slice(), a].concat();
        for step in STEPS {
            assert_eq!(read(Compression::Gzip, &data, step), (all.clone(), None));
        }
    }

    #[test]
    fn garbage_after_gzip_is_an_error_after_the_data() {
        let text = text(100);
        let whole = gzip(&text);
        for garbage in [&b"garbage"[..], b"\0\0garbage", b"\x1fx", b"\0\x1f\x1f"] {
            let data = [whole.as_slice(), garbage].concat();
            for step in STEPS {
                let (out, err) = read(Compression::Gzip, &data, step);
                assert_eq!(out, text);
                assert!(err.is_some());
            }
        }
        let (_, err) = read(Compression::Gzip, &[whole.as_slice(), b"\0\0garbage"].concat(), 4096);
        assert_eq!(err.unwrap(), format!("garbage after the gzip data, from its byte {}", whole.len() + 3));
    }

    #[test]
    fn truncated_gzip_keeps_what_came_before() {
        let text = text(20_000);
        let whole = gzip(&text);
        for step in STEPS {
            let cut = whole.len() / 2;
            let (out, err) = read(Compression::Gzip, &whole[..cut], step);
            assert!(out.len() > text.len() / 3, "{} of {}", out.len(), text.len());
            assert!(text.starts_with(&out));
            assert_eq!(err.unwrap(), format!("gzip data ends early, after {cut} bytes"));
        }
        for cut in [3, 9, 10, whole.len() - 9, whole.len() - 8, whole.len() - 1] {
            let (out, err) = read(Compression::Gzip, &whole[..cut], 4096);
            assert!(text.starts_with(&out));
            assert!(err.is_some(), "{cut}");
            assert!(out.len() == text.len() || cut < whole.len() - 8, "{cut}");
        }
    }

    #[test]
    fn damaged_gzip_keeps_what_came_before() {
        let text = text(20_000);
        let whole = gzip(&text);
        for step in STEPS {
            let mut data = whole.clone();
            let half = data.len() / 2;
            data[half..half + 64].fill(0xff);
            let (out, err) = read(Compression::Gzip, &data, step);
            let same = out.iter().zip(&text).take_while(|(a, b)| a == b).count();
            assert!(same > text.len() / 3, "{same} of {}", text.len());
            assert!(err.unwrap().starts_with("damaged gzip data near byte"));
        }
        let mut data = whole.clone();
        let crc = data.len() - 8;
        data[crc] ^= 1;
        let (out, err) = read(Compression::Gzip, &data, 4096);
        assert_eq!(out, text);
        assert!(err.unwrap().contains("incorrect data check"));
    }
}
