//! Compression told by magic bytes, and readers that keep what decompressed before the damage.

use std::io::{self, BufRead, BufReader, Read};

use super::bounds::Stopped;
use super::codec::{Bzip2, Codec, CodecStep, Deflate, Gzip, Xz, Zstd};
use super::frames::{Framed, Frames};
use crate::error::ProblemKind;

/// Compressed bytes taken from a file at a time: enough to fill the caller's buffer, small enough for the L2 cache.
pub(super) const BLOCK: usize = 256 << 10;

type Lz4<R = io::Empty> = lz4_flex::frame::FrameDecoder<R>;
type Snappy<R = io::Empty> = snap::read::FrameDecoder<R>;

/// How the bytes of an input are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// As they are.
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// LZ4 frames.
    Lz4,
    /// Snappy frames.
    Snappy,
    /// Bare deflate, as members of zip archives have it; never met elsewhere.
    Deflate,
}

impl Compression {
    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => Gzip::NAME,
            Self::Zstd => Zstd::NAME,
            Self::Bzip2 => Bzip2::NAME,
            Self::Xz => Xz::NAME,
            Self::Lz4 => <Lz4>::NAME,
            Self::Snappy => <Snappy>::NAME,
            Self::Deflate => Deflate::NAME,
        }
    }

    /// Recognised by the first bytes of a stream.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            // A stream may begin with a skippable frame: pzstd and the seekable format do that.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            // `BZh` alone could begin a text; the magic of a block or of the end of the stream follows.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Lz4,
            [0xff, 6, 0, 0, b's', b'N', b'a', b'P', b'p', b'Y', ..] => Self::Snappy,
            _ => Self::None,
        }
    }

    /// A reader of the decompressed bytes: all members (frames, streams) of the file.
    ///
    /// # Errors
    /// If there is no memory for the decoder.
    pub(super) fn decoder<'a>(self, input: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        let input = match self {
            Self::None => return Ok(Box::new(input)),
            _ => BufReader::with_capacity(BLOCK, input),
        };
        Ok(match self {
            Self::None => Box::new(input),
            Self::Gzip => Box::new(CompressedMembers::<_, Gzip>::new(input)?),
            Self::Zstd => Box::new(CompressedMembers::<_, Zstd>::new(input)?),
            Self::Bzip2 => Box::new(CompressedMembers::<_, Bzip2>::new(input)?),
            Self::Xz => Box::new(CompressedMembers::<_, Xz>::new(input)?),
            Self::Lz4 => Box::new(Framed::new(Lz4::new(input))),
            Self::Snappy => Box::new(Framed::new(Snappy::new(input))),
            Self::Deflate => Box::new(CompressedMembers::<_, Deflate>::new(input)?),
        })
    }
}

/// Which problem an error of a reader stands for: damaged data, something that this program cannot read (an encrypted
/// member), or a device that failed.
#[must_use]
pub fn problem_kind(err: &io::Error) -> ProblemKind {
    match err.get_ref().and_then(|cause| cause.downcast_ref()) {
        Some(Stopped::Limit(_)) => return ProblemKind::DecompressionLimit,
        Some(Stopped::Signal) => return ProblemKind::Interrupted,
        None => {}
    }
    match err.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => ProblemKind::CorruptCompression,
        io::ErrorKind::Unsupported => ProblemKind::Unreadable,
        _ => ProblemKind::ReadError,
    }
}

/// All members of a compressed stream, decompressed straight into the caller's buffer.
///
/// One loop of our own for all formats, because the libraries' readers drop what the failing call had decompressed, do
/// not tell zero padding from garbage after the last member, and do not say where the damage is. Garbage is what gzip(1)
/// calls it: bytes that do not begin another member.
pub(super) struct CompressedMembers<R, C> {
    input: R,
    codec: C,
    state: InflateState,
    /// Compressed bytes used.
    position: u64,
}

enum InflateState {
    /// At the begin of another member, padding or the end.
    Between,
    Inside,
    Failed(io::ErrorKind, String),
}

impl<R: BufRead, C: Codec> CompressedMembers<R, C> {
    pub(super) fn new(input: R) -> io::Result<Self> {
        Ok(Self { input, codec: C::new()?, state: InflateState::Inside, position: 0 })
    }

    /// Reads to the end or the first error; compressed bytes used.
    pub(super) fn read_through(&mut self) -> u64 {
        let mut scratch = [0; 16 << 10];
        while self.read(&mut scratch).is_ok_and(|n| n > 0) {}
        self.position
    }

    /// Skips zero padding. Whether another member begins.
    fn next_member(&mut self) -> io::Result<bool> {
        if !C::CONCATENATES {
            return Ok(false);
        }
        loop {
            let input = self.input.fill_buf()?;
            let Some(first) = input.first() else { return Ok(false) };
            if *first != 0 {
                break;
            }
            let zeros = input.iter().take_while(|byte| **byte == 0).count();
            self.input.consume(zeros);
            self.position += zeros as u64;
        }
        if C::may_begin(self.input.fill_buf()?) {
            self.codec.restart()?;
            return Ok(true);
        }
        let message = format!("garbage after the {} data, from its byte {}", C::NAME, self.position + 1);
        Err(self.fail(io::ErrorKind::InvalidData, message))
    }

    fn fail(&mut self, kind: io::ErrorKind, message: String) -> io::Error {
        self.state = InflateState::Failed(kind, message.clone());
        io::Error::new(kind, message)
    }
}

impl<R: BufRead, C: Codec> Read for CompressedMembers<R, C> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match &self.state {
                InflateState::Failed(kind, message) => return Err(io::Error::new(*kind, message.clone())),
                InflateState::Between => {
                    if !self.next_member()? {
                        return Ok(0);
                    }
                    self.state = InflateState::Inside;
                }
                InflateState::Inside => {}
            }
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            let CodecStep { used, made, ended } = self.codec.step(input, out);
            self.input.consume(used);
            self.position += used as u64;
            let position = self.position;
            match ended {
                Ok(true) => self.state = InflateState::Between,
                Ok(false) if made > 0 || used > 0 => {}
                Ok(false) if at_end => {
                    let message = format!("{} data ends early, after {position} bytes", C::NAME);
                    return Err(self.fail(io::ErrorKind::UnexpectedEof, message));
                }
                Ok(false) => {
                    let message = format!("damaged {} data near byte {position}: no progress", C::NAME);
                    return Err(self.fail(io::ErrorKind::InvalidData, message));
                }
                Err(why) => {
                    let message = format!("damaged {} data near byte {position}: {why}", C::NAME);
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
    use super::super::codec::tests::compress;
    use super::*;

    const ALL: [Compression; 4] = [Compression::Gzip, Compression::Zstd, Compression::Bzip2, Compression::Xz];

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
    fn read_into(compression: Compression, data: &[u8], step: usize, buffer: usize) -> (Vec<u8>, Option<String>) {
        let mut reader = compression.decoder(Trickle(data, step)).unwrap();
        let mut out = Vec::new();
        let mut buffer = vec![0; buffer];
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

    fn read(compression: Compression, data: &[u8], step: usize) -> (Vec<u8>, Option<String>) {
        read_into(compression, data, step, 8192)
    }

    const STEPS: [usize; 3] = [1, 7, usize::MAX];

    #[test]
    fn told_by_magic_bytes() {
        for format in ALL {
            assert_eq!(Compression::of(&compress(format, b"x")), format);
            assert_eq!(Compression::of(&compress(format, b"")), format);
        }
        assert_eq!(Compression::of(b"BZh9 is a text"), Compression::None);
        assert_eq!(Compression::of(b""), Compression::None);
    }

    #[test]
    fn members_and_zero_padding_are_read_through() {
        let text = text(3000);
        let (a, b) = text.split_at(10_000);
        for format in ALL {
            let whole = [compress(format, a), compress(format, b""), compress(format, b)].concat();
            let padded = [whole.as_slice(), &[0; 1000]].concat();
            let again = [padded.as_slice(), &compress(format, a)].concat();
            for step in STEPS {
                assert_eq!(read(format, &whole, step), (text.clone(), None));
                assert_eq!(read(format, &padded, step), (text.clone(), None));
                assert_eq!(read(format, &again, step), ([text.as_slice(), a].concat(), None));
                assert_eq!(read_into(format, &whole, step, 100), (text.clone(), None));
                assert_eq!(read_into(format, &whole, step, 1 << 20), (text.clone(), None));
            }
        }
    }

    #[test]
    fn skippable_zstd_frames_are_skipped() {
        let skippable = b"\x50\x2a\x4d\x18\x05\0\0\0hello";
        let frame = compress(Compression::Zstd, b"text\n");
        let data = [skippable, frame.as_slice(), skippable, &frame].concat();
        assert_eq!(Compression::of(&data), Compression::Zstd);
        for step in STEPS {
            assert_eq!(read(Compression::Zstd, &data, step), (b"text\ntext\n".to_vec(), None));
        }
    }

    #[test]
    fn garbage_after_the_last_member_is_an_error_after_the_data() {
        let text = text(100);
        for format in ALL {
            let whole = compress(format, &text);
            for garbage in [&b"garbage"[..], b"\0\0garbage", b"\x1fx", b"\0\x1f\x1f", b"BZ", b"\xfd", b"("] {
                let data = [whole.as_slice(), garbage].concat();
                for step in STEPS {
                    let (out, err) = read(format, &data, step);
                    assert_eq!(out, text);
                    assert!(err.is_some());
                }
            }
            let (_, err) = read(format, &[whole.as_slice(), b"\0\0garbage"].concat(), 4096);
            let expected = format!("garbage after the {} data, from its byte {}", format.name(), whole.len() + 3);
            assert_eq!(err.unwrap(), expected);
        }
    }

    #[test]
    fn truncated_data_keeps_what_came_before() {
        let text = text(150_000);
        for format in ALL {
            let whole = compress(format, &text);
            let cut = whole.len() / 2;
            // A format is lost from the last whole block on: 900 KB for bzip2, 128 KB for zstd.
            let least = if format == Compression::Bzip2 { text.len() / 4 } else { text.len() * 2 / 5 };
            for (step, buffer) in [(7, 8192), (usize::MAX, 8192), (usize::MAX, 1 << 20)] {
                let (out, err) = read_into(format, &whole[..cut], step, buffer);
                assert!(out.len() > least, "{format:?}: {} of {}", out.len(), text.len());
                assert!(text.starts_with(&out));
                assert_eq!(err.unwrap(), format!("{} data ends early, after {cut} bytes", format.name()));
            }
            for cut in [11, whole.len() - 9, whole.len() - 8, whole.len() - 1] {
                let (out, err) = read(format, &whole[..cut], 4096);
                assert!(text.starts_with(&out));
                assert!(err.is_some(), "{format:?} {cut}");
            }
        }
    }

    #[test]
    fn damaged_data_keeps_what_came_before() {
        let text = text(150_000);
        for format in ALL {
            let whole = compress(format, &text);
            let mut data = whole.clone();
            let half = data.len() / 2;
            data[half..half + 64].fill(0xff);
            let least = if format == Compression::Bzip2 { text.len() / 4 } else { text.len() * 2 / 5 };
            for (step, buffer) in [(7, 8192), (usize::MAX, 8192), (usize::MAX, 1 << 20)] {
                let (out, err) = read_into(format, &data, step, buffer);
                let same = out.iter().zip(&text).take_while(|(a, b)| a == b).count();
                assert!(same > least, "{format:?} {step} {buffer}: {same} of {}", text.len());
                assert!(err.unwrap().starts_with(&format!("damaged {} data near byte", format.name())));
            }
        }
        let mut data = compress(Compression::Gzip, &text);
        let crc = data.len() - 8;
        data[crc] ^= 1;
        let (out, err) = read(Compression::Gzip, &data, 4096);
        assert_eq!(out, text);
        assert!(err.unwrap().contains("incorrect data check"));
    }

    #[test]
    fn damaged_zstd_loses_one_block_however_it_is_read() {
        let text = text(150_000);
        let whole = compress(Compression::Zstd, &text);
        for eighth in 1..8 {
            let mut data = whole.clone();
            let at = data.len() * eighth / 8;
            data[at..at + 64].fill(0xff);
            let (most, _) = read_into(Compression::Zstd, &data, 1, 1 << 20);
            for (step, buffer) in [(1000, 100), (usize::MAX, 1000), (usize::MAX, 200_000), (usize::MAX, 4 << 20)] {
                let (out, _) = read_into(Compression::Zstd, &data, step, buffer);
                assert_eq!(out.len(), most.len(), "{at} {step} {buffer}");
            }
        }
    }

    #[test]
    fn an_error_of_the_device_is_not_damage() {
        let failing = Trickle(b"\x1f\x8b\x08", 2).chain(Failing);
        let err = Compression::Gzip.decoder(failing).unwrap().read(&mut [0; 10]).unwrap_err();
        assert_eq!(problem_kind(&err), ProblemKind::ReadError);
    }

    struct Failing;

    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("device failed"))
        }
    }
}
