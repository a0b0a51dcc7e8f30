//! Ways in which files are kept.

use std::io::Write;

use test_support::gzip;

/// Names, with folders, and contents.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// Makes the files that are kept of these files.
pub(super) type Store = fn(&Files) -> Files;

pub(super) const ALL: [(&str, Store); 9] = [
    ("none", |files| files.clone()),
    ("gzip", |files| each(files, "gz", gzip)),
    ("zstd", |files| each(files, "zst", zstd)),
    ("bzip2", |files| each(files, "bz2", bzip2)),
    ("xz", |files| each(files, "xz", xz)),
    ("tar", |files| vec![("bundle.tar".to_owned(), tar(files))]),
    ("tar.gz", |files| vec![("bundle.tar.gz".to_owned(), gzip(&tar(files)))]),
    ("tar of gzip", |files| vec![("bundle.tar".to_owned(), tar(&each(files, "gz", gzip)))]),
    ("zip", |files| vec![("bundle.zip".to_owned(), zip(files))]),
];

/// Files in other encodings.
pub(super) const ENCODED: [(&str, Store); 2] = [
    ("UTF-16 LE", |files| each(files, "txt", |bytes| utf16(bytes, u16::to_le_bytes))),
    ("UTF-16 BE in gzip", |files| each(files, "gz", |bytes| gzip(&utf16(bytes, u16::to_be_bytes)))),
];

fn utf16(bytes: &[u8], order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(order).collect()
}

fn each(files: &Files, extension: &str, compress: fn(&[u8]) -> Vec<u8>) -> Files {
    files.iter().map(|(name, bytes)| (format!("{name}.{extension}"), compress(bytes))).collect()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(zstd_safe::compress_bound(bytes.len()));
    zstd_safe::compress(&mut out, bytes, 1).unwrap();
    out
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar(files: &Files) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in files {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.extend_from_slice(&[0; 1024]);
    out
}

pub(crate) fn zip(files: &Files) -> Vec<u8> {
    let mut out = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
    for (name, bytes) in files {
        let method = rawzip::CompressionMethod::DEFLATE;
        let (mut entry, config) = archive.new_file(name).compression_method(method).start().unwrap();
        let mut deflated = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::fast());
        let mut plain = config.wrap(&mut deflated);
        plain.write_all(bytes).unwrap();
        let (_, descriptor) = plain.finish().unwrap();
        deflated.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    out
}
