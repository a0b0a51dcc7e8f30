//! The decompressors behind one small interface: bytes in, bytes out, and what became of them.

use std::io;

use zstd_safe::{DCtx, InBuffer, OutBuffer};

/// What one call of a decompressor did. What it made counts even if it failed.
pub(super) struct CodecStep {
    /// Bytes of the input used up.
    pub(super) used: usize,
    /// Bytes of the output written.
    pub(super) made: usize,
    /// Whether the member ended here, or what is wrong with it.
    pub(super) ended: Result<bool, String>,
}

/// The decompressor of one format.
pub(super) trait Codec: Sized {
    /// The format's name in reports and messages.
    const NAME: &'static str;
    /// Whether several members in a row are one file.
    const CONCATENATES: bool = true;

    fn new() -> io::Result<Self>;

    /// Called between two members.
    fn restart(&mut self) -> io::Result<()> {
        *self = Self::new()?;
        Ok(())
    }

    /// Whether a member may begin with these bytes, of which there may be only one.
    fn may_begin(input: &[u8]) -> bool;

    /// Decompresses some of `input`, which is empty at the end of the file.
    fn step(&mut self, input: &[u8], out: &mut [u8]) -> CodecStep;
}

/// Whether one is the begin of the other.
fn agrees(input: &[u8], magic: &[u8]) -> bool {
    input.iter().zip(magic).all(|(a, b)| a == b)
}

/// Runs a decompressor that counts its bytes itself.
#[expect(clippy::cast_possible_truncation, reason = "both are at most the length of a slice")]
fn counted<D>(
    decoder: &mut D,
    counts: impl Fn(&D) -> (u64, u64),
    run: impl FnOnce(&mut D) -> Result<bool, String>,
) -> CodecStep {
    let (used, made) = counts(decoder);
    let ended = run(decoder);
    let after = counts(decoder);
    CodecStep { used: (after.0 - used) as usize, made: (after.1 - made) as usize, ended }
}

fn inflate(decoder: &mut flate2::Decompress, input: &[u8], out: &mut [u8]) -> CodecStep {
    let counts = |decoder: &flate2::Decompress| (decoder.total_in(), decoder.total_out());
    counted(decoder, counts, |decoder| match decoder.decompress(input, out, flate2::FlushDecompress::None) {
        Ok(status) => Ok(status == flate2::Status::StreamEnd),
        Err(err) => Err(err.message().unwrap_or("invalid data").to_owned()),
    })
}

pub(super) struct Gzip(flate2::Decompress);

impl Codec for Gzip {
    const NAME: &'static str = "gzip";

    fn new() -> io::Result<Self> {
        Ok(Self(flate2::Decompress::new_gzip(15)))
    }

    fn may_begin(input: &[u8]) -> bool {
        agrees(input, &[0x1f, 0x8b])
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> CodecStep {
        inflate(&mut self.0, input, out)
    }
}

pub(super) struct Deflate(flate2::Decompress);

impl Codec for Deflate {
    const NAME: &'static str = "deflate";
    const CONCATENATES: bool = false;

    fn new() -> io::Result<Self> {
        Ok(Self(flate2::Decompress::new(false)))
    }

    fn may_begin(_: &[u8]) -> bool {
        false
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> CodecStep {
        inflate(&mut self.0, input, out)
    }
}

pub(super) struct Zstd {
    context: DCtx<'static>,
    /// Compressed bytes that the decompressor asks for: the rest of this block and the header of the next.
    wanted: usize,
    /// Whether it may still hold decompressed bytes for which there was no room.
    holds: bool,
}

/// Bytes from which zstd can tell how long the header of a frame is.
const ZSTD_BEGIN: usize = 5;

impl Codec for Zstd {
    const NAME: &'static str = "zstd";

    fn new() -> io::Result<Self> {
        let context = DCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { context, wanted: ZSTD_BEGIN, holds: false })
    }

    fn restart(&mut self) -> io::Result<()> {
        // After a frame the context waits for the next.
        Ok(())
    }

    fn may_begin(input: &[u8]) -> bool {
        agrees(input, &[0x28, 0xb5, 0x2f, 0xfd])
            || matches!(input, [0x50..=0x5f, rest @ ..] if agrees(rest, &[0x2a, 0x4d, 0x18]))
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> CodecStep {
        // A failing call tells nothing of what it wrote. So that no good block is lost with a bad one, a call gets one
        // block at most, and none while there is output to fetch.
        if std::mem::take(&mut self.holds) {
            let step = self.run(&[], out);
            if step.made > 0 || step.ended != Ok(false) {
                return step;
            }
        }
        let wanted = input.len().min(self.wanted.max(1));
        self.run(&input[..wanted], out)
    }
}

impl Zstd {
    fn run(&mut self, input: &[u8], out: &mut [u8]) -> CodecStep {
        let room = out.len();
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around(out);
        let result = self.context.decompress_stream(&mut to, &mut from);
        let (used, made) = (from.pos(), to.pos());
        self.holds = made == room;
        let ended = match result {
            Ok(wanted) => {
                self.wanted = wanted;
                Ok(wanted == 0)
            }
            Err(code) => Err(zstd_safe::get_error_name(code).to_owned()),
        };
        CodecStep { used, made, ended }
    }
}

pub(super) struct Bzip2(bzip2::Decompress);

impl Codec for Bzip2 {
    const NAME: &'static str = "bzip2";

    fn new() -> io::Result<Self> {
        Ok(Self(bzip2::Decompress::new(false)))
    }

    fn may_begin(input: &[u8]) -> bool {
        agrees(input, b"BZh")
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> CodecStep {
        let counts = |decoder: &bzip2::Decompress| (decoder.total_in(), decoder.total_out());
        counted(&mut self.0, counts, |decoder| match decoder.decompress(input, out) {
            Ok(bzip2::Status::MemNeeded) => Err("not enough memory".to_owned()),
            Ok(status) => Ok(status == bzip2::Status::StreamEnd),
            Err(err) => Err(err.to_string()),
        })
    }
}

pub(super) struct Xz(liblzma::stream::Stream);

/// More than any preset of xz needs (`-9` needs 65 MiB); without a limit a header of 12 bytes could ask for 4 GiB.
const XZ_MEMORY: u64 = 512 << 20;

impl Codec for Xz {
    const NAME: &'static str = "xz";

    fn new() -> io::Result<Self> {
        Ok(Self(liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, 0)?))
    }

    fn may_begin(input: &[u8]) -> bool {
        agrees(input, &[0xfd, b'7', b'z', b'X', b'Z', 0])
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> CodecStep {
        let counts = |decoder: &liblzma::stream::Stream| (decoder.total_in(), decoder.total_out());
        counted(&mut self.0, counts, |decoder| match decoder.process(input, out, liblzma::stream::Action::Run) {
            Ok(status) => Ok(status == liblzma::stream::Status::StreamEnd),
            Err(err) => Err(err.to_string()),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Compression;
    use std::io::Write;

    /// `data` in a format, as one member.
    pub(in super::super) fn compress(format: Compression, data: &[u8]) -> Vec<u8> {
        match format {
            Compression::None => data.to_vec(),
            Compression::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(data).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Deflate => {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(data).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Zstd => {
                let mut out = Vec::with_capacity(zstd_safe::compress_bound(data.len()));
                let mut context = zstd_safe::CCtx::create();
                // As zstd(1) does: without it damage may go unnoticed.
                context.set_parameter(zstd_safe::CParameter::ChecksumFlag(true)).unwrap();
                context.compress2(&mut out, data).unwrap();
                out
            }
            Compression::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
                encoder.write_all(data).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Xz => {
                let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
                encoder.write_all(data).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Lz4 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(data).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Snappy => {
                let mut encoder = snap::write::FrameEncoder::new(Vec::new());
                encoder.write_all(data).unwrap();
                encoder.into_inner().unwrap()
            }
        }
    }
}
