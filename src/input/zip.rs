//! zip archives, read by their central directory; where that is lost, by the headers of the members.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};

use rawzip::{CompressionMethod, FileReader, ZipArchive, ZipFileHeaderRecord, ZipLocator};

use super::Compression;
use super::codec::Deflate;
use super::compression::{BLOCK, CompressedMembers};
use super::damage::{Broken, damage, unsupported};
use super::read_full;
use crate::platform::read_at;

/// Largest archive that is spooled, because it comes through a pipe or inside another one (16 GiB).
const MAX_SPOOL: u64 = 16 << 30;

/// Room for the longest record of a central directory: three fields of 64 KiB.
const RECORD: usize = 256 << 10;

/// Copies an archive that cannot be read from its end to a temporary file without a name. If the input is damaged, what
/// came before is there, and the error.
pub(super) fn spool(input: &mut dyn Read) -> io::Result<(File, Option<io::Error>)> {
    let mut file = tempfile::tempfile().map_err(no_room)?;
    let mut block = vec![0; BLOCK];
    let mut length = 0;
    loop {
        match input.read(&mut block) {
            Ok(0) => return Ok((file, None)),
            Ok(n) => {
                length += n as u64;
                if length > MAX_SPOOL {
                    let message = format!("zip in a pipe or an archive and longer than {MAX_SPOOL} bytes");
                    return Err(unsupported(message));
                }
                file.write_all(&block[..n]).map_err(no_room)?;
            }
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Ok((file, Some(err))),
        }
    }
}

/// What is said where the temporary file cannot be written: which folder it is in.
#[expect(clippy::needless_pass_by_value, reason = "it is mapped over errors")]
fn no_room(error: io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    let what = "a zip archive that comes through a pipe or inside another one needs a temporary file";
    io::Error::new(
        error.kind(),
        format!("{what}, and {} cannot hold it: {error}; set TMPDIR to a folder with room", folder.display()),
    )
}

/// What is called with the name, the compression and the decompressed bytes of a member.
type EachMember<'a> = dyn FnMut(&[u8], Compression, &mut dyn Read) + 'a;

/// Calls `each` for every regular member.
pub(super) fn members(file: File, each: &mut EachMember<'_>) -> io::Result<()> {
    let mut buffer = vec![0; RECORD];
    let whole = file.try_clone()?;
    let archive = match ZipLocator::new().locate_in_file(file, &mut buffer) {
        Ok(archive) => archive,
        Err((file, err)) => {
            let err = error(err);
            salvage(&file, &KnownMembers::new(), each)?;
            return Err(err);
        }
    };
    let mut entries = archive.entries(&mut buffer);
    let (mut seen, mut known, mut lost) = (0, KnownMembers::new(), false);
    let end = loop {
        let entry = match entries.next_entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => break None,
            // What stands behind a damaged entry of the directory is found by the headers of the members alone.
            Err(err) => break Some(error(err)),
        };
        seen += 1;
        let name = entry.file_path();
        if entry.is_dir() || entry.mode().is_symlink() {
            known.insert(entry.local_header_offset(), entry.compressed_size_hint());
            continue;
        }
        match open(&archive, &entry) {
            Ok((compression, mut reader)) => {
                known.insert(entry.local_header_offset(), entry.compressed_size_hint());
                each(name.as_bytes(), compression, &mut *reader);
            }
            Err(err) => {
                if err.kind() == io::ErrorKind::Unsupported {
                    known.insert(entry.local_header_offset(), entry.compressed_size_hint());
                } else {
                    lost = true;
                }
                each(name.as_bytes(), Compression::None, &mut Broken(Some(err)));
            }
        }
    };
    let declared = archive.entries_hint();
    let missing = || damage(format!("the zip directory has {seen} members and declares {declared}"));
    let end = end.or_else(|| (seen < declared).then(missing));
    if lost || end.is_some() {
        salvage(&whole, &known, each)?;
    }
    end.map_or(Ok(()), Err)
}

/// Members that the directory led to: where the header of each stands, and how many bytes are stored behind it.
type KnownMembers = BTreeMap<u64, u64>;

fn open<'a>(
    archive: &'a ZipArchive<FileReader>,
    entry: &ZipFileHeaderRecord<'_>,
) -> io::Result<(Compression, Box<dyn Read + 'a>)> {
    if entry.flags().is_encrypted() {
        return Err(unsupported("the member is encrypted"));
    }
    let compression = compression(entry.compression_method())?;
    let stored = archive.get_entry(entry.wayfinder()).map_err(error)?.reader();
    let reader = compression.decoder(stored)?;
    let checked =
        Checked { reader, crc: flate2::Crc::new(), expected: (entry.crc32(), entry.uncompressed_size_hint()) };
    Ok((compression, Box::new(checked)))
}

fn compression(method: CompressionMethod) -> io::Result<Compression> {
    Ok(match method {
        CompressionMethod::STORE => Compression::None,
        CompressionMethod::DEFLATE => Compression::Deflate,
        CompressionMethod::BZIP2 => Compression::Bzip2,
        CompressionMethod::ZSTD => Compression::Zstd,
        CompressionMethod::XZ => Compression::Xz,
        other => return Err(unsupported(format!("zip compression {other} is not supported"))),
    })
}

fn error(err: rawzip::Error) -> io::Error {
    match err.into_kind() {
        rawzip::ErrorKind::IO(err) => err,
        kind => damage(format!("damaged zip archive: {}", rawzip::Error::from(kind))),
    }
}

/// Reads the members of an archive whose directory is lost, or damaged, by the headers before each of them; without those that
/// are known already.
fn salvage(file: &File, known: &KnownMembers, each: &mut EachMember<'_>) -> io::Result<()> {
    let mut header = [0; 30];
    let mut from = 0;
    while let Some(at) = find_header(file, from)? {
        from = at + MAGIC.len() as u64;
        if read_full(|position, out| read_at(file, out, at + position), &mut header)? < header.len() {
            break;
        }
        if !is_plausible(&header) {
            continue;
        }
        let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let long = |at: usize| u32::from(short(at)) | u32::from(short(at + 2)) << 16;
        let (flags, stored, length) = (short(6), long(18), long(22));
        let mut name = vec![0; short(26).into()];
        let name_at = at + header.len() as u64;
        let named = read_full(|position, out| read_at(file, out, name_at + position), &mut name)?;
        let begin = name_at + named as u64 + u64::from(short(28));
        if let Some(stored) = known.get(&at) {
            from = begin.saturating_add(*stored);
            continue;
        }
        let mut give = |compression, reader: &mut dyn Read| {
            if !name.ends_with(b"/") {
                each(&name, compression, reader);
            }
        };
        let compression = match compression(CompressionMethod::new(short(8))) {
            _ if flags & 1 != 0 => Err(unsupported("the member is encrypted")),
            other => other,
        };
        // Sizes that stand only after the member, or in an extension, are not known here.
        let sized = flags & 8 == 0 && stored != u32::MAX;
        match compression {
            Ok(compression) if sized => {
                let end = begin + u64::from(stored);
                // What does not end before another header, or with the file, may have declared a false length.
                from = if ends_well(file, end)? { end } else { begin };
                let reader = compression.decoder(FileRange { file, at: begin, end })?;
                give(
                    compression,
                    &mut Checked { reader, crc: flate2::Crc::new(), expected: (long(14), length.into()) },
                );
            }
            // Deflate knows its end.
            Ok(Compression::Deflate) => {
                let input = BufReader::with_capacity(BLOCK, FileRange { file, at: begin, end: u64::MAX });
                let mut reader = CompressedMembers::<_, Deflate>::new(input)?;
                give(Compression::Deflate, &mut reader);
                from = begin + reader.read_through();
            }
            Ok(compression) => {
                give(compression, &mut Broken(Some(damage("the length of the zip member is not known"))))
            }
            Err(err) => give(Compression::None, &mut Broken(Some(err))),
        }
    }
    Ok(())
}

/// Whether what follows the magic is a header: the magic alone may stand in any data, and what a false header declares as its
/// length would hide the members behind it.
fn is_plausible(header: &[u8; 30]) -> bool {
    let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    // Versions up to 6.3 (APPNOTE 4.4.3), the flags that are in use, months and days that exist, a name.
    let (version, flags, method, date, name) = (short(4) & 0xff, short(6), short(8), short(12), short(26));
    let (month, day) = (date >> 5 & 0xf, date & 0x1f);
    version <= 63
        && flags & !0x2c0f == 0
        && (method <= 20 || (93..=99).contains(&method))
        && (date == 0 || (1..=12).contains(&month) && day > 0)
        && (1..=4096).contains(&name)
}

/// Whether a member that ends here is followed by what may follow one.
fn ends_well(file: &File, end: u64) -> io::Result<bool> {
    let mut next = [0; 2];
    let read = read_full(|position, out| read_at(file, out, end + position), &mut next)?;
    Ok(read == next.len() && next == *b"PK" || read == 0 && file.metadata()?.len() == end)
}

/// Stands before every member.
const MAGIC: &[u8; 4] = b"PK\x03\x04";

/// Where the next member begins.
fn find_header(file: &File, from: u64) -> io::Result<Option<u64>> {
    let mut block = vec![0; 64 << 10];
    let mut at = from;
    loop {
        let filled = read_full(|position, out| read_at(file, out, at + position), &mut block)?;
        if let Some(found) = memchr::memmem::find(&block[..filled], MAGIC) {
            return Ok(Some(at + found as u64));
        }
        if filled < block.len() {
            return Ok(None);
        }
        at += (filled - (MAGIC.len() - 1)) as u64;
    }
}

/// A part of a file.
struct FileRange<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl Read for FileRange<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let room = out.len().min(usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
        let n = read_at(self.file, &mut out[..room], self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// Compares length and checksum at the end.
struct Checked<R> {
    reader: R,
    crc: flate2::Crc,
    expected: (u32, u64),
}

impl<R: Read> Read for Checked<R> {
    #[expect(clippy::cast_possible_truncation, reason = "the counter of the checksum wraps at 32 bits")]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(out)?;
        self.crc.update(&out[..n]);
        let (crc, length) = self.expected;
        if n == 0 && !out.is_empty() && (self.crc.sum() != crc || self.crc.amount() != length as u32) {
            return Err(damage("length or checksum of the zip member do not match"));
        }
        Ok(n)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::codec::tests::compress;
    use super::*;
    use std::io::Write;

    /// An archive of these members.
    pub(in super::super) fn zip(members: &[(&str, Compression, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
        for (name, compression, data) in members {
            if name.ends_with('/') {
                archive.new_dir(name).create().unwrap();
                continue;
            }
            let method = match compression {
                Compression::None => CompressionMethod::STORE,
                Compression::Deflate => CompressionMethod::DEFLATE,
                Compression::Zstd => CompressionMethod::ZSTD,
                other => panic!("{other:?}"),
            };
            let (mut entry, config) = archive.new_file(name).compression_method(method).start().unwrap();
            let mut plain = config.wrap(io::sink());
            plain.write_all(data).unwrap();
            let (_, descriptor) = plain.finish().unwrap();
            entry.write_all(&compress(*compression, data)).unwrap();
            entry.finish(descriptor).unwrap();
        }
        archive.finish().unwrap();
        out
    }

    fn read(data: &[u8]) -> Vec<(String, String)> {
        let (all, err) = read_damaged(data);
        assert_eq!(err, None);
        all
    }

    fn read_damaged(data: &[u8]) -> (Vec<(String, String)>, Option<String>) {
        let (file, _) = spool(&mut &data[..]).unwrap();
        let mut all = Vec::new();
        let result = members(file, &mut |name, _, reader| {
            let mut data = Vec::new();
            let result = reader.read_to_end(&mut data);
            let error = result.err().map_or(String::new(), |err| format!("[{err}]"));
            let text = format!("{}{error}", String::from_utf8_lossy(&data));
            all.push((String::from_utf8_lossy(name).into_owned(), text));
        });
        (all, result.err().map(|err| err.to_string()))
    }

    fn position(data: &[u8], needle: &[u8]) -> usize {
        memchr::memmem::find(data, needle).unwrap()
    }

    #[test]
    fn a_wrong_checksum_is_an_error_after_the_data() {
        let mut data = zip(&[("a", Compression::None, b"evidence"), ("b", Compression::None, b"x")]);
        let at = position(&data, b"evidence");
        data[at] = b'E';
        let all = read(&data);
        assert_eq!(all[0].1, "Evidence[length or checksum of the zip member do not match]");
        assert_eq!(all[1].1, "x");
    }

    #[test]
    fn members_missing_from_the_directory_are_told() {
        let mut data = zip(&[("a", Compression::None, b"1")]);
        let end = data.len() - 22;
        (data[end + 8], data[end + 10]) = (2, 2);
        let (all, err) = read_damaged(&data);
        assert_eq!(all, [("a".to_owned(), "1".to_owned())]);
        assert_eq!(err.unwrap(), "the zip directory has 1 members and declares 2");
    }

    #[test]
    fn what_cannot_be_decompressed_is_named() {
        let mut data =
            zip(&[("a", Compression::None, b"1"), ("b", Compression::None, b"2"), ("c", Compression::None, b"3")]);
        let directory = position(&data, b"PK\x01\x02");
        data[directory + 8] |= 1;
        let second = directory + 4 + position(&data[directory + 4..], b"PK\x01\x02");
        data[second + 10] = 9;
        let all = read(&data);
        assert_eq!(all[0], ("a".to_owned(), "[the member is encrypted]".to_owned()));
        assert_eq!(all[1], ("b".to_owned(), "[zip compression 9 (DEFLATE64) is not supported]".to_owned()));
        assert_eq!(all[2], ("c".to_owned(), "3".to_owned()));
    }

    #[test]
    fn members_behind_a_damaged_entry_of_the_directory_are_read() {
        let text = "line\n".repeat(50);
        let inner = zip(&[("inner", Compression::None, b"a member of a member")]);
        let members: [(&str, Compression, &[u8]); 4] = [
            ("a", Compression::Deflate, &inner),
            ("b", Compression::Deflate, text.as_bytes()),
            ("c", Compression::Deflate, text.as_bytes()),
            ("d", Compression::Deflate, b"4"),
        ];
        let data = zip(&members);
        let directory =
            data.len() - 22 - u32::from_le_bytes(data[data.len() - 10..data.len() - 6].try_into().unwrap()) as usize;
        let entries: Vec<usize> =
            memchr::memmem::find_iter(&data[directory..], b"PK\x01\x02").map(|at| directory + at).collect();
        assert_eq!(entries.len(), 4);
        for (damaged, entry) in entries.into_iter().enumerate() {
            // The mark of an entry, and where the member is said to stand.
            for at in [entry, entry + 43] {
                let mut data = data.clone();
                data[at] ^= 0x40;
                let (all, err) = read_damaged(&data);
                let whole: Vec<&str> =
                    all.iter().filter(|(_, text)| !text.contains('[')).map(|(name, _)| name.as_str()).collect();
                let mut sorted = whole.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, ["a", "b", "c", "d"], "{damaged} {at}: {err:?}");
                assert!(err.is_some() || all.len() > 4, "{damaged} {at}: it is told");
            }
        }
    }

    /// Names and texts of what is read of an archive without its directory.
    fn salvaged(data: &[u8]) -> Vec<(String, String)> {
        let (all, err) = read_damaged(data);
        assert!(err.unwrap().starts_with("damaged zip archive"));
        all
    }

    #[test]
    fn an_archive_cut_short_is_read_by_its_headers() {
        let text = "line\n".repeat(50);
        let members: [(&str, Compression, &[u8]); 3] = [
            ("d/", Compression::None, b""),
            ("a", Compression::Deflate, text.as_bytes()),
            ("b", Compression::Deflate, text.as_bytes()),
        ];
        let data = zip(&members);
        let whole = [("a".to_owned(), text.clone()), ("b".to_owned(), text.clone())];
        assert_eq!(salvaged(&data[..data.len() - 10]), whole);
        assert_eq!(salvaged(&data[..position(&data, b"PK\x01\x02")]), whole);
        let second = memchr::memmem::rfind(&data, MAGIC).unwrap();
        let all = salvaged(&data[..second + 36]);
        assert_eq!(all[0], whole[0]);
        assert!(all[1].1.contains("[deflate data ends early"), "{all:?}");
        assert_eq!(salvaged(&data[..second + 20]), whole[..1]);
    }

    #[test]
    fn an_archive_cut_short_may_know_its_sizes() {
        // As zip(1) writes into a file: sizes before the members.
        let member = |name: &str, method: u8, stored: &[u8], data: &[u8]| {
            let mut crc = flate2::Crc::new();
            crc.update(data);
            let mut out = [&MAGIC[..], &[20, 0, 0, 0, method, 0, 0, 0, 0, 0]].concat();
            out.extend(crc.sum().to_le_bytes());
            out.extend((stored.len() as u32).to_le_bytes());
            out.extend((data.len() as u32).to_le_bytes());
            out.extend([name.len() as u8, 0, 0, 0]);
            [&out, name.as_bytes(), stored].concat()
        };
        let inner = member("inner", 0, b"not a member of its own", b"not a member of its own");
        let deflated = compress(Compression::Deflate, b"two");
        let data =
            [member("1", 0, &inner, &inner), member("2", 8, &deflated, b"two"), member("3", 0, b"three", b"three")];
        let data = data.concat();
        let all = salvaged(&data);
        assert_eq!(all.len(), 3);
        assert_eq!(all[1], ("2".to_owned(), "two".to_owned()));
        assert_eq!(all[2], ("3".to_owned(), "three".to_owned()));
        let all = salvaged(&data[..data.len() - 1]);
        assert_eq!(all[2].1, "thre[length or checksum of the zip member do not match]");
    }

    #[test]
    fn a_damaged_input_is_spooled_as_far_as_it_goes() {
        let mut input = (&b"some bytes"[..]).chain(Broken(Some(damage("here"))));
        let (file, err) = spool(&mut input).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 10);
        assert_eq!(err.unwrap().to_string(), "here");
    }
}
