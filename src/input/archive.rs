//! Layers of compression and archives taken off a stream until plain bytes are left.

use std::fs::File;
use std::io::{self, Read};

use super::bounds::{InputBudget, Limited, Stored};
use super::compression::problem_kind;
use super::damage::{Broken, unsupported};
use super::encoding::{Transcoded, Utf16};
use super::{Compression, StreamInfo, tar, zip};
use crate::error::ProblemKind;

/// Layers of archives and compression that are taken off. Real bundles have up to four (a zip that holds a `.tar.gz` with
/// `.gz` members); an archive that holds itself has no end.
const MAX_LAYERS: usize = 8;

/// Bytes looked at before a stream is read: the magic of tar stands at 257.
pub(super) const PEEK: usize = 512;

/// What is called for every stream of plain bytes.
pub(super) type EachStream<'a> = dyn FnMut(&StreamInfo, &mut dyn Read) + 'a;

/// What the first bytes of a stream say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamFormat {
    Plain,
    Compressed(Compression),
    Tar,
    Zip,
    /// A table that `esaudit export` may have written.
    Parquet,
    /// Text of another encoding.
    Utf16(Utf16),
    /// What this program does not read, and what to do.
    Unread(&'static str),
}

impl StreamFormat {
    pub(super) fn of(head: &[u8]) -> Self {
        match Compression::of(head) {
            Compression::None if head.get(257..262) == Some(b"ustar") => Self::Tar,
            // The second is the magic of an archive without members.
            Compression::None if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") => Self::Zip,
            Compression::None if head.starts_with(b"PAR1") => Self::Parquet,
            Compression::None => match (unread(head), Utf16::of(head)) {
                (Some(what), _) => Self::Unread(what),
                (None, Some(order)) => Self::Utf16(order),
                (None, None) => Self::Plain,
            },
            compression => Self::Compressed(compression),
        }
    }
}

/// Formats that are not read, by their first bytes.
fn unread(head: &[u8]) -> Option<&'static str> {
    Some(match head {
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => "a 7z archive, which is not read: unpack it first (7z x FILE)",
        [b'R', b'a', b'r', b'!', 0x1a, 7, ..] => "a rar archive, which is not read: unpack it first (unrar x FILE)",
        [0x5d, 0, 0, _, _, 0xff | 0, ..] => {
            "lzma data without a container, which is not read: unpack it first (xz -dc FILE)"
        }
        [0x1f, 0x9d, ..] => "data of compress(1), which is not read: unpack it first (zcat FILE)",
        [0x02, 0x21, 0x4c, 0x18, ..] => {
            "lz4 data of the legacy format, which is not read: unpack it first (lz4 -dc FILE)"
        }
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            "UTF-32 text, which is not read: convert it first (iconv -f UTF-32 -t UTF-8 FILE)"
        }
        _ => return None,
    })
}

/// Gives `each` the plain streams of a file. `whole`: it is regular and read from its start, so that zip can seek in it.
pub(super) fn streams(
    label: String,
    mut stored: Stored<'_, '_>,
    whole: bool,
    each: &mut EachStream<'_>,
) -> io::Result<()> {
    let info = StreamInfo { label, compression: Compression::None };
    let seekable = if whole { Some(stored.file.try_clone()?) } else { None };
    let budget = stored.budget;
    peel(info, PeekedReader::new(&mut stored), seekable, 0, budget, each)
}

/// See [`super::Streams::compressed_head`].
pub(super) fn compressed_head(mut stored: Stored<'_, '_>, most: u64) -> io::Result<Option<(Vec<u8>, Compression)>> {
    let budget = stored.budget;
    head(PeekedReader::new(&mut stored), Compression::None, 0, (budget, most))
}

/// Takes off layers of compression up to the text within.
fn head(
    mut input: PeekedReader<'_>,
    outer: Compression,
    layer: usize,
    (budget, most): (&InputBudget, u64),
) -> io::Result<Option<(Vec<u8>, Compression)>> {
    match StreamFormat::of(input.head()) {
        StreamFormat::Plain if layer > 0 => {
            let mut head = Vec::new();
            let read = (&mut input).take(most).read_to_end(&mut head);
            match read.map_err(|error| (problem_kind(&error), error)) {
                Err((ProblemKind::ReadError, error)) => Err(error),
                // What ends early may have just begun to be written; anything else is no content.
                Err((_, error)) if head.is_empty() && error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
                // What is damaged tells so when it is read.
                _ => Ok(Some((head, outer))),
            }
        }
        StreamFormat::Compressed(compression) if layer < MAX_LAYERS => {
            let mut decoder = Limited { reader: compression.decoder(input)?, budget };
            head(PeekedReader::new(&mut decoder), compression, layer + 1, (budget, most))
        }
        _ => input.error.take().map_or(Ok(None), Err),
    }
}

/// Takes off one layer, and the next ones. What is decompressed passes here and nowhere else, so here it is limited.
fn peel(
    info: StreamInfo,
    mut input: PeekedReader<'_>,
    seekable: Option<File>,
    layer: usize,
    budget: &InputBudget,
    each: &mut EachStream<'_>,
) -> io::Result<()> {
    let format = StreamFormat::of(input.head());
    if format != StreamFormat::Plain && layer == MAX_LAYERS {
        return Err(unsupported(format!("more than {MAX_LAYERS} layers of archives and compression")));
    }
    let mut member = |name: &[u8], compression: Compression, reader: &mut dyn Read| {
        let name = String::from_utf8_lossy(name.strip_prefix(b"./").unwrap_or(name)).into_owned();
        let label = format!("{}!{name}", info.label);
        // Bytes of a member that are not compressed by themselves are so as a part of the archive.
        let compression = if compression == Compression::None { info.compression } else { compression };
        let inner = StreamInfo { label, compression };
        let mut limited = Limited { reader, budget };
        // Members of a tar are as they stand in a stream that is limited itself.
        let reader: &mut dyn Read = if format == StreamFormat::Zip { &mut limited } else { limited.reader };
        if let Err(err) = peel(inner.clone(), PeekedReader::new(reader), None, layer + 1, budget, each) {
            // A damaged archive within an archive must not hide the members after it.
            each(&inner, &mut Broken(Some(err)));
        }
    };
    match format {
        StreamFormat::Plain => {
            each(&info, &mut input);
            Ok(())
        }
        StreamFormat::Compressed(compression) => {
            let mut decoder = Limited { reader: compression.decoder(input)?, budget };
            let info = StreamInfo { compression, ..info };
            peel(info, PeekedReader::new(&mut decoder), None, layer + 1, budget, each)
        }
        StreamFormat::Unread(what) => Err(unsupported(what)),
        StreamFormat::Utf16(order) => {
            let mut text = Limited { reader: Transcoded::new(input, order), budget };
            each(&info, &mut text);
            Ok(())
        }
        StreamFormat::Parquet => {
            let (file, damaged) = match seekable {
                Some(file) => (file, None),
                None => zip::spool(&mut input)?,
            };
            each(&info, &mut Limited { reader: rows(file)?, budget });
            damaged.map_or(Ok(()), Err)
        }
        StreamFormat::Tar => tar::members(&mut input, &mut |name, reader| member(name, Compression::None, reader)),
        StreamFormat::Zip => match seekable {
            Some(file) => zip::members(file, &mut member),
            None => {
                let (file, damaged) = zip::spool(&mut input)?;
                let result = zip::members(file, &mut member);
                damaged.map_or(result, Err)
            }
        },
    }
}

/// The rows of a Parquet file, a line each.
#[cfg(feature = "parquet")]
fn rows(file: File) -> io::Result<super::parquet::ParquetRows> {
    super::parquet::ParquetRows::new(file)
}

/// This program was built without what reads Parquet.
#[cfg(not(feature = "parquet"))]
fn rows(_: File) -> io::Result<io::Empty> {
    Err(unsupported("a Parquet file, which this esaudit was built without: `esaudit events --format ndjson` is read"))
}

/// A reader whose first bytes have been looked at and are not lost.
struct PeekedReader<'a> {
    head: [u8; PEEK],
    /// What of `head` is not yet read.
    unread: std::ops::Range<usize>,
    /// The error met while looking, due after `head`.
    error: Option<io::Error>,
    inner: &'a mut dyn Read,
}

impl<'a> PeekedReader<'a> {
    fn new(inner: &'a mut dyn Read) -> Self {
        let mut head = [0; PEEK];
        let mut filled = 0;
        let error = loop {
            match inner.read(&mut head[filled..]) {
                Ok(0) => break None,
                Ok(n) => filled += n,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => break Some(err),
            }
        };
        Self { head, unread: 0..filled, error, inner }
    }

    fn head(&self) -> &[u8] {
        &self.head[self.unread.clone()]
    }
}

impl Read for PeekedReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() {
            return match self.error.take() {
                Some(err) => Err(err),
                None => self.inner.read(out),
            };
        }
        let n = self.unread.len().min(out.len());
        out[..n].copy_from_slice(&self.head[self.unread.start..self.unread.start + n]);
        self.unread.start += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::super::codec::tests::compress;
    use super::super::tar::tests::member;
    use super::super::zip::tests::zip;
    use super::*;
    use crate::options::Limits;
    use std::io::{Seek, Write};

    /// Label, compression and bytes of every stream, or an error's text, and the error of the container.
    type Streams = (Vec<(String, &'static str, String)>, Option<String>);

    fn read_as(data: &[u8], whole: bool) -> Streams {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(data).unwrap();
        file.rewind().unwrap();
        let mut all = Vec::new();
        let budget = InputBudget::new(Limits::default(), data.len() as u64);
        let stored = Stored { file, budget: &budget, may_wait: false, observer: None };
        let result = streams("in".to_owned(), stored, whole, &mut |info, reader| {
            let mut data = Vec::new();
            let result = reader.read_to_end(&mut data);
            let error = result.err().map_or(String::new(), |err| format!("[{err}]"));
            let text = format!("{}{error}", String::from_utf8_lossy(&data));
            all.push((info.label.clone(), info.compression.name(), text));
        });
        (all, result.err().map(|err| err.to_string()))
    }

    /// The same from a file and from a pipe.
    fn read(data: &[u8]) -> Streams {
        let all = read_as(data, true);
        assert_eq!(all, read_as(data, false));
        all
    }

    fn gz(data: &[u8]) -> Vec<u8> {
        compress(Compression::Gzip, data)
    }

    fn expect(data: &[u8], expected: &[(&str, &'static str, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(label, name, text)| ((*label).to_owned(), *name, (*text).to_owned())).collect();
        assert_eq!(read(data), (expected, None));
    }

    #[test]
    fn archives_are_read_as_folders_in_every_compression() {
        let tar =
            [member(b'5', "es-1/", b""), member(b'0', "./es-1/a.json", b"one"), member(b'0', "b.json.gz", &gz(b"two"))];
        let tar = tar.concat();
        expect(&tar, &[("in!es-1/a.json", "none", "one"), ("in!b.json.gz", "gzip", "two")]);
        for format in [
            Compression::Gzip,
            Compression::Zstd,
            Compression::Bzip2,
            Compression::Xz,
            Compression::Lz4,
            Compression::Snappy,
        ] {
            let expected = [("in!es-1/a.json", format.name(), "one"), ("in!b.json.gz", "gzip", "two")];
            expect(&compress(format, &tar), &expected);
        }
    }

    #[test]
    fn zip_members_may_be_compressed_or_archives() {
        let tar = [member(b'0', "x", b"in tar"), member(b'0', "y.gz", &gz(b"in gz"))].concat();
        let inner = zip(&[("deep", Compression::Deflate, b"in zip")]);
        let data = zip(&[
            ("d/", Compression::None, b""),
            ("stored", Compression::None, b"one"),
            ("deflated", Compression::Deflate, b"two"),
            ("zstd", Compression::Zstd, b"three"),
            ("a.gz", Compression::Deflate, &gz(b"four")),
            ("b.tar.gz", Compression::None, &gz(&tar)),
            ("c.zip", Compression::None, &inner),
        ]);
        let expected = [
            ("in!stored", "none", "one"),
            ("in!deflated", "deflate", "two"),
            ("in!zstd", "zstd", "three"),
            ("in!a.gz", "gzip", "four"),
            ("in!b.tar.gz!x", "gzip", "in tar"),
            ("in!b.tar.gz!y.gz", "gzip", "in gz"),
            ("in!c.zip!deep", "deflate", "in zip"),
        ];
        expect(&data, &expected);
        expect(&zip(&[]), &[]);
    }

    #[test]
    fn names_of_members_are_only_labels() {
        let data = [member(b'0', "../../etc/passwd", b"x"), member(b'0', "/etc/shadow", b"y")].concat();
        expect(&data, &[("in!../../etc/passwd", "none", "x"), ("in!/etc/shadow", "none", "y")]);
        let mut data = zip(&[("xx/up", Compression::None, b"x")]);
        // The writer refuses such names.
        for at in memchr::memmem::find_iter(&data.clone(), b"xx/up") {
            data[at..at + 2].copy_from_slice(b"..");
        }
        expect(&data, &[("in!../up", "none", "x")]);
    }

    #[test]
    fn damage_in_one_member_does_not_hide_the_next() {
        let text = "line\n".repeat(5000);
        let mut broken = gz(text.as_bytes());
        broken.truncate(broken.len() - 10);
        let broken_tar = &member(b'0', "x", b"inner")[..514];
        let tar = [member(b'0', "a.gz", &broken), member(b'0', "b.tar", broken_tar), member(b'0', "c", b"good")];
        let broken_zip = zip(&[("x", Compression::Deflate, b"inner")]);
        let broken_zip = &broken_zip[..broken_zip.len() - 30];
        let data = zip(&[
            ("1.tar", Compression::Deflate, &tar.concat()),
            ("2.zip", Compression::None, broken_zip),
            ("3", Compression::None, b"last"),
        ]);
        let (all, err) = read(&data);
        assert_eq!(err, None);
        let labels: Vec<_> = all.iter().map(|(label, ..)| label.strip_prefix("in!").unwrap()).collect();
        let expected = ["1.tar!a.gz", "1.tar!b.tar!x", "1.tar!b.tar", "1.tar!c", "2.zip!x", "2.zip", "3"];
        assert_eq!(labels, expected);
        assert!(all[0].2.starts_with("line\nline\n") && all[0].2.contains("[gzip data ends early"), "{}", all[0].2);
        assert_eq!(all[1].2, "in[tar archive ends early, after 514 bytes]");
        assert_eq!(all[2].2, "[tar archive ends early, after 514 bytes]");
        assert_eq!(all[3].2, "good");
        assert_eq!(all[4].2, "inner");
        assert!(all[5].2.starts_with("[damaged zip archive"), "{}", all[5].2);
        assert_eq!(all[6].2, "last");
    }

    #[test]
    fn a_truncated_tar_gz_gives_what_is_there() {
        let text: String = (0..5000u32).map(|line| format!("{}\n", line.wrapping_mul(2_654_435_761))).collect();
        let whole =
            gz(&[member(b'0', "a", b"one"), member(b'0', "b", text.as_bytes()), member(b'0', "c", b"x")].concat());
        let (all, err) = read(&whole[..whole.len() / 2]);
        assert_eq!(all[0].2, "one");
        assert!(all[1].2.len() > text.len() / 3 && all[1].2.contains("[gzip data ends early"));
        assert_eq!(all.len(), 2);
        assert!(err.unwrap().starts_with("gzip data ends early"));
    }

    #[test]
    fn a_whole_zip_in_a_damaged_stream_is_not_all_that_was_there() {
        let data = gz(&zip(&[("a", Compression::Deflate, b"one")]));
        let (all, err) = read(&data[..data.len() - 4]);
        assert_eq!(all, [("in!a".to_owned(), "deflate", "one".to_owned())]);
        assert!(err.unwrap().starts_with("gzip data ends early"));
    }

    #[test]
    fn layers_end() {
        let mut data = b"x".to_vec();
        for _ in 0..MAX_LAYERS {
            data = gz(&data);
        }
        expect(&data, &[("in", "gzip", "x")]);
        let (all, err) = read(&gz(&data));
        assert!(all.is_empty());
        assert_eq!(err.unwrap(), "more than 8 layers of archives and compression");
    }

    #[test]
    fn plain_and_empty_streams_are_one() {
        expect(b"", &[("in", "none", "")]);
        expect(b"text", &[("in", "none", "text")]);
        expect(&gz(b""), &[("in", "gzip", "")]);
        expect(&[gz(b"a"), gz(b"b")].concat(), &[("in", "gzip", "ab")]);
    }
}
