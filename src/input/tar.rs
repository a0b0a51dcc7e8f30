//! tar archives read in one pass: names and regular members, nothing else.
//!
//! Our own reader because the `tar` crate keeps names of any length in memory (a few kilobytes of gzip can declare one of
//! gigabytes), ends at the first damaged header, and takes a member that was cut short for a short one.

use std::io::{self, Read};

use super::damage::{Broken, damage, unsupported};

const BLOCK: usize = 512;

/// Longest name, or set of extended attributes, that is kept.
const MAX_EXTENSION: u64 = 1 << 20;

/// Calls `each` with the name and the bytes of every regular member.
pub(super) fn members(input: &mut dyn Read, each: &mut dyn FnMut(&[u8], &mut dyn Read)) -> io::Result<()> {
    let mut header = [0; BLOCK];
    let mut next = Extended::default();
    let mut damaged = None;
    let mut position = 0u64;
    while read_block(input, &mut header, position)? {
        position += BLOCK as u64;
        // Blocks of zeros mark the end. What follows is read all the same: archives are appended to each other.
        if header == [0; BLOCK] {
            continue;
        }
        if !is_header(&header) {
            // Members after the damage are found again by their headers, which stand at whole blocks.
            damaged.get_or_insert(position - BLOCK as u64);
            continue;
        }
        let kind = header[156];
        let mut more = kind == b'S' && header[482] != 0;
        while more {
            let mut holes = [0; BLOCK];
            more = read_block(input, &mut holes, position)? && holes[504] != 0;
            position += BLOCK as u64;
        }
        let declared = number(&header[124..136]);
        // Links, devices, folders have no bytes whatever size is declared.
        let size = match kind {
            b'1'..=b'6' => 0,
            b'L' | b'K' | b'x' | b'g' => declared,
            _ => next.size.unwrap_or(declared),
        };
        let mut member = TarMember { input, left: size, position };
        match kind {
            b'L' => next.name = member.small()?.map(until_nul),
            b'x' => next.add_pax(&member.small()?.unwrap_or_default()),
            b'K' | b'g' => {}
            b'0' | 0 | b'7' | b'S' => {
                let extended = std::mem::take(&mut next);
                let name = extended.name.unwrap_or_else(|| name(&header));
                if kind == b'S' || extended.sparse {
                    each(&name, &mut Broken(Some(unsupported("a sparse member: its holes are not read"))));
                } else if !(kind == 0 && name.ends_with(b"/")) {
                    each(&name, &mut member);
                }
            }
            _ => next = Extended::default(),
        }
        member.skip((BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64)?;
        position = member.position;
    }
    match damaged {
        Some(at) => Err(damage(format!("damaged tar header at byte {}", at + 1))),
        None => Ok(()),
    }
}

/// The next header; `false` at the end.
fn read_block(input: &mut dyn Read, block: &mut [u8; BLOCK], position: u64) -> io::Result<bool> {
    let mut filled = 0;
    while filled < BLOCK {
        match input.read(&mut block[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(cut_short(position + filled as u64)),
            Ok(n) => filled += n,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    Ok(true)
}

fn cut_short(position: u64) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, format!("tar archive ends early, after {position} bytes"))
}

/// What headers of extensions say about the member after them.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

impl Extended {
    /// Records of the form `length key=value\n`.
    fn add_pax(&mut self, mut records: &[u8]) {
        while let Some(space) = records.iter().position(|byte| *byte == b' ') {
            let Some(length) = decimal(&records[..space]) else { return };
            let Some(record) = usize::try_from(length).ok().and_then(|length| records.get(space + 1..length)) else {
                return;
            };
            records = &records[space + 1 + record.len()..];
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            let Some(equals) = record.iter().position(|byte| *byte == b'=') else { continue };
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                // The path of a sparse member is another one, of a place to put it.
                b"GNU.sparse.name" => (self.name, self.sparse) = (Some(value.to_vec()), true),
                b"path" if !self.sparse => self.name = Some(value.to_vec()),
                b"size" => self.size = decimal(value),
                _ if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
        }
    }
}

fn decimal(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Octal, or base 256 where the first bit is set.
fn number(field: &[u8]) -> u64 {
    match field {
        [first, rest @ ..] if first & 0x80 != 0 => {
            rest.iter().fold(u64::from(first & 0x7f), |sum, byte| sum.wrapping_shl(8) | u64::from(*byte))
        }
        _ => {
            let digits = field.iter().skip_while(|byte| **byte == b' ').take_while(|byte| matches!(byte, b'0'..=b'7'));
            digits.fold(0, |sum, byte| sum * 8 + u64::from(byte - b'0'))
        }
    }
}

/// Whether a block is a header. Random data must not pass for one, because what it would declare as its size is skipped: the
/// magic has to be there (the archive is told by it), and the checksum has to be a number as archivers write it.
fn is_header(header: &[u8; BLOCK]) -> bool {
    let field = header[148..156].trim_ascii_start();
    let digits = field.iter().take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    header[257..262] == *b"ustar"
        && digits > 0
        && field[digits..].iter().all(|byte| matches!(byte, 0 | b' '))
        && checksum_matches(header)
}

fn checksum_matches(header: &[u8; BLOCK]) -> bool {
    let Ok(declared) = i64::try_from(number(&header[148..156])) else { return false };
    let sum = |value: fn(u8) -> i64| -> i64 {
        let outside = header[..148].iter().chain(&header[156..]);
        outside.map(|byte| value(*byte)).sum::<i64>() + 8 * i64::from(b' ')
    };
    // Old programs summed signed characters.
    sum(i64::from) == declared || sum(|byte| i64::from(byte.cast_signed())) == declared
}

fn name(header: &[u8; BLOCK]) -> Vec<u8> {
    let name = until_nul(header[..100].to_vec());
    // GNU keeps other things where POSIX has the prefix.
    let prefix = if header[257..263] == *b"ustar\0" { until_nul(header[345..500].to_vec()) } else { Vec::new() };
    if prefix.is_empty() { name } else { [&prefix[..], b"/", &name].concat() }
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    bytes
}

/// The bytes of one member.
struct TarMember<'a> {
    input: &'a mut dyn Read,
    left: u64,
    position: u64,
}

impl TarMember<'_> {
    /// All bytes, of an extension; none if it is too long.
    fn small(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.left > MAX_EXTENSION {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Goes to the end of what was not read, and of its padding.
    fn skip(&mut self, padding: u64) -> io::Result<()> {
        self.left = self.left.saturating_add(padding);
        let mut scratch = [0; 16 << 10];
        loop {
            match self.read(&mut scratch) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
    }
}

impl Read for TarMember<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let room = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if room == 0 {
            return Ok(0);
        }
        let n = self.input.read(&mut out[..room])?;
        if n == 0 {
            return Err(cut_short(self.position));
        }
        self.left -= n as u64;
        self.position += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One member with its header and padding.
    pub(in super::super) fn member(kind: u8, name: &str, data: &[u8]) -> Vec<u8> {
        member_of_size(kind, name, data, &format!("{:011o}\0", data.len()))
    }

    fn member_of_size(kind: u8, name: &str, data: &[u8], size: &str) -> Vec<u8> {
        let mut header = [0; BLOCK];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..136].copy_from_slice(size.as_bytes());
        header[156] = kind;
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].fill(b' ');
        let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut out = [&header[..], data].concat();
        out.resize(out.len().next_multiple_of(BLOCK), 0);
        out
    }

    /// Names and bytes of the members (an error's text where reading one failed), and the error of the archive.
    fn read(mut archive: &[u8]) -> (Vec<(String, String)>, Option<String>) {
        let mut all = Vec::new();
        let result = members(&mut archive, &mut |name, reader| {
            let mut data = Vec::new();
            let result = reader.read_to_end(&mut data);
            let text = String::from_utf8(data).unwrap() + &result.err().map_or(String::new(), |err| err.to_string());
            all.push((String::from_utf8_lossy(name).into_owned(), text));
        });
        (all, result.err().map(|err| err.to_string()))
    }

    fn named(members: &[(&str, &str)]) -> Vec<(String, String)> {
        members.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

    #[test]
    fn regular_members_are_read_and_others_skipped() {
        let archive = [
            member(b'5', "d/", b""),
            member(b'0', "d/a", b"hello"),
            member_of_size(b'2', "link", b"", "00000001000\0"),
            member(0, "old", &[b'x'; 512]),
            member(0, "old/", b""),
            member(b'6', "fifo", b""),
            member(b'V', "volume", b"skipped"),
            member(b'0', "empty", b""),
            END.to_vec(),
            member(b'0', "appended", b"y"),
            END.to_vec(),
        ];
        let x = "x".repeat(512);
        let expected = named(&[("d/a", "hello"), ("old", &x), ("empty", ""), ("appended", "y")]);
        assert_eq!(read(&archive.concat()), (expected, None));
    }

    #[test]
    fn members_need_not_be_read_to_their_end() {
        let archive = [member(b'0', "a", &[b'a'; 5000]), member(b'0', "b", b"b")].concat();
        let mut names = Vec::new();
        members(&mut archive.as_slice(), &mut |name, _| names.push(name.to_vec())).unwrap();
        assert_eq!(names, [b"a", b"b"]);
    }

    #[test]
    fn long_names_and_sizes_come_from_extensions() {
        let long = "n".repeat(300);
        let records = format!("15 comment=x y\n310 path={long}\n12 size=700\n");
        let archive = [
            member(b'g', "global", b"13 path=wrong\n"),
            member(b'L', "././@LongLink", format!("{long}\0").as_bytes()),
            member(b'0', "short", b"gnu"),
            member(b'x', "pax", records.as_bytes()),
            member_of_size(b'0', "short", &[b'p'; 700], "00000000000\0"),
            member(b'0', "next", b"z"),
        ];
        let p = "p".repeat(700);
        assert_eq!(read(&archive.concat()), (named(&[(&long, "gnu"), (&long, &p), ("next", "z")]), None));
    }

    #[test]
    fn an_endless_name_is_not_kept() {
        let archive = [
            member(b'L', "././@LongLink", &vec![b'n'; MAX_EXTENSION as usize + 1]),
            member(b'0', "short", b"x"),
            member(b'x', "pax", b"999999999999999999999 path=x\n0 \n"),
            member(b'0', "b", b"y"),
        ];
        assert_eq!(read(&archive.concat()), (named(&[("short", "x"), ("b", "y")]), None));
    }

    #[test]
    fn numbers_are_octal_or_binary() {
        assert_eq!(number(b"00000000017\0"), 15);
        assert_eq!(number(b"      17    "), 15);
        assert_eq!(number(b"            "), 0);
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1]), (3 << 32) + 1);
        assert_eq!(number(&[0xff; 12]), u64::MAX);
    }

    #[test]
    fn the_prefix_belongs_to_the_name() {
        let mut header = [0; BLOCK];
        header[..1].copy_from_slice(b"n");
        header[257..263].copy_from_slice(b"ustar\0");
        header[345..348].copy_from_slice(b"p/q");
        assert_eq!(name(&header), b"p/q/n");
        header[257..265].copy_from_slice(b"ustar  \0");
        assert_eq!(name(&header), b"n");
    }

    #[test]
    fn a_damaged_header_loses_one_member() {
        let mut archive = [member(b'0', "a", b"1"), member(b'0', "b", b"2"), member(b'0', "c", b"3")].concat();
        archive[2 * BLOCK] = b'B';
        let (all, err) = read(&archive);
        assert_eq!(all, named(&[("a", "1"), ("c", "3")]));
        assert_eq!(err.unwrap(), "damaged tar header at byte 1025");
    }

    #[test]
    fn random_blocks_behind_a_damaged_header_lose_no_member() {
        let mut state = 7u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        for _ in 0..300 {
            let mut broken = member(b'0', "b", &[0; 40 * BLOCK]);
            broken[BLOCK..].fill_with(&mut noise);
            broken[0] ^= 1;
            let archive = [member(b'0', "a", b"1"), broken, member(b'0', "c", b"3")].concat();
            let (all, err) = read(&archive);
            assert_eq!(all, named(&[("a", "1"), ("c", "3")]));
            assert!(err.is_some());
        }
        // A block whose bytes add up to nothing, taken as signed, with an empty checksum.
        let mut block = [0xff_u8; BLOCK];
        block[148..156].fill(b' ');
        block[..248].fill(1);
        let archive = [member(b'0', "a", b"1"), block.to_vec(), member(b'0', "c", b"3")].concat();
        assert_eq!(read(&archive).0, named(&[("a", "1"), ("c", "3")]));
    }

    #[test]
    fn a_member_cut_short_is_an_error_after_its_data() {
        let archive = [member(b'0', "a", b"1"), member(b'0', "b", &[b'b'; 1000])].concat();
        let early = |at| format!("tar archive ends early, after {at} bytes");
        let (all, err) = read(&archive[..1636]);
        let text = "b".repeat(100) + &early(1636);
        assert_eq!(all, named(&[("a", "1"), ("b", &text)]));
        assert_eq!(err, Some(early(1636)));
        assert_eq!(read(&archive[..1100]), (named(&[("a", "1")]), Some(early(1100))));
    }

    #[test]
    fn sparse_members_are_said_to_be_unread() {
        let mut more_holes = member(b'S', "many", &[7; 3 * BLOCK]);
        // Two blocks of holes before the data.
        more_holes[124..135].copy_from_slice(format!("{BLOCK:011o}").as_bytes());
        more_holes[482] = 1;
        more_holes[BLOCK + 504] = 1;
        more_holes[2 * BLOCK + 504] = 0;
        let sum: u64 = (0..BLOCK).filter(|at| !(148..156).contains(at)).map(|at| u64::from(more_holes[at])).sum();
        more_holes[148..155].copy_from_slice(format!("{:06o}\0", sum + 8 * 32).as_bytes());
        let archive = [
            member(b'S', "old", b"data"),
            member(b'x', "pax", b"22 GNU.sparse.major=1\n23 GNU.sparse.name=real\n8 path=\n"),
            member(b'0', "new", b"map"),
            member(b'0', "plain", b"x"),
            more_holes,
            member(b'0', "last", b"y"),
        ];
        let (all, err) = read(&archive.concat());
        assert_eq!(err, None);
        assert!(all[0].1.starts_with("a sparse member") && all[1].1.starts_with("a sparse member"), "{all:?}");
        assert_eq!(all[1].0, "real");
        assert_eq!(all[2].1, "x");
        assert!(all[3].1.starts_with("a sparse member"));
        assert_eq!(all[4..], named(&[("last", "y")]));
    }
}
