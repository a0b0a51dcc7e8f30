//! zip archives, read by their central directory.

use std::fs::File;
use std::io::{self, Read};

use rawzip::{CompressionMethod, FileReader, ZipArchive, ZipFileHeaderRecord, ZipLocator};

use super::Compression;
use super::archive::{Broken, damage};

/// Largest archive that is spooled, because it comes through a pipe or inside another one (16 GiB).
const MAX_SPOOL: u64 = 16 << 30;

/// Room for the longest record of a central directory: three fields of 64 KiB.
const RECORD: usize = 256 << 10;

/// Copies an archive that cannot be read from its end to a temporary file without a name.
pub(super) fn spool(input: &mut dyn Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    if io::copy(&mut input.take(MAX_SPOOL + 1), &mut file)? > MAX_SPOOL {
        return Err(damage(format!("a zip archive that is not a file of its own and longer than {MAX_SPOOL} bytes")));
    }
    Ok(file)
}

/// What is called with the name, the compression and the decompressed bytes of a member.
type Each<'a> = dyn FnMut(&[u8], Compression, &mut dyn Read) + 'a;

/// Calls `each` for every regular member.
pub(super) fn members(file: File, each: &mut Each<'_>) -> io::Result<()> {
    let mut buffer = vec![0; RECORD];
    let archive = ZipLocator::new().locate_in_file(file, &mut buffer).map_err(|(_, err)| error(err))?;
    let mut entries = archive.entries(&mut buffer);
    let mut seen = 0;
    while let Some(entry) = entries.next_entry().map_err(error)? {
        seen += 1;
        if entry.is_dir() || entry.mode().is_symlink() {
            continue;
        }
        let name = entry.file_path();
        match open(&archive, &entry) {
            Ok((compression, mut reader)) => each(name.as_bytes(), compression, &mut *reader),
            Err(err) => each(name.as_bytes(), Compression::None, &mut Broken(Some(err))),
        }
    }
    if seen < archive.entries_hint() {
        let declared = archive.entries_hint();
        return Err(damage(format!("the zip directory has {seen} members and declares {declared}")));
    }
    Ok(())
}

fn open<'a>(
    archive: &'a ZipArchive<FileReader>,
    entry: &ZipFileHeaderRecord<'_>,
) -> io::Result<(Compression, Box<dyn Read + 'a>)> {
    if entry.flags().is_encrypted() {
        return Err(damage("the member is encrypted"));
    }
    let compression = match entry.compression_method() {
        CompressionMethod::STORE => Compression::None,
        CompressionMethod::DEFLATE => Compression::Deflate,
        CompressionMethod::BZIP2 => Compression::Bzip2,
        CompressionMethod::ZSTD => Compression::Zstd,
        CompressionMethod::XZ => Compression::Xz,
        other => return Err(damage(format!("zip compression {other} is not supported"))),
    };
    let stored = archive.get_entry(entry.wayfinder()).map_err(error)?.reader();
    let reader = compression.decoder(stored)?;
    let checked =
        Checked { reader, crc: flate2::Crc::new(), expected: (entry.crc32(), entry.uncompressed_size_hint()) };
    Ok((compression, Box::new(checked)))
}

fn error(err: rawzip::Error) -> io::Error {
    match err.into_kind() {
        rawzip::ErrorKind::IO(err) => err,
        kind => damage(format!("damaged zip archive: {}", rawzip::Error::from(kind))),
    }
}

/// Compares length and checksum at the end.
struct Checked<R> {
    reader: R,
    crc: flate2::Crc,
    expected: (u32, u64),
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(out)?;
        self.crc.update(&out[..n]);
        // The counter of the checksum wraps at 32 bits.
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
        let file = spool(&mut &data[..]).unwrap();
        let mut all = Vec::new();
        members(file, &mut |name, _, reader| {
            let mut data = Vec::new();
            let result = reader.read_to_end(&mut data);
            let error = result.err().map_or(String::new(), |err| format!("[{err}]"));
            let text = format!("{}{error}", String::from_utf8_lossy(&data));
            all.push((String::from_utf8_lossy(name).into_owned(), text));
        })
        .unwrap();
        all
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
}
